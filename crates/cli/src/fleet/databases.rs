//! The databases of one TenantSet, out of its manifests.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenantry_api::TenantSet;
use tenantry_engine::{DatabaseName, EngineError};
use tenantry_fleet::FleetSpec;
use tenantry_manifest::{Connection, Environment, LoadError, Located, Manifests, ObjectName};
use tenantry_postgres::{Connections, PostgresEngine};

use crate::Failure;

/// The databases of a TenantSet, by name. Nothing is connected to yet.
#[derive(Clone)]
pub struct Databases(BTreeMap<DatabaseName, Arc<PostgresEngine>>);

impl Databases {
    /// Those that a set speaks of.
    ///
    /// # Errors
    /// When one cannot be reached as its manifest says.
    pub fn of_set(
        manifests: &Manifests,
        set: &Located<TenantSet>,
        spec: &FleetSpec,
        environment: &Environment,
        connections: &Connections,
    ) -> Result<Self, Failure> {
        let mut databases = BTreeMap::new();
        for name in spec.databases() {
            if databases.contains_key(name) {
                continue;
            }
            let owner = manifests.owner_role(set, name.as_str());
            let full = set.name().sibling(name.as_str());
            let engine = engine(manifests, &full, owner, environment, connections)?;
            databases.insert(name.clone(), Arc::new(engine));
        }
        Ok(Self(databases))
    }

    /// As the fleet takes them.
    pub fn by_name(&self) -> BTreeMap<DatabaseName, Arc<PostgresEngine>> {
        self.0.clone()
    }

    /// Removes what was made for shadows.
    ///
    /// # Errors
    /// What the first server says that did not do it; the others were asked too.
    pub async fn close(&self) -> Result<(), EngineError> {
        let mut outcome = Ok(());
        for engine in self.0.values() {
            outcome = outcome.and(engine.close().await);
        }
        outcome
    }
}

/// One TenantDatabase.
///
/// # Errors
/// When it cannot be reached as its manifest says.
pub fn engine(
    manifests: &Manifests,
    name: &ObjectName,
    owner: Option<&str>,
    environment: &Environment,
    connections: &Connections,
) -> Result<PostgresEngine, Failure> {
    let found = connection(manifests, name, environment)?;
    let scratch = found.shadow.as_ref();
    let scratch =
        scratch.map(|shadow| connection(manifests, &name.sibling(shadow), environment)).transpose()?;
    tenantry_databases::engine(&found, scratch.as_ref(), owner, None, connections)
        .map_err(|bad| Failure::Connection { database: name.to_string(), bad })
}

fn connection(
    manifests: &Manifests,
    name: &ObjectName,
    environment: &Environment,
) -> Result<Connection, Failure> {
    let Some(database) = manifests.databases.get(name) else {
        let unknown = tenantry_fleet::FleetError::UnknownDatabase(DatabaseName::new(&name.name));
        return Err(unknown.into());
    };
    Ok(manifests.connection(database, environment).map_err(LoadError::Refused)?)
}
