//! TenantSets: from manifests to tenants, and everything that comes after.

use crate::scene::{DATABASE, PASSWORD, Scene, shared};

pub const FIRST: &str = "CREATE TABLE invoice (id integer PRIMARY KEY, total numeric NOT NULL, fax text);";
pub const WITH_DATE: &str =
    "CREATE TABLE invoice (id integer PRIMARY KEY, total numeric NOT NULL, fax text, paid_at timestamptz);";
pub const WITHOUT_FAX: &str = "CREATE TABLE invoice (id integer PRIMARY KEY, total numeric NOT NULL);";
pub const POSITIVE: &str =
    "CREATE TABLE invoice (id integer PRIMARY KEY, total numeric NOT NULL CHECK (total > 0), fax text);";

pub const SET: &str = "ts/customers";

pub fn definition(sql: &str) -> String {
    format!(
        "apiVersion: v1
kind: ConfigMap
metadata: {{name: app-schema}}
data: {{app.sql: \"{sql}\"}}
---
apiVersion: tenantry.dev/v1alpha1
kind: SchemaDefinition
metadata: {{name: app}}
spec: {{configMapRefs: [{{name: app-schema}}]}}
"
    )
}

pub fn set(more: &str) -> String {
    format!(
        "apiVersion: tenantry.dev/v1alpha1
kind: TenantSet
metadata: {{name: customers}}
spec:
  schemaRef: {{name: app}}
  databases:
  - databaseRef: {{name: shop}}
    tenants: {{query: SELECT slug AS name FROM public.customer}}
  drift: {{interval: 1s}}
{more}"
    )
}

/// A set of so many tenants that are in sync.
pub fn in_sync(namespace: &'static str, count: u32, more: &str) -> Scene<'static> {
    let scene = Scene::start(shared(), namespace);
    customers(&scene, count);
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    scene.apply(&definition(FIRST));
    scene.apply(&set(more));
    scene.comes_to(SET, "Ready", "True InSync");
    scene
}

pub fn customers(scene: &Scene<'_>, count: u32) {
    let sql = format!(
        "CREATE TABLE public.customer (slug text); GRANT SELECT ON public.customer TO tenantry; \
         INSERT INTO public.customer SELECT 'c' || n FROM generate_series(1, {count}) n"
    );
    scene.psql(&sql);
}

/// How many tenants have a column.
pub fn with_column(scene: &Scene<'_>, column: &str) -> String {
    scene.psql(&format!(
        "SELECT count(*) FROM information_schema.columns WHERE table_schema LIKE 'tenant\\_%' AND column_name = '{column}'"
    ))
}

pub fn counts(scene: &Scene<'_>) -> String {
    scene.field(SET, "range .status.tenants}{.total}/{.inSync}/{.drifted}/{.failed}/{.outdated}{end")
}

/// The newest rollout.
pub fn rollout(scene: &Scene<'_>) -> String {
    format!("sro/{}", scene.field(SET, ".status.rolloutRef.name"))
}

/// Now, as an order has it.
fn now() -> String {
    String::from_utf8(
        std::process::Command::new("date")
            .args(["-u", "+%Y-%m-%dT%H:%M:%SZ", "-d", "+1 second"])
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap()
    .trim()
    .to_owned()
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn tenants_are_made_watched_changed_and_brought_back() {
    let scene = Scene::start(shared(), "story");
    customers(&scene, 12);
    // Each thing comes after what refers to it.
    scene.apply(&set(""));
    let message = scene.comes_to(SET, "Ready", "False ReferenceMissing");
    assert_eq!(scene.judged(SET), "InProgress Progressing");
    assert_eq!(message, "spec.schemaRef.name: there is no SchemaDefinition app; add it");
    scene.apply(&definition(FIRST));
    scene.comes_to(SET, "Ready", "False DatabaseUnreachable");
    scene.apply(DATABASE);
    scene.login(PASSWORD);
    let message = scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(scene.judged(SET), "Current Healthy");
    let first = scene.field(SET, ".status.revision");
    assert_eq!(message, format!("all 12 tenants are at {first}"));
    assert_eq!(with_column(&scene, "fax"), "12");
    scene.comes_to("sd/app", "Accepted", "True Compiled");
    assert_eq!(scene.field("sd/app", ".status.revision"), first);
    assert_eq!(scene.field(&rollout(&scene), ".status.done"), "12/12");
    assert_eq!(scene.field("tslice/customers-0", ".summary"), "12 InSync");
    scene.field_comes_to(&format!("srev/app-{first}"), ".spec.number", "1");

    scene.psql("CREATE INDEX mine ON tenant_c3.invoice (total)");
    let message = scene.comes_to(SET, "Drifted", "True TenantsDrifted");
    assert_eq!(message, "1 of 12 tenants differ: c3. Look: kubectl tenantry drift customers");
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(scene.judged(SET), "Current Healthy");
    let lines = scene.field(SET, ".status.drift[0].differences");
    assert!(lines.contains("+ CREATE INDEX mine ON invoice USING btree (total)"), "{lines}");
    let of_group = scene.field(SET, ".status.drift[0].fingerprint");
    scene.field_comes_to("tslice/customers-0", ".tenants[?(@.name==\"c3\")].fingerprint", &of_group);

    scene.apply(&definition(WITH_DATE));
    scene.wait_for("the new column", || with_column(&scene, "paid_at") == "12");
    scene.comes_to(SET, "Ready", "True InSync");
    let second = scene.field(SET, ".status.revision");
    assert_ne!(first, second);
    // The index that somebody made is still there (D20a).
    assert_eq!(scene.psql("SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'"), "1");

    scene.psql("INSERT INTO public.customer VALUES ('late')");
    scene.wait_for("a schema for the new tenant", || with_column(&scene, "paid_at") == "13");
    scene.wait_for("the count", || counts(&scene) == "13/12/1/0/0");

    // Back by a pin: what stands in the definition does not matter. A column goes, so somebody has to say so.
    scene.apply(&set("").replace("{name: app}", &format!("{{name: app, revision: {first}}}")));
    scene.comes_to(SET, "Ready", "False AwaitingApproval");
    let digest = scene.field(&rollout(&scene), ".status.digest");
    let approved = format!("  rollout: {{approvedDigest: {digest}}}\n");
    scene.apply(&set(&approved).replace("{name: app}", &format!("{{name: app, revision: {first}}}")));
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(scene.field(SET, ".status.revision"), first);
    assert_eq!(with_column(&scene, "paid_at"), "0");
    let rollouts = scene.kubectl(&["get", "sro", "-o", "name"]);
    assert_eq!(rollouts.lines().count(), 3, "{rollouts}");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn what_destroys_waits_for_a_word() {
    let scene = in_sync("approval", 6, "");
    scene.psql("INSERT INTO tenant_c1.invoice VALUES (1, 1, '0049')");
    scene.apply(&definition(WITHOUT_FAX));
    let message = scene.comes_to(SET, "Ready", "False AwaitingApproval");
    scene.comes_to(SET, "AwaitingApproval", "True AwaitingApproval");
    assert_eq!(scene.judged(SET), "InProgress Suspended");
    assert_eq!(scene.field(SET, ".status.conditions[?(@.type==\"Reconciling\")].status"), "");
    assert_eq!(scene.field(SET, ".status.conditions[?(@.type==\"Stalled\")].status"), "");
    let rollout = rollout(&scene);
    scene.field_comes_to(&rollout, ".status.state", "AwaitingApproval");
    let digest = scene.field(&rollout, ".status.digest");
    assert!(message.contains(&format!("kubectl tenantry approve customers {}", &digest[..12])), "{message}");
    let statements = scene.field(&rollout, ".status.groups[0].statements");
    assert!(statements.contains("RENAME COLUMN fax"), "{statements}");
    assert_eq!(with_column(&scene, "fax"), "6");

    let approve = |rollout: &str, digest: &str| {
        let approval = format!("{{\"spec\":{{\"approvals\":[{{\"digest\":\"{digest}\",\"by\":\"eve\"}}]}}}}");
        scene.kubectl(&["patch", rollout, "--type=merge", "-p", &approval]);
    };
    // Not what is offered: of no effect.
    approve(&rollout, &"0".repeat(64));
    scene.psql("INSERT INTO public.customer VALUES ('late')");
    scene.wait_for("a tenant that comes meanwhile, as it is in force", || with_column(&scene, "fax") == "7");
    scene.comes_to(SET, "Ready", "False AwaitingApproval");
    approve(&rollout, &digest);
    // Who came after the offer has one of its own.
    scene.wait_for("another offer", || self::rollout(&scene) != rollout);
    scene.comes_to(SET, "Ready", "False AwaitingApproval");
    assert_eq!(with_column(&scene, "fax"), "1");
    let rollout = self::rollout(&scene);
    approve(&rollout, &scene.field(&rollout, ".status.digest"));
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(with_column(&scene, "fax"), "0");
    let told = scene.psql("SELECT DISTINCT approved_by FROM tenantry.event WHERE approved_by IS NOT NULL");
    assert_eq!(told, "eve");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn one_tenant_that_cannot_take_it_holds_up_no_other() {
    let scene = in_sync(
        "failing",
        8,
        "  rollout: {waves: [{name: canary, select: {names: [c1]}}, {name: rest}], failureBudget: 2}\n",
    );
    scene.psql("INSERT INTO tenant_c5.invoice VALUES (1, -1)");
    scene.apply(&definition(POSITIVE));
    scene.wait_for("an end", || {
        scene.field(SET, ".status.conditions[?(@.type==\"Stalled\")].reason").starts_with("Tenants")
    });
    assert_eq!(scene.judged(SET), "Failed Degraded");
    let ready = scene.field(SET, ".status.conditions[?(@.type==\"Ready\")].message");
    assert!(
        ready.starts_with("1 of 8 tenants failed (check_violation on invoice_total_check): c5. Look:"),
        "{ready}"
    );
    scene.field_comes_to(SET, ".status.attention[0].name", "c5");
    let why = scene.field(SET, ".status.attention[0].message");
    assert!(why.contains("invoice_total_check"), "{why}");
    // Nobody tries it again and again.
    let tried = scene.psql("SELECT count(*) FROM tenantry.event WHERE tenant = 'c5'");
    scene.psql("UPDATE tenant_c5.invoice SET total = 1");
    let order = format!("{{\"spec\":{{\"retries\":[{{\"tenant\":\"c5\",\"at\":\"{}\"}}]}}}}", now());
    scene.kubectl(&["patch", &rollout(&scene), "--type=merge", "-p", &order]);
    scene.comes_to(SET, "Ready", "True InSync");
    assert_ne!(tried, "0");
    assert_eq!(counts(&scene), "8/8/0/0/0");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_bad_rollout_stops_in_its_first_wave_and_goes_back() {
    let scene =
        in_sync("budget", 8, "  rollout: {waves: [{name: canary, select: {names: [c1]}}, {name: rest}]}\n");
    scene.psql("INSERT INTO tenant_c1.invoice VALUES (1, -1)");
    scene.apply(&definition(POSITIVE));
    scene.wait_for("an end", || {
        let ready = scene.field(SET, ".status.conditions[?(@.type==\"Ready\")].reason");
        ready == "BudgetSpent" || ready == "TenantsBlocked"
    });
    scene.comes_to(SET, "Stalled", "True BudgetSpent");
    assert_eq!(scene.judged(SET), "Failed Degraded");
    let checks = "SELECT count(*) FROM pg_constraint WHERE conname = 'invoice_total_check'";
    assert_eq!(scene.psql(checks), "0");
    // The definition goes back, and all is well.
    scene.apply(&definition(FIRST));
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(counts(&scene), "8/8/0/0/0");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_wave_soaks_and_a_person_pauses_and_resumes() {
    let scene = in_sync(
        "soak",
        6,
        "  rollout: {waves: [{name: canary, select: {names: [c1]}, minReady: 10s}, {name: rest}]}\n",
    );
    scene.apply(&definition(WITH_DATE));
    let message = scene.comes_to(SET, "Ready", "False Soaking");
    assert!(message.contains("canary"), "{message}");
    scene.comes_to(SET, "Reconciling", "True Soaking");
    assert_eq!(scene.judged(SET), "InProgress Progressing");
    assert_eq!(with_column(&scene, "paid_at"), "1");
    scene.wait_for("the counts of a rollout that is under way", || counts(&scene) == "6/1/0/0/5");
    let rollout = rollout(&scene);
    scene.field_comes_to(&rollout, ".status.wave", "2/2 rest");
    scene.kubectl(&["patch", &rollout, "--type=merge", "-p", "{\"spec\":{\"paused\":true}}"]);
    scene.comes_to(SET, "Ready", "False Paused");
    scene.comes_to(SET, "Paused", "True Paused");
    assert_eq!(scene.judged(SET), "InProgress Suspended");
    scene.kubectl(&["patch", &rollout, "--type=merge", "-p", "{\"spec\":{\"paused\":false}}"]);
    scene.comes_to(SET, "Ready", "False Soaking");
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(with_column(&scene, "paid_at"), "6");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_definition_is_refused_with_its_line_and_then_mended() {
    let scene = in_sync("refused", 3, "");
    let revision = scene.field(SET, ".status.revision");
    scene.apply(&definition("CREATE TABLE invoice (id integr);"));
    let message = scene.comes_to(SET, "Ready", "False DefinitionRefused");
    assert!(
        message.contains("app-schema/app.sql, line 1, column 26: type \"integr\" does not exist"),
        "{message}"
    );
    assert!(message.ends_with(&format!("3 tenants stay at {revision}")), "{message}");
    scene.comes_to(SET, "Stalled", "True DefinitionRefused");
    assert_eq!(scene.judged(SET), "Failed Degraded");
    scene.comes_to("sd/app", "Accepted", "False DefinitionRefused");
    assert_eq!(scene.field("sd/app", ".status.findings[0].line"), "1");
    scene.apply(&definition(WITH_DATE));
    scene.comes_to(SET, "Ready", "True InSync");
    scene.comes_to("sd/app", "Accepted", "True Compiled");
    assert_eq!(scene.field("sd/app", ".status.findings"), "");
    assert_eq!(with_column(&scene, "paid_at"), "3");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_server_goes_and_comes_back() {
    let scene = in_sync("down", 3, "");
    scene.cluster.stop().unwrap();
    scene.comes_to(SET, "Ready", "False DatabaseUnreachable");
    scene.comes_to(SET, "DatabasesReachable", "False DatabaseUnreachable");
    assert_eq!(scene.judged(SET), "InProgress Degraded");
    // What is applied meanwhile is done when it is back.
    scene.apply(&definition(WITH_DATE));
    scene.cluster.start_again().unwrap();
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(with_column(&scene, "paid_at"), "3");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn drift_is_corrected_by_the_set_or_by_a_word() {
    let scene = in_sync("drift", 4, "");
    scene.psql("ALTER TABLE tenant_c2.invoice ADD COLUMN mine integer");
    scene.comes_to(SET, "Drifted", "True TenantsDrifted");
    let ordered = rollout(&scene);
    let order = format!("{{\"spec\":{{\"corrections\":[{{\"tenant\":\"c2\",\"at\":\"{}\"}}]}}}}", now());
    scene.kubectl(&["patch", &rollout(&scene), "--type=merge", "-p", &order]);
    // What the rollout did that the order stands in does not change by it.
    scene.field_comes_to(
        &ordered,
        ".status.observedGeneration",
        &scene.field(&ordered, ".metadata.generation"),
    );
    assert_eq!(scene.field(&ordered, ".status.done"), "4/4");
    // A column holds rows: it goes only when somebody says so, and then aside.
    scene.comes_to(SET, "Ready", "False AwaitingApproval");
    let rollout = rollout(&scene);
    let digest = scene.field(&rollout, ".status.digest");
    let approval = format!("{{\"spec\":{{\"approvals\":[{{\"digest\":\"{digest}\"}}]}}}}");
    scene.kubectl(&["patch", &rollout, "--type=merge", "-p", &approval]);
    scene.comes_to(SET, "Drifted", "False NoDrift");
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(with_column(&scene, "mine"), "0");

    scene.apply(&set("").replace("interval: 1s", "interval: 1s, mode: Correct"));
    scene.psql("CREATE INDEX mine ON tenant_c3.invoice (total)");
    scene.wait_for("the index to go", || {
        scene.psql("SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'") == "0"
    });
    scene.comes_to(SET, "Ready", "True InSync");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_schema_has_one_set() {
    let scene = in_sync("claims", 3, "");
    scene.apply(&set("").replace("name: customers", "name: others"));
    let message = scene.comes_to("ts/others", "Ready", "False NoPlanPossible");
    assert!(message.starts_with("3 of 3 tenants blocked: c1, c2, c3."), "{message}");
    let why = scene.field("ts/others", ".status.attention[0].message");
    assert!(why.starts_with("schema tenant_c1: it belongs to tenantset claims/customers"), "{why}");
    scene.apply(&definition(WITH_DATE));
    scene.wait_for("the change, by its owner", || with_column(&scene, "paid_at") == "3");
    scene.comes_to(SET, "Ready", "True InSync");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn killed_in_the_middle_another_one_finishes() {
    let mut scene = in_sync("killed", 40, "  rollout: {waves: [{name: all}], maxConcurrent: 1}\n");
    // Each apply takes a while: a lock on one table that comes and goes would do, a trigger on DDL is surer.
    scene.psql(
        "CREATE FUNCTION public.slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); END $$;
         CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION public.slow()",
    );
    scene.apply(&definition(WITH_DATE));
    scene.wait_for("the middle", || with_column(&scene, "paid_at").parse::<u32>().unwrap() > 5);
    scene.kill_operator();
    let reached: u32 = with_column(&scene, "paid_at").parse().unwrap();
    assert!(reached < 40, "{reached}");
    scene.start_operator();
    scene.wait_for("the end", || with_column(&scene, "paid_at") == "40");
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(scene.psql("SELECT count(*) FROM (SELECT tenant FROM tenantry.event WHERE outcome = 'applied' GROUP BY tenant HAVING count(*) > 2) twice"), "0");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_set_that_is_suspended_or_deleted_leaves_schemas_alone() {
    let mut scene = in_sync("gone", 3, "");
    scene.kubectl(&["patch", SET, "--type=merge", "-p", "{\"spec\":{\"suspend\":true}}"]);
    scene.comes_to(SET, "Ready", "False Suspended");
    assert_eq!(scene.judged(SET), "InProgress Suspended");
    scene.apply(&definition(WITH_DATE));
    scene.kubectl(&["patch", SET, "--type=merge", "-p", "{\"spec\":{\"suspend\":false}}"]);
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(with_column(&scene, "paid_at"), "3");
    // A new one, before anybody looked at it.
    scene.kill_operator();
    scene.apply(&set("").replace("name: customers", "name: unseen"));
    assert_eq!(scene.judged("ts/unseen"), "InProgress Progressing");
    scene.kubectl(&["delete", "ts/unseen"]);
    scene.start_operator();
    // One that somebody else holds on to while it is deleted.
    scene.kubectl(&[
        "patch",
        SET,
        "--type=merge",
        "-p",
        "{\"metadata\":{\"finalizers\":[\"example.org/held\"]}}",
    ]);
    scene.kubectl(&["delete", SET, "--wait=false"]);
    scene.comes_to(SET, "Ready", "False Deleting");
    assert_eq!(scene.judged(SET), "Terminating Progressing");
    scene.kubectl(&["patch", SET, "--type=merge", "-p", "{\"metadata\":{\"finalizers\":[]}}"]);
    scene.wait_for("the end of what it owned", || {
        scene.kubectl(&["get", "sro,tslice", "-o", "name"]).is_empty()
    });
    assert_eq!(with_column(&scene, "paid_at"), "3");
    // The same set again goes on where it was: the schemas are still its own.
    scene.apply(&set(""));
    scene.comes_to(SET, "Ready", "True InSync");
}
