//! Those who left, and those who came back.

use tenantry_engine::Fate;

use super::{SUCCEEDED, name, provisioned, state};
use crate::executor::testing::{Fault, Stage};
use crate::executor::{ApplyReport, Options};
use crate::{Approval, DepartureState, Mode, Removal, TenantSource, TenantState, Window};

fn names(stage: &mut Stage, names: &[&str]) {
    stage.spec.entries[0].tenants =
        TenantSource::Names(names.iter().map(|name| (*name).to_owned()).collect());
}

fn states(report: &crate::Report) -> Vec<(String, DepartureState)> {
    report.departures.tenants.iter().map(|one| (one.name.to_string(), one.state)).collect()
}

fn one(name: &str, state: DepartureState) -> Vec<(String, DepartureState)> {
    vec![(name.to_owned(), state)]
}

fn schemas(stage: &Stage) -> Vec<String> {
    stage.database("a").state().schemas.keys().map(ToString::to_string).collect()
}

async fn approve(stage: &Stage, digest: &str) -> ApplyReport {
    let approve = vec![digest.to_owned()];
    stage.apply_with(&Options { approve, by: Some("ada".to_owned()), ..Options::default() }).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn by_default_they_keep_their_schemas_and_are_told_of() {
    let mut stage = provisioned(3, "users").await;
    names(&mut stage, &["t000", "t001"]);
    let report = stage.apply().await.unwrap().report;
    assert_eq!((report.counts.total, report.counts.removed), (2, 1));
    assert_eq!(states(&report), one("t002", DepartureState::Retained));
    assert_eq!((stage.with("a", "users"), schemas(&stage)[2].as_str()), (3, "t002"));
}

#[tokio::test(start_paused = true)]
async fn a_schema_is_put_aside_and_comes_back_as_it_was() {
    let mut stage = provisioned(3, "users").await;
    stage.drift("a", "t002", "mine");
    stage.spec.removal = Removal::Quarantine;
    stage.spec.rollout.approval = Approval::Never;
    names(&mut stage, &["t000", "t001"]);
    let planned = stage.plan().await.report;
    assert_eq!(states(&planned), one("t002", DepartureState::Due));
    assert_eq!(schemas(&stage), ["t000", "t001", "t002"], "a plan does nothing");

    let applied = stage.apply().await.unwrap();
    assert_eq!((applied.outcome, states(&applied.report)), (None, one("t002", DepartureState::PutAside)));
    assert!(applied.report.departures.tenants[0].now);
    let aside = schemas(&stage)[2].clone();
    assert!(aside.starts_with("tenantry_q_") && aside.ends_with("_t002"), "{aside}");
    assert_eq!(applied.report.counts.removed, 1);
    // It goes on being told of, and nothing more happens, also when others leave or all is rolled out anew.
    stage.define("users invoices");
    let next = stage.apply().await.unwrap();
    assert_eq!((next.applied, states(&next.report)), (2, one("t002", DepartureState::PutAside)));
    assert!(!next.report.departures.tenants[0].now);
    assert_eq!(stage.database("a").state().calls.get("depart"), Some(&1));
    let back = stage.fleet().rollback(None, &Options::default(), &mut stage.control().0).await.unwrap();
    assert!(back.report.notes.iter().any(|note| note.contains("1 schema of tenants that left put aside")));
    stage.apply_with(&Options { again: true, ..Options::default() }).await.unwrap();

    names(&mut stage, &["t000", "t001", "t002"]);
    let checked = stage.check().await;
    assert_eq!(state(&checked.tenants, "t002"), TenantState::Pending);
    stage.plan().await;
    assert_eq!(schemas(&stage)[2], aside, "neither a check nor a plan brings it back");
    let applied = stage.apply().await.unwrap();
    assert_eq!(states(&applied.report), one("t002", DepartureState::BroughtBack));
    assert_eq!(stage.tables("a", "t002").as_deref(), Some("invoices mine users"));
    assert_eq!(schemas(&stage), ["t000", "t001", "t002"]);
    assert_eq!(stage.apply().await.unwrap().report.departures.tenants, []);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_dropped_before_a_person_approves_exactly_that() {
    let mut stage = provisioned(200, "users").await;
    stage.spec.removal = Removal::Drop;
    stage.spec.rollout.approval = Approval::Never;
    let all: Vec<String> = (0..198).map(|n| format!("t{n:03}")).collect();
    let some: Vec<&str> = all.iter().map(String::as_str).collect();
    names(&mut stage, &some);
    let planned = stage.plan().await.report;
    let digest = planned.departures.digest.clone().unwrap();
    let waiting = in_state(&planned, DepartureState::AwaitingApproval);
    assert_eq!(waiting, ["t198", "t199"]);
    let applied = stage.apply().await.unwrap();
    assert_eq!((applied.outcome, applied.report.departures.digest), (None, Some(digest.clone())));
    assert_eq!(schemas(&stage).len(), 200);
    let wrong = Options { approve: vec!["0".repeat(12)], ..Options::default() };
    assert!(stage.apply_with(&wrong).await.unwrap_err().to_string().contains("look at the plan again"));
    // One of them cannot be dropped yet: the approval holds for the next time, and for nobody else.
    stage.fault("a", "t199", Fault::Moved);
    let applied = approve(&stage, digest.short()).await.report;
    assert_eq!(in_state(&applied, DepartureState::Dropped), ["t198"]);
    assert_eq!(in_state(&applied, DepartureState::Failed), ["t199"]);
    let event = stage.database("a").state().rows.events.last().unwrap().clone();
    assert_eq!((event.outcome.as_str(), &event.digest), ("dropped", &digest));
    assert_eq!(event.approved_by.as_deref(), Some("ada"));
    names(&mut stage, &some[1..]);
    let applied = stage.apply().await.unwrap().report;
    assert_eq!(in_state(&applied, DepartureState::Dropped), ["t199"]);
    assert_eq!(in_state(&applied, DepartureState::AwaitingApproval), ["t000"]);
    assert_eq!(schemas(&stage).len(), 198);
    // One that comes back is made anew, and a rollback brings none.
    let back = stage.fleet().rollback(None, &Options::default(), &mut stage.control().0).await;
    assert!(back.is_err(), "there is one revision only");
    assert_eq!(stage.database("a").state().rows.tenants.len(), 198);
    names(&mut stage, &[&some[1..], &["t199"]].concat());
    stage.apply().await.unwrap();
    assert_eq!(stage.tables("a", "t199").as_deref(), Some("users"));
}

fn in_state(report: &crate::Report, state: DepartureState) -> Vec<&str> {
    report.departures.in_state(state).map(|one| one.name.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_approval_in_git_is_as_good() {
    let mut stage = provisioned(3, "users").await;
    stage.spec.removal = Removal::Drop;
    names(&mut stage, &["t000", "t001"]);
    let digest = stage.plan().await.report.departures.digest.unwrap();
    stage.spec.rollout.approved_digest = Some(digest);
    let report = stage.apply().await.unwrap().report;
    assert_eq!(states(&report), one("t002", DepartureState::Dropped));
    assert_eq!(report.departures.tenants[0].approved_by.as_deref(), Some("spec.rollout.approvedDigest"));
    assert_eq!(report.notes, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn many_at_once_need_a_person_and_a_query_needs_time() {
    let mut stage = provisioned(5, "users").await;
    stage.spec.removal = Removal::Quarantine;
    names(&mut stage, &["t000"]);
    let report = stage.apply().await.unwrap().report;
    assert!(report.notes.iter().any(|note| note.contains("--let-go")), "{:?}", report.notes);
    assert_eq!(in_state(&report, DepartureState::TooMany).len(), 4);
    assert_eq!(schemas(&stage).len(), 5);
    assert_eq!(stage.with("a", "users"), 5);
    let let_go = Options { let_go: true, ..Options::default() };
    let report = stage.apply_with(&let_go).await.unwrap().report;
    assert_eq!(in_state(&report, DepartureState::PutAside).len(), 4);

    let row = |name: &str| tenantry_engine::TenantRow {
        name: super::name(name),
        schema: None,
        labels: tenantry_engine::Labels::new(),
    };
    let mut stage = provisioned(3, "users").await;
    stage.spec.removal = Removal::Quarantine;
    stage.spec.entries[0].tenants = TenantSource::Query {
        sql: "SELECT".to_owned(),
        database: None,
        timeout: std::time::Duration::from_secs(1),
    };
    // A source that names nobody removes nobody.
    let report = stage.apply().await.unwrap().report;
    assert_eq!((report.departures.tenants.len(), schemas(&stage).len()), (0, 3));
    stage.database("a").state().tenants = vec![row("t000"), row("t001")];
    stage.apply().await.unwrap();
    let report = stage.apply().await.unwrap().report;
    assert_eq!(states(&report), one("t002", DepartureState::Missing));
    tokio::time::advance(std::time::Duration::from_mins(6)).await;
    let report = stage.apply().await.unwrap().report;
    assert_eq!(states(&report), one("t002", DepartureState::PutAside));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_to_them_while_tenants_may_not_be_changed() {
    let mut stage = provisioned(3, "users").await;
    stage.spec.removal = Removal::Quarantine;
    names(&mut stage, &["t000", "t001"]);
    let mut observing = stage;
    observing.spec.mode = Mode::Observe;
    let report = observing.check().await;
    assert_eq!(states(&report), one("t002", DepartureState::Retained));
    assert!(observing.apply().await.is_err());
    let mut stage = observing;
    stage.spec.mode = Mode::Apply;
    stage.spec.suspended = true;
    assert!(stage.apply().await.is_err());
    stage.spec.suspended = false;
    stage.spec.rollout.windows = vec![Window::new(Vec::new(), "02:00", "04:00", "UTC").unwrap()];
    let report = stage.apply().await.unwrap().report;
    assert_eq!(states(&report), one("t002", DepartureState::Due));
    assert!(report.notes.iter().any(|note| note.contains("next window")), "{:?}", report.notes);
    assert_eq!(schemas(&stage), ["t000", "t001", "t002"]);
    stage.spec.rollout.windows.clear();
    // A rollout that stopped is gone on with first.
    stage.define("users invoices");
    stage.fault("a", "t000", Fault::Refused);
    let stopped = stage.apply().await.unwrap();
    assert!(stopped.outcome != SUCCEEDED, "{:?}", stopped.outcome);
    if matches!(stopped.outcome, Some(crate::rollout::Outcome::Paused(_))) {
        assert_eq!(states(&stopped.report), one("t002", DepartureState::Due));
    }
    stage.repair("a");
    let orders = vec![crate::rollout::Order::Retry(name("t000")), crate::rollout::Order::Resume];
    let report = stage.apply_with(&Options { orders, ..Options::default() }).await.unwrap().report;
    assert_eq!(states(&report), one("t002", DepartureState::PutAside));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_lost_while_it_was_aside_is_not_made_anew_unless_told() {
    let mut stage = provisioned(3, "users").await;
    stage.spec.removal = Removal::Quarantine;
    names(&mut stage, &["t000", "t001"]);
    stage.apply().await.unwrap();
    stage.database("a").state().schemas.retain(|schema, _| !schema.as_str().starts_with("tenantry_q_"));
    names(&mut stage, &["t000", "t001", "t002"]);
    let report = stage.apply().await.unwrap().report;
    assert_eq!(state(&report.tenants, "t002"), TenantState::Blocked);
    assert_eq!(stage.tables("a", "t002"), None);
    let orders = vec![crate::rollout::Order::Retry(name("t002"))];
    stage.apply_with(&Options { orders, ..Options::default() }).await.unwrap();
    assert_eq!(stage.tables("a", "t002").as_deref(), Some("users"));
}

#[tokio::test(start_paused = true)]
async fn what_is_aside_is_dropped_only_by_a_set_that_says_so() {
    let mut stage = provisioned(3, "users").await;
    stage.spec.removal = Removal::Quarantine;
    names(&mut stage, &["t000", "t001"]);
    stage.apply().await.unwrap();
    stage.spec.removal = Removal::Drop;
    let planned = stage.plan().await.report;
    assert_eq!(states(&planned), one("t002", DepartureState::AwaitingApproval));
    assert_eq!(planned.departures.tenants[0].fate, Some(Fate::Drop));
    let report = approve(&stage, planned.departures.digest.unwrap().as_str()).await.report;
    assert_eq!(states(&report), one("t002", DepartureState::Dropped));
    assert_eq!(schemas(&stage), ["t000", "t001"]);
    assert!(stage.check().await.departures.tenants.is_empty());
}
