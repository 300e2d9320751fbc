//! From what was found to what is told: the state of each tenant, of the
//! rollout, of the set. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenantry_engine::{DatabaseName, TenantKey};
use tenantry_planner::Digest;

use super::look::{Look, Subject};
use super::report::{DatabaseReport, DriftGroup, GroupOutcome, GroupReport, Report, RolloutReport};
use crate::rollout::{Failure, Group, Machine, Phase, Rollout, Stage, Verdict, WaveProgress};
use crate::survey::{Case, judge};
use crate::{FleetSpec, TenantCounts, TenantState, TenantStatus};

/// The revision that tenants' states are judged against, and whether that is
/// only because nothing was ever rolled out.
pub(super) fn judged_against<'a>(newest: Option<&'a Rollout>, to: &'a Digest) -> Option<&'a Digest> {
    match newest {
        Some(latest) => latest.in_force(),
        None => Some(to),
    }
}

/// The state of each tenant.
pub(super) fn statuses(
    look: &Look,
    newest: Option<&Rollout>,
    to: &Digest,
    phases: &BTreeMap<&TenantKey, &Phase>,
) -> Vec<TenantStatus> {
    let in_force = judged_against(newest, to);
    let unrecorded = !look.is_recorded();
    let failures: BTreeMap<&TenantKey, &Failure> = newest
        .into_iter()
        .flat_map(|latest| &latest.failures)
        .map(|failure| (&failure.key, failure))
        .collect();
    let mut told: Vec<TenantStatus> = look
        .subjects
        .iter()
        .map(|(key, subject)| {
            let fingerprint = in_force.and_then(|revision| look.fingerprint(&key.database, revision));
            let phase = phases.get(key).copied();
            let case = Case {
                found: &subject.found,
                record: subject.record.as_ref(),
                in_force: in_force.zip(fingerprint),
                unrecorded,
                failure: failures.get(key).map(|failure| failure.message.as_str()),
                blocked: blocked(subject, phase),
                not_provisioned: subject.not_provisioned.as_deref(),
                running: matches!(phase, Some(Phase::Running | Phase::Applied | Phase::ReadingBack)),
            };
            let (state, message) = judge(&case);
            let failed = failures.get(key).map(|failure| failure.at);
            status(subject, state, message, phase, failed)
        })
        .collect();
    told.extend(look.refused.iter().map(|refused| TenantStatus {
        name: refused.name.clone(),
        database: refused.database.clone(),
        schema: refused.schema.clone(),
        revision: None,
        state: TenantState::Blocked,
        since: None,
        message: Some(refused.reason.clone()),
    }));
    told.extend(look.leaving.iter().filter(|leaving| leaving.gone).map(|leaving| TenantStatus {
        name: leaving.known.name.clone(),
        database: leaving.known.key.database.clone(),
        schema: Some(leaving.known.key.schema.clone()),
        revision: None,
        state: TenantState::Removed,
        since: None,
        message: Some(leaving.message.clone()),
    }));
    told.sort_by(|a, b| (&a.name, &a.database).cmp(&(&b.name, &b.database)));
    told
}

fn blocked<'a>(subject: &'a Subject, phase: Option<&'a Phase>) -> Option<&'a str> {
    match phase {
        Some(Phase::Blocked(reason)) => Some(reason),
        _ => subject.blocked.as_deref(),
    }
}

fn status(
    subject: &Subject,
    state: TenantState,
    message: Option<String>,
    phase: Option<&Phase>,
    failed: Option<Timestamp>,
) -> TenantStatus {
    let record = subject.record.as_ref();
    let aside = match phase {
        Some(Phase::Skipped) => Some("it is left out, by a person's word".to_owned()),
        Some(Phase::Unapproved) => Some("nobody approved what would be done to it".to_owned()),
        _ => None,
    };
    TenantStatus {
        name: subject.tenant.name.clone(),
        database: subject.tenant.key.database.clone(),
        schema: Some(subject.tenant.key.schema.clone()),
        revision: record.and_then(|record| record.revision.clone()),
        state,
        since: match state {
            TenantState::Drifted => record.and_then(|record| record.drifted_since),
            TenantState::Failed => failed,
            _ => None,
        },
        message: message.or(aside),
    }
}

/// Everything that is told of a set.
pub(super) fn report(
    spec: &FleetSpec,
    look: &Look,
    to: &Digest,
    target: &Digest,
    drift: Vec<DriftGroup>,
    machine: Option<&Machine>,
) -> Report {
    let phases: BTreeMap<&TenantKey, &Phase> = machine
        .map(|machine| machine.members().iter().map(|member| (&member.tenant.key, &member.phase)).collect())
        .unwrap_or_default();
    // One that has begun stands in the ledger, but not in a look that was taken before.
    let begun = machine.map(Machine::rollout).filter(|rollout| rollout.started.is_some());
    let newest = begun.or(look.home.latest());
    let tenants = statuses(look, newest, to, &phases);
    let rollout = match machine {
        Some(machine) => Some(rollout(spec, machine.rollout(), Some(machine))),
        None => look.home.latest().map(|latest| self::rollout(spec, latest, None)),
    };
    Report {
        set: spec.name.clone(),
        definition: spec.definition.name.clone(),
        revision: newest.and_then(Rollout::in_force).cloned(),
        target: target.clone(),
        counts: TenantCounts::of(tenants.iter().map(|tenant| tenant.state)),
        databases: databases(look),
        drift_mode: spec.drift,
        drift,
        rollout,
        earlier: earlier(spec, look, machine),
        departures: look.departures.clone(),
        objects: BTreeMap::new(),
        read: look.read,
        notes: look.notes.clone(),
        tenants,
    }
}

