//! Tenants that are made: in two databases, with every kind of name, and what the next run finds.

use crate::scene::{Scene, V1};

#[test]
fn twelve_tenants_in_two_databases() {
    let scene = Scene::with(2);
    scene.psql(1, "CREATE TABLE customer (slug text, closed boolean DEFAULT false);
        INSERT INTO customer SELECT 'c' || n FROM generate_series(1, 6) AS n; INSERT INTO customer VALUES ('gone', true);
        GRANT SELECT ON customer TO tenantry");
    let six = ["acme", "globex", "hooli", "initech", "stark", "wayne"];
    scene.set(
        &[
            &Scene::names(0, &six),
            &Scene::query(1, "SELECT slug AS name FROM public.customer WHERE NOT closed"),
        ],
        "",
    );
    scene.fleet("status", &[]).ended(1).says("12 pending");
    let plan = scene.fleet("plan", &[]).ended(0).says("12 tenants");
    assert!(plan.out.contains("kubectl-tenantry fleet apply -f"), "{}", plan.out);
    assert_eq!(scene.schemas(0), Vec::<String>::new(), "a plan makes nothing");

    scene.fleet("apply", &[]).ended(0).says("12 of 12 tenants at ");
    let made: Vec<String> = six.iter().map(|name| format!("tenant_{name}")).collect();
    assert_eq!(scene.schemas(0), made);
    scene.all_at(0, &made, V1);
    let reference = scene.reference(V1);
    for n in 1..=6 {
        assert_eq!(scene.dump(1, &format!("tenant_c{n}")), reference);
    }
    assert_eq!(scene.schemas(1).len(), 6, "who is closed has none");
    for at in [0, 1] {
        let at_one_revision = scene.psql(
            at,
            "SELECT count(*), count(DISTINCT revision), count(watermark) FROM tenantry.tenant WHERE revision IS NOT NULL",
        );
        assert_eq!(at_one_revision, "6|1|6");
        assert_eq!(scene.applied(at), "1|6");
    }

    // The next run does nothing, and writes nothing about tenants.
    let rows = "SELECT sum(xmin::text::bigint) FROM tenantry.tenant";
    let before = scene.psql(0, rows);
    scene.fleet("apply", &[]).ended(0).says("Nothing to do.");
    scene.fleet("check", &[]).ended(0).says("all 12 tenants are in sync with app");
    assert_eq!(scene.psql(0, rows), before);
    let report = scene.fleet("status", &["-o", "json"]).ended(0).json();
    assert_eq!((&report["counts"]["total"], &report["counts"]["inSync"]), (&12.into(), &12.into()));
    let history = scene.fleet("history", &["--tenant", "hooli", "-o", "json"]).ended(0).json();
    assert_eq!(history["events"].as_array().unwrap().len(), 1);
    assert_eq!(scene.psql(0, left_behind()), "");
}

/// What shadows may leave behind.
fn left_behind() -> &'static str {
    "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenantry\\__%' AND nspname <> 'tenantry'"
}

#[test]
fn a_new_tenant_is_made_and_the_others_are_not_touched() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &["acme", "globex"])], "");
    scene.fleet("apply", &[]).ended(0);
    let before = scene.psql(0, "SELECT xmin FROM pg_class WHERE relname = 'invoice' ORDER BY oid");
    scene.set(&[&Scene::names(0, &["acme", "globex", "hooli"])], "");
    scene.fleet("apply", &[]).ended(0).says("3 of 3 tenants");
    scene.all_at(0, &["tenant_hooli"], V1);
    let after = scene.psql(0, "SELECT xmin FROM pg_class WHERE relname = 'invoice' ORDER BY oid");
    assert!(after.starts_with(&before), "{before}\n{after}");
}

#[test]
fn names_of_every_kind() {
    let scene = Scene::with(1);
    let long = "n".repeat(56);
    let too_long = "m".repeat(57);
    let hostile = [
        "O'Brien",
        "Acme Ltd",
        "semi;colon",
        "DROP TABLE x; --",
        "quo\"te",
        "été",
        "back\\slash",
        "a.b",
        "$1",
        &long,
    ];
    let mut names = hostile.to_vec();
    names.push(&too_long);
    scene.set(&[&Scene::names(0, &names)], "");
    // One name cannot be: it is said, and the others are served.
    scene.fleet("apply", &[]).ended(1).says("10 of 11 tenants").says(&too_long).says("keeps 63 of a name");
    let schemas: Vec<String> = hostile.iter().map(|name| format!("tenant_{name}")).collect();
    scene.all_at(0, &schemas, V1);
    let report = scene.fleet("check", &["-o", "json"]).ended(1).json();
    assert_eq!((&report["counts"]["inSync"], &report["counts"]["blocked"]), (&10.into(), &1.into()));
    scene.fleet("history", &["--tenant", "O'Brien"]).ended(0).says("O'Brien");
}

#[test]
fn schemas_of_the_system_are_nobodys() {
    let scene = Scene::with(1);
    let names = Scene::names(0, &["pg_toast", "pg_mine", "public", "information_schema", "acme"]);
    let entry = names.replace("tenants:", "schemaTemplate: '{name}', tenants:");
    scene.set(&[&entry], "");
    scene.fleet("apply", &[]).ended(1).says("1 of 5 tenants").says("reserved");
    scene.all_at(0, &["acme"], V1);
    assert_eq!(
        scene.psql(0, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        "0"
    );
}
