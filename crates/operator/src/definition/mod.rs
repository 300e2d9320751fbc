//! SchemaDefinitions: which revision each makes, and what its sets found out about it.

mod decide;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt as _;
use tenantry_api::SchemaDefinition;
use tenantry_engine::revision;
use tenantry_manifest::{policy, sources};

use crate::context::Context;
use crate::control::{Controlled, Next};
use crate::database::told;
use crate::set::{View, config_maps_of};
use crate::subject::{Key, Subject};
use crate::watched::Reading;
use crate::{Error, report};
use decide::{Seen, Text, decide};

/// Changes and sets wake it up; this is for what was missed.
const LOOK_EVERY: Duration = Duration::from_secs(600);

impl Controlled for SchemaDefinition {
    const AT_ONCE: u16 = 8;

    fn subject(key: Key) -> Subject {
        Subject::Definition(key)
    }

    async fn reconcile(definition: &Self, context: &Arc<Context>) -> Result<Next, Error> {
        let key = Key::of(definition);
        // Observe (client).
        let text = text(context, definition, &key).await;
        let sets = context.sets(&key.namespace).into_iter();
        let of_this = sets.filter(|set| set.spec.schema_ref.name == key.name);
        let sets: Vec<(String, View)> =
            of_this.map(|set| (set.name_any(), context.workers.view(&Key::of(&set)))).collect();
        // Decide (neither client nor server).
        let current = definition.status.clone().unwrap_or_default();
        let generation = definition.metadata.generation.unwrap_or_default();
        let status = decide(&Seen { text, sets }, &current, generation, Timestamp::now());
        // Report (client).
        if definition.status.as_ref() != Some(&status) {
            report::status(context, definition, &status).await?;
            report::told(context, definition, &current.conditions, &status.conditions).await;
        }
        Ok(Next::In(LOOK_EVERY))
    }

    async fn forget(key: &Key, context: &Arc<Context>) {
        context.config_maps.keep(&Subject::Definition(key.clone()), &[].into());
    }
}

/// The text, as far as it is there.
async fn text(context: &Context, definition: &SchemaDefinition, key: &Key) -> Text {
    let names = config_maps_of(definition);
    let texts = context.config_maps.read(&Subject::Definition(key.clone()), &names).await;
    for (name, reading) in &texts {
        if let Reading::Unreadable(message) = reading {
            return Text::Missing(format!("ConfigMap {name} cannot be read: {message}"));
        }
    }
    let read = sources(&definition.spec, &|name| texts.get(name).and_then(Reading::data));
    match (read, policy(&definition.spec)) {
        (Ok(sources), Ok(policy)) => Text::Revision(revision(&sources, &policy)),
        (Err(unresolved), _) => Text::Missing(told(&unresolved)),
        (_, Err(unresolved)) => Text::Refused(told(&unresolved)),
    }
}
