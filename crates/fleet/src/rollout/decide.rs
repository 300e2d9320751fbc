//! What is to be done next.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tenantry_engine::{DatabaseName, TenantKey};

use super::group::GroupKey;
use super::machine::{Dirty, Machine};
use super::member::{Member, Phase, PhaseKind};
use super::record::{Kind, Paused, RolloutState, Stage};
use super::wave::Wave;
use crate::{OnFailure, window};

/// How often a record that may wait is written.
const SAVE_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// Something to be done. The order counts: what stands behind a `Save` is done
/// only when that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write the rollout's record.
    Save,
    /// Make and prove a plan for a group; these are some of its tenants.
    Plan(GroupKey, Vec<TenantKey>),
    /// Apply its group's plan to a tenant.
    Apply(TenantKey),
    /// Read tenants back, and write down what was found.
    ReadBack(DatabaseName, Vec<TenantKey>),
    /// Look at tenants again, with what the ledger says of them.
    Reread(DatabaseName, Vec<TenantKey>),
    /// Ask a database whether it answers.
    Ask(DatabaseName),
    /// Nothing until something happens, or until this time.
    Wait(Option<Timestamp>, Waiting),
    /// Nothing more in this run.
    Finish(Outcome),
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Waiting {
    /// What is under way.
    Work,
    /// A second attempt on so many tenants.
    Retry(usize),
    /// A database that does not answer.
    Database(DatabaseName),
    /// A wave's tenants must have been in sync for some time.
    Soak(String),
}

/// How a run of a rollout ended; the rollout itself may go on in another run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The rollout ended, and how.
    Ended(RolloutState),
    /// A person has to approve it.
    AwaitingApproval,
    /// Nothing further is started until somebody resumes.
    Paused(Paused),
    /// Too much failed; what was changed is to be brought back.
    RollBack,
    /// All that could be done is done; these many tenants' databases did not
    /// answer.
    Incomplete(usize),
    /// No window is open in which tenants may be changed; the next one opens then.
    OutsideWindow(Option<Timestamp>),
    /// Somebody asked to stop.
    Stopped,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Waiting::Work => f.write_str("what is under way"),
            Waiting::Retry(count) => write!(f, "another attempt on {count} tenants"),
            Waiting::Database(database) => write!(f, "{database}, which does not answer"),
            Waiting::Soak(wave) => write!(f, "wave {wave} to have been in sync long enough"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Ended(state) => write!(f, "{state}"),
            Outcome::AwaitingApproval => f.write_str("a person has to approve it"),
            Outcome::Paused(paused) => write!(f, "{paused}; it goes on when somebody resumes"),
            Outcome::RollBack => f.write_str("too much failed; what was changed is brought back"),
            Outcome::Incomplete(count) => {
                write!(f, "{count} tenants could not be reached; it goes on with the next start")
            }
            Outcome::OutsideWindow(None) => {
                f.write_str("tenants may not be changed now, and no window ever opens")
            }
            Outcome::OutsideWindow(Some(opens)) => write!(
                f,
                "tenants may not be changed now: the next window opens at {}; it goes on with a start after that",
                opens.strftime("%Y-%m-%dT%H:%MZ")
            ),
            Outcome::Stopped => f.write_str("stopped on request; it goes on with the next start"),
        }
    }
}

impl Machine {
    /// Says what is to be done now. What is said to be done is taken as begun:
    /// it has to be done, and its outcome told.
    pub fn decide(&mut self, now: Timestamp) -> Vec<Action> {
        self.wake(now);
        self.advance(now);
        let mut actions = Vec::new();
        self.read(now, &mut actions);
        if !self.stopping && !self.rollout.has_ended() {
            self.make(&mut actions);
            self.migrate(now, &mut actions);
        }
        let resting = actions.is_empty() && !self.is_busy();
        let waited = now.duration_since(self.saved) >= SAVE_EVERY;
        if self.dirty == Dirty::Now || self.dirty == Dirty::Soon && (resting || waited) {
            self.rollout.done = self.progress().iter().map(|wave| wave.done).sum();
            self.dirty = Dirty::Clean;
            self.saved = now;
            actions.insert(0, Action::Save);
        }
        if resting {
            actions.push(self.rest(now));
        } else if !actions.iter().any(|action| *action != Action::Save) {
            actions.push(Action::Wait(self.next_time(now), Waiting::Work));
        }
        actions
    }

    fn is_busy(&self) -> bool {
        self.roster.is_busy()
            || self.databases.is_asking()
            || self.unplanned.values().any(|wanted| wanted.asked)
    }

    /// Puts those back in the queue whose time has come.
    fn wake(&mut self, now: Timestamp) {
        let due: Vec<usize> = self
            .roster
            .in_phase(PhaseKind::Later)
            .filter(|at| matches!(self.roster.get(*at).phase, Phase::Later(until) if until <= now))
            .collect();
        for at in due {
            self.roster.set(at, Phase::Waiting);
        }
    }

