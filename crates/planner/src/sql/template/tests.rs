use proptest::prelude::*;

use super::*;

fn schema(name: &str) -> Identifier {
    Identifier::new(name).expect("a valid name")
}

fn filled(text: &str, name: &str) -> String {
    SqlTemplate::parse(text).fill(&schema(name))
}

const HOSTILE: &str = r#"a'b"c\d$$e;"#;

/// Template, and what it is for a schema with a quote, a double quote, a backslash, dollars and a semicolon in its name.
#[test]
fn fills_the_name_in_as_its_place_needs_it() {
    for (template, expected) in [
        // as a name
        ("CREATE VIEW __TENANT__.v", r#"CREATE VIEW "a'b""c\d$$e;".v"#),
        ("GRANT USAGE ON SCHEMA \"__TENANT__\" TO x", r#"GRANT USAGE ON SCHEMA "a'b""c\d$$e;" TO x"#),
        // in strings that hold names
        ("SELECT nextval('__TENANT__.s'::regclass)", r#"SELECT nextval('"a''b""c\d$$e;".s'::regclass)"#),
        ("SELECT nextval(E'__TENANT__.s')", r#"SELECT nextval(E'"a''b""c\\d$$e;".s')"#),
        ("SELECT '__TENANT__.f(__TENANT__.t)'::regprocedure", {
            r#"SELECT '"a''b""c\d$$e;".f("a''b""c\d$$e;".t)'::regprocedure"#
        }),
        // as text: an item of search_path is a bare name, not SQL
        ("ALTER FUNCTION f() SET search_path TO '__TENANT__', public", {
            r#"ALTER FUNCTION f() SET search_path TO 'a''b"c\d$$e;', public"#
        }),
        // in a body between dollar quotes, which the name would end
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT x FROM __TENANT__.t $$", {
            r#"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body1$ SELECT x FROM "a'b""c\d$$e;".t $body1$"#
        }),
        // in a string in a body in a string
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT nextval(''__TENANT__.s'')'", {
            r#"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT nextval(''"a''''b""c\d$$e;".s'')'"#
        }),
        // not a name: other words, comments, texts
        ("CREATE TABLE a__TENANT__ () -- __TENANT__.x", "CREATE TABLE a__TENANT__ () -- __TENANT__.x"),
        ("COMMENT ON TABLE t IS '__TENANT__'", "COMMENT ON TABLE t IS '__TENANT__'"),
    ] {
        assert_eq!(filled(template, HOSTILE), expected);
    }
}

#[test]
fn a_plain_name_changes_nothing_but_the_placeholder() {
    let text = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN __TENANT__.g(); END $$";
    assert_eq!(filled(text, "acme"), text.replace("__TENANT__", "acme"));
}

#[test]
fn says_where_a_placeholder_is_not_filled_in() {
    let text = "CREATE TABLE t (a text DEFAULT '__TENANT__', b text DEFAULT 'of __TENANT__.x')";
    let unfilled: Vec<_> =
        SqlTemplate::parse(text).unfilled().iter().map(|&at| text[at..].split('\'').next()).collect();
    assert_eq!(unfilled, [Some("__TENANT__"), Some("__TENANT__.x")]);

    let python = "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS $$ __TENANT__.x $$";
    assert_eq!(SqlTemplate::parse(python).unfilled().len(), 1);
}

#[test]
fn a_position_leads_back_to_the_template() {
    let template = SqlTemplate::parse("ALTER TABLE __TENANT__.t ADD x __TENANT__.y, ADD z int");
    let name = schema("a longer name than the placeholder");
    let sql = template.fill(&name);
    for needle in [".t", ".y", "ADD z", "int"] {
        let (from, to) = (sql.find(needle).expect("there"), template.as_str().find(needle).expect("there"));
        assert_eq!(template.origin(&name, from), to, "{needle}");
    }
    let in_name = sql.find("longer").expect("there");
    assert_eq!(template.origin(&name, in_name), template.as_str().find("__").expect("there"));
    assert_eq!(template.origin(&name, sql.len()), template.as_str().len());
    assert_eq!(template.origin(&name, sql.len() + 9), template.as_str().len());
}

fn abstracted(body: &str) -> (String, usize) {
    let own = OwnSchema { schema: "acme", declared: &["p"], owns: &|_| true };
    let result = abstract_body(body, "plpgsql", own);
    (result.text, result.doubtful.len())
}