/// The rollouts before the newest one.
fn earlier(spec: &FleetSpec, look: &Look, machine: Option<&Machine>) -> Vec<RolloutReport> {
    let kept = look.home.rollouts.iter().map(|kept| &kept.rollout);
    let newest = machine.map(Machine::rollout).or(look.home.latest()).map(|newest| newest.id.clone());
    kept.filter(|other| Some(&other.id) != newest.as_ref()).map(|other| rollout(spec, other, None)).collect()
}

fn databases(look: &Look) -> Vec<DatabaseReport> {
    let mut tenants: BTreeMap<&DatabaseName, u32> = BTreeMap::new();
    for key in look.subjects.keys() {
        *tenants.entry(&key.database).or_default() += 1;
    }
    look.sites
        .iter()
        .map(|(name, site)| DatabaseReport {
            name: name.clone(),
            tenants: tenants.get(name).copied().unwrap_or_default(),
            server_version: site.environment.as_ref().map(|environment| environment.server_version.clone()),
            ledger: site.ledger,
            tenants_known: !look.sources_unread.contains(name),
            trouble: site.trouble.clone(),
        })
        .collect()
}

/// A rollout as it is told.
pub(super) fn rollout(spec: &FleetSpec, rollout: &Rollout, machine: Option<&Machine>) -> RolloutReport {
    let waves = machine.map_or_else(|| waves(rollout), Machine::progress);
    let (made, to_make) = machine.map(Machine::made).unwrap_or_default();
    RolloutReport {
        id: rollout.id.clone(),
        kind: rollout.kind.clone(),
        from: rollout.from.clone(),
        to: rollout.to.clone(),
        state: rollout.state(),
        message: message(rollout),
        paused: match &rollout.stage {
            Stage::Paused(paused) => Some(paused.clone()),
            _ => None,
        },
        total: rollout.total,
        done: waves.iter().map(|wave| wave.done).sum(),
        made,
        to_make,
        budget: rollout.budget,
        waves,
        groups: groups(spec, rollout),
        digest: rollout.offer.as_ref().map(|offer| offer.digest.clone()),
        approvals: rollout.approvals.clone(),
        failures: rollout.failures.clone(),
        skipped: rollout.skipped.clone(),
        planned: rollout.planned,
        started: rollout.started,
        ended: rollout.ended,
    }
}

fn message(rollout: &Rollout) -> Option<String> {
    match &rollout.stage {
        Stage::Paused(paused) => Some(paused.to_string()),
        Stage::AwaitingApproval => rollout
            .offer
            .as_ref()
            .filter(|_| rollout.approvals.is_empty())
            .map(|offer| format!("a person has to approve {}", offer.digest.short())),
        Stage::RollingBack => Some("too much failed; what was changed is brought back".to_owned()),
        Stage::Running | Stage::Ended(_) => None,
    }
}

/// How far the waves were when the record was written: what is done was done
/// in their order.
fn waves(rollout: &Rollout) -> Vec<WaveProgress> {
    let mut left = rollout.done;
    rollout
        .waves
        .iter()
        .enumerate()
        .map(|(at, wave)| {
            let done = left.min(wave.tenants);
            left -= done;
            WaveProgress {
                name: wave.name.clone(),
                tenants: wave.tenants,
                done,
                failed: rollout.counted(Some(at)),
                running: 0,
                aside: 0,
                budget: rollout.budget_of(at),
            }
        })
        .collect()
}

fn groups(spec: &FleetSpec, rollout: &Rollout) -> Vec<GroupReport> {
    let mut groups: Vec<&Group> = rollout.groups.iter().collect();
    groups.sort_by(|a, b| b.tenants.cmp(&a.tenants).then_with(|| a.key.cmp(&b.key)));
    groups.into_iter().zip(1_u32..).map(|(group, number)| self::group(spec, rollout, group, number)).collect()
}

fn group(spec: &FleetSpec, rollout: &Rollout, group: &Group, number: u32) -> GroupReport {
    let route = group.verdict.route();
    let offered = rollout.offer.as_ref().zip(route).and_then(|(offer, route)| {
        offer.groups.iter().find(|offered| offered.plan == route.plan && offered.from == group.key.from)
    });
    let (outcome, reasons) = match &group.verdict {
        Verdict::InSync => (GroupOutcome::InSync, Vec::new()),
        Verdict::Migrate(_) => (GroupOutcome::Migrate, Vec::new()),
        Verdict::Blocked(reasons) => (GroupOutcome::Blocked, reasons.clone()),
    };
    GroupReport {
        number,
        from: group.key.from.clone(),
        way: group.key.way.clone(),
        revision: group.revision.clone(),
        tenants: group.tenants,
        examples: group.examples.clone(),
        outcome,
        reasons,
        plan: route.map(|route| route.plan.clone()),
        statements: route.map_or(0, |route| route.statements),
        hazards: route.map(|route| route.hazards.clone()).unwrap_or_default(),
        reaches_target: route.is_none_or(|route| route.reaches_target),
        no_back: route.and_then(|route| route.no_back.clone()),
        needs_approval: group.needs_approval(spec.rollout.approval, &rollout.kind, rollout.from.is_none()),
        digest: offered.map(|offered| offered.digest.clone()),
    }
}
