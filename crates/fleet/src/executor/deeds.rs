//! The single deeds of a rollout: each is one task, and none knows of another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tenantry_catalog::Fingerprint;
use tenantry_engine::{
    Applied, Claim, Confirmed, DatabaseName, Engine, EngineError, Environment, Event, Ledger, SchemaName,
    Tenant, TenantKey, TenantName, Watermark, Work,
};
use tenantry_planner::Digest;

use super::claims::{Batch, Conflicts, claim_some};
use super::ground::Ground;
use super::look::seen_as;
use super::seen::{self, Seen};
use super::site::{Site, read_site};
use crate::rollout::{Group, GroupKey, Route};
use crate::survey::Found;

/// What came of a deed.
pub(super) enum Done {
    Applied(TenantKey, Result<Applied, EngineError>),
    ReadBack(DatabaseName, Result<Vec<Back>, EngineError>),
    Reread(DatabaseName, Vec<TenantKey>, Result<Box<Again>, EngineError>),
    Planned(GroupKey, DatabaseName, Result<Group, EngineError>),
    Asked(DatabaseName, Result<(), EngineError>),
    /// Something was written down; what could not be is read anew next time.
    Noted(Result<(), EngineError>),
}

/// One plan on one tenant.
pub(super) struct Job {
    pub tenant: Tenant,
    pub claim: Claim,
    /// `None` where the schema is to be made.
    pub start: Option<Watermark>,
    pub makes: bool,
    pub route: Route,
    pub revision: Digest,
    pub rollout: String,
    pub approved_by: Option<String>,
    pub within: Duration,
}

/// Runs a plan on a tenant.
pub(super) async fn apply<D: Engine>(ground: &Ground<D>, job: &Job) -> Result<Applied, EngineError> {
    let TenantKey { database: name, schema } = &job.tenant.key;
    if job.start.is_none() && !job.makes {
        return Err(EngineError::Moved { schema: schema.clone() });
    }
    let digest = &job.route.plan;
    let plan = ground.plan(digest, name).await?.ok_or_else(|| EngineError::Ledger {
        address: name.to_string(),
        reason: format!("the plan {} is not there any more: plan again", digest.short()),
    })?;
    ground.keep(digest, &plan, name).await?;
    let work = Work {
        tenant: &job.tenant,
        claim: &job.claim,
        start: job.start.as_ref(),
        plan: &plan,
        digest,
        revision: &job.revision,
        to: &job.route.to,
        rollout: &job.rollout,
        approved_by: job.approved_by.as_deref(),
        within: job.within,
    };
    ground.database(name)?.apply(&work).await
}

/// What a read-back of one tenant has to find.
pub(super) struct Expected {
    pub key: TenantKey,
    pub name: TenantName,
    pub revision: Digest,
    pub fingerprint: Option<Fingerprint>,
    /// Whether the tenant keeps changes of its own.
    pub own: bool,
    /// Since when it differed before.
    pub drifted_since: Option<Timestamp>,
}

/// What a read-back of one tenant found.
pub(super) struct Back {
    pub key: TenantKey,
    pub found: Option<(Fingerprint, u32, Watermark)>,
    /// Whether that is what was expected.
    pub revision: Option<Digest>,
    pub drifted_since: Option<Timestamp>,
}

/// Reads tenants back, and writes down what was found.
pub(super) async fn read_back<D: Engine>(
    ground: &Ground<D>,
    name: &DatabaseName,
    environment: &Environment,
    expected: Vec<Expected>,
) -> Result<Vec<Back>, EngineError> {
    let mut by_revision: BTreeMap<Digest, Vec<SchemaName>> = BTreeMap::new();
    for one in &expected {
        by_revision.entry(one.revision.clone()).or_default().push(one.key.schema.clone());
    }
    let mut seen = Seen::default();
    for (revision, schemas) in by_revision {
        let target = ground.target(environment, &revision, name, true).await?;
        seen::inspect(ground, name, &schemas, &target.policy, &|_| None, &mut seen).await?;
    }
    let now = ground.now();
    let (found, names): (Vec<Back>, Vec<TenantName>) =
        expected.into_iter().map(|one| (compare(&one, &mut seen, now), one.name)).unzip();
    let confirmations: Vec<Confirmed<'_>> = found
        .iter()
        .zip(&names)
        .filter_map(|(back, name)| {
            let (fingerprint, oid, watermark) = back.found.as_ref()?;
            Some(Confirmed {
                schema: &back.key.schema,
                name,
                oid: *oid,
                fingerprint,
                watermark,
                revision: back.revision.as_ref(),
                drifted_since: back.drifted_since,
            })
        })
        .collect();
    ground.database(name)?.ledger().confirm(&confirmations).await?;
    Ok(found)
}

