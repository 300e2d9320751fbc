//! What is done about each TenantSet, one thing at a time: a look, or an apply that may take hours. A reconciliation
//! begins it, steers it and reads how far it is; it waits for nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tenantry_fleet::rollout::{Order, Outcome, Waiting};
use tenantry_fleet::{Control, DriftGroup, Fleet, FleetError, Handle, Options, Progress, Report};
use tenantry_postgres::PostgresEngine;
use tokio::task::JoinHandle;

use super::decide::Signature;
use crate::context::locked;
use crate::database::Origin;
use crate::serve::Served;
use crate::subject::Key;

/// How often the whole state is told while a rollout runs.
const REPORT_EVERY: Duration = Duration::from_secs(3);
/// How long what is under way may take when a term ends.
const FINISH_WITHIN: Duration = Duration::from_millis(500);

/// Something that is done about a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// A look that believes the servers' counters.
    Glance,
    /// A look that believes nothing.
    Check,
    /// Tenants are brought to the definition.
    Apply,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Tenants are looked at, or plans are made.
    #[default]
    Looking,
    /// A rollout runs.
    Rollout {
        /// What it waits for, and until when.
        waiting: Option<(Waiting, Option<Timestamp>)>,
        /// It is asked to stop.
        stopping: bool,
    },
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) at: Timestamp,
    /// How the run of a rollout ended, where there was one.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) error: Option<Arc<FleetError>>,
    /// How many jobs in a row ended with an error.
    pub(crate) errors: u32,
}

/// What is known of the work on a set.
#[derive(Clone, Default)]
pub(crate) struct View {
    /// What the fleet was made of that was worked on last.
    pub(crate) origin: Option<Origin>,
    pub(crate) running: Option<(Job, Doing)>,
    /// What was found last, and from which origin.
    pub(crate) report: Option<(Origin, Arc<Report>)>,
    /// How drifted tenants differ, as far as it was found out last.
    pub(crate) drift: Arc<Vec<DriftGroup>>,
    pub(crate) ended: Option<Ended>,
    /// When all tenants were read last, and when any look ended last.
    pub(crate) checked: Option<Timestamp>,
    /// What the last apply left, where another one would do nothing else.
    pub(crate) settled: Option<Signature>,
    /// What the last apply left.
    pub(crate) left: Option<Signature>,
    /// The orders that were carried out, or made no sense.
    pub(crate) given: HashSet<String>,
}

struct Worker {
    view: Arc<Mutex<View>>,
    fleet: Arc<Fleet<PostgresEngine>>,
    /// The job that runs, and the orders that it was given.
    running: Option<(Handle, JoinHandle<()>, HashSet<String>)>,
}

/// What is done about all sets.
#[derive(Default)]
pub(crate) struct Workers(Mutex<HashMap<Key, Worker>>);

impl Workers {
    /// What is known of the work on a set.
    pub(crate) fn view(&self, set: &Key) -> View {
        let workers = locked(&self.0);
        workers.get(set).map(|worker| locked(&worker.view).clone()).unwrap_or_default()
    }

    /// The fleet that was worked on last.
    pub(crate) fn fleet(&self, set: &Key) -> Option<Arc<Fleet<PostgresEngine>>> {
        locked(&self.0).get(set).map(|worker| Arc::clone(&worker.fleet))
    }

