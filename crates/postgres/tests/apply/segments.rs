//! Plans that cannot be one transaction: each part is taken down before and after.

use tenantry_engine::EngineError;
use tenantry_planner::LockMode;

use crate::scene::{APPLIED, Scene, adds_column, alone, plan, step};

#[tokio::test]
async fn parts_are_committed_one_by_one() {
    let scene = Scene::set().await;
    scene.in_schema("CREATE TYPE state AS ENUM ('open')");
    let parts = plan(
        vec![
            step("item", LockMode::AccessShare, "ALTER TYPE state ADD VALUE 'done'"),
            step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD COLUMN added state DEFAULT 'done'"),
        ],
        &[0],
    );
    scene.apply(&parts).await.unwrap();
    assert_eq!((scene.columns().as_str(), scene.ledger().as_str()), ("added id name price", APPLIED));
    let open = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let mut left = String::new();
    for _ in 0..50 {
        left = scene.psql(open);
        if left == "0" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(left, "0", "the tenant's lock is let go");
}

#[tokio::test]
async fn a_part_that_fails_leaves_word_of_those_before() {
    let scene = Scene::set().await;
    let parts = plan(
        vec![
            step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD COLUMN added integer"),
            step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD CONSTRAINT one UNIQUE (name)"),
        ],
        &[0],
    );
    let error = scene.apply(&parts).await.unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error}");
    assert_eq!(scene.columns(), "added id name price");
    let digest = &parts.digest().as_str()[..2].to_owned();
    assert_eq!(scene.ledger(), format!("t {digest} 1 0"));
    // What finishes it starts from where it is.
    let rest =
        plan(vec![step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD COLUMN more integer")], &[]);
    scene.apply(&rest).await.unwrap();
    assert_eq!(scene.ledger(), APPLIED);
}

#[tokio::test]
async fn what_no_transaction_takes_runs_alone_in_the_tenants_schema() {
    let scene = Scene::set().await;
    scene.psql("CREATE TABLE public.item (id integer, price numeric)");
    let parts = plan(
        vec![
            step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD COLUMN added integer"),
            alone("CREATE INDEX CONCURRENTLY i ON item (price)"),
            step("item", LockMode::AccessExclusive, "COMMENT ON INDEX i IS 'made alone'"),
        ],
        &[],
    );
    scene.apply(&parts).await.unwrap();
    let index = "SELECT concat_ws(' ', n.nspname, i.indisvalid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'i'";
    assert_eq!(scene.psql(index), format!("{} t", crate::scene::SCHEMA));
    assert_eq!(scene.ledger(), APPLIED);
}

#[tokio::test]
async fn a_lone_statement_that_fails_leaves_word_of_itself() {
    let scene = Scene::set().await;
    let parts = plan(vec![alone("CREATE UNIQUE INDEX CONCURRENTLY i ON item (name)")], &[]);
    let start = scene.watermark().await;
    let error = scene.apply_from(Some(&start), &parts).await.unwrap_err();
    assert!(matches!(&error, EngineError::Refused { error, .. } if error.sqlstate == "23505"), "{error}");
    let digest = &parts.digest().as_str()[..2].to_owned();
    assert_eq!(scene.ledger(), format!("t {digest} 0 0"));
    // What is left of the index moved the watermark: an old plan does not run on it.
    let error = scene.apply_from(Some(&start), &adds_column()).await.unwrap_err();
    assert!(matches!(error, EngineError::Moved { .. }), "{error}");
}

#[tokio::test]
async fn the_next_one_may_begin_at_once() {
    let scene = Scene::set().await;
    let fails = plan(vec![alone("CREATE INDEX CONCURRENTLY i ON nowhere (name)")], &[]);
    let works = plan(vec![alone("DROP INDEX CONCURRENTLY IF EXISTS i")], &[]);
    let start = scene.watermark().await;
    for _ in 0..50 {
        let error = scene.apply_from(Some(&start), &fails).await.unwrap_err();
        assert!(matches!(error, EngineError::Refused { .. }), "{error}");
        scene.apply_from(Some(&start), &works).await.unwrap();
    }
}
