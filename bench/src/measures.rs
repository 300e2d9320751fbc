//! What is measured.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantry_catalog::Fingerprint;
use tenantry_engine::{
    DatabaseName, Engine, EngineError, Labels, Ledger, Proposal, SchemaName, Source, Start, Tenant,
    TenantKey, TenantRecord, Watermark, Work,
};
use tenantry_planner::{Digest, Plan, Policy};
use tenantry_postgres::{Connections, PostgresEngine, Settings, ShadowSettings};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::application::Application;
use crate::fleet::{BARE, DEFINITION, Fleet, LOGIN, MORE, OURS, THREE};
use crate::table::{Table, time};
use crate::{Failure, bare, program};

/// How often a short measure is repeated; the median counts.
const TIMES: usize = 5;

/// From nothing to all schemas.
pub fn provisioning(fleet: &Fleet, table: &mut Table) -> Result<(), Failure> {
    let bare = bare::everywhere(fleet, true, DEFINITION)?;
    let ours = program::run(fleet, &["fleet", "apply"], &[0])?;
    table.compare("provisioning, read-back and all", fleet.size, ours.took, bare, "");
    table.memory(fleet.size, ours.memory);
    Ok(())
}

/// Has anything changed? In two stages.
pub fn changed(fleet: &Fleet, table: &mut Table) -> Result<(), Failure> {
    side_by_side(fleet, async |engine, client, schemas| {
        let counters = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_sys_tables WHERE schemaname = 'pg_catalog'";
        let bare = median(async || Ok(client.simple_query(counters).await.map(drop)?)).await?;
        let ours = median(async || Ok(engine.pulse().await.map(drop)?)).await?;
        table.compare("has anything changed, first stage", fleet.size, ours, bare, "2.0, flat");
        let rows = include_str!("../sql/watermark.sql");
        let bare = median(async || Ok(client.simple_query(rows).await.map(drop)?)).await?;
        let ours = median(async || Ok(engine.watermarks(schemas).await.map(drop)?)).await?;
        table.compare("has anything changed, second stage", fleet.size, ours, bare, "2.0");
        Ok(())
    })
}

/// Reading everything, from connecting to the last answer, as a person has it who starts psql or the program: a backend that has
/// looked at the tenants' tables before would be faster, for either of them.
pub fn inspection(fleet: &Fleet, table: &mut Table) -> Result<(), Failure> {
    let url = fleet.cluster.url_as(LOGIN, None, OURS);
    let schemas = names(fleet)?;
    runtime()?.block_on(async {
        let (mut bare, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let began = Instant::now();
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            let connection = tokio::spawn(connection);
            let answer = client.simple_query(include_str!("../sql/deparse.sql")).await?;
            bare.push(began.elapsed());
            if answer.len() < fleet.size {
                return Err(Failure::Wrong(format!("the plain query answers {} rows", answer.len())));
            }
            drop((answer, client));
            // The backend is gone before the other one is measured.
            let _ = connection.await;

            let began = Instant::now();
            let engine = engine(&url)?;
            let mut states = BTreeMap::new();
            engine
                .inspect(&schemas, &Policy::default(), |found| {
                    *states.entry(found.fingerprint).or_insert(0) += 1;
                })
                .await?;
            ours.push(began.elapsed());
            engine.close().await?;
            if states.len() != 1 {
                return Err(Failure::Wrong(format!("{} fingerprints among equal tenants", states.len())));
            }
        }
        table.compare("full inspection", fleet.size, middle(ours), middle(bare), "1.5");
        Ok(())
    })
}

/// Three statements on every tenant, an application at work all the while.
pub fn rollout(fleet: &Fleet, table: &mut Table) -> Result<(), Failure> {
    let application = Application::start(fleet, BARE);
    let bare = bare::everywhere(fleet, false, THREE)?;
    let bare_slowest = application.stop()?;
    fleet.define(&format!("{DEFINITION}{THREE}"))?;
    let application = Application::start(fleet, OURS);
    let planned = program::run(fleet, &["fleet", "plan"], &[0])?;
    let slowest = application.stop()?;
    table.figure("planning and proving", fleet.size, time(planned.took), "");
    table.figure("  slowest statement of an application", fleet.size, time(slowest), "");
    let application = Application::start(fleet, OURS);
    let ours = program::run(fleet, &["fleet", "apply"], &[0])?;
    let slowest = application.stop()?;
    table.compare("rollout of three statements, read-back and all", fleet.size, ours.took, bare, "");
    table.compare("  its applies, with read-backs beside them", fleet.size, applying(fleet)?, bare, "");
    table.compare("  slowest statement of an application", fleet.size, slowest, bare_slowest, "");
    table.memory(fleet.size, ours.memory);
    let idle = program::run(fleet, &["fleet", "apply"], &[0])?;
    table.figure("a run with nothing to do", fleet.size, time(idle.took), "");
    Ok(())
}

/// From the first apply's beginning to the last one's end, as the ledger tells it; without the canary, whose read-back the
/// others wait for.
fn applying(fleet: &Fleet) -> Result<Duration, Failure> {
    let sql = "SELECT extract(epoch FROM max(at) - min(at - took_ms * interval '1 millisecond')) FROM (
                   SELECT * FROM tenantry.event
                   WHERE revision = (SELECT revision FROM tenantry.event ORDER BY id DESC LIMIT 1)
                   ORDER BY id OFFSET 1
               ) AS rest";
    let text = fleet.cluster.psql_as(LOGIN, OURS, sql)?;
    let seconds = text.trim().parse().map_err(|_| Failure::Wrong(format!("no time: {text}")))?;
    Ok(Duration::from_secs_f64(seconds))
}

