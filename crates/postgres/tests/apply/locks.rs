//! What an application holds is waited for a moment, and never for long.

use std::time::{Duration, Instant};

use tenantry_engine::EngineError;

use crate::scene::{Scene, UNTOUCHED, adds_column};

/// Holds a lock as an application does, until each of these was once true.
fn hold_until(scene: &Scene, conditions: &[&str]) -> std::thread::JoinHandle<()> {
    let wait = |condition: &&str| format!("WHILE NOT ({condition}) LOOP PERFORM pg_sleep(0.01); END LOOP;\n");
    let waits: String = conditions.iter().map(wait).collect();
    let sql = format!(
        "SET application_name = 'shop'; BEGIN; SELECT count(*) FROM {}.item; DO $do$ BEGIN {waits} END $do$; COMMIT;",
        scene.quoted()
    );
    let (cluster, database) = (scene.cluster, scene.database.clone());
    let holder = std::thread::spawn(move || drop(cluster.psql(&database, &sql).unwrap()));
    scene.wait_for_holder();
    holder
}

#[tokio::test]
async fn a_lock_that_is_let_go_in_time_costs_a_few_tries() {
    let scene = Scene::set().await;
    let waited = "EXISTS (SELECT FROM pg_locks
                  WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    // It is let go once a try was made, and has failed.
    let holder = hold_until(&scene, &[waited, &format!("NOT {waited}")]);
    let applied = scene.apply(&adds_column()).await.unwrap();
    assert!(applied.lock_retries > 0);
    assert_eq!(scene.columns(), "added id name price");
    holder.join().unwrap();
}

#[tokio::test]
async fn a_lock_that_is_held_is_told_with_its_holder_and_nobody_waits_behind() {
    let scene = Scene::set().await;
    let holder = hold_until(&scene, &["EXISTS (SELECT FROM pg_class WHERE relname = 'let_go')"]);
    let reading = std::thread::spawn({
        let (cluster, database, quoted) = (scene.cluster, scene.database.clone(), scene.quoted());
        move || {
            std::thread::sleep(Duration::from_millis(100));
            let began = Instant::now();
            cluster.psql(&database, &format!("SELECT count(*) FROM {quoted}.item")).unwrap();
            began.elapsed()
        }
    });
    let error = scene.apply(&adds_column()).await.unwrap_err();
    assert!(matches!(&error, EngineError::Locked { blockers, .. } if blockers.contains("shop")), "{error}");
    assert!(error.is_transient());
    assert_eq!((scene.columns().as_str(), scene.ledger().as_str()), ("id name price", UNTOUCHED));
    // Whoever queued up behind us waited for one try.
    assert!(reading.join().unwrap() < Duration::from_millis(1500));
    scene.psql("CREATE TABLE public.let_go ()");
    holder.join().unwrap();
    scene.apply(&adds_column()).await.unwrap();
}
