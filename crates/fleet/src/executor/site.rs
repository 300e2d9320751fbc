//! What is known of each database before its tenants are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenantry_engine::{
    Baseline, DatabaseName, Engine, EngineError, Environment, Ledger, Pulse, SchemaName, TenantRecord,
};
use tokio::task::JoinSet;

use super::ground::Ground;
use super::{FleetError, Progress};
use crate::resolve::Memory;
use crate::rollout::Rollout;

/// So many rollouts of a set are looked back on.
const ROLLOUTS: u32 = 50;

/// One database.
#[derive(Clone, Debug, Default)]
pub(super) struct Site {
    /// What its tenants rest on; `None` while it is not known.
    pub environment: Option<Environment>,
    /// The first stage, read before anything else.
    pub pulse: Option<Pulse>,
    /// What stood when all was last found as recorded.
    pub baseline: Option<Baseline>,
    /// Whether it has a ledger that may be read.
    pub ledger: bool,
    /// The set's tenants, as the ledger has them.
    pub records: BTreeMap<SchemaName, TenantRecord>,
    /// Why it cannot be worked with.
    pub trouble: Option<String>,
}

impl Site {
    /// Takes what the ledger has of the set's tenants.
    pub(super) fn remember(&mut self, records: Vec<TenantRecord>) {
        self.records = records.into_iter().map(|record| (record.schema.clone(), record)).collect();
    }
}

/// A rollout as the home ledger has it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub rollout: Rollout,
    pub version: i64,
}

/// What the home ledger says of the set.
#[derive(Clone, Debug, Default)]
pub(super) struct Home {
    /// Newest first.
    pub rollouts: Vec<Kept>,
    /// Whether those are all.
    pub all: bool,
    /// Who is missing.
    pub memory: Memory,
    /// The version of the record that says so; 0 when there is none.
    pub memory_version: i64,
    /// Why it could not be read.
    pub trouble: Option<EngineErrorText>,
}

/// What an error said; the error itself is told once.
pub(super) type EngineErrorText = String;

impl Home {
    pub(super) fn latest(&self) -> Option<&Rollout> {
        self.rollouts.first().map(|kept| &kept.rollout)
    }
}

/// Reads one database. With `prepare` its ledger is made first.
pub(super) async fn read_site<D: Engine>(
    database: &D,
    set: &str,
    prepare: bool,
) -> Result<Site, EngineError> {
    let ledger = database.ledger();
    if prepare {
        ledger.prepare().await?;
    }
    let mut site = Site {
        pulse: database.pulse().await?,
        environment: Some(database.environment().await?),
        ..Site::default()
    };
    let remembered = async {
        if !ledger.exists().await? {
            return Ok(None);
        }
        Ok(Some((ledger.records(Some(set)).await?, ledger.baseline(set).await?)))
    };
    match remembered.await {
        Ok(Some((records, baseline))) => {
            site.ledger = true;
            site.remember(records);
            site.baseline = baseline;
        }
        // Whoever only observes may have no right to the ledger.
        Ok(None) | Err(EngineError::Denied { .. }) if !prepare => {}
        Ok(None) => {}
        Err(error) => return Err(error),
    }
    Ok(site)
}

/// Reads all databases of the set at once. One that does not answer holds up
/// none of the others.
pub(super) async fn read_sites<D: Engine>(
    ground: &Arc<Ground<D>>,
    prepare: bool,
) -> Result<BTreeMap<DatabaseName, Site>, FleetError> {
    let names: BTreeSet<DatabaseName> =
        ground.spec.entries.iter().map(|entry| &entry.database).chain([&ground.spec.home]).cloned().collect();
    let mut tasks = JoinSet::new();
    for name in names {
        let ground = Arc::clone(ground);
        tasks.spawn(async move {
            let read = match ground.database(&name) {
                Ok(database) => read_site(database.as_ref(), ground.set(), prepare).await,
                Err(error) => Err(error),
            };
            (name, read)
        });
    }
    let mut sites = BTreeMap::new();
    while let Some((name, read)) = next(&mut tasks, ground).await? {
        let site = read.unwrap_or_else(|error| {
            let message = error.to_string();
            ground.tell(Progress::Silent { database: name.clone(), message: message.clone() });
            Site { trouble: Some(message), ..Site::default() }
        });
        sites.insert(name, site);
    }
    Ok(sites)
}

/// The next of some tasks that comes to its end; ends early when somebody asks
/// to stop.
pub(super) async fn next<T: 'static, D: Engine>(
    tasks: &mut JoinSet<T>,
    ground: &Ground<D>,
) -> Result<Option<T>, FleetError> {
    tokio::select! {
        biased;
        () = ground.stop.cancelled() => Err(FleetError::Stopped),
        done = tasks.join_next() => done.transpose().map_err(|error| FleetError::Task(error.to_string())),
    }
}

/// Reads what the home ledger says of the set.
pub(super) async fn read_home<D: Engine>(
    ground: &Ground<D>,
    sites: &BTreeMap<DatabaseName, Site>,
) -> Result<Home, FleetError> {
    let name = &ground.spec.home;
    let site = sites.get(name);
    if let Some(trouble) = site.and_then(|site| site.trouble.clone()) {
        return Ok(Home { trouble: Some(trouble), ..Home::default() });
    }
    if !site.is_some_and(|site| site.ledger) {
        return Ok(Home { all: true, ..Home::default() });
    }
    let failed = |error| FleetError::Database { database: name.clone(), error: Box::new(error) };
    let ledger = ground.database(name).map_err(failed)?.ledger();
    let rollouts = ledger.rollouts(ground.set(), ROLLOUTS).await.map_err(failed)?;
    let record = ledger.set_record(ground.set()).await.map_err(failed)?;
    let all = rollouts.len() < usize::try_from(ROLLOUTS).unwrap_or(usize::MAX);
    let mut home = Home { all, ..Home::default() };
    for kept in rollouts {
        home.rollouts.push(Kept { rollout: Rollout::read(&kept.id, &kept.state)?, version: kept.version });
    }
    if let Some(record) = record {
        home.memory_version = record.version;
        // A memory that cannot be read is begun anew: absence then counts from now.
        home.memory = serde_json::from_value(record.state).unwrap_or_default();
    }
    Ok(home)
}
