//! The engines of the databases that are looked after: kept as long as what they were made of stays the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tenantry_postgres::PostgresEngine;

use crate::context::locked;
use crate::subject::Key;

/// What an engine was made of: the objects' UIDs and generations, and the versions of their Secrets.
pub(crate) type Origin = Vec<String>;

/// A TenantDatabase, and the role as which plans run where it is another than its own.
type Name = (Key, Option<String>);

struct Made {
    of: Origin,
    engine: Arc<PostgresEngine>,
}

/// The engine of each TenantDatabase.
#[derive(Default)]
pub(crate) struct Engines(Mutex<HashMap<Name, Made>>);

impl Engines {
    /// The engine that was made of this, or a new one in the place of an older one.
    pub(crate) fn get<E>(
        &self,
        name: Name,
        of: &Origin,
        make: impl FnOnce() -> Result<PostgresEngine, E>,
    ) -> Result<Arc<PostgresEngine>, E> {
        let mut engines = locked(&self.0);
        if let Some(made) = engines.get(&name)
            && made.of == *of
        {
            return Ok(Arc::clone(&made.engine));
        }
        let engine = Arc::new(make()?);
        let made = Made { of: of.clone(), engine: Arc::clone(&engine) };
        if let Some(before) = engines.insert(name, made) {
            tokio::spawn(close(before));
        }
        Ok(engine)
    }

    /// The object is gone.
    pub(crate) fn forget(&self, database: &Key) {
        let gone = locked(&self.0).extract_if(|(key, _), _| key == database).collect::<Vec<_>>();
        for (_, made) in gone {
            tokio::spawn(close(made));
        }
    }

    /// The operator ends: what was made for shadows is removed.
    pub(crate) async fn close(&self) {
        let all: Vec<Made> = locked(&self.0).drain().map(|(_, made)| made).collect();
        futures::future::join_all(all.into_iter().map(close)).await;
    }
}

async fn close(made: Made) {
    if let Err(error) = made.engine.close().await {
        tracing::warn!(%error, "what was made for shadows is swept up by the next start");
    }
}
