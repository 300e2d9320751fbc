//! Where the tenants of one database are: from the ledger what did not change,
//! read what did (D7).

use std::collections::BTreeMap;

use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::{DatabaseName, Engine, EngineError, SchemaName, TenantRecord, Watermark, compared};
use tenantry_planner::{Digest, Policy};

use super::Progress;
use super::ground::{BATCH, Ground};
use super::site::Site;
use crate::rollout::aside;
use crate::survey::{Found, Reread, Scope, reread, scope};

/// How far a look goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Only what the ledgers say, and whether it may have changed.
    Ledgers,
    /// Everything that changed is read, unless the first stage says that
    /// nothing did. It may lag behind by a minute.
    Glance,
    /// Everything that changed is read, by the second stage.
    Whole,
}

/// Where one schema is.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub found: Found,
    pub watermark: Option<Watermark>,
    /// It was read just now.
    pub read: bool,
    /// Why it could not be read.
    pub unreadable: Option<String>,
}

/// Where the schemas of a database are.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub schemas: BTreeMap<SchemaName, Sight>,
    /// How many were read.
    pub read: u32,
    /// How many would have to be.
    pub unread: u32,
}

/// The digest of the measure by which fingerprints are taken: what a policy
/// compares, with the bookkeeping tables that the definition declares.
pub(super) fn measure(policy: &Policy) -> Digest {
    Digest::of_texts(policy.declared.iter().map(String::as_str).chain([compared(policy).as_str()]))
}

/// Finds out where these schemas are.
pub(super) async fn see<D: Engine>(
    ground: &Ground<D>,
    name: &DatabaseName,
    site: &Site,
    schemas: &[SchemaName],
    policy: &Policy,
    depth: Depth,
) -> Result<Seen, EngineError> {
    let Some(environment) = &site.environment else { return Ok(Seen::default()) };
    let database = ground.database(name)?;
    let scope = scope(site.baseline.as_ref(), site.pulse.as_ref(), environment, &measure(policy));
    let scope = match (depth, scope) {
        (Depth::Glance, scope) | (Depth::Whole, scope @ Scope::Everything) => scope,
        // Whoever asks once wants to know what is true now.
        (Depth::Whole, _) => Scope::Watermarks,
        // Nothing is read; at least what is not there is noticed.
        (Depth::Ledgers, _) => Scope::Watermarks,
    };
    let mut watermarks = BTreeMap::new();
    if scope == Scope::Watermarks {
        for chunk in schemas.chunks(BATCH) {
            stopped(ground)?;
            watermarks.extend(database.watermarks(chunk).await?);
        }
    }
    let records: BTreeMap<&SchemaName, &TenantRecord> = site.records.iter().collect();
    let answer = reread(scope, schemas, &records, &watermarks);
    let (mut seen, read) = recorded(answer, &records);
    if depth == Depth::Ledgers {
        remembered(&mut seen, &read, &records);
        return Ok(seen);
    }
    ground.tell(Progress::Looking {
        database: name.clone(),
        tenants: count(schemas.len()),
        reading: count(read.len()),
    });
    for chunk in read.chunks(BATCH) {
        stopped(ground)?;
        inspect(ground, name, chunk, policy, &|schema| Some(aside_in(&site.records, schema)), &mut seen)
            .await?;
        if read.len() > BATCH {
            let progress = Progress::Read { database: name.clone(), read: seen.read, of: count(read.len()) };
            ground.tell(progress);
        }
    }
    Ok(seen)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn stopped<D: Engine>(ground: &Ground<D>) -> Result<(), EngineError> {
    if ground.stop.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
}

/// What the ledger knows already, and what has to be read.
fn recorded(answer: Reread, records: &BTreeMap<&SchemaName, &TenantRecord>) -> (Seen, Vec<SchemaName>) {
    let mut seen = Seen::default();
    for (schema, fingerprint) in answer.unchanged {
        let watermark = records.get(&schema).and_then(|record| record.watermark.clone());
        let found = Found::At { fingerprint, oid: None };
        seen.schemas.insert(schema, Sight { found, watermark, read: false, unreadable: None });
    }
    for schema in answer.absent {
        seen.schemas
            .insert(schema, Sight { found: Found::Absent, watermark: None, read: false, unreadable: None });
    }
    (seen, answer.read)
}

/// What has to be read, as it was last time. What never was counts as empty:
/// it is there, and not known.
fn remembered(seen: &mut Seen, read: &[SchemaName], records: &BTreeMap<&SchemaName, &TenantRecord>) {
    for schema in read {
        let fingerprint = records.get(schema).and_then(|record| record.fingerprint.clone());
        let fingerprint = fingerprint.unwrap_or_else(|| Fingerprint::of(&Catalog::empty()));
        let found = Found::At { fingerprint, oid: None };
        seen.unread += 1;
        seen.schemas.insert(schema.clone(), Sight { found, watermark: None, read: false, unreadable: None });
    }
}

/// The digest of what is renamed aside in a schema.
pub(super) fn aside_in(records: &BTreeMap<SchemaName, TenantRecord>, schema: &SchemaName) -> Option<Digest> {
    records.get(schema).and_then(|record| aside(&record.renamed))
}

/// Reads schemas. Of those catalogs of which `keep` says what is renamed aside
/// in them, one is kept for each place. One that cannot be read holds up none
/// of the others.
pub(super) async fn inspect<D: Engine>(
    ground: &Ground<D>,
    name: &DatabaseName,
    schemas: &[SchemaName],
    policy: &Policy,
    keep: &(dyn Fn(&SchemaName) -> Option<Option<Digest>> + Sync),
    seen: &mut Seen,
) -> Result<(), EngineError> {
    for schema in schemas {
        let absent = Sight { found: Found::Absent, watermark: None, read: true, unreadable: None };
        seen.schemas.insert(schema.clone(), absent);
    }
    seen.read += count(schemas.len());
    let each = |inspected: tenantry_engine::Inspected| {
        if let Some(aside) = keep(&inspected.schema) {
            ground.saw((inspected.fingerprint.clone(), aside), inspected.catalog);
        }
        let found = Found::At { fingerprint: inspected.fingerprint, oid: Some(inspected.oid) };
        let sight = Sight { found, watermark: Some(inspected.watermark), read: true, unreadable: None };
        seen.schemas.insert(inspected.schema, sight);
    };
    match ground.database(name)?.inspect(schemas, policy, each).await {
        Err(EngineError::Unreadable(reasons)) => {
            for (schema, reason) in reasons {
                if let Some(sight) = seen.schemas.get_mut(&schema) {
                    sight.unreadable = Some(format!("schema {schema}: it cannot be read: {reason}"));
                }
            }
            Ok(())
        }
        outcome => outcome,
    }
}
