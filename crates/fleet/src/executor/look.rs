//! The look at a fleet: which tenants there are, and where each is. What did
//! not change is taken from the ledgers (D7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenantry_catalog::Fingerprint;
use tenantry_engine::{
    DatabaseName, Engine, EngineError, SchemaName, Tenant, TenantKey, TenantRecord, Watermark,
};
use tenantry_planner::Digest;
use tokio::task::JoinSet;

use super::ground::{Ground, NoTarget};
use super::seen::{self, Depth, Seen};
use super::site::{Home, Site, next};
use super::{FleetError, Progress, departures};
use crate::TenantSource;
use crate::departures::Departures;
use crate::resolve::{Known, Leaving, Memory, Reading, Refused, Resolution, Sources, resolve};
use crate::survey::Found;

/// One tenant, and everything that is known of it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub tenant: Tenant,
    /// The entry that it comes from, by index; `None` where nobody can say
    /// whether it still is of the set: it is looked at, not changed.
    pub entry: Option<usize>,
    pub found: Found,
    /// At which watermark.
    pub watermark: Option<Watermark>,
    pub record: Option<TenantRecord>,
    /// Why its schema is not made where it is missing.
    pub not_provisioned: Option<String>,
    /// Why it is left alone.
    pub blocked: Option<String>,
    /// It was read in this look, and what was found is not written down yet.
    pub read: bool,
}

/// What may be done about those who left and those who came back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    /// A person says that those who are missing have left.
    pub let_go: bool,
    /// Those who came back get their schemas back.
    pub brings_back: bool,
}

/// The fleet as it was found.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub sites: BTreeMap<DatabaseName, Site>,
    pub home: Home,
    pub subjects: BTreeMap<TenantKey, Subject>,
    pub refused: Vec<Refused>,
    pub leaving: Vec<Leaving>,
    /// What becomes of their schemas, and what became of those who came back.
    pub departures: Departures,
    pub memory: Memory,
    /// The databases of which a source of tenants could not be read.
    pub sources_unread: BTreeSet<DatabaseName>,
    /// The fingerprints of revisions, by environment.
    pub revisions: BTreeMap<(String, Digest), Fingerprint>,
    pub notes: Vec<String>,
    /// How many tenants were read.
    pub read: u32,
    /// How many have to be read, and were not: only the ledger was asked.
    pub unread: u32,
}

impl Look {
    /// The environment of a tenant's database.
    pub(super) fn environment(&self, database: &DatabaseName) -> Option<&str> {
        let site = self.sites.get(database)?;
        site.environment.as_ref().map(|environment| environment.digest.as_str())
    }

    /// The fingerprint of a revision in a tenant's database.
    pub(super) fn fingerprint(&self, database: &DatabaseName, revision: &Digest) -> Option<&Fingerprint> {
        let environment = self.environment(database)?.to_owned();
        self.revisions.get(&(environment, revision.clone()))
    }

    /// Whether anything of this set was ever written down.
    pub(super) fn is_recorded(&self) -> bool {
        !self.home.rollouts.is_empty() || self.sites.values().any(|site| !site.records.is_empty())
    }

    /// Nothing is known of a database's tenants, and why.
    pub(super) fn unreachable(&mut self, database: &DatabaseName, reason: &str) {
        for (_, subject) in self.subjects.iter_mut().filter(|(key, _)| key.database == *database) {
            subject.found = Found::Unreachable(reason.to_owned());
        }
    }

    /// A database does not answer.
    fn fell_silent(&mut self, database: &DatabaseName, reason: String) {
        self.unreachable(database, &reason);
        if let Some(site) = self.sites.get_mut(database) {
            site.trouble = Some(reason);
        }
    }

    /// How many tenants the set has.
    pub(super) fn total(&self) -> u32 {
        u32::try_from(self.subjects.len() + self.refused.len()).unwrap_or(u32::MAX)
    }
}

/// Looks at all tenants, as tenants of revision `to`.
pub(super) async fn look<D: Engine>(
    ground: &Arc<Ground<D>>,
    sites: BTreeMap<DatabaseName, Site>,
    home: Home,
    to: &Digest,
    word: Word,
    depth: Depth,
) -> Result<Look, FleetError> {
    let readings = read_entries(ground, &sites).await?;
    let resolution = who(ground, &sites, &home, &readings, word.let_go);
    let mut look = assemble(sites, home, resolution);
    if word.brings_back {
        departures::bring_back(ground, &mut look).await;
    }
    compile(ground, &mut look, to, depth).await?;
    see(ground, &mut look, to, depth).await?;
    Ok(look)
}

