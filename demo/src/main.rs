//! The main job on a fleet of real schemas, told as a story: each claim is checked by pg_dump or catalog SQL.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a story is told on the terminal")]

mod checks;
mod stage;
mod story;
mod timeline;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use crate::checks::Checks;
use crate::stage::{Failure, Stage};
use crate::timeline::Timeline;

/// The case that Tenantry was made for.
const TENANTS: usize = 1500;
/// The story needs some of them by name, and a wave of some.
const AT_LEAST: usize = 20;

fn main() -> ExitCode {
    match play() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("The demo could not go on: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Tells the story; whether every claim was true.
fn play() -> Result<bool, Failure> {
    let tenants = tenants()?;
    let mut checks = Checks::default();
    let mut timeline = Timeline::default();
    println!("Starting a PostgreSQL with {tenants} customers who have no schema yet ...");
    let stage = timeline.time("a PostgreSQL with its customers", tenants, || Stage::set_up(tenants))?;
    println!("{} on {}", stage.version()?, stage.url());
    story::tell(&stage, tenants, &mut checks, &mut timeline)?;
    timeline.print();
    let (held, broken) = checks.result();
    println!("{held} claims checked by pg_dump and catalog SQL, {} of them false", broken.len());
    for claim in broken {
        println!("  FALSE: {claim}");
    }
    println!("{}", next(&stage));
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        print!("It is all still running. Enter ends it: ");
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

/// What to try next.
fn next(stage: &Stage) -> String {
    format!(
        "\nWhat to try next:\n  \
         kubectl-tenantry fleet status -f {folder}\n  \
         kubectl-tenantry fleet drift -f {folder} -o json\n  \
         kubectl-tenantry schema inspect --database {url} --schema tenant_acme -o sql\n  \
         the same on a database of your own: README, \"A fleet, without a cluster\"",
        folder = stage.manifests().display(),
        url = stage.url(),
    )
}
