//! The state machine's parts, how it is put together, and what people order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use tenantry_engine::{DatabaseName, Tenant, TenantKey, TenantName};
use tenantry_planner::Digest;

use super::approval::{Approved, Offer};
use super::databases::Databases;
use super::group::{Group, GroupKey, Verdict, Way};
use super::member::{Member, Phase, PhaseKind, Place, Roster};
use super::record::{Kind, Paused, Rollout, Stage};
use super::wave::{lay_out, single};
use crate::{OnFailure, RolloutSpec};

/// What the set says now about how a rollout goes on. What was fixed when it
/// began (waves, budgets) stands in [`Rollout`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// The set's rollout.
    pub spec: RolloutSpec,
    /// How many tenants are read back at once when nobody waits for anything else.
    pub read_back_at_once: u32,
    /// How many are while others are being changed: a part that one connection reads steadily, so that the applies go on.
    pub read_back_beside: u32,
    /// How many applied tenants may be waiting for their read-back.
    pub unconfirmed: u32,
}

impl Limits {
    /// The limits of a set.
    ///
    /// A read-back costs one set of queries however many tenants it is for, so
    /// it takes what has gathered, at most 200 to bound its memory. Reading a
    /// tenant takes longer than changing it: applies may run ahead by as many
    /// as make a fleet of 1,500 wait for none of it, and not by any number, so
    /// that a mismatch shows before too much happened.
    pub fn of(spec: &RolloutSpec) -> Self {
        Self { spec: spec.clone(), read_back_at_once: 200, read_back_beside: 25, unconfirmed: 1000 }
    }
}

/// So many tenants are proof enough where there are no waves.
const CANARIES: usize = 10;

/// What a person orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// What has this digest may run.
    Approve {
        /// Of the whole offer, or of a group.
        digest: Digest,
        /// Who says so.
        by: Option<String>,
    },
    /// Start nothing further.
    Pause {
        /// Who says so.
        by: Option<String>,
    },
    /// Go on, whatever failed so far.
    Resume,
    /// Try a failed or blocked tenant once more.
    Retry(TenantName),
    /// Leave a tenant out.
    Skip(TenantName),
}

/// How far one wave is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaveProgress {
    /// Its name.
    pub name: String,
    /// How many tenants it has.
    pub tenants: u32,
    /// How many have the target and were read back.
    pub done: u32,
    /// How many failed.
    pub failed: u32,
    /// How many are being changed or wait for their read-back.
    pub running: u32,
    /// How many are left aside: blocked, unapproved, skipped, unreachable.
    pub aside: u32,
    /// How many may fail.
    pub budget: u32,
}

/// What has to be written down, and how soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dirty {
    Clean,
    Soon,
    Now,
}

/// A group that has no plan yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Who waits for it.
    pub members: Vec<usize>,
    /// Somebody makes it.
    pub asked: bool,
}

/// A rollout under way.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(super) rollout: Rollout,
    pub(super) limits: Limits,
    pub(super) roster: Roster,
    pub(super) databases: Databases,
    pub(super) unplanned: BTreeMap<GroupKey, Wanted>,
    pub(super) stopping: bool,
    pub(super) dirty: Dirty,
    pub(super) saved: Timestamp,
}

impl Machine {
    /// Puts a rollout together: one that begins (it has no waves yet), or one
    /// that goes on after a kill. `members` are the tenants with something to
    /// do; `total` is how many the set has.
    pub fn new(
        rollout: Rollout,
        limits: Limits,
        members: Vec<(Tenant, Place)>,
        total: u32,
        now: Timestamp,
    ) -> Self {
        let mut machine = Self {
            rollout,
            limits,
            roster: Roster::default(),
            databases: Databases::default(),
            unplanned: BTreeMap::new(),
            stopping: false,
            dirty: Dirty::Now,
            saved: now,
        };
        let begins = machine.rollout.waves.is_empty();
        if begins {
            machine.lay_out(&members, total);
        }
        for (tenant, place) in members {
            machine.enlist(tenant, place, now);
        }
        if begins {
            machine.offer(now);
        }
        machine
    }

