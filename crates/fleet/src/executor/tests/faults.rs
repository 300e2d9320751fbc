//! What goes wrong: one tenant, one database, the process itself.

use super::{FAILED, SUCCEEDED, name, provisioned, state};
use crate::executor::testing::{Fault, Stage};
use crate::executor::{FleetError, Options, Progress};
use crate::rollout::{Order, Outcome, Paused, RolloutState};
use crate::{Amount, OnFailure, TenantState};
use tenantry_engine::{Claim, SchemaName, TenantName};

#[tokio::test(start_paused = true)]
async fn a_silent_database_holds_up_no_other() {
    let mut stage = Stage::new(&[("a", 5), ("b", 5)], "users");
    stage.apply().await.unwrap();
    stage.define("users invoices");
    stage.database("b").state().silent = true;
    let half = stage.apply().await.unwrap();
    assert_eq!(half.outcome, Some(Outcome::Incomplete(5)));
    assert_eq!((half.report.counts.in_sync, half.report.counts.unreachable), (5, 5));
    assert_eq!(stage.with("a", "invoices users"), 5);

    stage.database("b").state().silent = false;
    let whole = stage.apply().await.unwrap();
    assert_eq!((whole.outcome, whole.applied), (SUCCEEDED, 5));
    assert_eq!(whole.report.counts.in_sync, 10);
}

