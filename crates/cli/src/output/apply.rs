//! How a run ended: one sentence, why not more, and what to do.

use std::fmt::Write as _;

use tenantry_engine::TenantName;
use tenantry_fleet::rollout::{Kind, Outcome, RolloutState};
use tenantry_fleet::{ApplyReport, Report, TenantState};

use super::commands::Commands;
use super::text::{count, grouped, names, took};
use super::{departures, status};

/// What `fleet apply` and `fleet rollback` say.
pub fn apply(report: &ApplyReport, commands: &Commands) -> String {
    let mut text = format!("{}\n", sentence(report));
    if let Some(outcome) = why(report) {
        let _ = writeln!(text, "{outcome}");
    }
    text.push_str(&status::troubles(&report.report));
    text.push_str(&status::notes(&report.report));
    text.push_str(&departures::departures(&report.report));
    if let Some(waits) = departures::waits(&report.report.departures) {
        text.push_str(&waits);
    }
    let next = status::next(&report.report, commands).text();
    if !next.is_empty() {
        let _ = write!(text, "\n{next}");
    }
    text
}

/// `1,499 of 1,500 tenants at 9d02e61f7c in 14 s; 1 failed: initech`
fn sentence(run: &ApplyReport) -> String {
    let report = &run.report;
    let took = took(run.took_ms);
    if run.outcome.is_none() {
        let done = report.departures.tenants.iter().any(|tenant| tenant.now);
        let nothing = if done { "" } else { "Nothing to do. " };
        return format!("{nothing}{}", status::sentence(report));
    }
    let to = report.rollout.as_ref().map_or(&report.target, |rollout| &rollout.to);
    let there = |state: TenantState| matches!(state, TenantState::InSync | TenantState::Drifted);
    let at = report
        .tenants
        .iter()
        .filter(|tenant| there(tenant.state) && tenant.revision.as_ref() == Some(to))
        .count();
    let mut text = format!(
        "{}: {} of {} at {} in {took}",
        report.set,
        grouped(at),
        count(report.counts.total, "tenant"),
        to.revision()
    );
    for (state, word) in [
        (TenantState::Failed, "failed"),
        (TenantState::Blocked, "blocked"),
        (TenantState::Unreachable, "unreachable"),
        (TenantState::Drifted, "with changes of their own"),
    ] {
        let some = of(report, state);
        if !some.is_empty() {
            let _ = write!(text, "; {} {word}: {}", grouped(some.len()), names(&some, some.len()));
        }
    }
    text
}

fn of(report: &Report, state: TenantState) -> Vec<&TenantName> {
    report.tenants.iter().filter(|tenant| tenant.state == state).map(|tenant| &tenant.name).collect()
}

/// Whether a run went to the end that was wanted.
pub fn went_well(run: &ApplyReport) -> bool {
    match &run.outcome {
        None | Some(Outcome::Ended(RolloutState::Succeeded)) => true,
        Some(Outcome::Ended(RolloutState::RolledBack)) => !is_automatic(&run.report),
        Some(_) => false,
    }
}

/// Whether the rollout brings back what another one did, because that failed.
fn is_automatic(report: &Report) -> bool {
    let kind = report.rollout.as_ref().map(|rollout| &rollout.kind);
    matches!(kind, Some(Kind::RollBack { automatic: true, .. }))
}

/// Why a run did not go to the end, in one sentence.
fn why(run: &ApplyReport) -> Option<String> {
    match run.outcome.as_ref()? {
        Outcome::Ended(RolloutState::Succeeded | RolloutState::Failed) => None,
        Outcome::Ended(RolloutState::RolledBack) => is_automatic(&run.report)
            .then(|| "Too much failed: the tenants that were changed were brought back.".to_owned()),
        Outcome::Ended(state) => Some(format!("The rollout ended: {state}.")),
        Outcome::AwaitingApproval => {
            Some("It waits for an approval; nothing that needs one was started.".to_owned())
        }
        other => Some(format!("{}.", capitalised(&other.to_string()))),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
