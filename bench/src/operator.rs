//! The same work done by the operator, on a real API server: how much longer it takes than the command line, and what it asks
//! of the API server.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tenantry_testkit::kube::ControlPlane;

use crate::fleet::{DEFINITION, Fleet, LOGIN, MORE, OURS, THREE};
use crate::program::{self, peak};
use crate::table::{Table, time};
use crate::{Failure, system};

/// How long an idle operator is watched.
const IDLE: Duration = Duration::from_secs(40);
/// How many applies may be under way at most.
const UNDER_WAY: usize = 8;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// An API server, a fleet, and operators.
struct Scene<'f> {
    plane: ControlPlane,
    fleet: &'f Fleet,
}

/// Operators that are ended with this value.
struct Operator(Child);

impl Drop for Operator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything for one size of fleet.
pub fn measure(size: usize, table: &mut Table) -> Result<(), Failure> {
    let by_hand = Fleet::set_up(size)?;
    let provisioned = program::run(&by_hand, &["fleet", "apply"], &[0])?.took;
    by_hand.define(&format!("{DEFINITION}{THREE}"))?;
    let rolled_out = program::run(&by_hand, &["fleet", "apply"], &[0])?.took;
    drop(by_hand);

    let fleet = Fleet::set_up(size)?;
    let plane = ControlPlane::with_custom_resources().map_err(|error| Failure::Wrong(error.to_string()))?;
    let scene = Scene { plane, fleet: &fleet };
    let operator = scene.start("first")?;
    let took = scene.apply()?;
    table.compare("operator: from kubectl apply to Ready, first time", size, took, provisioned, "");
    let writes = scene.requests(&WRITES)?;
    fleet.define(&format!("{DEFINITION}{THREE}"))?;
    let took = scene.apply()?;
    table.compare("operator: from kubectl apply to Ready, three statements", size, took, rolled_out, "1.2");
    let in_rollout = scene.requests(&WRITES)? - writes;
    let goal = "about tenants/100";
    table.figure("  requests that write in that rollout", size, in_rollout.to_string(), goal);
    table.memory(size, peak(operator.0.id()).unwrap_or_default());
    scene.idle(size, table)?;
    scene.late(size, table)?;
    table.figure("  largest object", size, format!("{:.0} KiB", scene.largest()?), "100 KiB");
    scene.killed(size, operator, table)
}

/// What API servers call requests that change something.
const WRITES: [&str; 5] = ["POST", "PUT", "PATCH", "APPLY", "DELETE"];
/// Those that do not, and are answered at once.
const READS: [&str; 2] = ["GET", "LIST"];

