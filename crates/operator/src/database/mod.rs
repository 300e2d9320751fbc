//! TenantDatabases: whether each can be reached, and what its login may.

mod decide;
mod engines;
mod observe;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use tenantry_api::TenantDatabase;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

pub(crate) use engines::Engines;

use crate::context::Context;
use crate::{Error, report};
use decide::decide;
use observe::observe;

/// A TenantDatabase as the API server has it, whether it can be understood or not.
pub(crate) type Guarded = DeserializeGuard<TenantDatabase>;

/// How often a database that does well is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How many are looked at once.
const AT_ONCE: u16 = 8;

/// Looks after all of them until `stop`.
pub(crate) async fn control(
    context: Arc<Context>,
    woken: UnboundedReceiver<ObjectRef<TenantDatabase>>,
    stop: CancellationToken,
) {
    let woken = futures::stream::unfold(woken, |mut woken| async move {
        let user = woken.recv().await?;
        Some((user, woken))
    });
    let woken = woken.map(|user| {
        ObjectRef::<Guarded>::new(&user.name).within(user.namespace.as_deref().unwrap_or_default())
    });
    let controller = Controller::new(context.all::<Guarded>(), watcher::Config::default());
    context.serve(controller.store());
    controller
        .with_config(controller::Config::default().concurrency(AT_ONCE))
        .reconcile_on(woken)
        .graceful_shutdown_on(stop.cancelled_owned())
        .run(reconcile, retry, Arc::clone(&context))
        .for_each(|outcome| async {
            match outcome {
                Ok(_) => {}
                Err(controller::Error::ObjectNotFound(gone)) => {
                    let namespace = gone.namespace.as_deref().unwrap_or_default();
                    forget(&context, &ObjectRef::new(&gone.name).within(namespace)).await;
                }
                Err(error) => tracing::warn!(%error, "it is tried again"),
            }
        })
        .await;
}

async fn reconcile(guarded: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Error> {
    let database = match &guarded.0 {
        Ok(database) => database,
        Err(invalid) => {
            // Written by another version of the program, or past the schema: it harms nobody else.
            let name = invalid.metadata.name.as_deref().unwrap_or_default();
            tracing::warn!(tenantdatabase = name, error = invalid.error, "it cannot be understood");
            return Ok(Action::await_change());
        }
    };
    let reference = ObjectRef::from_obj(database);
    // Observe (client, server).
    let seen = observe(&context, database).await;
    // Decide (neither).
    let current = database.status.clone().unwrap_or_default();
    let status = decide(&seen, &current, database.metadata.generation.unwrap_or_default(), Timestamp::now());
    // Report (client).
    if database.status.as_ref() != Some(&status) {
        report::status(&context, database, &status).await?;
        if let Some(event) = report::transition(&current.conditions, &status.conditions) {
            tracing::info!(
                tenantdatabase = database.name_any(),
                namespace = database.namespace(),
                reason = event.reason,
                told = event.note,
                "changed"
            );
            report::event(&context, database, &event).await;
        }
    }
    Ok(Action::requeue(match seen.is_well() {
        true => {
            context.did_well(&reference);
            LOOK_EVERY
        }
        false => context.failed(&reference),
    }))
}

/// The object is gone; nothing in the database is. This is noticed when it would have been looked at again.
async fn forget(context: &Context, database: &ObjectRef<TenantDatabase>) {
    context.secrets.keep(database, &[].into());
    context.engines.forget(database).await;
    context.did_well(database);
}

#[allow(clippy::needless_pass_by_value, reason = "a controller calls it so")]
fn retry(guarded: Arc<Guarded>, _: &Error, context: Arc<Context>) -> Action {
    let namespace = guarded.namespace().unwrap_or_default();
    Action::requeue(context.failed(&ObjectRef::new(&guarded.name_any()).within(&namespace)))
}
