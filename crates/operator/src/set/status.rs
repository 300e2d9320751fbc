//! What the status of a TenantSet says. Decides only.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tenantry_api::conditions::merge;
use tenantry_api::refs::LocalRef;
use tenantry_api::tenant_set::{self, TenantSetStatus};
use tenantry_fleet::{DepartureState, DriftGroup, DriftMode, Report, TenantState};
use tenantry_planner::{Difference, Digest};

use super::conditions::observations;
use super::observe::Seen;
use super::publish::shown;

use super::words::bounded;
use super::worker::View;

/// How many entries the lists of a status have at most, and how long one is, as the CRD says.
const ENTRIES: usize = 20;
const EXAMPLES: usize = 5;
const LINE: usize = 512;
const MESSAGE: usize = 256;
/// How many digits of a fingerprint people see.
const DIGITS: usize = 10;

/// The whole status. What is not known any more stays as it was last seen.
pub(super) fn status(
    set: &str,
    seen: &Seen,
    view: &View,
    current: &TenantSetStatus,
    generation: i64,
    now: Timestamp,
) -> TenantSetStatus {
    let is_news = is_news(seen, view, current, generation);
    let mut status = match &view.report {
        Some((_, report)) => of_report(report, &view.drift, seen),
        None => current.clone(),
    };
    status.observed_generation = Some(generation);
    status.conditions = merge(&current.conditions, &observations(set, seen, view, is_news), generation, now);
    status
}

/// Whether what was found is about another spec or revision than what is wanted now.
fn is_news(seen: &Seen, view: &View, current: &TenantSetStatus, generation: i64) -> bool {
    let Seen::Wanted(wanted) = seen else { return false };
    let Some((origin, report)) = &view.report else { return true };
    let same_revision = wanted.spec.definition.pinned.is_some() || report.target == wanted.revision;
    *origin != wanted.origin && (current.observed_generation != Some(generation) || !same_revision)
}

fn of_report(report: &Report, drift: &[DriftGroup], seen: &Seen) -> TenantSetStatus {
    let target = Some(&report.target).filter(|target| report.revision.as_ref() != Some(target));
    TenantSetStatus {
        observed_generation: None,
        conditions: Vec::new(),
        revision: report.revision.as_ref().map(revision),
        target_revision: target.map(revision),
        tenants: Some(counts(report)),
        rollout_ref: shown(report).next().map(|rollout| LocalRef { name: rollout.id.clone() }),
        home: match seen {
            Seen::Wanted(wanted) => Some(wanted.spec.home.to_string()),
            _ => None,
        },
        attention: attention(report, drift),
        drift: match report.drift_mode {
            DriftMode::Ignore => Vec::new(),
            _ => drift.iter().take(ENTRIES).map(drift_group).collect(),
        },
        leaving: leaving(report),
        notes: report.notes.iter().take(ENTRIES).map(|note| cut(note, LINE)).collect(),
    }
}

fn counts(report: &Report) -> tenant_set::TenantCounts {
    let counts = &report.counts;
    tenant_set::TenantCounts {
        total: bounded(counts.total),
        pending: bounded(counts.pending),
        in_sync: bounded(counts.in_sync),
        outdated: bounded(counts.outdated),
        migrating: bounded(counts.migrating),
        drifted: bounded(counts.drifted),
        failed: bounded(counts.failed),
        blocked: bounded(counts.blocked),
        unreachable: bounded(counts.unreachable),
        removed: bounded(counts.removed),
    }
}

/// Those that somebody should look at, worst first.
fn attention(report: &Report, drift: &[DriftGroup]) -> Vec<tenant_set::TenantStatus> {
    let mut states = vec![TenantState::Failed, TenantState::Blocked, TenantState::Unreachable];
    if report.drift_mode != DriftMode::Ignore {
        states.push(TenantState::Drifted);
    }
    let of = |state: TenantState| report.tenants.iter().filter(move |tenant| tenant.state == state);
    states.into_iter().flat_map(of).take(ENTRIES).map(|one| tenant(one, drift)).collect()
}