impl Scene<'_> {
    fn start(&self, name: &str) -> Result<Operator, Failure> {
        let this = std::env::current_exe().map_err(system("find the programs"))?;
        let child = Command::new(this.with_file_name("tenantry-operator"))
            .args(["--namespace", "default", "--listen", "127.0.0.1:0", "--identity", name])
            .env("KUBECONFIG", self.plane.kubeconfig())
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        child.map(Operator).map_err(system("start tenantry-operator"))
    }

    fn kubectl(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.plane.kubectl().args(arguments).output().map_err(system("start kubectl"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(Failure::Wrong(String::from_utf8_lossy(&output.stderr).into_owned())),
        }
    }

    /// Applies the manifests, and waits until the set is Ready for what they say.
    fn apply(&self) -> Result<Duration, Failure> {
        let before = self.revision().unwrap_or_default();
        let began = Instant::now();
        self.kubectl(&["apply", "-f", &folder(self.fleet.manifests())])?;
        // One process that is told of changes: one that asks again and again would be measured too.
        let state = "jsonpath={.status.revision} {.status.conditions[?(@.type==\"Ready\")].status}{\"\\n\"}";
        let mut watch = self
            .plane
            .kubectl()
            .args(["get", "tenantset", "customers", "--watch", "-o", state])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(system("start kubectl"))?;
        let lines = watch.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
        let is_there = |line: &String| line.ends_with(" True") && !line.starts_with(&format!("{before} "));
        let found = lines.map_while(Result::ok).any(|line| is_there(&line));
        let took = began.elapsed();
        // It may have ended by itself.
        let _ = watch.kill();
        let _ = watch.wait();
        if found { Ok(took) } else { Err(Failure::Wrong("kubectl does not watch any more".to_owned())) }
    }

    fn revision(&self) -> Result<String, Failure> {
        self.kubectl(&["get", "tenantset", "customers", "-o", "jsonpath={.status.revision}"])
    }

    fn wait(&self, what: &str, happened: impl Fn() -> Result<bool, Failure>) -> Result<(), Failure> {
        let began = Instant::now();
        while !happened()? {
            if began.elapsed() > PATIENCE {
                return Err(Failure::Wrong(format!("not within {PATIENCE:?}: {what}")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// How many requests of these kinds the API server had that are about our objects, Secrets, ConfigMaps, events or Leases.
    fn requests(&self, verbs: &[&str]) -> Result<u64, Failure> {
        let metrics = self.kubectl(&["get", "--raw", "/metrics"])?;
        Ok(counted(&metrics, verbs, |line| !line.contains("resource=\"leases\"")))
    }

    fn idle(&self, size: usize, table: &mut Table) -> Result<(), Failure> {
        let count = || {
            let metrics = self.kubectl(&["get", "--raw", "/metrics"])?;
            let all = |_: &str| true;
            let but_the_lease = |line: &str| !line.contains("resource=\"leases\"");
            Ok::<_, Failure>((counted(&metrics, &WRITES, but_the_lease), counted(&metrics, &READS, all)))
        };
        let before = count()?;
        std::thread::sleep(IDLE);
        let after = count()?;
        let seconds = IDLE.as_secs();
        let writes = format!("{} in {seconds} s", after.0 - before.0);
        table.figure("  requests of an idle operator that write, but its Lease", size, writes, "0");
        table.figure("  those that read", size, format!("{} in {seconds} s", after.1 - before.1), "few");
        Ok(())
    }

    /// From a row in the table of customers to a tenant that is in sync.
    fn late(&self, size: usize, table: &mut Table) -> Result<(), Failure> {
        self.kubectl(&[
            "patch",
            "tenantset",
            "customers",
            "--type=merge",
            "-p",
            "{\"spec\":{\"drift\":{\"interval\":\"1s\"}}}",
        ])?;
        let in_sync =
            || self.kubectl(&["get", "tenantset", "customers", "-o", "jsonpath={.status.tenants.inSync}"]);
        let ready =
            "jsonpath={.status.observedGeneration} {.metadata.generation} {.status.conditions[0].status}";
        self.wait("the new interval", || {
            let state = self.kubectl(&["get", "tenantset", "customers", "-o", ready])?;
            let parts: Vec<&str> = state.split(' ').collect();
            Ok(parts[0] == parts[1] && parts[2] == "True")
        })?;
        self.fleet.cluster.psql_as(LOGIN, OURS, "INSERT INTO product.customer VALUES ('late')")?;
        let began = Instant::now();
        self.wait("the late tenant", || Ok(in_sync()? == (size + 1).to_string()))?;
        table.figure(
            "  from a row to a ready tenant, looking each second",
            size,
            time(began.elapsed()),
            "seconds",
        );
        Ok(())
    }

    /// The largest of our objects, in KiB.
    fn largest(&self) -> Result<f64, Failure> {
        let names = self.kubectl(&["get", "tenantry", "-o", "name"])?;
        let mut largest = 0;
        for name in names.lines() {
            largest = largest.max(self.kubectl(&["get", name, "-o", "json", "--show-managed-fields"])?.len());
        }
        #[expect(clippy::cast_precision_loss, reason = "some thousand")]
        Ok(largest as f64 / 1024.0)
    }

    /// From the end of the one that leads to the next statement of another one.
    fn killed(&self, size: usize, mut first: Operator, table: &mut Table) -> Result<(), Failure> {
        let _second = self.start("second")?;
        let applied = || {
            let sql = "SELECT count(*) FROM tenantry.event WHERE outcome = 'applied'";
            let text = self.fleet.cluster.psql_as(LOGIN, OURS, sql)?;
            text.trim().parse::<usize>().map_err(|_| Failure::Wrong(format!("no count: {text}")))
        };
        let before = applied()?;
        self.fleet.define(&format!("{DEFINITION}{THREE}{MORE}"))?;
        self.kubectl(&["apply", "-f", &folder(self.fleet.manifests())])?;
        self.wait("the middle of a rollout", || Ok(applied()? > before + size / 10))?;
        // One that is gone is killed already.
        let _ = first.0.kill();
        let _ = first.0.wait();
        let (began, reached) = (Instant::now(), applied()?);
        // What was under way is finished by the server, whatever becomes of who asked for it.
        self.wait("the next statement", || Ok(applied()? > reached + UNDER_WAY))?;
        table.figure("  from a killed leader to the next statement", size, time(began.elapsed()), "");
        self.wait("the end", || Ok(applied()? >= before + size))
    }
}

fn folder(path: &Path) -> String {
    path.display().to_string()
}

/// Sums the API server's counters.
fn counted(metrics: &str, verbs: &[&str], is_meant: impl Fn(&str) -> bool) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with("apiserver_request_total{"));
    let of_verbs = lines.filter(|line| verbs.iter().any(|verb| line.contains(&format!("verb=\"{verb}\""))));
    let ours = of_verbs.filter(|line| !line.contains("resource=\"\"") && is_meant(line));
    ours.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}
