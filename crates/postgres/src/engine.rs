//! What the fleet asks of one PostgreSQL database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tenantry_catalog::Catalog;
use tenantry_engine::{
    Applied, DatabaseIdentity, Departed, Departure, Engine, EngineError, Environment, Finding, Inspected,
    Proposal, Pulse, SchemaName, Source, Start, Target, TenantRow, Watermark, Work,
};
use tenantry_planner::postgres::Postgres;
use tenantry_planner::{Difference, Plan, Policy, ServerVersion};

use crate::connect::{Connections, Settings};
use crate::ledger::PostgresLedger;
use crate::reach::Reach;
use crate::shadow::ShadowSettings;
use crate::{apply, doctor, inspection, schemas, script, tenants};

/// One PostgreSQL database that tenants live in. Connects when it is first asked something.
pub struct PostgresEngine {
    reach: Arc<Reach>,
    ledger: PostgresLedger,
}

impl PostgresEngine {
    /// A database by where it is; nothing is asked of it yet.
    pub fn new(settings: Settings, connections: Connections, shadow: ShadowSettings) -> Self {
        let reach = Arc::new(Reach::new(settings, connections, shadow));
        Self { ledger: PostgresLedger::new(Arc::clone(&reach)), reach }
    }

    /// A database that cannot be connected to, as what says how is not there or cannot be used: everything that is asked
    /// of it is answered by why, so that a fleet goes on with its others.
    pub fn out_of_reach(name: &str, reason: String) -> Self {
        let reach = Arc::new(Reach::closed(name.to_owned(), reason));
        Self { ledger: PostgresLedger::new(Arc::clone(&reach)), reach }
    }

    /// Removes what was made for shadows, if anything was. To be called before the process ends, also when it is
    /// interrupted.
    ///
    /// # Errors
    /// What the server says.
    pub async fn close(&self) -> Result<(), EngineError> {
        self.reach.close().await
    }
}

impl Engine for PostgresEngine {
    type Ledger = PostgresLedger;

    fn ledger(&self) -> &PostgresLedger {
        &self.ledger
    }

    async fn identity(&self) -> Result<DatabaseIdentity, EngineError> {
        Ok(self.reach.database().await?.identity().clone())
    }

    async fn environment(&self) -> Result<Environment, EngineError> {
        self.reach.database().await?.environment().await
    }

    async fn doctor(&self) -> Result<Vec<Finding>, EngineError> {
        doctor::doctor(&self.reach).await
    }

    async fn schemas(&self, pattern: &str) -> Result<Vec<SchemaName>, EngineError> {
        let session = self.reach.session().await?;
        let schemas = schemas::schemas(&session, pattern, &self.reach.settings().ledger_schema).await?;
        session.put_back();
        Ok(schemas)
    }

    async fn tenants(&self, query: &str, timeout: Duration) -> Result<Vec<TenantRow>, EngineError> {
        tenants::tenants(self.reach.session().await?, query, timeout).await
    }

    async fn pulse(&self) -> Result<Option<Pulse>, EngineError> {
        self.reach.database().await?.pulse().await
    }

    async fn watermarks(
        &self,
        schemas: &[SchemaName],
    ) -> Result<BTreeMap<SchemaName, Watermark>, EngineError> {
        self.reach.database().await?.watermarks(schemas).await
    }

    async fn inspect(
        &self,
        schemas: &[SchemaName],
        policy: &Policy,
        each: impl FnMut(Inspected) + Send,
    ) -> Result<(), EngineError> {
        let owner = &self.reach.shadow().owner;
        inspection::inspect_all(self.reach.database().await?, owner, schemas, policy, each).await
    }

    async fn compile(&self, sources: &[Source], policy: &Policy) -> Result<Target, EngineError> {
        self.reach.shadows().await?.compile(sources, policy).await
    }

    async fn propose(&self, start: Start<'_>, target: &Target) -> Result<Proposal, EngineError> {
        self.reach.shadows().await?.propose(start, target).await
    }

    async fn apply(&self, work: &Work<'_>) -> Result<Applied, EngineError> {
        apply::apply(&self.reach, work).await
    }

    async fn depart(&self, departure: &Departure<'_>) -> Result<Departed, EngineError> {
        apply::depart(&self.reach, departure).await
    }

    fn script(&self, plan: &Plan, schema: &SchemaName) -> String {
        script::script(plan, schema)
    }

    fn explain(
        &self,
        environment: &Environment,
        declared: &Catalog,
        found: &Catalog,
        policy: &Policy,
    ) -> Vec<Difference> {
        let server = ServerVersion(environment.server_version_num);
        tenantry_planner::explain(&Postgres, declared, found, policy, server)
    }
}
