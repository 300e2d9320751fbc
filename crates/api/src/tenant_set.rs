//! TenantSet: which tenants there are, and how changes reach them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Duration, TenantState,
    refs::{LocalRef, TenantListRef},
    rollout_strategy::Rollout,
    rules,
};

/// Which tenants there are, which schema they get, and how changes reach them.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "tenantry.dev",
    version = "v1alpha1",
    kind = "TenantSet",
    plural = "tenantsets",
    namespaced,
    shortname = "ts",
    category = "tenantry",
    status = "TenantSetStatus",
    derive = "PartialEq",
    doc = "A TenantSet says which tenants there are, in which databases, which SchemaDefinition they get, and how changes reach them: in which waves, with how many failures, after whose approval. Deleting it touches no tenant's schema; spec.removal is about tenants that leave it.",
    validation = &rules::NAME_LENGTH,
    selectable = ".spec.schemaRef.name",
    printcolumn(name = "Schema", type_ = "string", json_path = ".spec.schemaRef.name"),
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.revision", description = "The revision in force"),
    printcolumn(name = "Tenants", type_ = "integer", json_path = ".status.tenants.total"),
    printcolumn(name = "Synced", type_ = "integer", json_path = ".status.tenants.inSync"),
    printcolumn(name = "Drifted", type_ = "integer", json_path = ".status.tenants.drifted"),
    printcolumn(name = "Failed", type_ = "integer", json_path = ".status.tenants.failed"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Outdated", type_ = "integer", json_path = ".status.tenants.outdated", priority = "1"),
    printcolumn(name = "Blocked", type_ = "integer", json_path = ".status.tenants.blocked", priority = "1"),
    printcolumn(name = "Unreachable", type_ = "integer", json_path = ".status.tenants.unreachable", priority = "1"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = "1")
)]
#[x_kube(validation = &rules::HOME_IS_LISTED, validation = &rules::HOME_IMMUTABLE)]
pub struct TenantSetSpec {
    /// The SchemaDefinition that the tenants get.
    pub schema_ref: SchemaRef,
    /// Where the tenants are. A tenant that must live in a database of its own is one more entry with its
    /// name; an entry that names a tenant goes before a pattern or query that matches it too.
    #[schemars(length(min = 1, max = 500))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub databases: Vec<DatabaseEntry>,
    /// The database whose ledger keeps the set's rollouts, waves and approvals. It must be one of
    /// `databases`. Default: the first of them. It cannot be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_database_ref: Option<LocalRef>,
    /// The role as which the tenants' own statements run, and which owns what they make. `{name}` in it
    /// stands for the tenant's name: `tenant_{name}_owner`. Default: what the TenantDatabase says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub owner_role: Option<String>,
    /// `Apply`: bring tenants to the definition. `Observe`: read and report only; needs rights to read only.
    /// Default: `Apply`.
    #[serde(default)]
    pub mode: Mode,
    /// What happens where a tenant has no schema yet. `Create`: it is made. `Adopt`: nothing, the tenant
    /// stays Pending until somebody made it. In both, the first plan for a schema that Tenantry did not make
    /// only adds; anything else waits for approval. Default: `Create`.
    #[serde(default)]
    pub provision: Provision,
    /// What becomes of the schema of a tenant that left the set. `Retain`: nothing. `Quarantine`: it is
    /// renamed aside, and back, with its rows, when the tenant is named again; it waits for an approval
    /// only under `rollout.approval: Always`. `Drop`: it is dropped with everything in it, but never
    /// before a person approved that, and never with what others built on it. Default: `Retain`.
    #[serde(default)]
    pub removal: Removal,
    /// What happens when somebody changes a tenant's schema by hand.
    #[serde(default)]
    pub drift: Drift,
    /// How a change reaches the tenants.
    #[serde(default)]
    pub rollout: Rollout,
    /// The claim that is given up, as the message of a refusal prints it. A schema that belongs to another
    /// set, another cluster, or a database that was restored under another address is left alone until the
    /// claim stands here. Remove it afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub take_over: Option<String>,
    /// How many tenants may be missing at once and count as gone. More than one in a hundred (at least one) that vanish from their
    /// sources together are not believed until this says so; nothing becomes of their schemas but what `removal` says. Remove it
    /// afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub let_go: Option<i32>,
    /// Do nothing at all for this set, not even look. What is being applied is finished. Default: false.
    #[serde(default)]
    pub suspend: bool,
    /// How many SchemaRevisions and finished SchemaRollouts are kept, so that one can go back to them.
    /// Default: 10.
    #[serde(default = "default_history_limit")]
    #[schemars(range(min = 1, max = 100))]
    pub history_limit: i32,
}