/// Body, the same with placeholders, and how many places were left in doubt.
#[test]
fn finds_the_schema_in_bodies_where_nothing_else_can_be_meant() {
    for (body, expected, doubtful) in [
        ("SELECT a FROM acme.inv, \"acme\".b", "SELECT a FROM __TENANT__.inv, __TENANT__.b", 0),
        ("DECLARE x acme.inv; y acme.inv.id%TYPE;", "DECLARE x __TENANT__.inv; y __TENANT__.inv.id%TYPE;", 0),
        ("PERFORM ACME.f(1)", "PERFORM __TENANT__.f(1)", 0),
        (
            "x := nextval('acme.s'); y := 'acme.t'::regclass",
            { "x := nextval('__TENANT__.s'); y := '__TENANT__.t'::regclass" },
            0,
        ),
        (
            "EXECUTE 'DELETE FROM acme.t WHERE id = ' || p",
            "EXECUTE 'DELETE FROM __TENANT__.t WHERE id = ' || p",
            0,
        ),
        ("SET LOCAL search_path = acme, public", "SET LOCAL search_path = __TENANT__, public", 0),
        (
            "PERFORM set_config('search_path', 'acme, public', true)",
            { "PERFORM set_config('search_path', '__TENANT__, public', true)" },
            0,
        ),
        // an alias of the same name
        ("SELECT acme.id FROM acme.inv acme", "SELECT acme.id FROM __TENANT__.inv acme", 1),
        (
            "SELECT acme.id, acme.f(1), 1::acme.t FROM x AS acme JOIN acme.y USING (id)",
            {
                "SELECT acme.id, __TENANT__.f(1), 1::__TENANT__.t FROM x AS acme JOIN __TENANT__.y USING (id)"
            },
            1,
        ),
        (
            "SELECT extract(year FROM acme.at), a IS DISTINCT FROM acme.b FROM public.acme",
            { "SELECT extract(year FROM acme.at), a IS DISTINCT FROM acme.b FROM public.acme" },
            2,
        ),
        // a variable of the same name
        (
            "FOR acme IN SELECT 1 LOOP RAISE NOTICE '%', acme.id; END LOOP",
            { "FOR acme IN SELECT 1 LOOP RAISE NOTICE '%', acme.id; END LOOP" },
            1,
        ),
        (
            "DECLARE acme acme.inv; c CONSTANT acme.t := 1; BEGIN RETURN acme.id; END",
            { "DECLARE acme __TENANT__.inv; c CONSTANT __TENANT__.t := 1; BEGIN RETURN acme.id; END" },
            1,
        ),
        // not the schema at all
        (
            "SELECT other.acme.id FROM other.acme -- acme.x",
            "SELECT other.acme.id FROM other.acme -- acme.x",
            0,
        ),
        // strings that are text
        ("SELECT 1 WHERE nspname = 'acme'", "SELECT 1 WHERE nspname = 'acme'", 1),
        ("x := 'SELECT * FROM acme.t'", "x := 'SELECT * FROM acme.t'", 1),
        (
            "RAISE 'the acme of it, acme. Yes'; x := 'acme'",
            "RAISE 'the acme of it, acme. Yes'; x := 'acme'",
            0,
        ),
    ] {
        assert_eq!(abstracted(body), (expected.to_owned(), doubtful), "{body}");
    }
}

#[test]
fn a_parameter_or_function_of_the_schemas_name_makes_it_doubtful() {
    let own = OwnSchema { schema: "acme", declared: &["acme"], owns: &|_| true };
    let result = abstract_body("SELECT acme.id, (SELECT max(id) FROM acme.inv)", "sql", own);
    assert_eq!(result.text, "SELECT acme.id, (SELECT max(id) FROM __TENANT__.inv)");
    assert_eq!(result.doubtful.len(), 1);
}

#[test]
fn what_the_schema_does_not_own_keeps_its_qualification() {
    let own = OwnSchema { schema: "public", declared: &[], owns: &|name| name == "inv" };
    let result =
        abstract_body("SELECT x::public.citext, a OPERATOR(public.<->) b FROM public.inv", "sql", own);
    assert_eq!(result.text, "SELECT x::public.citext, a OPERATOR(public.<->) b FROM __TENANT__.inv");
    let own = OwnSchema { owns: &|name| name == "<->", ..own };
    let result = abstract_body("SELECT a OPERATOR(public.<->) b", "sql", own);
    assert_eq!(result.text, "SELECT a OPERATOR(__TENANT__.<->) b");
}

#[test]
fn bodies_in_other_languages_are_left_alone() {
    let own = OwnSchema { schema: "acme", declared: &[], owns: &|_| true };
    let body = "return plpy.execute(\"select acme.f()\")";
    assert_eq!(abstract_body(body, "plpython3u", own).text, body);
}

#[test]
fn strings_of_a_statement_are_abstracted_and_its_names_left_to_the_parser() {
    let own = OwnSchema { schema: "acme", declared: &[], owns: &|_| true };
    let text = "CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql SET search_path TO 'acme', 'public'
        AS 'SELECT ''acme.t''::regclass FROM acme.t'";
    let expected =
        "CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql SET search_path TO '__TENANT__', 'public'
        AS 'SELECT ''__TENANT__.t''::regclass FROM __TENANT__.t'";
    assert_eq!(abstract_strings(text, own).text, expected);
}

proptest! {
    /// Whatever the schema is called: what is filled in is found again, and gives the template back.
    #[test]
    fn filling_and_abstracting_are_each_others_inverse(name in "[a-zA-Z'\"\\\\$;%é .-]{1,20}") {
        let body = " DECLARE r __TENANT__.inv%ROWTYPE; x __TENANT__.money; BEGIN
            SELECT * INTO r FROM __TENANT__.inv JOIN __TENANT__.b USING (id) WHERE __TENANT__.f(id);
            PERFORM nextval('__TENANT__.s'); EXECUTE 'SELECT nextval(''__TENANT__.s'') FROM __TENANT__.inv';
            EXECUTE $q$ UPDATE __TENANT__.inv SET a = 1 $q$; SET LOCAL search_path TO '__TENANT__', public; END ";
        for (open, close) in [("$$", "$$"), ("$q1$", "$q1$")] {
            let name = schema(&name);
            let head = "CREATE FUNCTION __TENANT__.f() RETURNS int LANGUAGE plpgsql AS ";
            let sql = SqlTemplate::parse(format!("{head}{open}{body}{close}")).fill(&name);
            let string = crate::sql::lexer::tokens(&sql).filter_map(|token| token.content()).last();
            let filled = string.expect("a body").text;
            let own = OwnSchema { schema: name.as_str(), declared: &[], owns: &|_| true };
            let back = abstract_body(&filled, "plpgsql", own);
            let without_tags = |text: &str| text.replace("$q$", "").replace("$body2$", "");
            prop_assert_eq!(without_tags(&back.text), without_tags(body));
        }
    }
}