    /// Begins a job on a set of which none runs. `orders` are those in `options`. `wake` has the set looked at again.
    pub(crate) fn begin(
        &self,
        set: &Key,
        (fleet, origin): (Arc<Fleet<PostgresEngine>>, Origin),
        job: Job,
        (options, orders): (Options, HashSet<String>),
        served: Arc<Served>,
        wake: impl Fn() + Send + Sync + Clone + 'static,
    ) {
        let mut workers = locked(&self.0);
        let worker = workers.entry(set.clone()).or_insert_with(|| Worker {
            view: Arc::default(),
            fleet: Arc::clone(&fleet),
            running: None,
        });
        worker.fleet = Arc::clone(&fleet);
        {
            let mut view = locked(&worker.view);
            view.running = Some((job, Doing::default()));
            view.origin = Some(origin.clone());
        }
        let (control, handle) = watched(&worker.view, &origin, count(set, &served), wake.clone());
        let view = Arc::clone(&worker.view);
        let set = set.clone();
        let task = tokio::spawn(async move {
            let result = work(&fleet, job, &options, control).await;
            served.metrics.ended(&set, how(job, &result));
            if let Err(error) = &result
                && !matches!(error, FleetError::Stopped)
            {
                tracing::warn!(tenantset = %set, %error, "not done; it is tried again");
            }
            end(&mut locked(&view), job, origin, result, orders);
            wake();
        });
        worker.running = Some((handle, task, HashSet::new()));
    }

    /// Asks the job of a set to stop: what is under way is finished.
    pub(crate) fn stop(&self, set: &Key) {
        if let Some(Worker { running: Some((handle, ..)), .. }) = locked(&self.0).get(set) {
            handle.stop();
        }
    }

    /// Gives orders to the job of a set, each once.
    pub(crate) fn order(&self, set: &Key, orders: Vec<(String, Order)>) {
        let mut workers = locked(&self.0);
        let Some(Worker { running: Some((handle, _, given)), .. }) = workers.get_mut(set) else { return };
        for (key, order) in orders {
            if given.insert(key) {
                handle.order(order);
            }
        }
    }

    /// The set is gone: its job stops, and nothing is known of it any more.
    pub(crate) fn forget(&self, set: &Key) {
        self.stop(set);
        locked(&self.0).remove(set);
    }

    /// What was found last of each set.
    pub(crate) fn reports(&self) -> Vec<(Key, Arc<Report>)> {
        let workers = locked(&self.0);
        let all = workers.iter().filter_map(|(set, worker)| {
            let (_, report) = locked(&worker.view).report.clone()?;
            Some((set.clone(), report))
        });
        all.collect()
    }

    /// The term ends: all jobs are asked to stop. What takes longer than a moment is cancelled: the server undoes it, and the
    /// next one who leads begins it anew.
    pub(crate) async fn end(&self) {
        let workers: Vec<Worker> = locked(&self.0).drain().map(|(_, worker)| worker).collect();
        let mut tasks = Vec::new();
        for (handle, task, _) in workers.into_iter().filter_map(|worker| worker.running) {
            handle.stop();
            tasks.push(task);
        }
        let aborts: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
        let ending = futures::future::join_all(tasks);
        tokio::pin!(ending);
        if tokio::time::timeout(FINISH_WITHIN, &mut ending).await.is_err() {
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
            ending.await;
        }
    }
}

async fn work(
    fleet: &Fleet<PostgresEngine>,
    job: Job,
    options: &Options,
    mut control: Control,
) -> Result<(Option<Outcome>, Report), FleetError> {
    match job {
        Job::Glance => fleet.glance(&mut control).await.map(|report| (None, report)),
        Job::Check => fleet.check(&mut control).await.map(|report| (None, report)),
        Job::Apply => {
            let applied = fleet.apply(options, &mut control).await?;
            Ok((applied.outcome, applied.report))
        }
    }
}

/// A control that keeps a view up to date.
fn watched(
    view: &Arc<Mutex<View>>,
    origin: &Origin,
    count: impl Fn(&Progress) + Send + Sync + 'static,
    wake: impl Fn() + Send + Sync + Clone + 'static,
) -> (Control, Handle) {
    let (of_progress, of_reports) = (Arc::clone(view), Arc::clone(view));
    let (origin, again) = (origin.clone(), wake.clone());
    let (control, handle) = Control::new(move |progress| {
        count(&progress);
        let mut view = locked(&of_progress);
        if let Some((_, doing)) = &mut view.running
            && note(doing, progress)
        {
            wake();
        }
    });
    let control = control.reporting(REPORT_EVERY, move |report| {
        locked(&of_reports).report = Some((origin.clone(), Arc::new(report)));
        again();
    });
    (control, handle)
}

