//! The engines of the databases that are looked after: kept as long as what they were made of stays the same.

use std::collections::HashMap;
use std::sync::Arc;

use tenantry_postgres::PostgresEngine;
use tokio::sync::Mutex;

/// What an engine was made of: the object's generation, and the versions of its Secrets.
pub(crate) type Origin = Vec<String>;

/// By the UID of the TenantDatabase.
#[derive(Default)]
pub(crate) struct Engines(Mutex<HashMap<String, (Origin, Arc<PostgresEngine>)>>);

impl Engines {
    /// The engine that was made of this, or a new one in the place of an older one.
    pub(crate) async fn get<E>(
        &self,
        uid: &str,
        origin: Origin,
        make: impl FnOnce() -> Result<PostgresEngine, E>,
    ) -> Result<Arc<PostgresEngine>, E> {
        let mut engines = self.0.lock().await;
        if let Some((made_of, engine)) = engines.get(uid)
            && *made_of == origin
        {
            return Ok(Arc::clone(engine));
        }
        let engine = Arc::new(make()?);
        engines.insert(uid.to_owned(), (origin, Arc::clone(&engine)));
        Ok(engine)
    }

    /// The object is gone.
    pub(crate) async fn forget(&self, uid: &str) {
        self.0.lock().await.remove(uid);
    }
}
