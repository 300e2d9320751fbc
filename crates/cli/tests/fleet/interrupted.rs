//! Killed, interrupted, started again: nothing is lost, nothing half done, and it goes on.

use crate::scene::{Held, LOGIN, Running, Scene, V1, V2};

const WAVES: &str = "  rollout:
    maxConcurrent: 2
    waves:
    - {name: canary, select: {names: [t01]}}
    - {name: rest}
    failureBudget: 50%
    retry: {attempts: 50, backoff: 200ms, maxBackoff: 500ms}";

fn names() -> Vec<String> {
    (1..=30).map(|n| format!("t{n:02}")).collect()
}

fn schemas() -> Vec<String> {
    names().iter().map(|name| format!("tenant_{name}")).collect()
}

/// Thirty tenants, and the next version under way: some have it, and four cannot get it as long as the lock is held. Two are
/// changed at once: however fast the others are, there is something left to do.
fn under_way() -> (Scene, Running, Held) {
    let scene = Scene::with(1);
    let url = scene.cluster().url_as(LOGIN, None, &scene.databases[0]);
    scene.database(0, &url, "  limits: {lockTimeout: 500ms, statementTimeout: 1m}");
    let names = names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    scene.set(&[&Scene::names(0, &names)], WAVES);
    scene.fleet("apply", &[]).ended(0);
    let last: Vec<String> = schemas()[26..].iter().map(|schema| format!("{schema}.invoice")).collect();
    let held = scene.hold(0, &format!("LOCK TABLE {} IN ACCESS SHARE MODE", last.join(", ")));
    scene.define(V2);
    let running = scene.start("apply", &[]);
    scene.wait_for(
        0,
        "SELECT count(*) > 5 FROM information_schema.columns WHERE column_name = 'paid_at' AND table_name = 'invoice'",
        "t",
    );
    (scene, running, held)
}

/// A second start finishes, and everything is as if nothing had happened.
fn finishes(scene: &Scene) {
    scene.fleet("apply", &[]).ended(0).says("30 of 30 tenants");
    scene.all_at(0, &schemas(), V2);
    let rows = scene.psql(
        0,
        "SELECT count(*), count(DISTINCT revision), count(DISTINCT fingerprint), count(watermark), count(unfinished)
         FROM tenantry.tenant",
    );
    assert_eq!(rows, "30|1|1|30|0");
    // Each got each version once.
    assert_eq!(scene.applied(0), "1|60");
    scene.fleet("check", &[]).ended(0);
}

/// Each tenant has one version or the other, and the ledger says the same of it as its columns.
fn none_is_half_done(scene: &Scene) {
    let (one, other) = (scene.reference(V1), scene.reference(V2));
    for schema in schemas() {
        let dump = scene.dump(0, &schema);
        assert!(dump == one || dump == other, "{schema}");
    }
    let disagree = scene.psql(
        0,
        "SELECT count(*) FROM tenantry.tenant WHERE (revision = (SELECT revision FROM tenantry.tenant WHERE schema = 'tenant_t01'))
         <> EXISTS (SELECT FROM information_schema.columns WHERE table_schema = schema AND column_name = 'paid_at')",
    );
    assert_eq!(disagree, "0");
}

#[test]
fn a_process_that_is_killed() {
    let (scene, running, held) = under_way();
    running.signal("KILL");
    let ended = running.end();
    assert_eq!(ended.code, None, "{ended:?}");
    none_is_half_done(&scene);
    drop(held);
    finishes(&scene);
}

#[test]
fn ctrl_c_ends_what_is_under_way_and_begins_nothing() {
    let (scene, running, held) = under_way();
    running.signal("INT");
    running.says("stopping: what is under way is finished");
    drop(held);
    running.end().ended(130);
    none_is_half_done(&scene);
    finishes(&scene);
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let (scene, running, held) = under_way();
    running.signal("INT");
    running.says("stopping: what is under way is finished");
    running.signal("TERM");
    running.end().ended(130);
    none_is_half_done(&scene);
    let ours =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'tenantry'";
    scene.wait_for(0, ours, "0");
    drop(held);
    finishes(&scene);
}

#[test]
fn a_server_that_crashes_on_the_way() {
    let scene = Scene::alone();
    let names = names();
    let some: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
    scene.set(&[&Scene::names(0, &some)], WAVES);
    scene.fleet("apply", &[]).ended(0);
    let held = scene.hold(0, "LOCK TABLE tenant_t08.invoice IN ACCESS SHARE MODE");
    scene.define(V2);
    let running = scene.start("apply", &[]);
    scene.wait_for(
        0,
        "SELECT count(*) > 3 FROM information_schema.columns WHERE column_name = 'paid_at' AND table_name = 'invoice'",
        "t",
    );
    scene.cluster().crash().unwrap();
    drop(held);
    scene.cluster().start_again().unwrap();
    let ended = running.end();
    assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
    scene.fleet("apply", &[]).ended(0);
    scene.all_at(0, &scene.schemas(0), V2);
    assert_eq!(scene.applied(0), "1|16");
}
