//! Golden texts: what a person sees of the fleet of the design's sketches.

use tenantry_engine::{DatabaseName, Event, Finding, SchemaName, Severity};
use tenantry_fleet::rollout::{Approved, Outcome, Paused, RolloutState, Way};
use tenantry_fleet::{
    ApplyReport, GroupOutcome, GroupReport, History, HistoryEvent, PlanReport, Report, RevisionReport,
    TenantState,
};

use super::sample::{
    NEW, OLD, at, commands, digest, drift, failure, group, name, plan, report, rollout, tenant, wave, well,
};
use super::{apply, doctor, drift as drifted, fleet_plan, history, status};

const VIOLATION: &str =
    "schema tenant_initech: unique_violation on app_user_email_key of table app_user (23505)";

fn drifted_fleet() -> Report {
    let mut tenants = well(1497, OLD);
    let some = ["globex", "hooli", "initech"];
    tenants.extend(some.map(|name| tenant(name, TenantState::Drifted, OLD, None)));
    Report { drift: drift(), ..report(tenants, OLD) }
}

fn waves() -> Vec<tenantry_fleet::rollout::WaveProgress> {
    vec![wave("canary", 10, 10, 0, 0), wave("first", 150, 149, 1, 2), wave("rest", 1340, 1340, 0, 5)]
}

/// A fleet of which one tenant failed, and some are in the way.
fn failed_fleet() -> Report {
    let mut tenants = well(1490, NEW);
    tenants.push(tenant("initech", TenantState::Failed, OLD, Some(VIOLATION)));
    for n in 0..9 {
        let other = format!("b{n}");
        let message =
            format!("schema tenant_{other}: it belongs to tenantset default/partners of the command line");
        tenants.push(tenant(&other, TenantState::Blocked, OLD, Some(&message)));
    }
    let mut rollout = rollout(RolloutState::Failed, waves());
    rollout.failures.push(failure("initech", "unique_violation on app_user_email_key", VIOLATION));
    Report { rollout: Some(rollout), ..report(tenants, NEW) }
}

#[test]
fn drift_of_a_fleet() {
    insta::assert_snapshot!(drifted::drift(&drifted_fleet(), None, &commands(), at(184)));
}

#[test]
fn drift_of_one_tenant_and_of_none() {
    let report = drifted_fleet();
    insta::assert_snapshot!(
        "drift_of_one_tenant",
        drifted::drift(&report, Some(&name("initech")), &commands(), at(0))
    );
    insta::assert_snapshot!(
        "drift_of_none",
        drifted::drift(&report, Some(&name("t0001")), &commands(), at(0))
    );
}

#[test]
fn check_of_a_drifted_fleet() {
    insta::assert_snapshot!(status::check(&drifted_fleet(), &commands(), at(184)));
}

#[test]
fn status_when_all_is_well() {
    insta::assert_snapshot!(status::status(&report(well(1500, NEW), NEW), &commands()));
}

#[test]
fn status_after_failures() {
    insta::assert_snapshot!(status::status(&failed_fleet(), &commands()));
}

#[test]
fn status_while_it_waits_for_an_approval() {
    let mut rollout =
        rollout(RolloutState::AwaitingApproval, vec![wave("canary", 4, 0, 0, 0), wave("rest", 308, 0, 0, 4)]);
    rollout.digest = Some(digest("4be1c0d29a77"));
    rollout.groups = vec![GroupReport {
        needs_approval: true,
        digest: Some(digest("90ab7731c2d4")),
        ..group(1, 312, &[], Way::Plain)
    }];
    rollout.message = Some("a person has to approve it".to_owned());
    let report = Report { rollout: Some(rollout), target: digest(NEW), ..report(well(312, OLD), OLD) };
    insta::assert_snapshot!(status::status(&report, &commands()));
}

fn planned(groups: Vec<GroupReport>) -> PlanReport {
    let total: u32 = groups.iter().map(|group| group.tenants).sum();
    let mut planned = rollout(
        RolloutState::AwaitingApproval,
        vec![wave("canary", 10, 0, 0, 0), wave("rest", total - 10, 0, 0, 5)],
    );
    planned.started = None;
    planned.groups = groups;
    PlanReport {
        report: Report { target: digest(NEW), ..drifted_fleet() },
        planned: Some(planned),
        plans: vec![plan()],
        kept: false,
    }
}

#[test]
fn plan_in_groups() {
    let keep = || Way::Keep { base: digest(OLD) };
    let own = |group: GroupReport, plan: &str| GroupReport {
        reaches_target: false,
        plan: Some(digest(plan)),
        digest: Some(digest("90ab7731c2d4")),
        ..group
    };
    let report = planned(vec![
        group(1, 1497, &["t0001", "t0002"], Way::Plain),
        own(group(2, 2, &["globex", "hooli"], keep()), "4b"),
        GroupReport {
            outcome: GroupOutcome::Blocked,
            reasons: vec![
                "column app_user.email: both the tenant and the definition changed its type".to_owned(),
            ],
            plan: None,
            digest: None,
            ..group(3, 1, &["initech"], keep())
        },
    ]);
    insta::assert_snapshot!(fleet_plan::plan_report(&report, &commands(), false, false));
}

