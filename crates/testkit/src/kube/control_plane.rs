//! etcd and kube-apiserver of one's own: started, asked, stopped for certain.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Programs;
use crate::error::{Error, Result};
use crate::process::{end_of_log, free_port, run};
use crate::watchdog::{self, Watchdog};

/// What the name of each directory begins with.
const DIR_PREFIX: &str = "tenantry-kube-";
/// How long a server may take to answer; an API server takes three seconds on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often other ports are tried, when somebody else took a free one that was found.
const PORT_TRIES: u32 = 5;

/// A control plane with a directory of its own. Both are gone when this value is, or its process, however that ends.
#[derive(Debug)]
pub struct ControlPlane {
    dir: PathBuf,
    programs: Programs,
    /// Where etcd is.
    etcd: String,
    /// The API server's port.
    port: u16,
    _watchdog: Watchdog,
}

impl ControlPlane {
    /// Starts one. Takes three seconds, and more on a busy machine.
    ///
    /// # Errors
    /// Whatever stops that: see [`Error`].
    pub fn start() -> Result<Self> {
        let programs = Programs::find()?;
        let temp = std::env::temp_dir();
        watchdog::sweep(&temp, DIR_PREFIX);
        let dir = tempfile::Builder::new().prefix(DIR_PREFIX).tempdir_in(&temp);
        let dir = dir.map_err(Error::file("make a directory in", &temp))?.keep();
        let watchdog = Watchdog::over(&dir)?;
        let mut plane = Self { dir, programs, etcd: String::new(), port: 0, _watchdog: watchdog };
        plane.make_secrets()?;
        plane.etcd = plane.start_etcd()?;
        plane.port = plane.start_api_server()?;
        Ok(plane)
    }

    /// Ends the API server as a machine that loses its power does. What it knew is in etcd.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn stop_api_server(&self) -> Result<()> {
        let file = self.dir.join("kube-apiserver.pid");
        let pid = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
        run(Command::new("kill").args(["-KILL", pid.trim()]))?;
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Starts it again, where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_api_server_again(&self) -> Result<()> {
        self.start_api_server_on(self.port)
    }

    /// Starts one, and makes the project's custom resources known to it.
    ///
    /// # Errors
    /// As [`ControlPlane::start`], and what kubectl says.
    pub fn with_custom_resources() -> Result<Self> {
        let plane = Self::start()?;
        let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds");
        run(plane.kubectl().args(["apply", "--server-side", "-f"]).arg(crds))?;
        let established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
        run(plane.kubectl().args(established))?;
        Ok(plane)
    }

