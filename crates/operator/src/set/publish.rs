//! Writes what was decided: status, slices, rollouts, revisions. Only what changed, and slices not too often.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tenantry_api::{SchemaRollout, TenantSet, TenantSlice};
use tenantry_fleet::rollout::Kind;
use tenantry_fleet::{Report, RolloutReport};

use super::observe::{Seen, Wanted};
use super::rollouts::Plans;
use super::slices::{Slices, lay_out};
use super::status::tenant;
use super::worker::View;
use super::{revisions, rollouts, status};
use crate::context::{Context, FIELD_MANAGER, locked};
use crate::subject::Key;
use crate::{Error, report};

/// A slice is written at most once in this time while a rollout runs.
const SLICES_EVERY: Duration = Duration::from_secs(5);

/// What was written of a set, as far as this process knows.
#[derive(Default)]
pub(crate) struct Published(std::sync::Mutex<HashMap<Key, Arc<tokio::sync::Mutex<OfSet>>>>);

#[derive(Default)]
struct OfSet {
    /// What the slices hold; `None` until they were asked for.
    slices: Option<Slices>,
    slices_written: Option<Instant>,
    plans: Plans,
    /// The revision whose SchemaRevision is there.
    revision: Option<String>,
}

impl Published {
    fn of(&self, set: &Key) -> Arc<tokio::sync::Mutex<OfSet>> {
        Arc::clone(locked(&self.0).entry(set.clone()).or_default())
    }

    /// The set is gone, and with it, by the garbage collector, all that it owns.
    pub(crate) fn forget(&self, set: &Key) {
        locked(&self.0).remove(set);
    }
}

/// Writes everything about a set that is not as it should be.
///
/// # Errors
/// What the API server says to the first write that it refuses.
pub(super) async fn publish(
    context: &Context,
    set: &TenantSet,
    seen: &Seen,
    view: &View,
    objects: &[SchemaRollout],
) -> Result<(), Error> {
    let key = Key::of(set);
    let now = Timestamp::now();
    let current = set.status.clone().unwrap_or_default();
    let generation = set.metadata.generation.unwrap_or_default();
    // What is refused of the others is no reason to keep the status from being true.
    let others = match (&view.report, seen) {
        (Some((_, report)), Seen::Wanted(wanted)) => {
            others(context, set, wanted, report, view, objects).await
        }
        _ => Ok(()),
    };
    // Last: who sees the set Ready finds the rest as it says.
    let status = status::status(&key.name, seen, view, &current, generation, now);
    if set.status.as_ref() != Some(&status) {
        report::status(context, set, &status).await?;
        report::told(context, set, &current.conditions, &status.conditions).await;
    }
    others
}

/// Everything but the status.
async fn others(
    context: &Context,
    set: &TenantSet,
    wanted: &Wanted,
    report: &Report,
    view: &View,
    objects: &[SchemaRollout],
) -> Result<(), Error> {
    let published = context.published.of(&Key::of(set));
    let mut published = published.lock().await;
    let slices = slices(context, set, report, view, &mut published).await;
    let rollouts = all_rollouts(context, set, report, objects, &mut published).await;
    let revision = revision(context, set, wanted, report, &mut published).await;
    slices.and(rollouts).and(revision)
}

async fn slices(
    context: &Context,
    set: &TenantSet,
    report: &Report,
    view: &View,
    published: &mut OfSet,
) -> Result<(), Error> {
    let name = set.name_any();
    let api: Api<TenantSlice> = api(context, set);
    let current = match &published.slices {
        Some(known) => known,
        None => published.slices.insert(held(&api, &name).await?),
    };
    let recently = published.slices_written.is_some_and(|at| at.elapsed() < SLICES_EVERY);
    if recently && view.running.is_some() {
        return Ok(());
    }
    let tenants = report.tenants.iter().map(|one| tenant(one, &view.drift)).collect();
    let wanted = lay_out(&name, current, tenants);
    let changed: Vec<&String> = wanted
        .iter()
        .filter(|(name, slice)| current.get(*name) != Some(slice))
        .map(|(name, _)| name)
        .collect();
    let gone: Vec<&String> = current.keys().filter(|name| !wanted.contains_key(*name)).collect();
    if changed.is_empty() && gone.is_empty() {
        return Ok(());
    }
    for name in changed {
        let content = serde_json::to_value(&wanted[name]).unwrap_or_default();
        apply(&api, set, name, content).await?;
    }
    for name in gone {
        delete(&api, name).await?;
    }
    published.slices = Some(wanted);
    published.slices_written = Some(Instant::now());
    Ok(())
}

/// The slices of a set as the API server has them.
async fn held(api: &Api<TenantSlice>, set: &str) -> Result<Slices, Error> {
    let of_set = ListParams::default().fields(&format!("tenantSetRef.name={set}"));
    let list = api
        .list(&of_set)
        .await
        .map_err(Error::api("listing the slices of", report::named::<TenantSet>(set)))?;
    Ok(list.into_iter().map(|slice| (slice.name_any(), slice.spec)).collect())
}