/// The SchemaDefinition, and the revision of it where that is pinned.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaRef {
    /// The SchemaDefinition's `metadata.name`.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Stay at this revision, or go back to it, whatever the definition says now: ten or more of its hex
    /// digits, as `kubectl tenantry history` prints them. Default: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = &rules::REVISION)]
    pub revision: Option<String>,
}

/// Tenants in one database.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::TEMPLATE_TELLS_TENANTS_APART)]
pub struct DatabaseEntry {
    /// The TenantDatabase.
    pub database_ref: LocalRef,
    /// Which tenants it holds.
    pub tenants: TenantSource,
    /// How a tenant's schema is called; `{name}` stands for the tenant's name. Where the query returns a
    /// schema, that goes before. Default: `tenant_{name}`.
    #[serde(default = "default_schema_template")]
    #[schemars(length(min = 1, max = 80))]
    #[x_kube(validation = &rules::TEMPLATE_NOT_RESERVED)]
    pub schema_template: String,
    /// Labels of all these tenants, for `rollout.waves[].select.labels`. What the query returns as labels
    /// goes before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::tenant_set::labels_schema")]
    pub labels: BTreeMap<String, String>,
}

/// Which tenants a database holds: exactly one of `names`, `schemaPattern`, `query` and `configMapRef`.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::ONE_SOURCE_OF_TENANTS, validation = &rules::QUERY_FIELDS_NEED_QUERY)]
pub struct TenantSource {
    /// The tenants' names, one by one. No other tenant of the set has them, so that a pattern or query in
    /// another entry leaves them out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 10_000),
        inner(length(min = 1, max = 253), pattern("^[^\\x00-\\x1f\\x7f]+$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub names: Option<Vec<String>>,
    /// The schemas that are there already and match: `*` stands for any text. The tenant's name is what
    /// `{name}` in `schemaTemplate` stands for, otherwise the schema's whole name. `public`, the system's
    /// schemas and Tenantry's own never match. No tenant is provisioned by a pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub schema_pattern: Option<String>,
    /// One SELECT on the application's own table of customers: a column `name`, and if wanted `schema` (text)
    /// and `labels` (jsonb object of strings). It runs read only, without row security, within
    /// `queryTimeout`. A tenant that is no longer returned counts as gone only after a second reading and a
    /// grace period; an empty result never means that all are gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8192))]
    pub query: Option<String>,
    /// The TenantDatabase that the query runs on, where the table of customers lives elsewhere. Only with
    /// `query`. Default: this entry's `databaseRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_database_ref: Option<LocalRef>,
    /// How long the query may run. Only with `query`. Default: `10s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_timeout: Option<Duration>,
    /// A ConfigMap with the tenants' names, one a line. They go before a pattern or query in another entry,
    /// as `names` do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<TenantListRef>,
}

impl TenantSource {
    /// How long the query may run when `queryTimeout` does not say.
    pub const DEFAULT_QUERY_TIMEOUT: Duration = Duration::from_secs(10);
}

/// Whether tenants are changed or only looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// Bring tenants to the definition.
    #[default]
    Apply,
    /// Read and report only.
    Observe,
}

/// What happens where a tenant has no schema yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Provision {
    /// It is made.
    #[default]
    Create,
    /// Somebody else makes it.
    Adopt,
}

/// What becomes of the schema of a tenant that left the set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Removal {
    /// Nothing.
    #[default]
    Retain,
    /// It is renamed aside.
    Quarantine,
    /// It is dropped with everything in it.
    Drop,
}

/// What happens when somebody changes a tenant's schema by hand.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// `Report`: the tenant is Drifted, and says so; the next revision is merged into what it has. `Correct`:
    /// it is brought back to the revision in force, by a proved plan and within `rollout.approval`. `Ignore`:
    /// as Report, but without condition and event. Default: `Report`.
    #[serde(default)]
    pub mode: DriftMode,
    /// How often it is looked for. The look costs one query a database, whatever the number of tenants.
    /// Default: `30s`; at least `1s`.
    #[serde(default = "default_drift_interval")]
    #[x_kube(validation = &rules::DRIFT_INTERVAL_RANGE)]
    pub interval: Duration,
}

