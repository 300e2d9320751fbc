//! What can go wrong with a database, in words that may leave it (D23).

use std::fmt;

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

impl fmt::Display for DefinitionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}, line {}, column {}: {}", self.source, self.line, self.column, self.message)?;
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
    /// A right is missing.
    #[error("{what}: {remedy}")]
    Denied {
        /// What may not be done.
        what: String,
        /// What to grant or set.
        remedy: String,
    },
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
    /// Somebody else of ours works on the schema.
    #[error("schema {schema} is being worked on by another process of Tenantry")]
    Busy {
        /// Which.
        schema: SchemaName,
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

impl EngineError {
    /// Whether the same call may succeed later though nobody changed anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            EngineError::Unreachable { .. }
                | EngineError::Moved { .. }
                | EngineError::Busy { .. }
                | EngineError::Locked { .. }
                | EngineError::InDoubt { .. }
        )
    }
}
