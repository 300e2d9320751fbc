//! In which situation a TenantSet is, as `Ready` says it. Decides only.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_api::conditions::{Truth, reasons};
use tenantry_engine::EngineError;
use tenantry_fleet::rollout::{Outcome, Paused, RolloutState, Waiting};
use tenantry_fleet::{DepartureState, DriftMode, FleetError, Report, RolloutReport, TenantState};
use tenantry_planner::Digest;

use super::decide::only_another_spec_helps;
use super::observe::{Refusal, Seen};
use super::words::{count, grouped, list, tenants};
use super::worker::{Doing, View};

/// `Ready`, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Situation {
    pub(super) ready: Truth,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) going: Going,
}

/// What happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    /// Something is being done about it.
    On,
    /// Nothing, until somebody changes something.
    Nowhere,
    /// Neither: all is well, or a person was asked, or something outside has to come back.
    Still,
}

impl Situation {
    fn new(ready: Truth, reason: &'static str, going: Going, message: impl Into<String>) -> Self {
        Self { ready, reason, message: message.into(), going }
    }

    fn not(reason: &'static str, going: Going, message: impl Into<String>) -> Self {
        Self::new(Truth::False, reason, going, message)
    }
}

/// The one that a set is in. `is_news`: what was found is about another spec or revision than what is wanted now.
pub(super) fn situation(
    set: &str,
    seen: &Seen,
    view: &View,
    report: Option<&Report>,
    is_news: bool,
) -> Situation {
    match seen {
        Seen::Deleting => {
            return Situation::not(
                reasons::DELETING,
                Going::Still,
                "it is being deleted; tenants' schemas stay as they are",
            );
        }
        Seen::Suspended => {
            let message = "nothing is done, and nobody looks: spec.suspend is true. Go on: set it to false";
            return Situation::not(reasons::SUSPENDED, Going::Still, message);
        }
        Seen::Refused(Refusal { reason, message, stalled }) => {
            let going = if *stalled { Going::Nowhere } else { Going::Still };
            return Situation::not(reason, going, message);
        }
        Seen::Wanted(_) => {}
    }
    let rollout = report.and_then(|report| report.rollout.as_ref());
    if let (Some((_, Doing::Rollout { waiting, .. })), Some(report), Some(rollout)) =
        (&view.running, report, rollout)
        && rollout.ended.is_none()
    {
        return running(report, rollout, waiting.as_ref().map(|(what, until)| (what, until.as_ref())));
    }
    if let Some(error) = view
        .ended
        .as_ref()
        .and_then(|ended| ended.error.as_deref())
        .filter(|_| view.running.is_none() || !is_news)
    {
        return failed(error, report);
    }
    let Some(report) = report.filter(|_| !is_news) else {
        return Situation::not(
            reasons::PLANNING,
            Going::On,
            "tenants are looked at, and plans are made and proved",
        );
    };
    at_rest(set, view, report)
}

/// While tenants are changed.
fn running(
    report: &Report,
    rollout: &RolloutReport,
    waiting: Option<(&Waiting, Option<&jiff::Timestamp>)>,
) -> Situation {
    let counts = &report.counts;
    // Until it has started, states are judged against the revision before.
    let there = if report.revision.as_ref() == Some(&rollout.to) { counts.in_sync } else { 0 };
    let mut message = format!("{} of {} at {}", grouped(there), tenants(counts.total), rollout.to.revision());
    if rollout.to_make > 0 {
        message.push_str(&format!(
            ", {} of {} made",
            grouped(rollout.made),
            count(rollout.to_make, "schema")
        ));
    }
    if counts.failed > 0 {
        message.push_str(&format!(", {} failed", grouped(counts.failed)));
    }
    if let Some(wave) = wave(rollout) {
        message.push_str(&format!("; wave {wave}"));
    }
    let reason = match waiting {
        Some((Waiting::Soak(_), _)) => reasons::SOAKING,
        _ if rollout.state == RolloutState::RollingBack => reasons::ROLLING_BACK,
        _ if is_provisioning(rollout) => reasons::PROVISIONING,
        _ => reasons::ROLLING_OUT,
    };
    match waiting {
        Some((Waiting::Work, _)) | None => {}
        Some((what, Some(until))) => message.push_str(&format!("; waits for {what}, until {until:.0}")),
        Some((what, None)) => message.push_str(&format!("; waits for {what}")),
    }
    Situation::not(reason, Going::On, message)
}

