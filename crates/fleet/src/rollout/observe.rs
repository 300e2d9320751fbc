//! What happened, told to the machine.

use jiff::Timestamp;
use tenantry_catalog::Fingerprint;
use tenantry_engine::{DatabaseName, TenantKey};

use super::databases::{after, pause};
use super::group::{Group, GroupKey, Verdict};
use super::machine::{Dirty, Machine};
use super::member::{Phase, PhaseKind, Place};
use super::record::Failure;
use super::trouble::Trouble;
use super::wave::lot;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A plan was applied to a tenant.
    Applied(TenantKey),
    /// It was not.
    Failed(TenantKey, Trouble),
    /// Tenants were read back and what was found was written down: the
    /// fingerprints, `None` where no schema is.
    ReadBack(DatabaseName, Vec<(TenantKey, Option<Fingerprint>)>),
    /// Tenants were looked at again.
    Found(DatabaseName, Vec<(TenantKey, Place)>),
    /// A group has a plan, or none can be made.
    Planned(Group),
    /// No plan could even be tried for a group, because of the database.
    NotPlanned(GroupKey, DatabaseName, String),
    /// Reading from a database failed, or it did not answer.
    Silent(DatabaseName, String),
    /// A database answers again.
    Answers(DatabaseName),
    /// A tenant is no longer one of the set.
    Left(TenantKey),
    /// Somebody asked to stop: what runs is finished, nothing is started.
    Stop,
}

impl Machine {
    /// Takes note of what happened.
    pub fn observe(&mut self, observation: Observation, now: Timestamp) {
        match observation {
            Observation::Applied(key) => self.with(&key, |machine, at| {
                machine.roster.set(at, Phase::Applied);
            }),
            Observation::Failed(key, trouble) => {
                self.with(&key, |machine, at| machine.went_wrong(at, trouble, now));
            }
            Observation::ReadBack(database, found) => {
                self.databases.went_well(&database);
                for (key, found) in found {
                    self.with(&key, |machine, at| machine.compare(at, found.as_ref(), now));
                }
            }
            Observation::Found(database, places) => {
                self.databases.went_well(&database);
                for (key, place) in places {
                    self.with(&key, |machine, at| machine.put(at, place, now));
                }
            }
            Observation::Planned(group) => self.planned(group, now),
            Observation::NotPlanned(key, database, message) => {
                if let Some(wanted) = self.unplanned.get_mut(&key) {
                    wanted.asked = false;
                }
                self.fell_silent(&database, &message, now);
            }
            Observation::Silent(database, message) => self.fell_silent(&database, &message, now),
            Observation::Answers(database) => self.answers(&database),
            Observation::Left(key) => self.with(&key, |machine, at| {
                // What runs is finished; its outcome is of no interest then.
                if !PhaseKind::BUSY.contains(&machine.roster.get(at).phase.kind()) {
                    machine.roster.set(at, Phase::Left);
                }
            }),
            Observation::Stop => self.stopping = true,
        }
    }

    fn with(&mut self, key: &TenantKey, change: impl FnOnce(&mut Self, usize)) {
        if let Some(at) = self.roster.find(key) {
            change(self, at);
        }
    }

    fn went_wrong(&mut self, at: usize, trouble: Trouble, now: Timestamp) {
        let member = self.roster.get(at);
        let tried_out = member.attempts >= self.limits.spec.retry.attempts;
        match trouble {
            Trouble::Stopped => self.roster.set(at, Phase::Waiting),
            Trouble::NotOurs { message } => self.roster.set(at, Phase::Blocked(message)),
            Trouble::Lasting { cause, message } => self.fail(at, cause, message, now),
            Trouble::Passing { cause, message } if tried_out => self.fail(at, cause, message, now),
            Trouble::Passing { .. } => {
                let pause = pause(&self.limits.spec.retry, member.attempts, lot(&member.tenant.name));
                self.roster.set(at, Phase::Later(after(now, pause)));
            }
            Trouble::Moved if tried_out => {
                let message = format!(
                    "it was changed by somebody else {} times while it was to be migrated",
                    member.attempts
                );
                self.fail(at, "changed meanwhile".to_owned(), message, now);
            }
            Trouble::Moved | Trouble::InDoubt => self.roster.set(at, Phase::InDoubt),
            Trouble::Silent { message } => {
                let database = member.tenant.key.database.clone();
                if tried_out {
                    self.fail(at, "the connection was lost".to_owned(), message.clone(), now);
                } else {
                    self.roster.set(at, Phase::InDoubt);
                }
                self.fell_silent(&database, &message, now);
            }
        }
    }

