//! The executor: does what [`crate::rollout::Machine`] decides, over any
//! [`Engine`]. It reads (`site`, `look`, `seen`), writes down what it found
//! (`settle`), claims (`claims`), plans once for each group (`propose`), and
//! runs a rollout (`begin`, `run`, `deeds`). What is to be done is decided by
//! pure functions (`goal`, `members`, `tell`, and the other modules of this
//! crate).

mod begin;
mod claims;
mod control;
mod deeds;
mod departures;
mod drift;
mod error;
mod goal;
mod ground;
mod history;
mod look;
mod members;
mod options;
mod propose;
mod report;
mod run;
mod seen;
mod settle;
mod site;
mod tell;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tenantry_engine::{DatabaseName, Engine, Ledger as _};
use tenantry_planner::{Digest, Plan};

pub use control::{Control, Handle, Progress};
pub use error::FleetError;
pub use options::{Correct, Options};
pub use report::{
    ApplyReport, DatabaseReport, DriftGroup, GroupOutcome, GroupReport, History, HistoryEvent, PlanReport,
    PlanText, Report, RevisionReport, RolloutReport,
};

use crate::rollout::{Group, Machine, Outcome};
use crate::{FleetSpec, Mode};
use begin::{Prepared, Wish, give_orders, prepare};
use ground::Ground;
use look::{Look, Word, look};
use run::Run;
use seen::Depth;
use settle::write_down;
use site::{Kept, read_home, read_sites};

/// What tells the time.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A set of tenants, with the databases that they live in.
pub struct Fleet<D> {
    spec: Arc<FleetSpec>,
    databases: Arc<BTreeMap<DatabaseName, Arc<D>>>,
    clock: Clock,
}

impl<D: Engine> Fleet<D> {
    /// A fleet. Nothing is connected to yet.
    ///
    /// # Errors
    /// When the set speaks of a database that is not given.
    pub fn new(spec: FleetSpec, databases: BTreeMap<DatabaseName, Arc<D>>) -> Result<Self, FleetError> {
        if let Some(unknown) = spec.databases().find(|name| !databases.contains_key(*name)) {
            return Err(FleetError::UnknownDatabase(unknown.clone()));
        }
        Ok(Self { spec: Arc::new(spec), databases: Arc::new(databases), clock: Arc::new(Timestamp::now) })
    }

    fn ground(&self, control: &Control, writes: bool) -> Result<Arc<Ground<D>>, FleetError> {
        if self.spec.suspended {
            return Err(FleetError::Suspended(self.spec.name.clone()));
        }
        let writes = writes && self.spec.mode == Mode::Apply;
        Ok(Ground::new(&self.spec, &self.databases, &self.clock, control, writes))
    }

    /// Looks at every tenant and says what it is. Changes no tenant and needs
    /// no right to; what was found is written into ledgers where there are
    /// some, the set does not only observe, and the role may.
    ///
    /// # Errors
    /// When the definition cannot be compiled anywhere.
    pub async fn check(&self, control: &mut Control) -> Result<Report, FleetError> {
        self.checked(Depth::Whole, control).await
    }

    /// As [`Fleet::check`], for whoever looks every few seconds: where a
    /// server's counters say that nothing was changed since the last look, that
    /// is believed. They may lag by a minute, so a [`Fleet::check`] is due now
    /// and then. The number of calls does not depend on the number of tenants.
    ///
    /// # Errors
    /// As [`Fleet::check`].
    pub async fn glance(&self, control: &mut Control) -> Result<Report, FleetError> {
        self.checked(Depth::Glance, control).await
    }

    async fn checked(&self, depth: Depth, control: &mut Control) -> Result<Report, FleetError> {
        let ground = self.ground(control, true)?;
        let (mut look, to) = self.look(&ground, depth).await?;
        if let Err((name, error)) = write_down(&ground, &mut look, &to).await {
            look.notes.push(format!("{name}: what was found could not be written down: {error}"));
        }
        Ok(self.report(&ground, &look, &to, None).await)
    }

