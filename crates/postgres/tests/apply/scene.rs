//! A tenant with two tables, a ledger that knows it, and plans made by hand.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tenantry_catalog::{Catalog, Fingerprint, Kind, ObjectId};
use tenantry_engine::{
    Applied, Claim, DatabaseName, Engine, EngineError, Labels, Ledger, SchemaName, Tenant, TenantKey,
    TenantName, Watermark, Work,
};
use tenantry_planner::sql::Identifier;
use tenantry_planner::{Digest, Lock, LockMode, LockTarget, Plan, Step, Transaction, Verb};
use tenantry_postgres::{Connections, PostgresEngine, Settings, ShadowSettings};
use tenantry_testkit::pg::Cluster;

/// The tenant's schema: a name that has to be quoted.
pub const SCHEMA: &str = "O'Brien; \"x\"";

/// What stands there at the beginning.
const TABLES: &str = "
    CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL, price numeric);
    CREATE TABLE entry (id integer PRIMARY KEY, item_id integer REFERENCES item (id));
    INSERT INTO item VALUES (1, 'secret@example.org', 5), (2, 'secret@example.org', 7);";

pub struct Scene {
    pub cluster: &'static Cluster,
    pub database: String,
    pub engine: Arc<PostgresEngine>,
    pub tenant: Tenant,
    pub claim: Claim,
}

/// A step on a table.
pub fn step(table: &str, mode: LockMode, sql: &str) -> Step {
    let object = ObjectId::new(Kind::Table, [table]);
    let locks = [Lock { on: LockTarget::Own(object.clone()), mode }].into();
    Step { locks, ..Step::new(&object, Verb::Alter, sql) }
}

/// A plan of these steps, with a commit after those of these indexes.
pub fn plan(steps: Vec<Step>, commits: &[usize]) -> Plan {
    let nowhere = Fingerprint::of(&Catalog::empty());
    Plan {
        from: nowhere.clone(),
        to: nowhere,
        steps,
        commits: commits.iter().copied().collect::<BTreeSet<_>>(),
    }
}

