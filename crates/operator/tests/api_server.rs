//! The operator as a process of its own, on a real API server and a real PostgreSQL: `make test-api-server`. What it does is
//! seen by kubectl.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy does not take the functions beside the tests for tests"
)]

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tenantry_testkit::kube::ControlPlane;
use tenantry_testkit::pg::{Binaries, Cluster, Options};

/// Whom the operator logs in as, and its password.
const LOGIN: &str = "tenantry";
const PASSWORD: &str = "right";
/// How long something may take that takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// One for all tests but those that count requests. Each test has a namespace of its own.
fn shared() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::with_custom_resources().unwrap())
}

/// A namespace, a database server, and an operator that looks after the namespace.
struct Scene<'p> {
    plane: &'p ControlPlane,
    namespace: &'static str,
    cluster: Cluster,
    operator: Child,
    folder: tempfile::TempDir,
}

impl<'p> Scene<'p> {
    fn start(plane: &'p ControlPlane, namespace: &'static str) -> Self {
        let options = Options::default().password(PASSWORD);
        let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
        let sql = format!(
            "CREATE ROLE {LOGIN} LOGIN CREATEDB PASSWORD '{PASSWORD}'; CREATE DATABASE shop OWNER {LOGIN}"
        );
        for statement in sql.split("; ") {
            cluster.psql("postgres", statement).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let operator = Command::new(env!("CARGO_BIN_EXE_tenantry-operator"))
            .args(["--namespace", namespace])
            .env("KUBECONFIG", plane.kubeconfig())
            .stderr(log)
            .spawn()
            .unwrap();
        let scene = Self { plane, namespace, cluster, operator, folder };
        scene.kubectl(&["create", "namespace", namespace]);
        scene
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let mut command = self.plane.kubectl();
        let output = command.args(["--namespace", self.namespace]).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.log());
        String::from_utf8(output.stdout).unwrap()
    }

    fn apply(&self, yaml: &str) {
        let mut command = self.plane.kubectl();
        command.args(["--namespace", self.namespace, "apply", "-f", "-"]).stdin(Stdio::piped());
        let mut kubectl = command.spawn().unwrap();
        kubectl.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
        assert!(kubectl.wait().unwrap().success(), "{yaml}");
    }