/// What is done about drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DriftMode {
    /// Say so.
    #[default]
    Report,
    /// Bring the tenant back to the revision in force.
    Correct,
    /// Neither.
    Ignore,
}

impl Default for Drift {
    fn default() -> Self {
        Self { mode: DriftMode::default(), interval: default_drift_interval() }
    }
}

fn default_drift_interval() -> Duration {
    Duration::from_secs(30)
}

fn default_history_limit() -> i32 {
    10
}

fn default_schema_template() -> String {
    "tenant_{name}".to_owned()
}

/// The schema of a map of labels: sixteen at most, keys and values of 63 characters at most.
pub(crate) fn labels_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": { "type": "string", "maxLength": 63 },
    })
}

/// How many tenants, in sync and not, and what is going on.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantSetStatus {
    /// The `metadata.generation` that this status is about; -1 until the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Accepted`, `DatabasesReachable`, `Drifted`, `AwaitingApproval`, `Paused`; `Reconciling` and
    /// `Stalled` only while they are True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The revision in force, as ten hex digits: tenants' states are judged against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub revision: Option<String>,
    /// The revision that the definition asks for, where it is not in force yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub target_revision: Option<String>,
    /// How many tenants are in which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<TenantCounts>,
    /// The rollout that is going on, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_ref: Option<LocalRef>,
    /// Where the set's ledger is: the TenantDatabase's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub home: Option<String>,
    /// The tenants that need somebody to look, worst first. At most 20; the TenantSlices have all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub attention: Vec<TenantStatus>,
    /// How drifted tenants differ, those that differ alike together, most tenants first. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub drift: Vec<DriftGroup>,
    /// The tenants that left the set and whose schemas wait for an approval to be put aside or dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<Leaving>,
    /// What is worth knowing beside that, a sentence each. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 512)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub notes: Vec<String>,
}

/// Drifted tenants that differ from their revision in the same way.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftGroup {
    /// Where they are, as ten hex digits: the tenants in TenantSlices that have it too are those of the group.
    #[schemars(length(min = 1, max = 64))]
    pub fingerprint: String,
    /// The revision that they differ from, as ten hex digits.
    #[schemars(length(min = 1, max = 64))]
    pub revision: String,
    /// How many they are.
    #[schemars(range(min = 0))]
    pub tenants: i32,
    /// Some of them by name. At most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5), inner(length(max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub examples: Vec<String>,
    /// When the first of them was first seen so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// How they differ: a sentence an object, below it `- ` lines of what is declared and `+ ` lines of what was found. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 512)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub differences: Vec<String>,
    /// How many lines there are, those that are not shown counted too.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub differences_total: i32,
    /// What `spec.ignore` of the SchemaDefinition would have to have to allow it; empty where that is not enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub allow: Vec<String>,
}

/// Tenants that left, and wait for somebody's word.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leaving {
    /// What approves it.
    #[schemars(length(min = 64, max = 64))]
    pub digest: String,
    /// How many they are.
    #[schemars(range(min = 0))]
    pub tenants: i32,
    /// Some of them by name. At most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5), inner(length(max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub examples: Vec<String>,
}

/// How many tenants are in which state. `removed` ones are not part of `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantCounts {
    /// All tenants of the set.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub total: i32,
    /// Known, schema not there yet.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub pending: i32,
    /// Equal to the revision in force.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub in_sync: i32,
    /// Not reached by the rollout yet.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub outdated: i32,
    /// A plan is being applied.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub migrating: i32,
    /// Changed by hand.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub drifted: i32,
    /// A plan was applied and failed.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub failed: i32,
    /// No plan can be made, or rows are in the way.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub blocked: i32,
    /// Their database does not answer.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub unreachable: i32,
    /// Left the set.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub removed: i32,
}

/// The state of one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// The tenant's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The TenantDatabase that it lives in.
    #[schemars(length(min = 1, max = 253))]
    pub database: String,
    /// Its schema there.
    #[schemars(length(min = 1, max = 63))]
    pub schema: String,
    /// The revision that was applied last, as ten hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub revision: Option<String>,
    /// Its state, judged against the revision in force.
    pub state: TenantState,
    /// Since when it is in that state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Where a drifted tenant is, as ten hex digits: those that have the same differ in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub fingerprint: Option<String>,
    /// Why, and what to do. Never a row's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub message: Option<String>,
}
