//! From a TenantDatabase to the engine that works on it, once for the command line and for the operator.

mod settings;

use tenantry_api::tenant_database;
use tenantry_manifest::Connection;
use tenantry_planner::sql::IdentifierError;
use tenantry_postgres::{
    BadSettings, Connections, InPlace, Owner, PostgresEngine, Settings, ShadowSettings, Term,
};

pub use settings::settings;

/// Why no engine can work on a database.
#[derive(Debug, thiserror::Error)]
pub enum BadDatabase {
    /// Its connection cannot be used.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// Its owner role's name cannot be one.
    #[error("the owner role: {0}")]
    Role(#[from] IdentifierError),
}

/// The engine of a database, on the connections of this process. Nothing is connected to yet.
///
/// `scratch` is the database that the TenantDatabase names for shadows, `owner` the role as which plans run, `term` the one in
/// which this process leads, where several could.
///
/// # Errors
/// [`BadDatabase`].
pub fn engine(
    connection: &Connection,
    scratch: Option<&Connection>,
    owner: Option<&str>,
    term: Option<&Term>,
    connections: &Connections,
) -> Result<PostgresEngine, BadDatabase> {
    let shadow = ShadowSettings {
        in_place: in_place(connection.in_place),
        database: scratch.map(settings).transpose()?,
        owner: owner.map(Owner::new).transpose()?.unwrap_or_default(),
    };
    let settings = Settings { term: term.cloned(), ..settings(connection)? };
    Ok(PostgresEngine::new(settings, connections.clone(), shadow))
}

/// Whether shadows may be in the tenants' own database.
fn in_place(in_place: tenant_database::InPlace) -> InPlace {
    match in_place {
        tenant_database::InPlace::Auto => InPlace::Auto,
        tenant_database::InPlace::Allow => InPlace::Allow,
        tenant_database::InPlace::Never => InPlace::Never,
    }
}
