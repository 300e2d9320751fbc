//! A namespace, a PostgreSQL server, and an operator as a process of its own.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tenantry_testkit::kube::ControlPlane;
use tenantry_testkit::pg::{Binaries, Cluster, Options};

/// Whom the operator logs in as, and its password.
const LOGIN: &str = "tenantry";
pub const PASSWORD: &str = "right";
/// How long something may take that takes seconds.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One for all tests but those that count requests. Each test has a namespace of its own.
pub fn shared() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        let plane = ControlPlane::with_custom_resources().unwrap();
        plane.start_controllers().unwrap();
        plane
    })
}

/// A namespace, a database server, and an operator that looks after the namespace.
pub struct Scene<'p> {
    plane: &'p ControlPlane,
    pub namespace: &'static str,
    pub cluster: Cluster,
    operator: Option<Child>,
    folder: tempfile::TempDir,
    kubeconfig: PathBuf,
}

impl<'p> Scene<'p> {
    pub fn start(plane: &'p ControlPlane, namespace: &'static str) -> Self {
        let options = Options::default().password(PASSWORD);
        let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
        let sql = format!(
            "CREATE ROLE {LOGIN} LOGIN CREATEDB PASSWORD '{PASSWORD}'; CREATE DATABASE shop OWNER {LOGIN}"
        );
        for statement in sql.split("; ") {
            cluster.psql("postgres", statement).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = plane.kubeconfig();
        let mut scene = Self { plane, namespace, cluster, operator: None, folder, kubeconfig };
        scene.kubectl(&["create", "namespace", namespace]);
        scene.start_operator();
        scene
    }

    /// With an operator that is somebody whom the API server knows by this name, and that may do what it was granted.
    pub fn start_as(plane: &'p ControlPlane, namespace: &'static str, user: &str) -> Self {
        let mut scene = Self::start(plane, namespace);
        scene.kill_operator();
        let config = std::fs::read_to_string(plane.kubeconfig()).unwrap();
        let config = config.replace("\"token\":", &format!("\"as\": \"{user}\", \"token\":"));
        let path = scene.folder.path().join("kubeconfig");
        std::fs::write(&path, config).unwrap();
        scene.kubeconfig = path;
        scene
    }

    /// Starts an operator that looks after the namespace.
    pub fn start_operator(&mut self) {
        let log = self.folder.path().join("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let operator = Command::new(env!("CARGO_BIN_EXE_tenantry-operator"))
            .args(["--namespace", self.namespace, "--listen", "127.0.0.1:0"])
            .env("KUBECONFIG", &self.kubeconfig)
            .env("RUST_LOG", std::env::var("OPERATOR_LOG").unwrap_or("info".to_owned()))
            .stderr(log)
            .spawn()
            .unwrap();
        self.operator = Some(operator);
    }

    /// Starts a replica of its own name, and says where it serves. It has to be ended by the caller.
    pub fn replica(&self, name: &str) -> Replica {
        let log = std::fs::File::create(self.folder.path().join(name)).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(env!("CARGO_BIN_EXE_tenantry-operator"))
            .args(["--namespace", self.namespace, "--identity", name])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("RUST_LOG", std::env::var("OPERATOR_LOG").unwrap_or("info".to_owned()))
            .env("KUBECONFIG", &self.kubeconfig)
            .stderr(log)
            .spawn()
            .unwrap();
        Replica { process, port }
    }

    /// Ends it as a machine that loses its power does.
    pub fn kill_operator(&mut self) {
        if let Some(mut operator) = self.operator.take() {
            // It may have ended by itself.
            let _ = operator.kill();
            let _ = operator.wait();
        }
    }

    pub fn log(&self) -> String {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }

    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let mut command = self.plane.kubectl();
        let output = command.args(["--namespace", self.namespace]).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.log());
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn apply(&self, yaml: &str) {
        self.kubectl_with(&["apply", "-f", "-"], yaml);
    }

    /// Runs kubectl with something on its standard input.
    pub fn kubectl_with(&self, arguments: &[&str], yaml: &str) {
        let mut command = self.plane.kubectl();
        command.args(["--namespace", self.namespace]).args(arguments).stdin(Stdio::piped());
        let mut kubectl = command.spawn().unwrap();
        kubectl.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
        assert!(kubectl.wait().unwrap().success(), "{yaml}");
    }

    pub fn login(&self, password: &str) {
        let port = self.cluster.port();
        self.apply(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: shop-login}}\n\
             stringData: {{host: 127.0.0.1, port: '{port}', dbname: shop, user: {LOGIN}, password: {password}}}\n"
        ));
    }

    /// Waits until a condition of an object has this status and reason, and gives its message.
    pub fn comes_to(&self, object: &str, condition: &str, expected: &str) -> String {
        let part = |field: &str| format!("{{.status.conditions[?(@.type==\"{condition}\")].{field}}}");
        let path = format!("jsonpath={} {}|{}", part("status"), part("reason"), part("message"));
        let began = Instant::now();
        loop {
            let is = self.kubectl(&["get", object, "-o", &path]);
            let (found, message) = is.split_once('|').unwrap();
            if found == expected {
                return message.to_owned();
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{object}: {condition} is {is}, not {expected}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A field of an object.
    pub fn field(&self, object: &str, path: &str) -> String {
        self.kubectl(&["get", object, "-o", &format!("jsonpath={{{path}}}")])
    }

    /// Waits until a field of an object is this.
    pub fn field_comes_to(&self, object: &str, path: &str, expected: &str) {
        self.wait_for(&format!("{path} of {object} is {expected}"), || self.field(object, path) == expected);
    }

    /// What Flux' library (kstatus) and Argo CD's script make of an object as it is now: `InProgress Suspended`.
    pub fn judged(&self, object: &str) -> String {
        let object = self.kubectl(&["get", object, "-o", "json"]);
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let build = std::env::var_os("TENANTRY_BUILD_DIR").map_or_else(|| root.join("build"), PathBuf::from);
        let script = root.join("deploy/argocd/health.lua");
        let by = |arguments: &[&std::ffi::OsStr]| {
            let mut tool = Command::new(build.join("tools/health/health"));
            let mut tool = tool.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            tool.stdin.take().unwrap().write_all(object.as_bytes()).unwrap();
            let said = String::from_utf8(tool.wait_with_output().unwrap().stdout).unwrap();
            said.split_whitespace().nth(1).unwrap_or_default().to_owned()
        };
        format!("{} {}", by(&["kstatus".as_ref()]), by(&["argocd".as_ref(), script.as_os_str()]))
    }

    /// Waits until something has happened.
    pub fn wait_for(&self, what: &str, happened: impl Fn() -> bool) {
        let began = Instant::now();
        while !happened() {
            assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What SQL says in the tenants' database.
    pub fn psql(&self, sql: &str) -> String {
        self.cluster.psql("shop", sql).unwrap().trim().to_owned()
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        self.kill_operator();
    }
}

/// One of several operators.
pub struct Replica {
    pub process: Child,
    port: u16,
}

impl Replica {
    /// What it serves, with the status line.
    pub fn get(&self, path: &str) -> String {
        use std::io::Read as _;
        let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", self.port)) else {
            return String::new();
        };
        write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        // It may end in the middle of its answer.
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    /// Whether it works, and does not only wait.
    pub fn leads(&self) -> bool {
        self.get("/metrics").contains("tenantry_leader 1")
    }

    /// Asks it to end, as Kubernetes does.
    pub fn terminate(&mut self) {
        Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A database whose login is in a Secret.
pub const DATABASE: &str = "apiVersion: tenantry.dev/v1alpha1
kind: TenantDatabase
metadata: {name: shop}
spec: {connection: {secretRef: {name: shop-login}}}
";
