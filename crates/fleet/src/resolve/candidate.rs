//! What the entries say, before the ledgers are asked.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};

use tenantry_engine::{Labels, SchemaName, Tenant, TenantKey, TenantName};

use super::{Reading, Refused, Resolution};
use crate::{Entry, TenantSource};

/// A tenant that an entry speaks of.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub tenant: Tenant,
    /// The entry, by index.
    pub entry: usize,
}

/// What people call an entry's source.
pub(super) fn source(entry: &Entry) -> String {
    match &entry.tenants {
        TenantSource::Names(_) => "the list of names".to_owned(),
        TenantSource::Pattern(pattern) => format!("the pattern {pattern}"),
        TenantSource::Query { .. } => "the tenant query".to_owned(),
        TenantSource::List { origin, .. } => origin.clone(),
    }
}

/// That an entry's source has nothing.
pub(super) fn nothing(entry: &Entry) -> String {
    match &entry.tenants {
        TenantSource::Pattern(pattern) => {
            format!("no schema matches the pattern {pattern}, in which * stands for any text")
        }
        _ => format!("{} returns no tenant", source(entry)),
    }
}

/// The tenants of one entry; `None` when it could not be read.
pub(super) fn of_entry(
    at: usize,
    entry: &Entry,
    reading: &Reading,
    resolution: &mut Resolution,
) -> Option<Vec<Candidate>> {
    let named: Vec<(String, Option<SchemaName>, Labels)> = match (&entry.tenants, reading) {
        (TenantSource::Names(names) | TenantSource::List { names, .. }, _) => {
            names.iter().map(|name| (name.clone(), None, Labels::new())).collect()
        }
        (_, Reading::Schemas(schemas)) => schemas
            .iter()
            .map(|schema| {
                (entry.schema.name_in(schema.as_str()).to_owned(), Some(schema.clone()), Labels::new())
            })
            .collect(),
        (_, Reading::Rows(rows)) => {
            rows.iter().map(|row| (row.name.to_string(), row.schema.clone(), row.labels.clone())).collect()
        }
        (_, Reading::Failed(reason)) => {
            resolution.notes.push(format!("{}: {reason}; its tenants stay as they are", entry.database));
            return None;
        }
        (_, Reading::Given) => return Some(Vec::new()),
    };
    let mut candidates = Vec::with_capacity(named.len());
    for (name, schema, labels) in named {
        let name = match TenantName::new(name) {
            Ok(name) => name,
            Err(error) => {
                resolution.notes.push(format!("{}: {error}; it is left out", entry.database));
                continue;
            }
        };
        match schema.map_or_else(|| entry.schema.schema_of(&name), Ok) {
            Ok(schema) => {
                let key = TenantKey { database: entry.database.clone(), schema };
                let labels = entry.labels.clone().into_iter().chain(labels).collect();
                candidates.push(Candidate { tenant: Tenant { name, key, labels }, entry: at });
            }
            Err(error) => resolution.refused.push(Refused {
                reason: format!("{error}; give it another name, or the entry another schema template"),
                name,
                database: entry.database.clone(),
                schema: None,
            }),
        }
    }
    Some(candidates)
}

/// Leaves out of patterns and queries what an exclusive entry names, by its
/// name or by its schema.
pub(super) fn exclusive_first(candidates: Vec<Candidate>, entries: &[Entry]) -> Vec<Candidate> {
    let exclusive = |candidate: &&Candidate| entries[candidate.entry].exclusive;
    let names: BTreeSet<TenantName> =
        candidates.iter().filter(exclusive).map(|candidate| candidate.tenant.name.clone()).collect();
    let keys: BTreeSet<TenantKey> =
        candidates.iter().filter(exclusive).map(|candidate| candidate.tenant.key.clone()).collect();
    candidates
        .into_iter()
        .filter(|candidate| {
            exclusive(&candidate)
                || !(names.contains(&candidate.tenant.name) || keys.contains(&candidate.tenant.key))
        })
        .collect()
}

/// Refuses a tenant that is wanted in two places, and a schema that two
/// tenants are wanted in. What is said twice alike is said once.
pub(super) fn one_place_each(
    candidates: Vec<Candidate>,
    entries: &[Entry],
    resolution: &mut Resolution,
) -> Vec<Candidate> {
    let mut seen: BTreeMap<(TenantName, TenantKey), Candidate> = BTreeMap::new();
    let mut twice = 0_usize;
    for candidate in candidates {
        let identity = (candidate.tenant.name.clone(), candidate.tenant.key.clone());
        match seen.entry(identity) {
            Slot::Occupied(_) => twice += 1,
            Slot::Vacant(free) => {
                free.insert(candidate);
            }
        }
    }
    if twice > 0 {
        resolution
            .notes
            .push(format!("{twice} tenants are named more than once, in the same place; they count once"));
    }
    let mut places: BTreeMap<&TenantName, Vec<&TenantKey>> = BTreeMap::new();
    let mut names: BTreeMap<&TenantKey, Vec<&TenantName>> = BTreeMap::new();
    for (name, key) in seen.keys() {
        places.entry(name).or_default().push(key);
        names.entry(key).or_default().push(name);
    }
    let mut refused = BTreeMap::new();
    for (name, key) in seen.keys() {
        let reason = if places[name].len() > 1 {
            let all: Vec<String> =
                places[name].iter().map(|key| format!("{} (schema {})", key.database, key.schema)).collect();
            format!("it is named in {}; name it in one place", all.join(" and "))
        } else if names[key].len() > 1 {
            let others: Vec<String> =
                names[key].iter().filter(|other| **other != name).map(ToString::to_string).collect();
            format!(
                "its schema {} is {}'s too; give each tenant a schema of its own",
                key.schema,
                others.join(", ")
            )
        } else {
            continue;
        };
        refused.insert((name.clone(), key.clone()), reason);
    }
    let mut admitted = Vec::with_capacity(seen.len());
    for (identity, candidate) in seen {
        match refused.remove(&identity) {
            None => admitted.push(candidate),
            Some(reason) => {
                let (name, key) = identity;
                let database = entries[candidate.entry].database.clone();
                resolution.refused.push(Refused { name, database, schema: Some(key.schema), reason });
            }
        }
    }
    admitted
}
