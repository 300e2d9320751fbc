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
mod report;
mod set;
mod subject;
mod watched;

use std::sync::Arc;

use futures::StreamExt as _;
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Client, ResourceExt as _};
use tenantry_api::{SchemaDefinition, SchemaRollout, TenantDatabase, TenantSet};
use tokio_util::sync::CancellationToken;

pub use error::Error;

use context::{Context, Stores, Woken};
use control::{Guarded, control, watch};
use subject::{Key, Subject};

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
    let (context, woken) = Context::new(client, options, stores);
    let context = Arc::new(context);
    let Woken { databases: databases_woken, definitions: definitions_woken, sets: sets_woken, mut users } =
        woken;
    tracing::info!("started");
    let of_users = tokio::spawn({
        let context = Arc::clone(&context);
        async move {
            while let Some(user) = users.recv().await {
                context.wake(&user);
            }
        }
    });
    let of_rollouts = tokio::spawn(watch_rollouts(Arc::clone(&context), rollouts_writer));
    tokio::join!(
        control(
            Arc::clone(&context),
            (databases, watch(&context, databases_writer)),
            databases_woken,
            stop.clone()
        ),
        control(
            Arc::clone(&context),
            (definitions, watch(&context, definitions_writer)),
            definitions_woken,
            stop.clone()
        ),
        control(Arc::clone(&context), (sets, watch(&context, sets_writer)), sets_woken, stop.clone()),
        async {
            stop.cancelled().await;
            context.workers.end().await;
        },
    );
    of_users.abort();
    of_rollouts.abort();
    context.engines.close().await;
    context.connections.drain().await;
    tracing::info!("stopped");
    Ok(())
}

/// Keeps the SchemaRollouts, in whose spec people's orders are; each that changed wakes its set.
async fn watch_rollouts(context: Arc<Context>, writer: reflector::store::Writer<Guarded<SchemaRollout>>) {
    watcher(context.all::<Guarded<SchemaRollout>>(), watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .touched_objects()
        .for_each(|touched| async {
            if let Ok(rollout) = touched
                && let Ok(known) = &rollout.0
            {
                let namespace = rollout.namespace().unwrap_or_default();
                context.wake(&Subject::Set(Key { namespace, name: known.spec.tenant_set_ref.name.clone() }));
            }
        })
        .await;
}
