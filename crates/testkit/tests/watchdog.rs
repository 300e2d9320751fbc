//! No server outlives the process that started it, however that ends.
#![allow(clippy::unwrap_used, reason = "clippy does not take the functions beside the tests for tests")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for a server to stop on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that owns a cluster.
struct Owner {
    process: Child,
    port: u16,
}

impl Owner {
    /// Starts one whose cluster lies in `temp`.
    fn start(temp: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_with-postgres"));
        command.env("TMPDIR", temp).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let port = url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0.parse().unwrap();
        Self { process, port }
    }

    fn server_runs(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A temporary directory that the server's account can reach too.
fn temp() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    temp
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

fn comes_true(condition: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if condition() {
            return true;
        }
        sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn a_killed_owner_takes_its_server_with_it() {
    let temp = temp();
    let mut owner = Owner::start(temp.path());
    assert!(owner.server_runs() && !is_empty(temp.path()));
    owner.kill();
    assert!(comes_true(|| !owner.server_runs()), "the server still runs");
    assert!(comes_true(|| is_empty(temp.path())), "its directory is still there");
}

#[test]
fn an_owner_that_ends_takes_its_server_with_it() {
    let temp = temp();
    let mut owner = Owner::start(temp.path());
    drop(owner.process.stdin.take());
    assert!(owner.process.wait().unwrap().success());
    assert!(!owner.server_runs() && is_empty(temp.path()));
}

#[cfg(target_os = "linux")]
#[test]
fn the_next_start_sweeps_up_where_the_watchdog_was_killed_too() {
    let temp = temp();
    let mut owner = Owner::start(temp.path());
    let tasks = format!("/proc/{id}/task/{id}/children", id = owner.process.id());
    let watchdog = fs::read_to_string(tasks).unwrap().trim().to_owned();
    let group = format!("-{watchdog}");
    assert!(Command::new("kill").args(["-s", "KILL", "--", &group]).status().unwrap().success());
    owner.kill();
    sleep(Duration::from_millis(500));
    assert!(owner.server_runs(), "without its watchdog nothing stops it");

    let mut other = Owner::start(temp.path());
    assert!(!owner.server_runs() && other.server_runs());
    assert_eq!(
        fs::read_dir(temp.path()).unwrap().count(),
        1,
        "the directory of the dead one is gone, the other's is not"
    );
    let third = Owner::start(temp.path());
    assert!(other.server_runs() && third.server_runs(), "who lives is left alone");
    drop((other.process.stdin.take(), third));
}

#[test]
fn a_command_finds_the_database_and_its_exit_code_comes_back() {
    let with_postgres = |script: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_with-postgres"));
        command.args(["sh", "-c", script]).output().unwrap()
    };
    let output = with_postgres("psql -XAtc 'SELECT 1' && psql -XAtc 'SELECT 2' \"$DATABASE_URL\"");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n2\n");
    assert_eq!(with_postgres("exit 7").status.code(), Some(7));
}
