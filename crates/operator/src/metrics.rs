//! What is counted for Prometheus. No label names a tenant: a fleet of 10,000 has as many lines as one of ten.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tenantry_fleet::rollout::RolloutState;
use tenantry_fleet::{Report, TenantState};

use crate::context::{Context, locked};
use crate::subject::Key;

/// A TenantSet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSet {
    namespace: String,
    tenantset: String,
}

/// A TenantSet and one of several things of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    namespace: String,
    tenantset: String,
    kind: String,
}

impl From<&Key> for OfSet {
    fn from(set: &Key) -> Self {
        Self { namespace: set.namespace.clone(), tenantset: set.name.clone() }
    }
}

impl OfKind {
    fn new(set: &Key, kind: impl fmt::Display) -> Self {
        Self { namespace: set.namespace.clone(), tenantset: set.name.clone(), kind: kind.to_string() }
    }
}

/// Everything that is counted in one process.
pub(crate) struct Metrics {
    registry: Registry,
    applies: Family<OfSet, Histogram, fn() -> Histogram>,
    lock_retries: Family<OfSet, Counter>,
    failures: Family<OfKind, Counter>,
    jobs: Family<OfKind, Counter>,
    leads: Gauge,
    /// Whose sets are shown: those of the term in which this process leads.
    term: Arc<Mutex<Weak<Context>>>,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 4.0, 10))
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("tenantry");
        let applies: Family<OfSet, Histogram, fn() -> Histogram> = Family::new_with_constructor(seconds);
        let (lock_retries, failures, jobs) = (Family::default(), Family::default(), Family::default());
        let leads = Gauge::default();
        let term = Arc::new(Mutex::new(Weak::new()));
        registry.register(
            "apply_seconds",
            "How long a plan took on one tenant, from lock to commit",
            applies.clone(),
        );
        registry.register(
            "lock_retries",
            "How often a tenant's lock was not to be had in time",
            lock_retries.clone(),
        );
        registry.register("failures", "Tenants on which a plan failed, by cause", failures.clone());
        registry.register("jobs", "Looks and applies that ended, by how", jobs.clone());
        registry.register("leader", "Whether this process holds the Lease", leads.clone());
        registry.register_collector(Box::new(Sets(Arc::clone(&term))));
        Self { registry, applies, lock_retries, failures, jobs, leads, term }
    }

    /// This process leads; what is shown of sets comes from here.
    pub(crate) fn lead(&self, context: &Arc<Context>) {
        self.leads.set(1);
        *locked(&self.term) = Arc::downgrade(context);
    }

    /// It does no more.
    pub(crate) fn follow(&self) {
        self.leads.set(0);
        *locked(&self.term) = Weak::new();
    }

    /// A plan was committed on a tenant.
    pub(crate) fn applied(&self, set: &Key, took: Duration, lock_retries: u32) {
        self.applies.get_or_create(&set.into()).observe(took.as_secs_f64());
        if lock_retries > 0 {
            self.lock_retries.get_or_create(&set.into()).inc_by(u64::from(lock_retries));
        }
    }

    /// A plan failed on a tenant.
    pub(crate) fn failed(&self, set: &Key, cause: &str) {
        self.failures.get_or_create(&OfKind::new(set, cause)).inc();
    }

    /// A look or an apply ended.
    pub(crate) fn ended(&self, set: &Key, how: &str) {
        self.jobs.get_or_create(&OfKind::new(set, how)).inc();
    }

    /// As Prometheus reads it.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// What is known of all sets at the moment of asking.
#[derive(Debug)]
struct Sets(Arc<Mutex<Weak<Context>>>);

impl Collector for Sets {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(context) = locked(&self.0).upgrade() else { return Ok(()) };
        let reports = context.workers.reports();
        let mut gauge = |name: &str, help: &str, values: BTreeMap<(Key, String), f64>| {
            let mut family =
                encoder.encode_descriptor(name, help, None, prometheus_client::metrics::MetricType::Gauge)?;
            for ((set, kind), value) in values {
                let labels = OfKind::new(&set, kind);
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
            Ok::<(), fmt::Error>(())
        };
        let each = |of: &dyn Fn(&Report) -> Vec<(String, f64)>| -> BTreeMap<(Key, String), f64> {
            let all = reports.iter().flat_map(|(set, report)| {
                of(report).into_iter().map(|(kind, value)| ((set.clone(), kind), value))
            });
            all.collect()
        };
        gauge("tenants", "Tenants by state", each(&states))?;
        gauge("drift_seconds", "For how long the tenants that drifted first have been so", each(&drift))?;
        gauge("rollout", "1 for the state that the newest rollout is in", each(&rollout))?;
        gauge("rollout_tenants", "Tenants of the newest rollout: in all, done, failed", each(&progress))
    }
}

fn states(report: &Report) -> Vec<(String, f64)> {
    let count = |state| report.tenants.iter().filter(|tenant| tenant.state == state).count();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 tenants")]
    TenantState::ALL.iter().map(|state| (state.to_string(), count(*state) as f64)).collect()
}

fn drift(report: &Report) -> Vec<(String, f64)> {
    let now = jiff::Timestamp::now();
    let drifted = report.tenants.iter().filter(|tenant| tenant.state == TenantState::Drifted);
    let oldest = drifted.filter_map(|tenant| tenant.since).min();
    oldest.map(|since| ("oldest".to_owned(), now.duration_since(since).as_secs_f64())).into_iter().collect()
}

fn rollout(report: &Report) -> Vec<(String, f64)> {
    let states = [
        RolloutState::AwaitingApproval,
        RolloutState::Running,
        RolloutState::Paused,
        RolloutState::RollingBack,
        RolloutState::Succeeded,
        RolloutState::Failed,
        RolloutState::RolledBack,
        RolloutState::Superseded,
    ];
    let Some(rollout) = &report.rollout else { return Vec::new() };
    let is = |state| if rollout.state == state { 1.0 } else { 0.0 };
    states.into_iter().map(|state| (state.to_string(), is(state))).collect()
}

fn progress(report: &Report) -> Vec<(String, f64)> {
    let Some(rollout) = &report.rollout else { return Vec::new() };
    let all: u32 = rollout.waves.iter().map(|wave| wave.tenants).sum();
    let failed = u32::try_from(rollout.failures.len()).unwrap_or(u32::MAX);
    let values = [("all", all), ("done", rollout.done), ("failed", failed)];
    values.into_iter().map(|(kind, value)| (kind.to_owned(), f64::from(value))).collect()
}
