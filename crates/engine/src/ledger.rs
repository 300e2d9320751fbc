//! What is remembered beside the tenants: the truth that survives the cluster
//! (D12 to D16).

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenantry_catalog::{Catalog, Fingerprint, ObjectId};
use tenantry_planner::{Digest, Plan, Policy};

use crate::{
    Baseline, Claim, ClaimConflict, EngineError, Environment, SchemaName, Source, Target, TenantName,
    Watermark,
};

/// What the ledger says of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRecord {
    /// Its name.
    pub name: TenantName,
    /// Its schema.
    pub schema: SchemaName,
    /// The namespace's oid when it was last seen.
    pub oid: u32,
    /// Whose it is.
    pub claim: Claim,
    /// The revision that was last applied.
    pub revision: Option<Digest>,
    /// The fingerprint that was last found, or that the last apply aimed at.
    pub fingerprint: Option<Fingerprint>,
    /// The watermark at which that was found; `None` from an apply until its
    /// read-back.
    pub watermark: Option<Watermark>,
    /// Since when the tenant differs from what it should be.
    pub drifted_since: Option<Timestamp>,
    /// What was renamed aside in it: what each object was, and its reserved
    /// name; sorted. Two tenants in which it differs are not planned alike.
    pub renamed: Vec<(ObjectId, String)>,
    /// A plan of several segments that began and did not come to its end: the
    /// schema is between its start and its target, and is planned from where
    /// it is.
    pub unfinished: Option<Digest>,
    /// What its schema is called since the tenant left and it was renamed
    /// aside; `None` while it has its own name.
    pub aside: Option<SchemaName>,
}

/// What a read-back or an inspection found.
#[derive(Clone, Debug)]
pub struct Confirmed<'a> {
    /// Which schema.
    pub schema: &'a SchemaName,
    /// Its name.
    pub name: &'a TenantName,
    /// Its namespace's oid.
    pub oid: u32,
    /// What was found.
    pub fingerprint: &'a Fingerprint,
    /// At which watermark.
    pub watermark: &'a Watermark,
    /// The revision, where the fingerprint is that of one; `None` leaves what
    /// stands.
    pub revision: Option<&'a Digest>,
    /// Since when it differs; `None` when it does not.
    pub drifted_since: Option<Timestamp>,
}

/// One line of a tenant's history.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When it ended.
    pub at: Timestamp,
    /// Which tenant.
    pub tenant: TenantName,
    /// Its schema.
    pub schema: SchemaName,
    /// The rollout; empty where a tenant left or came back.
    pub rollout: String,
    /// The plan, or what names a departure.
    pub digest: Digest,
    /// The revision it led to, or that a tenant had that left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Digest>,
    /// `applied`, what became of a schema, or why not.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// Who approved.
    pub approved_by: Option<String>,
}

/// One revision of a definition (D15).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevisionRecord {
    /// The digest of its text.
    pub revision: Digest,
    /// Its text.
    pub sources: Vec<Source>,
    /// The policy under which it was rolled out: what of it is compared.
    pub policy: Policy,
    /// When it was first rolled out.
    pub at: Timestamp,
}

/// The state of a set's rollout, as the fleet wrote it (D15). The ledger does
/// not look into it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RolloutRecord {
    /// The rollout's name, unique within the set.
    pub id: String,
    /// The set.
    pub set: String,
    /// Counts up with each write; a write with another than the last one plus
    /// one is refused.
    pub version: i64,
    /// The fleet's own state.
    pub state: serde_json::Value,
    /// When it was written.
    pub at: Timestamp,
}

/// What the fleet remembers of a set beside its rollouts: who is missing, and
/// since when (D19). The ledger does not look into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetRecord {
    /// The set.
    pub set: String,
    /// Counts up with each write, as a rollout's does.
    pub version: i64,
    /// The fleet's own state.
    pub state: serde_json::Value,
    /// When it was written.
    pub at: Timestamp,
}

