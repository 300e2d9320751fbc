//! What is told of a fleet, for people (by the command line) and for programs
//! (as JSON).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use tenantry_catalog::Fingerprint;
use tenantry_engine::{DatabaseName, Event, TenantName};
use tenantry_planner::{Difference, Digest, HazardKind, Plan};

use crate::rollout::{Approved, Failure, Kind, Outcome, Paused, RolloutState, WaveProgress, Way};
use crate::{Departures, DriftMode, TenantCounts, TenantStatus};

/// The state of a set.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The set.
    pub set: String,
    /// The SchemaDefinition.
    pub definition: String,
    /// The revision in force; `None` before the first rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<Digest>,
    /// The revision that the definition makes, or that is pinned.
    pub target: Digest,
    /// How many tenants are in which state.
    pub counts: TenantCounts,
    /// The tenants, by name. Those that are refused (named twice, no possible
    /// schema name) are among them, as `Blocked`.
    pub tenants: Vec<TenantStatus>,
    /// What is done about drift.
    pub drift_mode: DriftMode,
    /// The drifted tenants, those alike together, most tenants first.
    pub drift: Vec<DriftGroup>,
    /// The newest rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutReport>,
    /// Those before it, newest first, as far as they were looked at.
    #[serde(skip)]
    pub earlier: Vec<RolloutReport>,
    /// The databases.
    pub databases: Vec<DatabaseReport>,
    /// Those who left the set and those who came back, with what becomes of
    /// their schemas.
    pub departures: Departures,
    /// How many objects of each kind the target makes; empty while a rollout runs.
    #[serde(skip)]
    pub objects: BTreeMap<&'static str, u32>,
    /// How many tenants were read for this, instead of taken from the ledgers.
    pub read: u32,
    /// What is worth knowing, a sentence each.
    pub notes: Vec<String>,
}

/// One database of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseReport {
    /// Its name.
    pub name: DatabaseName,
    /// How many tenants of the set it has.
    pub tenants: u32,
    /// The server's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    /// Whether it has a ledger that may be read.
    pub ledger: bool,
    /// Whether every source of its tenants was read; where not, the notes say
    /// why, and those that are known stay as they are.
    pub tenants_known: bool,
    /// Why it cannot be worked with; `None` when it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Tenants that drifted to the same place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftGroup {
    /// `A`, `B` ... `Z`, `AA` ...: what people call it in this report.
    pub label: String,
    /// Where they are.
    pub fingerprint: Fingerprint,
    /// The revision that they differ from.
    pub revision: Digest,
    /// Who.
    pub tenants: Vec<TenantName>,
    /// When the first of them was first seen so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// How they differ.
    pub differences: Vec<Difference>,
    /// Why the differences are not known; `None` when they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexplained: Option<String>,
    /// What would have to stand in `spec.ignore` of the definition to
    /// allow it: patterns of the objects that the definition has not. Empty
    /// where that would not be enough.
    pub allow: Vec<String>,
}

/// A rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutReport {
    /// Its name.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// The revision in force before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Digest>,
    /// The revision that tenants get.
    pub to: Digest,
    /// Where it is.
    pub state: RolloutState,
    /// What it waits for, or why it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why nothing further is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// How many tenants the set had when it began.
    pub total: u32,
    /// How many tenants of its waves have the target.
    pub done: u32,
    /// How many schemas were made of those that were to be, as far as a run has just seen to it.
    pub made: u32,
    /// How many schemas were to be made.
    pub to_make: u32,
    /// How many tenants may fail in all.
    pub budget: u32,
    /// How far each wave is; as it was when the record was written, unless a
    /// run of it has just ended.
    pub waves: Vec<WaveProgress>,
    /// Its groups.
    pub groups: Vec<GroupReport>,
    /// What approves the whole; `None` when nobody has to approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What was approved.
    pub approvals: Vec<Approved>,
    /// Who failed.
    pub failures: Vec<Failure>,
    /// Who is left out, by a person's word.
    pub skipped: Vec<TenantName>,
    /// When it was planned.
    pub planned: Timestamp,
    /// When its first tenant might be touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// What is done with a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupOutcome {
    /// Nothing: equal to the target though it prints differently.
    InSync,
    /// A proved plan.
    Migrate,
    /// No plan can be made.
    Blocked,
}

/// Tenants that start from the same point and are treated alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupReport {
    /// From 1, most tenants first.
    pub number: u32,
    /// Where they are; `None` where there is no schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Fingerprint>,
    /// How they get on.
    pub way: Way,
    /// The revision that they get.
    pub revision: Digest,
    /// How many they are.
    pub tenants: u32,
    /// Some of them, by name.
    pub examples: Vec<TenantName>,
    /// What is done.
    pub outcome: GroupOutcome,
    /// Why there is no plan, a line each.
    pub reasons: Vec<String>,
    /// The plan, by its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// How many statements it has.
    pub statements: u32,
    /// What is bad about it.
    pub hazards: BTreeSet<HazardKind>,
    /// Whether it leads to the definition itself, and not to a merge with what
    /// the tenants have of their own.
    pub reaches_target: bool,
    /// Why it cannot be undone; `None` when it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_back: Option<String>,
    /// Whether a person has to approve it.
    pub needs_approval: bool,
    /// What approves this group alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// What a rollout would do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// The state of the set now.
    #[serde(flatten)]
    pub report: Report,
    /// The rollout that would run, or that waits or runs already; `None` when
    /// there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<RolloutReport>,
    /// The plans and what they run, by digest.
    pub plans: Vec<PlanText>,
    /// Whether it is kept in the ledger and can be approved.
    pub kept: bool,
}

/// A plan with its statements.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanText {
    /// Its digest.
    pub digest: Digest,
    /// Its steps, with locks and hazards.
    pub plan: Plan,
    /// A tenant of a group that gets it.
    pub example: TenantName,
    /// Its statements as they run on that tenant.
    pub script: String,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyReport {
    /// How it ended; `None` when there was nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// How many tenants a plan was committed on in this run.
    pub applied: u32,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// The state of the set afterwards; its rollout is the one that ran.
    #[serde(flatten)]
    pub report: Report,
}

/// What happened to a set.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The set.
    pub set: String,
    /// Its rollouts, newest first.
    pub rollouts: Vec<RolloutReport>,
    /// What was applied to tenants, newest first.
    pub events: Vec<HistoryEvent>,
    /// The revisions that can be gone back to, newest first.
    pub revisions: Vec<RevisionReport>,
    /// Databases that did not answer.
    pub notes: Vec<String>,
}

/// A plan that was applied, or failed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEvent {
    /// Where.
    pub database: DatabaseName,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// A revision that the home ledger keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionReport {
    /// The revision.
    pub revision: Digest,
    /// When it was first rolled out.
    pub at: Timestamp,
    /// Whether it is in force.
    pub in_force: bool,
}
