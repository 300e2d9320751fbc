//! A control plane, kubectl, and the operators as processes of their own: there are no nodes here to run pods on.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tenantry_testkit::kube::ControlPlane;

use super::set::Set;
use crate::claims::PATIENCE;
use crate::stage::{Failure, Stage, beside_this_program, file, kill};

/// The namespace of everything.
pub const NAMESPACE: &str = "shop";
/// The service account of the operator in `deploy/base`, and its Lease.
pub const OPERATOR: &str = "tenantry-operator";
/// How often it is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(250);
/// How often a log is told how far it is.
const TELL: Duration = Duration::from_secs(10);

/// Where the project's own files are.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The control plane with what runs on it. All is gone when this value is, or its process, however that ends.
pub struct Kubernetes {
    plane: ControlPlane,
    manifests: PathBuf,
    /// The operator, which was built with this program.
    program: PathBuf,
    replicas: Vec<Replica>,
}

/// One operator.
struct Replica {
    name: &'static str,
    process: Child,
    address: String,
}

impl Kubernetes {
    /// Starts the control plane, with nothing on it yet.
    ///
    /// # Errors
    /// When there are no programs for it, or they do not start.
    pub fn start(stage: &Stage) -> Result<Self, Failure> {
        let program = beside_this_program(OPERATOR)?;
        let plane = ControlPlane::start()?;
        plane.start_controllers()?;
        Ok(Self { plane, manifests: stage.manifests().to_owned(), program, replicas: Vec::new() })
    }

