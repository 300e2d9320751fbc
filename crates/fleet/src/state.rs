//! What is known of one tenant, in the words that people see.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenantry_engine::{DatabaseName, SchemaName, TenantName};
use tenantry_planner::Digest;

/// The state of a tenant, judged against the revision in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// No plan can be made for it, or something is in the way.
    Blocked,
    /// Its database does not answer.
    Unreachable,
    /// It left the set.
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

/// One tenant as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// Its name; for one that is refused, what was written.
    pub name: TenantName,
    /// The database.
    pub database: DatabaseName,
    /// Its schema; `None` where there can be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaName>,
    /// The revision that was applied last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Digest>,
    /// Its state.
    pub state: TenantState,
    /// Since when it differs from what it should be, or when its plan failed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why, and what to do. Never a row's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How many tenants are in which state. Removed ones are not part of `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantCounts {
    /// All tenants of the set.
    pub total: u32,
    /// Known, schema not there yet.
    pub pending: u32,
    /// Equal to the revision in force.
    pub in_sync: u32,
    /// Not reached yet.
    pub outdated: u32,
    /// A plan is being applied.
    pub migrating: u32,
    /// Changed by hand.
    pub drifted: u32,
    /// A plan was applied and failed.
    pub failed: u32,
    /// Something is in the way.
    pub blocked: u32,
    /// Their database does not answer.
    pub unreachable: u32,
    /// Left the set.
    pub removed: u32,
}

impl TenantCounts {
    /// Counts states.
    pub fn of(states: impl IntoIterator<Item = TenantState>) -> Self {
        let mut counts = Self::default();
        for state in states {
            let (count, part) = match state {
                TenantState::Pending => (&mut counts.pending, 1),
                TenantState::InSync => (&mut counts.in_sync, 1),
                TenantState::Outdated => (&mut counts.outdated, 1),
                TenantState::Migrating => (&mut counts.migrating, 1),
                TenantState::Drifted => (&mut counts.drifted, 1),
                TenantState::Failed => (&mut counts.failed, 1),
                TenantState::Blocked => (&mut counts.blocked, 1),
                TenantState::Unreachable => (&mut counts.unreachable, 1),
                TenantState::Removed => (&mut counts.removed, 0),
            };
            *count += 1;
            counts.total += part;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_left_are_not_part_of_the_total() {
        let counts = TenantCounts::of(TenantState::ALL);
        assert_eq!(counts.total, 8);
        assert_eq!(counts.removed, 1);
    }
}
