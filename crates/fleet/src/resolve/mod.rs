//! Which tenants there are: from names, patterns and query rows to tenants,
//! with what the ledgers say. Pure: the reading was done before.

mod absence;
mod candidate;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tenantry_engine::{DatabaseName, SchemaName, Tenant, TenantKey, TenantName, TenantRow};

pub use absence::{Absence, ApprovedDeparture, Leaving, Memory, absences};
use candidate::Candidate;

use crate::{Entry, Provision, TenantSource};

/// What was read for one entry.
#[derive(Clone, Debug)]
pub enum Reading {
    /// Nothing had to be read: the entry names its tenants.
    Given,
    /// The schemas that match the entry's pattern.
    Schemas(Vec<SchemaName>),
    /// The rows of the entry's query.
    Rows(Vec<TenantRow>),
    /// It could not be read, and why.
    Failed(String),
}

/// A tenant that a ledger of this set knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: TenantName,
    /// Where it lives.
    pub key: TenantKey,
    /// What its schema is called since it left and that was put aside.
    pub aside: Option<SchemaName>,
}

/// Everything that the answer depends on.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The set's entries.
    pub entries: &'a [Entry],
    /// What was read for each of them, in the same order.
    pub readings: &'a [Reading],
    /// What the ledgers know.
    pub known: &'a [Known],
    /// The databases whose ledger could not be read.
    pub silent: &'a BTreeSet<DatabaseName>,
    /// What happens where there is no schema.
    pub provision: Provision,
    /// What was remembered of those that are missing.
    pub memory: &'a Memory,
    /// Whether a person said that those who are missing have left.
    pub let_go: bool,
    /// So many that are missing at once are believed, where that is more than anyway.
    pub believed: u32,
    /// Now.
    pub now: Timestamp,
}

/// A tenant of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The tenant.
    pub tenant: Tenant,
    /// The entry that it comes from, by index.
    pub entry: usize,
    /// Why its schema is not made where it is missing; `None` when it is made.
    pub not_provisioned: Option<String>,
}

/// A tenant that is left alone until somebody changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub name: TenantName,
    /// The database that it was wanted in.
    pub database: DatabaseName,
    /// The schema that it was wanted in, where there can be one.
    pub schema: Option<SchemaName>,
    /// Why, and what to do.
    pub reason: String,
}

/// Which tenants there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// The tenants, by name.
    pub tenants: Vec<Resolved>,
    /// Those that are left alone.
    pub refused: Vec<Refused>,
    /// Those that the ledger knows and of which nobody can say whether they
    /// still are in the set: looked at, not changed.
    pub uncertain: Vec<Known>,
    /// Those that the ledger knows and no source has any more.
    pub leaving: Vec<Leaving>,
    /// The databases of which a source of tenants could not be read, or named
    /// none; the notes say why.
    pub unread: BTreeSet<DatabaseName>,
    /// What is worth knowing, a sentence each.
    pub notes: Vec<String>,
    /// What is to be remembered until the next time.
    pub memory: Memory,
}

/// Finds out which tenants there are.
pub fn resolve(sources: &Sources<'_>) -> Resolution {
    let mut resolution = Resolution::default();
    let mut candidates = Vec::new();
    let mut unread = BTreeSet::new();
    for (at, (entry, reading)) in sources.entries.iter().zip(sources.readings).enumerate() {
        let known_here = sources.known.iter().any(|known| known.key.database == entry.database);
        match candidate::of_entry(at, entry, reading, &mut resolution) {
            Some(found) if found.is_empty() && !matches!(entry.tenants, TenantSource::Names(_)) => {
                let nothing = format!("{}: {}", entry.database, candidate::nothing(entry));
                resolution.notes.push(if known_here {
                    unread.insert(entry.database.clone());
                    format!("{nothing}, which never means that all have left; those that are known stay as they are")
                } else {
                    nothing
                });
            }
            Some(found) => candidates.extend(found),
            None => {
                unread.insert(entry.database.clone());
            }
        }
    }
    let candidates = candidate::exclusive_first(candidates, sources.entries);
    let candidates = candidate::one_place_each(candidates, sources.entries, &mut resolution);
    let named: BTreeSet<TenantName> = candidates
        .iter()
        .map(|candidate| candidate.tenant.name.clone())
        .chain(resolution.refused.iter().map(|refused| refused.name.clone()))
        .collect();
    let ledgers = Ledgers::of(sources.known);
    for candidate in candidates {
        admit(candidate, sources, &ledgers, &mut resolution);
    }
    let gone =
        |known: &Known| sources.memory.absent.iter().any(|absence| absence.gone && absence.key == known.key);
    let (uncertain, missing): (Vec<&Known>, Vec<&Known>) = sources
        .known
        .iter()
        .filter(|known| !named.contains(&known.name) && known.aside.is_none())
        .partition(|known| unread.contains(&known.key.database) && !gone(known));
    resolution.uncertain = uncertain.into_iter().cloned().collect();
    resolution.unread = unread;
    let at_once = |known: &Known| {
        sources
            .entries
            .iter()
            .filter(|entry| entry.database == known.key.database)
            .all(|entry| matches!(entry.tenants, TenantSource::Names(_)))
    };
    (resolution.leaving, resolution.memory) = absences(sources, &missing, at_once);
    // Those whose schemas were put aside have left, and do not leave again.
    let aside = sources.known.iter().filter(|known| !named.contains(&known.name));
    resolution.leaving.extend(aside.filter_map(|known| {
        let message = format!("it left the set; its schema is put aside as {}", known.aside.as_ref()?);
        Some(Leaving { known: known.clone(), gone: true, too_many: false, message })
    }));
    let still = |key: &TenantKey| {
        resolution.leaving.iter().any(|leaving| leaving.gone && leaving.known.key == *key)
            || sources.silent.contains(&key.database)
    };
    resolution.memory.approved =
        sources.memory.approved.iter().filter(|approved| still(&approved.key)).cloned().collect();
    resolution.tenants.sort_by(|a, b| a.tenant.name.cmp(&b.tenant.name));
    resolution.refused.sort_by(|a, b| (&a.name, &a.database).cmp(&(&b.name, &b.database)));
    resolution
}