    fn lay_out(&mut self, members: &[(Tenant, Place)], total: u32) {
        let in_waves: Vec<&Tenant> = members
            .iter()
            .filter(|(_, place)| !matches!(place, Place::Start(key) if key.way.makes()))
            .map(|(tenant, _)| tenant)
            .collect();
        let spec = &self.limits.spec;
        let adopts =
            members.iter().any(|(_, place)| matches!(place, Place::Start(key) if key.way == Way::Adopt));
        let waves = match &self.rollout.kind {
            Kind::Rest | Kind::Correction if !adopts => single(spec, &in_waves, total),
            Kind::RollBack { automatic: true, .. } => single(spec, &in_waves, total),
            _ => lay_out(spec, &in_waves, total),
        };
        self.rollout.waves = waves;
        self.rollout.total = total;
        self.rollout.budget = spec.failure_budget.of(total);
    }

    /// Offers for approval what needs one, with its tenants as they are now. What an earlier approval covers is not asked
    /// for again, but one that does not cover all counts for nothing: people approve what they are shown.
    pub(super) fn offer(&mut self, now: Timestamp) {
        self.count_groups();
        let needs = self
            .roster
            .members()
            .iter()
            .any(|member| member.group.is_some() && self.cleared(member).is_err());
        if needs {
            self.rollout.approvals.clear();
            let members = self.roster.members().iter();
            let tenants = members.filter_map(|member| Some((member.group?, &member.tenant)));
            self.rollout.offer = Some(Offer::of(&self.rollout.to, &self.rollout.groups, tenants, now));
        }
    }

    pub(super) fn count_groups(&mut self) {
        for (at, group) in self.rollout.groups.iter_mut().enumerate() {
            let mut names: Vec<&TenantName> = self
                .roster
                .members()
                .iter()
                .filter(|member| member.group == Some(at))
                .map(|member| &member.tenant.name)
                .collect();
            names.sort_unstable();
            group.tenants = u32::try_from(names.len()).unwrap_or(u32::MAX);
            group.examples = names.into_iter().take(5).cloned().collect();
        }
    }

    /// Takes a tenant in.
    fn enlist(&mut self, tenant: Tenant, place: Place, now: Timestamp) {
        let wave = self.wave_of(&tenant);
        let at = self.roster.add(Member { tenant, group: None, wave, phase: Phase::InDoubt, attempts: 0 });
        let (key, name) = {
            let tenant = &self.roster.get(at).tenant;
            (tenant.key.clone(), tenant.name.clone())
        };
        self.put(at, place, now);
        let failed = self.rollout.failures.iter().any(|failure| failure.key == key);
        if self.rollout.skipped.contains(&name) {
            self.roster.set(at, Phase::Skipped);
        } else if failed && self.roster.get(at).phase == Phase::Waiting {
            self.roster.set(at, Phase::Failed);
        }
    }

    /// The first wave that takes a tenant.
    pub(super) fn wave_of(&self, tenant: &Tenant) -> Option<usize> {
        self.rollout.waves.iter().position(|wave| wave.takes(tenant))
    }

    /// Puts a tenant where it was found.
    pub(super) fn put(&mut self, at: usize, place: Place, now: Timestamp) {
        match place {
            Place::Done { own } => self.roster.set(at, Phase::Done { own }),
            Place::Blocked(reason) => self.roster.set(at, Phase::Blocked(reason)),
            Place::Left => self.roster.set(at, Phase::Left),
            Place::Unknown => {
                let database = self.roster.get(at).tenant.key.database.clone();
                if !self.databases.is_silent(&database) {
                    self.databases.fell_silent(&database, "it did not answer", &self.limits.spec.retry, now);
                }
                self.roster.set(at, Phase::Parked);
            }
            Place::Start(key) => {
                let making = key.way.makes();
                let wave = if making { None } else { self.wave_of(&self.roster.get(at).tenant) };
                match self.rollout.groups.iter().position(|group| group.key == key) {
                    Some(group) => {
                        self.roster.regroup(at, Some(group), wave);
                        self.queue(at, now);
                    }
                    None => {
                        self.roster.regroup(at, None, wave);
                        self.roster.set(at, Phase::Unplanned);
                        self.unplanned.entry(key).or_default().members.push(at);
                    }
                }
            }
        }
    }