#[tokio::test(start_paused = true)]
async fn one_bad_tenant_does_not_block_the_others() {
    let mut stage = provisioned(30, "users").await;
    stage.spec.rollout.failure_budget = Amount::Count(1);
    stage.spec.rollout.waves = vec![crate::WaveSpec {
        name: "all".to_owned(),
        select: None,
        failure_budget: Some(Amount::Count(1)),
        min_ready: std::time::Duration::ZERO,
        pause: false,
    }];
    stage.define("users invoices");
    stage.fault("a", "t007", Fault::Refused);
    let report = stage.apply().await.unwrap();
    assert_eq!((report.outcome, report.applied), (FAILED, 29));
    assert_eq!(state(&report.report.tenants, "t007"), TenantState::Failed);
    let message = report.report.tenants[7].message.clone().unwrap();
    assert!(message.contains("unique_violation on app_user_email_key"), "{message}");
    assert_eq!(stage.with("a", "invoices users"), 29);
    let events = stage.fleet().history(Some(&name("t007")), 10).await.unwrap().events;
    assert!(events[0].event.outcome.contains("unique_violation"), "{events:?}");
    assert!(stage.told.lock().unwrap().iter().any(|told| matches!(told, Progress::Failed { .. })));

    stage.repair("a");
    let rest = stage.apply().await.unwrap();
    assert_eq!((rest.outcome, rest.applied), (SUCCEEDED, 1));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_without_a_plan_is_blocked_and_the_others_go_on() {
    let mut stage = provisioned(10, "users").await;
    stage.drift("a", "t003", "unplannable");
    stage.define("users invoices");
    let report = stage.apply().await.unwrap();
    assert_eq!((report.outcome, report.applied), (FAILED, 9));
    assert_eq!(state(&report.report.tenants, "t003"), TenantState::Blocked);
}

#[tokio::test(start_paused = true)]
async fn what_was_killed_goes_on_without_applying_twice() {
    let mut stage = provisioned(40, "users").await;
    let before = stage.commits("a");
    stage.define("users invoices");
    stage.spec.rollout.retry.attempts = 1;
    stage.database("a").state().dies_in = Some(17);
    let broken = stage.apply().await;
    assert!(broken.is_err() || broken.is_ok_and(|report| report.applied < 40));
    {
        let mut state = stage.database("a").state();
        (state.silent, state.dies_in) = (false, None);
    }
    let done = stage.apply().await.unwrap();
    assert_eq!(done.outcome, SUCCEEDED);
    assert_eq!(stage.with("a", "invoices users"), 40);
    assert_eq!(stage.commits("a") - before, 40, "each tenant was changed once");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_goes_on_from_the_ledger() {
    let mut stage = provisioned(40, "users").await;
    let before = stage.commits("a");
    stage.define("users invoices");
    let killed = tokio::time::timeout(std::time::Duration::from_millis(20), stage.apply()).await;
    assert!(killed.is_err());
    let at_the_kill = stage.commits("a") - before;
    assert!(at_the_kill > 0 && at_the_kill < 40, "{at_the_kill}");
    assert_eq!(stage.apply().await.unwrap().outcome, SUCCEEDED);
    assert_eq!(stage.commits("a") - before, 40);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_is_read_from_the_ledger() {
    let mut stage = provisioned(12, "users").await;
    stage.define("users invoices");
    stage.fault("a", "t001", Fault::InDoubt(true));
    stage.fault("a", "t002", Fault::InDoubt(false));
    stage.fault("a", "t003", Fault::Moved);
    let before = stage.commits("a");
    let report = stage.apply().await.unwrap();
    assert_eq!(report.outcome, SUCCEEDED);
    assert_eq!(stage.commits("a") - before, 12);
    assert_eq!(stage.tables("a", "t003").unwrap(), "by_hand invoices users");
    assert_eq!(state(&report.report.tenants, "t003"), TenantState::Drifted);
    assert_eq!(state(&stage.check().await.tenants, "t001"), TenantState::InSync);
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_pauses_and_a_person_resumes() {
    let mut stage = provisioned(30, "users").await;
    stage.define("users invoices");
    for tenant in 0..30 {
        stage.fault("a", &format!("t{tenant:03}"), Fault::Refused);
    }
    let paused = stage.apply().await.unwrap();
    assert!(
        matches!(paused.outcome, Some(Outcome::Paused(Paused::BudgetSpent { .. }))),
        "{:?}",
        paused.outcome
    );
    assert_eq!(paused.report.counts.failed, 1, "it stops in its first wave");
    let still = stage.apply().await.unwrap();
    assert!(matches!(still.outcome, Some(Outcome::Paused(_))));

    stage.repair("a");
    let failed: Vec<TenantName> =
        paused.report.rollout.unwrap().failures.into_iter().map(|failure| failure.name).collect();
    let orders = failed.into_iter().map(Order::Retry).chain([Order::Resume]).collect();
    let done = stage.apply_with(&Options { orders, ..Options::default() }).await.unwrap();
    assert_eq!(done.outcome, SUCCEEDED);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_fails_is_undone_where_the_set_says_so() {
    let mut stage = provisioned(30, "users").await;
    stage.define("users invoices");
    stage.spec.rollout.on_failure = OnFailure::RollBack;
    stage.spec.rollout.failure_budget = Amount::Count(0);
    for tenant in 15..30 {
        stage.fault("a", &format!("t{tenant:03}"), Fault::Refused);
    }
    let report = stage.apply().await.unwrap();
    assert_eq!(report.outcome, Some(Outcome::Ended(RolloutState::RolledBack)), "{:?}", report.report.rollout);
    assert_eq!(stage.with("a", "users"), 30);
    assert_eq!(report.report.counts.in_sync, 30);
    let history = stage.fleet().history(None, 10).await.unwrap();
    assert_eq!(history.rollouts[1].state, RolloutState::RolledBack);
    assert!(matches!(stage.apply().await, Err(FleetError::RolledBack { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_schema_of_another_set_blocks_one_tenant() {
    let stage = Stage::new(&[("a", 5)], "users");
    stage.apply().await.unwrap();
    let other = Claim { set: "default/others".to_owned(), cluster: None, database: "a".to_owned() };
    let mut changed = Stage::new(&[("a", 5)], "users invoices");
    changed.databases.clone_from(&stage.databases);
    let key = SchemaName::new("t002").unwrap();
    stage.database("a").state().rows.tenants.get_mut(&key).unwrap().claim = other;
    let report = changed.apply().await.unwrap();
    assert_eq!((report.outcome, report.applied), (FAILED, 4));
    let blocked = &report.report.tenants[2];
    assert_eq!(blocked.state, TenantState::Blocked);
    assert!(blocked.message.as_ref().unwrap().contains("default/others"), "{blocked:?}");
    assert_eq!(stage.tables("a", "t002").unwrap(), "users");

    let taken = Options { take_over: true, ..Options::default() };
    let report = changed.apply_with(&taken).await.unwrap();
    assert_eq!((report.outcome, report.applied), (SUCCEEDED, 1));
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_was_dropped_by_hand_is_never_taken_for_in_sync() {
    let mut stage = provisioned(5, "users").await;
    stage.check().await;
    {
        let mut state = stage.database("a").state();
        state.schemas.remove(&SchemaName::new("t002").unwrap());
        state.changes += 1;
    }
    for _ in 0..3 {
        assert_eq!(state(&stage.check().await.tenants, "t002"), TenantState::Blocked);
    }
    stage.define("users invoices");
    let report = stage.apply().await.unwrap();
    assert_eq!(report.applied, 4);
    assert_eq!(stage.tables("a", "t002"), None);
    let orders = vec![Order::Retry(name("t002"))];
    let remade = stage.apply_with(&Options { orders, ..Options::default() }).await.unwrap();
    assert_eq!((remade.outcome, remade.applied), (SUCCEEDED, 1));
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_finishes_what_runs_and_the_next_start_goes_on() {
    let mut stage = provisioned(60, "users").await;
    stage.define("users invoices");
    let before = stage.commits("a");
    let (mut control, handle) = stage.control();
    let fleet = stage.fleet();
    let stop = async {
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        handle.stop();
    };
    let options = Options::default();
    let (report, ()) = tokio::join!(fleet.apply(&options, &mut control), stop);
    let report = report.unwrap();
    assert_eq!(report.outcome, Some(Outcome::Stopped));
    assert_eq!(stage.commits("a") - before, report.applied);
    assert!(report.applied > 0 && report.applied < 60);
    assert_eq!(report.report.counts.in_sync, report.applied, "what ran was read back");
    assert_eq!(stage.apply().await.unwrap().outcome, SUCCEEDED);
    assert_eq!(stage.commits("a") - before, 60);
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_moment_loses_nothing_and_repeats_nothing() {
    for milliseconds in 0..60 {
        let mut stage = provisioned(25, "users").await;
        let before = stage.commits("a");
        stage.define("users invoices");
        let limit = std::time::Duration::from_millis(milliseconds);
        let first = tokio::time::timeout(limit, stage.apply()).await;
        if let Ok(report) = first {
            assert_eq!(report.unwrap().outcome, SUCCEEDED);
        }
        let last = stage.apply().await.unwrap();
        assert!(last.outcome == SUCCEEDED || last.outcome.is_none(), "{milliseconds}: {:?}", last.outcome);
        assert_eq!(stage.with("a", "invoices users"), 25, "{milliseconds}");
        assert_eq!(stage.commits("a") - before, 25, "{milliseconds}");
        assert_eq!(last.report.counts.in_sync, 25, "{milliseconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_processes_one_steps_back() {
    let mut stage = provisioned(40, "users").await;
    let before = stage.commits("a");
    stage.define("users invoices");
    let (one, other) = tokio::join!(stage.apply(), stage.apply());
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let error = one.and(other).unwrap_err();
    assert!(error.to_string().contains("another process of Tenantry"), "{error}");
    assert_eq!(stage.commits("a") - before, 40);
    assert_eq!(stage.with("a", "invoices users"), 40);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_comes_back_is_taken_in() {
    let stage = Stage::new(&[("a", 5), ("b", 5)], "users");
    stage.database("b").state().silent = true;
    let comes_back = async {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        stage.database("b").state().silent = false;
    };
    let (report, ()) = tokio::join!(stage.apply(), comes_back);
    let report = report.unwrap();
    assert_eq!((report.outcome, report.applied), (SUCCEEDED, 10));
    assert_eq!((report.report.counts.in_sync, stage.with("b", "users")), (10, 5));
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_who_is_blocked() {
    let mut stage = provisioned(3, "users").await;
    stage.drift("a", "t001", "unplannable");
    stage.define("users invoices");
    let planned = stage.plan().await;
    assert_eq!(state(&planned.report.tenants, "t001"), TenantState::Blocked);
    assert_eq!(planned.planned.unwrap().groups.len(), 2);
}
