//! What Flux and Argo CD make of the status of objects in all situations. The objects have been through an API server, so
//! that they are none that it would refuse, and have the status that it gives to those that nobody has looked at.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::{done, kubectl, root, shared, tool};

/// Name, kind, generation that was looked at, conditions; what kstatus and what Argo CD are to say.
type Situation = (&'static str, &'static str, i64, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const SITUATIONS: &[Situation] = &[
    ("provisioning", "TenantSet", 1, "Ready=False Provisioning, Reconciling=True Provisioning", "InProgress", "Progressing"),
    ("in-sync", "TenantSet", 1, "Ready=True InSync, Drifted=False NoDrift", "Current", "Healthy"),
    ("rolling-out", "TenantSet", 1, "Ready=False RollingOut, Reconciling=True RollingOut", "InProgress", "Progressing"),
    ("soaking", "TenantSet", 1, "Ready=False Soaking, Reconciling=True Soaking", "InProgress", "Progressing"),
    ("awaiting-approval", "TenantSet", 1, "Ready=False AwaitingApproval, AwaitingApproval=True AwaitingApproval", "InProgress", "Suspended"),
    ("paused", "TenantSet", 1, "Ready=False Paused, Paused=True Paused", "InProgress", "Suspended"),
    ("paused-by-a-wave", "TenantSet", 1, "Ready=False WavePause, Paused=True WavePause", "InProgress", "Suspended"),
    ("suspended", "TenantSet", 1, "Ready=False Suspended, Paused=True Suspended", "InProgress", "Suspended"),
    ("budget-spent", "TenantSet", 1, "Ready=False BudgetSpent, Paused=True BudgetSpent, Stalled=True BudgetSpent", "Failed", "Degraded"),
    ("database-down", "TenantSet", 1, "Ready=False DatabaseUnreachable, DatabasesReachable=False DatabaseUnreachable", "InProgress", "Degraded"),
    ("no-database-yet", "TenantSet", 1, "Ready=False ReferenceMissing, Accepted=False ReferenceMissing", "InProgress", "Progressing"),
    ("definition-refused", "TenantSet", 1, "Ready=False DefinitionRefused, Accepted=False DefinitionRefused, Stalled=True DefinitionRefused", "Failed", "Degraded"),
    ("drifted-with-report", "TenantSet", 1, "Ready=True InSync, Drifted=True TenantsDrifted", "Current", "Healthy"),
    ("somebody-leaves", "TenantSet", 1, "Ready=True InSync, AwaitingApproval=True AwaitingApproval", "Current", "Healthy"),
    ("one-failed", "TenantSet", 1, "Ready=False TenantsFailed, Stalled=True TenantsFailed", "Failed", "Degraded"),
    ("some-blocked", "TenantSet", 1, "Ready=False TenantsBlocked, Stalled=True TenantsBlocked", "Failed", "Degraded"),
    ("drifted-and-not-corrected", "TenantSet", 1, "Ready=False TenantsDrifted, Drifted=True TenantsDrifted", "InProgress", "Degraded"),
    ("outside-of-its-windows", "TenantSet", 1, "Ready=False OutsideWindow, Reconciling=True OutsideWindow", "InProgress", "Progressing"),
    ("changed-since", "TenantSet", 0, "Ready=True InSync", "InProgress", "Progressing"),
    ("failed-and-changed-since", "TenantSet", 0, "Ready=False BudgetSpent, Stalled=True BudgetSpent", "InProgress", "Progressing"),
    ("looked-at-without-a-word", "TenantSet", 1, "", "Current", "Progressing"),
    ("being-deleted", "TenantSet", 1, "Ready=True InSync", "Terminating", "Progressing"),
    ("reached", "TenantDatabase", 1, "Ready=True Reachable, PrivilegesSufficient=False PrivilegesMissing", "Current", "Healthy"),
    ("down", "TenantDatabase", 1, "Ready=False DatabaseUnreachable, Reachable=False DatabaseUnreachable", "InProgress", "Degraded"),
    ("secret-not-there-yet", "TenantDatabase", 1, "Ready=False ReferenceMissing, Reachable=False ReferenceMissing", "InProgress", "Progressing"),
    ("unusable", "TenantDatabase", 1, "Ready=False SpecRefused, Stalled=True SpecRefused", "Failed", "Degraded"),
    ("not-used-yet", "SchemaDefinition", 1, "Ready=Unknown NotCompiled, Accepted=Unknown NotCompiled", "InProgress", "Healthy"),
    ("compiled", "SchemaDefinition", 1, "Ready=True Compiled, Accepted=True Compiled", "Current", "Healthy"),
    ("refused", "SchemaDefinition", 1, "Ready=False DefinitionRefused, Stalled=True DefinitionRefused", "Failed", "Degraded"),
    ("running", "SchemaRollout", 1, "Ready=False RollingOut, Reconciling=True RollingOut", "InProgress", "Progressing"),
    ("waiting", "SchemaRollout", 1, "Ready=False AwaitingApproval, AwaitingApproval=True AwaitingApproval", "InProgress", "Suspended"),
    ("succeeded", "SchemaRollout", 1, "Ready=True Succeeded", "Current", "Healthy"),
    ("failed", "SchemaRollout", 1, "Ready=False Failed, Stalled=True Failed", "Failed", "Degraded"),
    ("superseded", "SchemaRollout", 1, "Ready=True Superseded", "Current", "Healthy"),
    // Those that nobody has looked at, and those of which nobody says anything.
    ("new", "TenantDatabase", -1, "", "InProgress", "Progressing"),
    ("new", "SchemaDefinition", -1, "", "InProgress", "Progressing"),
    ("new", "TenantSet", -1, "", "InProgress", "Progressing"),
    ("new", "SchemaRollout", -1, "", "InProgress", "Progressing"),
    ("new", "SchemaRevision", -1, "", "Current", "Healthy"),
    ("new", "TenantSlice", -1, "", "Current", "Healthy"),
];

const NAMESPACE: &str = "judged";

/// The object as somebody writes it.
fn object((name, kind, ..): &Situation) -> Value {
    let spec = match *kind {
        "TenantDatabase" => json!({"connection": {"secretRef": {"name": "eu-1-app"}}}),
        "SchemaDefinition" => json!({"sql": "CREATE TABLE t (id int)"}),
        "TenantSet" => json!({
            "schemaRef": {"name": "app"},
            "databases": [{"databaseRef": {"name": "eu-1"}, "tenants": {"names": ["acme"]}}],
        }),
        "SchemaRollout" => json!({"tenantSetRef": {"name": "customers"}, "to": "9d02e61f7c"}),
        "SchemaRevision" => json!({
            "definitionRef": {"name": "app"}, "revision": "9d02e61f7c", "contentHash": "9d02e61f".repeat(8), "number": 1,
            "engine": "PostgreSQL", "sources": [{"name": "spec.sql", "bytes": 36}], "sqlGzip": "H4sIAAAAAAAA",
        }),
        _ => Value::Null,
    };
    let mut object = json!({
        "apiVersion": "tenantry.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    });
    if *kind == "TenantSlice" {
        object.as_object_mut().unwrap().remove("spec");
        object["tenantSetRef"] = json!({"name": "customers"});
        object["count"] = json!(0);
        object["tenants"] = json!([]);
    }
    if *name == "being-deleted" {
        // Somebody keeps it a while.
        object["metadata"]["finalizers"] = json!(["example.com/wait"]);
    }
    object
}

/// The same with the status that the operator writes.
fn looked_at(situation: &Situation) -> Value {
    let (_, _, generation, conditions, ..) = situation;
    let condition = |text: &str| {
        let (what, reason) = text.split_once(' ').unwrap();
        let (type_, status) = what.split_once('=').unwrap();
        json!({
            "type": type_, "status": status, "reason": reason, "message": format!("what {type_} says"),
            "observedGeneration": generation, "lastTransitionTime": "2026-11-30T12:00:00Z",
        })
    };
    let conditions: Vec<Value> =
        conditions.split(", ").filter(|text| !text.is_empty()).map(condition).collect();
    let mut object = object(situation);
    object["status"] = json!({"observedGeneration": generation, "conditions": conditions});
    object
}

fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// All objects, as the API server has them.
fn situations() -> Vec<Value> {
    let plane = shared();
    kubectl(plane, &["create", "namespace", NAMESPACE]);
    done(
        plane.kubectl().args(["create", "-f", "-"]),
        &list(&SITUATIONS.iter().map(object).collect::<Vec<_>>()),
    );
    let looked_at = SITUATIONS.iter().filter(|situation| situation.2 >= 0).map(looked_at);
    done(
        plane.kubectl().args(["replace", "--subresource=status", "-f", "-"]),
        &list(&looked_at.collect::<Vec<_>>()),
    );
    kubectl(plane, &["-n", NAMESPACE, "delete", "tenantset", "being-deleted", "--wait=false"]);
    let all = kubectl(plane, &["-n", NAMESPACE, "get", "tdb,sd,ts,sro,srev,tslice", "-o", "json"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    all["items"].as_array().unwrap().clone()
}

/// What a judge says of each: `kind/name` and the status.
fn judged(arguments: &[&str], objects: &[Value]) -> BTreeMap<String, (String, String)> {
    let lines: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let said = done(tool("health").args(arguments), &lines);
    let line = |line: &str| {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        (words.next().unwrap(), (words.next().unwrap(), words.next().unwrap()))
    };
    said.lines().map(line).collect()
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-deploy"]
fn flux_and_argo_cd_say_what_is() {
    let objects = situations();
    let kstatus = judged(&["kstatus"], &objects);
    let flux = judged(&["flux", "deploy/flux/tenantry.yaml"], &objects);
    let argo_cd = judged(&["argocd", "deploy/argocd/health.lua"], &objects);
    let told = |said: &BTreeMap<String, (String, String)>| -> BTreeMap<String, String> {
        said.iter().map(|(name, (status, _))| (name.clone(), status.clone())).collect()
    };
    let expected = |which: fn(&Situation) -> &'static str| -> BTreeMap<String, String> {
        let one =
            |situation: &Situation| (format!("{}/{}", situation.1, situation.0), which(situation).to_owned());
        SITUATIONS.iter().map(one).collect()
    };
    assert_eq!(told(&kstatus), expected(|situation| situation.4));
    assert_eq!(told(&argo_cd), expected(|situation| situation.5));
    // What the sample's expressions say of TenantSets otherwise than kstatus.
    let other = told(&flux).into_iter().filter(|(name, status)| told(&kstatus).get(name) != Some(status));
    let other: Vec<String> = other.map(|(name, status)| format!("{name}: {status}")).collect();
    let differ = ["TenantSet/being-deleted: InProgress", "TenantSet/looked-at-without-a-word: InProgress"];
    assert_eq!(other, differ);
    // The words are those of the condition that decides.
    for (name, message) in [
        ("TenantSet/budget-spent", "BudgetSpent: what Stalled says"),
        ("TenantSet/awaiting-approval", "AwaitingApproval: what Ready says"),
        ("TenantSet/rolling-out", "RollingOut: what Reconciling says"),
        ("TenantSet/one-failed", "TenantsFailed: what Stalled says"),
        ("TenantSet/in-sync", "InSync: what Ready says"),
        ("TenantSet/being-deleted", "It is being deleted"),
    ] {
        assert_eq!(argo_cd[name].1, message);
    }
    assert_eq!(kstatus["TenantSet/budget-spent"].1, "what Stalled says");
}

/// What stands in Argo CD's ConfigMap is that script, for each kind that there is.
#[test]
#[ignore = "needs kubectl: make test-deploy"]
fn argo_cd_is_told_of_every_kind() {
    let config = super::objects(&super::kustomize("deploy/argocd"));
    let [config] = config.as_slice() else { panic!("more than one object: {config:?}") };
    assert_eq!((&config["kind"], &config["metadata"]["name"]), (&json!("ConfigMap"), &json!("argocd-cm")));
    let mut keys: Vec<String> = Vec::new();
    for file in fs::read_dir(root().join("crds")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "yaml") {
            let crd: Value = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let kind = crd["spec"]["names"]["kind"].as_str().unwrap();
            keys.push(format!("resource.customizations.health.tenantry.dev_{kind}"));
        }
    }
    keys.sort();
    let data = config["data"].as_object().unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), keys.iter().collect::<Vec<_>>());
    let script = fs::read_to_string(root().join("deploy/argocd/health.lua")).unwrap();
    assert!(data.values().all(|text| text == &script));
}