/// What the ledgers know, by name and by place.
struct Ledgers<'a> {
    homes: BTreeMap<&'a TenantName, Vec<&'a TenantKey>>,
    names: BTreeMap<&'a TenantKey, &'a TenantName>,
}

impl<'a> Ledgers<'a> {
    fn of(known: &'a [Known]) -> Self {
        let mut homes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for known in known {
            homes.entry(&known.name).or_default().push(&known.key);
        }
        Self { homes, names: known.iter().map(|known| (&known.key, &known.name)).collect() }
    }
}

/// Takes a candidate in, unless a ledger says another thing about it.
fn admit(candidate: Candidate, sources: &Sources<'_>, ledgers: &Ledgers<'_>, resolution: &mut Resolution) {
    let Candidate { tenant, entry } = candidate;
    let homes = ledgers.homes.get(&tenant.name).map_or(&[][..], Vec::as_slice);
    let holder = ledgers.names.get(&tenant.key).filter(|name| ***name != tenant.name);
    let here = homes.iter().find(|key| key.database == tenant.key.database);
    let elsewhere = homes.iter().find(|key| key.database != tenant.key.database);
    let reason = match (here, elsewhere, holder) {
        (_, _, Some(holder)) => Some(format!(
            "the ledger knows the schema {} as tenant {}; call it that, or give the tenant another schema",
            tenant.key.schema, holder
        )),
        (Some(key), _, _) if key.schema != tenant.key.schema => Some(format!(
            "it lives in the schema {} and would get {}; set the schema template back, or rename the schema by hand",
            key.schema, tenant.key.schema
        )),
        (None, Some(key), _) => Some(format!(
            "it lives in the database {}, and is named in {} too; its schema stays untouched until it is moved",
            key.database, tenant.key.database
        )),
        _ => None,
    };
    if let Some(reason) = reason {
        let Tenant { name, key, .. } = tenant;
        let (database, schema) = (key.database, Some(key.schema));
        resolution.refused.push(Refused { name, database, schema, reason });
        return;
    }
    let not_provisioned = not_provisioned(&tenant, here.is_some(), &sources.entries[entry], sources);
    resolution.tenants.push(Resolved { tenant, entry, not_provisioned });
}

/// Why a missing schema is not made.
fn not_provisioned(tenant: &Tenant, known: bool, entry: &Entry, sources: &Sources<'_>) -> Option<String> {
    if matches!(entry.tenants, TenantSource::Pattern(_)) {
        return Some("a pattern only finds schemas that are there".to_owned());
    }
    if sources.provision == Provision::Adopt {
        return Some(
            "its schema is not there, and provision is Adopt: make it, or set provision to Create".to_owned(),
        );
    }
    let shared = |database: &DatabaseName| {
        sources.entries.iter().any(|entry| entry.database == *database && !entry.exclusive)
    };
    let silent = sources
        .silent
        .iter()
        .find(|database| !known && **database != tenant.key.database && shared(database))?;
    Some(format!(
        "{silent} does not answer, and its ledger may have this tenant; it is made when that is certain"
    ))
}