#[test]
fn plan_that_needs_an_approval() {
    let needing = GroupReport { needs_approval: true, ..group(1, 1500, &["t0001"], Way::Plain) };
    let mut report = planned(vec![needing]);
    report.kept = true;
    if let Some(planned) = &mut report.planned {
        planned.digest = Some(digest("c5530e1f88b0"));
    }
    insta::assert_snapshot!(fleet_plan::plan_report(&report, &commands(), false, false));
}

#[test]
fn plan_of_the_first_tenants() {
    let making = group(1, 12, &["acme"], Way::Provision { revision: digest(NEW) });
    let mut report = planned(vec![making]);
    report.report = Report { revision: None, ..tenantry_report_of_pending() };
    if let Some(planned) = &mut report.planned {
        planned.from = None;
        planned.waves.clear();
    }
    insta::assert_snapshot!(fleet_plan::plan_report(&report, &commands(), false, false));
}

fn tenantry_report_of_pending() -> Report {
    let pending = |n| {
        let one = tenant(&format!("t{n:04}"), TenantState::Pending, NEW, None);
        tenantry_fleet::TenantStatus { revision: None, ..one }
    };
    report((1..=12).map(pending).collect(), NEW)
}

#[test]
fn plan_without_anything_to_do() {
    let report =
        PlanReport { report: report(well(1500, NEW), NEW), planned: None, plans: Vec::new(), kept: false };
    insta::assert_snapshot!(fleet_plan::plan_report(&report, &commands(), false, false));
}

fn ran(outcome: Option<Outcome>, report: Report) -> String {
    apply::apply(&ApplyReport { outcome, applied: 1490, took_ms: 14_200, report }, &commands())
}

#[test]
fn apply_with_one_failure() {
    insta::assert_snapshot!(ran(Some(Outcome::Ended(RolloutState::Failed)), failed_fleet()));
}

#[test]
fn apply_that_was_paused_by_its_budget() {
    let mut report = failed_fleet();
    if let Some(rollout) = &mut report.rollout {
        rollout.state = RolloutState::Paused;
    }
    let paused = Paused::BudgetSpent { wave: Some("first".to_owned()), failed: 3, budget: 2 };
    insta::assert_snapshot!(ran(Some(Outcome::Paused(paused)), report));
}

#[test]
fn apply_outside_of_its_windows() {
    let mut report = failed_fleet();
    if let Some(rollout) = &mut report.rollout {
        rollout.state = RolloutState::Running;
    }
    insta::assert_snapshot!(ran(Some(Outcome::OutsideWindow(Some(at(700)))), report));
}

#[test]
fn apply_without_anything_to_do() {
    insta::assert_snapshot!(ran(None, report(well(1, NEW), NEW)));
}

#[test]
fn history_of_a_set() {
    let mut second = rollout(RolloutState::Succeeded, waves());
    second.ended = Some(at(4));
    second.approvals = vec![Approved { digest: digest("4b"), by: Some("ada".to_owned()), at: at(1) }];
    let event = Event {
        at: at(3),
        tenant: name("initech"),
        schema: SchemaName::new("tenant_initech").unwrap(),
        rollout: format!("customers-{NEW}"),
        digest: digest("4b"),
        revision: Some(digest(NEW)),
        outcome: "unique_violation on app_user_email_key".to_owned(),
        took_ms: 12,
        approved_by: None,
    };
    let kept = |digits: &str, minutes, in_force| RevisionReport {
        revision: digest(digits),
        at: at(minutes),
        in_force,
    };
    let report = History {
        set: "customers".to_owned(),
        rollouts: vec![second],
        events: vec![HistoryEvent { database: DatabaseName::new("eu-1"), event }],
        revisions: vec![kept(NEW, 0, true), kept(OLD, -9000, false)],
        notes: vec!["us-1 does not answer".to_owned()],
    };
    insta::assert_snapshot!(history::history(&report, &commands()));
}

#[test]
fn doctor_of_one_database() {
    let findings = [
        Finding::new(Severity::Ok, "server", "PostgreSQL 15.18", ""),
        Finding::new(
            Severity::Error,
            "privileges",
            "tenantry may not create schemas",
            "GRANT CREATE ON DATABASE app TO tenantry",
        ),
        Finding::new(
            Severity::Warning,
            "event triggers",
            "audit_ddl fires on every statement of a plan",
            "see that it is fast",
        ),
    ];
    insta::assert_snapshot!(doctor::doctor("eu-1", &findings));
}
