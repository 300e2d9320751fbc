//! The engine as its callers use it: compile, inspect, propose.

use tenantry_catalog::{Catalog, ObjectId};
use tenantry_engine::{EngineError, Proposal, SchemaName, Source, Start, Target};
use tenantry_planner::postgres::Postgres;
use tenantry_planner::{Destructive, Plan, Policy, ServerVersion, plan};
use tenantry_postgres::{Connections, Database, Settings, ShadowSettings, Shadows};
use tokio::runtime::Runtime;

/// An engine on one database.
pub struct Engine {
    runtime: Runtime,
    database: Database,
    shadows: Shadows,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum NoPlan {
    /// It was refused, with objects and reasons.
    Refused(String),
    /// Something failed.
    Failed(String),
}

impl From<EngineError> for NoPlan {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Definition(_) | EngineError::NoShadow { .. } => NoPlan::Refused(error.to_string()),
            error => NoPlan::Failed(error.to_string()),
        }
    }
}

/// A plan, and the way back.
pub struct Ways {
    pub plan: Plan,
    pub back: Result<Plan, String>,
}

impl Engine {
    /// An engine on the database of this URL.
    pub fn new(url: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let settings = Settings::from_uri(url).unwrap();
        let connections = Connections::default();
        let database = runtime.block_on(Database::connect(&settings, &connections)).unwrap();
        let shadows = Shadows::new(database.clone(), connections, ShadowSettings::default());
        Self { runtime, database, shadows }
    }

    /// Compiles a definition.
    pub fn compile(&self, definition: &str, destructive: Destructive) -> Result<Target, NoPlan> {
        self.compile_by(definition, &Policy { destructive, ..Policy::default() })
    }

    /// Compiles a definition by this policy.
    pub fn compile_by(&self, definition: &str, policy: &Policy) -> Result<Target, NoPlan> {
        let source = Source { name: "definition.sql".to_owned(), text: definition.to_owned() };
        Ok(self.runtime.block_on(self.shadows.compile(&[source], policy))?)
    }

    /// The definition that is written out of a schema.
    pub fn definition(&self, target: &Target) -> String {
        let version = ServerVersion(self.database.server().version_num);
        let plan = plan(&Postgres, &Catalog::empty(), &target.catalog, &target.policy, version).unwrap();
        plan.steps.iter().fold(String::new(), |text, step| format!("{text}{}\n;\n", step.sql))
    }

    /// Plans the way of a schema to a target.
    pub fn plan(&self, schema: &str, target: &Target) -> Result<Ways, NoPlan> {
        self.plan_beside(schema, target, &[])
    }

    /// Plans the way of a schema in which these objects were renamed aside.
    pub fn plan_beside(
        &self,
        schema: &str,
        target: &Target,
        renamed: &[(ObjectId, String)],
    ) -> Result<Ways, NoPlan> {
        let schema = SchemaName::new(schema).unwrap();
        let proposal = self.runtime.block_on(async {
            let catalog = self.shadows.catalog(&schema).await?;
            let start = Start { catalog: &catalog, renamed, base: None };
            self.shadows.propose(start, target).await
        })?;
        match proposal {
            Proposal::InSync => {
                let fingerprint = target.fingerprint.clone();
                let (from, to) = (fingerprint.clone(), fingerprint);
                let plan = Plan { from, to, steps: Vec::new(), commits: Default::default() };
                Ok(Ways { back: Ok(plan.clone()), plan })
            }
            Proposal::Migrate { plan, back, .. } => Ok(Ways { plan, back }),
            Proposal::Blocked { reasons } => Err(NoPlan::Refused(reasons.join("\n"))),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.runtime.block_on(self.shadows.close()).unwrap();
    }
}
