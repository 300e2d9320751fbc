//! Sends messages to the server within a time, and waits a while for locks that are not to be had.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, pin_mut};
use tenantry_engine::{EngineError, SchemaName, Tenant};
use tenantry_planner::sql::Identifier;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::{DbError, SqlState};

use super::message::{Message, Part, Setting};
use crate::connect::{Limits, Session};
use crate::error::is_lost;
use crate::reach::Reach;

/// The pause after the first lock that was not to be had; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a statement that was cancelled may take to end.
pub(super) const ENDING: Duration = Duration::from_secs(10);

/// What one tenant's transactions are sent by.
pub(super) struct Sending<'a> {
    pub session: Session,
    pub schema: &'a SchemaName,
    /// The role that a plan runs as, where it is another than the login.
    pub owner: Option<Identifier>,
    /// What is done, for messages.
    pub doing: &'static str,
    pub reach: &'a Reach,
    pub within: Duration,
    pub until: Instant,
    pub retries: u32,
}

/// What came of one message.
struct Sent {
    /// How many of its statements were done.
    done: usize,
    /// The last value that one of them answered.
    value: Option<String>,
    error: Option<tokio_postgres::Error>,
}

impl<'a> Sending<'a> {
    /// On a connection of its own; `within` begins now.
    pub(super) async fn begin(
        reach: &'a Reach,
        tenant: &'a Tenant,
        doing: &'static str,
        within: Duration,
    ) -> Result<Self, EngineError> {
        let schema = &tenant.key.schema;
        let owner = reach.shadow().owner.of(&tenant.name).map_err(|bad| EngineError::Denied {
            what: format!("schema {schema}: the tenant {} cannot have an owner role: {bad}", tenant.name),
            remedy: "shorten ownerRole, or the tenant's name".to_owned(),
        })?;
        let mut session = reach.session().await?;
        session.visit(1);
        Ok(Self { session, schema, owner, doing, reach, within, until: Instant::now() + within, retries: 0 })
    }

    pub(super) fn setting(&self) -> Setting<'_> {
        let left = self.until.saturating_duration_since(Instant::now());
        let within = |limit: Duration| limit.min(left).as_millis().max(1);
        Setting {
            ledger: &self.reach.settings().ledger_schema,
            owner: self.owner.as_ref(),
            term: self.reach.settings().term.as_ref(),
            lock_timeout_ms: within(self.limits().lock_timeout),
            statement_timeout_ms: within(self.limits().statement_timeout),
        }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        &self.reach.settings().limits
    }

    /// Sends a transaction, and again where a lock was not to be had.
    pub(super) async fn transaction(
        &mut self,
        message: impl Fn(&Setting<'_>) -> Message,
    ) -> Result<Result<Option<String>, (Part, DbError)>, EngineError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let message = message(&self.setting());
            match self.send(&message, "ROLLBACK").await? {
                Err((part, error)) if is_lock(part, &error) && self.may_wait(pause) => {
                    self.retries += 1;
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return Ok(answer),
            }
        }
    }

    fn may_wait(&self, pause: Duration) -> bool {
        self.retries < self.limits().lock_retries && Instant::now() + pause < self.until
    }

    /// A lock that was not to be had, with who holds one on these tables, or on any where none is named.
    pub(super) async fn locked(&self, tables: &[&str], names: &[&SchemaName]) -> EngineError {
        let sql = include_str!("blockers.sql");
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let blockers = self.session.query_one_scalar(sql, &[&names, &tables]).await;
        let blockers: Option<String> = blockers.unwrap_or_default();
        EngineError::Locked {
            schema: self.schema.clone(),
            waited: format!("{} tries of {:?} each", self.retries + 1, self.limits().lock_timeout),
            blockers: blockers.unwrap_or_else(|| "somebody who has let go since".to_owned()),
        }
    }

    /// Sends a message. What the server refused is an answer, and is undone by `undo`; the rest is an error.
    pub(super) async fn send(
        &self,
        message: &Message,
        undo: &str,
    ) -> Result<Result<Option<String>, (Part, DbError)>, EngineError> {
        let schema = self.schema;
        if self.session.is_closed() {
            return Err(self.session.lost());
        }
        let left = self.until.saturating_duration_since(Instant::now());
        let sending = self.exchange(&message.text);
        pin_mut!(sending);
        let sent = match tokio::time::timeout(left, &mut sending).await {
            Ok(sent) => sent,
            Err(_) => {
                self.session.cancel().await;
                match tokio::time::timeout(ENDING, &mut sending).await {
                    Ok(sent) => sent,
                    Err(_) => return Err(EngineError::InDoubt { schema: schema.clone() }),
                }
            }
        };
        let Some(error) = sent.error else { return Ok(Ok(sent.value)) };
        let Some(said) = error.as_db_error().cloned() else {
            return Err(EngineError::InDoubt { schema: schema.clone() });
        };
        // The server said so itself, before it committed.
        if is_lost(&error) {
            return Err(self.session.failed(self.doing, &error));
        }
        let part = message.parts.get(sent.done).copied().unwrap_or(Part::Committing);
        if said.code() == &SqlState::QUERY_CANCELED && Instant::now() >= self.until {
            return Err(EngineError::Timeout { schema: schema.clone(), within: self.within });
        }
        self.session.run("undoing what was begun", undo).await?;
        Ok(Err((part, said)))
    }

    async fn exchange(&self, text: &str) -> Sent {
        let mut sent = Sent { done: 0, value: None, error: None };
        let stream = match self.session.simple_query_raw(text).await {
            Ok(stream) => stream,
            Err(error) => return Sent { error: Some(error), ..sent },
        };
        pin_mut!(stream);
        while let Some(message) = stream.next().await {
            match message {
                Ok(SimpleQueryMessage::CommandComplete(_)) => sent.done += 1,
                Ok(SimpleQueryMessage::Row(row)) => {
                    sent.value = row.try_get(0).ok().flatten().map(str::to_owned);
                }
                Ok(_) => {}
                Err(error) => return Sent { error: Some(error), ..sent },
            }
        }
        sent
    }
}

/// Whether a lock was not to be had in time.
pub(super) fn is_lock(part: Part, error: &DbError) -> bool {
    error.code() == &SqlState::LOCK_NOT_AVAILABLE && part != Part::Committing
}
