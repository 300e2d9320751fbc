//! `mode: Observe`: a login that may only read, and no ledger.

use crate::scene::{Scene, V1};

#[test]
fn it_needs_rights_to_read_only_and_writes_nothing() {
    let scene = Scene::with(1);
    let sql = |name: &str| format!("CREATE SCHEMA tenant_{name}; SET search_path = tenant_{name}; {V1}");
    for name in ["acme", "globex", "hooli"] {
        scene.psql(0, &sql(name));
    }
    scene.psql(0, "ALTER TABLE tenant_hooli.invoice ADD COLUMN extra integer");
    let database = &scene.databases[0];
    scene.psql(
        0,
        &format!(
            "DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
             REVOKE ALL ON DATABASE {database} FROM PUBLIC; GRANT CONNECT, TEMPORARY ON DATABASE {database} TO reader;
             GRANT USAGE ON SCHEMA tenant_acme, tenant_globex, tenant_hooli TO reader"
        ),
    );
    let scratch = scene.cluster().create_database("scratch").unwrap();
    scene.cluster().psql(&scratch, &format!("GRANT CREATE ON DATABASE {scratch} TO reader")).unwrap();
    let url = |database: &str| scene.cluster().url_as("reader", None, database);
    scene.database(0, &url(database), "  shadow: {databaseRef: {name: db-9}}");
    scene.database(9, &url(&scratch), "");
    scene.set(&["{databaseRef: {name: db-0}, tenants: {schemaPattern: 'tenant_*'}}"], "  mode: Observe");

    // What the reader was granted to read is no part of the product's schema.
    scene.define_with(V1, "  policy: {privileges: Unmanaged}");
    // A schema that it may not read holds up none of the others.
    scene.psql(0, "REVOKE USAGE ON SCHEMA tenant_acme FROM reader");
    let ran =
        scene.fleet("check", &[]).ended(1).says("1 of 3 tenants is in sync").says("1 blocked, 1 drifted");
    assert!(ran.out.contains("GRANT USAGE ON SCHEMA tenant_acme TO reader"), "{}", ran.out);
    scene.psql(0, "GRANT USAGE ON SCHEMA tenant_acme TO reader");

    let before = scene.psql(0, "SELECT count(*), sum(xmin::text::bigint) FROM pg_class");
    scene
        .fleet("check", &[])
        .ended(1)
        .says("2 of 3 tenants are in sync")
        .says("1 drifted")
        .says("column invoice.extra");
    scene.fleet("drift", &[]).ended(1).says("1 tenant: hooli");
    scene.fleet("plan", &[]).says("mode: Observe");
    scene.fleet("status", &[]).ended(1);
    assert_eq!(scene.psql(0, "SELECT count(*), sum(xmin::text::bigint) FROM pg_class"), before);
    assert_eq!(scene.psql(0, "SELECT to_regnamespace('tenantry') IS NULL"), "t");
    scene.fleet("apply", &[]).ended(2).warns("only observes");
}