fn compare(one: &Expected, seen: &mut Seen, now: Timestamp) -> Back {
    let sight = seen.schemas.remove(&one.key.schema);
    let found = sight.and_then(|sight| match (sight.found, sight.watermark) {
        (Found::At { fingerprint, oid: Some(oid) }, Some(watermark)) => Some((fingerprint, oid, watermark)),
        _ => None,
    });
    let as_expected = found.as_ref().map(|(fingerprint, ..)| fingerprint) == one.fingerprint.as_ref();
    let drifted_since = if as_expected && !one.own { None } else { one.drifted_since.or(Some(now)) };
    Back { key: one.key.clone(), found, revision: as_expected.then(|| one.revision.clone()), drifted_since }
}

/// What was found when tenants were looked at again.
pub(super) struct Again {
    pub site: Site,
    pub seen: Seen,
    /// The fingerprints of revisions in the database's environment.
    pub revisions: Vec<(Digest, Fingerprint)>,
    /// Those that are somebody else's.
    pub conflicts: Conflicts,
}

/// What is to be looked at again in one database.
pub(super) struct Ward {
    pub name: DatabaseName,
    pub keys: Vec<TenantKey>,
    /// By which right: whoever was not reached before is not claimed yet.
    pub claims: Vec<Batch>,
    /// The rollout's revision.
    pub to: Digest,
    pub take_over: bool,
}

/// Looks at tenants again, with what the ledger says of them and what they
/// rest on: after a fail-over all of it may be another.
pub(super) async fn reread<D: Engine>(ground: &Ground<D>, ward: &Ward) -> Result<Box<Again>, EngineError> {
    let Ward { name, keys, to, .. } = ward;
    let mut site = read_site(ground.database(name)?.as_ref(), ground.set(), true).await?;
    let conflicts = claim_rest(ground, ward, &mut site).await?;
    let Some(environment) = site.environment.clone() else {
        return Err(EngineError::Unread(format!("{name} did not say what its tenants rest on")));
    };
    let target = ground.target(&environment, to, name, true).await?;
    let schemas: Vec<SchemaName> = keys.iter().map(|key| key.schema.clone()).collect();
    let mut revisions = vec![(to.clone(), target.fingerprint.clone())];
    for record in schemas.iter().filter_map(|schema| site.records.get(schema)) {
        let Some(revision) = &record.revision else { continue };
        if revisions.iter().all(|(known, _)| known != revision)
            && let Some(fingerprint) = seen_as(ground, &environment, revision, to, name, true).await
        {
            revisions.push((revision.clone(), fingerprint));
        }
    }
    let mut seen = Seen::default();
    let keep = |schema: &SchemaName| Some(seen::aside_in(&site.records, schema));
    seen::inspect(ground, name, &schemas, &target.policy, &keep, &mut seen).await?;
    Ok(Box::new(Again { site, seen, revisions, conflicts }))
}

/// Claims those that are not claimed yet.
async fn claim_rest<D: Engine>(
    ground: &Ground<D>,
    ward: &Ward,
    site: &mut Site,
) -> Result<Conflicts, EngineError> {
    let mut conflicts = Vec::new();
    let mut claimed = false;
    for (claim, tenants) in &ward.claims {
        let is_free = |(_, schema): &&(TenantName, SchemaName)| {
            site.records.get(schema).is_none_or(|record| record.claim != *claim)
        };
        let free: Vec<(TenantName, SchemaName)> = tenants.iter().filter(is_free).cloned().collect();
        if free.is_empty() {
            continue;
        }
        claimed = true;
        conflicts.extend(claim_some(ground, &ward.name, &free, claim, ward.take_over).await?.0);
    }
    if claimed {
        site.remember(ground.database(&ward.name)?.ledger().records(Some(ground.set())).await?);
    }
    Ok(conflicts)
}

/// Asks a database whether it answers.
pub(super) async fn ask<D: Engine>(ground: &Ground<D>, name: &DatabaseName) -> Result<(), EngineError> {
    ground.database(name)?.environment().await.map(|_| ())
}

/// Writes down that an apply failed.
pub(super) async fn note_failure<D: Engine>(
    ground: Arc<Ground<D>>,
    name: DatabaseName,
    event: Event,
) -> Result<(), EngineError> {
    ground.database(&name)?.ledger().record_failure(&event).await
}
