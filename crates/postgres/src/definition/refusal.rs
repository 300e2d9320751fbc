//! What a definition cannot hold, and what to write instead.

use std::fmt;

use super::source::{Excerpt, Location};

/// One statement that cannot be part of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where it begins, or what in it is wrong.
    pub location: Location,
    /// Its first words.
    pub statement: String,
    /// Why, and what to do.
    pub reason: Reason,
    /// What to show of the text, where it is not the whole statement that is wrong.
    pub excerpt: Option<Excerpt>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { location, statement, reason, excerpt } = self;
        write!(f, "{location}: `{statement}`: {reason}")?;
        excerpt.as_ref().map_or(Ok(()), |excerpt| write!(f, "\n{excerpt}"))
    }
}

/// Why a statement is refused. `Display` says it, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// INSERT, COPY, UPDATE, DELETE, MERGE, TRUNCATE.
    #[error(
        "a definition holds no rows. Leave it out; only INSERTs into a migration tool's own table are skipped"
    )]
    Rows,
    /// SELECT, VALUES, TABLE, EXPLAIN.
    #[error("a definition says what is, and asks nothing. Leave it out")]
    Query,
    /// DO, CALL, EXECUTE, PREPARE.
    #[error(
        "what it does cannot be read from its text. Write the CREATE, ALTER, COMMENT and GRANT statements that it would run"
    )]
    Code,
    /// BEGIN, COMMIT, SAVEPOINT and their like.
    #[error("the plan decides what runs in one transaction. Leave it out")]
    Transaction,
    /// CREATE TABLE AS, SELECT INTO.
    #[error("it makes a table with the rows of a query. Write CREATE TABLE with the columns and their types")]
    TableFromQuery,
    /// What belongs to the whole server.
    #[error(
        "it concerns the whole server, not one schema. Do it once for each server, outside of the definition"
    )]
    Server,
    /// What belongs to the whole database.
    #[error(
        "it concerns the whole database, not one schema. Do it once for each database, outside of the definition"
    )]
    Database,
    /// VACUUM, ANALYZE, REINDEX, LOCK and their like.
    #[error("it does work, and declares nothing. Leave it out")]
    Work,
    /// SET ROLE, SET SESSION AUTHORIZATION.
    #[error(
        "a definition runs as the role that the TenantDatabase names (ownerRole). Leave it out, or say ALTER ... OWNER TO"
    )]
    Role,
    /// A SET that pg_dump does not print.
    #[error(
        "the setting `{0}` would change how the rest is read. Leave it out, and write values so that they do not depend on it"
    )]
    Setting(String),
    /// A setting that pg_dump prints, with a value that is not supported.
    #[error("`{setting}` cannot be `{value}` here. {advice}")]
    SettingValue {
        /// The setting.
        setting: String,
        /// The value that was asked for.
        value: String,
        /// What to write instead.
        advice: &'static str,
    },
    /// A backslash in a plain string, after `standard_conforming_strings` was set to off.
    #[error(
        "this string has a backslash, and `standard_conforming_strings` is off here. Write the string as E'...', or leave that SET out"
    )]
    Backslash,
    /// A command of psql's.
    #[error(
        "only psql knows this command. Put the text of included files into the definition, and leave other commands out"
    )]
    PsqlCommand,
    /// CREATE TEMPORARY.
    #[error("what is temporary ends with its session and cannot be declared. Leave it out")]
    Temporary,
    /// Objects made or changed in another schema than the tenant's own.
    #[error("{0}")]
    OtherSchema(OtherSchema),
    /// `SET SCHEMA x`.
    #[error("it moves an object out of the tenant's schema. Leave it out")]
    MovesAway,
    /// CREATE SCHEMA x CREATE TABLE ...
    #[error("write each element of the schema as a statement of its own, with a semicolon before it")]
    SchemaElements,
    /// ALTER SCHEMA other than OWNER TO.
    #[error("the name and the existence of a tenant's schema are not the definition's to say. Leave it out")]
    Schema,
    /// OWNER TO together with other actions.
    #[error("write OWNER TO as a statement of its own: owners can be left alone by policy, the rest cannot")]
    OwnerMixed,
    /// ALTER DEFAULT PRIVILEGES without IN SCHEMA.
    #[error("without IN SCHEMA it changes what the role makes in every schema. Add `IN SCHEMA __TENANT__`")]
    DefaultPrivilegesEverywhere,
    /// DROP of what the definition does not make.
    #[error(
        "the definition does not make `{0}` before this. Leave the DROP out: what a definition does not make is not there"
    )]
    DropsUnknown(String),
    /// The placeholder in a string that is not known to hold a name.
    #[error(
        "this string is not known to hold the name of a schema, so __TENANT__ would stay in it as it is. Use current_schema(), or a regclass"
    )]
    PlaceholderInText,
    /// A string, name or comment without an end.
    #[error("{0} that begins here does not end. Close it; what follows cannot be read")]
    Unclosed(&'static str),
    /// A NUL character.
    #[error("PostgreSQL takes no NUL character. Is this file text, in UTF-8?")]
    Nul,
    /// A statement that is not on the list of what a definition can hold.
    #[error(
        "this is no statement that a definition can hold: CREATE, ALTER, COMMENT, GRANT, REVOKE, of objects in a schema"
    )]
    Unknown,
}

/// Why a schema is not the tenant's own, and how often it is named as if it were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherSchema {
    /// The schema that objects are made or changed in.
    pub schema: String,
    /// How many statements do so.
    pub statements: usize,
    /// What was found to be the tenant's own, and where.
    pub own: Own,
}

/// How the tenant's own schema is named in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// Names are unqualified, or qualified by the placeholder.
    Unqualified,
    /// By this name; the place is the first that says so.
    Named(String, Location),
    /// The caller said so.
    Given(String),
}

impl fmt::Display for OtherSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schema, statements, own } = self;
        write!(f, "it makes or changes something in schema `{schema}`, ")?;
        match own {
            Own::Unqualified => write!(f, "and the tenant's own objects are the unqualified ones. ")?,
            Own::Named(own, location) => {
                write!(f, "and the tenant's own schema is `{own}` here (since {location}). ")?;
            }
            Own::Given(own) => write!(f, "and the tenant's own schema is `{own}`, as was said. ")?,
        }
        match statements - 1 {
            0 => {}
            1 => write!(f, "One more statement does. ")?,
            more => write!(f, "{more} more statements do. ")?,
        }
        write!(
            f,
            "Other schemas can be referred to, not changed. Take it out, or the qualification, if the tenant's own is meant"
        )
    }
}
