//! No plan runs on a tenant that is no longer where the plan starts, or that is somebody else's.

use tenantry_engine::{ClaimConflict, EngineError, Ledger as _};
use tenantry_planner::LockMode;
use tenantry_postgres::{Connections, PostgresLedger, Settings, Term};

use crate::scene::{Scene, UNTOUCHED, adds_column, plan, step};

#[tokio::test]
async fn a_tenant_that_was_changed_meanwhile_is_left_alone() {
    let scene = Scene::set().await;
    let start = scene.watermark().await;
    scene.in_schema("CREATE INDEX by_hand ON item (price)");
    let error = scene.apply_from(Some(&start), &adds_column()).await.unwrap_err();
    assert!(matches!(error, EngineError::Moved { .. }), "{error}");
    assert_eq!((scene.columns().as_str(), scene.ledger().as_str()), ("id name price", UNTOUCHED));
    // From where it is now, it goes on.
    scene.apply(&adds_column()).await.unwrap();
}

#[tokio::test]
async fn what_a_person_commits_while_the_lock_is_awaited_is_seen() {
    let scene = Scene::set().await;
    let start = scene.watermark().await;
    let quoted = scene.quoted();
    let (cluster, database) = (scene.cluster, scene.database.clone());
    let person = std::thread::spawn(move || {
        cluster.psql(
            &database,
            &format!(
                "BEGIN; ALTER TABLE {quoted}.item ADD COLUMN by_hand integer; SELECT pg_sleep(0.5); COMMIT;"
            ),
        )
    });
    scene.wait_for_holder();
    let error = scene.apply_from(Some(&start), &adds_column()).await.unwrap_err();
    person.join().unwrap().unwrap();
    assert!(matches!(error, EngineError::Moved { .. }), "{error}");
    assert_eq!((scene.columns().as_str(), scene.ledger().as_str()), ("by_hand id name price", UNTOUCHED));
}

#[tokio::test]
async fn a_tenant_that_is_gone_or_was_made_again_is_left_alone() {
    let scene = Scene::set().await;
    scene.apply(&adds_column()).await.unwrap();
    let start = scene.watermark().await;
    scene.psql(&format!("DROP SCHEMA {} CASCADE", scene.quoted()));
    let error = scene.apply_from(Some(&start), &adds_column()).await.unwrap_err();
    assert!(matches!(error, EngineError::Missing { .. }), "{error}");
    scene.psql(&format!("CREATE SCHEMA {q}; CREATE TABLE {q}.item (id integer)", q = scene.quoted()));
    let again = scene.watermark().await;
    let error = scene.apply_from(Some(&again), &adds_column()).await.unwrap_err();
    let recreated = matches!(error, EngineError::Claimed { conflict: ClaimConflict::Recreated, .. });
    assert!(recreated, "{error}");
    assert_eq!(scene.columns(), "id");
}

#[tokio::test]
async fn a_tenant_of_somebody_else_is_left_alone() {
    let scene = Scene::set().await;
    scene.psql("UPDATE tenantry.tenant SET set = 'default/partners', cluster = 'c1'");
    let error = scene.apply(&adds_column()).await.unwrap_err();
    let EngineError::Claimed { conflict: ClaimConflict::Other { held }, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((held.set.as_str(), held.cluster.as_deref()), ("default/partners", Some("c1")));
    assert_eq!((scene.columns().as_str(), scene.ledger().as_str()), ("id name price", UNTOUCHED));
}

#[tokio::test]
async fn of_two_applies_at_once_one_happens() {
    let scene = Scene::set().await;
    let start = scene.watermark().await;
    let (one, two) = (adds_column(), adds_column());
    let (one, two) = tokio::join!(scene.apply_from(Some(&start), &one), scene.apply_from(Some(&start), &two));
    let losers: Vec<_> = [one, two].into_iter().filter_map(Result::err).collect();
    assert_eq!(losers.len(), 1);
    assert!(matches!(losers[0], EngineError::Busy { .. } | EngineError::Moved { .. }), "{}", losers[0]);
    assert_eq!(scene.psql("SELECT count(*) FROM tenantry.event"), "1");
}

#[tokio::test]
async fn who_no_longer_leads_applies_nothing() {
    let term = |number| Term { scope: "shop".to_owned(), lease: "one".to_owned(), number };
    let first = Scene::set_with(|settings| settings.term = Some(term(1))).await;
    first.apply(&adds_column()).await.unwrap();
    let mut settings = Settings::from_uri(&first.cluster.url(&first.database)).unwrap();
    settings.term = Some(term(2));
    let second = PostgresLedger::at(settings.clone(), Connections::default());
    assert!(second.exists().await.unwrap());

    let more =
        plan(vec![step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD COLUMN more integer")], &[]);
    let error = first.apply(&more).await.unwrap_err();
    assert!(matches!(error, EngineError::Superseded { .. }), "{error}");
    assert_eq!(first.columns(), "added id name price");
    // A process that wakes up late does not come back by connecting anew.
    settings.term = Some(term(1));
    let late = PostgresLedger::at(settings.clone(), Connections::default());
    assert!(matches!(late.prepare().await.unwrap_err(), EngineError::Superseded { .. }));
    // A Lease that somebody deleted begins to count anew.
    settings.term = Some(Term { lease: "two".to_owned(), ..term(0) });
    PostgresLedger::at(settings, Connections::default()).prepare().await.unwrap();
}
