//! Who drifted, how, and what can be done: those alike together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenantry_catalog::{Catalog, Fingerprint, ObjectId};
use tenantry_engine::{DatabaseName, Engine, EngineError, Ledger, SchemaName, TenantName};
use tenantry_planner::{Change, Digest, Policy, diff, part_aside};

use super::ground::{Ground, Place, tolerate};
use super::look::Look;
use super::report::DriftGroup;
use super::seen::{self, Seen};
use super::tell::{judged_against, statuses};
use crate::TenantState;
use crate::rollout::aside;
use crate::survey::Found;

/// Drifted tenants that are at one place of one environment.
struct Alike {
    tenants: Vec<TenantName>,
    since: Option<Timestamp>,
    /// One of them, to be read where the ledger has not kept the catalog.
    example: (DatabaseName, SchemaName),
}

/// What is renamed aside in a schema: what each object was, and its reserved name.
type Renamed = Vec<(ObjectId, String)>;

/// A group that is to be explained.
struct Case {
    environment: String,
    fingerprint: Fingerprint,
    alike: Alike,
    /// What is renamed aside in its tenants, or why that is not known.
    renamed: Result<Renamed, String>,
}

impl Case {
    /// Where its tenants are, if it is known what is renamed aside in them.
    fn place(&self) -> Option<Place> {
        Some((self.fingerprint.clone(), aside(self.renamed.as_ref().ok()?)))
    }
}

/// The drifted tenants, most first, with how they differ. Work grows with the
/// distinct ways, not with the tenants. `has_run`: whether a rollout may have
/// renamed things aside since the look.
pub(super) async fn drift<D: Engine>(
    ground: &Ground<D>,
    look: &Look,
    to: &Digest,
    has_run: bool,
) -> Vec<DriftGroup> {
    let Some(revision) = judged_against(look.home.latest(), to) else { return Vec::new() };
    let mut cases = Vec::new();
    for ((environment, fingerprint), alike) in alike(look, to) {
        let renamed = match recorded(look, &alike).filter(|_| !has_run) {
            Some(renamed) => Ok(renamed),
            None => renamed(ground, &alike).await.map_err(|error| error.to_string()),
        };
        cases.push(Case { environment, fingerprint, alike, renamed });
    }
    let unkept = unkept(ground, &cases).await;
    let unread = read_examples(ground, revision, &unkept).await;
    if ground.writes
        && let Err(error) = keep(ground, &unkept).await
    {
        tracing::warn!(%error, "what explains a drift was not kept; it is read again next time");
    }
    let mut groups = Vec::new();
    for case in cases {
        let (differences, allow, unexplained) = match explain(ground, look, revision, &case, &unread).await {
            Ok((differences, allow)) => (differences, allow, None),
            Err(reason) => (Vec::new(), Vec::new(), Some(reason)),
        };
        groups.push(DriftGroup {
            label: String::new(),
            fingerprint: case.fingerprint,
            revision: revision.clone(),
            tenants: case.alike.tenants,
            since: case.alike.since,
            differences,
            unexplained,
            allow,
        });
    }
    groups.sort_by(|a, b| b.tenants.len().cmp(&a.tenants.len()).then_with(|| a.tenants.cmp(&b.tenants)));
    for (at, group) in groups.iter_mut().enumerate() {
        group.label = label(at);
    }
    groups
}

fn alike(look: &Look, to: &Digest) -> BTreeMap<(String, Fingerprint), Alike> {
    let drifted = statuses(look, look.home.latest(), to, &BTreeMap::new())
        .into_iter()
        .filter(|status| status.state == TenantState::Drifted);
    let mut groups: BTreeMap<(String, Fingerprint), Alike> = BTreeMap::new();
    for status in drifted {
        let Some(schema) = status.schema else { continue };
        let key = tenantry_engine::TenantKey { database: status.database, schema };
        let Some(Found::At { fingerprint, .. }) = look.subjects.get(&key).map(|subject| &subject.found)
        else {
            continue;
        };
        let Some(environment) = look.environment(&key.database) else { continue };
        let group = groups.entry((environment.to_owned(), fingerprint.clone())).or_insert_with(|| Alike {
            tenants: Vec::new(),
            since: None,
            example: (key.database.clone(), key.schema.clone()),
        });
        group.tenants.push(status.name);
        group.since = [group.since, status.since].into_iter().flatten().min();
    }
    groups
}

type Explained = (Vec<tenantry_planner::Difference>, Vec<String>);

async fn explain<D: Engine>(
    ground: &Ground<D>,
    look: &Look,
    revision: &Digest,
    case: &Case,
    unread: &BTreeMap<DatabaseName, String>,
) -> Result<Explained, String> {
    let (name, _) = &case.alike.example;
    let site = look.sites.get(name).and_then(|site| site.environment.as_ref());
    let (Some(known), Some(target)) = (site, ground.made_target(&case.environment, revision)) else {
        return Err("the revision that it drifted from is not known any more".to_owned());
    };
    let renamed = case.renamed.as_ref().map_err(Clone::clone)?;
    let place = (case.fingerprint.clone(), aside(renamed));
    let found = ground.catalog(&place, name).await.map_err(|error| error.to_string())?;
    let Some(found) = found else {
        let changed = || "it has changed again since it was found so; look once more".to_owned();
        return Err(unread.get(name).cloned().unwrap_or_else(changed));
    };
    let database = ground.database(name).map_err(|error| error.to_string())?;
    // What Tenantry renamed aside is no drift.
    let (found, _) = part_aside(&found, renamed);
    let differences = database.explain(known, &target.catalog, &found, &target.policy);
    Ok((differences, allow(&target.catalog, &found)))
}

