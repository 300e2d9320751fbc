//! What a rollout does, with whose word, and the way back.

use super::{FAILED, SUCCEEDED, name, provisioned, state};
use crate::executor::testing::{Fault, Stage};
use crate::executor::{FleetError, Options};
use crate::rollout::{Order, Outcome, RolloutState};
use crate::{TenantState, Window};

#[tokio::test(start_paused = true)]
async fn tenants_are_made_and_brought_to_the_next_definition() {
    let mut stage = Stage::new(&[("a", 30), ("b", 10)], "users");
    let made = stage.apply().await.unwrap();
    assert_eq!((made.outcome, made.applied), (SUCCEEDED, 40));
    assert_eq!((made.report.counts.in_sync, made.report.counts.total), (40, 40));

    stage.define("users invoices");
    let moved = stage.apply().await.unwrap();
    assert_eq!((moved.outcome, moved.applied), (SUCCEEDED, 40));
    assert_eq!(moved.report.counts.in_sync, 40);
    assert_eq!((stage.with("a", "invoices users"), stage.with("b", "invoices users")), (30, 10));

    let again = stage.apply().await.unwrap();
    assert_eq!((again.outcome, again.applied), (None, 0));
    let checked = stage.check().await;
    assert_eq!((checked.counts.in_sync, checked.read), (40, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_before_it_is_approved() {
    let mut stage = provisioned(20, "users fax").await;
    stage.define("users");
    let planned = stage.plan().await;
    let rollout = planned.planned.unwrap();
    assert_eq!((rollout.state, planned.kept), (RolloutState::AwaitingApproval, true));
    assert_eq!(planned.plans.len(), 1);
    assert!(planned.plans[0].script.contains("fax"));
    let digest = rollout.digest.unwrap();

    let waits = stage.apply().await.unwrap();
    assert_eq!((waits.outcome, waits.applied), (Some(Outcome::AwaitingApproval), 0));
    assert_eq!(waits.report.counts.in_sync, 20, "judged against what is in force");
    let typed = |text: &str| Options { approve: vec![text.to_owned()], ..Options::default() };
    assert!(matches!(stage.apply_with(&typed("123456789abc")).await, Err(FleetError::Digest(_))));
    assert_eq!(stage.with("a", "fax users"), 20);

    let done = stage.apply_with(&typed(digest.short())).await.unwrap();
    assert_eq!((done.outcome, done.applied), (SUCCEEDED, 20));
    assert_eq!(stage.with("a", "users"), 20);
}

#[tokio::test(start_paused = true)]
async fn what_was_approved_holds_for_those_that_failed_and_for_no_other_change() {
    let mut stage = provisioned(20, "users fax").await;
    stage.define("users");
    stage.fault("a", "t007", Fault::Refused);
    stage.spec.rollout.failure_budget = crate::Amount::Count(5);
    let digest = stage.plan().await.planned.unwrap().digest.unwrap();
    let approve = Options { approve: vec![digest.to_string()], ..Options::default() };
    let failed = stage.apply_with(&approve).await.unwrap();
    assert_eq!((failed.outcome, failed.applied), (FAILED, 19));

    stage.repair("a");
    stage.drift("a", "t007", "by_hand");
    let other = stage.apply().await.unwrap();
    assert_eq!((other.outcome, other.applied), (Some(Outcome::AwaitingApproval), 0), "another plan");
    stage.database("a").state().change(&crate::testing::schema("t007"), |tables| {
        tables.remove("by_hand");
    });
    let rest = stage.apply().await.unwrap();
    assert_eq!((rest.outcome, rest.applied), (SUCCEEDED, 1));
}

#[tokio::test(start_paused = true)]
async fn another_definition_takes_the_place_of_what_was_offered() {
    let mut stage = provisioned(10, "users fax telex").await;
    stage.define("users fax");
    let first = stage.plan().await.planned.unwrap();
    stage.define("users");
    let second = stage.plan().await.planned.unwrap();
    assert_ne!(first.digest, second.digest);
    let old = Options { approve: vec![first.digest.unwrap().to_string()], ..Options::default() };
    assert!(matches!(stage.apply_with(&old).await, Err(FleetError::Digest(_))));
    let history = stage.fleet().history(None, 10).await.unwrap();
    assert_eq!(history.rollouts[1].state, RolloutState::Superseded);
}

#[tokio::test(start_paused = true)]
async fn a_drifted_tenant_needs_another_approval() {
    let mut stage = provisioned(10, "users fax").await;
    stage.define("users");
    let first = stage.plan().await.planned.unwrap();
    stage.drift("a", "t002", "by_hand");
    let second = stage.plan().await.planned.unwrap();
    assert_ne!(first.digest, second.digest);
    assert_eq!(second.groups.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_that_arrive_while_it_waits_are_made_at_what_is_in_force() {
    let mut stage = provisioned(5, "users fax").await;
    stage.define("users");
    let planned = stage.plan().await.planned.unwrap();
    let crate::TenantSource::Names(names) = &mut stage.spec.entries[0].tenants else { panic!() };
    names.push("late".to_owned());
    let waits = stage.apply().await.unwrap();
    assert_eq!((waits.outcome, waits.applied), (Some(Outcome::AwaitingApproval), 1));
    assert_eq!(stage.tables("a", "late").unwrap(), "fax users");
    assert_eq!(waits.report.counts.in_sync, 6);

    let as_offered = Options { approve: vec![planned.digest.unwrap().to_string()], ..Options::default() };
    let done = stage.apply_with(&as_offered).await.unwrap();
    assert_eq!((done.outcome, done.applied), (FAILED, 5), "who came later was not approved");
    assert_eq!(state(&done.report.tenants, "late"), TenantState::Outdated);
    let rest = stage.plan().await.planned.unwrap();
    assert_eq!((rest.kind, rest.groups.len()), (crate::rollout::Kind::Rest, 1));
}

#[tokio::test(start_paused = true)]
async fn rollback_brings_back_what_was_put_aside() {
    let mut stage = provisioned(20, "users fax").await;
    stage.define("users invoices");
    stage.spec.rollout.approval = crate::Approval::Never;
    assert_eq!(stage.apply().await.unwrap().outcome, SUCCEEDED);
    assert_eq!(stage.with("a", "invoices users"), 20);

    let back = stage.fleet().rollback(None, &Options::default(), &mut stage.control().0).await.unwrap();
    assert_eq!(back.outcome, Some(Outcome::Ended(RolloutState::RolledBack)));
    assert_eq!(stage.with("a", "fax users"), 20);
    assert_eq!(back.report.counts.in_sync, 20);
    let plans: Vec<String> = {
        let state = stage.database("a").state();
        state.rows.plans.values().flat_map(|plan| plan.steps.iter().map(|step| step.sql.clone())).collect()
    };
    assert!(plans.contains(&"Restore TABLE fax".to_owned()), "{plans:?}");

    assert!(matches!(stage.apply().await, Err(FleetError::RolledBack { .. })));
    assert_eq!(stage.with("a", "fax users"), 20);
    let again = Options { again: true, ..Options::default() };
    assert_eq!(stage.apply_with(&again).await.unwrap().outcome, SUCCEEDED);
    assert_eq!(stage.with("a", "invoices users"), 20);
}

#[tokio::test(start_paused = true)]
async fn an_empty_definition_is_refused() {
    let mut stage = provisioned(3, "users").await;
    stage.define("");
    assert!(matches!(stage.apply().await, Err(FleetError::EmptyDefinition(_))));
    assert_eq!(stage.with("a", "users"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_fleet_may_be_driven_from_any_thread() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let stage = Stage::new(&[("a", 1)], "users");
    let (fleet, options, mut control) = (stage.fleet(), Options::default(), stage.control().0);
    sendable(fleet.apply(&options, &mut control)).await.unwrap();
    sendable(fleet.plan(&options, &mut control)).await.unwrap();
    sendable(fleet.check(&mut control)).await.unwrap();
    sendable(fleet.status(&mut control)).await.unwrap();
    sendable(fleet.history(None, 1)).await.unwrap();
    assert!(sendable(fleet.rollback(None, &options, &mut control)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn outside_of_its_windows_nobody_waits_for_the_next_one() {
    // It is noon.
    let mut stage = provisioned(20, "users").await;
    stage.spec.rollout.windows = vec![Window::new(Vec::new(), "02:00", "04:00", "UTC").unwrap()];
    stage.define("users invoices");
    let closed = stage.apply().await.unwrap();
    let opens = match closed.outcome {
        Some(Outcome::OutsideWindow(Some(opens))) => opens,
        other => panic!("{other:?}"),
    };
    assert!(opens.to_string().contains("T02:00:00"), "{opens}");
    assert_eq!((closed.applied, stage.with("a", "users")), (0, 20));
    tokio::time::advance(std::time::Duration::from_secs(15 * 3600)).await;
    let open = stage.apply().await.unwrap();
    assert_eq!((open.outcome, open.applied), (SUCCEEDED, 20));
    stage.spec.rollout.windows = vec![Window::new(Vec::new(), "12:00", "12:30", "UTC").unwrap()];
    let nothing = stage.apply().await.unwrap();
    assert_eq!(nothing.outcome, None, "there is nothing to do");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_those_who_are_left_out() {
    let mut stage = provisioned(2, "users fax").await;
    stage.define("users");
    let orders = ["t000", "t001"].map(|tenant| Order::Skip(name(tenant))).to_vec();
    let report = stage.apply_with(&Options { orders, ..Options::default() }).await.unwrap();
    assert_eq!((report.outcome, report.applied), (SUCCEEDED, 0));
    assert_eq!(stage.apply().await.unwrap().outcome, None, "they stay left out");
    assert_eq!(stage.with("a", "fax users"), 2);
}

#[tokio::test(start_paused = true)]
async fn another_text_for_the_same_schema_touches_nobody_and_is_in_force() {
    let mut stage = provisioned(5, "users invoices").await;
    stage.drift("a", "t003", "mine");
    let before = stage.commits("a");
    stage.define("invoices users");
    let report = stage.apply().await.unwrap();
    assert_eq!((report.outcome, report.applied), (SUCCEEDED, 0));
    assert_eq!(stage.commits("a"), before);
    let checked = stage.check().await;
    assert_eq!(checked.revision.as_ref(), Some(&checked.target));
    let old: Vec<&str> = checked
        .tenants
        .iter()
        .filter(|tenant| tenant.revision != checked.revision)
        .map(|tenant| tenant.name.as_str())
        .collect();
    assert_eq!((checked.counts.in_sync, checked.counts.drifted, old), (4, 1, Vec::new()));
    assert_eq!(stage.apply().await.unwrap().outcome, None);
}

#[tokio::test(start_paused = true)]
async fn a_revision_can_be_pinned() {
    let mut stage = provisioned(4, "users").await;
    let first = stage.check().await.target;
    stage.define("users invoices");
    stage.apply().await.unwrap();
    stage.spec.definition.pinned = Some(first.short().to_owned());
    stage.spec.rollout.approval = crate::Approval::Never;
    let report = stage.apply().await.unwrap();
    assert_eq!((report.outcome, report.applied), (SUCCEEDED, 4));
    assert_eq!((stage.with("a", "users"), report.report.target), (4, first));
    stage.spec.definition.pinned = Some("abcdef123".to_owned());
    assert!(matches!(stage.apply().await, Err(FleetError::Revision(_))));
}

#[tokio::test(start_paused = true)]
async fn those_with_something_put_aside_are_planned_apart_from_those_without() {
    let mut stage = provisioned(4, "users fax").await;
    stage.define("users");
    stage.spec.rollout.approval = crate::Approval::Never;
    stage.apply().await.unwrap();
    stage.drift("a", "t001", "mine");
    let drifted = stage.check().await;
    assert_eq!(drifted.drift[0].differences.len(), 1, "what was put aside is no drift");
    assert_eq!(drifted.drift[0].allow, ["table mine"]);
    let crate::TenantSource::Names(names) = &mut stage.spec.entries[0].tenants else { panic!() };
    names.push("late".to_owned());
    assert_eq!(stage.apply().await.unwrap().applied, 1);

    let back = stage.fleet().rollback(None, &Options::default(), &mut stage.control().0).await.unwrap();
    assert_eq!((back.outcome, back.applied), (Some(Outcome::Ended(RolloutState::RolledBack)), 5));
    assert_eq!((stage.with("a", "fax users"), stage.with("a", "fax mine users")), (4, 1));
    assert_eq!(back.report.rollout.unwrap().groups.len(), 3);
}
