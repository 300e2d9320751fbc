//! What the structure of a CRD refuses, and the words for it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own functions may fail as the test does")]

use tenantry_api::{crd, validation};

/// The refusals of one manifest, a line each.
fn refusals(manifest: &str) -> Vec<String> {
    let object: serde_json::Value = serde_saphyr::from_str(manifest).unwrap();
    let schema = crd::schema(object["kind"].as_str().unwrap()).unwrap();
    validation::violations(&schema, &object).iter().map(ToString::to_string).collect()
}

fn tenant_set(spec: &str) -> Vec<String> {
    let head = "apiVersion: tenantry.dev/v1alpha1\nkind: TenantSet\nmetadata: {name: customers}\nspec:\n";
    let sound =
        "  schemaRef: {name: app}\n  databases: [{databaseRef: {name: eu-1}, tenants: {names: [acme]}}]\n";
    refusals(&format!("{head}{sound}{spec}"))
}

fn database(spec: &str) -> Vec<String> {
    let head = "apiVersion: tenantry.dev/v1alpha1\nkind: TenantDatabase\nmetadata: {name: eu-1}\nspec:\n";
    refusals(&format!("{head}{spec}"))
}

#[test]
fn a_sound_manifest_is_taken() {
    assert_eq!(tenant_set("  rollout: {waves: [{name: rest, minReady: 10m, failureBudget: 2%}]}\n"), [""; 0]);
    assert_eq!(tenant_set("  rollout: null\n  takeOver: null\n"), [""; 0], "a null is the same as no field");
    assert_eq!(database("  connection: {secretRef: {name: app}, port: 6432}\n  limits: {}\n"), [""; 0]);
}

#[test]
fn what_the_server_writes_itself_is_no_unknown_field() {
    let stored = "
apiVersion: tenantry.dev/v1alpha1
kind: SchemaDefinition
metadata:
  name: app
  uid: 5f3f
  creationTimestamp: 2026-01-01T00:00:00Z
  managedFields: [{manager: kubectl, operation: Apply, fieldsType: FieldsV1, fieldsV1: {'f:spec': {'f:sql': {}}}}]
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}
spec: {sql: 'CREATE TABLE t ();'}
status: {observedGeneration: 1, conditions: [{type: Ready, status: 'True', reason: InSync, message: '', lastTransitionTime: 2026-01-01T00:00:00Z}]}
";
    assert_eq!(refusals(stored), [""; 0]);
}

#[test]
fn an_unknown_field_is_named_with_what_was_probably_meant() {
    for (spec, refusal) in [
        (
            "  rollout: {maxConcurrency: 4}\n",
            "there is no field spec.rollout.maxConcurrency; probably maxConcurrent is meant",
        ),
        ("  approval: Never\n", "there is no field spec.approval; probably spec.rollout.approval is meant"),
        ("  Drift: {}\n", "there is no field spec.Drift; probably drift is meant"),
        ("  password: s3cret\n", "there is no field spec.password"),
        (
            "  rollout: {waves: [{name: rest, minready: 1m}]}\n",
            "there is no field spec.rollout.waves[0].minready; probably minReady is meant",
        ),
    ] {
        assert_eq!(tenant_set(spec), [refusal]);
    }
    assert_eq!(
        refusals(
            "{apiVersion: tenantry.dev/v1alpha1, kind: SchemaDefinition, metadata: {name: a, label: {b: c}}, spec: {sql: x}}"
        ),
        ["there is no field metadata.label; probably labels is meant"]
    );
}

#[test]
fn each_limit_has_its_words() {
    let long = "x".repeat(64);
    for (spec, refusal) in [
        ("  suspend: 'yes'\n".to_owned(), "spec.suspend: must be true or false, and is text"),
        ("  mode: Watch\n".to_owned(), "spec.mode: Watch is not one of Apply, Observe"),
        ("  mode: [Apply]\n".to_owned(), "spec.mode: must be text, and is a list"),
        (
            "  schemaRef: {name: 5}\n".to_owned(),
            "spec.schemaRef.name: must be text (put it in quotes), and is a number",
        ),
        ("  historyLimit: 0\n".to_owned(), "spec.historyLimit: is 0; 1 is the least"),
        ("  historyLimit: 1.5\n".to_owned(), "spec.historyLimit: must be a whole number, and is a fraction"),
        ("  historyLimit: 101\n".to_owned(), "spec.historyLimit: is 101; 100 is the most"),
        (format!("  ownerRole: {long}\n"), "spec.ownerRole: has 64 characters; 63 is the most"),
        ("  ownerRole: ''\n".to_owned(), "spec.ownerRole: is empty, or too short"),
        ("  schemaRef: {}\n".to_owned(), "spec.schemaRef.name is missing"),
        ("  databases: []\n".to_owned(), "spec.databases: has 0 items; 1 is the least"),
        (
            "  rollout: {failureBudget: 101%}\n".to_owned(),
            "spec.rollout.failureBudget: does not match ^(100|[0-9]{1,2})%$",
        ),
        ("  rollout: {failureBudget: -1}\n".to_owned(), "spec.rollout.failureBudget: is -1; 0 is the least"),
        (
            "  rollout: {failureBudget: 0.5}\n".to_owned(),
            "spec.rollout.failureBudget: must be a number or a percentage in quotes, and is a fraction",
        ),
        (
            "  rollout: {waves: [{name: a, select: {count: 1}}, {name: a}]}\n".to_owned(),
            "spec.rollout.waves[1]: the same name stands here twice; each can stand here once",
        ),
        (
            "  rollout: {windows: [{days: [Mon, Mon], from: '01:00', to: '02:00'}]}\n".to_owned(),
            "spec.rollout.windows[0].days[1]: the same item stands here twice; each can stand here once",
        ),
        (
            "  rollout: {waves: [{name: Rest}]}\n".to_owned(),
            "spec.rollout.waves[0].name: does not match ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        ),
    ] {
        // The sound manifest has some of these fields already: the later one is taken.
        let sound =
            "schemaRef: {name: app}, databases: [{databaseRef: {name: eu-1}, tenants: {names: [acme]}}]";
        let mut object: serde_json::Value = serde_saphyr::from_str(&format!("{{{sound}}}")).unwrap();
        let change: serde_json::Value = serde_saphyr::from_str(&spec).unwrap();
        object.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let manifest = serde_json::json!({
            "apiVersion": "tenantry.dev/v1alpha1", "kind": "TenantSet", "metadata": { "name": "a" }, "spec": object,
        });
        assert_eq!(refusals(&manifest.to_string()), [refusal], "{spec}");
    }
}

#[test]
fn redshift_is_refused() {
    assert_eq!(
        database("  engine: Redshift\n  connection: {secretRef: {name: app}}\n"),
        ["spec.engine: Redshift is not supported; write PostgreSQL"]
    );
}

/// CEL never runs on an object that the structure refuses; here a rule is left out only where its own value
/// is unsound.
#[test]
fn a_rule_is_not_judged_on_what_is_unsound_already() {
    assert_eq!(
        tenant_set("  drift: {interval: 30}\n  homeDatabaseRef: {name: other}\n"),
        ["spec.drift.interval: must be text (put it in quotes), and is a number"]
    );
    assert_eq!(
        tenant_set("  drift: {interval: 30}\n  rollout: {waves: [{name: a, select: {}}, {name: rest}]}\n"),
        [
            "spec.drift.interval: must be text (put it in quotes), and is a number",
            "spec.rollout.waves[0].select: write exactly one of labels, names, percent and count",
        ]
    );
}
