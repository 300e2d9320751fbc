//! The engines of the databases that are looked after: kept as long as what they were made of stays the same.

use std::collections::HashMap;
use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;
use tenantry_api::TenantDatabase;
use tenantry_postgres::PostgresEngine;
use tokio::sync::Mutex;

/// What an engine was made of: the objects' UIDs and generations, and the versions of their Secrets.
pub(crate) type Origin = Vec<String>;

struct Made {
    of: Origin,
    engine: Arc<PostgresEngine>,
}

/// The engine of each TenantDatabase.
#[derive(Default)]
pub(crate) struct Engines(Mutex<HashMap<ObjectRef<TenantDatabase>, Made>>);

impl Engines {
    /// The engine that was made of this, or a new one in the place of an older one.
    pub(crate) async fn get<E>(
        &self,
        database: &ObjectRef<TenantDatabase>,
        of: Origin,
        make: impl FnOnce() -> Result<PostgresEngine, E>,
    ) -> Result<Arc<PostgresEngine>, E> {
        let mut engines = self.0.lock().await;
        if let Some(made) = engines.get(database)
            && made.of == of
        {
            return Ok(Arc::clone(&made.engine));
        }
        let engine = Arc::new(make()?);
        engines.insert(database.clone(), Made { of, engine: Arc::clone(&engine) });
        Ok(engine)
    }

    /// The object is gone.
    pub(crate) async fn forget(&self, database: &ObjectRef<TenantDatabase>) {
        self.0.lock().await.remove(database);
    }
}
