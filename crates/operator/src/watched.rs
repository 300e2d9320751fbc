//! Secrets and ConfigMaps, watched one by one: only those that somebody uses, each by its name, so that a Role can name
//! them (D22).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::core::NamespaceResourceScope;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tenantry_manifest::{ConfigData, SecretData};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use crate::context::locked;
use crate::subject::Subject;

/// How long a first look may take, before it counts as not known.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// A namespace and a name.
type Key = (String, String);

/// A kind of object whose content is used.
pub(crate) trait Content:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static
{
    /// What of it is used.
    type Data: Send + Sync + PartialEq + Debug + 'static;

    /// What it holds.
    fn data(&self) -> Self::Data;
}

impl Content for Secret {
    type Data = SecretData;

    /// A value that is no text is left out: nothing that a connection needs is.
    fn data(&self) -> SecretData {
        let values = self.data.iter().flatten();
        values
            .filter_map(|(key, value)| {
                let text = String::from_utf8(value.0.clone()).ok()?;
                Some((key.clone(), tenantry_manifest::Secret::new(text)))
            })
            .collect()
    }
}

impl Content for ConfigMap {
    type Data = ConfigData;

    fn data(&self) -> ConfigData {
        self.data.clone().unwrap_or_default()
    }
}

/// What is known of an object.
#[derive(Debug, PartialEq)]
pub(crate) enum Reading<D> {
    /// Nothing yet.
    Pending,
    /// It is not there.
    Absent,
    /// What it holds, and its version.
    There(Arc<D>, String),
    /// Why it cannot be read.
    Unreadable(String),
}

impl<D> Clone for Reading<D> {
    fn clone(&self) -> Self {
        match self {
            Self::Pending => Self::Pending,
            Self::Absent => Self::Absent,
            Self::There(data, version) => Self::There(Arc::clone(data), version.clone()),
            Self::Unreadable(message) => Self::Unreadable(message.clone()),
        }
    }
}

impl<D> Reading<D> {
    /// What it holds, where it is there.
    pub(crate) fn data(&self) -> Option<&D> {
        match self {
            Self::There(data, _) => Some(data),
            _ => None,
        }
    }

    /// What sets it apart from another reading of the same object.
    pub(crate) fn version(&self) -> &str {
        match self {
            Self::There(_, version) => version,
            _ => "-",
        }
    }
}

/// All objects of a kind that are in use.
pub(crate) struct Watched<K: Content> {
    client: Client,
    wakes: mpsc::UnboundedSender<Subject>,
    watches: Mutex<HashMap<Key, Watch<K::Data>>>,
}

struct Watch<D> {
    task: AbortHandle,
    latest: watch::Receiver<Reading<D>>,
    users: Arc<Mutex<HashSet<Subject>>>,
}

impl<D> Drop for Watch<D> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<K: Content> Watched<K> {
    /// None in use yet; users of one that changed are sent to `wakes`.
    pub(crate) fn new(client: Client, wakes: mpsc::UnboundedSender<Subject>) -> Self {
        Self { client, wakes, watches: Mutex::default() }
    }

    /// What these objects of a user's namespace hold. It is woken up when one of them changes, and by no others any more.
    pub(crate) async fn read(
        &self,
        user: &Subject,
        names: &BTreeSet<String>,
    ) -> HashMap<String, Reading<K::Data>> {
        self.keep(user, names);
        let mut readings = HashMap::new();
        for name in names {
            let mut latest = self.watched((user.namespace().to_owned(), name.clone()), user);
            let known = latest.wait_for(|reading| !matches!(reading, Reading::Pending));
            let reading = match tokio::time::timeout(FIRST_LOOK, known).await {
                Ok(Ok(reading)) => reading.clone(),
                _ => Reading::Unreadable("the API server has not answered yet".to_owned()),
            };
            readings.insert(name.clone(), reading);
        }
        readings
    }

    /// A user needs only these; what nobody uses is not watched any more.
    pub(crate) fn keep(&self, user: &Subject, names: &BTreeSet<String>) {
        locked(&self.watches).retain(|(of, name), watch| {
            let mut users = locked(&watch.users);
            if of == user.namespace() && !names.contains(name) {
                users.remove(user);
            }
            !users.is_empty()
        });
    }

