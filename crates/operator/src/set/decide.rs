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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenantry_fleet::rollout::Paused;

    use super::super::testing::{at, digest, report, rollout};
    use super::super::worker::Ended;
    use super::*;

    use TenantState::{Drifted, Failed, InSync, Outdated, Pending};

    fn origin(word: &str) -> Origin {
        vec![word.to_owned()]
    }

    /// A set that was looked at just now, and found so.
    fn seen(report: Report) -> View {
        View {
            origin: Some(origin("now")),
            report: Some((origin("now"), Arc::new(report))),
            ended: Some(Ended { at: at(0), outcome: None, error: None, errors: 0 }),
            checked: Some(at(0)),
            ..View::default()
        }
    }

    /// What is done about a set that is wanted as `now` says, so many seconds after it was looked at.
    fn told_of(view: &View, seconds: i64, known: bool, mode: Mode) -> String {
        let wanted = origin("now");
        let todo = decide(Facts {
            origin: Some(&wanted),
            mode,
            known,
            view,
            orders: Orders::default(),
            drift_interval: Duration::from_secs(30),
            now: at(seconds),
        });
        match todo {
            Todo::Wait(pause) => format!("wait {}", pause.as_secs()),
            Todo::Begin(job, ..) => format!("{job:?}"),
            other => format!("{other:?}"),
        }
    }

    fn told(view: &View, seconds: i64) -> String {
        told_of(view, seconds, true, Mode::Apply)
    }

    #[test]
    fn a_set_that_is_well_is_looked_at_now_and_then() {
        let well = seen(report(&[InSync, InSync]));
        assert_eq!(told(&well, 10), "wait 20");
        assert_eq!(told(&well, 30), "Glance");
        let later = View { ended: Some(Ended { at: at(600), ..well.ended.clone().unwrap() }), ..well };
        assert_eq!(told(&later, 630), "Check");
    }

    #[test]
    fn what_is_new_is_worked_on_at_once() {
        assert_eq!(told_of(&View::default(), 0, false, Mode::Apply), "Apply");
        assert_eq!(told_of(&View::default(), 0, false, Mode::Observe), "Check");
        // After a start what was written before may still hold.
        assert_eq!(told_of(&View::default(), 0, true, Mode::Apply), "Glance");
        let before = View { origin: Some(origin("before")), ..seen(report(&[InSync])) };
        assert_eq!(told(&before, 1), "Apply");
        let running = View { running: Some((Job::Apply, Doing::Looking)), ..before };
        assert_eq!(told(&running, 1), "Stop");
    }

    #[test]
    fn what_an_apply_would_do_is_done_and_what_it_would_not_is_not_tried_again() {
        let awaiting = Report {
            revision: Some(digest("old")),
            rollout: Some(rollout(RolloutState::AwaitingApproval, None)),
            ..report(&[Outdated, Outdated])
        };
        let paused = Some(Paused::ByPerson { by: None });
        for (found, expected) in [
            (report(&[InSync, Pending]), "Apply"),
            (report(&[InSync, Outdated]), "Apply"),
            (report(&[InSync, Drifted]), "wait 20"),
            (Report { drift_mode: DriftMode::Correct, ..report(&[InSync, Drifted]) }, "Apply"),
            // A failed tenant waits for a person.
            (report(&[InSync, Failed]), "wait 20"),
            (Report { rollout: Some(rollout(RolloutState::Running, None)), ..report(&[InSync]) }, "Apply"),
            (Report { rollout: Some(rollout(RolloutState::Paused, paused)), ..report(&[InSync]) }, "wait 20"),
            (awaiting, "Apply"),
        ] {
            let view = seen(found);
            assert_eq!(told(&view, 10), expected, "{:?}", view.report.as_ref().unwrap().1.counts);
            let settled = Some(Signature::of(&view.report.as_ref().unwrap().1));
            assert_eq!(told(&View { settled, ..view }, 10), "wait 20");
        }
    }

    #[test]
    fn errors_are_tried_again_later_each_time() {
        let ended = |errors, error| Ended { at: at(0), outcome: None, error: Some(Arc::new(error)), errors };
        let home = || FleetError::Home {
            database: tenantry_engine::DatabaseName::new("main"),
            reason: "down".to_owned(),
        };
        let view = |errors, error| View { ended: Some(ended(errors, error)), ..seen(report(&[InSync])) };
        assert_eq!(told(&view(1, home()), 1), "wait 4");
        assert_eq!(told(&view(3, home()), 1), "wait 19");
        assert_eq!(told(&view(3, home()), 20), "Apply");
        let refused = FleetError::EmptyDefinition("app".to_owned());
        assert_eq!(told(&view(1, refused), 1), "wait 299");
    }

    #[test]
    fn a_window_that_opens_is_not_missed() {
        let outcome = Some(Outcome::OutsideWindow(Some(at(15))));
        let found = report(&[InSync, Outdated]);
        let settled = Some(Signature::of(&found));
        let view = View {
            settled,
            ended: Some(Ended { at: at(0), outcome, error: None, errors: 0 }),
            ..seen(found)
        };
        assert_eq!(told(&view, 10), "wait 5");
        assert_eq!(told(&view, 15), "Apply");
    }

    #[test]
    fn nothing_is_done_where_nothing_is_wanted() {
        let nothing = |view: &View| {
            decide(Facts {
                origin: None,
                mode: Mode::Apply,
                known: true,
                view,
                orders: Orders::default(),
                drift_interval: Duration::from_secs(30),
                now: at(99),
            })
        };
        assert!(matches!(nothing(&View::default()), Todo::Wait(_)));
        let running = View { running: Some((Job::Apply, Doing::Looking)), ..View::default() };
        assert_eq!(nothing(&running), Todo::Stop);
    }
}
