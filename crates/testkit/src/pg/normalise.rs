//! Makes dumps of equal schemas equal texts: the schema's name taken out, columns of a table and statements sorted.
//!
//! What is left out says nothing about the schema: comments of pg_dump, its `\restrict` lines (they hold a random
//! token) and the settings of its session. Everything else stays, word for word. Three settings do say something
//! about what follows them and are kept with it: who grants, the tablespace and the access method.

use std::mem;

use super::lexer::{Kind, Token, tokens};

/// What stands in place of the schema's name: the identifier by which a definition names its own schema.
pub const PLACEHOLDER: &str = "__TENANT__";

/// The text of `pg_dump -s -n schema`, made comparable with that of an equal schema of another name.
///
/// A name counts as the schema's where it qualifies another one, stands after the word SCHEMA or in a search_path; also in
/// bodies of functions, but nowhere in strings other than `'schema.name'::reg...`. A table alias that is spelled as the
/// schema is taken for it: give schemas under test names that nothing else has.
pub fn normalise(dump: &str, schema: &str) -> String {
    let mut session = Session::default();
    let mut kept: Vec<String> = Vec::new();
    for statement in statements(dump) {
        if let Some(statement) = session.take(&statement) {
            kept.push(sort_columns(&take_out(&statement, schema)));
        }
    }
    kept.sort();
    kept.iter().map(|statement| format!("{statement};\n\n")).collect()
}

/// Cuts a dump into statements, without what stands between them and without the semicolons.
fn statements(dump: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut nesting = Nesting::default();
    for token in tokens(dump) {
        let between = current.is_empty();
        if token.kind == Kind::PsqlCommand || (between && !token.is_significant()) {
            continue;
        }
        if token.is_symbol(";") && nesting.is_outside() {
            found.push(mem::take(&mut current).trim_end().to_owned());
            continue;
        }
        nesting.see(&token);
        current.push_str(token.text);
    }
    if !current.is_empty() {
        found.push(current.trim_end().to_owned());
    }
    found
}

/// Where a semicolon does not end a statement: in parentheses (a rule's actions), and in `BEGIN ATOMIC ... END`.
#[derive(Default)]
struct Nesting {
    parentheses: usize,
    /// Depth of what END closes; 0 outside of an atomic body.
    blocks: usize,
    after_begin: bool,
}

impl Nesting {
    fn is_outside(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn see(&mut self, token: &Token<'_>) {
        if !token.is_significant() {
            return;
        }
        if token.is_symbol("(") {
            self.parentheses += 1;
        } else if token.is_symbol(")") {
            self.parentheses = self.parentheses.saturating_sub(1);
        } else if (self.after_begin && token.is_word("atomic")) || (self.blocks > 0 && token.is_word("case"))
        {
            self.blocks += 1;
        } else if token.is_word("end") {
            self.blocks = self.blocks.saturating_sub(1);
        }
        self.after_begin = token.is_word("begin");
    }
}

/// The settings of a dump's session that tell something about the statements after them.
#[derive(Default)]
struct Session {
    grantor: Option<String>,
    tablespace: Option<String>,
    access_method: Option<String>,
}

impl Session {
    /// Takes note of a setting; any other statement is given back, with the settings that matter to it.
    fn take(&mut self, statement: &str) -> Option<String> {
        if let Some(role) = statement.strip_prefix("SET SESSION AUTHORIZATION ") {
            self.grantor = Some(role.to_owned());
        } else if statement.starts_with("RESET SESSION AUTHORIZATION") {
            self.grantor = None;
        } else if let Some(name) = statement.strip_prefix("SET default_tablespace = ") {
            self.tablespace = Some(name.to_owned()).filter(|name| name != "''");
        } else if let Some(name) = statement.strip_prefix("SET default_table_access_method = ") {
            self.access_method = Some(name.to_owned()).filter(|name| name != "heap");
        } else if !statement.starts_with("SET ") && !statement.starts_with("SELECT pg_catalog.set_config(") {
            return Some(self.annotate(statement));
        }
        None
    }