    /// Puts a member of a group in the queue, as the group's verdict says.
    pub(super) fn queue(&mut self, at: usize, now: Timestamp) {
        let member = self.roster.get(at);
        let Some(group) = member.group.map(|group| &self.rollout.groups[group]) else { return };
        if group.verdict.route().is_some() && member.attempts >= self.limits.spec.retry.attempts {
            let message = format!(
                "its fate was in doubt {} times, and each time nothing had happened",
                member.attempts
            );
            self.fail(at, "the connection was lost".to_owned(), message, now);
            return;
        }
        let phase = match &group.verdict {
            Verdict::Blocked(reasons) => Phase::Blocked(reasons.join("; ")),
            Verdict::InSync => Phase::Applied,
            Verdict::Migrate(_) if self.databases.is_silent(&member.tenant.key.database) => Phase::Parked,
            Verdict::Migrate(_) if self.rollout.started.is_some() && self.cleared(member).is_err() => {
                Phase::Unapproved
            }
            Verdict::Migrate(_) if member.attempts > 0 => {
                let lot = super::wave::lot(&member.tenant.name);
                let pause = super::databases::pause(&self.limits.spec.retry, member.attempts, lot);
                Phase::Later(super::databases::after(now, pause))
            }
            Verdict::Migrate(_) => Phase::Waiting,
        };
        self.roster.set(at, phase);
    }

    pub(super) fn needs_approval(&self, group: &Group) -> bool {
        group.needs_approval(self.limits.spec.approval, &self.rollout.kind, self.rollout.from.is_none())
    }

    /// Who approved what is done to a tenant, where somebody had to.
    ///
    /// # Errors
    /// When somebody has to, and nobody did.
    pub(super) fn cleared(&self, member: &Member) -> Result<Option<&Approved>, ()> {
        let Some(group) = member.group.map(|group| &self.rollout.groups[group]) else { return Err(()) };
        let Some(route) = group.verdict.route() else { return Ok(None) };
        let approvals = &self.rollout.approvals;
        let approved = self.rollout.offer.as_ref().and_then(|offer| match group.key.way {
            Way::Provision { .. } => offer.making_approved_by(approvals, &route.plan),
            _ => offer.approved_by(approvals, &route.plan, group.key.from.as_ref(), &member.tenant),
        });
        match approved {
            None if self.needs_approval(group) => Err(()),
            approved => Ok(approved),
        }
    }

    /// Whether what is done to a tenant was offered for approval.
    pub(super) fn is_offered(&self, member: &Member) -> bool {
        let group = member.group.map(|group| &self.rollout.groups[group]);
        let (Some(group), Some(offer)) = (group, &self.rollout.offer) else { return false };
        let plan = group.verdict.route().map(|route| &route.plan);
        plan.is_some_and(|plan| offer.holding(plan, group.key.from.as_ref(), &member.tenant).is_some())
    }

    /// Carries out a person's order.
    ///
    /// # Errors
    /// When it makes no sense here, and why.
    pub fn order(&mut self, order: Order, now: Timestamp) -> Result<(), String> {
        if self.rollout.has_ended() {
            return Err(format!("rollout {} has ended", self.rollout.id));
        }
        match order {
            Order::Approve { digest, by } => self.approve(digest, by, now)?,
            Order::Pause { by } => {
                self.rollout.stage = Stage::Paused(Paused::ByPerson { by });
            }
            Order::Resume => self.resume(),
            Order::Retry(name) => {
                let at = self.member(&name)?;
                self.rollout.failures.retain(|failure| failure.name != name);
                if matches!(self.roster.get(at).phase, Phase::Failed | Phase::Blocked(_)) {
                    self.roster.forget_attempts(at);
                    self.roster.set(at, Phase::InDoubt);
                }
            }
            Order::Skip(name) => {
                let at = self.member(&name)?;
                if PhaseKind::BUSY.contains(&self.roster.get(at).phase.kind()) {
                    return Err(format!("{name} is being changed at this moment"));
                }
                self.roster.set(at, Phase::Skipped);
                self.rollout.skipped.push(name);
            }
        }
        self.dirty = Dirty::Now;
        Ok(())
    }

    fn member(&self, name: &TenantName) -> Result<usize, String> {
        self.roster.named(name).ok_or_else(|| {
            format!("{name} is not part of rollout {}: there is nothing to do for it", self.rollout.id)
        })
    }

    fn approve(&mut self, digest: Digest, by: Option<String>, now: Timestamp) -> Result<(), String> {
        if !self.rollout.offer.as_ref().is_some_and(|offer| offer.knows(&digest)) {
            return Err(format!(
                "nothing that is offered has the digest {}: look at the plan again",
                digest.short()
            ));
        }
        if !self.rollout.approvals.iter().any(|approved| approved.digest == digest) {
            self.rollout.approvals.push(Approved { digest, by, at: now });
        }
        for at in self.roster.in_phase(PhaseKind::Unapproved).collect::<Vec<_>>() {
            self.queue(at, now);
        }
        Ok(())
    }

