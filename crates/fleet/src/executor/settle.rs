//! What a look found, as the ledgers get it.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use tenantry_catalog::Fingerprint;
use tenantry_engine::{
    Baseline, Confirmed, DatabaseName, Engine, EngineError, Ledger, SetRecord, TenantKey, TenantRecord,
};
use tenantry_planner::Digest;

use super::ground::{BATCH, Ground, tolerate};
use super::look::{Look, Subject};
use super::seen::measure;
use crate::rollout::Rollout;
use crate::survey::{Found, confirmed_equal};

/// What is written down of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// The revision that it is at; `None` leaves what stands.
    pub revision: Option<Digest>,
    /// Since when it differs.
    pub drifted_since: Option<Timestamp>,
}

/// What has to be known to settle a tenant.
pub(super) struct Measure<'a> {
    /// The revisions whose fingerprint is the one that was found.
    pub equal: &'a dyn Fn(&Digest) -> bool,
    /// What a tenant may be at, most likely first.
    pub likely: &'a [&'a Digest],
    /// Whether an apply aimed at what was found, and if so, whether the tenant
    /// keeps changes of its own there.
    pub aimed: Option<bool>,
    pub now: Timestamp,
}

/// What is written down of a tenant that was read; `None` to leave its record
/// as it is.
pub(super) fn settle(record: &TenantRecord, found: &Fingerprint, measure: &Measure<'_>) -> Option<Settled> {
    if let Some(revision) = measure.likely.iter().find(|one| (measure.equal)(one)) {
        return Some(Settled { revision: Some((*revision).clone()), drifted_since: None });
    }
    if record.unfinished.is_some() {
        return None;
    }
    let Some(revision) = &record.revision else {
        return Some(Settled { revision: None, drifted_since: None });
    };
    let just_applied = record.watermark.is_none() && record.fingerprint.as_ref() == Some(found);
    let is_equal = confirmed_equal(record, revision, found) || just_applied && measure.aimed == Some(false);
    let drifted_since = if is_equal { None } else { record.drifted_since.or(Some(measure.now)) };
    Some(Settled { revision: None, drifted_since })
}

/// Whether an apply of this rollout aimed at a fingerprint, and if so, whether
/// a tenant there keeps changes of its own.
pub(super) fn aimed(rollout: Option<&Rollout>, found: &Fingerprint) -> Option<bool> {
    let routes = rollout?.groups.iter().filter_map(|group| group.verdict.route());
    routes.into_iter().find(|route| route.to == *found).map(|route| !route.reaches_target)
}

/// Whether a schema is the one that the ledger knows.
fn is_the_same(record: &TenantRecord, oid: Option<u32>) -> bool {
    record.revision.is_none() || oid.is_none_or(|oid| oid == record.oid)
}

/// Changes the records to what was found, and says which ones changed.
pub(super) fn settle_all(
    look: &mut Look,
    latest: Option<&Rollout>,
    to: &Digest,
    now: Timestamp,
) -> BTreeMap<DatabaseName, Vec<TenantKey>> {
    let in_force = latest.and_then(Rollout::in_force).cloned();
    let environments: BTreeMap<DatabaseName, String> = look
        .sites
        .iter()
        .filter_map(|(name, site)| Some((name.clone(), site.environment.as_ref()?.digest.clone())))
        .collect();
    let revisions = std::mem::take(&mut look.revisions);
    let mut changed: BTreeMap<DatabaseName, Vec<TenantKey>> = BTreeMap::new();
    for (key, subject) in &mut look.subjects {
        let (Some(environment), Found::At { fingerprint, oid }) =
            (environments.get(&key.database), &subject.found)
        else {
            continue;
        };
        let Some(record) = subject.record.as_mut().filter(|record| is_the_same(record, *oid)) else {
            continue;
        };
        let equal =
            |revision: &Digest| revisions.get(&(environment.clone(), revision.clone())) == Some(fingerprint);
        let behind =
            in_force.as_ref().is_some_and(|force| record.revision.as_ref() != Some(force) && equal(force));
        if !subject.read && !behind {
            continue;
        }
        let aimed = aimed(latest, fingerprint);
        let own = record.revision.clone();
        let likely: Vec<&Digest> = in_force.iter().chain(&own).chain([to]).collect();
        let measure = Measure { equal: &equal, likely: &likely, aimed, now };
        let (Some(settled), Some(watermark)) = (settle(record, fingerprint, &measure), &subject.watermark)
        else {
            continue;
        };
        record.revision = settled.revision.or(record.revision.take());
        record.drifted_since = settled.drifted_since;
        record.fingerprint = Some(fingerprint.clone());
        record.watermark = Some(watermark.clone());
        record.oid = oid.unwrap_or(record.oid);
        subject.read = false;
        changed.entry(key.database.clone()).or_default().push(key.clone());
    }
    look.revisions = revisions;
    changed
}