    fn annotate(&self, statement: &str) -> String {
        let begins = |starts: &[&str]| starts.iter().any(|start| statement.starts_with(start));
        let table = begins(&["CREATE TABLE ", "CREATE UNLOGGED TABLE ", "CREATE MATERIALIZED VIEW "]);
        let placed = table
            || begins(&["CREATE INDEX ", "CREATE UNIQUE INDEX "])
            || (begins(&["ALTER TABLE "]) && statement.contains(" ADD CONSTRAINT "));
        let mut text = statement.to_owned();
        if let Some(name) = self.tablespace.as_ref().filter(|_| placed) {
            text = format!("{text}\n[tablespace {name}]");
        }
        if let Some(name) = self.access_method.as_ref().filter(|_| table) {
            text = format!("{text}\n[access method {name}]");
        }
        match &self.grantor {
            Some(role) => format!("[as {role}] {text}"),
            None => text,
        }
    }
}

/// Puts the placeholder where `sql` names the schema.
fn take_out(sql: &str, schema: &str) -> String {
    let tokens = tokens(sql);
    let next_significant = |at: usize| tokens.iter().skip(at + 1).find(|token| token.is_significant());
    let mut text = String::with_capacity(sql.len());
    let mut before: Option<Token<'_>> = None; // the significant token before
    let mut in_search_path = false;
    for (at, token) in tokens.iter().enumerate() {
        let follows = tokens.get(at + 1);
        let qualifies = follows.is_some_and(|next| next.is_symbol("."))
            && !at.checked_sub(1).is_some_and(|at| tokens[at].is_symbol("."));
        let after_schema = before.is_some_and(|before| before.is_word("schema"));
        match token.kind {
            Kind::Word | Kind::QuotedName
                if token.names(schema) && (qualifies || after_schema || in_search_path) =>
            {
                text.push_str(PLACEHOLDER);
            }
            Kind::String if in_search_path && unquote(token.text) == schema => {
                text.push_str(&quote(PLACEHOLDER));
            }
            Kind::String if is_cast_to_reg(&tokens[at + 1..]) => {
                text.push_str(&quote(&take_out(&unquote(token.text), schema)));
            }
            Kind::Dollar if is_routine(&tokens) => text.push_str(&take_out_of_body(token.text, schema)),
            _ => text.push_str(token.text),
        }
        if token.is_significant() {
            in_search_path = if token.is_word("search_path") {
                next_significant(at).is_some_and(|next| next.is_word("to") || next.is_symbol("="))
            } else {
                in_search_path && may_stand_in_list(token, before.as_ref())
            };
            before = Some(*token);
        }
    }
    text
}

/// Whether `token` can go on a search_path's list: the list ends at a semicolon, or where two items have no comma between.
fn may_stand_in_list(token: &Token<'_>, before: Option<&Token<'_>>) -> bool {
    let separates = |token: &Token<'_>| token.is_word("to") || token.is_symbol("=") || token.is_symbol(",");
    separates(token)
        || (matches!(token.kind, Kind::Word | Kind::QuotedName | Kind::String)
            && before.is_some_and(separates))
}

fn is_cast_to_reg(after: &[Token<'_>]) -> bool {
    matches!(after, [a, b, to, ..] if a.is_symbol(":") && b.is_symbol(":") && to.kind == Kind::Word && to.text.starts_with("reg"))
}

fn is_routine(statement: &[Token<'_>]) -> bool {
    let mut words = statement.iter().filter(|token| token.is_significant());
    words.next().is_some_and(|word| word.is_word("create"))
        && words.take(3).any(|word| word.is_word("function") || word.is_word("procedure"))
}

fn take_out_of_body(dollar_quoted: &str, schema: &str) -> String {
    let tag_length = dollar_quoted.get(1..).and_then(|rest| rest.find('$')).map_or(0, |end| end + 2);
    let (tag, rest) = dollar_quoted.split_at(tag_length);
    match rest.strip_suffix(tag) {
        Some(body) => format!("{tag}{}{tag}", take_out(body, schema)),
        None => dollar_quoted.to_owned(),
    }
}

fn unquote(string: &str) -> String {
    let inner = string.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(string);
    inner.replace("''", "'")
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Sorts what stands in the parentheses of a CREATE TABLE; any other statement is left as it is.
fn sort_columns(statement: &str) -> String {
    let tokens = tokens(statement);
    let Some(open) = column_list(&tokens) else { return statement.to_owned() };
    let mut depth = 0_usize;
    let mut elements = vec![String::new()];
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.is_symbol("(") {
            depth += 1;
            if depth == 1 {
                continue;
            }
        } else if token.is_symbol(")") {
            depth -= 1;
            if depth == 0 {
                let head: String = tokens[..=open].iter().map(|token| token.text).collect();
                let tail: String = tokens[at..].iter().map(|token| token.text).collect();
                let mut sorted: Vec<&str> = elements.iter().map(|element| element.trim()).collect();
                sorted.sort_unstable();
                return format!("{head}\n    {}\n{tail}", sorted.join(",\n    "));
            }
        }
        if token.is_symbol(",") && depth == 1 {
            elements.push(String::new());
        } else if let Some(element) = elements.last_mut() {
            element.push_str(token.text);
        }
    }
    statement.to_owned()
}

/// Where the list of columns opens, if the statement is a CREATE TABLE that has one right after its name.
fn column_list(tokens: &[Token<'_>]) -> Option<usize> {
    let mut significant = tokens.iter().enumerate().filter(|(_, token)| token.is_significant());
    significant.next().filter(|(_, token)| token.is_word("create"))?;
    let kind = |token: &Token<'_>| token.is_word("unlogged") || token.is_word("foreign");
    significant.by_ref().find(|(_, token)| !kind(token)).filter(|(_, token)| token.is_word("table"))?;
    significant
        .find(|(_, token)| !token.is_symbol(".") && !matches!(token.kind, Kind::QuotedName | Kind::Word))
        .filter(|(at, token)| token.is_symbol("(") && !tokens[..*at].iter().any(|token| token.is_word("of")))
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The normalised dump of a schema "acme" that pg_dump prints as these statements.
    fn normal(dump: &str) -> String {
        normalise(dump, "acme")
    }

    #[test]
    fn what_says_nothing_about_the_schema_is_left_out() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict 8fVq'x\n\nSET lock_timeout = 0;\n\
                    SELECT pg_catalog.set_config('search_path', '', false);\n\n--\n-- Name: v; Type: VIEW\n--\n\n\
                    CREATE VIEW acme.v AS\n SELECT 1;\n\n\\unrestrict 8fVq'x\n";
        assert_eq!(normal(dump), "CREATE VIEW __TENANT__.v AS\n SELECT 1;\n\n");
    }

    #[test]
    fn the_name_is_taken_out_where_it_is_the_schemas_and_nowhere_else() {
        let cases = [
            ("CREATE SCHEMA acme", "CREATE SCHEMA __TENANT__"),
            ("COMMENT ON SCHEMA acme IS 'acme.x'", "COMMENT ON SCHEMA __TENANT__ IS 'acme.x'"),
            ("GRANT USAGE ON SCHEMA acme TO acme", "GRANT USAGE ON SCHEMA __TENANT__ TO acme"),
            ("CREATE VIEW acme.acme AS SELECT 1 AS acme", "CREATE VIEW __TENANT__.acme AS SELECT 1 AS acme"),
            ("CREATE VIEW acme.v AS SELECT x.acme.y", "CREATE VIEW __TENANT__.v AS SELECT x.acme.y"),
            (
                "CREATE VIEW acme.v AS SELECT 'acme.t'::text",
                "CREATE VIEW __TENANT__.v AS SELECT 'acme.t'::text",
            ),
            ("A DEFAULT nextval('acme.s'::regclass)", "A DEFAULT nextval('__TENANT__.s'::regclass)"),
            ("A DEFAULT 'acme.\"o''b\"'::regclass", "A DEFAULT '__TENANT__.\"o''b\"'::regclass"),
            ("A OPERATOR(acme.=) \"acme\".f(1)", "A OPERATOR(__TENANT__.=) __TENANT__.f(1)"),
            ("A macme.x, acme2.x, \"Acme\".x", "A macme.x, acme2.x, \"Acme\".x"),
        ];
        for (sql, expected) in cases {
            assert_eq!(normal(&format!("{sql};\n")), format!("{expected};\n\n"));
        }
        assert_eq!(normalise("A \"We\"\"ird; x\".t;", "We\"ird; x"), "A __TENANT__.t;\n\n");
    }

    #[test]
    fn bodies_keep_all_but_the_name() {
        let dump = "CREATE FUNCTION acme.f() RETURNS void\n    LANGUAGE plpgsql\n    \
                    SET search_path TO 'acme', 'pg_temp'\n    SET acme.x TO 'acme'\n    AS $_$\n\
                    -- acme.t; stays\nBEGIN\n  INSERT INTO acme.t VALUES ('acme.t', $1);\n  \
                    SET search_path = acme, public; SELECT acme;\nEND $_$;\n";
        let expected = "CREATE FUNCTION __TENANT__.f() RETURNS void\n    LANGUAGE plpgsql\n    \
                        SET search_path TO '__TENANT__', 'pg_temp'\n    SET __TENANT__.x TO 'acme'\n    AS $_$\n\
                        -- acme.t; stays\nBEGIN\n  INSERT INTO __TENANT__.t VALUES ('acme.t', $1);\n  \
                        SET search_path = __TENANT__, public; SELECT acme;\nEND $_$;\n\n";
        assert_eq!(normal(dump), expected);
    }

    #[test]
    fn statements_are_kept_whole_when_they_are_sorted() {
        let atomic = "CREATE FUNCTION b() RETURNS int\n    BEGIN ATOMIC\n SELECT CASE WHEN true THEN 1 END;\n SELECT 2;\nEND";
        let rule = "CREATE RULE c AS\n    ON INSERT TO t DO INSTEAD ( SELECT 1;\n SELECT 2;\n)";
        let body = "CREATE FUNCTION a() RETURNS int LANGUAGE sql AS $$ SELECT ';'; $$";
        let quoted = "COMMENT ON TABLE t IS 'one; two'";
        let dump = format!("{rule};\n{atomic};\n\n-- a comment; with a semicolon\n{body};\n{quoted};\n");
        assert_eq!(normal(&dump), format!("{quoted};\n\n{body};\n\n{atomic};\n\n{rule};\n\n"));
    }

    #[test]
    fn columns_of_a_table_are_sorted_and_other_lists_are_not() {
        let table =
            |body: &str| normal(&format!("CREATE TABLE acme.t (\n{body}\n)\nPARTITION BY LIST (b, a);\n"));
        let columns = "    b integer DEFAULT f(2, 1),\n    a numeric(5,2),\n    CONSTRAINT c CHECK ((b = ANY (ARRAY[2, 1])))";
        let sorted = "    CONSTRAINT c CHECK ((b = ANY (ARRAY[2, 1]))),\n    a numeric(5,2),\n    b integer DEFAULT f(2, 1)";
        assert_eq!(table(columns), table(sorted));
        assert_eq!(
            table(columns),
            format!("CREATE TABLE __TENANT__.t (\n{sorted}\n)\nPARTITION BY LIST (b, a);\n\n")
        );
        for ordered in [
            "CREATE TYPE __TENANT__.t AS (\n\tb integer,\n\ta text\n);\n\n",
            "CREATE TYPE __TENANT__.e AS ENUM (\n    'b',\n    'a'\n);\n\n",
            "CREATE TABLE __TENANT__.t OF __TENANT__.row (\n    b WITH OPTIONS NOT NULL,\n    a\n);\n\n",
        ] {
            assert_eq!(normal(ordered), ordered);
        }
        assert!(normal("CREATE UNLOGGED TABLE t (b int, a int);").contains("a int,\n    b int"));
    }

    #[test]
    fn who_grants_and_where_things_lie_stays_with_the_statement() {
        let grant = "SET SESSION AUTHORIZATION bob;\nGRANT SELECT ON TABLE acme.t TO eve;\n\
                     RESET SESSION AUTHORIZATION;\nGRANT INSERT ON TABLE acme.t TO eve;\n";
        assert_eq!(
            normal(grant),
            "GRANT INSERT ON TABLE __TENANT__.t TO eve;\n\n[as bob] GRANT SELECT ON TABLE __TENANT__.t TO eve;\n\n"
        );
        let placed = "SET default_tablespace = fast;\nSET default_table_access_method = columnar;\n\
                      CREATE TABLE t ();\nCREATE FUNCTION f();\nSET default_tablespace = '';\n\
                      SET default_table_access_method = heap;\nCREATE TABLE u ();\n";
        assert_eq!(
            normal(placed).split_inclusive(";\n\n").collect::<Vec<_>>(),
            [
                "CREATE FUNCTION f();\n\n",
                "CREATE TABLE t (\n    \n)\n[tablespace fast]\n[access method columnar];\n\n",
                "CREATE TABLE u (\n    \n);\n\n",
            ]
        );
    }
}