    /// Goes on to the next stage or wave where this one is over.
    fn advance(&mut self, now: Timestamp) {
        loop {
            let before = (self.rollout.stage.clone(), self.rollout.current);
            if self.rollout.stage == Stage::AwaitingApproval {
                self.start(now);
            } else if self.rollout.stage == Stage::Running && !self.stop_for_budget() {
                self.next_wave(now);
            }
            if before == (self.rollout.stage.clone(), self.rollout.current) {
                return;
            }
            self.dirty = Dirty::Now;
        }
    }

    /// Starts, unless a person has to say so first.
    fn start(&mut self, now: Timestamp) {
        let waits = self.rollout.offer.is_some() && self.rollout.approvals.is_empty();
        if waits && self.is_anybody_waiting_for_approval() || self.roster.count(PhaseKind::Unplanned) > 0 {
            return;
        }
        self.rollout.stage = Stage::Running;
        self.rollout.started = Some(now);
        for at in self.roster.in_phase(PhaseKind::Waiting).collect::<Vec<_>>() {
            if self.cleared(self.roster.get(at)).is_err() {
                self.roster.set(at, Phase::Unapproved);
            }
        }
    }

    /// Whether an approval would change anything: everybody who needs one may
    /// have left, or be left out by a person's word.
    fn is_anybody_waiting_for_approval(&self) -> bool {
        let waits = |member: &Member| {
            let settled = matches!(member.phase, Phase::Skipped | Phase::Left | Phase::Done { .. });
            !settled && self.group_of(member).is_some_and(|group| self.needs_approval(group))
        };
        self.roster.members().iter().any(waits)
    }

    /// Stops when more failed than may.
    fn stop_for_budget(&mut self) -> bool {
        if self.limits.spec.on_failure == OnFailure::Continue {
            return false;
        }
        self.stop_making();
        let Some((wave, failed, budget)) = self.rollout.spent() else { return false };
        let wave = wave.and_then(|wave| self.rollout.waves.get(wave)).map(|wave| wave.name.clone());
        self.rollout.stage = if self.may_roll_back() {
            Stage::RollingBack
        } else {
            Stage::Paused(Paused::BudgetSpent { wave, failed, budget })
        };
        true
    }

    /// Makes no further schemas when too many could not be made.
    fn stop_making(&mut self) {
        let (failed, budget) = (self.rollout.not_made(), self.rollout.budget);
        if failed <= budget {
            return;
        }
        let reason = format!("not made, as {failed} others could not be made and {budget} may fail");
        for kind in [PhaseKind::Waiting, PhaseKind::Later] {
            for at in self.roster.made(kind).collect::<Vec<_>>() {
                self.roster.set(at, Phase::Blocked(reason.clone()));
            }
        }
    }

    /// Goes on to the next wave when this one is settled and has soaked.
    fn next_wave(&mut self, now: Timestamp) {
        let current = self.rollout.current;
        if current >= self.rollout.waves.len() {
            self.end(now);
            return;
        }
        if current > 0
            && self.rollout.waves[current].started.is_none()
            && !self.roster.settled_up_to(current - 1)
        {
            // Somebody of an earlier wave has something to do again, and this
            // one has not begun: it waits.
            self.rollout.waves[current - 1].ready = None;
            self.rollout.current -= 1;
            return;
        }
        if !self.roster.settled_up_to(current) {
            return;
        }
        let done = self.progress().get(current).map_or(0, |wave| wave.done);
        let last = current + 1 == self.rollout.waves.len();
        let wave = &mut self.rollout.waves[current];
        if wave.ready.is_none() {
            wave.ready = Some(now);
            self.dirty = Dirty::Now;
        }
        let passes_at_once = last || wave.tenants == 0;
        if !passes_at_once && wave.soaked().is_some_and(|soaked| now < soaked) {
            return;
        }
        if !passes_at_once && wave.pause && !wave.resumed {
            self.rollout.stage = Stage::Paused(Paused::AfterWave { wave: wave.name.clone() });
            return;
        }
        self.rollout.proven |= done > 0;
        self.rollout.current += 1;
    }

    /// Ends the rollout when there is nobody left to wait for.
    fn end(&mut self, now: Timestamp) {
        let open = PhaseKind::OPEN.iter().any(|kind| self.roster.count(*kind) > 0);
        if open || self.roster.count(PhaseKind::Unreachable) > 0 || self.may_be_approved() {
            return;
        }
        let without = [PhaseKind::Failed, PhaseKind::Blocked, PhaseKind::Unapproved];
        let failed = without.iter().any(|kind| self.roster.count(*kind) > 0);
        let state = match self.rollout.kind {
            _ if failed => RolloutState::Failed,
            Kind::RollBack { .. } => RolloutState::RolledBack,
            _ => RolloutState::Succeeded,
        };
        self.rollout.stage = Stage::Ended(state);
        self.rollout.ended = Some(now);
    }

