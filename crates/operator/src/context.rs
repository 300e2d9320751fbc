//! What all reconciliations share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::core::NamespaceResourceScope;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::Store;
use kube::{Api, Client, Resource, ResourceExt as _};
use tenantry_api::{SchemaDefinition, SchemaRollout, TenantDatabase, TenantSet};
use tenantry_postgres::Connections;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use tokio_util::sync::CancellationToken;

use crate::control::{Controlled, Guarded};
use crate::database::Engines;
use crate::serve::Served;
use crate::set::{Published, Workers};
use crate::subject::{Key, Subject};
use crate::watched::Watched;
use crate::{Error, Options, lease};

/// Who writes status, to the API server (server-side apply) and in events.
pub(crate) const FIELD_MANAGER: &str = "tenantry";

/// The pause after the first failure in a row; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// All objects of the kinds that are looked after, as they were last seen.
pub(crate) struct Stores {
    pub(crate) databases: Store<Guarded<TenantDatabase>>,
    pub(crate) definitions: Store<Guarded<SchemaDefinition>>,
    pub(crate) sets: Store<Guarded<TenantSet>>,
    pub(crate) rollouts: Store<Guarded<SchemaRollout>>,
}

/// Cancelled once all objects of a kind were seen.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) databases: CancellationToken,
    pub(crate) definitions: CancellationToken,
    pub(crate) sets: CancellationToken,
    pub(crate) rollouts: CancellationToken,
}

/// What wakes each controller up beside its own objects' changes.
pub(crate) struct Woken {
    pub(crate) databases: UnboundedReceiver<Key>,
    pub(crate) definitions: UnboundedReceiver<Key>,
    pub(crate) sets: UnboundedReceiver<Key>,
    /// Users of a Secret or ConfigMap that changed.
    pub(crate) users: UnboundedReceiver<Subject>,
}

struct Wakes {
    databases: UnboundedSender<Key>,
    definitions: UnboundedSender<Key>,
    sets: UnboundedSender<Key>,
}

/// What all reconciliations share.
pub(crate) struct Context {
    pub(crate) client: Client,
    /// The one that is served; `None` for all.
    namespace: Option<String>,
    /// What ledgers know this term by.
    pub(crate) term: tenantry_postgres::Term,
    pub(crate) served: Arc<Served>,
    pub(crate) recorder: Recorder,
    pub(crate) connections: Connections,
    pub(crate) secrets: Watched<Secret>,
    pub(crate) config_maps: Watched<ConfigMap>,
    pub(crate) engines: Engines,
    pub(crate) workers: Workers,
    pub(crate) published: Published,
    pub(crate) loaded: Loaded,
    stores: Stores,
    wakes: Wakes,
    /// The UIDs of namespaces.
    namespaces: Mutex<HashMap<String, String>>,
    /// How often in a row each object failed.
    failures: Mutex<HashMap<Subject, u32>>,
}

