//! What a TenantSet wants, with everything that it refers to looked up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tenantry_api::validation::FieldPath;
use tenantry_api::{SchemaDefinition, TenantSet, conditions::reasons};
use tenantry_engine::{DatabaseName, revision};
use tenantry_fleet::{FleetSpec, SetIdentity};
use tenantry_manifest::{Around, ConfigData, RefFault, Unresolved, fleet_spec, policy, sources};
use tenantry_planner::Digest;
use tenantry_postgres::PostgresEngine;

use crate::context::Context;
use crate::database::{Origin, Unusable, reach, told};
use crate::subject::{Key, Subject};
use crate::watched::Reading;

/// What is wanted.
pub(crate) enum Seen {
    /// The object is on its way out.
    Deleting,
    /// `suspend` is set.
    Suspended,
    /// It cannot be carried out.
    Refused(Refusal),
    /// A fleet.
    Wanted(Box<Wanted>),
}

/// Why a spec cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// One of [`reasons`].
    pub(crate) reason: &'static str,
    /// What is wrong, and what to do.
    pub(crate) message: String,
    /// Whether nothing but another spec helps.
    pub(crate) stalled: bool,
}

/// A fleet that can be worked on.
pub(crate) struct Wanted {
    pub(crate) spec: FleetSpec,
    pub(crate) databases: BTreeMap<DatabaseName, Arc<PostgresEngine>>,
    /// What all this was made of.
    pub(crate) origin: Origin,
    /// The revision that the definition makes.
    pub(crate) revision: Digest,
}

/// Looks up all that a set refers to.
pub(super) async fn observe(context: &Context, set: &TenantSet) -> Seen {
    if set.metadata.deletion_timestamp.is_some() {
        return Seen::Deleting;
    }
    if set.spec.suspend {
        return Seen::Suspended;
    }
    match wanted(context, set).await {
        Ok(wanted) => Seen::Wanted(Box::new(wanted)),
        Err(refusal) => Seen::Refused(refusal),
    }
}

impl Refusal {
    fn of(unresolved: &[Unresolved], object: &str) -> Self {
        let missing = unresolved.iter().any(|one| one.fault == RefFault::Missing);
        Self {
            reason: if missing { reasons::REFERENCE_MISSING } else { reasons::SPEC_REFUSED },
            message: format!("{object}{}", told(unresolved)),
            stalled: !missing,
        }
    }

    fn unreadable(object: &str, message: &str) -> Self {
        Self {
            reason: reasons::REFERENCE_MISSING,
            message: format!("{object} cannot be read: {message}"),
            stalled: false,
        }
    }
}

async fn wanted(context: &Context, set: &TenantSet) -> Result<Wanted, Refusal> {
    let key = Key::of(set);
    let name = &set.spec.schema_ref.name;
    let Some(definition) = context.definition(&key.sibling(name)) else {
        let path = FieldPath::default().field("spec").field("schemaRef").field("name");
        return Err(Refusal::of(&[Unresolved::missing(path, "SchemaDefinition", name)], ""));
    };
    let user = Subject::Definition(Key::of(&definition));
    let texts = context.config_maps.read(&user, &config_maps_of(&definition)).await;
    let lists = context.config_maps.read(&Subject::Set(key.clone()), &lists_of(set)).await;
    readable(&texts)?;
    readable(&lists)?;
    let cluster = context
        .namespace_uid(&key.namespace)
        .await
        .map_err(|error| Refusal::unreadable(&format!("namespace {}", key.namespace), &error.to_string()))?;
    let (spec, revision) = spec(set, &key, &definition, cluster, &texts, &lists)?;
    let mut origin = vec![generation(set), generation(&definition), revision.to_string()];
    origin.extend(lists.iter().map(|(name, reading)| format!("{name} {}", reading.version())));
    origin.sort_unstable();
    let databases = databases(context, set, &spec, &mut origin).await;
    Ok(Wanted { spec, databases, origin, revision })
}

/// The set in the fleet's words, and the revision that its definition makes.
fn spec(
    set: &TenantSet,
    key: &Key,
    definition: &SchemaDefinition,
    cluster: String,
    texts: &HashMap<String, Reading<ConfigData>>,
    lists: &HashMap<String, Reading<ConfigData>>,
) -> Result<(FleetSpec, Digest), Refusal> {
    let about = format!("schemadefinition/{}: ", set.spec.schema_ref.name);
    let around = Around {
        identity: SetIdentity { set: key.to_string(), cluster: Some(cluster) },
        definition: &definition.spec,
        sources: sources(&definition.spec, &|name| texts.get(name).and_then(Reading::data))
            .map_err(|all| Refusal::of(&all, &about))?,
        policy: policy(&definition.spec).map_err(|all| Refusal::of(&all, &about))?,
        database_id: &|database| database.to_owned(),
        config_map: &|name| lists.get(name).and_then(Reading::data),
    };
    let revision = revision(&around.sources, &around.policy);
    let spec = fleet_spec(&key.name, &set.spec, around).map_err(|all| Refusal::of(&all, ""))?;
    Ok((spec, revision))
}

fn readable(readings: &HashMap<String, Reading<ConfigData>>) -> Result<(), Refusal> {
    for (name, reading) in readings {
        if let Reading::Unreadable(message) = reading {
            return Err(Refusal::unreadable(&format!("ConfigMap {name}"), message));
        }
    }
    Ok(())
}

/// The databases that the set speaks of. One that there is no way to holds up none of the others: its tenants are
/// Unreachable.
async fn databases(
    context: &Context,
    set: &TenantSet,
    spec: &FleetSpec,
    origin: &mut Origin,
) -> BTreeMap<DatabaseName, Arc<PostgresEngine>> {
    let key = Key::of(set);
    let mut databases = BTreeMap::new();
    for name in spec.databases() {
        if databases.contains_key(name) {
            continue;
        }
        let reached = match context.database(&key.sibling(name.as_str())) {
            Some(database) => reach(context, &database, set.spec.owner_role.as_deref()).await,
            None => {
                let path = FieldPath::default().field("spec").field("databases");
                Err(Unusable::Unresolved(vec![Unresolved::missing(path, "TenantDatabase", name.as_str())]))
            }
        };
        let engine = match reached {
            Ok((engine, of)) => {
                origin.extend(of);
                engine
            }
            Err(unusable) => {
                let message = unusable.message();
                origin.push(format!("{name} {message}"));
                Arc::new(PostgresEngine::out_of_reach(name.as_str(), message))
            }
        };
        databases.insert(name.clone(), engine);
    }
    databases
}

/// The ConfigMaps that a definition's text is in.
pub(crate) fn config_maps_of(definition: &SchemaDefinition) -> BTreeSet<String> {
    definition.spec.config_map_refs.iter().map(|reference| reference.name.clone()).collect()
}

/// The ConfigMaps that a set's tenants are listed in.
fn lists_of(set: &TenantSet) -> BTreeSet<String> {
    let entries = set.spec.databases.iter();
    entries.filter_map(|entry| Some(entry.tenants.config_map_ref.as_ref()?.name.clone())).collect()
}

fn generation(object: &impl kube::ResourceExt) -> String {
    format!("{} {}", object.uid().unwrap_or_default(), object.meta().generation.unwrap_or_default())
}
