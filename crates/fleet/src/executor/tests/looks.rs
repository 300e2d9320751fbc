//! What a look finds, and what it costs.

use super::{SUCCEEDED, name, provisioned};
use crate::executor::testing::{Stage, tables};
use crate::executor::{Correct, FleetError, Options};
use crate::rollout::RolloutState;
use crate::{DriftMode, Mode, TenantState};
use tenantry_engine::SchemaName;

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
async fn an_unchanged_fleet_costs_the_same_whatever_its_size() {
    let mut costs = Vec::new();
    for count in [10, 1000] {
        let stage = provisioned(count, "users").await;
        stage.check().await;
        stage.calls("a");
        let report = stage.glance().await;
        assert_eq!((report.read, report.counts.in_sync), (0, u32::try_from(count).unwrap()));
        let glance = stage.calls("a");
        stage.check().await;
        let mut check = stage.calls("a");
        assert_eq!(stage.apply().await.unwrap().outcome, None);
        let mut apply = stage.calls("a");
        // The second stage asks for 500 tenants at a time.
        for calls in [&mut check, &mut apply] {
            let asked = calls.remove("watermarks").unwrap();
            assert_eq!(usize::try_from(asked).unwrap(), count.div_ceil(500));
        }
        costs.push((glance, check, apply));
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].0.values().sum::<u32>() <= 12, "{:?}", costs[0].0);
}

#[tokio::test(start_paused = true)]
async fn drift_is_found_named_and_grouped() {
    let mut stage = provisioned(10, "users").await;
    stage.drift("a", "t001", "mine");
    stage.drift("a", "t004", "mine");
    stage.database("a").state().change(&SchemaName::new("t007").unwrap(), |tables| {
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
    stage.calls("a");
    let later = stage.check().await;
    assert_eq!((later.drift[0].since, later.read), (since, 0), "known drift is not read again");
    assert_eq!(later.drift[1].differences, report.drift[1].differences);
    let calls = stage.calls("a");
    assert_eq!(calls.get("inspect"), None, "what explains a drift is kept: {calls:?}");

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
            &SchemaName::new(tenant).unwrap(),
            tables(if tenant == "t002" { "users mine" } else { "users" }),
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

#[tokio::test(start_paused = true)]
async fn what_prints_differently_and_is_equal_is_in_sync() {
    let mut stage = Stage::new(&[("a", 3)], "users");
    stage.database("a").state().make(&SchemaName::new("t001").unwrap(), tables("users_"));
    let adopted = stage.apply().await.unwrap();
    assert_eq!((adopted.outcome, adopted.applied), (SUCCEEDED, 2));
    assert_eq!(adopted.report.counts.in_sync, 3);
    let checked = stage.check().await;
    assert_eq!((checked.counts.in_sync, checked.read), (3, 0));
    // What moves beneath them all has them read again, and they still are equal.
    stage.database("a").state().environment = Some("e2".to_owned());
    let checked = stage.check().await;
    assert_eq!((checked.counts.in_sync, checked.read), (3, 3));
    stage.spec.rollout.approval = crate::Approval::Never;
    stage.define("users invoices");
    assert_eq!(stage.apply().await.unwrap().applied, 3);
}

#[tokio::test(start_paused = true)]
async fn a_change_during_the_look_is_found_by_the_next_one() {
    let stage = provisioned(6, "users").await;
    let key = |name: &str| SchemaName::new(name).unwrap();
    stage.drift("a", "t001", "mine");
    stage.database("a").state().meanwhile = Some(key("t004"));
    assert_eq!(stage.check().await.counts.drifted, 1);
    assert_eq!(stage.glance().await.counts.drifted, 2, "the pulse from before the look is the baseline");
}

#[tokio::test(start_paused = true)]
async fn plans_are_proved_once_for_each_environment() {
    let mut stage = Stage::new(&[("a", 4), ("b", 4), ("c", 4)], "users");
    stage.database("c").state().environment = Some("e2".to_owned());
    stage.apply().await.unwrap();
    stage.define("users invoices");
    let names = ["a", "b", "c"];
    names.iter().for_each(|name| drop(stage.calls(name)));
    assert_eq!(stage.apply().await.unwrap().applied, 12);
    let calls: Vec<_> = names.iter().map(|name| stage.calls(name)).collect();
    let sum = |what| calls.iter().map(|calls| calls.get(what).copied().unwrap_or_default()).sum::<u32>();
    assert_eq!((sum("compile"), sum("propose"), sum("apply")), (2, 2, 12));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_the_counters_do_not_show_yet_is_found_by_who_asks() {
    let stage = provisioned(3, "users").await;
    stage.check().await;
    stage.drift("a", "t001", "mine");
    stage.database("a").state().lag = 1;
    assert_eq!(stage.glance().await.counts.drifted, 0);
    assert_eq!(stage.check().await.counts.drifted, 1);
}
