//! What can go wrong with a database, in words that may leave it (D23).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ClaimConflict, SchemaName};

/// What a server said, without anything that could be a row of a tenant: the
/// SQLSTATE and the names its fields carry, and the message only for codes
/// whose messages hold no values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerError {
    /// The SQLSTATE: `23505`.
    pub sqlstate: String,
    /// Its name in the PostgreSQL manual: `unique_violation`.
    pub condition: String,
    /// The message, where it may be shown.
    pub message: Option<String>,
    /// The table it is about.
    pub table: Option<String>,
    /// The column it is about.
    pub column: Option<String>,
    /// The constraint it is about.
    pub constraint: Option<String>,
    /// The statement that failed, with the tenant's placeholder.
    pub statement: Option<String>,
}

impl ServerError {
    /// Whether it is about the moment and not about the statement: a deadlock,
    /// a lock or a resource that was not to be had, a server going down.
    ///
    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    pub fn is_transient(&self) -> bool {
        match self.sqlstate.as_str() {
            // lock_not_available, object_in_use
            "55P03" | "55006" => true,
            // Connection exception, transaction rollback (serialisation,
            // deadlock), insufficient resources.
            code => {
                ["08", "40", "53"].iter().any(|class| code.starts_with(class))
                // admin_shutdown, crash_shutdown, cannot_connect_now
                || ["57P01", "57P02", "57P03"].contains(&code)
            }
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.condition)?;
        if let Some(constraint) = &self.constraint {
            write!(f, " on {constraint}")?;
        }
        if let Some(table) = &self.table {
            write!(f, " of table {table}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        write!(f, " ({})", self.sqlstate)
    }
}

/// What is wrong with a definition, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionFault {
    /// The source's name; empty when it is about the whole.
    pub source: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// The lines around it, with a caret.
    pub excerpt: String,
}

impl DefinitionFault {
    /// Where, and what, without the lines around it.
    pub fn in_a_line(&self) -> String {
        match self.source.is_empty() {
            true => self.message.clone(),
            false => format!("{}, line {}, column {}: {}", self.source, self.line, self.column, self.message),
        }
    }
}

impl fmt::Display for DefinitionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_a_line())?;
        // What is about the whole has no place.
        if self.source.is_empty() {
            return Ok(());
        }
        if !self.excerpt.is_empty() {
            write!(f, "\n{}", self.excerpt.trim_end())?;
        }
        Ok(())
    }
}

