//! What people and applications do meanwhile: drop, rename, change, lock.

use std::time::Duration;

use crate::scene::{Scene, V1, V2};

const NAMES: [&str; 4] = ["acme", "globex", "hooli", "initech"];

fn four(more: &str) -> Scene {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], more);
    scene.fleet("apply", &[]).ended(0);
    scene
}

#[test]
fn a_schema_that_was_dropped_is_not_made_anew_by_itself() {
    let scene = four("");
    scene.psql(0, "DROP SCHEMA tenant_hooli CASCADE");
    scene.define(V2);
    scene.fleet("apply", &[]).ended(1).says("1 blocked: hooli").says("backup").says("--retry hooli");
    scene.all_at(0, &["tenant_acme", "tenant_globex", "tenant_initech"], V2);
    assert_eq!(scene.schemas(0).len(), 3);
    scene.fleet("apply", &["--retry", "hooli"]).ended(0);
    scene.all_at(0, &["tenant_hooli"], V2);
}

#[test]
fn a_schema_that_was_renamed_is_not_made_a_second_time() {
    let scene = four("");
    scene.psql(0, "ALTER SCHEMA tenant_hooli RENAME TO hooli_old");
    scene.define(V2);
    scene.fleet("apply", &[]).ended(1).says("1 blocked: hooli");
    assert_eq!(scene.dump(0, "hooli_old"), scene.reference(V1));
    scene.psql(0, "ALTER SCHEMA hooli_old RENAME TO tenant_hooli");
    scene.fleet("apply", &["--retry", "hooli"]).ended(0);
    scene.all_at(0, &["tenant_hooli"], V2);
}

#[test]
fn a_schema_that_was_made_again_is_somebody_elses() {
    let scene = four("");
    scene.psql(
        0,
        "DROP SCHEMA tenant_hooli CASCADE; CREATE SCHEMA tenant_hooli AUTHORIZATION tenantry;
         CREATE TABLE tenant_hooli.mine (a int)",
    );
    scene.fleet("check", &[]).ended(1).says("1 blocked").says("made again");
    scene.define(V2);
    scene.fleet("apply", &[]).ended(1).says("1 blocked: hooli");
    assert_eq!(scene.psql(0, "SELECT count(*) FROM tenant_hooli.mine"), "0");
    scene.all_at(0, &["tenant_acme", "tenant_globex", "tenant_initech"], V2);
}

#[test]
fn a_change_in_the_very_moment_is_seen_and_planned_for() {
    let scene = four("  rollout: {retry: {attempts: 20, backoff: 200ms, maxBackoff: 500ms}}");
    // Somebody changes the table in a transaction that is open while the rollout runs.
    let held = scene.hold(0, "ALTER TABLE tenant_hooli.invoice ADD COLUMN mine integer");
    scene.define(V2);
    let running = scene.start("apply", &[]);
    let paid = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'paid_at' AND table_name = 'invoice'";
    scene.wait_for(0, paid, "3");
    held.commit();
    running.end().ended(0);
    scene.all_at(0, &["tenant_acme", "tenant_globex", "tenant_initech"], V2);
    let both = "SELECT string_agg(column_name, ',' ORDER BY column_name) FROM information_schema.columns
                WHERE table_schema = 'tenant_hooli' AND column_name IN ('mine', 'paid_at')";
    assert_eq!(scene.psql(0, both), "mine,paid_at", "neither change is lost");
    scene.fleet("check", &[]).ended(1).says("1 drifted");
}

#[test]
fn a_lock_that_an_application_holds_is_waited_for_and_not_for_ever() {
    let scene = four(
        "  rollout: {retry: {attempts: 2, backoff: 100ms}, failureBudget: 2, waves: [{name: canary, select: {names: [acme]}}, {name: rest}]}",
    );
    let held = scene.hold(0, "LOCK TABLE tenant_globex.invoice IN ACCESS SHARE MODE");
    scene.define(V2);
    let ran = scene.fleet("apply", &[]).ended(1).says("3 of 4 tenants").says("1 failed: globex");
    assert!(ran.out.contains("lock") && ran.out.contains("shop"), "who holds it is said: {}", ran.out);
    scene.all_at(0, &["tenant_acme", "tenant_hooli", "tenant_initech"], V2);
    scene.all_at(0, &["tenant_globex"], V1);
    drop(held);
    scene.fleet("apply", &["--retry", "globex"]).ended(0);
    scene.all_at(0, &["tenant_globex"], V2);
}

#[test]
fn a_lock_that_is_let_go_in_time_costs_only_time() {
    let scene = four("  rollout: {retry: {attempts: 20, backoff: 200ms, maxBackoff: 1s}}");
    let held = scene.hold(0, "LOCK TABLE tenant_globex.invoice IN ACCESS SHARE MODE");
    scene.define(V2);
    let running = scene.start("apply", &[]);
    std::thread::sleep(Duration::from_secs(4));
    drop(held);
    running.end().ended(0).says("4 of 4 tenants");
    scene.all_at(0, &NAMES.map(|name| format!("tenant_{name}")), V2);
}
