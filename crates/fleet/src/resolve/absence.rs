//! When a tenant that no source has any more counts as gone (D19).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tenantry_engine::{Fate, TenantKey};
use tenantry_planner::Digest;

use super::{Known, Sources};
use crate::Amount;

/// How long a tenant must be missing before it counts as gone.
const GRACE: SignedDuration = SignedDuration::from_mins(5);
/// How many readings must miss it.
const READINGS: u32 = 2;
/// More than this (at least one) missing at once needs a person.
const AT_ONCE: Amount = Amount::Percent(1);

/// Since when a tenant is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Absence {
    /// Where it lives.
    #[serde(flatten)]
    pub key: TenantKey,
    /// The first reading without it.
    pub since: Timestamp,
    /// How many readings were without it.
    pub readings: u32,
    /// It counts as gone.
    pub gone: bool,
}

/// A person's word on what becomes of the schema of a tenant that left: of this one, and of no other of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovedDeparture {
    /// Where it lives.
    #[serde(flatten)]
    pub key: TenantKey,
    /// The schema's oid.
    pub oid: u32,
    /// What is done.
    pub fate: Fate,
    /// What was approved.
    pub digest: Digest,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What a set remembers of those that are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// Each of them.
    pub absent: Vec<Absence>,
    /// What was approved of those that are gone, and is not done yet.
    #[serde(default)]
    pub approved: Vec<ApprovedDeparture>,
}

/// A tenant that no source has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Which.
    pub known: Known,
    /// It counts as gone.
    pub gone: bool,
    /// It would, if not so many others were missing too.
    pub too_many: bool,
    /// What is waited for, or since when it is gone.
    pub message: String,
}

/// Judges those that are missing. `at_once` says of which that needs no grace,
/// because a person took the name out.
pub fn absences(
    sources: &Sources<'_>,
    missing: &[&Known],
    at_once: impl Fn(&Known) -> bool,
) -> (Vec<Leaving>, Memory) {
    let before: BTreeMap<&TenantKey, &Absence> =
        sources.memory.absent.iter().map(|absence| (&absence.key, absence)).collect();
    let new =
        missing.iter().filter(|known| before.get(&known.key).is_none_or(|absence| !absence.gone)).count();
    let here = sources.known.iter().filter(|known| known.aside.is_none()).count();
    let all = u32::try_from(here).unwrap_or(u32::MAX);
    let believed = AT_ONCE.of(all).max(1).max(sources.believed);
    let many = u32::try_from(new).unwrap_or(u32::MAX) > believed;
    let mut leaving = Vec::new();
    let mut memory = Memory::default();
    for known in missing {
        let last = before.get(&known.key);
        let since = last.map_or(sources.now, |absence| absence.since);
        let readings = last.map_or(1, |absence| absence.readings.saturating_add(1));
        let certain = readings >= READINGS && sources.now.duration_since(since) >= GRACE || at_once(known);
        let was_gone = last.is_some_and(|absence| absence.gone);
        let gone = was_gone || sources.let_go || certain && !many;
        let message = if gone {
            format!("it left the set; missing since {since}")
        } else if many {
            format!(
                "missing since {since}, with {} others at once: that needs a person's word: spec.letGo, or --let-go",
                new - 1
            )
        } else {
            format!("missing since {since}; it counts as gone after a second look and 5 minutes")
        };
        leaving.push(Leaving { known: (*known).clone(), gone, too_many: many && !gone, message });
        memory.absent.push(Absence { key: known.key.clone(), since, readings, gone });
    }
    (leaving, memory)
}
