//! One run of a rollout: what the machine decides is done, what happened is
//! told to it, until nothing more is to be done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tenantry_engine::{Applied, DatabaseName, Engine, EngineError, Event, Ledger, RolloutRecord, TenantKey};
use tenantry_planner::Digest;
use tokio::task::JoinSet;

use super::claims::{self, Batch};
use super::deeds::{self, Again, Back, Done, Expected, Job, Ward};
use super::ground::Ground;
use super::look::Look;
use super::members::{place_of, want};
use super::propose::{self, Task};
use super::settle::{confirm_now, settle_all};
use super::{Control, FleetError, Options, Progress, tell};
use crate::rollout::{Action, GroupKey, Machine, Observation, Outcome, Phase, Trouble, Verdict, Waiting};
use crate::survey::Found;

/// The machine is asked again after this long, whatever happens.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A rollout that runs.
pub(super) struct Run<'a, D> {
    pub ground: Arc<Ground<D>>,
    pub control: &'a mut Control,
    pub options: &'a Options,
    pub look: Look,
    pub machine: Machine,
    /// The version of the record in the home ledger.
    pub version: i64,
    pub applied: u32,
    /// The revision that the definition makes, or that is pinned.
    target: Digest,
    tasks: JoinSet<Done>,
    /// What was told of each tenant already.
    told: BTreeMap<TenantKey, &'static str>,
    waiting: Option<(Waiting, Option<Timestamp>)>,
    stopping: bool,
}

impl<'a, D: Engine> Run<'a, D> {
    pub(super) fn new(
        ground: Arc<Ground<D>>,
        control: &'a mut Control,
        options: &'a Options,
        look: Look,
        machine: Machine,
        version: i64,
        target: Digest,
    ) -> Self {
        Self {
            ground,
            control,
            options,
            look,
            machine,
            version,
            applied: 0,
            target,
            tasks: JoinSet::new(),
            told: BTreeMap::new(),
            waiting: None,
            stopping: false,
        }
    }

    /// Runs it as far as it goes.
    ///
    /// # Errors
    /// When the rollout's record cannot be written, or another process writes
    /// it. What was under way came to its end before.
    pub(super) async fn drive(&mut self) -> Result<Outcome, FleetError> {
        let ended = self.go_on().await;
        if ended.is_err() {
            self.finish_what_runs().await;
        }
        while self.tasks.join_next().await.is_some() {}
        self.tell_waves(true);
        ended
    }

    async fn go_on(&mut self) -> Result<Outcome, FleetError> {
        loop {
            let now = self.ground.now();
            let mut until = None;
            for action in self.machine.decide(now) {
                match action {
                    Action::Finish(outcome) => return Ok(outcome),
                    Action::Wait(time, what) => {
                        self.tell_waiting(what, time);
                        until = time;
                    }
                    Action::Save => self.save().await?,
                    deed => self.begin(deed),
                }
            }
            self.tell_waves(false);
            self.tell_report();
            self.hear(until).await?;
        }
    }

    /// Begins a deed.
    fn begin(&mut self, action: Action) {
        match action {
            Action::Apply(key) => self.apply(&key),
            Action::ReadBack(name, keys) => self.read_back(name, &keys),
            Action::Reread(name, keys) => self.reread(name, keys),
            Action::Plan(key, tenants) => self.plan(key, &tenants),
            Action::Ask(name) => {
                let ground = Arc::clone(&self.ground);
                self.tasks.spawn(async move {
                    let answer = deeds::ask(&ground, &name).await;
                    Done::Asked(name, answer)
                });
            }
            Action::Save | Action::Wait(..) | Action::Finish(_) => {}
        }
    }

    fn apply(&mut self, key: &TenantKey) {
        let Some(job) = self.job(key) else {
            // Nothing of ours leads here; the machine looks at it again.
            self.machine.observe(Observation::Failed(key.clone(), Trouble::Moved), self.ground.now());
            return;
        };
        let ground = Arc::clone(&self.ground);
        self.tasks.spawn(async move {
            let applied = deeds::apply(&ground, &job).await;
            Done::Applied(job.tenant.key, applied)
        });
    }

    fn job(&self, key: &TenantKey) -> Option<Job> {
        let member = self.machine.member_at(key)?;
        let group = self.machine.group_of(member)?;
        let route = group.verdict.route()?.clone();
        let subject = self.look.subjects.get(key)?;
        let entry = self.ground.spec.entries.get(subject.entry?)?;
        let makes = group.key.way.makes();
        Some(Job {
            tenant: member.tenant.clone(),
            claim: self.ground.spec.claim(entry),
            start: subject.watermark.clone().filter(|_| !makes),
            makes,
            route,
            revision: group.revision.clone(),
            rollout: self.machine.rollout().id.clone(),
            approved_by: self.machine.approved_by(member).map(str::to_owned),
            within: self.ground.spec.rollout.tenant_timeout,
        })
    }

