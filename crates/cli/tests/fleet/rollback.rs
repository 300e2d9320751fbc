//! The way back: the revision before, and the rows that were renamed aside.

use crate::scene::{Ran, Scene, V1, V2, V3};

const NAMES: [&str; 3] = ["acme", "globex", "hooli"];
const SCHEMAS: [&str; 3] = ["tenant_acme", "tenant_globex", "tenant_hooli"];

/// The digest that a run says is to be approved.
fn digest(ran: &Ran) -> String {
    let after = ran.out.split("--approve ").nth(1).unwrap_or_else(|| panic!("{}\n{}", ran.out, ran.err));
    after.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn rows_come_back_from_where_they_were_put_aside() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], "");
    scene.fleet("apply", &[]).ended(0);
    for name in NAMES {
        scene.psql(
            0,
            &format!(
                "INSERT INTO tenant_{name}.app_user (email) VALUES ('a@x');
            INSERT INTO tenant_{name}.invoice (id, user_id, note) VALUES (1, 1, 'of {name}')"
            ),
        );
    }
    scene.define(V3);
    let waits = scene.fleet("apply", &[]).ended(1);
    scene.fleet("apply", &["--approve", &digest(&waits)]).ended(0);
    let is_there = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'note'";
    assert_eq!(scene.psql(0, is_there), "0");
    scene.psql(0, "INSERT INTO tenant_acme.invoice (id, user_id) VALUES (2, 1)");

    let mut back = scene.fleet("rollback", &[]);
    if back.code == Some(1) {
        back = scene.fleet("rollback", &["--approve", &digest(&back)]);
    }
    back.ended(0).says("3 of 3 tenants");
    scene.all_at(0, &SCHEMAS, V1);
    for name in NAMES {
        let note = scene.psql(0, &format!("SELECT note FROM tenant_{name}.invoice WHERE id = 1"));
        assert_eq!(note, format!("of {name}"));
    }
    assert_eq!(scene.psql(0, "SELECT note IS NULL FROM tenant_acme.invoice WHERE id = 2"), "t");

    // What was rolled back goes out again only when told to.
    scene.fleet("apply", &[]).ended(2).warns("--again");
    scene.all_at(0, &SCHEMAS, V1);
    scene.fleet("history", &[]).ended(0).says("rollback");
}

#[test]
fn to_a_revision_by_its_digits() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], "  rollout: {approval: Never}");
    scene.define_with(V1, "  policy: {destructive: Allow}");
    scene.fleet("apply", &[]).ended(0);
    let first = scene.fleet("status", &["-o", "json"]).json()["revision"].as_str().unwrap().to_owned();
    scene.define_with(V2, "  policy: {destructive: Allow}");
    scene.fleet("apply", &[]).ended(0);
    scene.fleet("rollback", &["--to", "0000000000"]).ended(2).warns("revision");
    scene.all_at(0, &SCHEMAS, V2);
    scene.fleet("rollback", &["--to", &first[..10]]).ended(0).says(&first[..10]);
    scene.all_at(0, &SCHEMAS, V1);
}

#[test]
fn there_must_be_something_to_go_back_to() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], "");
    scene.fleet("apply", &[]).ended(0);
    scene.fleet("rollback", &[]).ended(2).warns("no earlier revision");
    scene.all_at(0, &SCHEMAS, V1);
}
