//! Why it was not done.

use tenantry_engine::EngineError;
use tenantry_fleet::FleetError;

/// Why it was not done: exit code 2. Every text names the object, and says what can be done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A database did not do what was asked.
    #[error(transparent)]
    Engine(Box<EngineError>),
    /// A fleet did not do what was asked.
    #[error(transparent)]
    Fleet(Box<FleetError>),
    /// A schema that is not there.
    #[error(
        "schema {0} is not there: look for the name with \\dn in psql; CREATE SCHEMA makes one, and a TenantSet those of its tenants"
    )]
    NoSchema(tenantry_engine::SchemaName),
    /// A definition was refused, in full.
    #[error("{0}")]
    Definition(String),
    /// A cluster did not do what was asked.
    #[error(transparent)]
    Cluster(Box<crate::cluster::ClusterError>),
    /// Manifests were not taken.
    #[error(transparent)]
    Manifests(#[from] tenantry_manifest::LoadError),
    /// A TenantSet that is not there.
    #[error("there is no TenantSet {wanted} in what was read; there is {found}")]
    NoSet {
        /// Which.
        wanted: String,
        /// Those that are there.
        found: String,
    },
    /// Manifests without any TenantSet.
    #[error("there is no TenantSet in what was read: it says which tenants there are")]
    NoSets,
    /// A TenantDatabase whose connection cannot be used.
    #[error("tenantdatabase/{database}: {bad}")]
    Connection {
        /// Which.
        database: String,
        /// Why.
        bad: tenantry_databases::BadDatabase,
    },
    /// A schema's name cannot be one.
    #[error("the name: {0}")]
    Name(#[from] tenantry_engine::NameError),
    /// A role's name cannot be one.
    #[error("the owner role: {0}")]
    Role(#[from] tenantry_planner::sql::IdentifierError),
    /// A URL cannot be used.
    #[error("{argument}: {bad}")]
    Settings {
        /// Which.
        argument: &'static str,
        /// Why.
        bad: tenantry_postgres::BadSettings,
    },
    /// A file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// No plan can be made.
    #[error("no plan can be made:\n{0}")]
    NoPlan(String),
    /// What was read back is not what was proved.
    #[error(
        "schema {0}: the plan was applied, and what was read back is not what it leads to: somebody else changed the schema; look at schema diff"
    )]
    ReadBack(String),
    /// The definition says that everything goes.
    #[error(
        "the definition declares nothing, so everything in {0} would go: if that is meant, say --allow-empty"
    )]
    Empty(String),
    /// A catalog has no rendering.
    #[error("it cannot be written as a definition:\n{0}")]
    NotWritten(#[from] tenantry_planner::PlanError),
    /// What was made cannot be written as JSON.
    #[error("writing JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The terminal is gone.
    #[error("writing: {0}")]
    Output(std::io::Error),
    /// The system gives no signals.
    #[error("listening for Ctrl-C: {0}")]
    Signals(std::io::Error),
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Missing { schema } => Failure::NoSchema(schema),
            error => Failure::Engine(Box::new(error)),
        }
    }
}

impl From<crate::cluster::ClusterError> for Failure {
    fn from(error: crate::cluster::ClusterError) -> Self {
        Failure::Cluster(Box::new(error))
    }
}

impl From<FleetError> for Failure {
    fn from(error: FleetError) -> Self {
        Failure::Fleet(Box::new(error))
    }
}
