//! Kustomizations and chart: sound, accepted by an API server, and the same.

use serde_json::{Value, json};
use tenantry_testkit::kube::ControlPlane;

use super::{done, find, kubectl, kustomize, objects, root, say, shared, template, tool};

/// Settings of the chart that change what it renders; PodMonitors are no kind of this API server.
const SETTINGS: &[&[&str]] = &[
    &[],
    &["--set=clusterWide=true"],
    &["--set=secretNames={eu-1-app,eu-1-ca}"],
    &["--set=crds.enabled=false", "--set=podDisruptionBudget.enabled=false", "--set=replicas=1"],
    &["--set=serviceAccount.create=false", "--set=serviceAccount.name=mine", "--set=log=debug"],
    &[
        "--set=image.digest=sha256:4be1c0d29a774be1c0d29a774be1c0d29a774be1c0d29a774be1c0d29a77aaaa",
        "--set=imagePullSecrets[0].name=registry",
        "--set=labels.team=platform,annotations.owner=us,podLabels.mesh=no,podAnnotations.scrape=yes",
        "--set=serviceAccount.annotations.role=it",
        "--set=nodeSelector.disk=fast,priorityClassName=system-cluster-critical",
        "--set=tolerations[0].operator=Exists",
        "--set-json=affinity={\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"gpu\",\"operator\":\"DoesNotExist\"}]}]}}}",
    ],
];

/// A namespace in which only pods of the strictest level may be.
fn restricted(name: &str) {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let metadata = json!({"name": name, "labels": labels});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    done(shared().kubectl().args(["apply", "--server-side", "-f", "-"]), &namespace.to_string());
}

/// What an API server says of these manifests, without doing anything.
fn try_out(namespace: &str, yaml: &str) {
    let arguments = ["apply", "--server-side", "--dry-run=server", "--namespace", namespace, "-f", "-"];
    let said = say(shared().kubectl().args(arguments), yaml);
    assert!(said.success, "{}\n{yaml}", said.errors);
    assert!(!said.errors.contains("Warning"), "{}", said.errors);
}

/// Asks the same of a Deployment's pod: only of pods the level of a namespace is demanded.
fn refused_pod(namespace: &str, pod: &Value) -> String {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": pod});
    let arguments = ["create", "--dry-run=server", "--namespace", namespace, "-f", "-"];
    say(shared().kubectl().args(arguments), &pod.to_string()).errors
}

#[test]
#[ignore = "needs etcd, kube-apiserver and helm: make test-deploy"]
fn an_api_server_accepts_what_kustomize_makes() {
    restricted("kustomized");
    let base = kustomize("deploy/base");
    try_out("kustomized", &base);
    let everywhere = kustomize("deploy/cluster-wide");
    let namespace = find(&objects(&everywhere), "Namespace", "tenantry-system").to_string();
    // What is tried out is not there for what follows it.
    done(shared().kubectl().args(["apply", "--server-side", "-f", "-"]), &namespace);
    try_out("tenantry-system", &everywhere);
    for yaml in [base, everywhere] {
        let mut pod =
            find(&objects(&yaml), "Deployment", "tenantry-operator")["spec"]["template"]["spec"].clone();
        assert_eq!(refused_pod("kustomized", &pod), "");
        pod["securityContext"]["runAsNonRoot"] = json!(false);
        let refused = refused_pod("kustomized", &pod);
        assert!(refused.contains("violates PodSecurity \"restricted:latest\""), "{refused}");
    }
}

#[test]
#[ignore = "needs etcd, kube-apiserver and helm: make test-deploy"]
fn an_api_server_accepts_what_the_chart_makes() {
    restricted("charted");
    for settings in SETTINGS {
        done(tool("helm").args(["lint", "--strict", "--quiet", "charts/tenantry"]).args(*settings), "");
        let yaml = template("charted", settings);
        try_out("charted", &yaml);
        let objects = objects(&yaml);
        let pod = &find(&objects, "Deployment", "tenantry-operator")["spec"]["template"]["spec"];
        assert_eq!(refused_pod("charted", pod), "", "{settings:?}");
    }
}

