//! What becomes of the schema of a tenant that left its set, or that came back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenantry_planner::Digest;

use crate::{Claim, SchemaName, Tenant};

/// What is done with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// It is renamed aside, to its reserved name ([`SchemaName::aside`]).
    PutAside,
    /// It is dropped with everything in it.
    Drop,
    /// It was renamed aside, and gets its own name back.
    BringBack,
}

impl Fate {
    /// The word that stands for it in SQL and in digests.
    pub fn word(self) -> &'static str {
        match self {
            Fate::PutAside => "put aside",
            Fate::Drop => "drop",
            Fate::BringBack => "bring back",
        }
    }
}

/// Everything that the transaction needs.
#[derive(Clone, Copy, Debug)]
pub struct Departure<'a> {
    /// Which tenant.
    pub tenant: &'a Tenant,
    /// By which right.
    pub claim: &'a Claim,
    /// What is done.
    pub fate: Fate,
    /// The oid of the schema that is meant, whatever it is called now.
    pub oid: u32,
    /// What names it in the history: what was approved, where somebody had to.
    pub digest: &'a Digest,
    /// Who approved, where somebody had to.
    pub approved_by: Option<&'a str>,
    /// How long it may take, waiting for locks included.
    pub within: Duration,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Departed {
    /// The schema is called so now.
    PutAside(SchemaName),
    /// It is gone, and so is what the ledger knew of it.
    Dropped,
    /// It has its own name again, with all that is in it.
    BroughtBack,
    /// There was no schema to put aside or to drop; the ledger forgot it.
    WasGone,
}
