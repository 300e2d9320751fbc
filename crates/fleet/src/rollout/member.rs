//! The tenants of a rollout, and how far each is. Not kept: put together from
//! the ledgers and the catalogs at each start.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tenantry_engine::{DatabaseName, Tenant, TenantKey, TenantName};

use super::group::GroupKey;
use super::wave::lot;

/// Where a tenant was found, as the rollout sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the rollout's revision already.
    Done {
        /// Whether it keeps changes of its own (D20a).
        own: bool,
    },
    /// At the start of a group.
    Start(GroupKey),
    /// Left alone, and why.
    Blocked(String),
    /// Nobody knows: its database does not answer.
    Unknown,
    /// No longer a tenant of the set.
    Left,
}

/// How far a tenant is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// To be changed.
    Waiting,
    /// To be changed, not before this time: something was in the way.
    Later(Timestamp),
    /// To be changed when its database answers again.
    Parked,
    /// Its group has no plan yet.
    Unplanned,
    /// Being changed.
    Running,
    /// Changed, and not read back yet.
    Applied,
    /// Being read back.
    ReadingBack,
    /// To be looked at before anything else.
    InDoubt,
    /// Being looked at.
    Rereading,
    /// At the rollout's revision, and read back.
    Done {
        /// Whether it keeps changes of its own.
        own: bool,
    },
    /// It failed; the rollout's record says why.
    Failed,
    /// Left alone, and why.
    Blocked(String),
    /// Nobody approved what would be done to it.
    Unapproved,
    /// Its database did not answer as long as this run had patience.
    Unreachable,
    /// Left out by a person's word.
    Skipped,
    /// No longer a tenant of the set.
    Left,
}

/// [`Phase`] without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PhaseKind {
    Waiting,
    Later,
    Parked,
    Unplanned,
    Running,
    Applied,
    ReadingBack,
    InDoubt,
    Rereading,
    Done,
    Failed,
    Blocked,
    Unapproved,
    Unreachable,
    Skipped,
    Left,
}

impl PhaseKind {
    /// The phases that a wave waits for.
    pub(super) const OPEN: [Self; 9] = [
        Self::Waiting,
        Self::Later,
        Self::Parked,
        Self::Unplanned,
        Self::Running,
        Self::Applied,
        Self::ReadingBack,
        Self::InDoubt,
        Self::Rereading,
    ];

    /// The phases in which somebody works on the tenant right now.
    pub(super) const BUSY: [Self; 3] = [Self::Running, Self::ReadingBack, Self::Rereading];
}

impl Phase {
    pub(super) fn kind(&self) -> PhaseKind {
        match self {
            Phase::Waiting => PhaseKind::Waiting,
            Phase::Later(_) => PhaseKind::Later,
            Phase::Parked => PhaseKind::Parked,
            Phase::Unplanned => PhaseKind::Unplanned,
            Phase::Running => PhaseKind::Running,
            Phase::Applied => PhaseKind::Applied,
            Phase::ReadingBack => PhaseKind::ReadingBack,
            Phase::InDoubt => PhaseKind::InDoubt,
            Phase::Rereading => PhaseKind::Rereading,
            Phase::Done { .. } => PhaseKind::Done,
            Phase::Failed => PhaseKind::Failed,
            Phase::Blocked(_) => PhaseKind::Blocked,
            Phase::Unapproved => PhaseKind::Unapproved,
            Phase::Unreachable => PhaseKind::Unreachable,
            Phase::Skipped => PhaseKind::Skipped,
            Phase::Left => PhaseKind::Left,
        }
    }

    /// Whether a wave waits for it.
    pub fn is_open(&self) -> bool {
        PhaseKind::OPEN.contains(&self.kind())
    }
}

/// A tenant of a rollout.
#[derive(Clone, Debug)]
pub struct Member {
    /// The tenant.
    pub tenant: Tenant,
    /// Its group, by index.
    pub group: Option<usize>,
    /// Its wave, by index; `None` when its schema is to be made, which is not
    /// part of any wave.
    pub wave: Option<usize>,
    /// How far it is.
    pub phase: Phase,
    /// How often it was tried in this run.
    pub attempts: u32,
}

/// By wave (those that are made first), then those that were tried least, then by lot: tenants that have to be tried again and
/// again, because somebody holds a lock, do not keep the others from their turn.
type Slot = (Option<usize>, u32, u64, usize);

fn slot(member: &Member, at: usize) -> Slot {
    (member.wave, member.attempts, lot(&member.tenant.name), at)
}

/// All tenants of a rollout, found by where they live and by how far they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    members: Vec<Member>,
    places: BTreeMap<TenantKey, usize>,
    phases: BTreeMap<PhaseKind, BTreeSet<Slot>>,
}

impl Roster {
    pub(super) fn add(&mut self, member: Member) -> usize {
        let at = self.members.len();
        self.places.insert(member.tenant.key.clone(), at);
        self.phases.entry(member.phase.kind()).or_default().insert(slot(&member, at));
        self.members.push(member);
        at
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    pub(super) fn get(&self, at: usize) -> &Member {
        &self.members[at]
    }

    pub(super) fn find(&self, key: &TenantKey) -> Option<usize> {
        self.places.get(key).copied()
    }

    pub(super) fn named(&self, name: &TenantName) -> Option<usize> {
        self.members.iter().position(|member| member.tenant.name == *name)
    }

    /// Changes a member, and keeps the index of phases true.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut Member)) {
        let member = &mut self.members[at];
        if let Some(slots) = self.phases.get_mut(&member.phase.kind()) {
            slots.remove(&slot(member, at));
        }
        change(member);
        self.phases.entry(member.phase.kind()).or_default().insert(slot(member, at));
    }