    fn read_back(&mut self, name: DatabaseName, keys: &[TenantKey]) {
        let site = self.look.sites.get(&name).and_then(|site| site.environment.clone());
        let Some(environment) = site else {
            let message = "what its tenants rest on is not known".to_owned();
            self.machine.observe(Observation::Silent(name, message), self.ground.now());
            return;
        };
        let expected: Vec<Expected> = keys.iter().filter_map(|key| self.expected(key)).collect();
        let ground = Arc::clone(&self.ground);
        self.tasks.spawn(async move {
            let back = deeds::read_back(&ground, &name, &environment, expected).await;
            Done::ReadBack(name, back)
        });
    }

    fn reread(&mut self, name: DatabaseName, keys: Vec<TenantKey>) {
        let ground = Arc::clone(&self.ground);
        let mut batches: Vec<Batch> = Vec::new();
        for subject in keys.iter().filter_map(|key| self.look.subjects.get(key)) {
            let Some(entry) = subject.entry.and_then(|at| ground.spec.entries.get(at)) else { continue };
            let claim = ground.spec.claim(entry);
            let tenant = (subject.tenant.name.clone(), subject.tenant.key.schema.clone());
            claims::add(&mut batches, claim, tenant);
        }
        let (to, take_over) = (self.to(), self.options.take_over);
        let ward = Ward { name, keys, claims: batches, to, take_over };
        self.tasks.spawn(async move {
            let again = deeds::reread(&ground, &ward).await;
            Done::Reread(ward.name, ward.keys, again)
        });
    }

    fn expected(&self, key: &TenantKey) -> Option<Expected> {
        let member = self.machine.member_at(key)?;
        let group = self.machine.group_of(member)?;
        let record = self.look.subjects.get(key).and_then(|subject| subject.record.as_ref());
        let (fingerprint, own) = match &group.verdict {
            Verdict::Migrate(route) => (Some(route.to.clone()), !route.reaches_target),
            _ => (group.key.from.clone(), group.key.way.keeps()),
        };
        Some(Expected {
            key: key.clone(),
            name: member.tenant.name.clone(),
            revision: group.revision.clone(),
            fingerprint,
            own,
            drifted_since: record.and_then(|record| record.drifted_since),
        })
    }

    fn plan(&mut self, key: GroupKey, tenants: &[TenantKey]) {
        let example = tenants.first();
        let environment =
            example.and_then(|example| self.look.sites.get(&example.database)?.environment.clone());
        let (Some(example), Some(environment)) = (example, environment) else { return };
        let task = Task {
            wanted: want(&self.look, &key, example),
            environment,
            to: self.machine.rollout().to.clone(),
            undone: self.machine.rollout().undone().cloned(),
        };
        let (ground, name) = (Arc::clone(&self.ground), example.database.clone());
        self.tasks.spawn(async move {
            let group = propose::propose(&ground, &task).await;
            Done::Planned(key, name, group)
        });
    }

    /// Waits until something happens, or until the machine wants to be asked.
    async fn hear(&mut self, until: Option<Timestamp>) -> Result<(), FleetError> {
        let now = self.ground.now();
        let pause = until
            .and_then(|until| Duration::try_from(until.duration_since(now).max(SignedDuration::ZERO)).ok())
            .map_or(ASK_AGAIN, |pause| pause.min(ASK_AGAIN));
        tokio::select! {
            biased;
            () = self.ground.stop.cancelled(), if !self.stopping => {
                self.stopping = true;
                let running = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
                self.control.tell(Progress::Stopping { running });
                self.machine.observe(Observation::Stop, now);
            }
            Some(order) = self.control.orders.recv() => {
                let refused = self.machine.order(order, now).err();
                self.control.tell(Progress::Ordered { refused });
            }
            Some(done) = self.tasks.join_next() => {
                let done = done.map_err(|error| FleetError::Task(error.to_string()))?;
                self.take(done);
            }
            () = tokio::time::sleep(pause) => {}
        }
        Ok(())
    }

