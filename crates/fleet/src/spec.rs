//! What is wanted of a fleet, in the fleet's own words: what a TenantSet and
//! its SchemaDefinition say, however they were written down.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenantry_engine::{Claim, DatabaseName, Labels, Source};
use tenantry_planner::{Digest, Policy};

use crate::{Amount, SchemaTemplate, Window};

/// One set of tenants, and how it is kept.
#[derive(Clone, Debug)]
pub struct FleetSpec {
    /// The set's name, as people write it.
    pub name: String,
    /// By which the ledgers know it.
    pub identity: SetIdentity,
    /// What the tenants get.
    pub definition: Definition,
    /// The database whose ledger keeps the rollouts (D15).
    pub home: DatabaseName,
    /// Where the tenants are. More than one may be of the same database.
    pub entries: Vec<Entry>,
    /// Whether tenants are changed at all.
    pub mode: Mode,
    /// What happens where a tenant has no schema yet.
    pub provision: Provision,
    /// What becomes of the schema of a tenant that left.
    pub removal: Removal,
    /// What is done about drift.
    pub drift: DriftMode,
    /// How a change reaches the tenants.
    pub rollout: RolloutSpec,
    /// The claim that is given up, as a refusal printed it.
    pub take_over: Option<String>,
    /// So many tenants that are missing at once count as gone.
    pub let_go: Option<u32>,
    /// Nothing at all is done, not even looked.
    pub suspended: bool,
    /// How many ended rollouts and revisions are kept.
    pub history_limit: u32,
}

/// Who a set is, whatever it is called (D14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetIdentity {
    /// The set's `namespace/name`.
    pub set: String,
    /// The UID of its namespace on a cluster; `None` without one.
    pub cluster: Option<String>,
}

/// What the tenants get.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The SchemaDefinition's name.
    pub name: String,
    /// Its text, in order.
    pub sources: Vec<Source>,
    /// What a plan may do, and what is compared.
    pub policy: Policy,
    /// Whether a definition without any object is taken at its word.
    pub allow_empty: bool,
    /// Stay at, or go back to, the revision that begins with these hex digits.
    pub pinned: Option<String>,
}

/// Tenants in one database.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The database.
    pub database: DatabaseName,
    /// The TenantDatabase as claims name it.
    pub database_id: String,
    /// Which tenants it holds.
    pub tenants: TenantSource,
    /// How a tenant's schema is called.
    pub schema: SchemaTemplate,
    /// Labels of all these tenants.
    pub labels: Labels,
    /// Whether a tenant of this entry is taken out of every entry that is not
    /// exclusive.
    pub exclusive: bool,
}

/// Which tenants a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantSource {
    /// These, one by one.
    Names(Vec<String>),
    /// Those whose schemas are there already and match: `*` for any text.
    /// Provisions nothing.
    Pattern(String),
    /// Those that a query returns (D19).
    Query {
        /// One SELECT.
        sql: String,
        /// Where it runs, when elsewhere.
        database: Option<DatabaseName>,
        /// How long it may run.
        timeout: Duration,
    },
    /// These, from a list that is kept elsewhere.
    List {
        /// What people call the list: `configmap/customers`.
        origin: String,
        /// The names.
        names: Vec<String>,
    },
}

/// Whether tenants are changed or only looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Bring tenants to the definition.
    #[default]
    Apply,
    /// Read and report only.
    Observe,
}

/// What happens where a tenant has no schema yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provision {
    /// It is made.
    #[default]
    Create,
    /// Somebody else makes it.
    Adopt,
}

/// What becomes of the schema of a tenant that left the set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Removal {
    /// Nothing.
    #[default]
    Retain,
    /// It is renamed aside.
    Quarantine,
    /// It is dropped with everything in it.
    Drop,
}

/// What is done when somebody changed a tenant by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DriftMode {
    /// Say so; the next revision is merged into what the tenant has (D20a).
    #[default]
    Report,
    /// Bring the tenant back to the revision in force.
    Correct,
    /// As `Report`, but it is not a reason to exit non-zero.
    Ignore,
}

/// How a change reaches the tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutSpec {
    /// The waves, in order; the last one has no `select`. Empty: a canary of
    /// 1 % (at least 1, at most 10), then the rest (D17).
    pub waves: Vec<WaveSpec>,
    /// How many tenants are changed at once, over all databases.
    pub max_concurrent: u32,
    /// How many may fail in all before the rollout stops.
    pub failure_budget: Amount,
    /// What happens when a budget is spent.
    pub on_failure: OnFailure,
    /// What waits for a person.
    pub approval: Approval,
    /// The digest that was approved in Git.
    pub approved_digest: Option<Digest>,
    /// When tenants may be changed; empty for always.
    pub windows: Vec<Window>,
    /// How long one attempt on one tenant may take.
    pub tenant_timeout: Duration,
    /// What is tried again.
    pub retry: Retry,
}

impl Default for RolloutSpec {
    fn default() -> Self {
        Self {
            waves: Vec::new(),
            max_concurrent: 4,
            failure_budget: Amount::Percent(1),
            on_failure: OnFailure::default(),
            approval: Approval::default(),
            approved_digest: None,
            windows: Vec::new(),
            tenant_timeout: Duration::from_mins(10),
            retry: Retry::default(),
        }
    }
}

/// Some of the tenants, changed before the next wave begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveSpec {
    /// Its name.
    pub name: String,
    /// Which tenants, among those that no earlier wave has; `None` for all.
    pub select: Option<Select>,
    /// How many of them may fail; `None` is none for the first wave, and what
    /// the rollout's own budget says for the others.
    pub failure_budget: Option<Amount>,
    /// How long they must have been in sync before the next wave begins.
    pub min_ready: Duration,
    /// Wait after this wave until somebody resumes.
    pub pause: bool,
}

/// What a wave takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select {
    /// The tenants that have all of these labels.
    Labels(Labels),
    /// The tenants of these names.
    Names(Vec<String>),
    /// So many: a count, or a percentage of the whole set. The same ones each
    /// time.
    Some(Amount),
}

/// What happens when a budget is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Approval {
    /// Every change.
    Always,
    /// A change that removes something or may lose data.
    #[default]
    Destructive,
    /// Nothing but an adoption that does more than add (D20).
    Never,
}

/// What is tried again: only what may pass by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts a tenant gets in one rollout, the first one counted.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles each time.
    pub backoff: Duration,
    /// The longest pause between two attempts.
    pub max_backoff: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 5, backoff: Duration::from_secs(1), max_backoff: Duration::from_mins(1) }
    }
}

impl FleetSpec {
    /// The databases that it speaks of: of its entries, of their queries, its home. One may come more than once.
    pub fn databases(&self) -> impl Iterator<Item = &DatabaseName> {
        let queried = self.entries.iter().filter_map(|entry| match &entry.tenants {
            TenantSource::Query { database, .. } => database.as_ref(),
            _ => None,
        });
        self.entries.iter().map(|entry| &entry.database).chain(queried).chain([&self.home])
    }

    /// The right of this set to schemas of one entry's database.
    pub fn claim(&self, entry: &Entry) -> Claim {
        Claim {
            set: self.identity.set.clone(),
            cluster: self.identity.cluster.clone(),
            database: entry.database_id.clone(),
        }
    }
}
