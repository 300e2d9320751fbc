//! SchemaRollout: one change of a TenantSet to a target, as far as it is.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{refs::LocalRef, rules};

/// Which change this is, and what people ordered about it.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "tenantry.dev",
    version = "v1alpha1",
    kind = "SchemaRollout",
    plural = "schemarollouts",
    namespaced,
    shortname = "sro",
    category = "tenantry",
    status = "SchemaRolloutStatus",
    derive = "PartialEq",
    doc = "A SchemaRollout is one change of a TenantSet to a target revision: which groups of tenants there are, what is done to each, what was approved, and how far each wave is. The operator writes it; people's orders (kubectl tenantry approve, pause, resume, retry, skip, correct) arrive in its spec. The truth stands in the ledger in the database; this is a view of it.",
    selectable = ".spec.tenantSetRef.name",
    selectable = ".status.state",
    printcolumn(name = "TenantSet", type_ = "string", json_path = ".spec.tenantSetRef.name"),
    printcolumn(name = "To", type_ = "string", json_path = ".spec.to"),
    printcolumn(name = "Wave", type_ = "string", json_path = ".status.wave"),
    printcolumn(name = "Done", type_ = "string", json_path = ".status.done"),
    printcolumn(name = "Failed", type_ = "integer", json_path = ".status.failed"),
    printcolumn(name = "Hazards", type_ = "string", json_path = ".status.hazards"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Digest", type_ = "string", json_path = ".status.digest", priority = "1"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = "1"
    )
)]
#[x_kube(validation = &rules::ROLLOUT_TARGET_IMMUTABLE)]
pub struct SchemaRolloutSpec {
    /// The TenantSet that is changed.
    pub tenant_set_ref: LocalRef,
    /// The revision that the set had in force when the rollout began, as ten hex digits; none for the first
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub from: Option<String>,
    /// The revision that the tenants get, as ten hex digits.
    #[schemars(length(min = 10, max = 64), pattern("^[0-9a-f]+$"))]
    pub to: String,
    /// What was approved, and by whom. Another digest than the rollout's own, or a group's, is of no effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["digest".into()]))]
    pub approvals: Vec<ApprovalRecord>,
    /// Start no further tenant until this is false again. Default: false.
    #[serde(default)]
    pub paused: bool,
    /// The waves after which somebody said to go on, where a wave says `pause` or a budget is spent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["wave".into()]))]
    pub resumed: Vec<Resumption>,
    /// Failed or blocked tenants that are tried once more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["tenant".into()]))]
    pub retries: Vec<TenantOrder>,
    /// Tenants that this rollout leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["tenant".into()]))]
    pub skips: Vec<TenantOrder>,
    /// Drifted tenants that are brought to the target itself, without what somebody changed by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["tenant".into()]))]
    pub corrections: Vec<TenantOrder>,
}

/// One approval.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRecord {
    /// The digest that is approved: all 64 hex digits of the whole plan's, or of one group's.
    #[schemars(length(max = 64))]
    #[x_kube(validation = &rules::DIGEST)]
    pub digest: String,
    /// Who approved it, as the command line knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
}

/// Somebody's word to go on after a wave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resumption {
    /// The wave that was waited after.
    #[schemars(length(min = 1, max = 63))]
    pub wave: String,
    /// Who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub by: Option<String>,
    /// When. A later time resumes once more.
    pub at: Time,
}

/// Somebody's order about one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantOrder {
    /// The tenant's name.
    #[schemars(length(min = 1, max = 253))]
    pub tenant: String,
    /// Who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub by: Option<String>,
    /// When. A later time is a new order.
    pub at: Time,
}

/// Where the rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RolloutState {
    /// Plans are made and proved.
    Planning,
    /// Somebody has to approve it.
    AwaitingApproval,
    /// Tenants are being changed.
    Running,
    /// A wave's `minReady` passes, or no window is open.
    Waiting,
    /// Somebody paused it, a wave says `pause`, or a budget is spent.
    Paused,
    /// Tenants are being brought back.
    RollingBack,
    /// Every tenant that was not skipped has the target.
    Succeeded,
    /// It ended, and some tenants have not got the target.
    Failed,
    /// Tenants were brought back.
    RolledBack,
    /// A newer target took its place.
    Superseded,
}

/// What the rollout does, and how far it is.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaRolloutStatus {
    /// The `metadata.generation` that this status is about; -1 until the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` (it succeeded), `Proved`, `AwaitingApproval`, `Paused`; `Reconciling` and `Stalled` only while
    /// they are True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<RolloutState>,
    /// The digest of the whole plan: statements of all groups, target, and the tenants it was offered for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub digest: Option<String>,
    /// The wave that is being worked on, such as `2/3 first`; `-` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub wave: Option<String>,
    /// How many tenants have the target, out of how many: `163/1500`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub done: Option<String>,
    /// How many tenants failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub failed: Option<i32>,
    /// The hazards of all groups, in one line: `locks,drops-data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub hazards: Option<String>,
    /// When the first tenant was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended, in whatever way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// The waves, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub waves: Vec<WaveStatus>,
    /// The groups of tenants that start from the same point, largest first. At most 20; the ledger has all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub groups: Vec<GroupStatus>,
    /// How many groups there are, those that are not shown counted too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub groups_total: Option<i32>,
}

/// How far one wave is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaveStatus {
    /// The wave's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// How many tenants are in it.
    #[schemars(range(min = 0))]
    pub tenants: i32,
    /// How many of them have the target.
    #[schemars(range(min = 0))]
    pub done: i32,
    /// How many of them failed.
    #[schemars(range(min = 0))]
    pub failed: i32,
    /// How many may fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub failure_budget: Option<i32>,
    /// When its first tenant was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When its last tenant was in sync; `minReady` counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_time: Option<Time>,
}

/// Tenants that start from the same point, and what is done to each of them.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupStatus {
    /// The fingerprint that they start from; none where there is no schema yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub from: Option<String>,
    /// The fingerprint that they get.
    #[schemars(length(max = 80))]
    pub to: String,
    /// How many tenants are in the group.
    #[schemars(range(min = 0))]
    pub tenants: i32,
    /// Some of them by name. At most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5), inner(length(max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub examples: Vec<String>,
    /// The group's own digest, which can be approved by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub digest: Option<String>,
    /// The statements, in order, with `__TENANT__` for the schema's name. At most 20 of at most 1,024
    /// characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub statements: Vec<String>,
    /// How many statements there are, those that are not shown counted too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub statements_total: Option<i32>,
    /// What may hurt: each hazard's code, object and what it means. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub hazards: Vec<String>,
    /// The locks that are taken, in one line each: `invoice: ACCESS EXCLUSIVE, briefly`. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub locks: Vec<String>,
    /// Why no plan can be made for the group, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub blocked: Option<String>,
}
