//! What the executor does, told as behaviour, against databases that are not
//! there.

use tenantry_engine::{Claim, TenantName};

use super::testing::{Fault, Stage};
use super::{Correct, FleetError, Options, Progress};
use crate::rollout::{Order, Outcome, Paused, RolloutState};
use crate::{Amount, DriftMode, Mode, OnFailure, TenantState, TenantStatus};

const SUCCEEDED: Option<Outcome> = Some(Outcome::Ended(RolloutState::Succeeded));
const FAILED: Option<Outcome> = Some(Outcome::Ended(RolloutState::Failed));

fn name(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

fn state(tenants: &[TenantStatus], name: &str) -> TenantState {
    tenants.iter().find(|tenant| tenant.name.as_str() == name).unwrap().state
}

/// A fleet on one database, provisioned with one definition.
async fn provisioned(count: usize, definition: &str) -> Stage {
    let stage = Stage::new(&[("a", count)], definition);
    assert_eq!(stage.apply().await.unwrap().outcome, SUCCEEDED);
    assert_eq!(stage.with("a", definition), count);
    stage
}

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
async fn a_plan_is_proved_once_for_all_that_are_alike() {
    let mut stage = provisioned(200, "users").await;
    stage.define("users invoices");
    stage.calls("a");
    stage.apply().await.unwrap();
    let calls = stage.calls("a");
    assert_eq!((calls["propose"], calls["apply"], calls["compile"]), (1, 200, 1));
    assert!(calls["claim"] <= 2 && calls["records"] <= 2, "{calls:?}");
}

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
    let key = tenantry_engine::SchemaName::new("t002").unwrap();
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
async fn an_unchanged_fleet_costs_the_same_whatever_its_size() {
    let mut costs = Vec::new();
    for count in [10, 1000] {
        let stage = provisioned(count, "users").await;
        stage.check().await;
        stage.calls("a");
        let report = stage.check().await;
        assert_eq!((report.read, report.counts.in_sync), (0, u32::try_from(count).unwrap()));
        let check = stage.calls("a");
        assert_eq!(stage.apply().await.unwrap().outcome, None);
        costs.push((check, stage.calls("a")));
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].0.values().sum::<u32>() <= 12, "{:?}", costs[0].0);
}

#[tokio::test(start_paused = true)]
async fn drift_is_found_named_and_grouped() {
    let mut stage = provisioned(10, "users").await;
    stage.drift("a", "t001", "mine");
    stage.drift("a", "t004", "mine");
    stage.database("a").state().change(&tenantry_engine::SchemaName::new("t007").unwrap(), |tables| {
        tables.remove("users");
    });
    let report = stage.check().await;
    assert_eq!((report.counts.drifted, report.counts.in_sync), (3, 7));
    let groups: Vec<(&str, usize, &str)> = report
        .drift
        .iter()
        .map(|group| (group.label.as_str(), group.tenants.len(), group.differences[0].sentence.as_str()))
        .collect();
    assert_eq!(groups, [("A", 2, "table mine is not in the definition"), ("B", 1, "table users is missing")]);
    assert_eq!(report.drift[0].allow, ["table mine"]);
    assert!(report.drift[1].allow.is_empty());
    let since = report.drift[0].since;
    assert!(since.is_some());
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    let later = stage.check().await;
    assert_eq!((later.drift[0].since, later.read), (since, 0), "known drift is not read again");

    stage.define("users invoices");
    let merged = stage.apply().await.unwrap();
    assert_eq!(merged.outcome, SUCCEEDED);
    assert_eq!(stage.tables("a", "t001").unwrap(), "invoices mine users");
    assert_eq!(merged.report.counts.drifted, 3);

    let correct = Options { correct: Correct::Tenants(vec![name("t001")]), ..Options::default() };
    stage.spec.rollout.approval = crate::Approval::Never;
    let corrected = stage.apply_with(&correct).await.unwrap();
    assert_eq!((corrected.outcome, corrected.applied), (SUCCEEDED, 1));
    assert_eq!(stage.tables("a", "t001").unwrap(), "invoices users");
    stage.spec.drift = DriftMode::Correct;
    assert_eq!(stage.apply().await.unwrap().applied, 2);
    assert_eq!(stage.check().await.counts.in_sync, 10);
}

#[tokio::test(start_paused = true)]
async fn whoever_only_observes_needs_no_ledger_and_writes_nothing() {
    let mut stage = Stage::new(&[("a", 4)], "users");
    for tenant in ["t000", "t001", "t002"] {
        stage.database("a").state().make(
            &tenantry_engine::SchemaName::new(tenant).unwrap(),
            super::testing::tables(if tenant == "t002" { "users mine" } else { "users" }),
        );
    }
    stage.spec.mode = Mode::Observe;
    stage.database("a").state().readonly = true;
    let report = stage.check().await;
    let states: Vec<TenantState> = report.tenants.iter().map(|tenant| tenant.state).collect();
    assert_eq!(
        states,
        [TenantState::InSync, TenantState::InSync, TenantState::Drifted, TenantState::Pending]
    );
    let planned = stage.plan().await;
    assert!(!planned.kept);
    assert_eq!(planned.planned.unwrap().groups.len(), 2);
    assert!(matches!(stage.apply().await, Err(FleetError::ObservesOnly(_))));
    let state = stage.database("a").state();
    assert!(!state.rows.there && !state.calls.contains_key("prepare") && !state.calls.contains_key("claim"));
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_was_dropped_by_hand_is_never_taken_for_in_sync() {
    let mut stage = provisioned(5, "users").await;
    stage.check().await;
    {
        let mut state = stage.database("a").state();
        state.schemas.remove(&tenantry_engine::SchemaName::new("t002").unwrap());
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
async fn an_empty_definition_is_refused() {
    let mut stage = provisioned(3, "users").await;
    stage.define("");
    assert!(matches!(stage.apply().await, Err(FleetError::EmptyDefinition(_))));
    assert_eq!(stage.with("a", "users"), 3);
}

#[tokio::test(start_paused = true)]
async fn status_reads_no_tenant() {
    let stage = provisioned(20, "users").await;
    stage.check().await;
    stage.drift("a", "t001", "mine");
    stage.calls("a");
    let status = stage.fleet().status(&mut stage.control().0).await.unwrap();
    assert_eq!((status.counts.in_sync, status.read), (20, 0));
    assert!(
        status.notes.iter().any(|note| note.contains("1 tenants may have changed")),
        "{:?}",
        status.notes
    );
    let calls = stage.calls("a");
    assert!(!calls.contains_key("inspect") && !calls.contains_key("compile"), "{calls:?}");
    assert_eq!(status.rollout.unwrap().state, RolloutState::Succeeded);
}
