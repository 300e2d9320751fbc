//! What a statement is, and whether a definition can hold it (D1): a list of what can, everything else refused.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use tenantry_planner::sql::lexer::{Token, TokenKind, tokens};

use super::note::LeftOut;
use super::refusal::Reason;
use super::settings;

/// What is to be done with a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It declares something: it runs.
    Run(StatementKind),
    /// It removes something of the schema. Whether it runs depends on what is there.
    Drop {
        /// IF EXISTS.
        forgiving: bool,
    },
    /// CREATE SCHEMA: the schema is the tenant's, and is made by other hands.
    Schema,
    /// DROP SCHEMA.
    DropSchema,
    /// CREATE EXTENSION: has to be there before.
    Extension {
        /// Its name.
        name: String,
        /// WITH SCHEMA.
        schema: Option<String>,
    },
    /// Where unqualified names are looked for from here on.
    SearchPath(Vec<String>),
    /// Whether backslashes in plain strings are text from here on.
    StandardStrings(bool),
    /// Accepted; nothing is to be done.
    Nothing,
    /// Accepted; nothing is to be done, and a person should know.
    LeftOut(LeftOut),
    Refused(Reason),
}

/// The kinds of statements that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// CREATE.
    Create,
    /// ALTER, but for owners.
    Alter,
    /// COMMENT ON.
    Comment,
    /// GRANT and REVOKE on objects.
    Privileges,
    /// ALTER DEFAULT PRIVILEGES IN SCHEMA.
    DefaultPrivileges,
    /// ALTER ... OWNER TO.
    Owner,
    /// DROP of something that the definition made before.
    Drop,
}

/// Kinds of objects that live in a schema, as the syntax tree calls them.
const IN_SCHEMA: [&str; 27] = [
    "AGGREGATE",
    "COLLATION",
    "CONVERSION",
    "DOMAIN",
    "FOREIGN_TABLE",
    "FUNCTION",
    "INDEX",
    "MATERIALIZED_VIEW",
    "OPERATOR",
    "OPERATOR_CLASS",
    "OPERATOR_FAMILY",
    "POLICY",
    "PROCEDURE",
    "ROUTINE",
    "RULE",
    "SEQUENCE",
    "STATISTICS",
    "TABLE",
    "TEXT_SEARCH_CONFIG",
    "TEXT_SEARCH_CONFIGURATION",
    "TEXT_SEARCH_DICT",
    "TEXT_SEARCH_DICTIONARY",
    "TEXT_SEARCH_PARSER",
    "TEXT_SEARCH_TEMPLATE",
    "TRIGGER",
    "TYPE",
    "VIEW",
];

/// Kinds of objects that live in a database, in no schema.
const IN_DATABASE: [&str; 14] = [
    "ACCESS_METHOD",
    "CAST",
    "DATABASE",
    "EVENT_TRIGGER",
    "FOREIGN_DATA_WRAPPER",
    "FOREIGN_SERVER",
    "LANGUAGE",
    "LARGE_OBJECT",
    "OWNED",
    "PUBLICATION",
    "SERVER",
    "SUBSCRIPTION",
    "TRANSFORM",
    "USER_MAPPING",
];

/// Tables in which migration tools keep what they ran: their rows are no data of anyone's.
const BOOKKEEPING: [&str; 31] = [
    "__diesel_schema_migrations",
    "__drizzle_migrations",
    "__efmigrationshistory",
    "_prisma_migrations",
    "_sqlx_migrations",
    "alembic_version",
    "ar_internal_metadata",
    "atlas_schema_revisions",
    "databasechangelog",
    "databasechangeloglock",
    "django_migrations",
    "doctrine_migration_versions",
    "flyway_schema_history",
    "goose_db_version",
    "gorp_migrations",
    "knex_migrations",
    "knex_migrations_lock",
    "migration_versions",
    "migrations",
    "mikro_orm_migrations",
    "pgmigrations",
    "phinxlog",
    "play_evolutions",
    "refinery_schema_history",
    "schema_history",
    "schema_info",
    "schema_migrations",
    "schema_version",
    "seaql_migrations",
    "sequelizemeta",
    "typeorm_metadata",
];

