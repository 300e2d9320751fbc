//! A database that is not there. A schema is a set of tables, a definition is
//! their names (one with `_` at its end is the same table, printed differently),
//! and what goes wrong is ordered beforehand.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tenantry_catalog::{Catalog, Fact, Fingerprint, Kind, ObjectId};
use tenantry_engine::{
    Applied, DatabaseIdentity, Departed, Departure, Engine, EngineError, Environment, Event, Fate, Finding,
    Inspected, Proposal, Pulse, SchemaName, ServerError, Source, Start, Target, TenantRecord, TenantRow,
    Watermark, Work, revision,
};
use tenantry_planner::{
    Destructive, Difference, Hazard, HazardKind, Plan, Policy, Step, Transaction, Verb, part_aside,
};

use super::ledger::{FakeLedger, Rows};
use crate::testing::environment;

/// What goes wrong with a tenant's apply.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Its rows are in the way, each time.
    Refused,
    /// Somebody makes a table in it just before, once.
    Moved,
    /// The connection is lost at the commit, once: it happened, or not.
    InDoubt(bool),
}

/// One schema.
#[derive(Clone, Debug)]
pub(crate) struct Lodging {
    pub tables: BTreeSet<String>,
    pub oid: u32,
    /// Counts up with each change.
    pub xmin: u64,
    /// How often a plan was committed on it.
    pub commits: u32,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub schemas: BTreeMap<SchemaName, Lodging>,
    pub rows: Rows,
    pub faults: BTreeMap<SchemaName, Vec<Fault>>,
    pub silent: bool,
    /// It falls silent before this many further applies.
    pub dies_in: Option<u32>,
    pub calls: BTreeMap<&'static str, u32>,
    pub changes: u64,
    pub tenants: Vec<TenantRow>,
    pub readonly: bool,
    /// What its tenants rest on, when that is not `e1`.
    pub environment: Option<String>,
    /// Somebody makes a table in this schema while others are read, once.
    pub meanwhile: Option<SchemaName>,
    /// By how many changes its counters lag behind.
    pub lag: u64,
}

/// A database that is not there.
#[derive(Debug, Default)]
pub(crate) struct FakeDatabase {
    pub ledger: FakeLedger,
}