    fn compare(&mut self, at: usize, found: Option<&Fingerprint>, now: Timestamp) {
        let member = self.roster.get(at);
        let Some(group) = member.group.map(|group| &self.rollout.groups[group]) else { return };
        let (expected, own) = match &group.verdict {
            Verdict::Migrate(route) => (Some(&route.to), !route.reaches_target),
            // Equal to the merge with what it has of its own.
            Verdict::InSync => (group.key.from.as_ref(), group.key.way.keeps()),
            Verdict::Blocked(_) => return,
        };
        if found == expected {
            self.roster.set(at, Phase::Done { own });
            return;
        }
        let message = match found {
            Some(found) => format!(
                "it was read back as {}, and the plan was proved to lead to {}: somebody changed it at the same moment, or an event trigger did",
                found.short(),
                expected.map_or("nothing", Fingerprint::short)
            ),
            None => "it was gone when it was read back".to_owned(),
        };
        self.fail(at, "read back as something else".to_owned(), message, now);
    }

    pub(super) fn fail(&mut self, at: usize, cause: String, message: String, now: Timestamp) {
        let member = self.roster.get(at);
        let (key, name) = (member.tenant.key.clone(), member.tenant.name.clone());
        self.rollout.failures.retain(|failure| failure.key != key);
        self.rollout.failures.push(Failure {
            key,
            name,
            wave: member.wave,
            cause,
            message,
            at: now,
            forgiven: false,
        });
        self.roster.set(at, Phase::Failed);
        self.dirty = self.dirty.max(Dirty::Soon);
    }

    fn planned(&mut self, group: Group, now: Timestamp) {
        let waiting = self.unplanned.remove(&group.key).unwrap_or_default().members;
        // Those who arrive while a revision is in force are made outside of
        // what is offered, which stays what it was (D18).
        let outside = group.key.way.makes() && self.rollout.from.is_some();
        let known = self.rollout.groups.iter().position(|other| other.key == group.key);
        let index = known.unwrap_or_else(|| {
            self.rollout.groups.push(group);
            self.rollout.groups.len() - 1
        });
        self.dirty = self.dirty.max(Dirty::Soon);
        for at in waiting {
            if self.roster.get(at).phase == Phase::Unplanned {
                let wave = self.roster.get(at).wave;
                self.roster.regroup(at, Some(index), wave);
                self.queue(at, now);
            }
        }
        if self.rollout.started.is_none() && self.rollout.approvals.is_empty() {
            if outside {
                self.count_groups();
            } else {
                self.offer(now);
            }
        }
    }

    fn fell_silent(&mut self, database: &DatabaseName, message: &str, now: Timestamp) {
        let retry = self.limits.spec.retry;
        self.databases.fell_silent(database, message, &retry, now);
        let given_up = self.databases.given_up(database, &retry);
        for (from, to) in [
            (PhaseKind::ReadingBack, Phase::Applied),
            (PhaseKind::Rereading, Phase::InDoubt),
            (PhaseKind::Waiting, Phase::Parked),
            (PhaseKind::Later, Phase::Parked),
        ] {
            self.move_all(database, from, &to);
        }
        if given_up {
            for from in [PhaseKind::Applied, PhaseKind::InDoubt, PhaseKind::Parked, PhaseKind::Unplanned] {
                self.move_all(database, from, &Phase::Unreachable);
            }
        }
    }

    fn answers(&mut self, database: &DatabaseName) {
        self.databases.answered(database);
        // Whatever was known of them is from before: a fail-over may have lost
        // what was committed last.
        for from in [PhaseKind::Parked, PhaseKind::Unreachable, PhaseKind::Applied] {
            self.move_all(database, from, &Phase::InDoubt);
        }
    }

    fn move_all(&mut self, database: &DatabaseName, from: PhaseKind, to: &Phase) {
        let members: Vec<usize> = self
            .roster
            .in_phase(from)
            .filter(|at| self.roster.get(*at).tenant.key.database == *database)
            .collect();
        for at in members {
            self.roster.set(at, to.clone());
        }
    }
}
