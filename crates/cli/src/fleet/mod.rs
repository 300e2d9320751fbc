//! `fleet ...`: a whole fleet as its manifests declare it, once, without a cluster.

mod databases;
mod progress;
mod refused;

use std::io::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use tenantry_api::TenantSet;
use tenantry_api::tenant_set::Mode;
use tenantry_engine::{Engine, TenantName};
use tenantry_fleet::rollout::{Order, RolloutState};
use tenantry_fleet::{
    ApplyReport, Control, Correct, DepartureState, DriftGroup, DriftMode, Fleet, FleetError, GroupOutcome,
    Options, PlanReport, Report,
};
use tenantry_manifest::{Environment, Input, LoadError, Located, Manifests, load};
use tenantry_planner::Digest;
use tenantry_postgres::Connections;

pub use databases::engine;

use databases::Databases;
use progress::Watcher;

use crate::args::{FleetArgs, FleetCommand, Output, RunArgs};
use crate::interrupt::{Interrupts, Stop};
use crate::output::{self, Commands};
use crate::{Failure, Outcome, write};

/// Runs one command on all sets that it is about. What one set's failure stops is that set.
pub async fn run(command: &FleetCommand, verbose: u8) -> Result<Outcome, Failure> {
    let args = arguments(command);
    let environment = Environment::of_this_process();
    let manifests = manifests(&args.files, &environment)?;
    let sets = sets(&manifests, args.set.as_deref())?;
    let mut interrupts = Interrupts::listen()?;
    let connections = Connections::default();
    let several = manifests.sets.len() > 1;
    let mut outcome = Outcome::Fine;
    for (at, set) in sets.iter().enumerate() {
        if at > 0 && args.output == Output::Text {
            write("\n")?;
        }
        let name = several.then_some(set.name().name.as_str());
        let commands = Commands::new(&args.files, name);
        let watcher = Watcher::new(args.output == Output::Json && verbose == 0);
        let one = One { command, manifests: &manifests, set, commands, verbose, watcher };
        match one.run(&environment, &connections, &mut interrupts).await {
            Ok(ended) => outcome = outcome.max(ended),
            Err(failure) if several => {
                let _ = writeln!(anstream::stderr(), "tenantset/{}: {failure}", set.name());
                outcome = outcome.max(Outcome::NotDone);
            }
            Err(failure) => return Err(failure),
        }
        if interrupts.came() {
            return Ok(Outcome::Interrupted);
        }
    }
    Ok(outcome)
}

fn arguments(command: &FleetCommand) -> &FleetArgs {
    match command {
        FleetCommand::Check(args) | FleetCommand::Plan(args) | FleetCommand::Status(args) => args,
        FleetCommand::Apply(args) => &args.fleet,
        FleetCommand::Drift(args) => &args.fleet,
        FleetCommand::Rollback(args) => &args.fleet,
        FleetCommand::History(args) => &args.fleet,
    }
}

/// Reads manifests; what is worth knowing of them goes to standard error.
pub fn manifests(files: &[String], environment: &Environment) -> Result<Manifests, Failure> {
    let inputs: Vec<Input> = files.iter().map(|file| Input::from(file.as_str())).collect();
    let manifests = load(&inputs, environment)?;
    for note in &manifests.notes {
        let _ = writeln!(anstream::stderr(), "note: {note}");
    }
    Ok(manifests)
}

/// The sets that a command is about.
fn sets<'m>(manifests: &'m Manifests, wanted: Option<&str>) -> Result<Vec<&'m Located<TenantSet>>, Failure> {
    let all: Vec<&Located<TenantSet>> = manifests.sets.values().collect();
    if all.is_empty() {
        return Err(Failure::NoSets);
    }
    let Some(wanted) = wanted else { return Ok(all) };
    let named = |set: &&Located<TenantSet>| {
        let name = set.name();
        name.name == wanted
            || name.to_string() == wanted
            || format!("{}/{}", name.namespace, name.name) == wanted
    };
    let found: Vec<&Located<TenantSet>> = all.iter().copied().filter(named).collect();
    if found.is_empty() {
        let there: Vec<String> = all.iter().map(|set| set.name().to_string()).collect();
        return Err(Failure::NoSet { wanted: wanted.to_owned(), found: there.join(", ") });
    }
    Ok(found)
}