pub(crate) fn tables(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn catalog(tables: &BTreeSet<String>) -> Catalog {
    let mut catalog = Catalog::empty();
    for table in tables {
        let id = ObjectId::new(Kind::Table, [table.as_str()]);
        catalog.insert(Fact { id, parent: None, attributes: BTreeMap::default() });
    }
    catalog
}

fn names(catalog: &Catalog) -> BTreeSet<String> {
    catalog.of_kind(Kind::Table).map(|fact| fact.id.first().to_owned()).collect()
}

impl State {
    pub(crate) fn called(&mut self, what: &'static str) -> Result<(), EngineError> {
        *self.calls.entry(what).or_default() += 1;
        if self.silent {
            return Err(EngineError::Unreachable {
                address: "h:5432/d".to_owned(),
                reason: "connection refused".to_owned(),
            });
        }
        Ok(())
    }

    /// Somebody changes a schema by hand.
    pub(crate) fn change(&mut self, schema: &SchemaName, change: impl FnOnce(&mut BTreeSet<String>)) {
        self.changes += 1;
        let changes = self.changes;
        if let Some(lodging) = self.schemas.get_mut(schema) {
            change(&mut lodging.tables);
            lodging.xmin = changes;
        }
    }

    pub(crate) fn make(&mut self, schema: &SchemaName, tables: BTreeSet<String>) {
        self.changes += 1;
        let oid = 1000 + u32::try_from(self.changes).unwrap();
        self.schemas.insert(schema.clone(), Lodging { tables, oid, xmin: self.changes, commits: 0 });
    }

    fn watermark(&self, schema: &SchemaName) -> Option<Watermark> {
        self.schemas.get(schema).map(|lodging| Watermark(format!("{}/{}", lodging.oid, lodging.xmin)))
    }
}

impl FakeDatabase {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.ledger.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, work: &Work<'_>) -> Result<(), EngineError> {
        let mut state = self.state();
        let schema = &work.tenant.key.schema;
        state.called("apply")?;
        if let Some(left) = state.dies_in {
            state.dies_in = left.checked_sub(1);
            if left == 0 {
                state.silent = true;
                return state.called("apply");
            }
        }
        let mut lost = false;
        match state.faults.get_mut(schema).and_then(Vec::pop) {
            Some(Fault::Refused) => {
                state.faults.entry(schema.clone()).or_default().push(Fault::Refused);
                return Err(EngineError::Refused { schema: schema.clone(), error: violation() });
            }
            Some(Fault::Moved) => state.change(schema, |tables| {
                tables.insert("by_hand".to_owned());
            }),
            Some(Fault::InDoubt(happened)) if !happened => {
                return Err(EngineError::InDoubt { schema: schema.clone() });
            }
            Some(Fault::InDoubt(_)) => lost = true,
            None => {}
        }
        if state.watermark(schema).as_ref() != work.start {
            return Err(EngineError::Moved { schema: schema.clone() });
        }
        let claimed = state.rows.tenants.get(schema).map(|record| record.claim.clone());
        assert_eq!(claimed.as_ref(), Some(work.claim), "{schema} is claimed before it is changed");
        assert!(state.rows.plans.contains_key(work.digest), "the ledger has the plan before it runs");
        if work.start.is_none() {
            state.make(schema, BTreeSet::new());
        }
        let mut renamed = state.rows.tenants[schema].renamed.clone();
        state.change(schema, |tables| {
            for step in &work.plan.steps {
                let table = step.object.first().to_owned();
                match step.verb {
                    Verb::Create => assert!(tables.insert(table), "{} is there already", step.sql),
                    Verb::Restore => {
                        renamed.retain(|(object, _)| *object != step.object);
                        tables.insert(table);
                    }
                    Verb::Quarantine => {
                        tables.remove(&table);
                        renamed.push((step.object.clone(), step.reserved.clone().unwrap()));
                    }
                    _ => assert!(tables.remove(&table), "{} is not there", step.sql),
                }
            }
        });
        let lodging = state.schemas.get_mut(schema).unwrap();
        lodging.commits += 1;
        let oid = lodging.oid;
        let record = state.rows.tenants.get_mut(schema).unwrap();
        *record = TenantRecord {
            oid,
            aside: None,
            revision: Some(work.revision.clone()),
            fingerprint: Some(work.to.clone()),
            watermark: None,
            drifted_since: None,
            renamed,
            ..record.clone()
        };
        state.rows.events.push(Event {
            at: Timestamp::UNIX_EPOCH,
            tenant: work.tenant.name.clone(),
            schema: schema.clone(),
            rollout: work.rollout.to_owned(),
            digest: work.digest.clone(),
            revision: Some(work.revision.clone()),
            outcome: "applied".to_owned(),
            took_ms: 1,
            approved_by: work.approved_by.map(str::to_owned),
        });
        if lost { Err(EngineError::InDoubt { schema: schema.clone() }) } else { Ok(()) }
    }
}

impl FakeDatabase {
    /// What becomes of a schema, with what the ledger has of it.
    fn part(&self, departure: &Departure<'_>) -> Result<Departed, EngineError> {
        let mut state = self.state();
        let schema = &departure.tenant.key.schema;
        state.called("depart")?;
        match state.faults.get_mut(schema).and_then(Vec::pop) {
            Some(Fault::Refused) => {
                state.faults.entry(schema.clone()).or_default().push(Fault::Refused);
                return Err(EngineError::Refused { schema: schema.clone(), error: violation() });
            }
            Some(_) => return Err(EngineError::Busy { schema: schema.clone() }),
            None => {}
        }
        let record = state.rows.tenants.get(schema).cloned().unwrap();
        assert_eq!(record.claim, *departure.claim);
        assert_eq!(record.oid, departure.oid, "the schema that was meant");
        let aside = schema.aside().unwrap();
        let called = record.aside.clone().unwrap_or_else(|| schema.clone());
        let became = match (departure.fate, state.schemas.remove(&called)) {
            (Fate::BringBack, None) => return Err(EngineError::Missing { schema: schema.clone() }),
            (_, None) => Departed::WasGone,
            (Fate::Drop, Some(_)) => Departed::Dropped,
            (Fate::PutAside, Some(lodging)) => {
                state.schemas.insert(aside.clone(), lodging);
                Departed::PutAside(aside)
            }
            (Fate::BringBack, Some(lodging)) => {
                assert!(state.schemas.insert(schema.clone(), lodging).is_none(), "{schema} is there");
                Departed::BroughtBack
            }
        };
        state.changes += 1;
        match &became {
            Departed::WasGone | Departed::Dropped => drop(state.rows.tenants.remove(schema)),
            _ => {
                let record = state.rows.tenants.get_mut(schema).unwrap();
                record.aside = (departure.fate == Fate::PutAside).then(|| schema.aside().unwrap());
                record.watermark = None;
            }
        }
        let outcome = match &became {
            Departed::PutAside(aside) => format!("put aside as {aside}"),
            Departed::Dropped => "dropped".to_owned(),
            Departed::BroughtBack => "brought back".to_owned(),
            Departed::WasGone => "was gone".to_owned(),
        };
        state.rows.events.push(Event {
            at: Timestamp::UNIX_EPOCH,
            tenant: departure.tenant.name.clone(),
            schema: schema.clone(),
            rollout: String::new(),
            digest: departure.digest.clone(),
            revision: record.revision,
            outcome,
            took_ms: 1,
            approved_by: departure.approved_by.map(str::to_owned),
        });
        Ok(became)
    }
}