    /// Its version, and which programs run.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn version(&self) -> Result<String, Failure> {
        let version = self.json(&["version"])?["serverVersion"]["gitVersion"].clone();
        let version = version.as_str().unwrap_or_default();
        Ok(format!("Kubernetes {version}: etcd, kube-apiserver, kube-controller-manager"))
    }

    /// Makes the namespace, and installs what `deploy/base` has: definitions, account, rights.
    ///
    /// # Errors
    /// When kubectl fails.
    pub fn install(&self) -> Result<(), Failure> {
        self.show(&["create", "namespace", NAMESPACE])?;
        self.show(&["config", "set-context", "--current", &format!("--namespace={NAMESPACE}")])?;
        println!("$ kubectl kustomize deploy/base | kubectl apply --server-side -f -");
        let base = self.run(&["kustomize", &format!("{ROOT}/deploy/base")])?;
        let mut apply = self.kubectl();
        apply.args(["apply", "--server-side", "-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut apply = apply.spawn().map_err(file("start kubectl"))?;
        if let Some(mut input) = apply.stdin.take() {
            input.write_all(base.as_bytes()).map_err(file("write to kubectl"))?;
        }
        let done = said("apply", &apply.wait_with_output().map_err(file("wait for kubectl"))?)?;
        print!("{done}");
        let established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
        self.run(&established)?;
        self.account()
    }

    /// Writes what an operator needs to be nobody but its service account.
    fn account(&self) -> Result<(), Failure> {
        let token = self.run(&["create", "token", OPERATOR, "--duration=24h"])?;
        let mut config = self.json(&["config", "view", "--raw"])?;
        config["users"][0]["user"] = serde_json::json!({"token": token.trim()});
        fs::write(self.plane.dir().join("account"), config.to_string()).map_err(file("write the account"))
    }

    /// Starts an operator with the rights of its service account.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_operator(&mut self, name: &'static str) -> Result<(), Failure> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(file("find a port"))?.to_string();
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("KUBECONFIG", self.plane.dir().join("account"))
            .env("TENANTRY_NAMESPACE", NAMESPACE)
            .env("TENANTRY_LISTEN", &address)
            .env("POD_NAMESPACE", NAMESPACE)
            .env("POD_NAME", name);
        let process = self.plane.start_beside(name, &mut command)?;
        self.replicas.push(Replica { name, process, address });
        Ok(())
    }

    /// Who holds the Lease.
    ///
    /// # Errors
    /// When kubectl fails.
    pub fn leader(&self) -> Result<String, Failure> {
        self.run(&["get", "lease", OPERATOR, "--ignore-not-found", "-o", "jsonpath={.spec.holderIdentity}"])
    }

    /// Waits until somebody else than this one leads, and says who.
    ///
    /// # Errors
    /// When nobody does.
    pub fn leads_after(&self, former: &str) -> Result<String, Failure> {
        let began = Instant::now();
        loop {
            let leader = self.leader()?;
            if !leader.is_empty() && leader != former {
                return Ok(leader);
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::Claim(format!("no operator leads{}", self.complaints())));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Kills an operator with -9, and says which process it was.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill_operator(&mut self, name: &str) -> Result<u32, Failure> {
        let at = self.replicas.iter().position(|replica| replica.name == name);
        let mut replica = self.replicas.remove(at.ok_or_else(|| gone(name))?);
        kill(&mut replica.process)?;
        Ok(replica.process.id())
    }

    /// Shows and runs kubectl as a person would.
    ///
    /// # Errors
    /// When it fails.
    pub fn show(&self, arguments: &[&str]) -> Result<(), Failure> {
        println!("$ kubectl {}", arguments.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
        print!("{}", self.run(arguments)?);
        Ok(())
    }

    /// Shows and runs the plugin as a person would, and says what it exits with.
    ///
    /// # Errors
    /// When it does nothing.
    pub fn tenantry(&self, arguments: &[&str]) -> Result<Option<i32>, Failure> {
        println!("$ kubectl tenantry {}", arguments.join(" "));
        let output = self.ask_plugin(arguments)?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        Ok(output.status.code())
    }

    /// What the plugin prints.
    ///
    /// # Errors
    /// When it does nothing.
    pub fn tenantry_says(&self, arguments: &[&str]) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.ask_plugin(arguments)?.stdout).into_owned())
    }

    fn ask_plugin(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut kubectl = self.kubectl();
        kubectl.arg("tenantry").args(arguments).stdin(Stdio::null());
        let output = kubectl.output().map_err(file("start kubectl"))?;
        // 1: done, and somebody should look.
        if matches!(output.status.code(), Some(0 | 1)) {
            return Ok(output);
        }
        Err(failed(&format!("tenantry {}", arguments[0]), &output))
    }

    /// kubectl, which finds the plugin.
    fn kubectl(&self) -> Command {
        let mut kubectl = self.plane.kubectl();
        kubectl.env("PATH", path(&self.programs()));
        kubectl
    }

    /// Where kubectl and its plugin are.
    fn programs(&self) -> Vec<PathBuf> {
        let kubectl = PathBuf::from(self.plane.kubectl().get_program());
        [&self.program, &kubectl]
            .into_iter()
            .filter_map(|program| Some(program.parent()?.to_owned()))
            .collect()
    }

    /// Applies the folder of manifests.
    ///
    /// # Errors
    /// When kubectl fails.
    pub fn apply(&self) -> Result<(), Failure> {
        println!("$ kubectl apply -k manifests/");
        let done = self.run(&["apply", "-k", &self.manifests.display().to_string()])?;
        done.lines().filter(|line| !line.ends_with(" unchanged")).for_each(|line| println!("{line}"));
        Ok(())
    }

    /// What kubectl prints.
    ///
    /// # Errors
    /// When it fails.
    pub fn run(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut kubectl = self.kubectl();
        let output = kubectl.args(arguments).stdin(Stdio::null()).output().map_err(file("start kubectl"))?;
        said(arguments[0], &output)
    }

    /// An object, or several.
    ///
    /// # Errors
    /// When kubectl fails.
    pub fn json(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let text = self.run(&[arguments, &["-o", "json"]].concat())?;
        serde_json::from_str(&text).map_err(|error| Failure::Claim(format!("kubectl wrote no JSON: {error}")))
    }

    /// The TenantSet.
    ///
    /// # Errors
    /// When kubectl fails.
    pub fn set(&self) -> Result<Set, Failure> {
        Ok(Set::new(self.json(&["get", "tenantset", "customers"])?))
    }

    /// Waits until the TenantSet is as it should be; meanwhile it shows what its Ready says.
    ///
    /// # Errors
    /// When that does not come about, and nothing else happens either.
    pub fn wait(&mut self, what: &str, is: impl Fn(&Set) -> bool) -> Result<Set, Failure> {
        let mut progress = Progress::begin();
        let (mut before, mut changed) = (String::new(), Instant::now());
        loop {
            let set = self.set()?;
            if is(&set) {
                progress.end(set.message("Ready"));
                return Ok(set);
            }
            if set.status() != before {
                (before, changed) = (set.status(), Instant::now());
            }
            for replica in &mut self.replicas {
                if replica.process.try_wait().map_err(file("look after an operator"))?.is_some() {
                    let name = replica.name;
                    return Err(Failure::Claim(format!("{name} ended by itself{}", self.complaints())));
                }
            }
            if changed.elapsed() > PATIENCE {
                let message = set.message("Ready");
                return Err(Failure::Claim(format!("{what}: not yet; {message}{}", self.complaints())));
            }
            progress.tell(set.message("Ready"));
            std::thread::sleep(LOOK);
        }
    }

    /// The last things that operators complained of.
    pub fn complaints(&self) -> String {
        let mut all = String::new();
        for replica in &self.replicas {
            let log = fs::read_to_string(self.plane.log_of(replica.name)).unwrap_or_default();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains(r#""level":"INFO""#)).collect();
            for line in &lines[lines.len().saturating_sub(5)..] {
                all += &format!("\n  {}: {line}", replica.name);
            }
        }
        all
    }

    /// What a person types to go on by hand.
    pub fn next(&self) -> String {
        let replica = self.replicas.first();
        format!(
            "export KUBECONFIG={config} PATH={path}\n  \
             kubectl tenantry status customers\n  \
             kubectl tenantry tenants customers\n  \
             kubectl describe tenantset customers\n  \
             kubectl get tenantry,events\n  \
             curl --silent http://{address}/metrics | grep ^tenantry\n  \
             less {log}\n  \
             kubectl apply -k {manifests}      # after a change of app.sql, labels.sql or tenants.yaml there",
            path = self.programs().iter().map(|folder| format!("{}:", folder.display())).collect::<String>()
                + "$PATH",
            config = self.plane.kubeconfig().display(),
            address = replica.map(|replica| replica.address.as_str()).unwrap_or_default(),
            log = self.plane.log_of(replica.map(|replica| replica.name).unwrap_or_default()).display(),
            manifests = self.manifests.display(),
        )
    }
}

/// How far it is: one line that changes on a terminal, a line each ten seconds in a log.
struct Progress {
    began: Instant,
    told: Option<Instant>,
    terminal: bool,
}

impl Progress {
    fn begin() -> Self {
        Self { began: Instant::now(), told: None, terminal: std::io::stdout().is_terminal() }
    }

    fn tell(&mut self, message: &str) {
        let line = format!("  {:>5.1} s  {message}", self.began.elapsed().as_secs_f64());
        if self.terminal {
            print!("\r\x1b[K{}", line.chars().take(118).collect::<String>());
            // Nobody reads it where that fails.
            let _ = std::io::stdout().flush();
        } else if self.told.unwrap_or(self.began).elapsed() > TELL {
            println!("{line}");
            self.told = Some(Instant::now());
        }
    }

    fn end(&self, message: &str) {
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        println!("{clear}  {:>5.1} s  {message}", self.began.elapsed().as_secs_f64());
    }
}

/// A search path that begins with these folders.
fn path(folders: &[PathBuf]) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(std::env::split_paths(&rest));
    // A folder with a colon in its name cannot be on it.
    std::env::join_paths(all).unwrap_or(rest)
}

fn gone(name: &str) -> Failure {
    Failure::Claim(format!("no operator {name} runs"))
}

/// A word as a shell needs it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@%+".contains(letter);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn said(what: &str, output: &Output) -> Result<String, Failure> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(failed(what, output))
}

fn failed(what: &str, output: &Output) -> Failure {
    let why = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Failure::Claim(format!("kubectl {what} failed: {why}"))
}
