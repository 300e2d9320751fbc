//! One connection on loan.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tenantry_engine::EngineError;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::login::{Open, Server};
use super::pool::{Pool, Running};
use super::statements::Statements;
use crate::error::{is_lost, reason, reason_and_remedy, server_error};

/// For how many things a plan that is kept is better than one that is made for them.
const FEW: usize = 100;

/// A connection on loan from the pool, with everything pinned that changes how
/// the server prints (D4). Its `search_path` is `pg_catalog, <ledger>, pg_temp`.
///
/// Give it back with [`Session::put_back`], idle and with its settings as they
/// were. One that is dropped instead (an error, a future that nobody polls any
/// more) has its running statement cancelled and is closed: dropping a future
/// alone ends nothing on the server.
///
/// Hold one at a time: a task that waits for a second one while all others do
/// the same waits for ever.
pub struct Session {
    /// `None` once it was given back.
    loan: Option<(Open, OwnedSemaphorePermit)>,
    pool: Arc<Pool>,
}

impl Session {
    pub(super) fn new(open: Open, pool: Arc<Pool>, permit: OwnedSemaphorePermit) -> Self {
        Self { loan: Some((open, permit)), pool }
    }

    #[expect(clippy::expect_used, reason = "taken only by put_back, which consumes the session, and by drop")]
    fn open(&self) -> &Open {
        self.loan.as_ref().map(|(open, _)| open).expect("a session that is on loan")
    }

    /// Counts schemas that are visited, so that the connection is replaced in
    /// time ([`super::Limits::schemas_per_connection`]).
    pub fn visit(&mut self, schemas: usize) {
        if let Some((open, _)) = &mut self.loan {
            open.visited += schemas;
        }
    }

    /// The server's process that serves it.
    pub fn pid(&self) -> i32 {
        self.open().pid
    }

    /// What the server said of itself when the connection was made.
    pub fn server(&self) -> &Server {
        &self.open().server
    }

    /// What was prepared on this connection.
    pub(crate) fn statements(&self) -> &Statements {
        &self.open().statements
    }

    /// Asks about so many things. For a few of them making a plan takes longer than running it: one that the connection
    /// keeps serves them. For more of them the plan should know how many they are.
    pub(crate) async fn query_about(
        &self,
        count: usize,
        sql: &'static str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        if count > FEW {
            return self.query_typed(sql, values).await;
        }
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| *value).collect();
        self.statements().query(&**self, sql, &values).await
    }

    /// An error of this connection, in words that may leave the database.
    pub fn failed(&self, doing: &str, error: &tokio_postgres::Error) -> EngineError {
        match error.as_db_error() {
            _ if is_lost(error) => self.pool.login().unreachable(reason_and_remedy(error)),
            Some(said) => EngineError::Server { doing: doing.to_owned(), error: server_error(said) },
            None => EngineError::Unread(format!("{doing}: {}", reason(error))),
        }
    }

    /// That the connection is gone.
    pub(crate) fn lost(&self) -> EngineError {
        self.pool.login().unreachable("the connection was closed")
    }

    /// Asks the server to end what runs on this connection. Whether it did, that statement tells.
    pub(crate) async fn cancel(&self) {
        // Where this fails, the statement ends by its own timeout.
        let _ = self.cancel_token().cancel_query(self.pool.login().tls()).await;
    }

    /// Runs statements that answer nothing.
    ///
    /// # Errors
    /// What the server says, with what was being done.
    pub async fn run(&self, doing: &str, sql: &str) -> Result<(), EngineError> {
        self.batch_execute(sql).await.map_err(|error| self.failed(doing, &error))
    }

    /// Gives the connection back. It must be idle, outside of a transaction.
    pub fn put_back(mut self) {
        if let Some((open, permit)) = self.loan.take() {
            self.pool.take_back(open, permit);
        }
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.open().client
    }
}

impl DerefMut for Session {
    #[expect(clippy::expect_used, reason = "as in `open`")]
    fn deref_mut(&mut self) -> &mut Client {
        self.loan.as_mut().map(|(open, _)| &mut open.client).expect("a session that is on loan")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some((open, permit)) = self.loan.take() {
            self.pool.close(open, Some(permit), Running::Perhaps);
        }
    }
}