/// Why a database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No connection, or it was lost.
    #[error("{address} cannot be reached: {reason}")]
    Unreachable {
        /// `host:port/dbname`.
        address: String,
        /// What the system or the server said; never a password.
        reason: String,
    },
    /// It answers, but Tenantry cannot work with it.
    #[error("{address} cannot be used: {reason}. {remedy}")]
    Unsuitable {
        /// `host:port/dbname`.
        address: String,
        /// What is in the way.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A right is missing.
    #[error("{what}: {remedy}")]
    Denied {
        /// What may not be done.
        what: String,
        /// What to grant or set.
        remedy: String,
    },
    /// What a server answered cannot be understood: a fault of the program.
    #[error("{0}")]
    Unread(String),
    /// The definition is refused.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Definition(Vec<DefinitionFault>),
    /// There is nowhere to prove a plan (D8).
    #[error("there is no place for a shadow: {reason}. {remedy}")]
    NoShadow {
        /// Why not in place.
        reason: String,
        /// What to grant or set.
        remedy: String,
    },
    /// The schema is no longer where the plan starts.
    #[error("schema {schema} was changed since it was inspected; it is left alone and inspected again")]
    Moved {
        /// Which.
        schema: SchemaName,
    },
    /// The schema is gone.
    #[error("schema {schema} is not there")]
    Missing {
        /// Which.
        schema: SchemaName,
    },
    /// Some schemas could not be read; all others were.
    #[error("{}", unreadable(.0))]
    Unreadable(BTreeMap<SchemaName, EngineError>),
    /// Somebody else of ours works on the schema.
    #[error("schema {schema} is being worked on by another process of Tenantry")]
    Busy {
        /// Which.
        schema: SchemaName,
    },
    /// Another operator leads by now.
    #[error("{of}: another operator has taken over; this one does nothing more")]
    Superseded {
        /// Where that was seen.
        of: String,
    },
    /// A lock was not to be had in time.
    #[error("schema {schema}: a lock was not to be had within {waited}; held by {blockers}")]
    Locked {
        /// Which.
        schema: SchemaName,
        /// How long was waited, in all.
        waited: String,
        /// Who holds it: process ids and application names.
        blockers: String,
    },
    /// The schema is somebody else's.
    #[error("schema {schema}: {conflict}")]
    Claimed {
        /// Which.
        schema: SchemaName,
        /// How.
        conflict: ClaimConflict,
    },
    /// Its tenant left the set, and the schema was renamed aside.
    #[error(
        "schema {schema} was put aside as {aside} when its tenant left; an apply renames it back where a source names the tenant again"
    )]
    PutAside {
        /// Which.
        schema: SchemaName,
        /// What it is called now.
        aside: SchemaName,
    },
    /// The name that a schema is to get is another one's.
    #[error(
        "schema {schema} cannot be renamed to {to}: there is a schema of that name; rename or drop that one"
    )]
    Occupied {
        /// Which, by the name that its tenant knows.
        schema: SchemaName,
        /// The name that it was to get.
        to: SchemaName,
    },
    /// A schema cannot be dropped as long as these stand.
    #[error(
        "schema {schema} is not dropped: outside of it depends on it {dependents}; drop or change that first"
    )]
    Depended {
        /// Which.
        schema: SchemaName,
        /// The first of them, in words, the others counted.
        dependents: String,
    },
    /// Dropping a schema would take more locks than are safe.
    #[error(
        "schema {schema} is not dropped: it has {objects} objects, each of which is locked, and that is more than a quarter of the {free} locks that the server has left; raise max_locks_per_transaction, or drop some of its tables by hand"
    )]
    TooMany {
        /// Which.
        schema: SchemaName,
        /// How many objects it has.
        objects: u64,
        /// How many locks are free.
        free: u64,
    },
    /// The server refused a statement; nothing of its transaction happened.
    #[error("schema {schema}: {error}")]
    Refused {
        /// Which.
        schema: SchemaName,
        /// What it said.
        error: ServerError,
    },
    /// The connection was lost while the commit was under way: it may have
    /// happened, and the next look at the ledger tells.
    #[error(
        "schema {schema}: the connection was lost at the commit; whether it happened is read from the ledger"
    )]
    InDoubt {
        /// Which.
        schema: SchemaName,
    },
    /// It took longer than it may; the running statement was ended, and nothing
    /// of its transaction happened.
    #[error("schema {schema}: not done within {within:?}, and ended")]
    Timeout {
        /// Which.
        schema: SchemaName,
        /// How long it may take.
        within: Duration,
    },
    /// Another process of Tenantry wrote the same record: it works on the same
    /// set, and this one steps back.
    #[error("{what} was written by another process of Tenantry meanwhile; it goes on there")]
    Raced {
        /// What was to be written.
        what: String,
    },
    /// The ledger is of a newer program, or broken.
    #[error("the ledger in {address}: {reason}")]
    Ledger {
        /// `host:port/dbname`.
        address: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The tenant query is wrong (D19).
    #[error("the tenant query: {0}")]
    TenantQuery(String),
    /// Another statement failed.
    #[error("{doing}: {error}")]
    Server {
        /// What was being done.
        doing: String,
        /// What the server said.
        error: ServerError,
    },
    /// Somebody asked to stop.
    #[error("stopped on request")]
    Cancelled,
}

/// The first one in words, the others counted.
fn unreadable(schemas: &BTreeMap<SchemaName, EngineError>) -> String {
    let first = schemas.iter().next().map(|(schema, error)| format!("{schema} cannot be read: {error}"));
    let first = first.unwrap_or_default();
    match schemas.len() {
        0 | 1 => first,
        count => format!("{count} schemas cannot be read; {first}"),
    }
}

impl EngineError {
    /// Whether the same call may succeed later though nobody changed anything.
    pub fn is_transient(&self) -> bool {
        match self {
            EngineError::Unreachable { .. }
            | EngineError::Moved { .. }
            | EngineError::Busy { .. }
            | EngineError::Locked { .. }
            | EngineError::InDoubt { .. } => true,
            EngineError::Refused { error, .. } | EngineError::Server { error, .. } => error.is_transient(),
            EngineError::Unreadable(schemas) => schemas.values().all(EngineError::is_transient),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_passes_and_a_violation_does_not() {
        for (sqlstate, passes) in [
            ("40P01", true),
            ("55P03", true),
            ("53300", true),
            ("57P01", true),
            ("23505", false),
            ("42601", false),
            ("57014", false),
        ] {
            let error = ServerError {
                sqlstate: sqlstate.to_owned(),
                condition: String::new(),
                message: None,
                table: None,
                column: None,
                constraint: None,
                statement: None,
            };
            assert_eq!(error.is_transient(), passes, "{sqlstate}");
        }
    }
}