/// Three further statements on every tenant, by the engine alone: the lock, the guard, the statements and the ledger's row, and
/// nobody who reads back meanwhile.
pub fn applies(fleet: &Fleet, table: &mut Table) -> Result<(), Failure> {
    let text = format!("{DEFINITION}{THREE}{MORE}");
    fleet.define(&text)?;
    let url = fleet.cluster.url_as(LOGIN, None, OURS);
    let ours = runtime()?.block_on(async {
        let engine = Arc::new(engine(&url)?);
        let took = apply_everywhere(&engine, text).await?;
        engine.close().await?;
        Ok::<_, Failure>(took)
    })?;
    let bare = bare::everywhere(fleet, false, MORE)?;
    table.compare("applies alone (ledger row and guard)", fleet.size, ours, bare, "1.5");
    Ok(())
}

/// Plans for the first tenant, and applies that plan to all of them, as many at once as the bare script.
async fn apply_everywhere(engine: &Arc<PostgresEngine>, text: String) -> Result<Duration, Failure> {
    let source = Source { name: "app".to_owned(), text };
    let target = engine.compile(&[source], &Policy::default()).await?;
    let mut records = engine.ledger().records(None).await?;
    let schemas: Vec<SchemaName> = records.iter().map(|record| record.schema.clone()).collect();
    let mut watermarks = engine.watermarks(&schemas).await?;
    let mut first = None;
    engine.inspect(&schemas[..1], &target.policy, |found| first = Some(found)).await?;
    let catalog = first.ok_or_else(|| Failure::Wrong("no tenant is there".to_owned()))?.catalog;
    let start = Start { catalog: &catalog, renamed: &[], base: None };
    let Proposal::Migrate { plan, to, .. } = engine.propose(start, &target).await? else {
        return Err(Failure::Wrong("there is no plan".to_owned()));
    };
    let job = Arc::new(Job { digest: plan.digest(), plan, to, revision: target.revision });
    let mut running = JoinSet::new();
    let began = Instant::now();
    while let Some(record) = records.pop() {
        if running.len() == bare::CONNECTIONS
            && let Some(ended) = running.join_next().await
        {
            ended.map_err(|error| Failure::Wrong(error.to_string()))??;
        }
        let watermark = watermarks.remove(&record.schema);
        let (engine, job) = (Arc::clone(engine), Arc::clone(&job));
        running.spawn(async move { job.apply(&engine, record, watermark).await });
    }
    while let Some(ended) = running.join_next().await {
        ended.map_err(|error| Failure::Wrong(error.to_string()))??;
    }
    Ok(began.elapsed())
}

/// What is applied to every tenant.
struct Job {
    plan: Plan,
    digest: Digest,
    to: Fingerprint,
    revision: Digest,
}

impl Job {
    async fn apply(
        &self,
        engine: &PostgresEngine,
        record: TenantRecord,
        start: Option<Watermark>,
    ) -> Result<(), EngineError> {
        let key = TenantKey { database: DatabaseName::new("main"), schema: record.schema };
        let tenant = Tenant { name: record.name, key, labels: Labels::new() };
        let work = Work {
            tenant: &tenant,
            claim: &record.claim,
            start: start.as_ref(),
            plan: &self.plan,
            digest: &self.digest,
            revision: &self.revision,
            to: &self.to,
            rollout: "bench",
            approved_by: None,
            within: Duration::from_secs(60),
        };
        engine.apply(&work).await.map(drop)
    }
}

/// A fleet in fifty distinct states.
pub fn states(fleet: &Fleet, table: &mut Table) -> Result<(), Failure> {
    let change = |(at, schema): (usize, &String)| match at % 50 {
        0 => String::new(),
        state => format!("ALTER TABLE {schema}.contact ADD COLUMN own_{state} integer;\n"),
    };
    let sql: String = fleet.schemas().iter().enumerate().map(change).collect();
    fleet.cluster.psql_as(LOGIN, OURS, &sql)?;
    let ours = program::run(fleet, &["fleet", "check"], &[1])?;
    table.figure("fleet check, 50 distinct states", fleet.size, time(ours.took), "");
    table.memory(fleet.size, ours.memory);
    let again = program::run(fleet, &["fleet", "check"], &[1])?;
    table.figure("  the same again, nothing changed", fleet.size, time(again.took), "");
    Ok(())
}

/// Measures the engine beside a plain client of the same database.
fn side_by_side(
    fleet: &Fleet,
    measure: impl AsyncFnOnce(&PostgresEngine, &Client, &[SchemaName]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let schemas = names(fleet)?;
    let url = fleet.cluster.url_as(LOGIN, None, OURS);
    runtime()?.block_on(async {
        let engine = engine(&url)?;
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        measure(&engine, &client, &schemas).await?;
        Ok(engine.close().await?)
    })
}

fn names(fleet: &Fleet) -> Result<Vec<SchemaName>, Failure> {
    let name = |schema| SchemaName::new(schema).map_err(|error| Failure::Wrong(error.to_string()));
    fleet.schemas().into_iter().map(name).collect()
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Runtime::new().map_err(crate::system("start a client"))
}

fn engine(url: &str) -> Result<PostgresEngine, Failure> {
    let settings = Settings::from_uri(url).map_err(|error| Failure::Wrong(error.to_string()))?;
    Ok(PostgresEngine::new(settings, Connections::default(), ShadowSettings::default()))
}

async fn median(work: impl AsyncFn() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let mut times = Vec::new();
    for _ in 0..=TIMES {
        let began = Instant::now();
        work().await?;
        times.push(began.elapsed());
    }
    // The first one warms caches up.
    Ok(middle(times.split_off(1)))
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
