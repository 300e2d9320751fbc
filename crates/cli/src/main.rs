//! kubectl-tenantry: one live schema from the command line.

mod args;
mod output;
mod schema;

use std::io::Write as _;
use std::process::ExitCode;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;

/// How the program ended, apart from errors.
pub enum Outcome {
    /// As it should be: exit code 0.
    Fine,
    /// Something differs: exit code 1.
    Differs,
}

/// Why it was not done: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A database did not do what was asked.
    #[error(transparent)]
    Engine(Box<tenantry_engine::EngineError>),
    /// A schema's name cannot be one.
    #[error("--schema: {0}")]
    Name(#[from] tenantry_engine::NameError),
    /// A role's name cannot be one.
    #[error("--owner-role: {0}")]
    Role(#[from] tenantry_planner::sql::IdentifierError),
    /// A URL cannot be used.
    #[error("{argument}: {bad}")]
    Settings {
        /// Which.
        argument: &'static str,
        /// Why.
        bad: tenantry_postgres::BadSettings,
    },
    /// A file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// No plan can be made.
    #[error("no plan can be made:\n{0}")]
    NoPlan(String),
    /// The definition says that everything goes.
    #[error(
        "the definition declares nothing, so everything in {0} would go: if that is meant, say --allow-empty"
    )]
    Empty(String),
    /// A catalog has no rendering.
    #[error("it cannot be written as a definition:\n{0}")]
    NotWritten(#[from] tenantry_planner::PlanError),
    /// What was made cannot be written as JSON.
    #[error("writing JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The terminal is gone.
    #[error("writing: {0}")]
    Output(std::io::Error),
}

impl From<tenantry_engine::EngineError> for Failure {
    fn from(error: tenantry_engine::EngineError) -> Self {
        Failure::Engine(Box::new(error))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
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
    match run(cli.command).await {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Differs) => ExitCode::from(1),
        Err(failure) => {
            let _ = writeln!(anstream::stderr(), "{failure}");
            ExitCode::from(2)
        }
    }
}

async fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Schema(command) => schema::run(command).await,
        Command::Completion { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "kubectl-tenantry", &mut std::io::stdout());
            Ok(Outcome::Fine)
        }
    }
}