/// Reads what each entry's tenants are, where that has to be read.
async fn read_entries<D: Engine>(
    ground: &Arc<Ground<D>>,
    sites: &BTreeMap<DatabaseName, Site>,
) -> Result<Vec<Reading>, FleetError> {
    let mut readings = vec![Reading::Given; ground.spec.entries.len()];
    let mut tasks = JoinSet::new();
    for (at, entry) in ground.spec.entries.iter().enumerate() {
        if matches!(entry.tenants, TenantSource::Names(_) | TenantSource::List { .. }) {
            continue;
        }
        if let Some(trouble) = sites.get(&entry.database).and_then(|site| site.trouble.clone()) {
            readings[at] = Reading::Failed(trouble);
            continue;
        }
        let ground = Arc::clone(ground);
        tasks.spawn(async move { (at, read_entry(&ground, at).await) });
    }
    while let Some((at, reading)) = next(&mut tasks, ground).await? {
        readings[at] = reading.unwrap_or_else(|error| Reading::Failed(error.to_string()));
    }
    Ok(readings)
}

async fn read_entry<D: Engine>(ground: &Ground<D>, at: usize) -> Result<Reading, EngineError> {
    let entry = &ground.spec.entries[at];
    match &entry.tenants {
        TenantSource::Names(_) | TenantSource::List { .. } => Ok(Reading::Given),
        TenantSource::Pattern(pattern) => {
            ground.database(&entry.database)?.schemas(pattern).await.map(Reading::Schemas)
        }
        TenantSource::Query { sql, database, timeout } => {
            let at = database.as_ref().unwrap_or(&entry.database);
            ground.database(at)?.tenants(sql, *timeout).await.map(Reading::Rows)
        }
    }
}

fn who<D: Engine>(
    ground: &Ground<D>,
    sites: &BTreeMap<DatabaseName, Site>,
    home: &Home,
    readings: &[Reading],
    let_go: bool,
) -> Resolution {
    let known: Vec<Known> = sites
        .iter()
        .flat_map(|(database, site)| {
            site.records.values().map(|record| Known {
                name: record.name.clone(),
                key: TenantKey { database: database.clone(), schema: record.schema.clone() },
                aside: record.aside.clone(),
            })
        })
        .collect();
    let silent: BTreeSet<DatabaseName> =
        sites.iter().filter(|(_, site)| site.trouble.is_some()).map(|(name, _)| name.clone()).collect();
    resolve(&Sources {
        entries: &ground.spec.entries,
        readings,
        known: &known,
        silent: &silent,
        provision: ground.spec.provision,
        memory: &home.memory,
        let_go,
        believed: ground.spec.let_go.unwrap_or_default(),
        now: ground.now(),
    })
}

/// Puts together what is known before any tenant is read.
fn assemble(sites: BTreeMap<DatabaseName, Site>, home: Home, resolution: Resolution) -> Look {
    let mut look = Look {
        refused: resolution.refused,
        leaving: resolution.leaving,
        memory: resolution.memory,
        sources_unread: resolution.unread,
        notes: resolution.notes,
        home,
        ..Look::default()
    };
    let resolved = resolution
        .tenants
        .into_iter()
        .map(|resolved| (resolved.tenant, Some(resolved.entry), resolved.not_provisioned));
    let uncertain = resolution.uncertain.into_iter().map(|known| {
        let labels = tenantry_engine::Labels::new();
        (Tenant { name: known.name, key: known.key, labels }, None, None)
    });
    for (tenant, entry, not_provisioned) in resolved.chain(uncertain) {
        let site = sites.get(&tenant.key.database);
        let record = site.and_then(|site| site.records.get(&tenant.key.schema).cloned());
        let found = match site.and_then(|site| site.trouble.clone()) {
            Some(trouble) => Found::Unreachable(trouble),
            None => Found::Absent,
        };
        let key = tenant.key.clone();
        let subject = Subject {
            tenant,
            entry,
            found,
            watermark: None,
            record,
            not_provisioned,
            blocked: None,
            read: false,
        };
        look.subjects.insert(key, subject);
    }
    look.sites = sites;
    look
}

/// The revisions that tenants of a database are compared with.
fn compared_with<'a>(look: &'a Look, to: &'a Digest, database: &DatabaseName) -> BTreeSet<&'a Digest> {
    let site = look.sites.get(database);
    let recorded =
        site.into_iter().flat_map(|site| site.records.values()).filter_map(|record| record.revision.as_ref());
    recorded.chain([to]).chain(look.home.latest().and_then(|latest| latest.in_force())).collect()
}