    fn login(&self, password: &str) {
        let port = self.cluster.port();
        self.apply(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: shop-login}}\n\
             stringData: {{host: 127.0.0.1, port: '{port}', dbname: shop, user: {LOGIN}, password: {password}}}\n"
        ));
    }

    /// Waits until a condition of the database has this status and reason, and gives its message.
    fn comes_to(&self, condition: &str, expected: &str) -> String {
        let part = |field: &str| format!("{{.status.conditions[?(@.type==\"{condition}\")].{field}}}");
        let path = format!("jsonpath={} {}|{}", part("status"), part("reason"), part("message"));
        let began = Instant::now();
        loop {
            let is = self.kubectl(&["get", "tenantdatabase", "shop", "-o", &path]);
            let (found, message) = is.split_once('|').unwrap();
            if found == expected {
                return message.to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "{condition} is {is}, not {expected}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.operator.kill();
        let _ = self.operator.wait();
    }
}

const DATABASE: &str = "apiVersion: tenantry.dev/v1alpha1
kind: TenantDatabase
metadata: {name: shop}
spec: {connection: {secretRef: {name: shop-login}}}
";

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_database_is_ready_once_its_secret_is_right_and_its_server_there() {
    let scene = Scene::start(shared(), "secrets");
    scene.apply(DATABASE);
    let message = scene.comes_to("Ready", "False ReferenceMissing");
    assert!(message.contains("there is no Secret shop-login; add it"), "{message}");

    scene.login("wrong-one");
    let message = scene.comes_to("Ready", "False DatabaseUnreachable");
    assert!(message.contains("password authentication failed"), "{message}");

    // Nobody restarts anything: the Secret wakes it up.
    scene.login(PASSWORD);
    scene.comes_to("Ready", "True Reachable");
    scene.comes_to("PrivilegesSufficient", "True PrivilegesSufficient");
    let table = scene.kubectl(&["get", "tdb"]);
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    let address = format!("127.0.0.1:{}/shop", scene.cluster.port());
    assert_eq!(row[..3], ["shop", "PostgreSQL", address.as_str()], "{table}");

    scene.cluster.stop().unwrap();
    scene.kubectl(&["annotate", "tdb", "shop", "look=again"]);
    scene.comes_to("Reachable", "False DatabaseUnreachable");
    scene.cluster.start_again().unwrap();
    scene.comes_to("Ready", "True Reachable");

    let everything = scene.log()
        + &scene.kubectl(&["get", "events", "-o", "yaml"])
        + &scene.kubectl(&["get", "tdb", "-o", "yaml", "--show-managed-fields"]);
    assert!(!everything.contains("wrong-one"), "a password was told: {everything}");
    let reasons = scene.kubectl(&["get", "events", "-o", "jsonpath={.items[*].reason}"]);
    for reason in ["ReferenceMissing", "DatabaseUnreachable", "Reachable"] {
        assert!(reasons.contains(reason), "{reasons}");
    }
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn what_a_login_lacks_is_said_with_the_grant() {
    let scene = Scene::start(shared(), "rights");
    scene.cluster.psql("postgres", "ALTER DATABASE shop OWNER TO postgres").unwrap();
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    let message = scene.comes_to("PrivilegesSufficient", "False PrivilegesMissing");
    assert!(message.contains("GRANT CREATE ON DATABASE"), "{message}");
    scene.comes_to("Ready", "True Reachable");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_look_that_finds_nothing_new_writes_nothing() {
    let plane = ControlPlane::with_custom_resources().unwrap();
    let scene = Scene::start(&plane, "idle");
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    scene.comes_to("Ready", "True Reachable");
    let looks = || {
        let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'shop'";
        scene.cluster.psql("postgres", sql).unwrap().trim().parse::<u64>().unwrap()
    };
    let wait_for = |what: &str, happened: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !happened() {
            assert!(began.elapsed() < PATIENCE, "{what} did not happen\n{}", scene.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let written = || writes(&scene.kubectl(&["get", "--raw", "/metrics"]));
    let (first, before) = (written(), looks());
    assert!(first > 0);
    scene.kubectl(&["annotate", "tdb", "shop", "look=1"]);
    wait_for("a look", &|| looks() > before);
    // What it finds next is written, and nothing was in between.
    scene.cluster.psql("shop", "CREATE PUBLICATION everything FOR ALL TABLES").unwrap();
    scene.kubectl(&["annotate", "tdb", "shop", "look=2", "--overwrite"]);
    let found = ["get", "tdb", "shop", "-o", "jsonpath={.status.publications[0]}"];
    wait_for("another look", &|| scene.kubectl(&found) == "everything");
    assert_eq!(written(), first + 1, "status is written only when it changed");
    let reasons = scene.kubectl(&["get", "events", "-o", "jsonpath={.items[*].reason}"]);
    assert_eq!(reasons.split_whitespace().filter(|reason| *reason == "Reachable").count(), 1, "{reasons}");

    // One that is deleted leaves no watch behind.
    let watches = || watches_of_secrets(&scene.kubectl(&["get", "--raw", "/metrics"]));
    let before = watches();
    scene.apply(
        &DATABASE.replace("name: shop}\nspec", "name: gone}\nspec").replace("shop-login", "gone-login"),
    );
    wait_for("a watch of a Secret that is not there", &|| watches() == before + 1);
    scene.kubectl(&["delete", "tdb", "gone"]);
    wait_for("the end of that watch", &|| watches() == before);
}

/// How many watches of Secrets there are, as the API server counts.
fn watches_of_secrets(metrics: &str) -> u64 {
    let ours = |line: &&str| {
        line.starts_with("apiserver_longrunning_requests{")
            && line.contains("resource=\"secrets\"")
            && line.contains("verb=\"WATCH\"")
    };
    metrics.lines().filter(ours).filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

/// How often the status of a TenantDatabase was written, as the API server counts.
fn writes(metrics: &str) -> u64 {
    let ours = |line: &&str| {
        line.starts_with("apiserver_request_total{")
            && line.contains("resource=\"tenantdatabases\"")
            && line.contains("subresource=\"status\"")
    };
    metrics.lines().filter(ours).filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}