/// Whether schemas are made, and nothing else.
pub(super) fn is_provisioning(rollout: &RolloutReport) -> bool {
    rollout.to_make > 0 && rollout.waves.iter().all(|wave| wave.tenants == 0)
}

/// `2/3 first`: the wave that is being worked on.
pub(super) fn wave(rollout: &RolloutReport) -> Option<String> {
    let all = rollout.waves.len();
    let open =
        |wave: &&tenantry_fleet::rollout::WaveProgress| wave.done + wave.failed + wave.aside < wave.tenants;
    if rollout.waves.iter().all(|wave| wave.tenants == 0) {
        return None;
    }
    let (at, wave) = rollout
        .waves
        .iter()
        .enumerate()
        .find(|(_, wave)| open(wave))
        .or_else(|| rollout.waves.iter().enumerate().next_back())?;
    Some(format!("{}/{all} {}", at + 1, wave.name))
}

/// When a job could not be done.
fn failed(error: &FleetError, report: Option<&Report>) -> Situation {
    let going = if only_another_spec_helps(error) { Going::Nowhere } else { Going::Still };
    let reason = match error {
        FleetError::Definition { .. } | FleetError::EmptyDefinition(_) => reasons::DEFINITION_REFUSED,
        FleetError::Revision(_) => reasons::REVISION_UNKNOWN,
        FleetError::RolledBack { .. } => reasons::FAILED,
        FleetError::Home { .. } => reasons::DATABASE_UNREACHABLE,
        FleetError::Database { error, .. } => match error.as_ref() {
            EngineError::Denied { .. } => reasons::PRIVILEGES_MISSING,
            _ => reasons::DATABASE_UNREACHABLE,
        },
        _ => reasons::FAILED,
    };
    let mut message = match error {
        FleetError::Definition { definition, faults, database, version, .. } if !faults.is_empty() => {
            let fault = &faults[0];
            let said = fault.in_a_line();
            format!("schemadefinition/{definition}: {said} (PostgreSQL {version} on {database})")
        }
        other => other.to_string(),
    };
    if let Some(report) = report
        && let Some(revision) = &report.revision
        && going == Going::Nowhere
    {
        let stays = format!(". {} stay at {}", tenants(report.counts.total), revision.revision());
        message = message.trim_end_matches('.').to_owned() + &stays;
    }
    Situation::not(reason, going, message)
}

/// When nothing is being done.
fn at_rest(set: &str, view: &View, report: &Report) -> Situation {
    let counts = &report.counts;
    if let Some(rollout) = report.rollout.as_ref().filter(|rollout| rollout.ended.is_none()) {
        match (&rollout.paused, rollout.state) {
            (Some(paused), _) => return paused_at(set, report, rollout, paused),
            (None, RolloutState::AwaitingApproval) => {
                return Situation::not(reasons::AWAITING_APPROVAL, Going::Still, approve(set, rollout));
            }
            _ => {}
        }
        if let Some(Outcome::OutsideWindow(opens)) =
            view.ended.as_ref().and_then(|ended| ended.outcome.as_ref())
        {
            let when = opens.map(|opens| format!(", at {opens:.0}")).unwrap_or_default();
            let message =
                format!("{} to go when a window opens{when}", tenants(counts.outdated + counts.pending));
            return Situation::not(reasons::OUTSIDE_WINDOW, Going::On, message);
        }
    }
    let bad = |count: u32, what: &str, state: TenantState| {
        format!(
            "{} of {} {what}: {}. Look: kubectl tenantry tenants {set} --state {state}",
            grouped(count),
            tenants(counts.total),
            list(report, state)
        )
    };
    if counts.unreachable > 0 || report.databases.iter().any(|database| database.trouble.is_some()) {
        let trouble = report.databases.iter().find_map(|database| database.trouble.as_deref());
        let message = format!(
            "{}. {} as last seen; it is tried again by itself",
            trouble.unwrap_or("a database does not answer").trim_end_matches('.'),
            tenants(counts.unreachable)
        );
        return Situation::not(reasons::DATABASE_UNREACHABLE, Going::Still, message);
    }
    if counts.failed > 0 {
        let cause = report.rollout.as_ref().and_then(common_cause);
        let failed_with = cause.map_or_else(|| "failed".to_owned(), |cause| format!("failed ({cause})"));
        return Situation::not(
            reasons::TENANTS_FAILED,
            Going::Nowhere,
            bad(counts.failed, &failed_with, TenantState::Failed),
        );
    }
    if counts.blocked > 0 {
        let reason = match counts.blocked == counts.total {
            true => reasons::NO_PLAN_POSSIBLE,
            false => reasons::TENANTS_BLOCKED,
        };
        return Situation::not(reason, Going::Nowhere, bad(counts.blocked, "blocked", TenantState::Blocked));
    }
    let missing = report.departures.in_state(DepartureState::TooMany).count();
    if missing > 0 {
        let message = format!(
            "{} missing from their sources at once, and left as they are: mend the source, or say that they left by spec.letGo: {missing}",
            count(missing, "tenant")
        );
        return Situation::not(reasons::TOO_MANY_REMOVED, Going::Still, message);
    }
    if report.databases.iter().any(|database| !database.tenants_known) {
        let note = report.notes.first().map_or("a source of tenants could not be read", String::as_str);
        return Situation::not(
            reasons::TENANT_QUERY_FAILED,
            Going::Still,
            format!("{note}; known tenants stay as they are"),
        );
    }
    let behind = counts.outdated + counts.migrating;
    if behind > 0 || report.revision.as_ref() != Some(&report.target) && counts.total > 0 {
        let target = report.target.revision();
        let message = format!("{} of {} not at {target} yet", grouped(behind), tenants(counts.total));
        let going = if view.settled.is_none() { Going::On } else { Going::Still };
        return Situation::not(reasons::ROLLING_OUT, going, message);
    }
    if counts.pending > 0 {
        let message =
            format!("{} without a schema: {}", tenants(counts.pending), list(report, TenantState::Pending));
        return Situation::not(reasons::PROVISIONING, Going::Still, message);
    }
    if counts.drifted > 0 && report.drift_mode == DriftMode::Correct {
        let message = bad(counts.drifted, "drifted", TenantState::Drifted);
        return Situation::not(reasons::TENANTS_DRIFTED, Going::Still, message);
    }
    let at = report.revision.as_ref().unwrap_or(&report.target).revision();
    let message = match counts.drifted {
        0 => format!("all {} are at {at}", tenants(counts.total)),
        drifted => format!(
            "{} of {} are at {at}, {} drifted",
            grouped(counts.in_sync),
            tenants(counts.total),
            grouped(drifted)
        ),
    };
    Situation::new(Truth::True, reasons::IN_SYNC, Going::Still, message)
}