    /// What the ledgers say, with one cheap look at each database: no tenant is
    /// read, nothing is compiled, nothing is written.
    ///
    /// # Errors
    /// When the home ledger's record cannot be read.
    pub async fn status(&self, control: &mut Control) -> Result<Report, FleetError> {
        let ground = self.ground(control, false)?;
        let (mut look, to) = self.look(&ground, Depth::Ledgers).await?;
        if look.unread > 0 {
            let unread = look.unread;
            look.notes.push(format!(
                "{unread} tenants may have changed since they were read: fleet check reads them"
            ));
        }
        let report = tell::report(&self.spec, &look, &to, &to, Vec::new(), None);
        Ok(report)
    }

    /// A look that leads to no rollout.
    async fn look(&self, ground: &Arc<Ground<D>>, depth: Depth) -> Result<(Look, Digest), FleetError> {
        let sites = read_sites(ground, false).await?;
        let home = read_home(ground, &sites).await?;
        let trouble = home.trouble.clone();
        let to = match &trouble {
            Some(_) if self.spec.definition.pinned.is_none() => ground.declared.clone(),
            _ => ground.wanted().await?,
        };
        let mut look = look(ground, sites, home, &to, Word::default(), depth).await?;
        if depth == Depth::Whole {
            begin::not_emptied(ground, &look, &to)?;
        }
        claims::note_others(ground, &mut look).await;
        if let Some(trouble) = trouble {
            look.notes.push(format!(
                "{}: {trouble}; it keeps what was rolled out, so tenants are compared with the definition",
                self.spec.home
            ));
        }
        departures::consider(ground, &mut look);
        Ok((look, to))
    }

    async fn report(
        &self,
        ground: &Ground<D>,
        look: &Look,
        to: &Digest,
        machine: Option<&Machine>,
    ) -> Report {
        let drift = drift::drift(ground, look, to, machine.is_some()).await;
        let target = self.target(ground).await;
        let objects = objects(ground, look, &target);
        Report { objects, ..tell::report(&self.spec, look, to, &target, drift, machine) }
    }

    /// The revision that the definition makes, or that is pinned; the former where nobody knows the latter.
    async fn target(&self, ground: &Ground<D>) -> Digest {
        ground.wanted().await.unwrap_or_else(|_| ground.declared.clone())
    }