/// What the ledger gets of a tenant.
fn confirmation(subject: &Subject) -> Option<Confirmed<'_>> {
    let record = subject.record.as_ref()?;
    Some(Confirmed {
        schema: &subject.tenant.key.schema,
        name: &subject.tenant.name,
        oid: record.oid,
        fingerprint: record.fingerprint.as_ref()?,
        watermark: record.watermark.as_ref()?,
        revision: record.revision.as_ref(),
        drifted_since: record.drifted_since,
    })
}

/// Writes down what was found of some tenants of a database.
pub(super) async fn confirm_now<D: Engine, S: Borrow<Subject> + Sync>(
    ground: &Ground<D>,
    name: &DatabaseName,
    subjects: &[S],
) -> Result<(), EngineError> {
    let confirmations: Vec<Confirmed<'_>> =
        subjects.iter().filter_map(|subject| confirmation(subject.borrow())).collect();
    for chunk in confirmations.chunks(BATCH) {
        tolerate(ground.database(name)?.ledger().confirm(chunk).await)?;
    }
    Ok(())
}

/// Writes down what a look found: the records, the new baselines, who is
/// missing. Where the role may not, it is left out.
pub(super) async fn write_down<D: Engine>(
    ground: &Ground<D>,
    look: &mut Look,
    to: &Digest,
) -> Result<(), (DatabaseName, EngineError)> {
    let latest = look.home.latest().cloned();
    let changed = settle_all(look, latest.as_ref(), to, ground.now());
    if !ground.writes {
        return Ok(());
    }
    let mut baselines = Vec::new();
    for (name, site) in &look.sites {
        if !site.ledger || site.trouble.is_some() {
            continue;
        }
        let written = async {
            let keys = changed.get(name).into_iter().flatten();
            let subjects: Vec<&Subject> = keys.filter_map(|key| look.subjects.get(key)).collect();
            confirm_now(ground, name, &subjects).await?;
            let ledger = ground.database(name)?.ledger();
            if let Some(baseline) = baseline(ground, look, name, to) {
                tolerate(ledger.set_baseline(ground.set(), &baseline).await)?;
                baselines.push((name.clone(), baseline));
            }
            Ok(())
        };
        written.await.map_err(|error| (name.clone(), error))?;
    }
    for (name, baseline) in baselines {
        if let Some(site) = look.sites.get_mut(&name) {
            site.baseline = Some(baseline);
        }
    }
    remember_missing(ground, look).await.map_err(|error| (ground.spec.home.clone(), error))
}

/// Writes down what a rollout changed of what was found before it, and no new
/// baseline: that needs a look.
pub(super) async fn write_settled<D: Engine>(
    ground: &Ground<D>,
    look: &mut Look,
    to: &Digest,
) -> Result<(), (DatabaseName, EngineError)> {
    let latest = look.home.latest().cloned();
    for (name, keys) in settle_all(look, latest.as_ref(), to, ground.now()) {
        let subjects: Vec<&Subject> = keys.iter().filter_map(|key| look.subjects.get(key)).collect();
        confirm_now(ground, &name, &subjects).await.map_err(|error| (name.clone(), error))?;
    }
    Ok(())
}

