//! A new version in waves; one tenant whose rows are in the way.

use crate::scene::{Scene, V1, V2};

const NAMES: [&str; 8] = ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"];
const WAVES: &str = "  rollout:
    waves:
    - {name: canary, select: {names: [t3]}}
    - {name: rest}
    failureBudget: 2
    retry: {attempts: 2, backoff: 100ms}";

fn schemas(without: &str) -> Vec<String> {
    NAMES.iter().filter(|name| **name != without).map(|name| format!("tenant_{name}")).collect()
}

#[test]
fn the_canary_goes_first_and_one_bad_tenant_stops_nobody() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], WAVES);
    scene.fleet("apply", &[]).ended(0);
    scene.psql(0, "INSERT INTO tenant_t6.app_user (email) VALUES ('a@x'), ('a@x')");
    scene.define(V2);
    scene
        .fleet("plan", &[])
        .ended(0)
        .says("8 tenants in 1 group, proved")
        .says("canary")
        .says("ADD COLUMN paid_at");

    let ran = scene.fleet("apply", &[]).ended(1).says("7 of 8 tenants at ").says("1 failed: t6");
    assert!(ran.out.contains("unique_violation on app_user_email_key"), "{}", ran.out);
    assert!(!ran.out.contains("a@x") && !ran.err.contains("a@x"), "no row leaves the database");
    scene.all_at(0, &schemas("t6"), V2);
    scene.all_at(0, &["tenant_t6"], V1);
    let first = "SELECT tenant FROM tenantry.event WHERE rollout IN
        (SELECT id FROM tenantry.rollout ORDER BY begun_at DESC LIMIT 1) AND outcome = 'applied' ORDER BY id LIMIT 1";
    assert_eq!(scene.psql(0, first), "t3", "the canary");
    scene.fleet("status", &[]).ended(1).says("1 failed").says("unique_violation").says("--retry t6");
    scene.fleet("history", &["--tenant", "t6"]).ended(0).says("unique_violation");

    // Once its rows are right, it gets there too.
    scene.psql(0, "DELETE FROM tenant_t6.app_user");
    scene.fleet("apply", &["--retry", "t6"]).ended(0).says("8 of 8 tenants");
    scene.all_at(0, &schemas(""), V2);
}

#[test]
fn a_canary_that_fails_stops_it_all() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], WAVES);
    scene.fleet("apply", &[]).ended(0);
    scene.psql(0, "INSERT INTO tenant_t3.app_user (email) VALUES ('a@x'), ('a@x')");
    scene.define(V2);
    let ran = scene.fleet("apply", &[]).ended(1).says("1 failed: t3").says("budget 0");
    assert!(ran.out.contains("--resume"), "{}", ran.out);
    scene.all_at(0, &schemas(""), V1);
    scene.fleet("status", &[]).ended(1).says("Paused");

    // A second start goes on where a person says so, without the one that is left out.
    scene.fleet("apply", &[]).ended(1);
    scene.all_at(0, &schemas(""), V1);
    scene.fleet("apply", &["--skip", "t3", "--resume"]);
    scene.all_at(0, &schemas("t3"), V2);
    scene.all_at(0, &["tenant_t3"], V1);
}

#[test]
fn what_is_worth_waiting_for_is_said_in_a_log() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], WAVES);
    let made = scene.fleet("apply", &[]).ended(0);
    assert!(made.err.contains("begins: 8 tenants"), "{}", made.err);
    let quiet = scene.fleet("apply", &["-o", "json"]).ended(0);
    assert_eq!(quiet.err, "", "a program reads");
    assert_eq!(quiet.json()["counts"]["inSync"], 8);
}