    /// A plan that a rollout of the set has, by its digest; `None` where no ledger keeps it.
    ///
    /// # Errors
    /// What the databases say that could have it.
    pub async fn plan_of(&self, digest: &Digest) -> Result<Option<Plan>, FleetError> {
        let mut trouble = None;
        for name in self.spec.databases() {
            let Some(database) = self.databases.get(name) else { continue };
            match database.ledger().plan(digest).await {
                Ok(Some(plan)) => return Ok(Some(plan)),
                Ok(None) => {}
                Err(error) => {
                    trouble.get_or_insert(FleetError::Database {
                        database: name.clone(),
                        error: Box::new(error),
                    });
                }
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    /// What a rollout would do. It is kept in the home ledger, to be approved,
    /// unless the set only observes.
    ///
    /// # Errors
    /// When the definition cannot be compiled anywhere, or the home ledger
    /// cannot be read.
    pub async fn plan(&self, options: &Options, control: &mut Control) -> Result<PlanReport, FleetError> {
        let ground = self.ground(control, true)?;
        let mut prepared = prepare(&ground, &Wish::Forward, options, false).await?;
        departures::consider(&ground, &mut prepared.look);
        if let Some(of) = undo(&prepared) {
            prepared
                .look
                .notes
                .push(format!("rollout {of} failed; the next apply brings back what it changed"));
        }
        let offered = prepared.machine.as_ref().is_some_and(|machine| machine.rollout().offer.is_some());
        if ground.writes {
            begin::keep(&ground, &mut prepared, offered).await?;
        }
        let Prepared { look, to, machine, .. } = prepared;
        let planned =
            machine.as_ref().map(|machine| tell::rollout(&self.spec, machine.rollout(), Some(machine)));
        let plans = match &machine {
            Some(machine) => self.plans(&ground, &look, machine).await,
            None => Vec::new(),
        };
        let mut report = self.report(&ground, &look, &to, machine.as_ref()).await;
        report.rollout = look.home.latest().map(|latest| tell::rollout(&self.spec, latest, None));
        Ok(PlanReport { report, planned, plans, kept: ground.writes && offered })
    }

    /// The plans of a rollout, each with the text of one tenant's statements.
    async fn plans(&self, ground: &Ground<D>, look: &Look, machine: &Machine) -> Vec<PlanText> {
        let mut plans: BTreeMap<Digest, PlanText> = BTreeMap::new();
        for group in &machine.rollout().groups {
            let Some(route) = group.verdict.route() else { continue };
            let Some(member) = example(machine, group) else { continue };
            let key = &member.tenant.key;
            if plans.contains_key(&route.plan) || !look.subjects.contains_key(key) {
                continue;
            }
            let Ok(Some(plan)) = ground.plan(&route.plan, &key.database).await else { continue };
            let Ok(database) = ground.database(&key.database) else { continue };
            let text = PlanText {
                digest: route.plan.clone(),
                example: member.tenant.name.clone(),
                script: database.script(&plan, &key.schema),
                plan: plan.as_ref().clone(),
            };
            plans.insert(route.plan.clone(), text);
        }
        plans.into_values().collect()
    }

    /// Brings the tenants to the definition: begins a rollout, or takes up the
    /// one that the home ledger has, and runs it as far as it goes.
    ///
    /// # Errors
    /// When nothing could be begun. What fails while it runs stands in the
    /// report.
    pub async fn apply(&self, options: &Options, control: &mut Control) -> Result<ApplyReport, FleetError> {
        self.go(&Wish::Forward, options, control).await
    }

    /// Brings the tenants back to the revision before, or to the one whose
    /// digest begins with `to`.
    ///
    /// # Errors
    /// As [`Fleet::apply`], and when there is no such revision.
    pub async fn rollback(
        &self,
        to: Option<&str>,
        options: &Options,
        control: &mut Control,
    ) -> Result<ApplyReport, FleetError> {
        let wish = Wish::Back { to: to.map(str::to_owned), automatic: false };
        self.go(&wish, options, control).await
    }

    async fn go(
        &self,
        wish: &Wish,
        options: &Options,
        control: &mut Control,
    ) -> Result<ApplyReport, FleetError> {
        if self.spec.mode == Mode::Observe {
            return Err(FleetError::ObservesOnly(self.spec.name.clone()));
        }
        let began = (self.clock)();
        let mut applied = 0;
        let mut step = Step { wish: wish.clone(), options: options.clone() };
        loop {
            let ground = self.ground(control, true)?;
            let prepared = prepare(&ground, &step.wish, &step.options, true).await?;
            if let Some(undo) = undo(&prepared) {
                control.tell(Progress::RollingBack { of: undo });
                step = Step::back();
                continue;
            }
            let ran = self.run(&ground, prepared, &step, control).await?;
            applied += ran.applied;
            if ran.outcome == Some(Outcome::RollBack) {
                control.tell(Progress::RollingBack { of: ran.rollout });
                step = Step::back();
                continue;
            }
            let took_ms = i64::try_from((self.clock)().duration_since(began).as_millis()).unwrap_or(i64::MAX);
            return Ok(ApplyReport { outcome: ran.outcome, applied, took_ms, report: ran.report });
        }
    }

    /// Runs what was prepared.
    async fn run(
        &self,
        ground: &Arc<Ground<D>>,
        mut prepared: Prepared,
        step: &Step,
        control: &mut Control,
    ) -> Result<Ran, FleetError> {
        departures::consider(ground, &mut prepared.look);
        let forward = matches!(step.wish, Wish::Forward);
        let (options, taken) = match forward {
            true => departures::approve(ground, &mut prepared.look, &step.options).await?,
            false => (step.options.clone(), false),
        };
        let options = &options;
        if !forward {
            departures::note_lost(ground, &mut prepared.look).await;
        }
        if let Some(machine) = &mut prepared.machine {
            let note = give_orders(ground, machine, options)?;
            prepared.look.notes.extend(note.filter(|_| !taken));
        } else if let Some(error) = departures::unknown(&prepared.look, options) {
            return Err(error.into());
        } else if !options.orders.is_empty() || !options.approve.is_empty() {
            return Err(FleetError::NothingToApprove(
                "no rollout waits, and there is nothing to do".to_owned(),
            ));
        }
        begin::keep(ground, &mut prepared, false).await?;
        let Prepared { mut look, to, machine, version, resumed, .. } = prepared;
        let Some(machine) = machine else {
            if forward {
                departures::carry_out(ground, &mut look, None).await;
            }
            let report = self.report(ground, &look, &to, None).await;
            return Ok(Ran { outcome: None, applied: 0, rollout: String::new(), report });
        };
        let tenants = u32::try_from(machine.members().len()).unwrap_or(u32::MAX);
        control.tell(Progress::Rollout { id: machine.rollout().id.clone(), resumed, tenants });
        let target = self.target(ground).await;
        let mut run = Run::new(Arc::clone(ground), control, options, look, machine, version, target);
        let outcome = run.drive().await?;
        let (applied, version, to) = (run.applied, run.version, run.to());
        let (mut look, machine) = run.into_parts();
        let rollout = machine.rollout().clone();
        begin::close_older(ground, &mut look.home, Some(&rollout), true).await?;
        look.home.rollouts.retain(|kept| kept.rollout.id != rollout.id);
        look.home.rollouts.insert(0, Kept { rollout: rollout.clone(), version });
        // What is at the new revision without having been touched.
        if let Err((name, error)) = settle::write_settled(ground, &mut look, &to).await {
            look.notes.push(format!("{name}: what was found could not be written down: {error}"));
        }
        if forward {
            departures::carry_out(ground, &mut look, Some(&outcome)).await;
        }
        let report = self.report(ground, &look, &to, Some(&machine)).await;
        Ok(Ran { outcome: Some(outcome), applied, rollout: rollout.id, report })
    }
}

/// What one round of a run is about.
struct Step {
    wish: Wish,
    options: Options,
}

impl Step {
    /// Back to where a failed rollout came from. What a person said was about
    /// the way there.
    fn back() -> Self {
        Self { wish: Wish::Back { to: None, automatic: true }, options: Options::default() }
    }
}

/// What came of a run.
struct Ran {
    outcome: Option<Outcome>,
    applied: u32,
    rollout: String,
    report: Report,
}

/// The rollout that has to be undone first.
fn undo(prepared: &Prepared) -> Option<String> {
    prepared.look.home.latest().filter(|_| prepared.undo).map(|latest| latest.id.clone())
}

/// One of the tenants of a group.
fn example<'a>(machine: &'a Machine, group: &Group) -> Option<&'a crate::rollout::Member> {
    machine
        .members()
        .iter()
        .find(|member| machine.group_of(member).is_some_and(|other| other.key == group.key))
}

/// How many objects of each kind a revision makes, where it was compiled.
fn objects<D: Engine>(ground: &Ground<D>, look: &Look, revision: &Digest) -> BTreeMap<&'static str, u32> {
    let environments = look.sites.keys().filter_map(|name| look.environment(name));
    let target = environments.filter_map(|environment| ground.made_target(environment, revision)).next();
    let mut counts = BTreeMap::new();
    for fact in target.iter().flat_map(|target| target.catalog.facts()) {
        *counts.entry(fact.id.kind.word()).or_default() += 1;
    }
    counts
}