/// What a statement is, by the first node of its syntax tree.
pub(super) fn classify(statement: &SyntaxNode) -> Class {
    let text = statement.text().to_string();
    let all: Vec<Token<'_>> = tokens(&text).filter(|token| !token.is_trivia()).collect();
    let kind = format!("{:?}", statement.kind());
    let has = |word: &str| all.iter().any(|token| token.is_word(word));
    match kind.as_str() {
        "CREATE_SCHEMA" => create_schema(statement),
        "CREATE_EXTENSION" => extension(statement),
        "ALTER_EXTENSION" | "DROP_EXTENSION" => Class::LeftOut(LeftOut::Extension),
        "CREATE_LANGUAGE" | "ALTER_LANGUAGE" | "DROP_LANGUAGE" if has("plpgsql") => {
            Class::LeftOut(LeftOut::Language)
        }
        "CREATE_TABLE_AS" | "SELECT_INTO" => Class::Refused(Reason::TableFromQuery),
        "ALTER_SCHEMA" => alter_schema(statement),
        "ALTER_DEFAULT_PRIVILEGES" => default_privileges(statement),
        "DROP_SCHEMA" => Class::DropSchema,
        "COMMENT_ON" => comment(statement, has("plpgsql")),
        "GRANT" | "REVOKE" => privileges(statement),
        "SECURITY_LABEL" => Class::LeftOut(LeftOut::SecurityLabel),
        "SET" | "RESET" => settings::classify(&all),
        "SET_ROLE" | "SET_SESSION_AUTH" | "RESET_ROLE" | "RESET_SESSION_AUTH" => Class::Refused(Reason::Role),
        "SELECT" => select(statement),
        "INSERT" | "COPY" if is_bookkeeping(statement) => Class::LeftOut(LeftOut::Bookkeeping),
        "REFRESH" | "REFRESH_MATERIALIZED_VIEW" => Class::LeftOut(LeftOut::Data),
        _ => by_verb(statement, &kind, &all),
    }
}

