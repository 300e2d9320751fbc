//! Who a schema belongs to, before anything is done to it (D14).

use std::collections::BTreeMap;

use tenantry_engine::{
    Claim, ClaimConflict, DatabaseName, Engine, EngineError, Ledger, SchemaName, TenantKey, TenantName,
    TenantRecord,
};

use super::ground::{BATCH, Ground};
use super::look::{Look, Subject};
use crate::survey::Found;

/// What stands in the way, by schema.
pub(super) type Conflicts = Vec<(SchemaName, ClaimConflict)>;
/// Tenants of one database that have the same claim.
pub(super) type Batch = (Claim, Vec<(TenantName, SchemaName)>);

/// Claims the schemas of `wanted` tenants and of all that no ledger knows.
/// Those that are somebody else's are blocked, with the reason.
pub(super) async fn claim_all<D: Engine>(
    ground: &Ground<D>,
    look: &mut Look,
    take_over: bool,
    wanted: impl Fn(&Subject) -> bool,
) -> Vec<(DatabaseName, EngineError)> {
    let mut failed = Vec::new();
    for (name, batches) in batches(ground, look, wanted) {
        for (claim, tenants) in batches {
            for chunk in tenants.chunks(BATCH) {
                match claim_some(ground, &name, chunk, &claim, take_over).await {
                    Ok((conflicts, records)) => note(look, &name, chunk, &claim, conflicts, &records),
                    Err(error) => {
                        failed.push((name.clone(), error));
                        break;
                    }
                }
            }
        }
    }
    failed
}

/// Blocks the tenants whose schemas another set has: for a look, which claims
/// nothing.
pub(super) async fn note_others<D: Engine>(ground: &Ground<D>, look: &mut Look) {
    let unknown = |subject: &&mut Subject| {
        subject.entry.is_some() && subject.record.is_none() && matches!(subject.found, Found::At { .. })
    };
    let mut databases: BTreeMap<DatabaseName, Vec<&mut Subject>> = BTreeMap::new();
    for subject in look.subjects.values_mut().filter(unknown) {
        databases.entry(subject.tenant.key.database.clone()).or_default().push(subject);
    }
    for (name, subjects) in databases {
        if !look.sites.get(&name).is_some_and(|site| site.ledger) {
            continue;
        }
        let records = match ground.database(&name) {
            Ok(database) => database.ledger().records(None).await,
            Err(error) => Err(error),
        };
        match records {
            Ok(records) => {
                let held: BTreeMap<&SchemaName, &Claim> =
                    records.iter().map(|record| (&record.schema, &record.claim)).collect();
                for subject in subjects {
                    let schema = &subject.tenant.key.schema;
                    if let Some(held) = held.get(schema) {
                        let conflict = ClaimConflict::Other { held: (*held).clone() };
                        subject.blocked = Some(format!("schema {schema}: {conflict}"));
                    }
                }
            }
            Err(error) => look.notes.push(format!("{name}: whose schemas they are is not known: {error}")),
        }
    }
}

/// What is to be claimed in each database.
fn batches<D>(
    ground: &Ground<D>,
    look: &Look,
    wanted: impl Fn(&Subject) -> bool,
) -> BTreeMap<DatabaseName, Vec<Batch>> {
    let mut batches: BTreeMap<DatabaseName, Vec<Batch>> = BTreeMap::new();
    for (key, subject) in &look.subjects {
        let Some(entry) = subject.entry.and_then(|at| ground.spec.entries.get(at)) else { continue };
        if matches!(subject.found, Found::Unreachable(_)) || subject.blocked.is_some() {
            continue;
        }
        let claim = ground.spec.claim(entry);
        let is_ours = subject.record.as_ref().is_some_and(|record| record.claim == claim);
        let is_nothing = subject.found == Found::Absent && subject.not_provisioned.is_some();
        if is_nothing && subject.record.is_none() || is_ours && !wanted(subject) {
            continue;
        }
        let place = batches.entry(key.database.clone()).or_default();
        let tenant = (subject.tenant.name.clone(), key.schema.clone());
        add(place, claim, tenant);
    }
    batches
}

/// Adds a tenant to those of the same claim.
pub(super) fn add(batches: &mut Vec<Batch>, claim: Claim, tenant: (TenantName, SchemaName)) {
    match batches.iter_mut().find(|(other, _)| *other == claim) {
        Some((_, tenants)) => tenants.push(tenant),
        None => batches.push((claim, vec![tenant])),
    }
}

pub(super) async fn claim_some<D: Engine>(
    ground: &Ground<D>,
    name: &DatabaseName,
    tenants: &[(TenantName, SchemaName)],
    claim: &Claim,
    take_over: bool,
) -> Result<(Conflicts, Vec<TenantRecord>), EngineError> {
    let ledger = ground.database(name)?.ledger();
    let conflicts = ledger.claim(tenants, claim, None).await?;
    let mut left = Vec::new();
    let mut given_up: Vec<Batch> = Vec::new();
    for (schema, conflict) in conflicts {
        let held = conflict.holder(claim);
        let taken = take_over || ground.spec.take_over.as_deref() == Some(held.to_string().as_str());
        let tenant = tenants.iter().find(|(_, other)| *other == schema).filter(|_| taken);
        match tenant {
            None => left.push((schema, conflict)),
            Some(tenant) => add(&mut given_up, held.clone(), tenant.clone()),
        }
    }
    // What is known of a schema may be another thing once it is taken over.
    let took = !given_up.is_empty();
    for (held, tenants) in given_up {
        left.extend(ledger.claim(&tenants, claim, Some(&held)).await?);
    }
    let records = if took { ledger.records(Some(ground.set())).await? } else { Vec::new() };
    Ok((left, records))
}

/// Takes down what came of it.
fn note(
    look: &mut Look,
    name: &DatabaseName,
    tenants: &[(TenantName, SchemaName)],
    claim: &Claim,
    conflicts: Conflicts,
    records: &[TenantRecord],
) {
    let conflicts: BTreeMap<SchemaName, ClaimConflict> = conflicts.into_iter().collect();
    let records: BTreeMap<&SchemaName, &TenantRecord> =
        records.iter().map(|record| (&record.schema, record)).collect();
    for (tenant, schema) in tenants {
        let key = TenantKey { database: name.clone(), schema: schema.clone() };
        let Some(subject) = look.subjects.get_mut(&key) else { continue };
        match conflicts.get(schema) {
            Some(conflict) => subject.blocked = Some(format!("schema {schema}: {conflict}")),
            None => {
                if let Some(record) = records.get(schema) {
                    subject.record = Some((*record).clone());
                }
                claimed(subject, tenant, claim);
            }
        }
    }
}

/// The record that the ledger has now.
fn claimed(subject: &mut Subject, name: &TenantName, claim: &Claim) {
    let oid = match subject.found {
        Found::At { oid, .. } => oid,
        _ => None,
    };
    let schema = subject.tenant.key.schema.clone();
    let record = subject.record.get_or_insert_with(|| TenantRecord {
        name: name.clone(),
        schema,
        oid: 0,
        claim: claim.clone(),
        revision: None,
        fingerprint: None,
        watermark: None,
        drifted_since: None,
        renamed: Vec::new(),
        unfinished: None,
        aside: None,
    });
    record.claim = claim.clone();
    record.oid = oid.unwrap_or(record.oid);
}
