//! What all controllers have in common: a watch, objects that cannot be read, pauses after failures, what is gone.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::reflector::Store;
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::context::Context;
use crate::subject::{Key, Subject};

/// An object as the API server has it, whether it can be understood or not.
pub(crate) type Guarded<K> = DeserializeGuard<K>;

/// A kind that is looked after.
pub(crate) trait Controlled:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// How many are looked at once.
    const AT_ONCE: u16;

    /// As one of those that wake each other up.
    fn subject(key: Key) -> Subject;

    /// Observes, decides, acts, reports; when to look again.
    fn reconcile(object: &Self, context: &Arc<Context>) -> impl Future<Output = Result<Next, Error>> + Send;

    /// It is gone.
    fn forget(key: &Key, context: &Arc<Context>) -> impl Future<Output = ()> + Send;
}

/// When an object is looked at again, if nothing wakes it up before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// All went well: after this long.
    In(Duration),
    /// Something did not: after a pause that grows with each time in a row.
    Soon,
}

/// Looks after all objects of a kind until `stop`. `stream` keeps `store` up to date.
pub(crate) async fn control<K: Controlled>(
    context: Arc<Context>,
    (store, stream): (
        Store<Guarded<K>>,
        impl Stream<Item = Result<Guarded<K>, watcher::Error>> + Send + 'static,
    ),
    woken: UnboundedReceiver<Key>,
    stop: CancellationToken,
) {
    let woken = futures::stream::unfold(woken, |mut woken| async move {
        let key = woken.recv().await?;
        Some((key.reference::<Guarded<K>>(), woken))
    });
    Controller::for_stream(stream, store)
        .with_config(controller::Config::default().concurrency(K::AT_ONCE))
        .reconcile_on(woken)
        .graceful_shutdown_on(stop.cancelled_owned())
        .run(reconcile::<K>, retry::<K>, Arc::clone(&context))
        .for_each(|outcome| async {
            match outcome {
                Ok(_) => {}
                Err(controller::Error::ObjectNotFound(gone)) => {
                    let key = Key { namespace: gone.namespace.unwrap_or_default(), name: gone.name };
                    K::forget(&key, &context).await;
                    context.did_well(&K::subject(key));
                }
                Err(error) => tracing::warn!(%error, "it is tried again"),
            }
        })
        .await;
}

/// What keeps a store of all objects of a kind, and tells of each that changed or went.
pub(crate) fn watch<K: Controlled>(
    context: &Arc<Context>,
    writer: reflector::store::Writer<Guarded<K>>,
    loaded: CancellationToken,
) -> impl Stream<Item = Result<Guarded<K>, watcher::Error>> + Send + use<K> {
    let api = context.all::<Guarded<K>>();
    let context = Arc::clone(context);
    watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(move |event| note_loaded(event, &loaded))
        .touched_objects()
        .inspect(move |touched| {
            if let Ok(object) = touched {
                context.wake_dependents(&K::subject(Key::of(object)));
            }
        })
}

/// Whether all that is there was seen. A store's own `wait_until_ready` wakes only one of those that wait for it.
pub(crate) fn note_loaded<K>(event: &Result<watcher::Event<K>, watcher::Error>, loaded: &CancellationToken) {
    if matches!(event, Ok(watcher::Event::InitDone)) {
        loaded.cancel();
    }
}

async fn reconcile<K: Controlled>(guarded: Arc<Guarded<K>>, context: Arc<Context>) -> Result<Action, Error> {
    let object = match &guarded.0 {
        Ok(object) => object,
        Err(invalid) => {
            // Written by another version of the program, or past the schema: it harms nobody else.
            let (kind, name) = (K::kind(&()), invalid.metadata.name.as_deref().unwrap_or_default());
            tracing::warn!(%kind, name, error = invalid.error, "it cannot be understood, and is left alone");
            return Ok(Action::await_change());
        }
    };
    let subject = K::subject(Key::of(object));
    context.caches_ready().await;
    Ok(Action::requeue(match K::reconcile(object, &context).await? {
        Next::In(pause) => {
            context.did_well(&subject);
            pause
        }
        Next::Soon => context.failed(&subject),
    }))
}

#[allow(clippy::needless_pass_by_value, reason = "a controller calls it so")]
fn retry<K: Controlled>(guarded: Arc<Guarded<K>>, _: &Error, context: Arc<Context>) -> Action {
    let key = Key { namespace: guarded.namespace().unwrap_or_default(), name: guarded.name_any() };
    Action::requeue(context.failed(&K::subject(key)))
}
