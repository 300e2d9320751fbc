//! Tenants that somebody changed by hand: found, grouped, and brought back when told to.

use crate::scene::{Scene, V1, V2};

const NAMES: [&str; 6] = ["acme", "globex", "hooli", "initech", "stark", "wayne"];

/// Six tenants, four of them changed in three ways.
fn changed() -> Scene {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], "");
    scene.fleet("apply", &[]).ended(0);
    scene.psql(
        0,
        "CREATE INDEX invoice_total_idx ON tenant_globex.invoice (total);
         CREATE INDEX invoice_total_idx ON tenant_hooli.invoice (total);
         ALTER TABLE tenant_initech.app_user ALTER COLUMN email TYPE varchar(100);
         DROP VIEW tenant_stark.open_invoice",
    );
    scene
}

#[test]
fn those_alike_are_told_together() {
    let scene = changed();
    // The oracle: what of each kind there is, by psql.
    let indexes = "SELECT string_agg(schemaname, ',' ORDER BY schemaname) FROM pg_indexes WHERE indexname = 'invoice_total_idx'";
    assert_eq!(scene.psql(0, indexes), "tenant_globex,tenant_hooli");

    scene.fleet("check", &[]).ended(1).says("2 of 6 tenants are in sync").says("4 drifted");
    let drift = scene.fleet("drift", &[]).ended(1).says("4 of 6 tenants differ from app").says("in 3 ways");
    let drift = drift
        .says("A  2 tenants: globex, hooli")
        .says("index invoice_total_idx is not in the definition")
        .says("+ CREATE INDEX invoice_total_idx ON invoice USING btree (total)")
        .says("view open_invoice is missing")
        .says("character varying(100)");
    assert!(!drift.out.contains("acme") && !drift.out.contains("wayne"), "{}", drift.out);

    let json = scene.fleet("drift", &["--tenant", "initech", "-o", "json"]).ended(1).json();
    assert_eq!(json["drift"].as_array().unwrap().len(), 1);
    assert_eq!(json["drift"][0]["tenants"], serde_json::json!(["initech"]));
    scene.fleet("drift", &["--tenant", "acme"]).ended(0).says("nothing differs");
    scene.fleet("status", &[]).ended(1).says("4 drifted");
}

#[test]
fn a_new_revision_reaches_those_that_drifted_and_leaves_them_what_they_have() {
    let scene = changed();
    scene.define(V2);
    scene.fleet("apply", &[]).ended(0);
    let mine = scene.psql(
        0,
        "SELECT string_agg(schemaname, ',' ORDER BY schemaname) FROM pg_indexes WHERE indexname = 'invoice_total_idx'",
    );
    assert_eq!(mine, "tenant_globex,tenant_hooli", "their own index stays");
    let paid = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'paid_at' AND table_name = 'invoice'";
    assert_eq!(scene.psql(0, paid), "6", "and all have the new column");
    scene.all_at(0, &["tenant_acme", "tenant_wayne"], V2);
    scene.fleet("check", &[]).ended(1).says("4 drifted");
}

#[test]
fn they_are_brought_back_when_told_to() {
    let scene = changed();
    scene.fleet("check", &[]).ended(1);
    let plan = scene.fleet("apply", &["--correct", "globex"]);
    approve(&scene, &plan, &["--correct", "globex"]);
    scene.all_at(0, &["tenant_globex"], V1);
    assert_ne!(scene.dump(0, "tenant_hooli"), scene.reference(V1), "only those that were named");

    let all = scene.fleet("apply", &["--correct"]);
    approve(&scene, &all, &["--correct"]);
    scene.all_at(0, &NAMES.map(|name| format!("tenant_{name}")), V1);
    scene.fleet("check", &[]).ended(0);
}

/// Approves what waits for it, as what was made by hand is removed.
fn approve(scene: &Scene, ran: &crate::scene::Ran, more: &[&str]) {
    if ran.code == Some(0) {
        return;
    }
    let digest = ran.out.split("--approve ").nth(1).unwrap_or_else(|| panic!("{}\n{}", ran.out, ran.err));
    let digest = digest.split_whitespace().next().unwrap();
    let mut arguments = more.to_vec();
    arguments.extend(["--approve", digest]);
    scene.fleet("apply", &arguments).ended(0);
}

#[test]
fn drift_that_is_ignored_is_no_reason_to_fail() {
    let scene = changed();
    scene.set(&[&Scene::names(0, &NAMES)], "  drift: {mode: Ignore}");
    scene.fleet("check", &[]).ended(0).says("4 drifted");
    // Asked for, it is told all the same.
    scene.fleet("drift", &[]).ended(1).says("in 3 ways");
}