fn violation() -> ServerError {
    ServerError {
        sqlstate: "23505".to_owned(),
        condition: "unique_violation".to_owned(),
        message: None,
        table: Some("app_user".to_owned()),
        column: None,
        constraint: Some("app_user_email_key".to_owned()),
        statement: None,
    }
}

fn step(table: &str, verb: Verb, hazard: Option<HazardKind>, reserved: Option<String>) -> Step {
    let object = ObjectId::new(Kind::Table, [table]);
    let hazard = hazard.map(|kind| Hazard { kind, object: object.clone(), detail: String::new() });
    Step {
        object: object.clone(),
        verb,
        sql: format!("{verb:?} TABLE {table}"),
        transaction: Transaction::Within,
        locks: BTreeSet::new(),
        hazards: hazard.into_iter().collect(),
        reserved,
    }
}

/// The plan between two sets of tables.
fn plan(
    from: &BTreeSet<String>,
    to: &BTreeSet<String>,
    policy: &Policy,
    renamed: &[(ObjectId, String)],
) -> Plan {
    let mut steps = Vec::new();
    for table in to.difference(from) {
        let aside = renamed.iter().any(|(object, _)| object.first() == table);
        let verb = if aside { Verb::Restore } else { Verb::Create };
        steps.push(step(table, verb, None, None));
    }
    for table in from.difference(to) {
        steps.push(match policy.destructive {
            Destructive::Quarantine => {
                let reserved = Some(format!("~{table}"));
                step(table, Verb::Quarantine, Some(HazardKind::QuarantinesData), reserved)
            }
            _ => step(table, Verb::Drop, Some(HazardKind::DropsData), None),
        });
    }
    let fingerprint = |tables: &BTreeSet<String>| Fingerprint::of(&catalog(tables));
    Plan { from: fingerprint(from), to: fingerprint(to), steps, commits: BTreeSet::new() }
}

impl Engine for FakeDatabase {
    type Ledger = FakeLedger;

    fn ledger(&self) -> &FakeLedger {
        &self.ledger
    }

    async fn identity(&self) -> Result<DatabaseIdentity, EngineError> {
        self.state().called("identity")?;
        Ok(DatabaseIdentity { address: "h:5432/d".to_owned(), system_identifier: None, oid: 1 })
    }

    async fn environment(&self) -> Result<Environment, EngineError> {
        let mut state = self.state();
        state.called("environment")?;
        Ok(environment(state.environment.as_deref().unwrap_or("e1")))
    }

    async fn doctor(&self) -> Result<Vec<Finding>, EngineError> {
        Ok(Vec::new())
    }

    async fn schemas(&self, pattern: &str) -> Result<Vec<SchemaName>, EngineError> {
        let mut state = self.state();
        state.called("schemas")?;
        let start = pattern.trim_end_matches('*');
        let fits = |schema: &&SchemaName| schema.as_str().starts_with(start);
        let tenants = state.schemas.keys().filter(|schema| SchemaName::new(schema.as_str()).is_ok());
        Ok(tenants.filter(fits).cloned().collect())
    }

    async fn tenants(&self, _: &str, _: Duration) -> Result<Vec<TenantRow>, EngineError> {
        let mut state = self.state();
        state.called("tenants")?;
        Ok(state.tenants.clone())
    }

    async fn pulse(&self) -> Result<Option<Pulse>, EngineError> {
        let mut state = self.state();
        state.called("pulse")?;
        Ok(Some(Pulse((state.changes - state.lag).to_string())))
    }

