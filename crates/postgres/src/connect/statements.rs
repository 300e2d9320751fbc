//! The statements that a connection has prepared: sent, parsed and described once, however often they run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, GenericClient, Row, Statement};

/// Prepared statements of one connection, by their text.
#[derive(Default)]
pub struct Statements(Mutex<HashMap<&'static str, Statement>>);

impl Statements {
    /// Prepares a statement, unless that was done.
    ///
    /// # Errors
    /// What the server says.
    pub async fn prepare(&self, client: &impl GenericClient, sql: &'static str) -> Result<(), Error> {
        self.prepared(client, sql).await.map(drop)
    }

    /// Runs a statement, which is prepared first unless that was done.
    ///
    /// # Errors
    /// What the server says.
    pub async fn query(
        &self,
        client: &impl GenericClient,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(client, sql).await?;
        client.query(&statement, parameters).await
    }

    async fn prepared(&self, client: &impl GenericClient, sql: &'static str) -> Result<Statement, Error> {
        // What the lock holds stays whole even if a holder panicked.
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(sql).cloned();
        if let Some(statement) = found {
            return Ok(statement);
        }
        let statement = client.prepare(sql).await?;
        known().insert(sql, statement.clone());
        Ok(statement)
    }
}
