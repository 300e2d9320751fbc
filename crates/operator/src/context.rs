//! What all reconciliations share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Api, Client, Resource};
use tenantry_api::TenantDatabase;
use tenantry_postgres::Connections;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::Options;
use crate::database::{Engines, Guarded};
use crate::secrets::Secrets;

/// Who writes status, to the API server (server-side apply) and in events.
pub(crate) const FIELD_MANAGER: &str = "tenantry";

/// The pause after the first failure in a row; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What all reconciliations share.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) options: Options,
    pub(crate) recorder: Recorder,
    pub(crate) connections: Connections,
    pub(crate) secrets: Secrets,
    pub(crate) engines: Engines,
    databases: OnceLock<Store<Guarded>>,
    /// How often in a row each object failed.
    failures: Mutex<HashMap<ObjectRef<TenantDatabase>, u32>>,
}

impl Context {
    /// With what wakes a TenantDatabase up beside its own changes.
    pub(crate) fn new(
        client: Client,
        options: Options,
    ) -> (Self, UnboundedReceiver<ObjectRef<TenantDatabase>>) {
        let (secrets, woken) = Secrets::new(client.clone());
        let instance = std::env::var("POD_NAME").ok();
        let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance };
        let context = Self {
            recorder: Recorder::new(client.clone(), reporter),
            client,
            options,
            connections: Connections::default(),
            secrets,
            engines: Engines::default(),
            databases: OnceLock::new(),
            failures: Mutex::default(),
        };
        (context, woken)
    }

    /// Where all TenantDatabases are kept up to date.
    pub(crate) fn serve(&self, databases: Store<Guarded>) {
        // There is one controller of them.
        let _ = self.databases.set(databases);
    }

    /// A TenantDatabase that can be understood, as it was last seen.
    pub(crate) fn database(&self, name: &ObjectRef<Guarded>) -> Option<TenantDatabase> {
        self.databases.get()?.get(name)?.0.as_ref().ok().cloned()
    }

    /// The objects of a kind that are served.
    pub(crate) fn all<K>(&self) -> Api<K>
    where
        K: Resource<Scope = kube::core::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        match &self.options.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// How long to wait after one more failure of an object.
    pub(crate) fn failed(&self, object: &ObjectRef<TenantDatabase>) -> Duration {
        let mut failures = locked(&self.failures);
        let count = failures.entry(object.clone()).or_insert(0);
        *count += 1;
        pause(*count)
    }

    /// An object did well, or is gone.
    pub(crate) fn did_well(&self, object: &ObjectRef<TenantDatabase>) {
        locked(&self.failures).remove(object);
    }
}

fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

/// What a lock holds stays whole even if a holder panicked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let seconds = [1, 2, 3, 4, 5, 6, 100].map(|failures| pause(failures).as_secs());
        assert_eq!(seconds, [5, 10, 20, 40, 60, 60, 60]);
    }
}