/// How a job ended, as it is counted.
fn how(job: Job, result: &Result<(Option<Outcome>, Report), FleetError>) -> &'static str {
    match (job, result) {
        (_, Err(_)) => "failed",
        (Job::Apply, Ok(_)) => "apply",
        (Job::Glance | Job::Check, Ok(_)) => "look",
    }
}

/// Counts what happens to tenants.
fn count(set: &Key, served: &Arc<Served>) -> impl Fn(&Progress) + Send + Sync + use<> {
    let (set, served) = (set.clone(), Arc::clone(served));
    move |progress| match progress {
        Progress::Applied { tenant, took, lock_retries } => {
            tracing::info!(tenantset = %set, %tenant, took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), lock_retries, "applied");
            served.metrics.applied(&set, *took, *lock_retries);
        }
        Progress::Failed { cause, tenant, message } => {
            tracing::warn!(tenantset = %set, %tenant, message, "a tenant failed");
            served.metrics.failed(&set, cause);
        }
        Progress::Blocked { tenant, message } => {
            tracing::warn!(tenantset = %set, %tenant, message, "a tenant is left alone");
        }
        _ => {}
    }
}

/// Whether something changed that people see.
fn note(doing: &mut Doing, progress: Progress) -> bool {
    let before = doing.clone();
    match (progress, &mut *doing) {
        (Progress::Rollout { .. } | Progress::RollingBack { .. }, _) => {
            *doing = Doing::Rollout { waiting: None, stopping: false };
        }
        (Progress::Waiting { what, until }, Doing::Rollout { waiting, .. }) => *waiting = Some((what, until)),
        (Progress::Waves { waves, .. }, Doing::Rollout { waiting, .. })
            if waves.iter().any(|wave| wave.running > 0) =>
        {
            *waiting = None;
        }
        (Progress::Stopping { .. }, Doing::Rollout { stopping, .. }) => *stopping = true,
        _ => {}
    }
    before != *doing
}

fn end(
    view: &mut View,
    job: Job,
    origin: Origin,
    result: Result<(Option<Outcome>, Report), FleetError>,
    orders: HashSet<String>,
) {
    let at = Timestamp::now();
    view.running = None;
    match result {
        Ok((outcome, report)) => {
            view.drift = Arc::new(report.drift.clone());
            if job == Job::Apply {
                let left = Signature::of(&report);
                // A rollout that is over leaves those that it was not for to another one.
                let more = matches!(outcome, Some(Outcome::Ended(_))) && report.counts.outdated > 0;
                let same = view.left.replace(left) == Some(left);
                view.settled = (same || !more).then_some(left);
            }
            if job != Job::Glance {
                view.checked = Some(at);
            }
            view.report = Some((origin, Arc::new(report)));
            view.given.extend(orders);
            view.ended = Some(Ended { at, outcome, error: None, errors: 0 });
        }
        // It was asked to: for something else that is to be done.
        Err(FleetError::Stopped) => {
            view.ended = Some(Ended { at, outcome: Some(Outcome::Stopped), error: None, errors: 0 });
        }
        Err(error) => {
            let about_orders = matches!(
                error,
                FleetError::Digest(_) | FleetError::Order(_) | FleetError::NothingToApprove(_)
            );
            let errors = view.ended.as_ref().map_or(0, |ended| ended.errors) + 1;
            // An order that makes no sense is no reason to do nothing else.
            let error = match about_orders {
                true => {
                    view.given.extend(orders);
                    None
                }
                false => Some(Arc::new(error)),
            };
            view.ended = Some(Ended { at, outcome: None, error, errors });
        }
    }
}
