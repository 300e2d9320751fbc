//! An owner role for each tenant: what the plan makes is that role's, and tenants are as alike as with one role for all.

use crate::scene::{LOGIN, Scene};

const NAMES: [&str; 3] = ["acme", "globex", "hooli"];

/// Every place in which the server writes a role down.
const V1: &str = "
CREATE TABLE invoice (id bigint PRIMARY KEY, total numeric NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON invoice TO CURRENT_USER USING (total >= 0);
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
REVOKE EXECUTE ON FUNCTION twice(integer) FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT SELECT ON TABLES TO pg_monitor;
";

fn v2() -> String {
    format!(
        "{V1}CREATE TABLE payment (id bigint PRIMARY KEY REFERENCES invoice (id));
         CREATE POLICY all_of_it ON invoice FOR SELECT TO CURRENT_USER, pg_monitor USING (true);"
    )
}

/// The owner roles of tenants; a role is the server's, so it carries the database's name.
fn template(scene: &Scene) -> String {
    format!("{}_{{name}}", scene.databases[0])
}

fn make_role(scene: &Scene, name: &str) {
    let role = template(scene).replace("{name}", name);
    scene.psql(0, &format!("CREATE ROLE {role}; GRANT {role} TO {LOGIN}"));
}

/// Whose the schemas are, and whose is what is in them.
fn owners(scene: &Scene) -> String {
    scene.psql(
        0,
        "SELECT DISTINCT replace(nspname, 'tenant_', ''), pg_get_userbyid(owner)
         FROM pg_namespace JOIN (
             SELECT oid AS schema, nspowner AS owner FROM pg_namespace
             UNION SELECT relnamespace, relowner FROM pg_class
             UNION SELECT pronamespace, proowner FROM pg_proc
             UNION SELECT defaclnamespace, defaclrole FROM pg_default_acl
         ) AS owned ON owned.schema = pg_namespace.oid
         WHERE nspname LIKE 'tenant\\_%' ORDER BY 1",
    )
}

#[test]
fn what_is_made_belongs_to_each_tenants_own_role() {
    let scene = Scene::with(1);
    for policy in ["", "  policy: {owners: Managed}"] {
        NAMES.iter().filter(|_| policy.is_empty()).for_each(|name| make_role(&scene, name));
        let role = template(&scene);
        scene.define_with(V1, policy);
        scene.set(&[&Scene::names(0, &NAMES)], &format!("  ownerRole: '{role}'"));
        scene.fleet("apply", &[]).ended(0).says("3 of 3 tenants");
        let expected: Vec<String> =
            NAMES.iter().map(|name| format!("{name}|{}", role.replace("{name}", name))).collect();
        assert_eq!(owners(&scene), expected.join("\n"));
        scene.fleet("check", &[]).ended(0);

        scene.define_with(&v2(), policy);
        scene.fleet("plan", &[]).ended(0).says("1 group").says("CREATE TABLE payment");
        scene.fleet("apply", &[]).ended(0).says("3 of 3 tenants");
        assert_eq!(owners(&scene), expected.join("\n"));
        scene.fleet("check", &[]).ended(0);
        scene.psql(0, "DROP SCHEMA tenantry, tenant_acme, tenant_globex, tenant_hooli CASCADE");
    }
}

#[test]
fn what_somebody_else_owns_or_may_do_is_drift() {
    let scene = Scene::with(1);
    NAMES.iter().for_each(|name| make_role(&scene, name));
    scene.define_with(V1, "  policy: {owners: Managed}");
    scene.set(&[&Scene::names(0, &NAMES)], &format!("  ownerRole: '{}'", template(&scene)));
    scene.fleet("apply", &[]).ended(0);
    let other = template(&scene).replace("{name}", "hooli");
    scene.psql(0, &format!("ALTER TABLE tenant_acme.invoice OWNER TO {other}"));
    scene.psql(0, &format!("GRANT SELECT ON tenant_globex.invoice TO {other}"));
    let drift = scene.fleet("drift", &[]);
    drift.ended(1).says("acme").says("globex").says("2 of 3 tenants differ");
}

#[test]
fn a_role_that_is_not_there_or_not_the_logins_to_take_is_named() {
    let scene = Scene::with(1);
    make_role(&scene, "acme");
    let role = template(&scene).replace("{name}", "globex");
    scene.set(
        &[&Scene::names(0, &["acme", "globex"])],
        &format!(
            "  ownerRole: '{}'\n  rollout: {{waves: [{{name: all, failureBudget: 2}}], onFailure: Continue}}",
            template(&scene)
        ),
    );
    let ran = scene.fleet("apply", &[]).ended(1).says("1 of 2 tenants");
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains(&format!("the owner role {role} is not there")), "{said}");
    assert!(said.contains(&format!("CREATE ROLE {role}; GRANT {role} TO")), "{said}");
    assert_eq!(scene.schemas(0), ["tenant_acme"]);

    scene.psql(0, &format!("CREATE ROLE {role}"));
    let ran = scene.fleet("apply", &["--retry", "globex"]).ended(1);
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains(&format!("GRANT {role} TO")), "{said}");

    scene.psql(0, &format!("GRANT {role} TO {LOGIN}"));
    scene.fleet("apply", &["--retry", "globex"]).ended(0).says("2 of 2 tenants");
}

#[test]
fn owners_that_a_definition_names_are_kept_where_they_are_managed() {
    let scene = Scene::with(1);
    make_role(&scene, "books");
    let role = template(&scene).replace("{name}", "books");
    let plain = "CREATE TABLE invoice (id bigint PRIMARY KEY);
                 CREATE VIEW open_invoice AS SELECT id FROM invoice;";
    let owned = format!(
        "{plain} GRANT USAGE, CREATE ON SCHEMA __TENANT__ TO {role};
         ALTER TABLE invoice OWNER TO {role}; ALTER VIEW open_invoice OWNER TO {role};"
    );
    let whose = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ' ') FROM pg_class
                 WHERE relnamespace = 'tenant_acme'::regnamespace";
    scene.set(&[&Scene::names(0, &["acme"])], "");
    for (definition, owner) in [(&*owned, &*role), (plain, LOGIN), (&owned, &role)] {
        scene.define_with(definition, "  policy: {owners: Managed}");
        scene.fleet("apply", &[]).ended(0).says("1 of 1 tenant");
        assert_eq!(scene.psql(0, whose), owner, "{definition}");
        scene.fleet("check", &[]).ended(0);
    }
    scene.psql(0, "ALTER VIEW tenant_acme.open_invoice OWNER TO postgres");
    scene.fleet("check", &[]).ended(1);
    scene.fleet("drift", &[]).ended(1).says("open_invoice").says("owner");
}