/// What waits for an approval, and how it is given.
pub(super) fn approve(set: &str, rollout: &RolloutReport) -> String {
    let waiting: u32 =
        rollout.groups.iter().filter(|group| group.needs_approval).map(|group| group.tenants).sum();
    let hazards = hazards(rollout);
    let what = if hazards.is_empty() { String::new() } else { format!(" ({})", hazards.join(", ")) };
    format!(
        "{} would change. Approve: kubectl tenantry approve {set} {}. Look: kubectl tenantry plan {set}{what}",
        tenants(waiting),
        rollout.digest.as_ref().map(Digest::short).unwrap_or_default()
    )
}

/// What may hurt, all groups together, each once.
pub(super) fn hazards(rollout: &RolloutReport) -> Vec<String> {
    let kinds: BTreeSet<String> =
        rollout.groups.iter().flat_map(|group| &group.hazards).map(ToString::to_string).collect();
    kinds.into_iter().collect()
}

/// The reason of a pause.
pub(super) fn why(paused: &Paused) -> &'static str {
    match paused {
        Paused::BudgetSpent { .. } => reasons::BUDGET_SPENT,
        Paused::ByPerson { .. } => reasons::PAUSED,
        Paused::AfterWave { .. } => reasons::WAVE_PAUSE,
    }
}

/// A rollout that is paused.
pub(super) fn paused_at(set: &str, report: &Report, rollout: &RolloutReport, paused: &Paused) -> Situation {
    let left = tenants(report.counts.outdated + report.counts.pending);
    let (going, message) = match paused {
        Paused::BudgetSpent { .. } => {
            let cause = common_cause(rollout).map(|cause| format!(", most: {cause}")).unwrap_or_default();
            let look = format!("Look: kubectl tenantry tenants {set} --failed");
            (Going::Nowhere, format!("{paused}{cause}. {left} untouched. {look}"))
        }
        Paused::ByPerson { .. } | Paused::AfterWave { .. } => {
            (Going::Still, format!("{paused}; {left} to go. Go on: kubectl tenantry resume {set}"))
        }
    };
    Situation::not(why(paused), going, message)
}

/// The cause that most failures have.
fn common_cause(rollout: &RolloutReport) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for failure in &rollout.failures {
        *counts.entry(&failure.cause).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(cause, _)| cause.to_owned())
}