/// One command on one set.
struct One<'a> {
    command: &'a FleetCommand,
    manifests: &'a Manifests,
    set: &'a Located<TenantSet>,
    commands: Commands,
    verbose: u8,
    watcher: Watcher,
}

impl One<'_> {
    async fn run(
        &self,
        environment: &Environment,
        connections: &Connections,
        interrupts: &mut Interrupts,
    ) -> Result<Outcome, Failure> {
        let spec = self.manifests.fleet(self.set).map_err(LoadError::Refused)?;
        let databases = Databases::of_set(self.manifests, self.set, &spec, environment, connections)?;
        let fleet = Fleet::new(spec, databases.by_name())?;
        let watcher = &self.watcher;
        let telling = watcher.clone();
        let (mut control, handle) = Control::new(move |progress| telling.tell(&progress));
        let mut asked = false;
        let outcome = interrupts
            .during(self.work(&fleet, &mut control), || {
                if !asked {
                    watcher.say(
                        "stopping: what is under way is finished, nothing is begun; once more to end at once",
                    );
                }
                asked = true;
                handle.stop();
                Stop::Wait
            })
            .await;
        watcher.finish();
        let closed = interrupts
            .tidying(async {
                let closed = databases.close().await;
                connections.drain().await;
                closed
            })
            .await;
        match outcome {
            None => {
                let _ = writeln!(
                    anstream::stderr(),
                    "ended: statements that ran were cancelled; the ledgers know what was done, and the next start goes on"
                );
                Ok(Outcome::Interrupted)
            }
            Some(Err(Failure::Fleet(error))) if asked && matches!(*error, FleetError::Stopped) => {
                let _ = writeln!(anstream::stderr(), "{error}");
                Ok(Outcome::Interrupted)
            }
            Some(outcome) => {
                let outcome = outcome?;
                closed.transpose()?;
                Ok(outcome)
            }
        }
    }

    /// Does it, and says what came of it.
    async fn work<D: Engine>(&self, fleet: &Fleet<D>, control: &mut Control) -> Result<Outcome, Failure> {
        let outcome = self.answer(fleet, control).await;
        match outcome {
            Err(Failure::Fleet(error)) => Err(refused::in_full(*error, fleet).await),
            other => other,
        }
    }

    async fn answer<D: Engine>(&self, fleet: &Fleet<D>, control: &mut Control) -> Result<Outcome, Failure> {
        let (commands, now) = (&self.commands, Timestamp::now());
        match self.command {
            FleetCommand::Check(_) => {
                let report = fleet.check(control).await?;
                self.say(&report, || output::status::check(&report, commands, now))?;
                Ok(judged(&report))
            }
            FleetCommand::Status(_) => {
                let report = fleet.status(control).await?;
                self.say(&report, || output::status::status(&report, commands))?;
                Ok(judged(&report))
            }
            FleetCommand::Drift(args) => {
                let report = fleet.check(control).await?;
                let drift = Drift::of(&report, args.tenant.as_ref());
                self.say(&drift, || output::drift::drift(&report, args.tenant.as_ref(), commands, now))?;
                Ok(differs(!drift.drift.is_empty()))
            }
            FleetCommand::Plan(_) => {
                let report = fleet.plan(&Options::default(), control).await?;
                self.say(&report, || {
                    let observes = self.set.object.spec.mode == Mode::Observe;
                    output::fleet_plan::plan_report(&report, commands, observes, self.verbose > 0)
                })?;
                Ok(differs(lacks_a_plan(&report)))
            }
            FleetCommand::Apply(args) => {
                let correct = match &args.correct {
                    None => Correct::AsSet,
                    Some(names) if names.is_empty() => Correct::All,
                    Some(names) => Correct::Tenants(names.clone()),
                };
                let options =
                    Options { correct, let_go: args.let_go, again: args.again, ..options(&args.run) };
                self.ran(&fleet.apply(&options, control).await?)
            }
            FleetCommand::Rollback(args) => {
                self.ran(&fleet.rollback(args.to.as_deref(), &options(&args.run), control).await?)
            }
            FleetCommand::History(args) => {
                let history = fleet.history(args.tenant.as_ref(), args.limit).await?;
                self.say(&history, || output::history::history(&history, commands))?;
                Ok(Outcome::Fine)
            }
        }
    }

    fn ran(&self, report: &ApplyReport) -> Result<Outcome, Failure> {
        self.say(report, || output::apply::apply(report, &self.commands))?;
        let counts = &report.report.counts;
        let all_there = counts.failed + counts.blocked + counts.unreachable == 0;
        let seen_to =
            !report.report.departures.any(&[DepartureState::AwaitingApproval, DepartureState::Failed]);
        let well = output::apply::went_well(report) && all_there && seen_to && tenants_known(&report.report);
        Ok(differs(!well))
    }

    /// Says what came of it; what was drawn while it ran is taken away before.
    fn say(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        self.watcher.finish();
        match arguments(self.command).output {
            Output::Json => write(&format!("{}\n", serde_json::to_string_pretty(value)?)),
            Output::Text => write(&output::paint::painted(&text())),
        }
    }
}