/// What was renamed aside in the tenants of a group when they were looked at.
fn recorded(look: &Look, alike: &Alike) -> Option<Renamed> {
    let (name, schema) = &alike.example;
    Some(look.sites.get(name)?.records.get(schema)?.renamed.clone())
}

/// What is renamed aside in the tenants of a group, as it is now.
async fn renamed<D: Engine>(ground: &Ground<D>, alike: &Alike) -> Result<Renamed, EngineError> {
    let (name, schema) = &alike.example;
    if !ground.remembers(name).await? {
        return Ok(Vec::new());
    }
    let records = match ground.database(name)?.ledger().quarantined(schema).await {
        Err(EngineError::Denied { .. }) => Vec::new(),
        records => records?,
    };
    let mut renamed: Vec<_> = records.into_iter().map(|record| (record.object, record.reserved)).collect();
    renamed.sort_unstable();
    Ok(renamed)
}

/// The groups whose catalog the ledger does not have, as far as this run knows: it read it itself, or is about to.
async fn unkept<'a, D: Engine>(ground: &Ground<D>, cases: &'a [Case]) -> Vec<&'a Case> {
    let mut unkept = Vec::new();
    for case in cases {
        let Some(place) = case.place() else { continue };
        let is_kept = ground.catalog_seen(&place).is_none()
            && !matches!(ground.catalog(&place, &case.alike.example.0).await, Ok(None));
        if !is_kept {
            unkept.push(case);
        }
    }
    unkept
}

/// Reads one tenant of each of the `unkept` groups whose catalog this run does not have either, those of a database
/// together. Where that did not go well, and why.
async fn read_examples<D: Engine>(
    ground: &Ground<D>,
    revision: &Digest,
    unkept: &[&Case],
) -> BTreeMap<DatabaseName, String> {
    let mut wanted: BTreeMap<&DatabaseName, (Policy, BTreeMap<&SchemaName, Option<Digest>>)> =
        BTreeMap::new();
    for case in unkept {
        let (name, schema) = &case.alike.example;
        let (Some(place), Some(target)) = (case.place(), ground.made_target(&case.environment, revision))
        else {
            continue;
        };
        if ground.catalog_seen(&place).is_none() {
            let of_database = wanted.entry(name).or_insert_with(|| (target.policy.clone(), BTreeMap::new()));
            of_database.1.insert(schema, place.1);
        }
    }
    let mut unread = BTreeMap::new();
    for (name, (policy, asides)) in wanted {
        let schemas: Vec<SchemaName> = asides.keys().map(|schema| (*schema).clone()).collect();
        let keep = |schema: &SchemaName| asides.get(schema).cloned();
        if let Err(error) = seen::inspect(ground, name, &schemas, &policy, &keep, &mut Seen::default()).await
        {
            unread.insert(name.clone(), error.to_string());
        }
    }
    unread
}

/// Has the ledger keep these catalogs: they explain the same drift the next time, and nobody is read for that.
async fn keep<D: Engine>(ground: &Ground<D>, unkept: &[&Case]) -> Result<(), EngineError> {
    for case in unkept {
        let (name, _) = &case.alike.example;
        if let Some(place) = case.place().filter(|(_, aside)| aside.is_none())
            && ground.remembers(name).await?
            && let Some(catalog) = ground.catalog_seen(&place)
        {
            tolerate(ground.database(name)?.ledger().keep_catalog(&place.0, &catalog).await)?;
        }
    }
    Ok(())
}

/// What would have to be ignored to allow it; empty where something that is
/// declared differs, as ignoring cannot allow that.
fn allow(declared: &Catalog, found: &Catalog) -> Vec<String> {
    let changes = diff(declared, found);
    let only_added = changes.iter().all(|change| matches!(change, Change::Added(_)));
    if !only_added {
        return Vec::new();
    }
    let below = |parent: &Option<tenantry_catalog::ObjectId>| {
        parent.as_ref().is_some_and(|parent| !declared.contains(parent))
    };
    changes
        .iter()
        .filter_map(|change| match change {
            Change::Added(fact) if !below(&fact.parent) => Some(fact.id.to_string()),
            _ => None,
        })
        .collect()
}

/// `A` to `Z`, then `AA`.
fn label(at: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(at % 26).unwrap_or_default());
    if at < 26 { letter.to_string() } else { format!("{}{letter}", label(at / 26 - 1)) }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn groups_are_called_by_letters() {
        for (at, name) in [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (52, "BA"), (702, "AAA")] {
            assert_eq!(label(at), name);
        }
    }
}