    fn resume(&mut self) {
        for failure in &mut self.rollout.failures {
            failure.forgiven = true;
        }
        let current = self.rollout.current;
        match &self.rollout.stage {
            Stage::Paused(Paused::AfterWave { .. }) => {
                if let Some(wave) = self.rollout.waves.get_mut(current) {
                    wave.resumed = true;
                }
            }
            Stage::Paused(_) => {}
            _ => return,
        }
        let started = self.rollout.started.is_some();
        self.rollout.stage = if started { Stage::Running } else { Stage::AwaitingApproval };
    }

    /// The rollout as it is to be kept.
    pub fn rollout(&self) -> &Rollout {
        &self.rollout
    }

    /// The tenants.
    pub fn members(&self) -> &[Member] {
        self.roster.members()
    }

    /// The tenant that lives there.
    pub fn member_at(&self, key: &TenantKey) -> Option<&Member> {
        self.roster.find(key).map(|at| self.roster.get(at))
    }

    /// The groups.
    pub fn group_of(&self, member: &Member) -> Option<&Group> {
        member.group.map(|group| &self.rollout.groups[group])
    }

    /// Who approved what is done to a tenant.
    pub fn approved_by(&self, member: &Member) -> Option<&str> {
        self.cleared(member).ok().flatten().and_then(|approved| approved.by.as_deref())
    }

    /// The databases that do not answer, and what the system said.
    pub fn silent(&self) -> BTreeMap<DatabaseName, String> {
        self.databases
            .silent()
            .map(|(database, silence)| (database.clone(), silence.message.clone()))
            .collect()
    }

    /// Whether a failing rollout brings tenants back: there must be something
    /// to go back to, and a way back is never undone by itself.
    pub(super) fn may_roll_back(&self) -> bool {
        self.limits.spec.on_failure == OnFailure::RollBack
            && self.rollout.from.is_some()
            && self.rollout.kind == Kind::Forward
    }

    /// Whether tenants are read back before further ones are touched: in the
    /// first wave, and where that is the only one, for the first ten tenants.
    pub(super) fn is_cautious(&self) -> bool {
        let only = self.rollout.current_or_last() + 1 == self.rollout.waves.len();
        let proof_enough = only && self.roster.count(PhaseKind::Done) >= CANARIES;
        !(self.rollout.proven || proof_enough)
    }

    /// How many schemas were made, and how many were to be.
    pub fn made(&self) -> (u32, u32) {
        let to_make = || self.members().iter().filter(|member| member.wave.is_none());
        let made = to_make().filter(|member| matches!(member.phase, Phase::Done { .. }));
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(made.count()), number(to_make().count()))
    }

    /// How far each wave is.
    pub fn progress(&self) -> Vec<WaveProgress> {
        let mut waves: Vec<WaveProgress> = (0..self.rollout.waves.len())
            .map(|at| {
                let wave = &self.rollout.waves[at];
                let (name, tenants, budget) = (wave.name.clone(), wave.tenants, self.rollout.budget_of(at));
                WaveProgress { name, tenants, done: 0, failed: 0, running: 0, aside: 0, budget }
            })
            .collect();
        // Those who are at the target since an earlier run are no members of this one.
        let mut members = vec![(0, 0); waves.len()];
        for member in self.roster.members() {
            let Some(wave) = member.wave.and_then(|wave| waves.get_mut(wave).zip(members.get_mut(wave)))
            else {
                continue;
            };
            let (wave, (left, done)) = wave;
            match member.phase.kind() {
                PhaseKind::Done => {
                    *done += 1_u32;
                    continue;
                }
                PhaseKind::Left => {
                    wave.tenants = wave.tenants.saturating_sub(1);
                    continue;
                }
                PhaseKind::Failed => wave.failed += 1,
                PhaseKind::Running | PhaseKind::Applied | PhaseKind::ReadingBack => wave.running += 1,
                PhaseKind::Blocked | PhaseKind::Unapproved | PhaseKind::Skipped | PhaseKind::Unreachable => {
                    wave.aside += 1;
                }
                _ => {}
            }
            *left += 1_u32;
        }
        for (wave, (left, done)) in waves.iter_mut().zip(members) {
            // Some may have come after the waves were laid out.
            wave.tenants = wave.tenants.max(left + done);
            wave.done = wave.tenants - left;
        }
        waves
    }
}