    /// Tells the machine what came of a deed.
    fn take(&mut self, done: Done) {
        let now = self.ground.now();
        match done {
            Done::Applied(key, Ok(applied)) => {
                self.applied += 1;
                self.tell_applied(&key, applied);
                self.machine.observe(Observation::Applied(key), now);
            }
            Done::Applied(key, Err(error)) => self.went_wrong(key, &error, now),
            Done::ReadBack(name, Ok(back)) => {
                let found = back.iter().map(|one| {
                    (one.key.clone(), one.found.as_ref().map(|(fingerprint, ..)| fingerprint.clone()))
                });
                let observation = Observation::ReadBack(name, found.collect());
                let keys: Vec<TenantKey> = back.iter().map(|one| one.key.clone()).collect();
                back.into_iter().for_each(|one| self.note_back(one));
                self.machine.observe(observation, now);
                keys.iter().for_each(|key| self.tell_of(key));
            }
            Done::Reread(name, keys, Ok(again)) => self.found_again(name, &keys, *again, now),
            Done::Planned(_, _, Ok(group)) => self.machine.observe(Observation::Planned(group), now),
            Done::Planned(key, name, Err(error)) => {
                self.machine.observe(Observation::NotPlanned(key, name, error.to_string()), now);
            }
            Done::Asked(name, Ok(())) => self.machine.observe(Observation::Answers(name), now),
            Done::Asked(name, Err(error))
            | Done::ReadBack(name, Err(error))
            | Done::Reread(name, _, Err(error)) => {
                let message = error.to_string();
                self.control.tell(Progress::Silent { database: name.clone(), message: message.clone() });
                self.machine.observe(Observation::Silent(name, message), now);
            }
            Done::Noted(Ok(())) => {}
            Done::Noted(Err(error)) => tracing::warn!(%error, "not written down; it is read anew next time"),
        }
    }

    fn went_wrong(&mut self, key: TenantKey, error: &EngineError, now: Timestamp) {
        self.machine.observe(Observation::Failed(key.clone(), Trouble::of(error)), now);
        self.tell_of(&key);
        let Some(event) = self.failure(&key, now) else { return };
        let ground = Arc::clone(&self.ground);
        self.tasks.spawn(async move { Done::Noted(deeds::note_failure(ground, key.database, event).await) });
    }

    /// What the ledger gets of a tenant that failed for good.
    fn failure(&self, key: &TenantKey, now: Timestamp) -> Option<Event> {
        let member = self.machine.member_at(key).filter(|member| member.phase == Phase::Failed)?;
        let group = self.machine.group_of(member)?;
        let failure = self.machine.rollout().failures.iter().find(|failure| failure.key == *key)?;
        Some(Event {
            at: now,
            tenant: member.tenant.name.clone(),
            schema: key.schema.clone(),
            rollout: self.machine.rollout().id.clone(),
            digest: group.verdict.route()?.plan.clone(),
            revision: Some(group.revision.clone()),
            outcome: failure.message.clone(),
            took_ms: 0,
            approved_by: self.machine.approved_by(member).map(str::to_owned),
        })
    }

    /// Keeps the picture true, so that the report needs no further look.
    fn note_back(&mut self, back: Back) {
        let Some(subject) = self.look.subjects.get_mut(&back.key) else { return };
        let Some((fingerprint, oid, watermark)) = back.found else {
            subject.found = Found::Absent;
            return;
        };
        subject.found = Found::At { fingerprint: fingerprint.clone(), oid: Some(oid) };
        subject.watermark = Some(watermark.clone());
        subject.read = false;
        if let Some(record) = &mut subject.record {
            record.oid = oid;
            record.fingerprint = Some(fingerprint);
            record.watermark = Some(watermark);
            record.drifted_since = back.drifted_since;
            record.unfinished = None;
            record.revision = back.revision.or(record.revision.take());
        }
    }

    fn found_again(&mut self, name: DatabaseName, keys: &[TenantKey], again: Again, now: Timestamp) {
        let Again { site, seen, revisions, conflicts } = again;
        let conflicts: BTreeMap<_, _> = conflicts.into_iter().collect();
        if let Some(environment) = &site.environment {
            for (revision, fingerprint) in revisions {
                self.look.revisions.insert((environment.digest.clone(), revision), fingerprint);
            }
        }
        for key in keys {
            let Some(subject) = self.look.subjects.get_mut(key) else { continue };
            if let Some(sight) = seen.schemas.get(&key.schema) {
                subject.found = sight.found.clone();
                subject.watermark = sight.watermark.clone();
                subject.read = sight.read;
            }
            if let Some(record) = site.records.get(&key.schema) {
                subject.record = Some(record.clone());
            }
            subject.blocked =
                conflicts.get(&key.schema).map(|conflict| format!("schema {}: {conflict}", key.schema));
        }
        self.look.sites.insert(name.clone(), site);
        self.confirm_found(now);
        let rollout = self.machine.rollout();
        let made_at = rollout.in_force().unwrap_or(&rollout.to).clone();
        let to = rollout.to.clone();
        let course = self.ground.course(&to, &made_at, self.options);
        let places = keys
            .iter()
            .filter_map(|key| {
                let place = place_of(&self.look, &course, self.look.subjects.get(key)?)?;
                Some((key.clone(), place))
            })
            .collect();
        self.machine.observe(Observation::Found(name, places), now);
        keys.iter().for_each(|key| self.tell_of(key));
    }