/// One that adds a column to `item`.
pub fn adds_column() -> Plan {
    plan(vec![step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD COLUMN added integer")], &[])
}

/// A step that cannot run in a transaction.
pub fn alone(sql: &str) -> Step {
    Step::new(&ObjectId::new(Kind::Index, ["i"]), Verb::Create, sql).transaction(Transaction::Outside)
}

impl Scene {
    /// A tenant that is there and is claimed.
    pub async fn set() -> Self {
        Self::set_with(|_| {}).await
    }

    /// The same, reached by other settings.
    pub async fn set_with(change: impl FnOnce(&mut Settings)) -> Self {
        let ledger = Identifier::new("tenantry").unwrap();
        let scene = Self::without_schema(&ledger, ShadowSettings::default(), change).await;
        scene.psql(&format!("CREATE SCHEMA {q}; SET search_path = {q}; {TABLES}", q = scene.quoted()));
        scene
    }

    /// A tenant whose schema is not there yet.
    pub async fn without_schema(
        ledger: &Identifier,
        shadow: ShadowSettings,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let cluster = Cluster::shared().unwrap();
        let database = cluster.create_database("apply").unwrap();
        let mut settings = Settings::from_uri(&cluster.url(&database)).unwrap();
        settings.ledger_schema = ledger.clone();
        settings.limits.lock_timeout = Duration::from_millis(300);
        settings.limits.lock_retries = 2;
        change(&mut settings);
        let engine = Arc::new(PostgresEngine::new(settings, Connections::default(), shadow));
        let key = TenantKey { database: DatabaseName::new("main"), schema: SchemaName::new(SCHEMA).unwrap() };
        let tenant = Tenant { name: TenantName::new("o'brien").unwrap(), key, labels: Labels::new() };
        let claim = Claim { set: "default/customers".to_owned(), cluster: None, database: "main".to_owned() };
        engine.ledger().prepare().await.unwrap();
        let scene = Self { cluster, database, engine, tenant, claim };
        let tenants = [(scene.tenant.name.clone(), scene.tenant.key.schema.clone())];
        assert!(scene.engine.ledger().claim(&tenants, &scene.claim, None).await.unwrap().is_empty());
        scene
    }

    /// The same tenant by another way to the server.
    pub fn again(scene: &Self, url: &str, shadow: ShadowSettings) -> Self {
        let mut settings = Settings::from_uri(url).unwrap();
        settings.limits.lock_timeout = Duration::from_millis(300);
        settings.limits.lock_retries = 2;
        Self {
            cluster: scene.cluster,
            database: scene.database.clone(),
            engine: Arc::new(PostgresEngine::new(settings, Connections::default(), shadow)),
            tenant: scene.tenant.clone(),
            claim: scene.claim.clone(),
        }
    }

    pub fn quoted(&self) -> String {
        self.tenant.key.schema.identifier().to_string()
    }

    pub fn psql(&self, sql: &str) -> String {
        self.cluster.psql(&self.database, sql).unwrap().trim().to_owned()
    }

    /// Runs something in the tenant's schema.
    pub fn in_schema(&self, sql: &str) -> String {
        self.psql(&format!("SET search_path = {}; {sql}", self.quoted()))
    }

    /// Waits until somebody holds a lock on `item`.
    pub fn wait_for_holder(&self) {
        let held = format!(
            "SELECT count(*) FROM pg_locks WHERE relation = '{}.item'::regclass AND granted AND pid <> pg_backend_pid()",
            self.quoted().replace('\'', "''")
        );
        for _ in 0..600 {
            if self.psql(&held) != "0" {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nobody holds it");
    }

    /// The columns of `item`, by name.
    pub fn columns(&self) -> String {
        self.psql(&format!(
            "SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
             WHERE attrelid = '{}.item'::regclass AND attnum > 0 AND NOT attisdropped",
            self.quoted().replace('\'', "''")
        ))
    }

    pub async fn watermark(&self) -> Watermark {
        let schemas = [self.tenant.key.schema.clone()];
        self.engine.watermarks(&schemas).await.unwrap().remove(&schemas[0]).unwrap()
    }

    /// Applies a plan that starts from here, or from where there is nothing.
    pub async fn apply_from(&self, start: Option<&Watermark>, plan: &Plan) -> Result<Applied, EngineError> {
        self.apply_within(start, plan, Duration::from_secs(30)).await
    }

    pub async fn apply_within(
        &self,
        start: Option<&Watermark>,
        plan: &Plan,
        within: Duration,
    ) -> Result<Applied, EngineError> {
        let digest = plan.digest();
        let revision: Digest = "11".repeat(32).parse().unwrap();
        let work = Work {
            tenant: &self.tenant,
            claim: &self.claim,
            start,
            plan,
            digest: &digest,
            revision: &revision,
            to: &plan.to,
            rollout: "customers-1",
            approved_by: Some("ada"),
            within,
        };
        self.engine.apply(&work).await
    }

    /// Applies a plan that starts from where the tenant is now.
    pub async fn apply(&self, plan: &Plan) -> Result<Applied, EngineError> {
        let start = self.watermark().await;
        self.apply_from(Some(&start), plan).await
    }

    /// What the ledger says of the tenant: revision, whether there is a watermark, what is unfinished, how many events.
    pub fn ledger(&self) -> String {
        self.psql(
            "SELECT concat_ws(' ', left(revision, 2), watermark IS NULL, left(unfinished, 2), segments_done,
                 (SELECT count(*) FROM tenantry.event)) FROM tenantry.tenant",
        )
    }
}

/// What the ledger says where nothing was applied.
pub const UNTOUCHED: &str = "t 0 0";
/// What it says after one plan.
pub const APPLIED: &str = "11 t 0 1";
