//! Whose a schema is: two sets that claim one, and schemas that nobody of ours made.

use crate::scene::{Scene, V1, V2};

#[test]
fn a_schema_has_one_set() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &["acme", "globex"])], "");
    scene.fleet("apply", &[]).ended(0);
    scene.set_named("partners", &[&Scene::names(0, &["globex", "hooli"])], "");
    let ran = scene
        .fleet("apply", &["--set", "partners"])
        .ended(1)
        .says("1 blocked: globex")
        .says("default/customers");
    assert!(ran.out.contains("--take-over"), "{}", ran.out);
    scene.all_at(0, &["tenant_acme", "tenant_globex", "tenant_hooli"], V1);
    let claims = "SELECT string_agg(name || ' ' || set, ', ' ORDER BY name) FROM tenantry.tenant";
    assert_eq!(
        scene.psql(0, claims),
        "acme default/customers, globex default/customers, hooli default/partners"
    );

    // Both sets, one after the other; the worse end counts.
    scene.fleet("check", &[]).ended(1).says("customers: all 2 tenants").says("partners: 1 of 2 tenants");

    scene.fleet("apply", &["--set", "partners", "--take-over"]).ended(0);
    assert_eq!(
        scene.psql(0, claims),
        "acme default/customers, globex default/partners, hooli default/partners"
    );
    scene.fleet("check", &["--set", "customers"]).ended(1).says("1 blocked");
    scene.fleet("check", &["--set", "nobody"]).ended(2).warns("there is customers, partners");
}

#[test]
fn a_schema_that_is_there_already_is_adopted_only_where_that_adds() {
    let scene = Scene::with(1);
    let make = |name: &str, sql: &str| {
        scene.psql(0, &format!("CREATE SCHEMA tenant_{name} AUTHORIZATION tenantry; SET ROLE tenantry; SET search_path = tenant_{name}; {sql}"))
    };
    make("same", V1);
    make("less", V1.split("CREATE VIEW").next().unwrap());
    make("other", &V1.replace("note text", "note varchar(100), fax text"));
    scene.psql(
        0,
        "INSERT INTO tenant_other.app_user (email) VALUES ('a@x');
         INSERT INTO tenant_other.invoice (id, user_id, note, fax) VALUES (1, 1, 'n', 'kept')",
    );
    let before = scene.dump(0, "tenant_other");
    scene.set(&[&Scene::names(0, &["same", "less", "other", "fresh"])], "");
    let ran = scene.fleet("apply", &[]).ended(1);
    assert_eq!(scene.dump(0, "tenant_other"), before, "what would change waits for a person: {}", ran.out);
    assert_eq!(scene.psql(0, "SELECT fax FROM tenant_other.invoice"), "kept");
    assert!(ran.out.contains("approv"), "{}", ran.out);

    let digest =
        scene.fleet("plan", &["-o", "json"]).json()["planned"]["digest"].as_str().unwrap().to_owned();
    scene.fleet("apply", &["--approve", &digest]).ended(0).says("4 of 4 tenants");
    scene.all_at(0, &["tenant_same", "tenant_less", "tenant_fresh"], V1);
    assert_eq!(scene.psql(0, "SELECT note FROM tenant_other.invoice"), "n");
    scene.define(V2);
    scene.fleet("apply", &[]).ended(0);
    scene.all_at(0, &["tenant_same", "tenant_less", "tenant_fresh"], V2);
}