/// Makes the target of each environment, and finds out where the other
/// revisions are that tenants are at.
async fn compile<D: Engine>(
    ground: &Arc<Ground<D>>,
    look: &mut Look,
    to: &Digest,
    depth: Depth,
) -> Result<(), FleetError> {
    let mut made = 0_usize;
    let mut refusal = None;
    let databases: Vec<DatabaseName> = look.sites.keys().cloned().collect();
    for database in databases {
        if ground.stop.is_cancelled() {
            return Err(FleetError::Stopped);
        }
        let Some(environment) = look.sites.get(&database).and_then(|site| site.environment.clone()) else {
            continue;
        };
        let compiles = depth != Depth::Ledgers;
        match ground.target(&environment, to, &database, compiles).await {
            Ok(_) => made += 1,
            Err(NoTarget::Unknown(_)) if !compiles => {}
            Err(error) => {
                refuse(look, &database, &error);
                let version = environment.server_version;
                refusal.get_or_insert_with(|| not_compiled(ground, database, version, error));
                continue;
            }
        }
        let revisions: Vec<Digest> = compared_with(look, to, &database).into_iter().cloned().collect();
        for revision in revisions {
            let key = (environment.digest.clone(), revision.clone());
            if look.revisions.contains_key(&key) {
                continue;
            }
            if let Some(fingerprint) = seen_as(ground, &environment, &revision, to, &database, compiles).await
            {
                look.revisions.insert(key, fingerprint);
            }
        }
    }
    refusal.filter(|_| made == 0).map_or(Ok(()), Err)
}

/// The fingerprint that a schema of `revision` has when it is compared as one
/// of `to`, whose policy may leave other things alone.
pub(super) async fn seen_as<D: Engine>(
    ground: &Ground<D>,
    environment: &tenantry_engine::Environment,
    revision: &Digest,
    to: &Digest,
    at: &DatabaseName,
    compiles: bool,
) -> Option<Fingerprint> {
    let base = ground.target(environment, revision, at, compiles).await.ok()?;
    if revision == to {
        return Some(base.fingerprint.clone());
    }
    let policy = match ground.made_target(&environment.digest, to) {
        Some(target) => target.policy.clone(),
        None => return Some(base.fingerprint.clone()),
    };
    if policy == base.policy {
        return Some(base.fingerprint.clone());
    }
    Some(Fingerprint::of(&policy.project(&base.catalog)))
}

/// Why there is no target: the server is silent, or it refused the definition.
fn not_compiled<D>(
    ground: &Ground<D>,
    database: DatabaseName,
    version: String,
    error: NoTarget,
) -> FleetError {
    match error {
        NoTarget::Engine(error @ (EngineError::Unreachable { .. } | EngineError::Cancelled)) => {
            FleetError::Database { database, error: Box::new(error) }
        }
        error => FleetError::Definition {
            definition: ground.spec.definition.name.clone(),
            database,
            version,
            reason: error.to_string(),
            faults: match error {
                NoTarget::Engine(EngineError::Definition(faults)) => faults,
                _ => Vec::new(),
            },
        },
    }
}

/// What one database cannot make of the definition is told of its tenants.
fn refuse(look: &mut Look, database: &DatabaseName, error: &NoTarget) {
    if matches!(error, NoTarget::Engine(EngineError::Unreachable { .. })) {
        look.fell_silent(database, error.to_string());
        return;
    }
    for (_, subject) in look.subjects.iter_mut().filter(|(key, _)| key.database == *database) {
        subject.blocked = Some(format!("the definition cannot be compiled on {database}: {error}"));
    }
}

/// Finds out where each tenant is, all databases at once.
async fn see<D: Engine>(
    ground: &Arc<Ground<D>>,
    look: &mut Look,
    to: &Digest,
    depth: Depth,
) -> Result<(), FleetError> {
    let mut schemas: BTreeMap<&DatabaseName, Vec<SchemaName>> = BTreeMap::new();
    for key in look.subjects.keys() {
        schemas.entry(&key.database).or_default().push(key.schema.clone());
    }
    let mut tasks = JoinSet::new();
    for (name, site) in &look.sites {
        let Some(environment) = site.environment.as_ref().filter(|_| site.trouble.is_none()) else {
            continue;
        };
        let target = ground.made_target(&environment.digest, to);
        let schemas = schemas.remove(name).unwrap_or_default();
        let policy =
            target.map_or_else(|| ground.spec.definition.policy.clone(), |target| target.policy.clone());
        let (ground, name, site) = (Arc::clone(ground), name.clone(), site.clone());
        tasks.spawn(async move {
            let seen = seen::see(&ground, &name, &site, &schemas, &policy, depth).await;
            (name, seen)
        });
    }
    while let Some((name, seen)) = next(&mut tasks, ground).await? {
        match seen {
            Ok(seen) => take(look, &name, seen),
            Err(EngineError::Cancelled) => return Err(FleetError::Stopped),
            Err(error) => {
                let message = error.to_string();
                ground.tell(Progress::Silent { database: name.clone(), message: message.clone() });
                look.fell_silent(&name, message);
            }
        }
    }
    Ok(())
}

fn take(look: &mut Look, database: &DatabaseName, seen: Seen) {
    look.read += seen.read;
    look.unread += seen.unread;
    for (schema, sight) in seen.schemas {
        let key = TenantKey { database: database.clone(), schema };
        if let Some(subject) = look.subjects.get_mut(&key) {
            subject.found = sight.found;
            subject.blocked = sight.unreadable.or(subject.blocked.take());
            subject.watermark = sight.watermark;
            subject.read = sight.read;
        }
    }
}
