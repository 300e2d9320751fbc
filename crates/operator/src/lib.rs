//! Controllers of the custom resources, a folder each: observe, decide (a pure function), report.
//!
//! Today it looks after TenantDatabases.

mod context;
mod database;
mod error;
mod report;
mod secrets;

use std::sync::Arc;

use kube::Client;
use tokio_util::sync::CancellationToken;

pub use error::Error;

use context::Context;

/// What a person says when the operator starts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The one namespace that is served; `None` for all.
    pub namespace: Option<String>,
}

/// Runs until `stop` is cancelled; what is under way then is finished.
///
/// # Errors
/// When the API server cannot be asked at all.
pub async fn run(client: Client, options: Options, stop: CancellationToken) -> Result<(), Error> {
    let (context, woken) = Context::new(client, options);
    let context = Arc::new(context);
    tracing::info!("started");
    database::control(Arc::clone(&context), woken, stop).await;
    context.connections.drain().await;
    tracing::info!("stopped");
    Ok(())
}