/// CREATE, ALTER and DROP of anything; and all that a definition cannot hold.
fn by_verb(statement: &SyntaxNode, kind: &str, all: &[Token<'_>]) -> Class {
    let Some((verb, object)) = kind.split_once('_') else { return Class::Refused(no_declaration(kind)) };
    if !matches!(verb, "CREATE" | "ALTER" | "DROP") {
        return Class::Refused(no_declaration(kind));
    }
    if !IN_SCHEMA.contains(&object) {
        let in_database = IN_DATABASE.contains(&object);
        let on_server = matches!(object, "ROLE" | "USER" | "GROUP" | "TABLESPACE" | "SYSTEM");
        return Class::Refused(match object {
            "DATABASE" => Reason::Server,
            _ if in_database => Reason::Database,
            _ if on_server => Reason::Server,
            _ => Reason::Unknown,
        });
    }
    match verb {
        "CREATE" if is_temporary(all) => Class::Refused(Reason::Temporary),
        "CREATE" => Class::Run(StatementKind::Create),
        "ALTER" => alter(statement),
        _ => Class::Drop { forgiving: child(statement, SyntaxKind::IF_EXISTS).is_some() },
    }
}

/// Why what is neither CREATE, ALTER nor DROP is refused.
fn no_declaration(kind: &str) -> Reason {
    match kind {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE" | "COPY" => Reason::Rows,
        "COMPOUND_SELECT" | "PAREN_SELECT" | "VALUES" | "TABLE" | "EXPLAIN" | "SHOW" | "FETCH" => {
            Reason::Query
        }
        "DO" | "CALL" | "EXECUTE" | "PREPARE" | "DECLARE" => Reason::Code,
        "BEGIN"
        | "COMMIT_TRANSACTION"
        | "ROLLBACK_TRANSACTION"
        | "SAVEPOINT_CREATE"
        | "RELEASE_SAVEPOINT"
        | "ROLLBACK_TO_SAVEPOINT"
        | "PREPARE_TRANSACTION"
        | "COMMIT_PREPARED"
        | "ROLLBACK_PREPARED"
        | "SET_TRANSACTION"
        | "SET_CONSTRAINTS" => Reason::Transaction,
        "VACUUM" | "ANALYZE" | "REINDEX" | "CLUSTER" | "CHECKPOINT" | "LOCK" | "DISCARD" | "LOAD"
        | "LISTEN" | "UNLISTEN" | "NOTIFY" | "DEALLOCATE" | "CLOSE" | "MOVE" | "REPACK" => Reason::Work,
        "REASSIGN" => Reason::Database,
        _ => Reason::Unknown,
    }
}

/// `CREATE [OR REPLACE] [GLOBAL | LOCAL] { TEMPORARY | TEMP } ...`.
fn is_temporary(all: &[Token<'_>]) -> bool {
    let before = ["create", "or", "replace", "global", "local"];
    let first = all.iter().find(|token| !before.iter().any(|word| token.is_word(word)));
    first.is_some_and(|token| token.is_word("temp") || token.is_word("temporary"))
}

fn create_schema(statement: &SyntaxNode) -> Class {
    let is_head = |node: SyntaxNode| {
        use SyntaxKind::{AUTHORIZATION_SCHEMA, IF_NOT_EXISTS, NAMED_SCHEMA};
        matches!(node.kind(), NAMED_SCHEMA | AUTHORIZATION_SCHEMA | IF_NOT_EXISTS)
    };
    // The parser puts the elements of a schema into the node, or beside it.
    if statement.next_sibling().is_some() || !statement.children().all(is_head) {
        return Class::Refused(Reason::SchemaElements);
    }
    Class::Schema
}

fn extension(statement: &SyntaxNode) -> Class {
    let name = child(statement, SyntaxKind::EXTENSION).and_then(|node| name_in(&node));
    let schema = child(statement, SyntaxKind::EXTENSION_SCHEMA)
        .and_then(|node| child(&node, SyntaxKind::SCHEMA_REF))
        .and_then(|node| name_in(&node));
    match name {
        Some(name) => Class::Extension { name, schema },
        None => Class::Refused(Reason::Unknown),
    }
}

fn alter_schema(statement: &SyntaxNode) -> Class {
    match child(statement, SyntaxKind::OWNER_TO) {
        Some(_) => Class::Run(StatementKind::Owner),
        None => Class::Refused(Reason::Schema),
    }
}

fn default_privileges(statement: &SyntaxNode) -> Class {
    match child(statement, SyntaxKind::IN_SCHEMAS) {
        Some(_) => Class::Run(StatementKind::DefaultPrivileges),
        None => Class::Refused(Reason::DefaultPrivilegesEverywhere),
    }
}

fn alter(statement: &SyntaxNode) -> Class {
    if child(statement, SyntaxKind::SET_SCHEMA).is_some() {
        return Class::Refused(Reason::MovesAway);
    }
    let kinds: Vec<String> = statement.children().map(|node| format!("{:?}", node.kind())).collect();
    if kinds.iter().any(|kind| kind == "ALL_IN_TABLESPACE") {
        return Class::Refused(Reason::Database);
    }
    if !kinds.iter().any(|kind| kind == "OWNER_TO") {
        return Class::Run(StatementKind::Alter);
    }
    // Actions come last, owners among them.
    let first_is_owner = actions(statement).next().is_some_and(|node| node.kind() == SyntaxKind::OWNER_TO);
    if first_is_owner && actions(statement).count() == 1 {
        Class::Run(StatementKind::Owner)
    } else {
        Class::Refused(Reason::OwnerMixed)
    }
}

/// What an ALTER TABLE does: its nodes behind the relation's name. Of other ALTERs, that may be more than the actions.
pub(super) fn actions(statement: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> + use<> {
    let is_table = |kind| matches!(kind, SyntaxKind::ALTER_TABLE | SyntaxKind::ALTER_FOREIGN_TABLE);
    let of_table = is_table(statement.kind());
    statement.children().filter(move |node| match node.kind() {
        SyntaxKind::OWNER_TO => true,
        SyntaxKind::TABLE_RELATION_NAME | SyntaxKind::IF_EXISTS => false,
        _ => of_table,
    })
}

fn comment(statement: &SyntaxNode, plpgsql: bool) -> Class {
    let Some(object) = statement.first_child() else { return Class::Refused(Reason::Unknown) };
    let kind = format!("{:?}", object.kind());
    match kind.strip_prefix("OBJECT_").unwrap_or(&kind) {
        "EXTENSION" => Class::LeftOut(LeftOut::Extension),
        "DATABASE" => Class::LeftOut(LeftOut::Database),
        "LANGUAGE" if plpgsql => Class::LeftOut(LeftOut::Language),
        "ROLE" | "TABLESPACE" => Class::Refused(Reason::Server),
        object if IN_DATABASE.contains(&object) => Class::Refused(Reason::Database),
        _ => Class::Run(StatementKind::Comment),
    }
}

fn privileges(statement: &SyntaxNode) -> Class {
    let Some(on) = child(statement, SyntaxKind::ON_PRIVILEGE_OBJECTS_CLAUSE) else {
        return Class::Refused(Reason::Server);
    };
    let kind = on.first_child().map(|node| format!("{:?}", node.kind())).unwrap_or_default();
    match kind.strip_prefix("PRIVILEGE_").unwrap_or(&kind) {
        "TABLESPACE" | "PARAMETER" | "DATABASE" => Class::Refused(Reason::Server),
        object if IN_DATABASE.contains(&object) => Class::Refused(Reason::Database),
        _ => Class::Run(StatementKind::Privileges),
    }
}

/// `SELECT pg_catalog.set_config('search_path', '...', false)` and `SELECT pg_catalog.setval(...)`, which pg_dump prints.
fn select(statement: &SyntaxNode) -> Class {
    let refused = Class::Refused(Reason::Query);
    let (Some(clause), 1) = (statement.first_child(), statement.children().count()) else { return refused };
    let mut targets = clause.descendants().filter(|node| node.kind() == SyntaxKind::TARGET);
    let (Some(target), None) = (targets.next(), targets.next()) else { return refused };
    let Some(call) = child(&target, SyntaxKind::CALL_EXPR) else { return refused };
    let callee = call.first_child().map(|node| node.text().to_string().to_ascii_lowercase());
    match callee.as_deref() {
        Some("set_config" | "pg_catalog.set_config") => {
            let text = call.text().to_string();
            settings::set_config(&tokens(&text).collect::<Vec<_>>()).unwrap_or(refused)
        }
        Some("setval" | "pg_catalog.setval") => Class::LeftOut(LeftOut::Data),
        _ => refused,
    }
}

/// Is this about rows of a migration tool's own table?
fn is_bookkeeping(statement: &SyntaxNode) -> bool {
    let table = statement
        .descendants()
        .find(|node| matches!(node.kind(), SyntaxKind::RELATION_NAME_REF | SyntaxKind::TABLE_NAME_REF));
    let segment = table.and_then(|table| {
        table.descendants().filter(|node| node.kind() == SyntaxKind::PATH_SEGMENT_REF).last()
    });
    let name = segment.and_then(|segment| name_in(&segment));
    name.is_some_and(|name| BOOKKEEPING.contains(&name.to_ascii_lowercase().as_str()))
}

fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

/// The name that a node spells.
fn name_in(node: &SyntaxNode) -> Option<String> {
    let text = node.text().to_string();
    let token = tokens(&text).find(|token| !token.is_trivia())?;
    match token.kind {
        TokenKind::String(_) => Some(token.content()?.text),
        _ => Some(token.name()?.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use squawk_syntax::SourceFile;

    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        assert!(IN_SCHEMA.is_sorted() && IN_DATABASE.is_sorted() && BOOKKEEPING.is_sorted());
    }

    /// One statement a line, with what becomes of it.
    #[test]
    fn tells_what_becomes_of_each_statement() {
        let statements = include_str!("classify/statements.sql");
        let shown = statements.lines().filter(|line| !line.is_empty()).map(|line| {
            let parse = SourceFile::parse(line);
            let doubt = if parse.errors().is_empty() { "" } else { "  (the parser is not sure)" };
            let statement = parse.syntax_node().first_child().expect("a statement");
            format!("{line}\n    {:?}{doubt}", classify(&statement))
        });
        insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"));
    }
}
