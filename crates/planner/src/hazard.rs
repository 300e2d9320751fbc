//! What a step does to those who use the schema, as facts and not as prose.

use std::fmt;

use serde::{Deserialize, Serialize};
use tenantry_catalog::{External, ObjectId};

/// A table-level lock mode, weakest first.
///
/// <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LockMode {
    /// Taken by reading.
    AccessShare,
    /// Taken by `SELECT FOR UPDATE` and the referenced side of a validation.
    RowShare,
    /// Taken by writing.
    RowExclusive,
    /// Blocks DDL and vacuum, neither readers nor writers.
    ShareUpdateExclusive,
    /// Blocks writers.
    Share,
    /// Blocks writers and itself.
    ShareRowExclusive,
    /// Blocks all but plain readers.
    Exclusive,
    /// Blocks everybody.
    AccessExclusive,
}

impl LockMode {
    /// As `LOCK TABLE ... IN ... MODE` spells it.
    pub const fn sql(self) -> &'static str {
        match self {
            LockMode::AccessShare => "ACCESS SHARE",
            LockMode::RowShare => "ROW SHARE",
            LockMode::RowExclusive => "ROW EXCLUSIVE",
            LockMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::Exclusive => "EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// Whether those who only read must wait.
    pub fn blocks_reads(self) -> bool {
        self == LockMode::AccessExclusive
    }

    /// Whether those who write must wait.
    pub fn blocks_writes(self) -> bool {
        self >= LockMode::Share
    }
}

/// Whose lock it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LockTarget {
    /// A table (or other relation) of the schema.
    Own(ObjectId),
    /// A table that other tenants share.
    Shared(External),
}

/// A lock that a step takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lock {
    /// On what.
    pub on: LockTarget,
    /// In which mode.
    pub mode: LockMode,
}

impl Lock {
    /// `invoice against reads and writes`; nothing for a lock that nobody feels.
    pub fn felt(&self) -> Option<String> {
        let on = match &self.on {
            LockTarget::Own(id) => id.name.join("."),
            LockTarget::Shared(external) => external.identity.clone(),
        };
        let against = match self.mode {
            LockMode::AccessExclusive => "reads and writes",
            mode if mode.blocks_writes() => "writes",
            _ => return None,
        };
        Some(format!("{on} against {against}"))
    }
}

/// The closed list of what can be bad about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HazardKind {
    /// Stored rows or values are gone for good.
    DropsData,
    /// Stored rows or values are renamed aside, and can be brought back.
    QuarantinesData,
    /// Stored values are cut, rounded or otherwise changed.
    ChangesValues,
    /// What an index, a check or a generated column computed no longer is what
    /// its function computes.
    StaleValues,
    /// The table is written anew, all the while locked.
    RewritesTable,
    /// The table is read from one end to the other under a lock that is felt.
    ScansTable,
    /// An index is built under a lock that is felt.
    BuildsIndex,
    /// Fails where a tenant's rows do not allow it.
    DependsOnRows,
    /// Locks a table that other tenants use.
    LocksSharedTable,
    /// Runs functions of the tenant's schema with the plan's rights.
    RunsTenantFunctions,
    /// A SECURITY DEFINER function that anyone's `search_path` can mislead.
    SecurityDefiner,
    /// Subscribers of a publication break.
    Replicated,
    /// There is no way back that restores what was.
    Irreversible,
    /// Somebody may do more, or less, than before.
    ChangesAccess,
    /// The application sees another shape: a name or a type it may use is gone.
    ChangesContract,
}

impl HazardKind {
    /// The word people see (`drops-data`), the same everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            HazardKind::DropsData => "drops-data",
            HazardKind::QuarantinesData => "quarantines-data",
            HazardKind::ChangesValues => "changes-values",
            HazardKind::StaleValues => "stale-values",
            HazardKind::RewritesTable => "rewrites-table",
            HazardKind::ScansTable => "scans-table",
            HazardKind::BuildsIndex => "builds-index",
            HazardKind::DependsOnRows => "depends-on-rows",
            HazardKind::LocksSharedTable => "locks-shared-table",
            HazardKind::RunsTenantFunctions => "runs-tenant-functions",
            HazardKind::SecurityDefiner => "security-definer",
            HazardKind::Replicated => "replicated",
            HazardKind::Irreversible => "irreversible",
            HazardKind::ChangesAccess => "changes-access",
            HazardKind::ChangesContract => "changes-contract",
        }
    }

    /// Whether `approval: Destructive` waits for a person.
    pub const fn destructive(self) -> bool {
        matches!(
            self,
            HazardKind::DropsData
                | HazardKind::QuarantinesData
                | HazardKind::ChangesValues
                | HazardKind::Irreversible
        )
    }
}

impl fmt::Display for HazardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One hazard of one step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hazard {
    /// Which.
    pub kind: HazardKind,
    /// Of what.
    pub object: ObjectId,
    /// In one sentence without a full stop: what happens, in this very case.
    pub detail: String,
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.kind, self.object, self.detail)
    }
}
