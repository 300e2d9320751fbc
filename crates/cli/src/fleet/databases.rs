//! The databases of one TenantSet, out of its manifests.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenantry_api::TenantSet;
use tenantry_engine::{DatabaseName, EngineError};
use tenantry_fleet::FleetSpec;
use tenantry_manifest::{Environment, LoadError, Located, Manifests, ObjectName};
use tenantry_postgres::{Connections, Owner, PostgresEngine, Settings, ShadowSettings};

use crate::{Failure, connection};

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
    let (settings, found) = settings(manifests, name, environment)?;
    let database = match &found.shadow {
        Some(shadow) => Some(self::settings(manifests, &name.sibling(shadow), environment)?.0),
        None => None,
    };
    let owner = owner.map(Owner::new).transpose()?.unwrap_or_default();
    let shadow = ShadowSettings { in_place: connection::in_place(found.in_place), database, owner };
    Ok(PostgresEngine::new(settings, connections.clone(), shadow))
}

fn settings(
    manifests: &Manifests,
    name: &ObjectName,
    environment: &Environment,
) -> Result<(Settings, tenantry_manifest::Connection), Failure> {
    let Some(database) = manifests.databases.get(name) else {
        let unknown = tenantry_fleet::FleetError::UnknownDatabase(DatabaseName::new(&name.name));
        return Err(unknown.into());
    };
    let connection = manifests.connection(database, environment).map_err(LoadError::Refused)?;
    let bad = |bad| Failure::Connection { database: name.to_string(), bad };
    Ok((connection::of_manifest(&connection).map_err(bad)?, connection))
}
