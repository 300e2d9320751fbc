//! What a SchemaRollout says of a rollout. Decides only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tenantry_api::conditions::{Observation, Truth, merge, reasons, types};
use tenantry_api::schema_rollout::{GroupStatus, RolloutState as State, SchemaRolloutStatus, WaveStatus};
use tenantry_fleet::rollout::{Paused, RolloutState};
use tenantry_fleet::{GroupOutcome, GroupReport, RolloutReport};
use tenantry_planner::{Digest, Lock, Plan};

use super::situation::{hazards, wave, why};
use super::status::cut;
use super::words::{bounded, grouped, tenants};

/// How many entries a list has at most, and how long one is, as the CRD says.
const ENTRIES: usize = 20;
const STATEMENT: usize = 1024;
const LINE: usize = 256;

/// Plans by digest.
pub(super) type Plans = BTreeMap<Digest, Arc<Plan>>;

/// The whole status.
pub(super) fn status(
    rollout: &RolloutReport,
    plans: &Plans,
    current: &SchemaRolloutStatus,
    generation: i64,
    now: Timestamp,
) -> SchemaRolloutStatus {
    let hazards = hazards(rollout).join(",");
    let (there, of) = done(rollout);
    let waves = rollout.waves.iter().take(ENTRIES).map(|wave| {
        let before = current.waves.iter().find(|before| before.name == wave.name);
        wave_status(wave, before, now)
    });
    SchemaRolloutStatus {
        observed_generation: Some(generation),
        conditions: merge(&current.conditions, &observations(rollout), generation, now),
        state: Some(state(rollout.state)),
        digest: rollout.digest.as_ref().map(ToString::to_string),
        wave: Some(match rollout.started {
            Some(_) => wave(rollout).map_or_else(|| "-".to_owned(), |wave| cut(&wave, 80)),
            None => "-".to_owned(),
        }),
        done: Some(format!("{there}/{of}")),
        failed: Some(bounded(rollout.failures.len())),
        hazards: Some(cut(&hazards, LINE)).filter(|hazards| !hazards.is_empty()),
        start_time: rollout.started.map(Time),
        completion_time: rollout.ended.map(Time),
        waves: waves.collect(),
        groups: rollout.groups.iter().take(ENTRIES).map(|group| self::group(group, plans)).collect(),
        groups_total: Some(bounded(rollout.groups.len())),
    }
}

/// How many tenants have the target, out of how many.
fn done(rollout: &RolloutReport) -> (u32, u32) {
    let in_waves: u32 = rollout.waves.iter().map(|wave| wave.tenants).sum();
    (rollout.done + rollout.made, in_waves + rollout.to_make)
}

/// The same status, about the spec as it is by now.
pub(super) fn seen_again(status: &SchemaRolloutStatus, generation: i64) -> SchemaRolloutStatus {
    let mut status = status.clone();
    status.observed_generation = Some(generation);
    for condition in &mut status.conditions {
        condition.observed_generation = Some(generation);
    }
    status
}

fn state(state: RolloutState) -> State {
    match state {
        RolloutState::AwaitingApproval => State::AwaitingApproval,
        RolloutState::Running => State::Running,
        RolloutState::Paused => State::Paused,
        RolloutState::RollingBack => State::RollingBack,
        RolloutState::Succeeded => State::Succeeded,
        RolloutState::Failed => State::Failed,
        RolloutState::RolledBack => State::RolledBack,
        RolloutState::Superseded => State::Superseded,
    }
}

/// The times are those at which this was first seen.
fn wave_status(
    wave: &tenantry_fleet::rollout::WaveProgress,
    before: Option<&WaveStatus>,
    now: Timestamp,
) -> WaveStatus {
    let begun = wave.done + wave.failed + wave.running > 0;
    let over = begun && wave.done + wave.failed + wave.aside >= wave.tenants;
    let since =
        |known: Option<Option<Time>>, is: bool| known.flatten().or(is.then_some(Time(now))).filter(|_| is);
    WaveStatus {
        name: wave.name.clone(),
        tenants: bounded(wave.tenants),
        done: bounded(wave.done),
        failed: bounded(wave.failed),
        failure_budget: Some(bounded(wave.budget)),
        start_time: since(before.map(|before| before.start_time.clone()), begun),
        ready_time: since(before.map(|before| before.ready_time.clone()), over),
    }
}

