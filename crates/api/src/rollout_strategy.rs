//! How a change reaches the tenants of a set: waves, budgets, approval, windows, timeouts, retries.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CountOrPercent, Duration, rules};

/// How a change reaches the tenants.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::WAVES_END_WITH_THE_REST)]
pub struct Rollout {
    /// The waves, one after the other; a tenant belongs to the first one that selects it, and the last one,
    /// without `select`, takes all the rest. Default: a canary of 1 % of the tenants (at least 1, at most
    /// 10), then the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub waves: Vec<Wave>,
    /// How many tenants are changed at the same time, over all databases; each database's
    /// `limits.maxConnections` holds too. Default: 4.
    #[serde(default = "default_max_concurrent")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_concurrent: i32,
    /// How many tenants may fail before the rollout stops: a number, or a percentage of the whole set,
    /// rounded up. It holds over all waves together; the first wave tolerates none unless its own
    /// `failureBudget` says so. Default: `1%`.
    #[serde(default = "default_failure_budget")]
    pub failure_budget: CountOrPercent,
    /// What happens when a budget is spent. `Pause`: no further tenant is touched until somebody resumes, and
    /// the set is Stalled. `Continue`: go on, and report. `RollBack`: bring the tenants that were changed
    /// back. Default: `Pause`.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// What waits for a person's approval before anything of the rollout starts. `Always`: every change.
    /// `Destructive`: a change that removes something or may lose data. `Never`: nothing. Default:
    /// `Destructive`.
    #[serde(default)]
    pub approval: Approval,
    /// The digest of the plan that is approved: all 64 hex digits, as `kubectl tenantry plan -o json` prints
    /// them. With another digest in it nothing happens that needs approval. The other way is `kubectl
    /// tenantry approve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = &rules::DIGEST)]
    pub approved_digest: Option<String>,
    /// When tenants may be changed. Outside of the windows no further tenant is started; what is being
    /// applied is finished. New tenants are provisioned at any time. Default: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub windows: Vec<Window>,
    /// How long one thing may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// What is tried again, and how often.
    #[serde(default)]
    pub retry: Retry,
}

/// Some of the tenants, that are changed before the next wave begins.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wave {
    /// The wave's name, as status and messages show it.
    #[schemars(length(min = 1, max = 63), pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Which tenants are in it, among those that no earlier wave has. Only the last wave has none: it takes
    /// the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<WaveSelect>,
    /// How many tenants of this wave may fail before the rollout stops: a number, or a percentage of the
    /// whole set, rounded up. Default: 0 for the first wave; no limit but the set's for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_budget: Option<CountOrPercent>,
    /// How long the wave's tenants must have been in sync before the next wave begins. Default: `0s`.
    #[serde(default)]
    pub min_ready: Duration,
    /// After this wave, wait until somebody resumes (`kubectl tenantry resume`). Default: false.
    #[serde(default)]
    pub pause: bool,
}

/// Which tenants are in a wave: exactly one of `labels`, `names`, `percent` and `count`.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::ONE_WAY_TO_SELECT)]
pub struct WaveSelect {
    /// The tenants that have all of these labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::tenant_set::labels_schema")]
    pub labels: Option<BTreeMap<String, String>>,
    /// The tenants of these names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub names: Option<Vec<String>>,
    /// That share of the whole set, 1 to 100, rounded up; the same tenants each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub percent: Option<i32>,
    /// So many tenants; the same ones each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub count: Option<i32>,
}

/// What happens when a budget is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnFailure {
    /// No further tenant is touched until somebody resumes.
    #[default]
    Pause,
    /// Go on, and report.
    Continue,
    /// Bring the tenants that were changed back.
    RollBack,
}

/// What waits for a person's approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Approval {
    /// Every change.
    Always,
    /// A change that removes something or may lose data.
    #[default]
    Destructive,
    /// Nothing.
    Never,
}

/// A time of the week in which tenants may be changed.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::WINDOW_HAS_LENGTH)]
pub struct Window {
    /// The days on which the window begins. Default: every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub days: Vec<Day>,
    /// When it begins, `HH:MM`.
    #[schemars(length(max = 5))]
    #[x_kube(validation = &rules::TIME_OF_DAY)]
    pub from: String,
    /// When it ends, `HH:MM`; earlier than `from` means on the next day.
    #[schemars(length(max = 5))]
    #[x_kube(validation = &rules::TIME_OF_DAY)]
    pub to: String,
    /// The time zone of both, by its IANA name, such as `Europe/Berlin`. Default: `UTC`.
    #[serde(default = "default_time_zone")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// How long one thing may take. A single statement's limits stand in TenantDatabase `limits`.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeouts {
    /// One attempt on one tenant, with all its statements. Then it is ended and counts as failed. Default:
    /// `10m`.
    #[serde(default = "default_tenant_timeout")]
    #[x_kube(validation = &rules::TENANT_TIMEOUT_POSITIVE)]
    pub tenant: Duration,
}

/// What is tried again: only what may pass by itself (a lock that was held, a connection that was lost, a
/// deadlock).
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::BACKOFF_GROWS)]
pub struct Retry {
    /// How many attempts a tenant gets in one rollout, the first one counted. Default: 5; `1` tries nothing
    /// again.
    #[serde(default = "default_attempts")]
    #[schemars(range(min = 1, max = 100))]
    pub attempts: i32,
    /// The pause before the second attempt; it doubles each time. Default: `1s`.
    #[serde(default = "default_backoff")]
    pub backoff: Duration,
    /// The longest pause between two attempts. Default: `1m`.
    #[serde(default = "default_max_backoff")]
    pub max_backoff: Duration,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            waves: Vec::new(),
            max_concurrent: default_max_concurrent(),
            failure_budget: default_failure_budget(),
            on_failure: OnFailure::default(),
            approval: Approval::default(),
            approved_digest: None,
            windows: Vec::new(),
            timeouts: Timeouts::default(),
            retry: Retry::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { tenant: default_tenant_timeout() }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: default_attempts(), backoff: default_backoff(), max_backoff: default_max_backoff() }
    }
}

fn default_max_concurrent() -> i32 {
    4
}

fn default_failure_budget() -> CountOrPercent {
    CountOrPercent::Percent(1)
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}

fn default_tenant_timeout() -> Duration {
    Duration::from_mins(10)
}

fn default_attempts() -> i32 {
    5
}

fn default_backoff() -> Duration {
    Duration::from_secs(1)
}

fn default_max_backoff() -> Duration {
    Duration::from_mins(1)
}