    /// Whether somebody may still approve what was offered for a tenant.
    fn may_be_approved(&self) -> bool {
        self.roster.in_phase(PhaseKind::Unapproved).any(|at| self.is_offered(self.roster.get(at)))
    }

    /// Everything that only reads: what is in doubt first, as it may show that
    /// there is more to do.
    fn read(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let retry = self.limits.spec.retry;
        if !self.stopping {
            actions.extend(self.databases.due(&retry, now).into_iter().map(Action::Ask));
        }
        let batch = usize::try_from(self.limits.read_back_at_once).unwrap_or(usize::MAX).max(1);
        for (database, mut members) in self.roster.by_database(PhaseKind::InDoubt) {
            if !self.databases.is_silent(&database) {
                members.truncate(batch);
                let keys = self.mark(&members, &Phase::Rereading);
                actions.push(Action::Reread(database, keys));
            }
        }
        self.read_back(actions);
        let wanted: Vec<GroupKey> =
            self.unplanned.iter().filter(|(_, wanted)| !wanted.asked).map(|(key, _)| key.clone()).collect();
        for key in wanted {
            let Some(wanted) = self.unplanned.get_mut(&key) else { continue };
            let waiting: Vec<TenantKey> = wanted
                .members
                .iter()
                .map(|at| self.roster.get(*at))
                .filter(|member| {
                    member.phase == Phase::Unplanned && !self.databases.is_silent(&member.tenant.key.database)
                })
                .map(|member| member.tenant.key.clone())
                .take(5)
                .collect();
            if !waiting.is_empty() {
                wanted.asked = true;
                actions.push(Action::Plan(key, waiting));
            }
        }
    }

    /// Reads back what was applied: one read at a time a database, of all that
    /// gathered meanwhile (D13).
    fn read_back(&mut self, actions: &mut Vec<Action>) {
        // What is being changed needs the server too.
        let limit = match self.roster.count(PhaseKind::Running) {
            0 => self.limits.read_back_at_once,
            _ => self.limits.read_back_beside,
        };
        let batch = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        let applied = self.roster.by_database(PhaseKind::Applied);
        if applied.is_empty() {
            return;
        }
        let reading = self.roster.by_database(PhaseKind::ReadingBack);
        // Those that are in sync without a plan are taken down as such only
        // when the rollout may do anything at all.
        let started = self.rollout.started.is_some();
        for (database, mut members) in applied {
            members.retain(|at| started || self.roster.get(*at).attempts > 0);
            if members.is_empty() || self.databases.is_silent(&database) || reading.contains_key(&database) {
                continue;
            }
            members.truncate(batch);
            let keys = self.mark(&members, &Phase::ReadingBack);
            actions.push(Action::ReadBack(database, keys));
        }
    }

    fn mark(&mut self, members: &[usize], phase: &Phase) -> Vec<TenantKey> {
        members
            .iter()
            .map(|at| {
                self.roster.set(*at, phase.clone());
                self.roster.get(*at).tenant.key.clone()
            })
            .collect()
    }

    /// How many more tenants may be changed at once. One whose fate is in doubt keeps its place until that is known, unless
    /// its database does not answer: then the others go on.
    fn free(&self) -> usize {
        let most = usize::try_from(self.limits.spec.max_concurrent).unwrap_or(usize::MAX);
        let in_doubt = [PhaseKind::InDoubt, PhaseKind::Rereading]
            .into_iter()
            .flat_map(|kind| self.roster.in_phase(kind))
            .map(|at| self.roster.get(at))
            .filter(|member| member.attempts > 0 && !self.databases.is_silent(&member.tenant.key.database))
            .count();
        most.saturating_sub(self.roster.count(PhaseKind::Running)).saturating_sub(in_doubt)
    }

    /// Makes schemas that are not there. Outside of waves and windows, with at
    /// most half of what may run at once where a wave runs too: onboarding is
    /// not held up by a rollout, nor the other way round.
    fn make(&mut self, actions: &mut Vec<Action>) {
        let most = usize::try_from(self.limits.spec.max_concurrent).unwrap_or(usize::MAX);
        let shared = self.rollout.stage == Stage::Running
            && self.roster.up_to(PhaseKind::Waiting, self.rollout.current_or_last()).next().is_some();
        let share = if shared { most.div_ceil(2) } else { most };
        let running = self.roster.made(PhaseKind::Running).count();
        let room = share.saturating_sub(running).min(self.free());
        let ready: Vec<usize> =
            self.roster.made(PhaseKind::Waiting).filter(|at| self.may_be_made(*at)).take(room).collect();
        self.apply(&ready, actions);
    }

