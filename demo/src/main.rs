//! The main job on a fleet of real schemas, told as a story: each claim is checked by pg_dump, catalog SQL or kubectl.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a story is told on the terminal")]

mod checks;
mod claims;
mod cluster;
mod local;
mod stage;
mod timeline;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use crate::checks::Checks;
use crate::stage::{Failure, Stage};
use crate::timeline::{Timeline, number};

/// The case that Tenantry was made for.
const TENANTS: usize = 1500;
/// The story needs some of them by name, and a wave of some.
const AT_LEAST: usize = 20;

fn main() -> ExitCode {
    let played = match std::env::args().nth(1).as_deref() {
        Some("local") => play_local(),
        Some("cluster") => play_on_cluster(),
        _ => Err(Failure::Claim("say which story: cluster, or local".to_owned())),
    };
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("\nThe demo could not go on: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Tells the story on Kubernetes; whether every claim was true.
fn play_on_cluster() -> Result<bool, Failure> {
    let tenants = tenants()?;
    let (mut checks, mut timeline) = (Checks::default(), Timeline::begin());
    let stage = set_up(tenants, &mut timeline)?;
    let start = || cluster::start(&stage);
    let mut kubernetes = timeline.act("A control plane of Kubernetes", "etcd and an API server", 0, start)?;
    cluster::play(&stage, &mut kubernetes, tenants, &mut checks, &mut timeline)?;
    end(&checks, "pg_dump, catalog SQL and kubectl", &timeline, &cluster::next(&stage, &kubernetes))
}

/// Tells the story without a cluster; whether every claim was true.
fn play_local() -> Result<bool, Failure> {
    let tenants = tenants()?;
    let (mut checks, mut timeline) = (Checks::default(), Timeline::begin());
    let stage = set_up(tenants, &mut timeline)?;
    local::play(&stage, tenants, &mut checks, &mut timeline)?;
    end(&checks, "pg_dump and catalog SQL", &timeline, &local::next(&stage))
}

fn set_up(tenants: usize, timeline: &mut Timeline) -> Result<Stage, Failure> {
    let heading = format!("A PostgreSQL with {} customers who have no schema yet", number(tenants));
    let stage =
        timeline.act(&heading, "a PostgreSQL with its customers", tenants, || Stage::set_up(tenants))?;
    println!("{} on {}", stage.version()?, stage.url());
    Ok(stage)
}

/// Says what came of it, and offers to let it go on.
fn end(checks: &Checks, oracles: &str, timeline: &Timeline, next: &str) -> Result<bool, Failure> {
    timeline.print();
    let (held, broken) = checks.result();
    println!("{} claims checked by {oracles}: {held} true, {} false", held + broken.len(), broken.len());
    for claim in broken {
        println!("  FALSE: {claim}");
    }
    println!("\n{next}");
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        print!("\nIt is all still running. Enter ends it: ");
        std::io::stdout().flush().map_err(stage::file("write to the terminal"))?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(stage::file("read from the terminal"))?;
    }
    Ok(broken.is_empty())
}

/// How many tenants the story has: `TENANTS` says.
fn tenants() -> Result<usize, Failure> {
    let Some(text) = std::env::var_os("TENANTS") else { return Ok(TENANTS) };
    match text.to_string_lossy().parse() {
        Ok(tenants) if tenants >= AT_LEAST => Ok(tenants),
        _ => Err(Failure::Claim(format!(
            "TENANTS is {}: give a number, at least {AT_LEAST}",
            text.to_string_lossy()
        ))),
    }
}
