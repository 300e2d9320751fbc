//! One database that tenants live in.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenantry_engine::{DatabaseIdentity, EngineError, Environment, Pulse, SchemaName, Watermark};

use crate::connect::{Connections, Login, Pool, Server, Session, Settings};
use crate::known::Known;
use crate::watermark;

/// One database that tenants live in: connections to it, and what it is.
/// Clones are one.
#[derive(Clone)]
pub struct Database {
    pool: Arc<Pool>,
    server: Server,
    identity: DatabaseIdentity,
}

impl Database {
    /// Connects, and makes sure that the server can be used.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when there is no connection, or only one
    /// to a standby; [`EngineError::Unsuitable`] when the server is too old, a
    /// pooler in transaction mode, or the settings cannot be used.
    pub async fn connect(settings: &Settings, connections: &Connections) -> Result<Self, EngineError> {
        let address = settings.address();
        let login = Login::new(settings.clone()).map_err(|bad| EngineError::Unsuitable {
            address: address.clone(),
            reason: bad.to_string(),
            remedy: "Nothing was asked of the server".to_owned(),
        })?;
        let pool = Pool::new(login, connections);
        let server = pool.greet().await?;
        let session = pool.session().await?;
        let system_identifier = system_identifier(&session).await?;
        session.put_back();
        let identity = DatabaseIdentity { address, system_identifier, oid: server.database_oid };
        Ok(Self { pool, server, identity })
    }

    /// A connection on loan; waits until one is free.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`].
    pub async fn session(&self) -> Result<Session, EngineError> {
        self.pool.session().await
    }

    /// What the server said of itself.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Which database this is.
    pub fn identity(&self) -> &DatabaseIdentity {
        &self.identity
    }

    /// See [`tenantry_engine::Engine::pulse`].
    pub async fn pulse(&self) -> Result<Option<Pulse>, EngineError> {
        let session = self.session().await?;
        let pulse = watermark::pulse(&session).await?;
        session.put_back();
        Ok(pulse)
    }

    /// See [`tenantry_engine::Engine::environment`].
    pub async fn environment(&self) -> Result<Environment, EngineError> {
        let session = self.session().await?;
        let known = Known::look(&session, &self.settings().ledger_schema).await?;
        let environment = watermark::environment(&session, known.as_ref()).await?;
        session.put_back();
        Ok(environment)
    }

    /// See [`tenantry_engine::Engine::watermarks`].
    pub async fn watermarks(
        &self,
        schemas: &[SchemaName],
    ) -> Result<BTreeMap<SchemaName, Watermark>, EngineError> {
        let session = self.session().await?;
        let oids = watermark::oids(&session, schemas).await?;
        let watermarks = watermark::watermarks(&session, &oids.keys().copied().collect()).await?;
        session.put_back();
        let named =
            watermarks.into_iter().filter_map(|(oid, watermark)| Some((oids.get(&oid)?.clone(), watermark)));
        Ok(named.collect())
    }

    /// The settings it was connected with.
    pub fn settings(&self) -> &Settings {
        self.pool.login().settings()
    }
}

/// The cluster's identifier; `None` where the role may not read it, as on
/// some managed services.
async fn system_identifier(session: &Session) -> Result<Option<String>, EngineError> {
    let sql = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";
    match session.query_one_scalar(sql, &[]).await {
        Ok(identifier) => Ok(Some(identifier)),
        Err(error) if error.as_db_error().is_some() => Ok(None),
        Err(error) => Err(session.failed("reading the system identifier", &error)),
    }
}
