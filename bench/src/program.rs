//! The program as a user runs it, with how long it took and how much memory it had at most.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::{Failure, system};

/// What a run came to.
pub struct Ran {
    pub took: Duration,
    /// At most, in MiB.
    pub memory: f64,
}

/// Runs a command on the fleet's manifests; `codes` are how it may end.
pub fn run(fleet: &Fleet, arguments: &[&str], codes: &[i32]) -> Result<Ran, Failure> {
    let this = std::env::current_exe().map_err(system("find the programs"))?;
    let mut command = Command::new(this.with_file_name("kubectl-tenantry"));
    command.args(arguments).arg("-f").arg(fleet.manifests());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().map_err(system("start kubectl-tenantry"))?;
    let mut memory = 0.0_f64;
    let status = loop {
        memory = memory.max(peak(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait().map_err(system("wait for kubectl-tenantry"))? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = began.elapsed();
    if !status.code().is_some_and(|code| codes.contains(&code)) {
        let said = child.stderr.take().map(std::io::read_to_string);
        let said = said.transpose().map_err(system("read what kubectl-tenantry said"))?.unwrap_or_default();
        return Err(Failure::Wrong(format!("{} ended with {status}: {said}", arguments.join(" "))));
    }
    Ok(Ran { took, memory })
}

/// The most memory that a process had so far, as Linux tells it.
pub fn peak(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()? / 1024.0)
}
