//! Tells what a machine does, in lines that a person can read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use tenantry_engine::DatabaseName;

use super::world::World;
use super::{Happening, at};
use crate::rollout::{Chosen, Machine, Order, Outcome, Phase, Stage, Verdict, Waiting, Wave, Way};
use crate::survey::Found;
use crate::testing::fingerprint;

pub(super) struct Narrator {
    text: String,
    stage: Option<Stage>,
    waves: Vec<(bool, bool)>,
    failures: BTreeSet<String>,
    silent: BTreeSet<DatabaseName>,
    aside: BTreeMap<String, Phase>,
    waiting: Option<Waiting>,
}

impl Narrator {
    pub(super) fn new(title: &str, world: &World) -> Self {
        let mut places: BTreeMap<(String, String), u32> = BTreeMap::new();
        for lodger in world.tenants.values() {
            let place = (lodger.tenant.key.database.to_string(), word(&lodger.found));
            *places.entry(place).or_default() += 1;
        }
        let places: Vec<String> = places
            .into_iter()
            .map(|((database, word), count)| format!("{count} tenants on {database} {word}"))
            .collect();
        let text = format!("{title}\n{}\n\n", places.join(", "));
        Self {
            text,
            stage: None,
            waves: Vec::new(),
            failures: BTreeSet::new(),
            silent: BTreeSet::new(),
            aside: BTreeMap::new(),
            waiting: None,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn line(&mut self, now: Timestamp, line: &str) {
        let seconds = now.duration_since(at(0)).as_secs_f64();
        let _ = writeln!(self.text, "{seconds:>9.3}  {line}");
    }

    pub(super) fn starts(&mut self, machine: &Machine, now: Timestamp) {
        let rollout = machine.rollout();
        let waves: Vec<String> =
            rollout.waves.iter().map(|wave| format!("{} ({})", wave.name, wave.tenants)).collect();
        let again = if rollout.started.is_some() || rollout.offer.as_ref().is_some_and(|offer| offer.at < now)
        {
            "goes on"
        } else {
            "begins"
        };
        self.line(
            now,
            &format!(
                "{} {again}: {} tenants to do, waves {}, budget {}",
                rollout.id,
                machine.members().iter().filter(|member| member.phase.is_open()).count(),
                waves.join(", "),
                rollout.budget
            ),
        );
        let chosen = |wave: &Wave| !matches!(wave.chosen, Chosen::Rest);
        for (at, wave) in rollout.waves.iter().enumerate().filter(|(_, wave)| chosen(wave)) {
            let names: Vec<&str> = machine
                .members()
                .iter()
                .filter(|member| member.wave == Some(at) && wave.tenants <= 10)
                .map(|member| member.tenant.name.as_str())
                .collect();
            if !names.is_empty() {
                self.line(now, &format!("  {}: {}", wave.name, names.join(" ")));
            }
        }
        for group in &rollout.groups {
            let verdict = match &group.verdict {
                Verdict::InSync => "equal already, though it prints differently".to_owned(),
                Verdict::Migrate(route) => {
                    let hazards: Vec<&str> = route.hazards.iter().map(|hazard| hazard.word()).collect();
                    let own = if route.reaches_target { "" } else { ", keeps its own" };
                    format!("{} statements{own} {}", route.statements, hazards.join(" "))
                }
                Verdict::Blocked(reasons) => format!("blocked: {}", reasons.join("; ")),
            };
            let way = match group.key.way {
                Way::Provision { .. } => "made",
                Way::Plain => "changed",
                Way::Keep { .. } => "drifted",
                Way::Finish { .. } => "half way",
                Way::Adopt => "adopted",
            };
            self.line(now, &format!("  group of {}, {way}: {}", group.tenants, verdict.trim_end()));
        }
        if let Some(offer) = &rollout.offer {
            self.line(now, &format!("  offered for approval as {}", offer.digest.short()));
        }
        self.waves =
            rollout.waves.iter().map(|wave| (wave.started.is_some(), wave.ready.is_some())).collect();
        self.failures = rollout.failures.iter().map(|failure| failure.name.to_string()).collect();
        self.stage = Some(rollout.stage.clone());
        self.aside.clear();
    }

    pub(super) fn happens(&mut self, happening: &Happening, now: Timestamp) {
        let line = match happening {
            Happening::Approve(_) => return,
            Happening::Down(database) => format!("! {database} goes down"),
            Happening::Up(database) => format!("! {database} is up again"),
            Happening::Kill => "! kill -9".to_owned(),
            Happening::Order(Order::Approve { digest, by }) => {
                format!("> {} approves {}", by.as_deref().unwrap_or("somebody"), digest.short())
            }
            Happening::Order(Order::Pause { .. }) => "> pause".to_owned(),
            Happening::Order(Order::Resume) => "> resume".to_owned(),
            Happening::Order(Order::Retry(name)) => format!("> retry {name}"),
            Happening::Order(Order::Skip(name)) => format!("> skip {name}"),
            Happening::Start => "> apply".to_owned(),
            Happening::Repair(name) => format!("! somebody repairs {name}"),
            Happening::Leave(name) => format!("! {name} leaves the set"),
            Happening::Stop => "> Ctrl-C".to_owned(),
        };
        self.waiting = None;
        self.line(now, &line);
    }

    /// Tells what is new since the last look.
    pub(super) fn look(&mut self, machine: &Machine, now: Timestamp) {
        let rollout = machine.rollout();
        let progress = machine.progress();
        for failure in &rollout.failures {
            if self.failures.insert(failure.name.to_string()) {
                self.line(now, &format!("{} failed: {}", failure.name, failure.message));
            }
        }
        self.failures = rollout.failures.iter().map(|failure| failure.name.to_string()).collect();
        if rollout.stage == Stage::Running {
            self.stage(machine, now);
        }
        for (at, wave) in rollout.waves.iter().enumerate() {
            let (started, ready) = self.waves.get(at).copied().unwrap_or_default();
            if wave.started.is_some() && !started {
                let budget = progress[at].budget;
                self.line(
                    now,
                    &format!("wave {} begins: {} tenants, {budget} may fail", wave.name, wave.tenants),
                );
            }
            if wave.ready.is_some() && !ready && wave.tenants > 0 {
                let progress = &progress[at];
                let aside = if progress.aside > 0 {
                    format!(", {} left aside", progress.aside)
                } else {
                    String::new()
                };
                self.line(
                    now,
                    &format!(
                        "wave {} is over: {} done, {} failed{aside}",
                        wave.name, progress.done, progress.failed
                    ),
                );
            }
        }
        self.waves =
            rollout.waves.iter().map(|wave| (wave.started.is_some(), wave.ready.is_some())).collect();
        self.silence(machine, now);
        self.look_aside(machine, now);
        self.stage(machine, now);
    }

    fn stage(&mut self, machine: &Machine, now: Timestamp) {
        let rollout = machine.rollout();
        if self.stage.as_ref() != Some(&rollout.stage) {
            self.stage = Some(rollout.stage.clone());
            let line = match &rollout.stage {
                Stage::AwaitingApproval => "waits for approval".to_owned(),
                Stage::Running => "runs".to_owned(),
                Stage::Paused(why) => format!("pauses: {why}"),
                Stage::RollingBack => "is to be rolled back".to_owned(),
                Stage::Ended(state) => format!("ended: {state}"),
            };
            self.line(now, &line);
        }
    }

    fn silence(&mut self, machine: &Machine, now: Timestamp) {
        let silent: BTreeSet<DatabaseName> = machine.silent().into_keys().collect();
        for database in silent.difference(&self.silent.clone()) {
            self.line(now, &format!("{database} does not answer; the others go on"));
        }
        for database in self.silent.clone().difference(&silent) {
            self.line(now, &format!("{database} answers again"));
        }
        self.silent = silent;
    }

    /// Those that are left aside, each once; many of a kind as a number.
    fn look_aside(&mut self, machine: &Machine, now: Timestamp) {
        let mut new: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for member in machine.members() {
            if matches!(member.phase, Phase::Waiting | Phase::Running | Phase::Applied | Phase::ReadingBack) {
                continue;
            }
            let name = member.tenant.name.to_string();
            let told = match &member.phase {
                Phase::Blocked(reason) => format!("blocked: {reason}"),
                Phase::Unapproved => "left aside: nobody approved it".to_owned(),
                Phase::Unreachable => "given up for now: unreachable".to_owned(),
                Phase::Skipped => "skipped".to_owned(),
                Phase::Later(_) => "is tried again later".to_owned(),
                Phase::InDoubt | Phase::Rereading if member.attempts > 0 => {
                    "in doubt, is looked at".to_owned()
                }
                _ => continue,
            };
            if self.aside.get(&name).map(Phase::is_open) != Some(member.phase.is_open())
                || std::mem::discriminant(&self.aside[&name]) != std::mem::discriminant(&member.phase)
                    && !matches!(member.phase, Phase::Rereading)
            {
                new.entry(told).or_default().push(name.clone());
            }
            self.aside.insert(name, member.phase.clone());
        }
        for (told, names) in new {
            let who = if names.len() > 4 { format!("{} tenants", names.len()) } else { names.join(" ") };
            self.line(now, &format!("{who} {told}"));
        }
    }

    pub(super) fn waits(&mut self, waiting: &Waiting, until: Option<Timestamp>, now: Timestamp) {
        if *waiting == Waiting::Work || self.waiting.as_ref() == Some(waiting) {
            return;
        }
        let until = until.map_or("for ever".to_owned(), |until| {
            format!("until {:.3}", until.duration_since(at(0)).as_secs_f64())
        });
        self.line(now, &format!("waits {until} for {waiting}"));
        self.waiting = Some(waiting.clone());
    }

    pub(super) fn ends(&mut self, outcome: &Outcome, now: Timestamp) {
        self.line(now, &format!("this run is over: {outcome}"));
    }

    /// Counts where everybody is in the end.
    pub(super) fn conclude(&mut self, world: &World) {
        let mut places: BTreeMap<(String, u32), Vec<&str>> = BTreeMap::new();
        for lodger in world.tenants.values() {
            places
                .entry((word(&lodger.found), lodger.commits))
                .or_default()
                .push(lodger.tenant.name.as_str());
        }
        self.text.push('\n');
        for ((word, commits), names) in places {
            let who = if names.len() > 5 { format!("{} tenants", names.len()) } else { names.join(" ") };
            let times = match commits {
                0 => "never changed".to_owned(),
                1 => "changed once".to_owned(),
                more => format!("changed {more} times"),
            };
            let _ = writeln!(self.text, "{who}: {word}, {times}");
        }
        let size = world.rollout().map_or(0, |rollout| rollout.write().unwrap().to_string().len());
        let _ = writeln!(self.text, "record: {size} bytes, written {} times", world.saves);
    }
}

/// A fingerprint by the word that it was made of.
fn word(found: &Found) -> String {
    let Found::At { fingerprint: found, .. } = found else { return "without a schema".to_owned() };
    ["f1", "f2", "f3", "f1d", "f1e", "f1x", "f1h", "f9", "f2t"]
        .into_iter()
        .find(|word| fingerprint(word) == *found)
        .map_or_else(|| "at a merge of both".to_owned(), |word| format!("at {word}"))
}
