//! The states a tenant can be in: one list for status, slices, command line and metrics.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of one tenant, judged against the revision in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TenantState {
    /// Known, but its schema is not there yet.
    Pending,
    /// Its schema equals the revision in force.
    InSync,
    /// The rollout has not reached it yet.
    Outdated,
    /// A plan is being applied to it.
    Migrating,
    /// Somebody changed its schema by hand.
    Drifted,
    /// A plan was applied and failed.
    Failed,
    /// No plan can be made for it, or rows are in the way.
    Blocked,
    /// Its database does not answer.
    Unreachable,
    /// It left the set; what becomes of its schema says `removal`.
    Removed,
}

impl TenantState {
    /// Every state, in the order in which a person wants to read them.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::InSync,
        Self::Outdated,
        Self::Migrating,
        Self::Drifted,
        Self::Failed,
        Self::Blocked,
        Self::Unreachable,
        Self::Removed,
    ];
}

impl fmt::Display for TenantState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
