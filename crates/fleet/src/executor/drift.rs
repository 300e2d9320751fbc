//! Who drifted, how, and what can be done: those alike together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenantry_catalog::{Catalog, Fingerprint, ObjectId};
use tenantry_engine::{DatabaseName, Engine, EngineError, Ledger, SchemaName, TenantName};
use tenantry_planner::{Change, Digest, Policy, diff, part_aside};

use super::ground::Ground;
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

/// The drifted tenants, most first, with how they differ. Work grows with the
/// distinct ways, not with the tenants.
pub(super) async fn drift<D: Engine>(ground: &Ground<D>, look: &Look, to: &Digest) -> Vec<DriftGroup> {
    let Some(revision) = judged_against(look, to) else { return Vec::new() };
    let mut cases = Vec::new();
    for ((environment, fingerprint), alike) in alike(look, to) {
        let renamed = renamed(ground, &alike).await.map_err(|error| error.to_string());
        cases.push(Case { environment, fingerprint, alike, renamed });
    }
    let unread = read_examples(ground, revision, &cases).await;
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
    let drifted = statuses(look, to, &BTreeMap::new())
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

/// Reads one tenant of each group whose catalog neither this run nor the ledger has, those of a database together. Where
/// that did not go well, and why.
async fn read_examples<D: Engine>(
    ground: &Ground<D>,
    revision: &Digest,
    cases: &[Case],
) -> BTreeMap<DatabaseName, String> {
    let mut wanted: BTreeMap<&DatabaseName, (Policy, BTreeMap<&SchemaName, Option<Digest>>)> =
        BTreeMap::new();
    for case in cases {
        let (name, schema) = &case.alike.example;
        let (Ok(renamed), Some(target)) = (&case.renamed, ground.made_target(&case.environment, revision))
        else {
            continue;
        };
        let place = (case.fingerprint.clone(), aside(renamed));
        if matches!(ground.catalog(&place, name).await, Ok(None)) {
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