    pub(super) fn set(&mut self, at: usize, phase: Phase) {
        self.change(at, |member| member.phase = phase);
    }

    pub(super) fn attempt(&mut self, at: usize) {
        self.change(at, |member| {
            member.phase = Phase::Running;
            member.attempts += 1;
        });
    }

    pub(super) fn forget_attempts(&mut self, at: usize) {
        self.change(at, |member| member.attempts = 0);
    }

    pub(super) fn regroup(&mut self, at: usize, group: Option<usize>, wave: Option<usize>) {
        self.change(at, |member| {
            member.group = group;
            member.wave = wave;
        });
    }

    /// The members in a phase, those that are made first, then by wave.
    pub(super) fn in_phase(&self, kind: PhaseKind) -> impl Iterator<Item = usize> + '_ {
        self.phases.get(&kind).into_iter().flatten().map(|slot| slot.3)
    }

    pub(super) fn count(&self, kind: PhaseKind) -> usize {
        self.phases.get(&kind).map_or(0, BTreeSet::len)
    }

    /// The members in a phase whose schemas are to be made.
    pub(super) fn made(&self, kind: PhaseKind) -> impl Iterator<Item = usize> + '_ {
        self.phases.get(&kind).into_iter().flatten().take_while(|slot| slot.0.is_none()).map(|slot| slot.3)
    }

    /// The members in a phase of waves up to this one.
    pub(super) fn up_to(&self, kind: PhaseKind, wave: usize) -> impl Iterator<Item = usize> + '_ {
        self.phases
            .get(&kind)
            .into_iter()
            .flat_map(move |slots| slots.range((Some(0), 0, 0, 0)..(Some(wave + 1), 0, 0, 0)))
            .map(|slot| slot.3)
    }

    /// Whether nobody in waves up to this one is waited for.
    pub(super) fn settled_up_to(&self, wave: usize) -> bool {
        PhaseKind::OPEN.iter().all(|kind| self.up_to(*kind, wave).next().is_none())
    }

    /// Whether somebody works on a tenant right now.
    pub(super) fn is_busy(&self) -> bool {
        PhaseKind::BUSY.iter().any(|kind| self.count(*kind) > 0)
    }

    /// The members in a phase, by database.
    pub(super) fn by_database(&self, kind: PhaseKind) -> BTreeMap<DatabaseName, Vec<usize>> {
        let mut databases: BTreeMap<DatabaseName, Vec<usize>> = BTreeMap::new();
        for at in self.in_phase(kind) {
            let database = &self.members[at].tenant.key.database;
            match databases.get_mut(database) {
                Some(members) => members.push(at),
                None => {
                    databases.insert(database.clone(), vec![at]);
                }
            }
        }
        databases
    }

    /// When the first of those that wait for a time may go on.
    pub(super) fn next_later(&self) -> Option<Timestamp> {
        self.in_phase(PhaseKind::Later)
            .filter_map(|at| match self.members[at].phase {
                Phase::Later(until) => Some(until),
                _ => None,
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use tenantry_engine::{Labels, SchemaName};

    use super::*;

    #[test]
    fn the_index_follows_every_change() {
        let mut roster = Roster::default();
        for (name, wave) in [("made", None), ("canary", Some(0)), ("rest", Some(1))] {
            let key = TenantKey { database: DatabaseName::new("a"), schema: SchemaName::new(name).unwrap() };
            let tenant = Tenant { name: TenantName::new(name).unwrap(), key, labels: Labels::new() };
            roster.add(Member { tenant, group: None, wave, phase: Phase::Waiting, attempts: 0 });
        }
        assert_eq!(roster.up_to(PhaseKind::Waiting, 0).collect::<Vec<_>>(), [1]);
        assert_eq!(roster.up_to(PhaseKind::Waiting, 1).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(roster.made(PhaseKind::Waiting).collect::<Vec<_>>(), [0]);
        roster.attempt(1);
        assert!(!roster.settled_up_to(0) && roster.is_busy());
        roster.set(1, Phase::Done { own: false });
        assert!(roster.settled_up_to(0) && !roster.settled_up_to(1) && !roster.is_busy());
        roster.regroup(0, None, Some(1));
        assert_eq!(roster.made(PhaseKind::Waiting).count(), 0);
        assert_eq!(roster.up_to(PhaseKind::Waiting, 1).count(), 2);
    }

    #[test]
    fn those_tried_before_come_after_those_never_tried() {
        let mut roster = Roster::default();
        for name in ["a", "b", "c", "d"] {
            let key = TenantKey { database: DatabaseName::new("a"), schema: SchemaName::new(name).unwrap() };
            let tenant = Tenant { name: TenantName::new(name).unwrap(), key, labels: Labels::new() };
            roster.add(Member { tenant, group: None, wave: Some(0), phase: Phase::Waiting, attempts: 0 });
        }
        let first = roster.up_to(PhaseKind::Waiting, 0).next().unwrap();
        roster.attempt(first);
        roster.set(first, Phase::Waiting);
        assert_eq!(roster.up_to(PhaseKind::Waiting, 0).last(), Some(first));
        roster.forget_attempts(first);
        assert_eq!(roster.up_to(PhaseKind::Waiting, 0).next(), Some(first));
    }
}