    async fn watermarks(
        &self,
        schemas: &[SchemaName],
    ) -> Result<BTreeMap<SchemaName, Watermark>, EngineError> {
        let mut state = self.state();
        state.called("watermarks")?;
        Ok(schemas.iter().filter_map(|schema| Some((schema.clone(), state.watermark(schema)?))).collect())
    }

    async fn inspect(
        &self,
        schemas: &[SchemaName],
        _: &Policy,
        mut each: impl FnMut(Inspected) + Send,
    ) -> Result<(), EngineError> {
        let mut state = self.state();
        state.called("inspect")?;
        for schema in schemas {
            let Some((lodging, watermark)) = state.schemas.get(schema).zip(state.watermark(schema)) else {
                continue;
            };
            let fingerprint = Fingerprint::of(&catalog(&lodging.tables));
            let renamed = state.rows.tenants.get(schema).map(|record| record.renamed.clone());
            let reserved = renamed.unwrap_or_default().into_iter().map(|(_, reserved)| reserved);
            let catalog = catalog(&lodging.tables.iter().cloned().chain(reserved).collect());
            let catalog = Arc::new(catalog);
            each(Inspected { schema: schema.clone(), oid: lodging.oid, watermark, catalog, fingerprint });
        }
        if let Some(schema) = state.meanwhile.take() {
            state.change(&schema, |tables| {
                tables.insert("meanwhile".to_owned());
            });
        }
        Ok(())
    }

    async fn compile(&self, sources: &[Source], policy: &Policy) -> Result<Target, EngineError> {
        self.state().called("compile")?;
        let text: Vec<&str> = sources.iter().map(|source| source.text.as_str()).collect();
        let catalog = catalog(&tables(&text.join(" ")));
        let fingerprint = Fingerprint::of(&catalog);
        let revision = revision(sources, policy);
        Ok(Target { revision, catalog, fingerprint, policy: policy.clone(), notes: Vec::new() })
    }

    async fn propose(&self, start: Start<'_>, target: &Target) -> Result<Proposal, EngineError> {
        self.state().called("propose")?;
        let (in_use, aside) = part_aside(start.catalog, start.renamed);
        let there = names(&aside).len();
        assert_eq!(there, start.renamed.len(), "the catalog has what is renamed aside in its tenants");
        let (from, declared) = (names(&in_use), names(&target.catalog));
        let mut to = declared.clone();
        if let Some(base) = start.base {
            let base = names(base);
            to.retain(|table| from.contains(table) || !base.contains(table));
            to.extend(from.difference(&base).cloned());
        }
        if from.contains("unplannable") {
            return Ok(Proposal::Blocked { reasons: vec!["table unplannable cannot be touched".to_owned()] });
        }
        let canonical = |tables: &BTreeSet<String>| -> BTreeSet<String> {
            tables.iter().map(|table| table.trim_end_matches('_').to_owned()).collect()
        };
        if canonical(&from) == canonical(&to) {
            return Ok(Proposal::InSync);
        }
        let forward = plan(&from, &to, &target.policy, start.renamed);
        let renamed = forward.renamed();
        Ok(Proposal::Migrate {
            back: Ok(plan(&to, &from, &target.policy, &renamed)),
            to: forward.to.clone(),
            reaches_target: to == declared,
            plan: forward,
        })
    }

    fn apply(&self, work: &Work<'_>) -> impl Future<Output = Result<Applied, EngineError>> + Send {
        let done = self.commit(work);
        async move {
            tokio::time::sleep(Duration::from_millis(3)).await;
            done.map(|()| Applied { took: Duration::from_millis(3), lock_retries: 0 })
        }
    }

    async fn depart(&self, departure: &Departure<'_>) -> Result<Departed, EngineError> {
        self.part(departure)
    }

    fn script(&self, plan: &Plan, schema: &SchemaName) -> String {
        plan.steps.iter().map(|step| format!("{} IN {schema};\n", step.sql)).collect()
    }

    fn explain(&self, _: &Environment, declared: &Catalog, found: &Catalog, _: &Policy) -> Vec<Difference> {
        let (declared, found) = (names(declared), names(found));
        let told = |table: &String, what: &str| Difference {
            sentence: format!("table {table} is {what}"),
            declared: Vec::new(),
            found: Vec::new(),
        };
        found
            .difference(&declared)
            .map(|table| told(table, "not in the definition"))
            .chain(declared.difference(&found).map(|table| told(table, "missing")))
            .collect()
    }
}

/// For tests that look into it.
pub(crate) fn hold(mutex: &Mutex<State>) -> MutexGuard<'_, State> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
