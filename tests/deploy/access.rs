//! What the operator's service account may do: this and no more, said by the API server itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{done, kubectl, kustomize, say, shared, template};

const ACCOUNT: &str = "tenantry-operator";

/// A group, resources of it, and the verbs.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str]);

/// What is done with the objects that are served.
const SERVED: &[Rule] = &[
    ("tenantry.dev", &["tenantdatabases", "schemadefinitions", "tenantsets"], &["get", "list", "watch"]),
    (
        "tenantry.dev",
        &["tenantdatabases/status", "schemadefinitions/status", "tenantsets/status", "schemarollouts/status"],
        &["patch"],
    ),
    (
        "tenantry.dev",
        &["schemarollouts", "schemarevisions", "tenantslices"],
        &["get", "list", "watch", "create", "patch", "delete"],
    ),
    ("", &["secrets", "configmaps"], &["get", "list", "watch"]),
    ("", &["namespaces"], &["get"]),
    ("events.k8s.io", &["events"], &["create", "patch"]),
];

/// What is done in the operator's own namespace only.
const OWN: &[Rule] =
    &[("coordination.k8s.io", &["leases"], &["get", "list", "watch", "create", "update", "patch"])];

/// `verb group/resource[names]`, each.
fn flat(rules: &[&[Rule]]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (group, resources, verbs) in rules.iter().copied().flatten() {
        for resource in *resources {
            all.extend(verbs.iter().map(|verb| format!("{verb} {group}/{resource}")));
        }
    }
    all
}

/// Whom kubectl speaks for.
fn account(home: &str) -> String {
    format!("--as=system:serviceaccount:{home}:{ACCOUNT}")
}

/// What the API server says the account of `home` may do in a namespace, but for what every service account may.
fn may(home: &str, namespace: &str) -> BTreeSet<String> {
    let of_all = rules("--as=system:serviceaccount:nowhere:nobody", namespace);
    &rules(&account(home), namespace) - &of_all
}

/// Everything that somebody may do in a namespace.
fn rules(whom: &str, namespace: &str) -> BTreeSet<String> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let said = done(
        shared().kubectl().args(["create", "--validate=false", "-o", "json", "-f", "-", whom]),
        &review.to_string(),
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["status"]["incomplete"], json!(false), "{said}");
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut all = BTreeSet::new();
    for rule in said["status"]["resourceRules"].as_array().unwrap() {
        let names = texts(&rule["resourceNames"]);
        let names = if names.is_empty() { String::new() } else { format!("[{}]", names.join(" ")) };
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                all.extend(
                    texts(&rule["verbs"]).iter().map(|verb| format!("{verb} {group}/{resource}{names}")),
                );
            }
        }
    }
    all
}

/// Namespaces, with a Secret, a ConfigMap and a TenantSet in each.
fn make(namespaces: &[&str]) {
    for namespace in namespaces {
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "eu-1-app", "namespace": namespace}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "payroll", "namespace": namespace}},
            {
                "apiVersion": "tenantry.dev/v1alpha1",
                "kind": "TenantSet",
                "metadata": {"name": "customers", "namespace": namespace},
                "spec": {
                    "schemaRef": {"name": "app"},
                    "databases": [{"databaseRef": {"name": "eu-1"}, "tenants": {"names": ["acme"]}}],
                },
            },
        ]});
        done(shared().kubectl().args(["apply", "--server-side", "-f", "-"]), &objects.to_string());
    }
}

fn install(namespace: &str, yaml: &str) {
    done(shared().kubectl().args(["apply", "--server-side", "--namespace", namespace, "-f", "-"]), yaml);
}

/// Tries it as the account of `home`: what the API server refused, if anything.
fn refused(home: &str, arguments: &[&str]) -> Option<String> {
    let said = say(shared().kubectl().args(arguments).arg(account(home)), "");
    (!said.success).then_some(said.errors)
}

fn allowed(home: &str, arguments: &[&str]) {
    assert_eq!(refused(home, arguments), None, "{arguments:?}");
}