/// One tenant as the API has it.
pub(super) fn tenant(
    tenant: &tenantry_fleet::TenantStatus,
    drift: &[DriftGroup],
) -> tenant_set::TenantStatus {
    let drifted = tenant.state == TenantState::Drifted;
    let group = drift.iter().filter(|_| drifted).find(|group| group.tenants.contains(&tenant.name));
    tenant_set::TenantStatus {
        name: tenant.name.to_string(),
        database: tenant.database.to_string(),
        // One whose name makes no schema has none.
        schema: tenant.schema.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        revision: tenant.revision.as_ref().map(revision),
        state: state(tenant.state),
        since: tenant.since.map(Time),
        fingerprint: group.map(|group| fingerprint(&group.fingerprint.to_string())),
        message: tenant.message.as_ref().map(|message| cut(message, MESSAGE)),
    }
}

fn state(state: TenantState) -> tenantry_api::TenantState {
    match state {
        TenantState::Pending => tenantry_api::TenantState::Pending,
        TenantState::InSync => tenantry_api::TenantState::InSync,
        TenantState::Outdated => tenantry_api::TenantState::Outdated,
        TenantState::Migrating => tenantry_api::TenantState::Migrating,
        TenantState::Drifted => tenantry_api::TenantState::Drifted,
        TenantState::Failed => tenantry_api::TenantState::Failed,
        TenantState::Blocked => tenantry_api::TenantState::Blocked,
        TenantState::Unreachable => tenantry_api::TenantState::Unreachable,
        TenantState::Removed => tenantry_api::TenantState::Removed,
    }
}

fn drift_group(group: &DriftGroup) -> tenant_set::DriftGroup {
    let lines: Vec<String> = match &group.unexplained {
        Some(reason) => vec![format!("how they differ is not known: {reason}")],
        None => group.differences.iter().flat_map(difference).collect(),
    };
    tenant_set::DriftGroup {
        fingerprint: fingerprint(&group.fingerprint.to_string()),
        revision: revision(&group.revision),
        tenants: bounded(group.tenants.len()),
        examples: group.tenants.iter().take(EXAMPLES).map(ToString::to_string).collect(),
        since: group.since.map(Time),
        differences_total: bounded(lines.len()),
        differences: lines.iter().take(ENTRIES).map(|line| cut(line, LINE)).collect(),
        allow: group.allow.iter().take(ENTRIES).map(|pattern| cut(pattern, MESSAGE)).collect(),
    }
}

/// A sentence, and below it what is declared and what was found.
fn difference(difference: &Difference) -> impl Iterator<Item = String> {
    let side = |mark: char, texts: &[String]| -> Vec<String> {
        texts.iter().flat_map(|text| text.lines()).map(|line| format!("{mark} {line}")).collect()
    };
    let (declared, found) = (side('-', &difference.declared), side('+', &difference.found));
    [difference.sentence.clone()].into_iter().chain(declared).chain(found)
}

fn leaving(report: &Report) -> Option<tenant_set::Leaving> {
    let digest = report.departures.digest.as_ref()?;
    let waiting: Vec<_> = report.departures.in_state(DepartureState::AwaitingApproval).collect();
    Some(tenant_set::Leaving {
        digest: digest.to_string(),
        tenants: bounded(waiting.len()),
        examples: waiting.iter().take(EXAMPLES).map(|one| one.name.to_string()).collect(),
    })
}

/// A revision as the API has it.
fn revision(digest: &Digest) -> String {
    digest.revision().to_owned()
}

/// A fingerprint as people see it: without the version of its algorithm.
fn fingerprint(text: &str) -> String {
    text.rsplit(':').next().unwrap_or(text).chars().take(DIGITS).collect()
}

/// At most so many characters.
pub(super) fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length - 1).chain(['…']).collect()
}
