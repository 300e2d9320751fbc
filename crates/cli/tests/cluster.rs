//! The commands for a cluster, as the binary, on a real API server: `make test-api-server`. Objects and their statuses are written
//! by kubectl, and what the commands wrote is read by kubectl.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy does not take the functions beside the tests for tests"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tenantry_testkit::kube::ControlPlane;

const OLD: &str = "7f3c2a91b0";
const NEW: &str = "9d02e61f7c";
const WHOLE: &str = "4be1c0d29a770000000000000000000000000000000000000000000000000000";
const LEAVING: &str = "aa11bb22cc330000000000000000000000000000000000000000000000000000";

struct Scene {
    plane: ControlPlane,
    kubeconfig: std::path::PathBuf,
    folder: tempfile::TempDir,
}

/// What a command said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Scene {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-tenantry"));
        command.env("KUBECONFIG", &self.kubeconfig).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs what has to end with this code and say these words.
    fn says(&self, arguments: &str, code: i32, words: &[&str]) -> String {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let said = self.run(&arguments);
        let all = format!("{}{}", said.out, said.err);
        assert_eq!(said.code, Some(code), "{arguments:?}: {all}");
        for word in words {
            assert!(all.contains(word), "{arguments:?} does not say {word:?}: {all}");
        }
        said.out
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.plane.kubectl().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn apply(&self, yaml: &str) {
        let mut kubectl =
            self.plane.kubectl().args(["apply", "-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        kubectl.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
        assert!(kubectl.wait().unwrap().success(), "{yaml}");
    }

    fn status(&self, object: &str, status: &str) {
        let patch = format!("{{\"status\": {status}}}");
        self.kubectl(&["patch", object, "--subresource=status", "--type=merge", "-p", &patch]);
    }

    fn field(&self, object: &str, path: &str) -> String {
        self.kubectl(&["get", object, "-o", &format!("jsonpath={{{path}}}")])
    }

    /// That the operator, which is not there, has seen all orders.
    fn orders_are_seen(&self) {
        let generation = self.field(ROLLOUT, ".metadata.generation");
        self.status(ROLLOUT, &format!("{{\"observedGeneration\": {generation}}}"));
    }

    /// Another kubeconfig, with something else in a place of this one.
    fn other(&self, name: &str, from: &str, to: &str) -> String {
        let text = std::fs::read_to_string(&self.kubeconfig).unwrap();
        assert!(text.contains(from), "{text}");
        let path = self.folder.path().join(name);
        std::fs::write(&path, text.replace(from, to)).unwrap();
        path.display().to_string()
    }
}

const SET: &str = "tenantset/customers";
const ROLLOUT: &str = "schemarollout/customers-9d02e61f7c";

fn condition(type_: &str, status: &str, reason: &str) -> String {
    format!(
        "{{\"type\": \"{type_}\", \"status\": \"{status}\", \"reason\": \"{reason}\", \"message\": \"{reason} it is\", \
         \"lastTransitionTime\": \"2026-11-25T14:02:00Z\"}}"
    )
}

fn objects() -> String {
    let zeros = "0".repeat(54);
    let revision = |digits: &str, number: u8| {
        format!(
            "---\napiVersion: tenantry.dev/v1alpha1\nkind: SchemaRevision\nmetadata: {{name: app-{digits}}}\nspec: {{definitionRef: \
             {{name: app}}, revision: '{digits}', contentHash: '{digits}{zeros}', number: {number}, engine: PostgreSQL, sources: \
             [{{name: spec.sql, bytes: 1}}], sqlGzip: eA==}}\n"
        )
    };
    format!(
        "apiVersion: tenantry.dev/v1alpha1
kind: TenantSet
metadata: {{name: customers}}
spec: {{schemaRef: {{name: app}}, databases: [{{databaseRef: {{name: eu-1}}, tenants: {{names: [acme, globex, initech]}}}}]}}
---
apiVersion: tenantry.dev/v1alpha1
kind: TenantDatabase
metadata: {{name: eu-1}}
spec: {{connection: {{secretRef: {{name: eu-1-login}}}}}}
---
apiVersion: tenantry.dev/v1alpha1
kind: SchemaRollout
metadata: {{name: customers-{NEW}}}
spec: {{tenantSetRef: {{name: customers}}, from: '{OLD}', to: '{NEW}'}}
---
apiVersion: tenantry.dev/v1alpha1
kind: TenantSlice
metadata: {{name: customers-1}}
tenantSetRef: {{name: customers}}
count: 3
tenants:
- {{name: acme, database: eu-1, schema: tenant_acme, state: Failed, message: unique_violation, since: '2026-11-25T14:02:00Z'}}
- {{name: globex, database: eu-1, schema: tenant_globex, state: Drifted, fingerprint: aaaaaaaaaa}}
- {{name: initech, database: eu-1, schema: tenant_initech, state: Failed, message: unique_violation}}
---
apiVersion: tenantry.dev/v1alpha1
kind: TenantSlice
metadata: {{name: others-1}}
tenantSetRef: {{name: others}}
count: 1
tenants: [{{name: stranger, database: eu-1, schema: tenant_stranger, state: Failed}}]
{}{}",
        revision(OLD, 1),
        revision(NEW, 2)
    )
}

fn awaiting(scene: &Scene) {
    let ready = condition("Ready", "False", "AwaitingApproval");
    let waits = condition("AwaitingApproval", "True", "AwaitingApproval");
    scene.status(
        SET,
        &format!(
            "{{\"observedGeneration\": 1, \"revision\": \"{NEW}\", \"conditions\": [{ready}, {waits}], \"rolloutRef\": {{\"name\": \
             \"customers-{NEW}\"}}, \"tenants\": {{\"total\": 3, \"failed\": 2, \"drifted\": 1}}, \"leaving\": {{\"digest\": \
             \"{LEAVING}\", \"tenants\": 1, \"examples\": [\"gone\"]}}, \"drift\": [{{\"fingerprint\": \"aaaaaaaaaa\", \"revision\": \
             \"{OLD}\", \"tenants\": 1, \"examples\": [\"globex\"], \"differencesTotal\": 1, \"differences\": [\"index mine is not \
             in the definition\"]}}]}}"
        ),
    );
    scene.status(
        ROLLOUT,
        &format!(
            "{{\"observedGeneration\": 1, \"state\": \"AwaitingApproval\", \"digest\": \"{WHOLE}\", \"wave\": \"-\", \"done\": \
             \"0/3\", \"failed\": 0, \"waves\": [{{\"name\": \"canary\", \"tenants\": 1, \"done\": 0, \"failed\": 0}}, {{\"name\": \
             \"rest\", \"tenants\": 2, \"done\": 0, \"failed\": 0}}], \"groups\": [{{\"from\": \"v1:a\", \"to\": \"v1:b\", \
             \"tenants\": 3, \"statements\": [\"ALTER TABLE invoice DROP COLUMN fax\"], \"statementsTotal\": 1}}], \
             \"conditions\": [{}]}}",
            condition("Proved", "True", "Proved")
        ),
    );
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_cluster_is_read_and_given_orders() {
    let plane = ControlPlane::start().unwrap();
    let scene = Scene { kubeconfig: plane.kubeconfig(), plane, folder: tempfile::tempdir().unwrap() };
    without_anything(&scene);
    let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds");
    scene.kubectl(&["apply", "--server-side", "-f", crds.to_str().unwrap()]);
    scene.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    scene.kubectl(&["create", "namespace", "empty"]);

    scene.says("status", 0, &["No TenantSets in namespace default; -A looks in all namespaces"]);
    scene.apply(&objects());
    scene.says("status customers", 1, &["customers: no operator has looked at it yet"]);
    scene.says("approve customers 4be1c0d29a77", 2, &["tenantset/customers has no rollout yet"]);
    let absent = "there is no TenantSet custmers in namespace default; there is customers";
    scene.says("status custmers", 2, &[absent]);
    scene.says("plan customers -n empty", 2, &["no TenantSet customers in namespace empty; there is none"]);
    nobody_may(&scene);

    awaiting(&scene);
    reads(&scene);
    orders(&scene);
    together(&scene);
    back(&scene);
    followed(&scene);
}

fn without_anything(scene: &Scene) {
    scene.says(
        "status",
        2,
        &["does not know tenantsets.tenantry.dev", "kubectl apply --server-side -f crds/"],
    );
    scene.says("status customers", 2, &["does not know tenantsets.tenantry.dev"]);
    scene.says("status --context other", 2, &["the kubeconfig cannot be used", "other"]);
    scene.says("status --kubeconfig /nowhere", 2, &["the kubeconfig cannot be used", "/nowhere"]);
    let text = std::fs::read_to_string(&scene.kubeconfig).unwrap();
    let server = text.split("https://").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let silent = scene.other("silent", server, "127.0.0.1:1");
    scene.says(
        &format!("status --kubeconfig {silent}"),
        2,
        &["https://127.0.0.1:1 does not answer", "refused"],
    );
    let token = text.split("\"token\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let stranger = scene.other("stranger", token, "0123456789");
    scene.says(&format!("status --kubeconfig {stranger}"), 2, &["does not take the login"]);
}

fn nobody_may(scene: &Scene) {
    scene.kubectl(&["create", "serviceaccount", "nobody"]);
    let token = scene.kubectl(&["create", "token", "nobody"]);
    let text = std::fs::read_to_string(&scene.kubeconfig).unwrap();
    let old = text.split("\"token\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let nobody = scene.other("nobody", old, token.trim());
    let words = ["not allowed", "can grant list on tenantsets.tenantry.dev in namespace default"];
    scene.says(&format!("status --kubeconfig {nobody}"), 2, &words);
}

fn reads(scene: &Scene) {
    let status = scene.says(
        "status customers",
        1,
        &[
            "customers: 0 of 3 tenants",
            "AwaitingApproval: ",
            "kubectl tenantry approve customers 4be1c0d29a77",
        ],
    );
    assert!(status.lines().next().unwrap().contains("2 failed, 1 drifted"), "{status}");
    scene.says("status -A", 1, &["0 of 1 TenantSet in the cluster are ready", "default/customers"]);
    scene.says("plan customers", 0, &["3 tenants in 1 group, proved", "DROP COLUMN fax;", "4be1c0d29a77"]);
    let plan = scene.says("plan customers -o json", 0, &[]);
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["digest"], WHOLE);
    let failed = scene.says("tenants customers --failed", 0, &["2 of 3 tenants", "unique_violation"]);
    assert!(!failed.contains("stranger") && !failed.contains("globex"), "{failed}");
    scene.says("tenants customers acmee", 2, &["tenantset/customers has no tenant acmee (it has 3)"]);
    scene.says("drift customers", 1, &["1 of 3 tenants differs", "index mine is not in the definition"]);
    scene.says("drift customers acme", 0, &["acme is Failed"]);
    scene.says("diff customers globex", 1, &["globex differs", "correct customers globex"]);
    scene.says("history customers", 0, &["1 rollout, 2 revisions", "rollback customers --to 7f3c2a91b0"]);
    scene.says("doctor", 1, &["tenantdatabase/eu-1: 1 error", "it has not looked at this yet"]);
    scene.says("doctor nowhere", 2, &["there is no TenantDatabase nowhere"]);
    scene.says("doctor eu-1 -f manifests/", 2, &["cannot be used with"]);
}

fn orders(scene: &Scene) {
    scene.says(
        "approve customers 4be1c0d29a78",
        2,
        &["nothing that waits", "there is 4be1c0d29a77 (the whole"],
    );
    assert_eq!(scene.field(ROLLOUT, ".spec.approvals"), "");
    scene.says("approve customers 4be1c0d29a77", 0, &["Approved as admin: the whole rollout"]);
    assert_eq!(scene.field(ROLLOUT, ".spec.approvals[*].digest"), WHOLE);
    assert_eq!(scene.field(ROLLOUT, ".spec.approvals[*].by"), "admin");
    scene.says("approve customers 4be1c0d29a77 --by bob", 0, &["is approved already by admin"]);
    let leaving = scene.says("approve customers aa11bb22cc33 --by bob -o json", 0, &[]);
    let leaving: serde_json::Value = serde_json::from_str(&leaving).unwrap();
    assert_eq!(leaving["written"], true);
    assert_eq!(scene.field(ROLLOUT, ".spec.approvals[*].by"), "admin bob");
    let managers =
        ["get", ROLLOUT, "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}"];
    assert!(scene.kubectl(&managers).contains("kubectl-tenantry"));

    scene.says("pause customers", 0, &["is paused: what is under way is finished"]);
    assert_eq!(scene.field(ROLLOUT, ".spec.paused"), "true");
    scene.says("resume customers", 0, &["is not paused any more"]);
    assert_eq!(scene.field(ROLLOUT, ".spec.paused"), "false");
    scene.says("resume customers", 2, &["is not paused: AwaitingApproval"]);
    let waits = condition("Paused", "True", "WavePause");
    scene.status(
        ROLLOUT,
        &format!("{{\"state\": \"Paused\", \"wave\": \"2/2 rest\", \"conditions\": [{waits}]}}"),
    );
    scene.says("resume customers", 0, &["goes on after wave canary"]);
    assert_eq!(scene.field(ROLLOUT, ".spec.resumed[*].wave"), "canary");

    scene.says("retry customers globex", 2, &["globex is Drifted: only tenants that are Failed or Blocked"]);
    scene.says("retry customers --failed", 0, &["Tried once more: 2 tenants: acme, initech"]);
    assert_eq!(scene.field(ROLLOUT, ".spec.retries[*].tenant"), "acme initech");
    scene.says("skip customers acme", 0, &["Left out"]);
    assert_eq!(scene.field(ROLLOUT, ".spec.skips[*].tenant"), "acme");
    scene.says("correct customers --group A", 0, &["1 tenant: globex"]);
    assert_eq!(scene.field(ROLLOUT, ".spec.corrections[*].tenant"), "globex");
    scene.says("correct customers acme", 2, &["acme is Failed: only tenants that are Drifted"]);
    scene.says("correct customers", 2, &["required"]);
    assert_eq!(scene.field(SET, ".metadata.generation"), "1", "orders never touch the set");
}

/// Orders that are given at the same moment: none gets lost.
fn together(scene: &Scene) {
    let all: Vec<_> = ["acme", "globex", "initech"]
        .iter()
        .map(|tenant| {
            let mut command = scene.command(&["skip", "customers", tenant, "--by", tenant]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for one in all {
        let said = Said::from(one.wait_with_output().unwrap());
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    }
    let by = scene.field(ROLLOUT, ".spec.skips[*].by");
    let mut by: Vec<&str> = by.split_whitespace().collect();
    by.sort_unstable();
    assert_eq!(by, ["acme", "globex", "initech"]);
}

fn back(scene: &Scene) {
    scene.says("rollback customers", 0, &["commit this", "revision: 7f3c2a91b0", "Nothing was changed"]);
    assert_eq!(scene.field(SET, ".spec.schemaRef.revision"), "");
    scene.says("rollback customers --to ffffffffff", 2, &["no revision ffffffffff is kept"]);
    scene.says("rollback customers --now", 0, &["is pinned: from app 9d02e61f7c to 7f3c2a91b0"]);
    assert_eq!(scene.field(SET, ".spec.schemaRef.revision"), OLD);
    scene.says("rollback customers --now", 0, &["is pinned to app 7f3c2a91b0 already"]);
}

/// What the operator has not seen yet is about to be done, so it is followed; then it is ready.
fn followed(scene: &Scene) {
    let mut command = scene.command(&["status", "customers", "--watch"]);
    let mut watch = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut progress = BufReader::new(watch.stderr.take().unwrap());
    let mut line = String::new();
    progress.read_line(&mut line).unwrap();
    assert!(line.contains("customers: Paused, wave 2/2 rest"), "{line}");
    scene.orders_are_seen();
    let ready = condition("Ready", "True", "InSync");
    let counts = "{\"total\": 3, \"inSync\": 3, \"failed\": 0, \"drifted\": 0}";
    scene.status(
        SET,
        &format!(
            "{{\"observedGeneration\": 2, \"revision\": \"{OLD}\", \"conditions\": [{ready}], \"tenants\": {counts}, \"drift\": null, \"leaving\": null}}"
        ),
    );
    let said = Said::from(watch.wait_with_output().unwrap());
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.starts_with("customers: all 3 tenants are in sync"), "{}", said.out);
    scene.says("status", 0, &["1 of 1 TenantSet in namespace default is ready"]);
    scene.says("drift customers", 0, &["No tenant of 3 differs"]);
}
