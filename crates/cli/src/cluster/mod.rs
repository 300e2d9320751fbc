//! The TenantSets of a cluster: what the operator wrote into the custom resources is read, and people's orders are written
//! into the rollouts. No database is talked to.

mod client;
mod doctor;
mod drift;
mod error;
mod history;
mod order;
mod plan;
mod rollback;
#[cfg(test)]
mod sample;
mod scene;
mod status;
mod tenants;
mod watch;
mod words;

use serde_json::Value;

use crate::args::{ClusterCommand, Output};
use crate::{Failure, Outcome, output, write};

pub use doctor::run as doctor;
pub use error::ClusterError;

/// Does what was typed.
pub async fn run(command: &ClusterCommand) -> Result<Outcome, Failure> {
    match command {
        ClusterCommand::Status(args) => status::run(args).await,
        ClusterCommand::Tenants(args) => tenants::run(args).await,
        ClusterCommand::Drift(args) => drift::run(args).await,
        ClusterCommand::Diff(args) => drift::run_diff(args).await,
        ClusterCommand::Plan(args) => plan::run(args).await,
        ClusterCommand::History(args) => history::run(args).await,
        ClusterCommand::Rollback(args) => rollback::run(args).await,
        ClusterCommand::Approve(args) => order::approve::run(args).await,
        ClusterCommand::Pause(args) => order::pause::run_pause(args).await,
        ClusterCommand::Resume(args) => order::pause::run_resume(args).await,
        ClusterCommand::Retry(args) => order::tenants::run_retry(args).await,
        ClusterCommand::Skip(args) => order::tenants::run_skip(args).await,
        ClusterCommand::Correct(args) => order::tenants::run_correct(args).await,
    }
}

/// Writes an answer as it was asked for.
fn answer(
    output: Output,
    json: impl FnOnce() -> Value,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    match output {
        Output::Json => write(&format!("{}\n", serde_json::to_string_pretty(&json())?)),
        Output::Text => write(&output::paint::painted(&text())),
    }
}
