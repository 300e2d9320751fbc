//! Tenant queries that go wrong: none of them is ever read as "all have left".

use crate::scene::{Scene, V1};

fn scene() -> Scene {
    let scene = Scene::with(1);
    scene.psql(
        0,
        "CREATE TABLE customer (slug text); INSERT INTO customer VALUES ('acme'), ('globex'), ('hooli');
         GRANT ALL ON customer TO tenantry",
    );
    scene.set(&[&Scene::query(0, "SELECT slug AS name FROM public.customer")], "  removal: Drop");
    scene.fleet("apply", &[]).ended(0).says("3 of 3 tenants");
    scene
}

#[test]
fn queries_that_go_wrong_change_nothing() {
    let scene = scene();
    let before = scene.schemas(0);
    for (sql, said) in [
        ("SELECT slug AS name FROM public.customer WHERE false", "returns no tenant"),
        ("SELECT NULL::text AS name", "NULL"),
        ("SELECT slug AS name FROM public.customers", "customers"),
        ("SELECT slug AS customer FROM public.customer", "name"),
        ("SELECT pg_sleep(30)::text AS name", "timeout"),
        ("DELETE FROM public.customer RETURNING slug AS name", "one SELECT"),
        ("WITH gone AS (DELETE FROM public.customer RETURNING slug) SELECT slug AS name FROM gone", "read"),
        ("SELECT slug AS name FROM public.customer; DROP TABLE public.customer", "one"),
    ] {
        let entry = Scene::query(0, sql).replace("query:", "queryTimeout: 1s, query:");
        scene.set(&[&entry], "  removal: Drop");
        let ran = scene.fleet("apply", &[]).ended(1);
        let all = format!("{}{}", ran.out, ran.err);
        assert!(all.to_lowercase().contains(&said.to_lowercase()), "{sql}: {said}\n{all}");
        assert_eq!(scene.schemas(0), before, "{sql}");
        assert_eq!(scene.psql(0, "SELECT count(*) FROM customer"), "3", "{sql}");
    }
    scene.all_at(0, &before, V1);
}

#[test]
fn a_tenant_that_is_named_twice() {
    let scene = scene();
    // A query that has one twice is wrong in a way that nobody can guess.
    scene.psql(0, "INSERT INTO customer VALUES ('acme')");
    scene.fleet("check", &[]).ended(1).says("all 3 tenants").says("the tenant acme is there twice");
    // In two entries, alike, it is one.
    scene.set(&[&Scene::names(0, &["acme", "globex"]), &Scene::names(0, &["acme", "hooli"])], "");
    scene.fleet("check", &[]).ended(0).says("all 3 tenants").says("more than once");
    // Two schemas for one name: neither is touched.
    let other = Scene::names(0, &["acme"]).replace("tenants:", "schemaTemplate: 'other_{name}', tenants:");
    scene.set(&[&Scene::names(0, &["acme", "globex", "hooli"]), &other], "");
    scene.fleet("apply", &[]).ended(1).says("named in");
    assert_eq!(scene.schemas(0), ["tenant_acme", "tenant_globex", "tenant_hooli"]);
}

#[test]
fn those_that_leave_all_at_once_need_a_person() {
    let scene = scene();
    scene.psql(0, "DELETE FROM customer WHERE slug <> 'hooli'");
    for _ in 0..3 {
        scene.fleet("apply", &[]);
        assert_eq!(scene.schemas(0).len(), 3);
    }
}