/// Something that was renamed aside (D10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineRecord {
    /// What it was.
    pub object: ObjectId,
    /// What it is called now.
    pub reserved: String,
    /// When.
    pub at: Timestamp,
    /// By which plan.
    pub digest: Digest,
}

/// The ledger of one database.
pub trait Ledger: Send + Sync + 'static {
    /// Makes the ledger, or brings it to the version that this program writes.
    fn prepare(&self) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Whether there is one; `fleet check` under `mode: Observe` needs none.
    fn exists(&self) -> impl Future<Output = Result<bool, EngineError>> + Send;

    /// The tenants of one set, or of all.
    fn records(
        &self,
        set: Option<&str>,
    ) -> impl Future<Output = Result<Vec<TenantRecord>, EngineError>> + Send;

    /// Claims these schemas, all that are free or already this claim's; those
    /// that are not, and why. With `take_over` what that other claim holds is
    /// taken.
    fn claim(
        &self,
        tenants: &[(TenantName, SchemaName)],
        claim: &Claim,
        take_over: Option<&Claim>,
    ) -> impl Future<Output = Result<Vec<(SchemaName, ClaimConflict)>, EngineError>> + Send;

    /// Writes down what was found, for many tenants at once.
    fn confirm(&self, found: &[Confirmed<'_>]) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// The baseline of both stages, of one set: another set's look at the same
    /// database says nothing about this one's tenants.
    fn baseline(&self, set: &str) -> impl Future<Output = Result<Option<Baseline>, EngineError>> + Send;

    /// Sets a set's baseline.
    fn set_baseline(
        &self,
        set: &str,
        baseline: &Baseline,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Keeps a plan by its digest; the same one twice is one.
    fn keep_plan(&self, plan: &Plan) -> impl Future<Output = Result<Digest, EngineError>> + Send;

    /// A plan by its digest.
    fn plan(&self, digest: &Digest) -> impl Future<Output = Result<Option<Plan>, EngineError>> + Send;

    /// Keeps a compiled target for one environment.
    fn keep_target(
        &self,
        environment: &Environment,
        target: &Target,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// A compiled target, if this environment has it under this policy.
    fn target(
        &self,
        environment: &Environment,
        revision: &Digest,
        policy: &Policy,
    ) -> impl Future<Output = Result<Option<Target>, EngineError>> + Send;

    /// Keeps a starting point's catalog by its fingerprint.
    fn keep_catalog(
        &self,
        fingerprint: &Fingerprint,
        catalog: &Catalog,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// A starting point's catalog.
    fn catalog(
        &self,
        fingerprint: &Fingerprint,
    ) -> impl Future<Output = Result<Option<Catalog>, EngineError>> + Send;

    /// Keeps a revision's text.
    fn keep_revision(
        &self,
        set: &str,
        revision: &RevisionRecord,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// The revisions of a set, newest first.
    fn revisions(&self, set: &str) -> impl Future<Output = Result<Vec<RevisionRecord>, EngineError>> + Send;

    /// Writes a rollout's state. [`EngineError::Raced`] when somebody else wrote
    /// it meanwhile.
    fn save_rollout(&self, rollout: &RolloutRecord) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// The rollouts of a set, newest first, at most `limit`.
    fn rollouts(
        &self,
        set: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RolloutRecord>, EngineError>> + Send;

    /// What is remembered of a set.
    fn set_record(&self, set: &str) -> impl Future<Output = Result<Option<SetRecord>, EngineError>> + Send;

    /// Writes what is remembered of a set. [`EngineError::Raced`] when somebody
    /// else wrote it meanwhile.
    fn save_set(&self, record: &SetRecord) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Writes down that an apply failed.
    fn record_failure(&self, event: &Event) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// What was done, newest first, at most `limit`; of one set or of all, of
    /// one tenant or of all.
    fn history(
        &self,
        set: Option<&str>,
        tenant: Option<&TenantName>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Event>, EngineError>> + Send;

    /// What was renamed aside in a schema.
    fn quarantined(
        &self,
        schema: &SchemaName,
    ) -> impl Future<Output = Result<Vec<QuarantineRecord>, EngineError>> + Send;
}
