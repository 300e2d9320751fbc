//! What removes something waits until a person approves its digest.

use crate::scene::{Scene, V1, V2, V3};

fn three() -> Scene {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &["acme", "globex", "hooli"])], "");
    scene.fleet("apply", &[]).ended(0);
    scene.psql(
        0,
        "INSERT INTO tenant_acme.app_user (email) VALUES ('a@x');
        INSERT INTO tenant_acme.invoice (id, user_id, note) VALUES (1, 1, 'kept')",
    );
    scene.define(V3);
    scene
}

const SCHEMAS: [&str; 3] = ["tenant_acme", "tenant_globex", "tenant_hooli"];

#[test]
fn nothing_starts_before_its_digest_is_approved() {
    let scene = three();
    let plan = scene.fleet("plan", &["-o", "json"]).ended(0).json();
    let digest = plan["planned"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(digest.len(), 64);
    let told = scene.fleet("plan", &[]).ended(0).says("Waits for an approval").says("quarantines-data");
    assert!(told.out.contains(&format!("--approve {}", &digest[..12])), "{}", told.out);

    scene
        .fleet("apply", &[])
        .ended(1)
        .says("waits for an approval")
        .says(&format!("--approve {}", &digest[..12]));
    scene.all_at(0, &SCHEMAS, V1);
    scene.fleet("status", &[]).ended(1).says("AwaitingApproval");

    for wrong in ["000000000000", &digest[..11], "no digest"] {
        let refused = scene.fleet("apply", &["--approve", wrong]).ended(2);
        assert!(refused.err.contains("digest"), "{}", refused.err);
        scene.all_at(0, &SCHEMAS, V1);
    }

    scene.fleet("apply", &["--approve", &digest[..12]]).ended(0).says("3 of 3 tenants");
    let approved =
        scene.psql(0, "SELECT DISTINCT approved_by FROM tenantry.event WHERE approved_by IS NOT NULL");
    assert_eq!(approved, "ada");
    let rows = scene.psql(0, "SELECT count(*) FROM tenant_acme.invoice");
    assert_eq!(rows, "1");
    scene.fleet("check", &[]).ended(0);
    scene.fleet("history", &[]).ended(0).says("ada");
}

#[test]
fn an_approval_is_of_these_statements_and_these_tenants() {
    let scene = three();
    let digest = |scene: &Scene| {
        scene.fleet("plan", &["-o", "json"]).json()["planned"]["digest"].as_str().map(str::to_owned)
    };
    let first = digest(&scene).unwrap();
    // Other statements.
    scene.define(
        &V3.replace("total numeric(12, 2) NOT NULL DEFAULT 0", "total numeric(14, 2) NOT NULL DEFAULT 0"),
    );
    let second = digest(&scene).unwrap();
    assert_ne!(first, second);
    scene.fleet("apply", &["--approve", &first]).ended(2).warns("look at the plan again");
    scene.all_at(0, &SCHEMAS, V1);
    // What removes nothing waits for nobody.
    scene.define(V2);
    scene.fleet("apply", &[]).ended(0);
    scene.all_at(0, &SCHEMAS, V2);
}

#[test]
fn an_approval_that_nothing_waits_for_is_refused() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &["acme"])], "");
    scene.fleet("apply", &[]).ended(0);
    scene.fleet("apply", &["--approve", "4be1c0d29a77"]).ended(2).warns("nothing waits for an approval");
}
