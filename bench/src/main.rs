//! What Tenantry takes, beside the same done with bare SQL, on the same machine in one run.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a table is printed")]

mod application;
mod bare;
mod fleet;
mod measures;
mod operator;
mod program;
mod table;

use std::process::ExitCode;

use crate::fleet::Fleet;
use crate::table::Table;

/// How many tenants, to show how cost grows.
const SIZES: [usize; 3] = [150, 1500, 5000];

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Server(#[from] tenantry_testkit::pg::Error),
    #[error(transparent)]
    Engine(#[from] tenantry_engine::EngineError),
    #[error("{0}")]
    Client(#[from] tokio_postgres::Error),
    #[error("{what}: {source}")]
    System { what: &'static str, source: std::io::Error },
    #[error("{0}")]
    Wrong(String),
}

/// A closure that says what was being done.
fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Failure {
    move |source| Failure::System { what, source }
}

fn main() -> ExitCode {
    let outcome = sizes().and_then(|sizes| {
        let mut table = Table::default();
        let only = std::env::var("ONLY").unwrap_or_default();
        for size in sizes {
            if only != "operator" {
                measure(size, &mut table)?;
            }
            if only != "engine" {
                operator::measure(size, &mut table)?;
            }
        }
        println!("\n{table}");
        Ok(())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// `SIZES=150,1500` says otherwise.
fn sizes() -> Result<Vec<usize>, Failure> {
    let Ok(text) = std::env::var("SIZES") else { return Ok(SIZES.to_vec()) };
    let parse = |part: &str| part.trim().parse().ok().filter(|size| *size >= 60);
    let sizes: Option<Vec<usize>> = text.split(',').map(parse).collect();
    sizes.ok_or_else(|| Failure::Wrong(format!("SIZES is {text}: give numbers of at least 60, with commas")))
}

/// Everything for one size of fleet.
fn measure(size: usize, table: &mut Table) -> Result<(), Failure> {
    println!("{size} tenants ...");
    let fleet = Fleet::set_up(size)?;
    measures::provisioning(&fleet, table)?;
    measures::changed(&fleet, table)?;
    measures::inspection(&fleet, table)?;
    measures::rollout(&fleet, table)?;
    measures::applies(&fleet, table)?;
    measures::states(&fleet, table)
}