/// What stands from now on, where that is not what stood before. The pulse is
/// the one from before the look (D7), and none where the ledger knows a schema
/// that is gone: the next look has to find that again.
fn baseline<D: Engine>(
    ground: &Ground<D>,
    look: &Look,
    name: &DatabaseName,
    to: &Digest,
) -> Option<Baseline> {
    let site = look.sites.get(name)?;
    let environment = site.environment.clone()?;
    let target = ground.made_target(&environment.digest, to)?;
    let here = || look.subjects.values().filter(|subject| subject.tenant.key.database == *name);
    if here().any(|subject| matches!(subject.found, Found::Unreachable(_))) {
        return None;
    }
    let strange = here().any(|subject| match (&subject.record, &subject.found) {
        (Some(record), Found::Absent) => record.watermark.is_some(),
        (Some(record), Found::At { oid, .. }) => !is_the_same(record, *oid),
        _ => false,
    });
    let pulse = if strange { None } else { site.pulse.clone() };
    let baseline = Baseline { pulse, environment, policy: measure(&target.policy) };
    (site.baseline.as_ref() != Some(&baseline)).then_some(baseline)
}

/// Writes down who is missing, and since when (D19).
pub(super) async fn remember_missing<D: Engine>(
    ground: &Ground<D>,
    look: &mut Look,
) -> Result<(), EngineError> {
    let home = look.sites.get(&ground.spec.home).filter(|site| site.ledger && site.trouble.is_none());
    if home.is_none() || look.memory == look.home.memory {
        return Ok(());
    }
    let state = serde_json::to_value(&look.memory).map_err(|error| EngineError::Unread(error.to_string()))?;
    let version = look.home.memory_version + 1;
    let record = SetRecord { set: ground.set().to_owned(), version, state, at: ground.now() };
    match ground.database(&ground.spec.home)?.ledger().save_set(&record).await {
        Ok(()) => {
            look.home.memory = look.memory.clone();
            look.home.memory_version = version;
            Ok(())
        }
        // Another process counts too; it counts the same.
        Err(EngineError::Raced { .. } | EngineError::Denied { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digest, fingerprint, noon, record};

    #[test]
    fn what_was_found_decides_what_is_written() {
        let before = noon(-60);
        for (name, found, revision, watermark, drifted, unfinished, aimed, expected) in [
            ("as recorded", "f1", Some("r1"), Some("w"), false, false, None, Some((Some("r1"), None))),
            ("drifted now", "f1c", Some("r1"), Some("w"), false, false, None, Some((None, Some(noon(0))))),
            ("drifted before", "f1c", Some("r1"), Some("w"), true, false, None, Some((None, Some(before)))),
            ("no longer", "f1", Some("r1"), Some("w"), true, false, None, Some((Some("r1"), None))),
            (
                "at the next one by hand",
                "f2",
                Some("r1"),
                Some("w"),
                false,
                false,
                None,
                Some((Some("r2"), None)),
            ),
            ("claimed, and equal", "f2", None, None, false, false, None, Some((Some("r2"), None))),
            ("claimed, and not", "f9", None, None, false, false, None, Some((None, None))),
            ("half way", "f9", Some("r1"), None, false, true, None, None),
            ("half way, yet there", "f2", Some("r1"), None, false, true, None, Some((Some("r2"), None))),
            ("proved equal", "recorded", Some("r1"), Some("w"), false, false, None, Some((None, None))),
            (
                "just applied, prints differently",
                "recorded",
                Some("r1"),
                None,
                false,
                false,
                Some(false),
                Some((None, None)),
            ),
            (
                "just applied, keeps its own",
                "recorded",
                Some("r1"),
                None,
                false,
                false,
                Some(true),
                Some((None, Some(noon(0)))),
            ),
        ] {
            let mut record = record("acme", "recorded", watermark);
            record.revision = revision.map(digest);
            record.drifted_since = drifted.then_some(before);
            record.unfinished = unfinished.then(|| digest("plan"));
            let found = fingerprint(found);
            let equal = |revision: &Digest| {
                *revision == digest("r1") && found == fingerprint("f1")
                    || *revision == digest("r2") && found == fingerprint("f2")
            };
            let (own, to) = (digest("r1"), digest("r2"));
            let measure = Measure { equal: &equal, likely: &[&own, &to], aimed, now: noon(0) };
            let expected = expected
                .map(|(revision, drifted_since)| Settled { revision: revision.map(digest), drifted_since });
            assert_eq!(settle(&record, &found, &measure), expected, "{name}");
        }
    }
}
