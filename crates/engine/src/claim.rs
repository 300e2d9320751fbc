//! Who a schema belongs to (D14).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which database this is, so that a clone or a moved one is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseIdentity {
    /// `host:port/dbname` as configured.
    pub address: String,
    /// `pg_control_system().system_identifier`; `None` where it may not be read.
    pub system_identifier: Option<String>,
    /// The database's oid.
    pub oid: u32,
}

/// The right of one set, from one place, to one schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The set's `namespace/name`.
    pub set: String,
    /// The UID of the set's namespace on a cluster, which tells clusters apart; `None` without one.
    pub cluster: Option<String>,
    /// The TenantDatabase's name.
    pub database: String,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cluster {
            Some(cluster) => write!(f, "tenantset {} of cluster {cluster}", self.set),
            None => write!(f, "tenantset {} of the command line", self.set),
        }
    }
}

/// A schema that somebody else has, or that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClaimConflict {
    /// Another set has it.
    Other {
        /// The claim that stands.
        held: Claim,
    },
    /// The ledger is of another database: a restored clone, or one that moved.
    Database {
        /// What the ledger says.
        recorded: DatabaseIdentity,
        /// What is found.
        found: DatabaseIdentity,
    },
    /// The schema was dropped and made again.
    Recreated,
}

impl ClaimConflict {
    /// The claim that would be given up by taking over: one's own, where only the database or the schema is not the one
    /// that was claimed.
    pub fn holder<'a>(&'a self, own: &'a Claim) -> &'a Claim {
        match self {
            ClaimConflict::Other { held } => held,
            ClaimConflict::Database { .. } | ClaimConflict::Recreated => own,
        }
    }
}

impl fmt::Display for ClaimConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClaimConflict::Other { held } => {
                write!(f, "it belongs to {held}; give it up there, or take it over by spec.takeOver, or --take-over")
            }
            ClaimConflict::Database { recorded, found } => write!(
                f,
                "its ledger is of the database {} and this is {}: a clone, or one that moved; take it over by spec.takeOver, or --take-over",
                recorded.address, found.address
            ),
            ClaimConflict::Recreated => f.write_str(
                "the schema was dropped and made again by somebody else; take it over by spec.takeOver, or --take-over",
            ),
        }
    }
}