fn forbidden(home: &str, arguments: &[&str]) {
    let said = refused(home, arguments).unwrap_or_default();
    assert!(said.contains("Forbidden") || said.contains("forbidden"), "{arguments:?}: {said}");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-deploy"]
fn by_default_it_may_do_its_work_in_its_namespace_and_nothing_elsewhere() {
    make(&["served", "elsewhere"]);
    install("served", &kustomize("deploy/base"));
    assert_eq!(may("served", "served"), flat(&[SERVED, OWN]));
    assert_eq!(may("served", "elsewhere"), BTreeSet::new());

    allowed("served", &["get", "namespace", "served"]);
    allowed("served", &["-n", "served", "get", "secrets,configmaps,tdb,sd,ts,sro,srev,tslice"]);
    // As the operator writes status: by server-side apply.
    let status = json!({
        "apiVersion": "tenantry.dev/v1alpha1",
        "kind": "TenantSet",
        "metadata": {"name": "customers", "namespace": "served"},
        "status": {"observedGeneration": 1},
    });
    let apply = ["apply", "--server-side", "--validate=false", "-f", "-", &account("served")];
    done(shared().kubectl().args(apply).arg("--subresource=status"), &status.to_string());
    let refused = say(shared().kubectl().args(apply), &status.to_string()).errors;
    assert!(refused.contains("forbidden"), "{refused}");

    forbidden("served", &["get", "namespace", "elsewhere"]);
    forbidden("served", &["get", "namespaces"]);
    forbidden("served", &["-n", "elsewhere", "get", "secret", "eu-1-app"]);
    forbidden("served", &["get", "ts", "--all-namespaces"]);
    let spec = r#"--patch={"spec": {"suspend": true}}"#;
    forbidden("served", &["-n", "served", "patch", "ts", "customers", "--type=merge", spec]);
    forbidden("served", &["-n", "served", "delete", "ts", "customers"]);
    forbidden("served", &["-n", "served", "create", "secret", "generic", "mine"]);
    // kubectl's own word for it.
    for (question, answer) in [
        (["watch", "secrets", ""], "yes"),
        (["patch", "tenantsets.tenantry.dev", "status"], "yes"),
        (["patch", "tenantsets.tenantry.dev", ""], "no"),
        (["create", "pods", ""], "no"),
    ] {
        let [verb, what, part] = question;
        let part = format!("--subresource={part}");
        let arguments = ["auth", "can-i", verb, what, &part, "--namespace=served", &account("served")];
        assert_eq!(say(shared().kubectl().args(arguments), "").output.trim(), answer, "{question:?}");
    }
}

#[test]
#[ignore = "needs etcd, kube-apiserver and helm: make test-deploy"]
fn secrets_can_be_named() {
    make(&["named"]);
    install(
        "named",
        &template("named", &["--set=crds.enabled=false", "--set=secretNames={eu-1-app,eu-1-ca}"]),
    );
    let all = flat(&[SERVED, OWN]);
    let named = |rule: &String| match rule.strip_suffix("/secrets") {
        Some(verb) => format!("{verb}/secrets[eu-1-app eu-1-ca]"),
        None => rule.clone(),
    };
    assert_eq!(may("named", "named"), all.iter().map(named).collect());

    // As the operator asks: by the name, also where it lists and watches.
    let list = ["-n", "named", "get", "secrets", "--field-selector"];
    allowed("named", &[&list[..], &["metadata.name=eu-1-app"]].concat());
    allowed("named", &["-n", "named", "get", "secret", "eu-1-app"]);
    forbidden("named", &[&list[..], &["metadata.name=payroll"]].concat());
    forbidden("named", &["-n", "named", "get", "secret", "payroll"]);
    forbidden("named", &["-n", "named", "get", "secrets"]);
}

#[test]
#[ignore = "needs etcd, kube-apiserver and helm: make test-deploy"]
fn cluster_wide_it_may_do_the_same_everywhere_but_for_its_lease() {
    make(&["tenantry-system", "tenantry-chart", "anywhere"]);
    let chart = template("tenantry-chart", &["--set=clusterWide=true"]);
    for (home, yaml) in [("tenantry-system", kustomize("deploy/cluster-wide")), ("tenantry-chart", chart)] {
        // Both have the same name: what was there before must not answer for what comes now.
        kubectl(shared(), &["delete", "clusterrole,clusterrolebinding", ACCOUNT, "--ignore-not-found"]);
        install(home, &yaml);
        assert_eq!(may(home, home), flat(&[SERVED, OWN]));
        assert_eq!(may(home, "anywhere"), flat(&[SERVED]));
        allowed(home, &["get", "tdb,ts", "--all-namespaces"]);
        forbidden(home, &["get", "namespaces"]);
        forbidden(home, &["-n", "anywhere", "delete", "ts", "customers"]);
    }
}