    /// Has namespaces deleted with what is in them, and what is owned with its owner: an API server alone does neither.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start_controllers(&self) -> Result<()> {
        let mut command = Command::new(&self.programs.controllers);
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(["--controllers", "namespace-controller,garbage-collector-controller"])
            .args(["--leader-elect=false", "--bind-address", "127.0.0.1"])
            .args(["--secure-port", &free_port()?.to_string(), "--cert-dir"])
            .arg(self.dir.join("certificates"));
        self.spawn("kube-controller-manager", &mut command).map(drop)
    }

    /// kubectl, as an administrator of this control plane, ready to be given arguments.
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(&self.programs.kubectl);
        command.env("KUBECONFIG", self.kubeconfig()).env("HOME", &self.dir);
        command
    }

    /// Starts a program that works on this control plane and is stopped with it. What it prints goes into a log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_beside(&self, name: &str, command: &mut Command) -> Result<Child> {
        // By its directory in the command line the watchdog knows a process for one of ours.
        self.spawn(name, command.arg0(self.dir.join(name)))
    }

    /// The directory that goes with this control plane.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file that has what a server or another program prints.
    pub fn log_of(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }

    /// The file that tells kubectl and other clients where the API server is, and who they are.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.join("kubeconfig")
    }

    /// The key of service accounts, and the administrator's token.
    fn make_secrets(&self) -> Result<()> {
        run(Command::new("openssl")
            .arg("genrsa")
            .arg("-out")
            .arg(self.dir.join("accounts.key"))
            .arg("2048"))?;
        let token = run(Command::new("openssl").args(["rand", "-hex", "16"]))?.stdout;
        let token = String::from_utf8_lossy(&token).trim().to_owned();
        self.write("token", &token)?;
        self.write("tokens.csv", &format!("{token},admin,admin,system:masters\n"))
    }

    /// Starts etcd, and says where it is.
    fn start_etcd(&self) -> Result<String> {
        let (client, peer) = (address("http", free_port()?), address("http", free_port()?));
        let mut command = Command::new(&self.programs.etcd);
        command
            .arg("--data-dir")
            .arg(self.dir.join("etcd"))
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("default={peer}"), "--unsafe-no-fsync"]);
        self.spawn("etcd", &mut command)?;
        Ok(client)
    }

    /// Starts the API server on a port that is free; between finding one and taking it somebody else may.
    fn start_api_server(&self) -> Result<u16> {
        let mut tries = 0;
        loop {
            tries += 1;
            let port = free_port()?;
            match self.start_api_server_on(port) {
                Err(Error::Start { log, .. })
                    if log.contains("address already in use") && tries < PORT_TRIES => {}
                other => return other.map(|()| port),
            }
        }
    }

    fn start_api_server_on(&self, port: u16) -> Result<()> {
        let file = |name: &str| self.dir.join(name).display().to_string();
        let mut command = Command::new(&self.programs.api_server);
        command
            .args([
                "--etcd-servers",
                &self.etcd,
                "--bind-address",
                "127.0.0.1",
                "--advertise-address",
                "127.0.0.1",
            ])
            .args(["--secure-port", &port.to_string(), "--cert-dir", &file("certificates")])
            .args(["--service-account-issuer", "https://kubernetes.default.svc"])
            .args(["--service-account-key-file", &file("accounts.key")])
            .args(["--service-account-signing-key-file", &file("accounts.key")])
            .args(["--token-auth-file", &file("tokens.csv"), "--authorization-mode", "RBAC"])
            .args(["--disable-admission-plugins", "ServiceAccount", "--endpoint-reconciler-type", "none"])
            .args(["--service-cluster-ip-range", "10.0.0.0/24"]);
        let mut server = self.spawn("kube-apiserver", &mut command)?;
        let token = fs::read_to_string(self.dir.join("token")).map_err(Error::file("read", file("token")))?;
        self.write(
            "kubeconfig",
            &kubeconfig(&address("https", port), &file("certificates/apiserver.crt"), &token),
        )?;
        let began = Instant::now();
        loop {
            let ended = server.try_wait().map_err(Error::file("wait for", "kube-apiserver"))?.is_some();
            let mut ask = self.kubectl();
            let ready = ask.args(["get", "--raw", "/readyz"]).stdin(Stdio::null()).output();
            let ready = ready.map_err(|source| Error::Spawn { program: "kubectl".to_owned(), source })?;
            if ready.status.success() {
                return Ok(());
            }
            if ended || began.elapsed() > PATIENCE {
                return Err(Error::Start {
                    server: "kube-apiserver".to_owned(),
                    output: String::from_utf8_lossy(&ready.stderr).trim_end().to_owned(),
                    log: self.log("kube-apiserver") + &self.log("etcd"),
                });
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// Runs a server that lasts, with its log and its process id in files. A process group of its own: a Ctrl-C is not for it.
    fn spawn(&self, name: &str, command: &mut Command) -> Result<Child> {
        let path = self.log_of(name);
        let log = File::create(&path).map_err(Error::file("create", &path))?;
        let both = log.try_clone().map_err(Error::file("open", &path))?;
        command.current_dir(&self.dir).env("HOME", &self.dir).process_group(0);
        command.stdin(Stdio::null()).stdout(log).stderr(both);
        let child = command.spawn().map_err(|source| Error::Spawn { program: name.to_owned(), source })?;
        self.write(&format!("{name}.pid"), &format!("{}\n", child.id()))?;
        Ok(child)
    }

    /// The end of a server's log.
    fn log(&self, name: &str) -> String {
        end_of_log(&self.log_of(name))
    }

    /// Writes a file that only we can read.
    fn write(&self, name: &str, text: &str) -> Result<()> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.dir.join(name);
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::file("write", &path))
    }
}

fn address(scheme: &str, port: u16) -> String {
    format!("{scheme}://127.0.0.1:{port}")
}

/// JSON is YAML, and needs no quoting of paths beyond its own.
fn kubeconfig(server: &str, authority: &str, token: &str) -> String {
    format!(
        r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "it",
"clusters": [{{"name": "it", "cluster": {{"server": "{server}", "certificate-authority": "{authority}"}}}}],
"contexts": [{{"name": "it", "context": {{"cluster": "it", "user": "admin"}}}}],
"users": [{{"name": "admin", "user": {{"token": "{token}"}}}}]}}
"#
    )
}
