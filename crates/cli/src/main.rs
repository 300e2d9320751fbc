//! kubectl-tenantry: one live schema, a whole fleet, or the TenantSets of a cluster, from the command line.

mod args;
mod argument;
mod cluster;
mod completion;
mod doctor;
mod failure;
mod fleet;
mod interrupt;
mod output;
mod schema;

use std::io::Write as _;
use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;
use tracing_subscriber::EnvFilter;

pub use failure::Failure;

/// How the program ended, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it should be.
    Fine,
    /// Done, and somebody should look.
    Differs,
    /// Not done, and that was said.
    NotDone,
    /// Somebody ended it.
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(match outcome {
            Outcome::Fine => 0,
            Outcome::Differs => 1,
            Outcome::NotDone => 2,
            Outcome::Interrupted => interrupt::EXIT_CODE,
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(words) = completion::asked_by_kubectl(std::env::args_os()) {
        return match write(&completion::candidates(words)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let cli = Cli::parse();
    let level = match cli.verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level)))
        .with_writer(std::io::stderr)
        .init();
    match run(&cli.command, cli.verbose).await {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            let _ = writeln!(anstream::stderr(), "{failure}");
            Outcome::NotDone.into()
        }
    }
}

async fn run(command: &Command, verbose: u8) -> Result<Outcome, Failure> {
    match command {
        Command::Schema(command) => schema::run(command).await,
        Command::Fleet(command) => fleet::run(command, verbose).await,
        Command::Cluster(command) => cluster::run(command).await,
        Command::Doctor(args) if args.is_for_a_cluster() => cluster::doctor(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Completion { shell } => {
            completion::script(*shell);
            Ok(Outcome::Fine)
        }
    }
}

/// Writes to standard output; a reader that has read enough is no error.
pub fn write(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// Says what is worth knowing, on standard error.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "note: {text}");
}