    /// Writes down what was found, beside what else goes on.
    fn confirm_found(&mut self, now: Timestamp) {
        let rollout = self.machine.rollout();
        let changed = settle_all(&mut self.look, Some(rollout), &rollout.to, now);
        for (name, keys) in changed {
            let subjects: Vec<_> =
                keys.iter().filter_map(|key| self.look.subjects.get(key).cloned()).collect();
            let ground = Arc::clone(&self.ground);
            self.tasks.spawn(async move { Done::Noted(confirm_now(&ground, &name, &subjects).await) });
        }
    }

    /// Tells of a tenant that failed or is left alone, once.
    fn tell_applied(&self, key: &TenantKey, applied: Applied) {
        let Some(member) = self.machine.member_at(key) else { return };
        let Applied { took, lock_retries } = applied;
        self.control.tell(Progress::Applied { tenant: member.tenant.name.clone(), took, lock_retries });
    }

    fn tell_of(&mut self, key: &TenantKey) {
        let Some(member) = self.machine.member_at(key) else { return };
        let tenant = member.tenant.name.clone();
        let (what, progress) = match &member.phase {
            Phase::Failed => {
                let failures = &self.machine.rollout().failures;
                let failure = failures.iter().find(|failure| failure.key == *key);
                let (cause, message) = failure
                    .map(|failure| (failure.cause.clone(), failure.message.clone()))
                    .unwrap_or_default();
                ("failed", Progress::Failed { tenant, cause, message })
            }
            Phase::Blocked(reason) => ("blocked", Progress::Blocked { tenant, message: reason.clone() }),
            _ => return,
        };
        if self.told.insert(key.clone(), what) != Some(what) {
            self.control.tell(progress);
        }
    }

    /// Tells what is waited for, once.
    fn tell_waiting(&mut self, what: Waiting, until: Option<Timestamp>) {
        let waiting = Some((what, until));
        if self.tasks.is_empty() && self.waiting != waiting {
            self.waiting.clone_from(&waiting);
            if let Some((what, until)) = waiting {
                self.control.tell(Progress::Waiting { what, until });
            }
        }
    }

    fn tell_waves(&mut self, at_once: bool) {
        let machine = &self.machine;
        self.control.tell_waves(at_once, || {
            let (made, to_make) = machine.made();
            Progress::Waves { waves: machine.progress(), made, to_make }
        });
    }

    fn tell_report(&mut self) {
        let (ground, look, machine) = (&self.ground, &self.look, &self.machine);
        let target = &self.target;
        self.control.tell_report(|| {
            let to = &machine.rollout().to;
            tell::report(&ground.spec, look, to, target, Vec::new(), Some(machine))
        });
    }

    /// Writes the rollout's record. A home that does not answer is asked again,
    /// as often as the set says; nothing is begun meanwhile.
    async fn save(&mut self) -> Result<(), FleetError> {
        let home = self.ground.spec.home.clone();
        let rollout = self.machine.rollout();
        let record = RolloutRecord {
            id: rollout.id.clone(),
            set: self.ground.set().to_owned(),
            version: self.version + 1,
            state: rollout.write()?,
            at: self.ground.now(),
        };
        let retry = self.ground.spec.rollout.retry;
        let mut pause = retry.backoff;
        let mut attempt = 1;
        loop {
            let saved = match self.ground.database(&home) {
                Ok(database) => database.ledger().save_rollout(&record).await,
                Err(error) => Err(error),
            };
            match saved {
                Ok(()) => {
                    self.version += 1;
                    return Ok(());
                }
                Err(error) if error.is_transient() && attempt < retry.attempts && !self.stopping => {
                    self.control
                        .tell(Progress::Silent { database: home.clone(), message: error.to_string() });
                    tokio::select! {
                        () = self.ground.stop.cancelled() => attempt = retry.attempts,
                        () = tokio::time::sleep(pause) => {}
                    }
                    pause = pause.saturating_mul(2).min(retry.max_backoff);
                    attempt += 1;
                }
                Err(error) => return Err(FleetError::Database { database: home, error: Box::new(error) }),
            }
        }
    }

    /// After a failure of ours: what is under way comes to its end, and what
    /// was found is still written down by its own task.
    async fn finish_what_runs(&mut self) {
        while let Some(done) = self.tasks.join_next().await {
            if let Ok(done) = done {
                self.take(done);
            }
        }
    }

    /// The rollout's revision.
    pub(super) fn to(&self) -> Digest {
        self.machine.rollout().to.clone()
    }

    /// What was found, and the machine as it ended.
    pub(super) fn into_parts(self) -> (Look, Machine) {
        (self.look, self.machine)
    }
}