    /// Whether the revision that a tenant would be made at is in force.
    pub(super) fn may_be_made(&self, at: usize) -> bool {
        let member = self.roster.get(at);
        let in_force = self.group_of(member).map(|group| Some(&group.revision) == self.rollout.in_force());
        in_force == Some(true) && self.cleared(member).is_ok()
    }

    /// Changes tenants of the current wave.
    fn migrate(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        // Those that come late, when the last wave is over, go with it.
        let current = self.rollout.current_or_last();
        if self.rollout.stage != Stage::Running || !window::open(&self.limits.spec.windows, now) {
            return;
        }
        let mut room = self.free();
        let unconfirmed = [PhaseKind::Applied, PhaseKind::ReadingBack]
            .iter()
            .map(|kind| self.roster.up_to(*kind, current).count())
            .sum::<usize>();
        if !self.is_cautious() {
            let most = usize::try_from(self.limits.unconfirmed).unwrap_or(usize::MAX);
            room = room.min(most.saturating_sub(unconfirmed));
        } else {
            // Canaries are read back before further ones are touched.
            room = room.saturating_sub(unconfirmed);
        }
        let ready: Vec<usize> = self.roster.up_to(PhaseKind::Waiting, current).take(room).collect();
        if !ready.is_empty()
            && let Some(wave) = self.rollout.waves.get_mut(current)
            && wave.started.is_none()
        {
            wave.started = Some(now);
            self.dirty = Dirty::Now;
        }
        self.apply(&ready, actions);
    }

    fn apply(&mut self, members: &[usize], actions: &mut Vec<Action>) {
        for at in members {
            self.roster.attempt(*at);
            actions.push(Action::Apply(self.roster.get(*at).tenant.key.clone()));
        }
    }

    /// What is waited for when nothing is under way, or how the run ends.
    fn rest(&self, now: Timestamp) -> Action {
        match &self.rollout.stage {
            Stage::Ended(state) => return Action::Finish(Outcome::Ended(*state)),
            Stage::RollingBack => return Action::Finish(Outcome::RollBack),
            _ if self.stopping => return Action::Finish(Outcome::Stopped),
            _ => {}
        }
        let made_later = self.roster.made(PhaseKind::Later).next().is_some();
        if let Stage::Paused(paused) = &self.rollout.stage
            && !made_later
        {
            return Action::Finish(Outcome::Paused(paused.clone()));
        }
        if let Some(until) = self.next_time(now) {
            return Action::Wait(Some(until), self.waits_for(now));
        }
        let windows = &self.limits.spec.windows;
        match &self.rollout.stage {
            Stage::Running if self.is_anybody_waiting() && !window::open(windows, now) => {
                Action::Finish(Outcome::OutsideWindow(window::next_opening(windows, now)))
            }
            Stage::AwaitingApproval => Action::Finish(Outcome::AwaitingApproval),
            _ if self.may_be_approved() => Action::Finish(Outcome::AwaitingApproval),
            _ => Action::Finish(Outcome::Incomplete(self.roster.count(PhaseKind::Unreachable))),
        }
    }

    /// The next moment at which something may have to be done though nothing
    /// happened.
    fn next_time(&self, now: Timestamp) -> Option<Timestamp> {
        let mut times: Vec<Timestamp> = self.databases.next(&self.limits.spec.retry).into_iter().collect();
        let running = self.rollout.stage == Stage::Running;
        let made_later = self.roster.made(PhaseKind::Later).next().is_some();
        if running || made_later {
            times.extend(self.roster.next_later());
        }
        if running {
            let current = self.rollout.current_or_last();
            times.extend(self.rollout.waves.get(current).and_then(Wave::soaked));
        }
        times.into_iter().filter(|time| *time > now).min()
    }

    /// Whether somebody in the waves that have begun could be changed.
    fn is_anybody_waiting(&self) -> bool {
        self.roster.up_to(PhaseKind::Waiting, self.rollout.current_or_last()).next().is_some()
    }

    fn waits_for(&self, now: Timestamp) -> Waiting {
        let current = self.rollout.current;
        let wave = self.rollout.waves.get(current);
        if let Some((database, _)) = self.databases.silent().next()
            && self.databases.next(&self.limits.spec.retry).is_some()
        {
            return Waiting::Database(database.clone());
        }
        if self.roster.next_later().is_some() {
            return Waiting::Retry(self.roster.count(PhaseKind::Later));
        }
        match wave {
            Some(wave) if wave.soaked().is_some_and(|soaked| now < soaked) => {
                Waiting::Soak(wave.name.clone())
            }
            _ => Waiting::Work,
        }
    }
}
