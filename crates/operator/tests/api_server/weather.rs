//! Bad input and bad weather: each says what it is, harms nobody else, and is over without a restart once its cause is gone.

use std::fmt::Write as _;

use tenantry_testkit::kube::ControlPlane;

use crate::scene::{DATABASE, PASSWORD, Scene, shared};
use crate::sets::{FIRST, SET, WITH_DATE, counts, customers, definition, in_sync, set, with_column};

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn the_api_server_goes_and_comes_back() {
    let plane = ControlPlane::with_custom_resources().unwrap();
    let scene = Scene::start(&plane, "away");
    customers(&scene, 5);
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    scene.apply(&definition(FIRST));
    scene.apply(&set(""));
    scene.comes_to(SET, "Ready", "True InSync");
    plane.stop_api_server().unwrap();
    // Longer than a Lease that is not renewed holds.
    scene.wait_for("the operator to stop", || scene.log().contains("the lease could not be renewed"));
    scene.psql("INSERT INTO public.customer VALUES ('meanwhile')");
    plane.start_api_server_again().unwrap();
    scene.wait_for("the tenant that came meanwhile", || with_column(&scene, "fax") == "6");
    scene.comes_to(SET, "Ready", "True InSync");
    scene.apply(&definition(WITH_DATE));
    scene.wait_for("the next version", || with_column(&scene, "paid_at") == "6");
    scene.comes_to(SET, "Ready", "True InSync");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_definition_may_be_larger_than_a_config_map() {
    let scene = Scene::start(shared(), "large");
    customers(&scene, 2);
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    let mut references = String::new();
    for part in 0..3 {
        let mut sql = String::new();
        for table in 0..20 {
            let _ = writeln!(sql, "    CREATE TABLE t{part}_{table} (id integer PRIMARY KEY, v text);");
            let _ = writeln!(sql, "    COMMENT ON TABLE t{part}_{table} IS '{}';", "x".repeat(20_000));
        }
        scene.kubectl_with(
            &["create", "-f", "-"],
            &format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: part-{part}}}\ndata:\n  all.sql: |\n{sql}"
            ),
        );
        let _ = write!(references, "{{name: part-{part}}}, ");
    }
    scene.apply(&format!(
        "apiVersion: tenantry.dev/v1alpha1\nkind: SchemaDefinition\nmetadata: {{name: app}}\nspec: {{configMapRefs: [{references}]}}\n"
    ));
    scene.apply(&set(""));
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(with_column(&scene, "v"), "120");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn another_version_in_the_middle_of_a_rollout() {
    let scene = in_sync("middle", 30, "  rollout: {waves: [{name: all}], maxConcurrent: 1}\n");
    scene.psql(
        "CREATE FUNCTION public.slow() RETURNS event_trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_sleep(0.1); END $$;
         CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION public.slow()",
    );
    scene.apply(&definition(WITH_DATE));
    scene.wait_for("the middle", || with_column(&scene, "paid_at").parse::<u32>().unwrap() > 3);
    let both = WITH_DATE.replace("paid_at timestamptz", "paid_at timestamptz, paid_by text");
    scene.apply(&definition(&both));
    scene.wait_for("the second version everywhere", || with_column(&scene, "paid_by") == "30");
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(with_column(&scene, "paid_at"), "30");
    let states = scene.kubectl(&["get", "sro", "-o", "jsonpath={.items[*].status.state}"]);
    assert!(states.contains("Superseded"), "{states}");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_namespace_goes_with_everything_in_it() {
    let scene = in_sync("goes", 3, "");
    let mut delete = shared().kubectl();
    let deleted = delete.args(["delete", "namespace", "goes", "--timeout=60s"]).output().unwrap();
    assert!(deleted.status.success(), "{}", String::from_utf8_lossy(&deleted.stderr));
    // The customers' schemas are not Kubernetes' business.
    assert_eq!(with_column(&scene, "fax"), "3");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_status_that_somebody_edits_is_made_true_again() {
    let scene = in_sync("edited", 3, "");
    let wrong = "{\"status\":{\"tenants\":{\"total\":99},\"conditions\":[]}}";
    for object in [SET, "sd/app", "tdb/shop"] {
        scene.kubectl(&["patch", object, "--subresource=status", "--type=merge", "-p", wrong]);
    }
    scene.comes_to(SET, "Ready", "True InSync");
    scene.wait_for("the count", || counts(&scene) == "3/3/0/0/0");
    scene.comes_to("sd/app", "Ready", "True Compiled");
    scene.comes_to("tdb/shop", "Ready", "True Reachable");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn thirty_sets_at_once() {
    let scene = Scene::start(shared(), "thirty");
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    scene.apply(&definition(FIRST));
    let mut all = String::new();
    for number in 1..=30 {
        let _ = write!(
            all,
            "---\napiVersion: tenantry.dev/v1alpha1\nkind: TenantSet\nmetadata: {{name: set-{number}}}\nspec:\n  schemaRef: {{name: app}}\n  \
             databases: [{{databaseRef: {{name: shop}}, tenants: {{names: [a{number}, b{number}]}}}}]\n"
        );
    }
    scene.apply(&all);
    scene.wait_for("all of them", || {
        let ready = "jsonpath={.items[*].status.conditions[?(@.type==\"Ready\")].status}";
        scene.kubectl(&["get", "ts", "-o", ready]).matches("True").count() == 30
    });
    assert_eq!(with_column(&scene, "fax"), "60");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn without_the_right_to_a_secret_it_says_so() {
    let mut scene = Scene::start_as(shared(), "forbidden", "system:serviceaccount:forbidden:operator");
    let rights = |secrets: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: operator}}\nrules:\n\
             - {{apiGroups: [tenantry.dev], resources: ['*'], verbs: ['*']}}\n\
             - {{apiGroups: [''], resources: [configmaps, namespaces{secrets}], verbs: [get, list, watch]}}\n\
             - {{apiGroups: [events.k8s.io, coordination.k8s.io], resources: ['*'], verbs: ['*']}}\n\
             ---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: operator}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: operator}}\n\
             subjects: [{{kind: ServiceAccount, name: operator, namespace: forbidden}}]\n"
        )
    };
    customers(&scene, 2);
    scene.apply(&rights(""));
    scene.start_operator();
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    scene.apply(&definition(FIRST));
    scene.apply(&set(""));
    let message = scene.comes_to("tdb/shop", "Ready", "False ReferenceMissing");
    assert!(
        message.contains("Secret shop-login cannot be read") && message.contains("forbidden"),
        "{message}"
    );
    let message = scene.comes_to(SET, "Ready", "False DatabaseUnreachable");
    assert!(message.contains("Secret shop-login cannot be read"), "{message}");
    scene.apply(&rights(", secrets"));
    scene.comes_to(SET, "Ready", "True InSync");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_server_without_a_connection_left() {
    let scene = in_sync("full", 3, "");
    scene.cluster.psql("postgres", "ALTER ROLE tenantry CONNECTION LIMIT 0").unwrap();
    scene.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenantry'");
    let message = scene.comes_to(SET, "Ready", "False DatabaseUnreachable");
    assert!(message.contains("too many connections"), "{message}");
    scene.apply(&definition(WITH_DATE));
    scene.cluster.psql("postgres", "ALTER ROLE tenantry CONNECTION LIMIT -1").unwrap();
    scene.wait_for("the next version", || with_column(&scene, "paid_at") == "3");
    scene.comes_to(SET, "Ready", "True InSync");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_field_of_the_next_version_harms_nobody() {
    let scene = Scene::start(shared(), "newer");
    customers(&scene, 2);
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    scene.apply(&definition(FIRST));
    scene.apply(&set(""));
    // What the API server lets in today, and this program does not know: another engine, as the next version may have it.
    let stranger = set("")
        .replace("name: customers", "name: strange")
        .replace("  schemaRef", "  news: {a: 1}\n  schemaRef");
    scene.kubectl_with(&["apply", "--validate=false", "-f", "-"], &stranger);
    scene.comes_to(SET, "Ready", "True InSync");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn one_set_in_trouble_and_one_that_is_well() {
    let scene = in_sync("both", 3, "");
    let broken =
        set("").replace("name: customers", "name: broken").replace("{name: shop}", "{name: elsewhere}");
    scene.apply(&broken);
    let message = scene.comes_to("ts/broken", "Ready", "False DatabaseUnreachable");
    assert!(message.contains("there is no TenantDatabase elsewhere"), "{message}");
    scene.apply(&definition(WITH_DATE));
    scene.wait_for("the next version", || with_column(&scene, "paid_at") == "3");
    scene.comes_to(SET, "Ready", "True InSync");
    // No hot loop: what does not work is tried again after pauses.
    let tries = || scene.log().matches("there is no TenantDatabase elsewhere").count();
    let before = tries();
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert!(tries() - before <= 2, "{} tries in four seconds", tries() - before);
    // Nothing tells a password.
    let told = scene.log()
        + &scene.kubectl(&["get", "events", "-o", "yaml"])
        + &scene.kubectl(&["get", "tenantry", "-o", "yaml", "--show-managed-fields"]);
    assert!(
        !told.contains(&format!(":{PASSWORD}@")) && !told.contains(&format!("password={PASSWORD}")),
        "{told}"
    );
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_source_that_loses_many_tenants_is_not_believed() {
    let scene = in_sync("lost", 8, "  removal: Quarantine\n");
    scene.psql("DELETE FROM public.customer WHERE slug IN ('c2', 'c3', 'c4')");
    let message = scene.comes_to(SET, "Ready", "False TooManyRemoved");
    assert!(message.starts_with("3 tenants missing") && message.ends_with("spec.letGo: 3"), "{message}");
    assert_eq!(scene.judged(SET), "InProgress Degraded");
    assert_eq!(with_column(&scene, "fax"), "8");
    scene.psql("INSERT INTO public.customer VALUES ('c2'), ('c3'), ('c4')");
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(with_column(&scene, "fax"), "8");
}
