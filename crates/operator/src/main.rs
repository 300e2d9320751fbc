//! tenantry-operator: keeps what the custom resources of a cluster say.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use tenantry_operator::{Error, Options, run};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Keeps what TenantDatabases, SchemaDefinitions and TenantSets of a cluster say.
#[derive(Debug, Parser)]
#[command(name = "tenantry-operator", version)]
struct Arguments {
    /// Serve only this namespace; without it all of them, which needs a ClusterRole.
    #[arg(long, env = "TENANTRY_NAMESPACE", value_name = "NAME")]
    namespace: Option<String>,
    /// Where /healthz, /readyz and /metrics are served.
    #[arg(long, env = "TENANTRY_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    listen: SocketAddr,
    /// The namespace of the Lease by which one of several replicas works.
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAME")]
    lease_namespace: Option<String>,
    /// What tells this replica from the others.
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    identity: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(std::io::stderr)
        .init();
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "ended");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Error> {
    let stop = CancellationToken::new();
    let mut terminated = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let asked = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        tracing::info!("asked to stop: what is under way is finished");
        asked.cancel();
    });
    let client = kube::Client::try_default().await.map_err(|error| Error::Client(Box::new(error)))?;
    let lease_namespace = arguments.lease_namespace.or_else(|| arguments.namespace.clone());
    let options = Options {
        lease_namespace: lease_namespace.unwrap_or_else(|| client.default_namespace().to_owned()),
        namespace: arguments.namespace,
        identity: arguments.identity.unwrap_or_else(|| format!("tenantry-{}", std::process::id())),
        listen: Some(arguments.listen),
    };
    run(client, options, stop).await
}
