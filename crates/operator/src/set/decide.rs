//! What is to be done about a TenantSet next. Decides only.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use jiff::Timestamp;
use tenantry_fleet::rollout::{Order, Outcome, RolloutState};
use tenantry_fleet::{DepartureState, DriftMode, FleetError, Mode, Options, Report, TenantState};

use super::orders::Orders;
use super::worker::{Doing, Job, View};
use crate::context::pause;
use crate::database::Origin;

/// How often all tenants are read, whatever the servers' counters say.
const CHECK_EVERY: Duration = Duration::from_secs(600);
/// How often what only another spec helps is tried all the same: an extension may have been installed.
const TRY_ANYWAY: Duration = Duration::from_secs(300);
/// A job that runs wakes the set by itself; this is for one that is silent.
pub(super) const LOOK_AFTER_JOB: Duration = Duration::from_secs(60);

/// What is known.
pub(super) struct Facts<'a> {
    /// What the fleet that is wanted is made of; `None` when nothing is to be done.
    pub(super) origin: Option<&'a Origin>,
    pub(super) mode: Mode,
    /// Whether a status was written for this spec before.
    pub(super) known: bool,
    pub(super) view: &'a View,
    pub(super) orders: Orders,
    pub(super) drift_interval: Duration,
    pub(super) now: Timestamp,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Todo {
    /// Nothing, until something happens or this time has passed.
    Wait(Duration),
    /// The job that runs is stopped: something else is wanted.
    Stop,
    /// The job that runs is given orders.
    Give(Vec<(String, Order)>),
    /// A job is begun, with these orders.
    Begin(Job, Box<Options>, HashSet<String>),
}

impl Todo {
    fn begin(job: Job) -> Self {
        Self::Begin(job, Box::default(), HashSet::new())
    }
}

/// What of a fleet's state decides whether there is something new to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature(u64);

impl Signature {
    /// Equal for states in which another apply would do what the last one did.
    pub(crate) fn of(report: &Report) -> Self {
        let mut hasher = DefaultHasher::new();
        report.target.as_str().hash(&mut hasher);
        if let Some(rollout) = report.rollout.as_ref().filter(|rollout| rollout.ended.is_none()) {
            (&rollout.id, rollout.state).hash(&mut hasher);
        }
        for tenant in report.tenants.iter().filter(|tenant| tenant.state != TenantState::InSync) {
            (tenant.name.as_str(), tenant.database.as_str(), tenant.state).hash(&mut hasher);
        }
        for group in &report.drift {
            group.fingerprint.to_string().hash(&mut hasher);
        }
        for departing in &report.departures.tenants {
            (departing.name.as_str(), departing.state as u8).hash(&mut hasher);
        }
        Self(hasher.finish())
    }
}

/// What is to be done next.
pub(super) fn decide(facts: Facts<'_>) -> Todo {
    let view = facts.view;
    let Some(origin) = facts.origin else {
        return if view.running.is_some() { Todo::Stop } else { Todo::Wait(LOOK_AFTER_JOB) };
    };
    let is_current = view.origin.as_ref() == Some(origin);
    if let Some((_, doing)) = &view.running {
        return match doing {
            Doing::Rollout { stopping: true, .. } => Todo::Wait(LOOK_AFTER_JOB),
            _ if !is_current => Todo::Stop,
            Doing::Rollout { .. } if !facts.orders.is_empty() => Todo::Give(facts.orders.live()),
            _ => Todo::Wait(LOOK_AFTER_JOB),
        };
    }
    if !is_current {
        // After a start what is known may still hold; after a change of what is wanted it does not.
        return match (view.origin.is_none() && facts.known, facts.mode) {
            (true, _) => Todo::begin(Job::Glance),
            (false, Mode::Observe) => Todo::begin(Job::Check),
            (false, Mode::Apply) => apply(facts.orders),
        };
    }
    if let Some(left) = pause_left(view, facts.now) {
        return Todo::Wait(left);
    }
    let has_to = || failed(view) || opens(view, facts.now) || has_work(view);
    if facts.mode == Mode::Apply && (!facts.orders.is_empty() || has_to()) {
        return apply(facts.orders);
    }
    look(&facts)
}

/// Tenants are brought to where they should be, with what people ordered.
fn apply(orders: Orders) -> Todo {
    let (options, told) = orders.options();
    Todo::Begin(Job::Apply, Box::new(options), told)
}

/// How long is still to be waited after an error.
fn pause_left(view: &View, now: Timestamp) -> Option<Duration> {
    let ended = view.ended.as_ref()?;
    let error = ended.error.as_ref()?;
    let pause = if only_another_spec_helps(error) { TRY_ANYWAY } else { pause(ended.errors) };
    left(ended.at, pause, now)
}

/// What is left of a time that began then; `None` when nothing is.
fn left(since: Timestamp, whole: Duration, now: Timestamp) -> Option<Duration> {
    let passed = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    whole.checked_sub(passed).filter(|left| !left.is_zero())
}

/// Whether an error stays until somebody changes something.
pub(super) fn only_another_spec_helps(error: &FleetError) -> bool {
    matches!(
        error,
        FleetError::Definition { .. }
            | FleetError::EmptyDefinition(_)
            | FleetError::Revision(_)
            | FleetError::RolledBack { .. }
            | FleetError::State(_)
    )
}

fn failed(view: &View) -> bool {
    view.ended.as_ref().is_some_and(|ended| ended.error.is_some() || ended.outcome == Some(Outcome::Stopped))
}

/// Whether a window has opened that was waited for.
fn opens(view: &View, now: Timestamp) -> bool {
    let outcome = view.ended.as_ref().and_then(|ended| ended.outcome.as_ref());
    matches!(outcome, Some(Outcome::OutsideWindow(Some(opens))) if *opens <= now)
}

/// Whether an apply would find something to do that the last one did not.
fn has_work(view: &View) -> bool {
    let Some((_, report)) = &view.report else { return true };
    let counts = &report.counts;
    let open = report
        .rollout
        .as_ref()
        .is_some_and(|rollout| matches!(rollout.state, RolloutState::Running | RolloutState::RollingBack));
    let some = open
        || report.revision.as_ref() != Some(&report.target)
        || counts.pending + counts.outdated + counts.migrating > 0
        || counts.drifted > 0 && report.drift_mode == DriftMode::Correct
        || report.departures.any(&[DepartureState::Due]);
    some && view.settled != Some(Signature::of(report))
}

/// When to look again.
fn look(facts: &Facts<'_>) -> Todo {
    let view = facts.view;
    let now = facts.now;
    let window = match view.ended.as_ref().and_then(|ended| ended.outcome.as_ref()) {
        Some(Outcome::OutsideWindow(Some(opens))) => Duration::try_from(opens.duration_since(now)).ok(),
        _ => None,
    };
    let looked = view.ended.as_ref().map(|ended| ended.at);
    match looked.and_then(|at| left(at, facts.drift_interval, now)) {
        Some(wait) => Todo::Wait(window.map_or(wait, |window| window.min(wait))),
        None if view.checked.is_none_or(|at| left(at, CHECK_EVERY, now).is_none()) => Todo::begin(Job::Check),
        None => Todo::begin(Job::Glance),
    }
}
