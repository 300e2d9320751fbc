//! `schema apply`: one schema brought to a definition, with its row in the ledger.

use std::io::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use tenantry_engine::{
    Claim, Confirmed, DatabaseName, Engine as _, EngineError, Event, Labels, Ledger as _, Proposal,
    RevisionRecord, SchemaName, Source, Start, Target, Tenant, TenantKey, TenantName, Work,
};
use tenantry_planner::{Digest, Plan};

use super::live::{Live, Schema};
use super::{compile, rendered};
use crate::args::ApplyArgs;
use crate::output::text::{count, took};
use crate::schema::sources::sources;
use crate::{Failure, Outcome, note, write};

/// What the ledger calls a run of this command.
const ROLLOUT: &str = "schema-apply";
/// How long it may take in all; each statement has the connection's own limit.
const WITHIN: Duration = Duration::from_hours(24);

/// Plans, proves, shows and runs.
pub async fn apply(live: &Live, args: &ApplyArgs, schema: &SchemaName) -> Result<Outcome, Failure> {
    // Read once: standard input cannot be read again.
    let sources = sources(&args.plan.definition)?;
    let target = compile(live, &args.plan, &sources).await?;
    let found = live.read(schema, &target.policy).await?;
    let start = Start { catalog: &found.inspected.catalog, renamed: &found.renamed, base: None };
    let (plan, to) = match live.engine.propose(start, &target).await? {
        Proposal::Migrate { plan, to, .. } => (plan, to),
        Proposal::Blocked { reasons } => return Err(Failure::NoPlan(reasons.join("\n"))),
        Proposal::InSync => {
            note(&format!("schema {schema} equals the definition: nothing to do"));
            return Ok(Outcome::Fine);
        }
    };
    let _ = write!(anstream::stderr(), "{}", rendered(&plan, args.plan.output, schema)?);
    let tenant = tenant(live, schema).await?;
    let claim = claim(live, &tenant, args.take_over).await?;
    let digest = keep(live, sources, &claim, &target, &plan).await?;
    let work = Work {
        tenant: &tenant,
        claim: &claim,
        start: Some(&found.inspected.watermark),
        plan: &plan,
        digest: &digest,
        revision: &target.revision,
        to: &to,
        rollout: ROLLOUT,
        approved_by: None,
        within: WITHIN,
    };
    live.applying.set(true);
    let began = Timestamp::now();
    let applied = match live.engine.apply(&work).await {
        Ok(applied) => applied,
        Err(error) => {
            record(live, &work, began, &error).await;
            return Err(error.into());
        }
    };
    read_back(live, &work, &target).await?;
    let milliseconds = i64::try_from(applied.took.as_millis()).unwrap_or(i64::MAX);
    write(&format!(
        "schema {schema} is at {}: {} in {}\n",
        target.revision.revision(),
        count(plan.steps.len(), "statement"),
        took(milliseconds)
    ))?;
    Ok(Outcome::Fine)
}

/// The schema as a tenant: it is called as it is.
async fn tenant(live: &Live, schema: &SchemaName) -> Result<Tenant, Failure> {
    let database = database(live).await?;
    let key = TenantKey { database: DatabaseName::new(database), schema: schema.clone() };
    Ok(Tenant { name: TenantName::new(schema.as_str())?, key, labels: Labels::new() })
}

/// The database's name, which goes into claims.
async fn database(live: &Live) -> Result<String, Failure> {
    let address = live.engine.identity().await?.address;
    Ok(address.rsplit_once('/').map_or_else(|| address.clone(), |(_, name)| name.to_owned()))
}

/// Claims the schema for the command line. One that a TenantSet has is left to it, unless it is taken over.
async fn claim(live: &Live, tenant: &Tenant, take_over: bool) -> Result<Claim, Failure> {
    let database = tenant.key.database.to_string();
    let set = format!("cli/{database}/{}", tenant.key.schema);
    let claim = Claim { set, cluster: None, database };
    let ledger = live.engine.ledger();
    ledger.prepare().await?;
    let wanted = [(tenant.name.clone(), tenant.key.schema.clone())];
    let mut conflicts = ledger.claim(&wanted, &claim, None).await?;
    if let Some((_, conflict)) = conflicts.first().filter(|_| take_over) {
        let given_up = conflict.holder(&claim).clone();
        conflicts = ledger.claim(&wanted, &claim, Some(&given_up)).await?;
    }
    match conflicts.pop() {
        Some((schema, conflict)) => Err(EngineError::Claimed { schema, conflict }.into()),
        None => Ok(claim),
    }
}

/// Keeps what the ledger will speak of: the text of the revision, and the plan.
async fn keep(
    live: &Live,
    sources: Vec<Source>,
    claim: &Claim,
    target: &Target,
    plan: &Plan,
) -> Result<Digest, Failure> {
    let ledger = live.engine.ledger();
    let revision = RevisionRecord {
        revision: target.revision.clone(),
        sources,
        policy: target.policy.clone(),
        at: Timestamp::now(),
    };
    ledger.keep_revision(&claim.set, &revision).await?;
    Ok(ledger.keep_plan(plan).await?)
}

/// Writes down that it failed. Where that fails too, the error itself is what the person has to know.
async fn record(live: &Live, work: &Work<'_>, began: Timestamp, error: &EngineError) {
    let at = Timestamp::now();
    let event = Event {
        at,
        tenant: work.tenant.name.clone(),
        schema: work.tenant.key.schema.clone(),
        rollout: work.rollout.to_owned(),
        digest: work.digest.clone(),
        revision: Some(work.revision.clone()),
        outcome: error.to_string(),
        took_ms: i64::try_from(at.duration_since(began).as_millis()).unwrap_or(i64::MAX),
        approved_by: None,
    };
    let _ = live.engine.ledger().record_failure(&event).await;
}

/// Reads the schema back, and writes down what was found (D13).
async fn read_back(live: &Live, work: &Work<'_>, target: &Target) -> Result<(), Failure> {
    let schema = &work.tenant.key.schema;
    let Schema { inspected, .. } = live.read(schema, &target.policy).await?;
    let is_there = inspected.fingerprint == *work.to;
    let confirmed = Confirmed {
        schema,
        name: &work.tenant.name,
        oid: inspected.oid,
        fingerprint: &inspected.fingerprint,
        watermark: &inspected.watermark,
        revision: is_there.then_some(&target.revision),
        drifted_since: (!is_there).then(Timestamp::now),
    };
    live.engine.ledger().confirm(&[confirmed]).await?;
    if is_there { Ok(()) } else { Err(Failure::ReadBack(schema.to_string())) }
}