    fn watched(&self, key: Key, user: &Subject) -> watch::Receiver<Reading<K::Data>> {
        let mut watches = locked(&self.watches);
        let watch = watches.entry(key.clone()).or_insert_with(|| self.start(key));
        locked(&watch.users).insert(user.clone());
        watch.latest.clone()
    }

    fn start(&self, (namespace, name): Key) -> Watch<K::Data> {
        let api: Api<K> = Api::namespaced(self.client.clone(), &namespace);
        let (sender, latest) = watch::channel(Reading::Pending);
        let users = Arc::new(Mutex::new(HashSet::<Subject>::new()));
        let (woken, wakes) = (Arc::clone(&users), self.wakes.clone());
        let task = tokio::spawn(async move {
            let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
            let events = watcher(api, config).default_backoff();
            pin_mut!(events);
            let mut seen = false;
            while let Some(event) = events.next().await {
                let changed = sender.send_if_modified(|reading| {
                    let next = next(&event, reading, &mut seen);
                    let changed = next != *reading;
                    *reading = next;
                    changed
                });
                if changed {
                    for user in locked(&woken).iter() {
                        // Nobody listens any more when the operator ends.
                        let _ = wakes.send(user.clone());
                    }
                }
            }
        });
        Watch { task: task.abort_handle(), latest, users }
    }
}

/// What is known after an event. `seen`: whether the list that is being read has it.
fn next<K: Content>(
    event: &Result<Event<K>, watcher::Error>,
    known: &Reading<K::Data>,
    seen: &mut bool,
) -> Reading<K::Data> {
    match event {
        Ok(Event::Init) => {
            *seen = false;
            known.clone()
        }
        Ok(Event::InitApply(object) | Event::Apply(object)) => {
            *seen = true;
            Reading::There(Arc::new(object.data()), object.resource_version().unwrap_or_default())
        }
        Ok(Event::InitDone) if *seen => known.clone(),
        Ok(Event::InitDone | Event::Delete(_)) => Reading::Absent,
        Err(error) => match forbidden(error) {
            Some(message) => Reading::Unreadable(message),
            // It is asked again; what was read stays true until it is known to be another.
            None => match known {
                Reading::Pending => Reading::Unreadable(error.to_string()),
                known => known.clone(),
            },
        },
    }
}

/// What the API server says where the operator has no right to a Secret.
fn forbidden(error: &watcher::Error) -> Option<String> {
    let status = match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status)) => status,
        watcher::Error::WatchError(status) => status,
        _ => return None,
    };
    (status.code == 403).then(|| status.message.clone())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;

    fn secret(version: &str) -> Secret {
        let mut secret = Secret::default();
        secret.metadata.resource_version = Some(version.to_owned());
        secret.data = Some([("user".to_owned(), ByteString(b"u".to_vec()))].into());
        secret
    }

    fn version(reading: &Reading<SecretData>) -> &str {
        match reading {
            Reading::There(_, version) => version,
            Reading::Absent => "absent",
            Reading::Pending => "pending",
            Reading::Unreadable(_) => "unreadable",
        }
    }

    #[test]
    fn what_is_known_follows_the_events() {
        let (mut known, mut seen) = (Reading::Pending, false);
        let lost = || watcher::Error::NoResourceVersion;
        let mut story = Vec::new();
        for event in [
            Ok(Event::Init),
            Ok(Event::InitDone),
            Ok(Event::Apply(secret("1"))),
            Ok(Event::Init),
            Ok(Event::InitApply(secret("2"))),
            Ok(Event::InitDone),
            Err(lost()),
            Ok(Event::Delete(secret("2"))),
            Ok(Event::Init),
            Ok(Event::InitDone),
        ] {
            known = next(&event, &known, &mut seen);
            story.push(version(&known).to_owned());
        }
        assert_eq!(story, ["pending", "absent", "1", "1", "2", "2", "2", "absent", "absent", "absent"]);
        assert_eq!(version(&next::<Secret>(&Err(lost()), &Reading::Pending, &mut seen)), "unreadable");
    }
}