#[test]
#[ignore = "needs helm: make test-deploy"]
fn the_chart_does_what_its_values_say() {
    let of = |settings: &[&str]| objects(&template("shop", settings));
    let kinds = |settings: &[&str]| {
        let mut kinds: Vec<String> =
            of(settings).iter().map(|object| object["kind"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    let few = ["Deployment", "Role", "RoleBinding", "Service"];
    let without = ["crds.enabled", "podDisruptionBudget.enabled", "serviceAccount.create"];
    let without = without.map(|name| format!("--set={name}=false"));
    let mut without: Vec<&str> = without.iter().map(String::as_str).collect();
    without.push("--set=serviceAccount.name=mine");
    assert_eq!(kinds(&without), few);
    without.extend(["--set=podMonitor.enabled=true", "--set=podMonitor.labels.release=prometheus"]);
    let monitored = of(&without);
    let monitor = find(&monitored, "PodMonitor", "tenantry-operator");
    assert_eq!(monitor["metadata"]["labels"]["release"], "prometheus");
    let deployment = find(&monitored, "Deployment", "tenantry-operator");
    let pod = &deployment["spec"]["template"];
    assert_eq!(monitor["spec"]["selector"], deployment["spec"]["selector"]);
    assert_eq!(
        monitor["spec"]["podMetricsEndpoints"][0]["port"],
        pod["spec"]["containers"][0]["ports"][0]["name"]
    );
    assert_eq!(pod["spec"]["serviceAccountName"], "mine");

    let set = of(SETTINGS.last().unwrap());
    let deployment = find(&set, "Deployment", "tenantry-operator");
    let (metadata, pod) = (&deployment["metadata"], &deployment["spec"]["template"]);
    assert_eq!(
        (&metadata["labels"]["team"], &metadata["annotations"]["owner"]),
        (&json!("platform"), &json!("us"))
    );
    let labels = &pod["metadata"]["labels"];
    assert_eq!((&labels["team"], &labels["mesh"]), (&json!("platform"), &json!("no")));
    assert_eq!(pod["metadata"]["annotations"]["scrape"], "yes");
    for (label, value) in deployment["spec"]["selector"]["matchLabels"].as_object().unwrap() {
        assert_eq!(&labels[label], value, "the selector finds the pods");
    }
    let image = pod["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.starts_with("ghcr.io/tenantry/tenantry-operator@sha256:4be1"), "{image}");
    assert_eq!(find(&set, "ServiceAccount", "tenantry-operator")["metadata"]["annotations"]["role"], "it");

    let log = of(&["--set=log=debug"]);
    let environment =
        &find(&log, "Deployment", "tenantry-operator")["spec"]["template"]["spec"]["containers"][0]["env"];
    assert!(environment.as_array().unwrap().contains(&json!({"name": "RUST_LOG", "value": "debug"})));
}

#[test]
#[ignore = "needs helm: make test-deploy"]
fn values_that_are_wrong_are_refused() {
    for (setting, said) in [
        ("clusterwide=true", "clusterwide"),
        ("replicas=two", "/replicas"),
        ("secretNames=eu-1-app", "/secretNames"),
        ("secretNames={Eu_1}", "/secretNames/0"),
        ("image.digest=4be1c0d2", "/image/digest"),
        ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
        ("serviceAccount.create=false", "/serviceAccount/name"),
        ("podMonitor.interval=often", "/podMonitor/interval"),
        ("crds.keep=false", "/crds"),
    ] {
        let refused = say(tool("helm").args(["template", "charts/tenantry", "--set", setting]), "");
        assert!(!refused.success, "{setting} is taken");
        assert!(refused.errors.contains(said), "{setting}: {}", refused.errors);
    }
}

#[test]
fn every_value_is_in_the_schema_and_every_entry_of_the_schema_is_a_value() {
    fn names(path: &str, values: &Value, schema: &Value, faults: &mut Vec<String>) {
        let (Some(values), Some(entries)) = (values.as_object(), schema["properties"].as_object()) else {
            return;
        };
        for name in entries.keys().filter(|name| !values.contains_key(*name) && *name != "global") {
            faults.push(format!("{path}/{name} is not in values.yaml"));
        }
        for (name, value) in values {
            match entries.get(name) {
                Some(entry) => names(&format!("{path}/{name}"), value, entry, faults),
                None => faults.push(format!("{path}/{name} is not in values.schema.json")),
            }
        }
    }
    let read = |file: &str| std::fs::read_to_string(root().join("charts/tenantry").join(file)).unwrap();
    let values: Value = serde_saphyr::from_str(&read("values.yaml")).unwrap();
    let mut faults = Vec::new();
    names("", &values, &serde_json::from_str(&read("values.schema.json")).unwrap(), &mut faults);
    assert_eq!(faults, [""; 0]);
}

/// Both say the same of what matters; how the objects are labelled is each one's own.
#[test]
#[ignore = "needs helm and kubectl: make test-deploy"]
fn chart_and_kustomizations_install_the_same() {
    /// `1` and `1.0` are one number; whose pods these are says a label of the release.
    fn normalise(value: &mut Value) {
        if let Some(fields) = value.as_object_mut() {
            fields.remove("app.kubernetes.io/instance");
            fields.values_mut().for_each(normalise);
        } else if let Some(items) = value.as_array_mut() {
            items.iter_mut().for_each(normalise);
        } else if let Some(number) = value.as_f64() {
            *value = json!(number);
        }
    }
    let essence = |yaml: &str| {
        let mut essence: Vec<(String, String, Value)> = Vec::new();
        for mut object in objects(yaml) {
            normalise(&mut object);
            let kind = object["kind"].as_str().unwrap().to_owned();
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            // Everything but the labels, annotations and namespaces.
            let fields = object.as_object_mut().unwrap();
            fields.remove("metadata");
            for subject in fields.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
                subject.as_object_mut().unwrap().remove("namespace");
            }
            if kind != "Namespace" {
                essence.push((kind, name, object));
            }
        }
        essence.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        essence
    };
    for (settings, folder) in
        [("--set=clusterWide=false", "deploy/base"), ("--set=clusterWide=true", "deploy/cluster-wide")]
    {
        let (chart, kustomization) = (essence(&template("shop", &[settings])), essence(&kustomize(folder)));
        let names = |all: &[(String, String, Value)]| {
            all.iter().map(|(kind, name, _)| format!("{kind} {name}")).collect::<Vec<_>>()
        };
        assert_eq!(names(&chart), names(&kustomization));
        for (one, other) in chart.iter().zip(&kustomization) {
            assert_eq!(one, other);
        }
    }
}

#[test]
#[ignore = "needs helm and kubectl: make test-deploy"]
fn they_install_the_version_that_is_in_the_tree() {
    let cargo = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let version = cargo.lines().find_map(|line| line.strip_prefix("version = ")).unwrap().trim_matches('"');
    let chart = std::fs::read_to_string(root().join("charts/tenantry/Chart.yaml")).unwrap();
    let chart: Value = serde_saphyr::from_str(&chart).unwrap();
    assert_eq!((chart["appVersion"].as_str(), chart["version"].as_str()), (Some(version), Some(version)));
    let base = objects(&kustomize("deploy/base"));
    let deployment = find(&base, "Deployment", "tenantry-operator");
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(image, &format!("ghcr.io/tenantry/tenantry-operator:{version}"));
}

#[test]
#[ignore = "needs etcd, kube-apiserver and helm: make test-deploy"]
fn custom_resources_outlive_the_release() {
    let plane = ControlPlane::start().unwrap();
    let helm = |arguments: &[&str]| {
        done(tool("helm").env("KUBECONFIG", plane.kubeconfig()).args(arguments), "");
    };
    let place = ["tenantry", "--namespace", "shop"];
    helm(
        &[&["install", "--create-namespace", "charts/tenantry"], &place[1..], &["--name-template", place[0]]]
            .concat(),
    );
    kubectl(&plane, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    kubectl(&plane, &["apply", "-n", "shop", "-f", "deploy/samples/definition.yaml"]);
    helm(&[&["upgrade", place[0], "charts/tenantry", "--set=secretNames={eu-1-app}"], &place[1..]].concat());
    let rules = kubectl(&plane, &["get", "role", "tenantry", "-n", "shop", "-o", "json"]);
    assert!(rules.contains("eu-1-app"), "{rules}");
    helm(&[&["uninstall"], &place[..]].concat());
    assert_eq!(kubectl(&plane, &["get", "deployments,roles,services", "-n", "shop", "-o", "name"]), "");
    let left = kubectl(&plane, &["get", "schemadefinitions", "-n", "shop", "-o", "name"]);
    assert_eq!(left.trim(), "schemadefinition.tenantry.dev/app");
}