impl Context {
    /// For one term in which this process leads.
    pub(crate) fn new(
        client: Client,
        options: &Options,
        stores: Stores,
        served: Arc<Served>,
        term: &lease::Term,
    ) -> (Self, Woken) {
        let (user, users) = mpsc::unbounded_channel();
        let (database, databases) = mpsc::unbounded_channel();
        let (definition, definitions) = mpsc::unbounded_channel();
        let (set, sets) = mpsc::unbounded_channel();
        let instance = Some(options.identity.clone());
        let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance };
        let context = Self {
            recorder: Recorder::new(client.clone(), reporter),
            secrets: Watched::new(client.clone(), user.clone()),
            config_maps: Watched::new(client.clone(), user),
            client,
            namespace: options.namespace.clone(),
            term: term.in_ledgers(),
            served,
            connections: Connections::default(),
            engines: Engines::default(),
            workers: Workers::default(),
            published: Published::default(),
            loaded: Loaded::default(),
            stores,
            wakes: Wakes { databases: database, definitions: definition, sets: set },
            namespaces: Mutex::default(),
            failures: Mutex::default(),
        };
        (context, Woken { databases, definitions, sets, users })
    }

    /// Until everything that is there was seen once: what is missing then is missing.
    pub(crate) async fn caches_ready(&self) {
        let Loaded { databases, definitions, sets, rollouts } = &self.loaded;
        tokio::join!(databases.cancelled(), definitions.cancelled(), sets.cancelled(), rollouts.cancelled());
    }

    /// A TenantDatabase that can be understood.
    pub(crate) fn database(&self, key: &Key) -> Option<TenantDatabase> {
        found(&self.stores.databases, key)
    }

    /// A SchemaDefinition that can be understood.
    pub(crate) fn definition(&self, key: &Key) -> Option<SchemaDefinition> {
        found(&self.stores.definitions, key)
    }

    /// The sets of a namespace.
    pub(crate) fn sets(&self, namespace: &str) -> Vec<TenantSet> {
        let all = self.stores.sets.state().into_iter();
        let there = all.filter(|set| set.namespace().as_deref() == Some(namespace));
        there.filter_map(|set| set.0.as_ref().ok().cloned()).collect()
    }

    /// The SchemaRollouts of a set.
    pub(crate) fn rollouts(&self, set: &Key) -> Vec<SchemaRollout> {
        let all = self.stores.rollouts.state().into_iter();
        let there = all.filter(|rollout| rollout.namespace().as_deref() == Some(&*set.namespace));
        let of_set = |rollout: &&SchemaRollout| rollout.spec.tenant_set_ref.name == set.name;
        there.filter_map(|rollout| rollout.0.as_ref().ok().filter(of_set).cloned()).collect()
    }

    /// Has an object looked at again, and those that rest on it.
    pub(crate) fn wake(&self, subject: &Subject) {
        // Nobody listens any more when the operator ends.
        let _ = match subject {
            Subject::Database(key) => self.wakes.databases.send(key.clone()),
            Subject::Definition(key) => self.wakes.definitions.send(key.clone()),
            Subject::Set(key) => self.wakes.sets.send(key.clone()),
        };
        self.wake_dependents(subject);
    }

    /// Has those looked at again that rest on an object.
    pub(crate) fn wake_dependents(&self, subject: &Subject) {
        match subject {
            Subject::Database(database) => {
                for set in self.sets(&database.namespace).iter().filter(|set| rests_on(set, &database.name)) {
                    let _ = self.wakes.sets.send(Key::of(set));
                }
                for other in self.stores.databases.state() {
                    let Ok(other) = &other.0 else { continue };
                    let shadow = other.spec.shadow.database_ref.as_ref().map(|shadow| shadow.name.as_str());
                    if shadow == Some(&*database.name) && Key::of(other) != *database {
                        let _ = self.wakes.databases.send(Key::of(other));
                    }
                }
            }
            Subject::Definition(definition) => {
                let sets = self.sets(&definition.namespace);
                for set in sets.iter().filter(|set| set.spec.schema_ref.name == definition.name) {
                    let _ = self.wakes.sets.send(Key::of(set));
                }
            }
            // What a definition says of itself, its sets have found out.
            Subject::Set(set) => {
                if let Some(set) = found(&self.stores.sets, set) {
                    let _ = self.wakes.definitions.send(Key::of(&set).sibling(&set.spec.schema_ref.name));
                }
            }
        }
    }

    /// The UID of a namespace, by which ledgers tell clusters apart.
    ///
    /// # Errors
    /// What the API server says.
    pub(crate) async fn namespace_uid(&self, name: &str) -> Result<String, Error> {
        if let Some(known) = locked(&self.namespaces).get(name) {
            return Ok(known.clone());
        }
        let api: Api<Namespace> = Api::all(self.client.clone());
        let namespace = api.get(name).await.map_err(Error::api("reading", format!("namespace/{name}")))?;
        let uid = namespace.uid().unwrap_or_default();
        locked(&self.namespaces).insert(name.to_owned(), uid.clone());
        Ok(uid)
    }

    /// A namespace that has no set any more may go, and come again as another.
    pub(crate) fn forget_namespace(&self, name: &str) {
        if self.sets(name).is_empty() {
            locked(&self.namespaces).remove(name);
        }
    }

    /// The objects of a kind that are served.
    pub(crate) fn all<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        match &self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// How long to wait after one more failure of an object.
    pub(crate) fn failed(&self, object: &Subject) -> Duration {
        let mut failures = locked(&self.failures);
        let count = failures.entry(object.clone()).or_insert(0);
        *count += 1;
        pause(*count)
    }

    /// An object did well, or is gone.
    pub(crate) fn did_well(&self, object: &Subject) {
        locked(&self.failures).remove(object);
    }
}

fn found<K: Controlled>(store: &Store<Guarded<K>>, key: &Key) -> Option<K> {
    store.get(&key.reference())?.0.as_ref().ok().cloned()
}

/// Whether a set has tenants in a database, or asks it who they are.
fn rests_on(set: &TenantSet, database: &str) -> bool {
    set.spec.databases.iter().any(|entry| {
        let asked = entry.tenants.query_database_ref.as_ref().map(|asked| asked.name.as_str());
        entry.database_ref.name == database || asked == Some(database)
    })
}

/// The pause after so many failures in a row.
pub(crate) fn pause(failures: u32) -> Duration {
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