/// What `fleet drift -o json` says: the report without what it is not about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Drift<'a> {
    set: &'a str,
    definition: &'a str,
    revision: Option<&'a Digest>,
    drift_mode: DriftMode,
    tenants: u32,
    drift: Vec<&'a DriftGroup>,
    notes: &'a [String],
}

impl<'a> Drift<'a> {
    fn of(report: &'a Report, tenant: Option<&TenantName>) -> Self {
        let about = |group: &&DriftGroup| tenant.is_none_or(|tenant| group.tenants.contains(tenant));
        Self {
            set: &report.set,
            definition: &report.definition,
            revision: report.revision.as_ref(),
            drift_mode: report.drift_mode,
            tenants: report.counts.total,
            drift: report.drift.iter().filter(about).collect(),
            notes: &report.notes,
        }
    }
}

fn options(args: &RunArgs) -> Options {
    let resume = args.resume.then_some(Order::Resume);
    let retry = args.retry.iter().cloned().map(Order::Retry);
    let skip = args.skip.iter().cloned().map(Order::Skip);
    Options {
        approve: args.approve.clone(),
        by: args.by.clone().or_else(login_name),
        orders: skip.chain(retry).chain(resume).collect(),
        take_over: args.take_over,
        ..Options::default()
    }
}

/// Who is logged in, as far as the environment says.
fn login_name() -> Option<String> {
    ["LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()))
}

fn differs(differs: bool) -> Outcome {
    if differs { Outcome::Differs } else { Outcome::Fine }
}

/// Whether somebody should look at a set in this state.
fn judged(report: &Report) -> Outcome {
    let counts = &report.counts;
    let drifted = if report.drift_mode == DriftMode::Ignore { 0 } else { counts.drifted };
    let others = [
        counts.pending,
        counts.outdated,
        counts.migrating,
        counts.failed,
        counts.blocked,
        counts.unreachable,
    ];
    let waits = report.rollout.as_ref().is_some_and(|rollout| {
        matches!(rollout.state, RolloutState::AwaitingApproval | RolloutState::Paused)
    });
    let leaving = report.departures.any(&[DepartureState::Due, DepartureState::AwaitingApproval]);
    let waits = waits || leaving;
    differs(drifted > 0 || others.iter().any(|n| *n > 0) || waits || !tenants_known(report))
}

/// Whether every query, pattern and list of tenants could be read.
fn tenants_known(report: &Report) -> bool {
    report.databases.iter().all(|database| database.tenants_known)
}

fn lacks_a_plan(report: &PlanReport) -> bool {
    let groups = report.planned.iter().flat_map(|planned| &planned.groups);
    let counts = &report.report.counts;
    counts.blocked + counts.unreachable > 0
        || !tenants_known(&report.report)
        || groups.into_iter().any(|group| group.outcome == GroupOutcome::Blocked)
}
