//! A fleet that is not there, for the rollout's machine to be run against: with
//! a clock of its own, faults on demand, and kills at any moment. What comes
//! of it is told as a story that a person can read.

mod narrator;
mod property;
mod stories;
mod world;

use jiff::{SignedDuration, Timestamp};

use crate::RolloutSpec;
use crate::rollout::{Action, Kind, Limits, Machine, Observation, Order, Outcome, Rollout, check};
use crate::testing::{digest, noon};
use narrator::Narrator;
use world::{Deed, World};

/// Something that happens at a time, whatever the machine does.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// A database stops to answer.
    Down(&'static str),
    /// It answers again.
    Up(&'static str),
    /// The process is killed, and started again after five seconds.
    Kill,
    /// A person orders something.
    Order(Order),
    /// A person approves the whole offer, or the group of this number in it.
    Approve(Option<usize>),
    /// A person starts the program once more.
    Start,
    /// Somebody takes away what was in the way of a tenant.
    Repair(&'static str),
    /// A tenant leaves the set.
    Leave(String),
    /// A person presses Ctrl-C.
    Stop,
}

/// One story: a fleet, what is wanted of it, and what happens.
#[derive(Debug)]
pub(crate) struct Story {
    pub title: &'static str,
    pub spec: RolloutSpec,
    pub kind: Kind,
    pub world: World,
    /// When, in milliseconds, and what.
    pub happenings: Vec<(i64, Happening)>,
}

/// How a story ended.
pub(crate) struct Told {
    pub text: String,
    pub outcome: Option<Outcome>,
    pub world: World,
    pub rollout: Rollout,
}

/// The moment so many milliseconds after the story's beginning.
pub(super) fn at(milliseconds: i64) -> Timestamp {
    noon(0).checked_add(SignedDuration::from_millis(milliseconds)).unwrap()
}

impl Story {
    /// Runs it to its end.
    pub(crate) fn tell(mut self) -> Told {
        let mut narrator = Narrator::new(self.title, &self.world);
        let mut happenings = std::mem::take(&mut self.happenings);
        happenings.sort_by_key(|(time, _)| *time);
        happenings.reverse();
        let mut now = at(0);
        let mut machine = Some(self.start(now, &mut narrator));
        let mut outcome = None;
        for _ in 0..1_000_000 {
            let mut until = None;
            if let Some(running) = &mut machine {
                let actions = running.decide(now);
                if let Err(violation) = check(running, &actions, now) {
                    panic!("{violation}\n{}", narrator.text());
                }
                running.assert_consistent();
                narrator.look(running, now);
                for action in actions {
                    match action {
                        Action::Save => self.world.keep(running.rollout()),
                        Action::Wait(time, waiting) => {
                            narrator.waits(&waiting, time, now);
                            until = time;
                        }
                        Action::Finish(how) => {
                            narrator.ends(&how, now);
                            outcome = Some(how);
                        }
                        deed => self.world.begin(deed, running, now),
                    }
                }
                if outcome.is_some() {
                    machine = None;
                }
            }
            let next_happening = happenings.last().map(|(time, _)| at(*time));
            let next_deed = self.world.next_deed();
            let Some(next) = [next_happening, next_deed, until].into_iter().flatten().min() else { break };
            now = now.max(next);
            if next_happening == Some(next) {
                let Some((_, happening)) = happenings.pop() else { break };
                self.happen(happening, &mut machine, &mut outcome, &mut happenings, now, &mut narrator);
            } else if next_deed == Some(next)
                && let Some(deed) = self.world.take_deed()
                && let Some(observation) = self.world.finish(deed)
                && let Some(running) = &mut machine
            {
                running.observe(observation, now);
            }
        }
        narrator.conclude(&self.world);
        let rollout = self.world.rollout().unwrap();
        Told { text: narrator.into_text(), outcome, world: self.world, rollout }
    }

    /// Puts the machine together as the program does: from what the ledgers and
    /// the catalogs say.
    fn start(&mut self, now: Timestamp, narrator: &mut Narrator) -> Machine {
        let rollout = self.world.rollout().unwrap_or_else(|| {
            let (from, to) = (self.world.from.clone(), self.world.to.clone());
            let mut rollout = Rollout::new("customers-2".to_owned(), self.kind.clone(), from, to, now);
            rollout.groups = self.world.groups();
            rollout
        });
        let members = self.world.members();
        let total = self.world.total();
        let machine = Machine::new(rollout, Limits::of(&self.spec), members, total, now);
        narrator.starts(&machine, now);
        machine
    }

    fn happen(
        &mut self,
        happening: Happening,
        machine: &mut Option<Machine>,
        outcome: &mut Option<Outcome>,
        happenings: &mut Vec<(i64, Happening)>,
        now: Timestamp,
        narrator: &mut Narrator,
    ) {
        narrator.happens(&happening, now);
        match happening {
            Happening::Down(database) => self.world.down(database),
            Happening::Up(database) => self.world.up(database),
            Happening::Repair(name) => self.world.repair(name),
            Happening::Approve(group) => {
                let offer = self.world.rollout().and_then(|rollout| rollout.offer);
                let Some(offer) = offer else { return };
                let digest = match group {
                    Some(group) => offer.groups[group % offer.groups.len()].digest.clone(),
                    None => offer.digest,
                };
                let order = Happening::Order(Order::Approve { digest, by: Some("ada".to_owned()) });
                self.happen(order, machine, outcome, happenings, now, narrator);
            }
            Happening::Order(order) => {
                let running = machine.get_or_insert_with(|| {
                    *outcome = None;
                    self.start(now, narrator)
                });
                if let Err(reason) = running.order(order, now) {
                    narrator.line(now, &format!("refused: {reason}"));
                }
            }
            Happening::Start => {
                *outcome = None;
                *machine = Some(self.start(now, narrator));
            }
            Happening::Leave(name) => {
                let key = self.world.leave(&name);
                if let Some(running) = machine {
                    running.observe(Observation::Left(key), now);
                }
            }
            Happening::Stop => {
                if let Some(running) = machine {
                    running.observe(Observation::Stop, now);
                }
            }
            Happening::Kill => {
                if machine.take().is_some() {
                    narrator.line(now, &self.world.kill());
                    let restart = now.duration_since(at(0)).as_millis() + 5000;
                    happenings.push((i64::try_from(restart).unwrap(), Happening::Start));
                    happenings.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
                }
            }
        }
    }
}

/// The digest under which a revision is known in stories.
pub(super) fn revision(word: &str) -> tenantry_planner::Digest {
    digest(word)
}

/// Whether a deed is of the kind that changes a tenant.
pub(super) fn changes(deed: &Deed) -> bool {
    matches!(deed, Deed::Apply { .. })
}