async fn all_rollouts(
    context: &Context,
    set: &TenantSet,
    report: &Report,
    objects: &[SchemaRollout],
    published: &mut OfSet,
) -> Result<(), Error> {
    if report.rollout.is_none() {
        return Ok(());
    }
    let api: Api<SchemaRollout> = api(context, set);
    let kept = usize::try_from(set.spec.history_limit).unwrap_or(1);
    let all: Vec<&RolloutReport> = shown(report).take(kept).collect();
    for rollout in &all {
        let object = objects.iter().find(|object| object.name_any() == rollout.id);
        one_rollout(context, set, &api, rollout, object, published).await?;
    }
    let names: HashSet<&str> = all.iter().map(|rollout| rollout.id.as_str()).collect();
    for object in objects.iter().filter(|object| !names.contains(object.name_any().as_str())) {
        delete(&api, &object.name_any()).await?;
    }
    Ok(())
}

/// The rollouts that people see, newest first: not those in which schemas were made for tenants that came later and nothing
/// else (D18), which would push the others out.
pub(super) fn shown(report: &Report) -> impl Iterator<Item = &RolloutReport> {
    let is_shown = |rollout: &&RolloutReport| {
        rollout.kind != Kind::Rest || rollout.waves.iter().any(|wave| wave.tenants > 0)
    };
    report.rollout.iter().chain(&report.earlier).filter(is_shown)
}

async fn one_rollout(
    context: &Context,
    set: &TenantSet,
    api: &Api<SchemaRollout>,
    rollout: &RolloutReport,
    object: Option<&SchemaRollout>,
    published: &mut OfSet,
) -> Result<(), Error> {
    let current = object.and_then(|object| object.status.clone()).unwrap_or_default();
    // What has ended does not change any more: only that a later order was seen.
    if let Some(object) = object.filter(|_| rollout.ended.is_some() && current.completion_time.is_some()) {
        let status = rollouts::seen_again(&current, object.metadata.generation.unwrap_or_default());
        return match status == current {
            true => Ok(()),
            false => report::status(context, object, &status).await,
        };
    }
    let object = match object {
        Some(object) => object.clone(),
        None => {
            let mut spec = json!({"tenantSetRef": {"name": set.name_any()}, "to": rollout.to.revision()});
            if let Some(from) = &rollout.from {
                spec["from"] = Value::from(from.revision());
            }
            apply(api, set, &rollout.id, json!({"spec": spec})).await?
        }
    };
    for digest in rollout.groups.iter().filter_map(|group| group.plan.as_ref()) {
        if !published.plans.contains_key(digest)
            && let Some(fleet) = context.workers.fleet(&Key::of(set))
            && let Ok(Some(plan)) = fleet.plan_of(digest).await
        {
            published.plans.insert(digest.clone(), Arc::new(plan));
        }
    }
    let generation = object.metadata.generation.unwrap_or_default();
    let status = rollouts::status(rollout, &published.plans, &current, generation, Timestamp::now());
    if rollout.ended.is_some() {
        let over: Vec<_> = rollout.groups.iter().filter_map(|group| group.plan.as_ref()).collect();
        published.plans.retain(|digest, _| !over.contains(&digest));
    }
    if object.status.as_ref() != Some(&status) {
        report::status(context, &object, &status).await?;
        report::told(context, &object, &current.conditions, &status.conditions).await;
    }
    Ok(())
}

/// The definition's copy that one can go back to, from when the revision is in force.
async fn revision(
    context: &Context,
    set: &TenantSet,
    wanted: &Wanted,
    report: &Report,
    published: &mut OfSet,
) -> Result<(), Error> {
    if report.revision.as_ref() != Some(&wanted.revision) {
        return Ok(());
    }
    let name = wanted.revision.revision().to_owned();
    if published.revision.as_ref() == Some(&name) {
        return Ok(());
    }
    let definition = context.definition(&Key::of(set).sibling(&set.spec.schema_ref.name));
    if let Some(definition) = definition {
        revisions::keep(context, &definition, wanted, set.spec.history_limit).await?;
        published.revision = Some(name);
    }
    Ok(())
}

/// The objects of a kind beside a set.
fn api<K>(context: &Context, set: &TenantSet) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    Api::namespaced(context.client.clone(), &set.namespace().unwrap_or_default())
}

/// Writes an object of ours that a set owns.
async fn apply<K>(api: &Api<K>, set: &TenantSet, name: &str, mut content: Value) -> Result<K, Error>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    content["apiVersion"] = Value::from(K::api_version(&()));
    content["kind"] = Value::from(K::kind(&()));
    content["metadata"] = json!({
        "name": name,
        "labels": BTreeMap::from([("tenantry.dev/tenant-set", set.name_any())]),
        "ownerReferences": set.controller_owner_ref(&()).into_iter().collect::<Vec<_>>(),
    });
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let written = api.patch(name, &parameters, &Patch::Apply(&content)).await;
    written.map_err(Error::api("writing", report::named::<K>(name)))
}

/// Deletes an object of ours; one that is gone already is no failure.
pub(super) async fn delete<K>(api: &Api<K>, name: &str) -> Result<(), Error>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    match api.delete(name, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(said)) if said.code == 404 => Ok(()),
        Err(error) => Err(Error::api("deleting", report::named::<K>(name))(error)),
    }
}
