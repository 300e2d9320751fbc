//! Status and events: written only when something changed, so that an idle operator writes nothing.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType};
use kube::{Api, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tenantry_api::conditions::{reasons, types};

use crate::Error;
use crate::context::{Context, FIELD_MANAGER};

/// `tenantdatabase/eu-1`, as people write it.
pub(crate) fn reference<K: Resource<DynamicType = ()>>(object: &K) -> String {
    named::<K>(&object.name_any())
}

/// The same, of an object that is known by its name.
pub(crate) fn named<K: Resource<DynamicType = ()>>(name: &str) -> String {
    format!("{}/{name}", K::kind(&()).to_lowercase())
}

/// Writes a whole status: what is left out of it is taken away.
///
/// # Errors
/// What the API server says.
pub(crate) async fn status<K, S>(context: &Context, object: &K, status: &S) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
    S: Serialize,
{
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<K> = Api::namespaced(context.client.clone(), &namespace);
    let patch = json!({"apiVersion": K::api_version(&()), "kind": K::kind(&()), "status": status});
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let written = api.patch_status(&object.name_any(), &parameters, &Patch::Apply(&patch)).await;
    match written {
        Ok(_) => Ok(()),
        // It was deleted meanwhile: there is nobody to tell.
        Err(kube::Error::Api(said)) if said.code == 404 => Ok(()),
        Err(error) => Err(Error::api("writing the status of", reference(object))(error)),
    }
}

/// What is told when an object is Ready, or is no more, or for another reason.
pub(crate) fn transition(before: &[Condition], after: &[Condition]) -> Option<Event> {
    let ready = |conditions: &[Condition]| {
        conditions.iter().find(|condition| condition.type_ == types::READY).cloned()
    };
    let now = ready(after)?;
    let same = ready(before).is_some_and(|then| then.status == now.status && then.reason == now.reason);
    (!same).then(|| Event {
        type_: if is_well(&now, after) { EventType::Normal } else { EventType::Warning },
        reason: now.reason,
        note: Some(now.message),
        action: "Reconcile".to_owned(),
        secondary: None,
    })
}

/// Whether nobody has to look: all is well, something is under way, or a person said so.
fn is_well(ready: &Condition, all: &[Condition]) -> bool {
    let meant = [
        reasons::AWAITING_APPROVAL,
        reasons::PAUSED,
        reasons::WAVE_PAUSE,
        reasons::SUSPENDED,
        reasons::DELETING,
        reasons::NOT_COMPILED,
    ];
    let under_way = all.iter().any(|condition| condition.type_ == types::RECONCILING);
    ready.status == "True" || under_way || meant.contains(&ready.reason.as_str())
}

/// Tells, in the log and by an event, that an object is Ready, or is no more, or for another reason.
pub(crate) async fn told<K: Resource<DynamicType = ()>>(
    context: &Context,
    object: &K,
    before: &[Condition],
    after: &[Condition],
) {
    let Some(event) = transition(before, after) else { return };
    tracing::info!(
        object = reference(object),
        namespace = object.namespace(),
        reason = event.reason,
        told = event.note,
        "changed"
    );
    self::event(context, object, &event).await;
}

/// Publishes an event. That it could not be is no reason to do the work again.
pub(crate) async fn event<K: Resource<DynamicType = ()>>(context: &Context, object: &K, event: &Event) {
    if let Err(error) = context.recorder.publish(event, &object.object_ref(&())).await {
        tracing::warn!(object = reference(object), %error, "the event could not be written");
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn ready(status: &str, reason: &str) -> Vec<Condition> {
        vec![Condition {
            type_: types::READY.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: format!("because {reason}"),
            observed_generation: Some(1),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        }]
    }

    #[test]
    fn an_event_is_told_once_a_transition() {
        let told = |before: &[Condition], after: &[Condition]| {
            transition(before, after).map(|event| (event.reason, event.type_))
        };
        let down = ready("False", "DatabaseUnreachable");
        let up = ready("True", "Reachable");
        assert_eq!(told(&[], &up), Some(("Reachable".to_owned(), EventType::Normal)));
        assert_eq!(told(&up, &up), None);
        assert_eq!(told(&up, &down), Some(("DatabaseUnreachable".to_owned(), EventType::Warning)));
        let other = ready("False", "ReferenceMissing");
        assert_eq!(told(&down, &other), Some(("ReferenceMissing".to_owned(), EventType::Warning)));
    }
}
