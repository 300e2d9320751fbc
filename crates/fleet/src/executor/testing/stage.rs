//! A set of tenants on databases that are not there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use tenantry_engine::{DatabaseName, Labels, SchemaName, Source};
use tenantry_planner::Policy;

use super::{FakeDatabase, Fault, tables};
use crate::executor::{
    ApplyReport, Control, Fleet, FleetError, Handle, Options, PlanReport, Progress, Report,
};
use crate::testing::noon;
use crate::{
    Definition, DriftMode, Entry, FleetSpec, Mode, Provision, Removal, RolloutSpec, SchemaTemplate,
    SetIdentity, TenantSource,
};

/// A fleet, and what was told of it.
pub(crate) struct Stage {
    pub spec: FleetSpec,
    pub databases: BTreeMap<DatabaseName, Arc<FakeDatabase>>,
    pub told: Arc<Mutex<Vec<Progress>>>,
    began: tokio::time::Instant,
}

impl Stage {
    /// Tenants `t000` and so on, so many in each database, with no schemas.
    pub(crate) fn new(databases: &[(&str, usize)], definition: &str) -> Self {
        let mut entries = Vec::new();
        let mut first = 0;
        for (name, count) in databases {
            let names = (first..first + count).map(|n| format!("t{n:03}")).collect();
            first += count;
            entries.push(Entry {
                database: DatabaseName::new(*name),
                database_id: (*name).to_owned(),
                tenants: TenantSource::Names(names),
                schema: SchemaTemplate::new("{name}").unwrap(),
                labels: Labels::new(),
                exclusive: true,
            });
        }
        let spec = FleetSpec {
            name: "customers".to_owned(),
            identity: SetIdentity { set: "default/customers".to_owned(), cluster: None },
            definition: Definition {
                name: "app".to_owned(),
                sources: Vec::new(),
                policy: Policy::default(),
                allow_empty: false,
                pinned: None,
            },
            home: entries[0].database.clone(),
            entries,
            mode: Mode::Apply,
            provision: Provision::Create,
            removal: Removal::Retain,
            drift: DriftMode::Report,
            rollout: RolloutSpec::default(),
            take_over: None,
            let_go: None,
            suspended: false,
            history_limit: 10,
        };
        let databases = databases
            .iter()
            .map(|(name, _)| (DatabaseName::new(*name), Arc::new(FakeDatabase::default())))
            .collect();
        let mut stage = Self { spec, databases, told: Arc::default(), began: tokio::time::Instant::now() };
        stage.define(definition);
        stage
    }

    pub(crate) fn define(&mut self, definition: &str) {
        self.spec.definition.sources =
            vec![Source { name: "schema.sql".to_owned(), text: definition.to_owned() }];
    }

    pub(crate) fn database(&self, name: &str) -> &FakeDatabase {
        &self.databases[&DatabaseName::new(name)]
    }

    pub(crate) fn fault(&self, database: &str, tenant: &str, fault: Fault) {
        self.database(database).state().faults.entry(schema(tenant)).or_default().push(fault);
    }

    pub(crate) fn repair(&self, database: &str) {
        self.database(database).state().faults.clear();
    }

    /// Somebody makes a table by hand.
    pub(crate) fn drift(&self, database: &str, tenant: &str, table: &str) {
        self.database(database).state().change(&schema(tenant), |tables| {
            tables.insert(table.to_owned());
        });
    }

    pub(crate) fn tables(&self, database: &str, tenant: &str) -> Option<String> {
        let state = self.database(database).state();
        let lodging = state.schemas.get(&schema(tenant))?;
        Some(lodging.tables.iter().cloned().collect::<Vec<_>>().join(" "))
    }

    /// How many schemas of a database have exactly these tables.
    pub(crate) fn with(&self, database: &str, these: &str) -> usize {
        let state = self.database(database).state();
        state.schemas.values().filter(|lodging| lodging.tables == tables(these)).count()
    }

    pub(crate) fn commits(&self, database: &str) -> u32 {
        self.database(database).state().schemas.values().map(|lodging| lodging.commits).sum()
    }

    /// How many calls of a database's methods there were since the last time.
    pub(crate) fn calls(&self, database: &str) -> BTreeMap<&'static str, u32> {
        std::mem::take(&mut self.database(database).state().calls)
    }

    pub(crate) fn fleet(&self) -> Fleet<FakeDatabase> {
        let mut fleet = Fleet::new(self.spec.clone(), self.databases.clone()).unwrap();
        let began = self.began;
        fleet.clock = Arc::new(move || now(began));
        fleet
    }

    pub(crate) fn control(&self) -> (Control, Handle) {
        let told = Arc::clone(&self.told);
        Control::new(move |progress| told.lock().unwrap().push(progress))
    }

    pub(crate) async fn apply(&self) -> Result<ApplyReport, FleetError> {
        self.apply_with(&Options::default()).await
    }

    pub(crate) async fn apply_with(&self, options: &Options) -> Result<ApplyReport, FleetError> {
        self.fleet().apply(options, &mut self.control().0).await
    }

    pub(crate) async fn plan(&self) -> PlanReport {
        self.fleet().plan(&Options::default(), &mut self.control().0).await.unwrap()
    }

    pub(crate) async fn glance(&self) -> Report {
        self.fleet().glance(&mut self.control().0).await.unwrap()
    }

    pub(crate) async fn check(&self) -> Report {
        self.fleet().check(&mut self.control().0).await.unwrap()
    }
}

fn schema(tenant: &str) -> SchemaName {
    SchemaName::new(tenant).unwrap()
}

/// Noon, and as much later as tokio's clock went on.
fn now(began: tokio::time::Instant) -> Timestamp {
    noon(0).checked_add(SignedDuration::try_from(began.elapsed()).unwrap()).unwrap()
}