fn group(group: &GroupReport, plans: &Plans) -> GroupStatus {
    let plan = group.plan.as_ref().and_then(|digest| plans.get(digest));
    let steps = || plan.iter().flat_map(|plan| &plan.steps);
    let locks: BTreeSet<String> = steps().flat_map(|step| &step.locks).filter_map(Lock::felt).collect();
    let blocked = (group.outcome == GroupOutcome::Blocked).then(|| cut(&group.reasons.join("; "), STATEMENT));
    GroupStatus {
        from: group.from.as_ref().map(ToString::to_string),
        to: plan.map_or_else(|| "-".to_owned(), |plan| plan.to.to_string()),
        tenants: bounded(group.tenants),
        examples: group.examples.iter().take(5).map(ToString::to_string).collect(),
        digest: group.digest.as_ref().map(ToString::to_string),
        statements: steps().take(ENTRIES).map(|step| cut(&step.sql, STATEMENT)).collect(),
        statements_total: Some(bounded(group.statements)),
        hazards: steps()
            .flat_map(|step| &step.hazards)
            .take(ENTRIES)
            .map(|hazard| cut(&hazard.to_string(), LINE))
            .collect(),
        locks: locks.iter().take(ENTRIES).map(|lock| cut(lock, LINE)).collect(),
        blocked,
    }
}

fn observations(rollout: &RolloutReport) -> Vec<Observation> {
    let (there, of) = done(rollout);
    let done = format!(
        "{} of {} at {}{}",
        grouped(there),
        tenants(of),
        rollout.to.revision(),
        match rollout.failures.len() {
            0 => String::new(),
            failed => format!(", {} failed", grouped(failed)),
        }
    );
    let message = rollout.message.as_ref().map_or(done.clone(), |message| format!("{message}; {done}"));
    let (ready, reason, going) = match (rollout.state, &rollout.paused) {
        (RolloutState::Succeeded, _) => (Truth::True, reasons::SUCCEEDED, None),
        (RolloutState::Failed, _) => (Truth::False, reasons::FAILED, Some(types::STALLED)),
        (RolloutState::RolledBack, _) => (Truth::False, reasons::FAILED, Some(types::STALLED)),
        // It is over, and another one took its place: nothing of it is waited for.
        (RolloutState::Superseded, _) => (Truth::True, reasons::SUPERSEDED, None),
        (RolloutState::AwaitingApproval, _) => (Truth::False, reasons::AWAITING_APPROVAL, None),
        (RolloutState::Paused, Some(paused @ Paused::BudgetSpent { .. })) => {
            (Truth::False, why(paused), Some(types::STALLED))
        }
        (RolloutState::Paused, Some(paused)) => (Truth::False, why(paused), None),
        (RolloutState::Paused, _) => (Truth::False, reasons::PAUSED, None),
        (RolloutState::RollingBack, _) => (Truth::False, reasons::ROLLING_BACK, Some(types::RECONCILING)),
        (RolloutState::Running, _) => (Truth::False, reasons::ROLLING_OUT, Some(types::RECONCILING)),
    };
    let mut all = vec![Observation::new(types::READY, ready, reason, message.as_str())];
    all.extend(going.map(|type_| Observation::new(type_, Truth::True, reason, message.as_str())));
    let unproved = rollout.groups.iter().filter(|group| group.outcome == GroupOutcome::Blocked).count();
    all.push(match unproved {
        0 => Observation::new(
            types::PROVED,
            Truth::True,
            reasons::PROVED,
            "every group's plan was proved on a shadow",
        ),
        some => Observation::new(
            types::PROVED,
            Truth::False,
            reasons::NO_PLAN_POSSIBLE,
            format!("{some} of {} groups have no plan; status.groups says why", rollout.groups.len()),
        ),
    });
    let awaits = rollout.state == RolloutState::AwaitingApproval;
    let (reason, what) = match awaits {
        true => (reasons::AWAITING_APPROVAL, message.as_str()),
        false => (reasons::NOTHING_TO_APPROVE, "nothing waits for an approval"),
    };
    all.push(Observation::new(types::AWAITING_APPROVAL, awaits.into(), reason, what));
    let (reason, what) = match &rollout.paused {
        Some(paused) => (why(paused), message.as_str()),
        None => (reasons::RUNNING, "nothing is paused"),
    };
    all.push(Observation::new(types::PAUSED, rollout.paused.is_some().into(), reason, what));
    all
}
