//! Controllers of the custom resources, a folder each: observe, decide (a pure function), act, report.
//!
//! What takes long is done by a worker a TenantSet (`set::worker`) that drives the fleet; a reconciliation begins it,
//! steers it and reads how far it is.

#![recursion_limit = "256"]

mod context;
mod control;
mod database;
mod definition;
mod error;
mod lease;
mod metrics;
mod report;
mod serve;
mod set;
mod subject;
mod watched;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::StreamExt as _;
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Client, ResourceExt as _};
use tenantry_api::{SchemaDefinition, SchemaRollout, TenantDatabase, TenantSet};
use tokio_util::sync::CancellationToken;

pub use error::Error;

use context::{Context, Stores, Woken};
use control::{Guarded, control, watch};
use lease::Election;
use metrics::Metrics;
use serve::{Served, serve};
use subject::{Key, Subject};

/// How long reconciliations have for their last reports when a term ends.
const LAST_REPORTS: Duration = Duration::from_millis(700);
/// How long the removal of shadows may take then.
const TIDY_WITHIN: Duration = Duration::from_millis(500);

/// What a person says when the operator starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The one namespace that is served; `None` for all.
    pub namespace: Option<String>,
    /// The namespace of the Lease.
    pub lease_namespace: String,
    /// What tells this process from others that want the Lease.
    pub identity: String,
    /// Where `/healthz`, `/readyz` and `/metrics` are; `None` for nowhere.
    pub listen: Option<SocketAddr>,
}

/// Runs until `stop` is cancelled. Of several processes the one that holds the Lease works; the others wait for it.
///
/// # Errors
/// When nothing can be served where it should be.
pub async fn run(client: Client, options: Options, stop: CancellationToken) -> Result<(), Error> {
    let served = Arc::new(Served { metrics: Metrics::new(), ready: AtomicBool::new(false) });
    let serving = async {
        match options.listen {
            Some(address) => {
                let outcome = serve(address, Arc::clone(&served), stop.clone()).await;
                stop.cancel();
                outcome
            }
            None => Ok(()),
        }
    };
    let working = async {
        let election = Election::new(client.clone(), &options.lease_namespace, options.identity.clone());
        tracing::info!(identity = options.identity, "started");
        while let Some(term) = election.win(&served.ready, &stop).await {
            let over = CancellationToken::new();
            let led = async {
                lead(&client, &options, &served, &term, &stop).await;
                over.cancel();
            };
            tokio::join!(led, election.keep(&term, &over));
        }
        tracing::info!("stopped");
    };
    let (served, ()) = tokio::join!(serving, working);
    served
}

/// Works for one term: until the Lease is lost, or `stop`.
async fn lead(
    client: &Client,
    options: &Options,
    served: &Arc<Served>,
    term: &lease::Term,
    stop: &CancellationToken,
) {
    let (databases, databases_writer) = reflector::store::<Guarded<TenantDatabase>>();
    let (definitions, definitions_writer) = reflector::store::<Guarded<SchemaDefinition>>();
    let (sets, sets_writer) = reflector::store::<Guarded<TenantSet>>();
    let (rollouts, rollouts_writer) = reflector::store::<Guarded<SchemaRollout>>();
    let stores = Stores {
        databases: databases.clone(),
        definitions: definitions.clone(),
        sets: sets.clone(),
        rollouts,
    };
    let (context, woken) = Context::new(client.clone(), options, stores, Arc::clone(served), term);
    let context = Arc::new(context);
    let Woken { databases: databases_woken, definitions: definitions_woken, sets: sets_woken, mut users } =
        woken;
    tracing::info!("leads");
    served.metrics.lead(&context);
    let end = CancellationToken::new();
    let of_users = tokio::spawn({
        let context = Arc::clone(&context);
        async move {
            while let Some(user) = users.recv().await {
                context.wake(&user);
            }
        }
    });
    let of_rollouts = tokio::spawn(watch_rollouts(Arc::clone(&context), rollouts_writer));
    let controllers = async {
        tokio::join!(
            control(
                Arc::clone(&context),
                (databases, watch(&context, databases_writer, context.loaded.databases.clone())),
                databases_woken,
                end.clone()
            ),
            control(
                Arc::clone(&context),
                (definitions, watch(&context, definitions_writer, context.loaded.definitions.clone())),
                definitions_woken,
                end.clone()
            ),
            control(
                Arc::clone(&context),
                (sets, watch(&context, sets_writer, context.loaded.sets.clone())),
                sets_woken,
                end.clone()
            ),
        )
    };
    tokio::pin!(controllers);
    tokio::select! {
        _ = &mut controllers => {}
        () = stop.cancelled() => {}
        () = term.lost.cancelled() => {}
    }
    tracing::info!("ends its term: what is under way is finished, or undone where that takes long");
    end.cancel();
    // A reconciliation that waits for the API server is not waited for: what it would have written is written anew.
    let _ = tokio::join!(context.workers.end(), tokio::time::timeout(LAST_REPORTS, &mut controllers));
    of_users.abort();
    of_rollouts.abort();
    served.metrics.follow();
    let tidying = async {
        context.engines.close().await;
        context.connections.drain().await;
    };
    if tokio::time::timeout(TIDY_WITHIN, tidying).await.is_err() {
        tracing::warn!("what was made for shadows is swept up by the next start");
    }
}

/// Keeps the SchemaRollouts, in whose spec people's orders are; each that changed wakes its set.
async fn watch_rollouts(context: Arc<Context>, writer: reflector::store::Writer<Guarded<SchemaRollout>>) {
    watcher(context.all::<Guarded<SchemaRollout>>(), watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(|event| control::note_loaded(event, &context.loaded.rollouts))
        .touched_objects()
        .for_each(|touched| async {
            match touched {
                Ok(rollout) => {
                    if let Ok(known) = &rollout.0 {
                        let namespace = rollout.namespace().unwrap_or_default();
                        let name = known.spec.tenant_set_ref.name.clone();
                        context.wake(&Subject::Set(Key { namespace, name }));
                    }
                }
                Err(error) => tracing::warn!(%error, "schemarollouts cannot be watched; it is tried again"),
            }
        })
        .await;
}
