//! Runs a proved plan on one tenant: lock, compare, statements, ledger row, commit, in one message to the server (D12).
//!
//! What cannot be one transaction goes segment by segment, each taken down before and after, under a lock of the session.

mod failure;
mod locks;
mod message;

use std::time::{Duration, Instant};

use futures::{StreamExt as _, pin_mut};
use tenantry_engine::{Applied, EngineError, Work};
use tenantry_planner::sql::Identifier;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::{DbError, SqlState};

use self::failure::explained;
use self::locks::Locked;
use self::message::{How, Message, Part, Segment, Setting};
use crate::connect::{Limits, Session};
use crate::error::is_lost;
use crate::reach::Reach;

/// The pause after the first lock that was not to be had; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a statement that was cancelled may take to end.
const ENDING: Duration = Duration::from_secs(10);

/// What sets a tenant's advisory lock apart from others that are made of a name.
const LOCK_SEED: i64 = 7235;

/// The functions that the applying transaction calls, as statements that make them in the ledger's schema.
pub(crate) fn functions(ledger: &Identifier) -> Vec<String> {
    let fill = |text: &str| {
        text.replace("__LEDGER__", &ledger.to_string()).replace("__LOCK_SEED__", &LOCK_SEED.to_string())
    };
    [include_str!("apply/watermark.sql"), include_str!("apply/enter.sql"), include_str!("apply/leave.sql")]
        .map(fill)
        .into()
}

/// Runs a proved plan on one tenant. See [`tenantry_engine::Engine::apply`].
///
/// # Errors
/// In all cases but [`EngineError::InDoubt`] nothing of the segment that failed has happened.
pub(crate) async fn apply(reach: &Reach, work: &Work<'_>) -> Result<Applied, EngineError> {
    let mut session = reach.session().await?;
    session.visit(1);
    let began = Instant::now();
    let settings = reach.settings();
    let mut run = Run {
        session,
        work,
        limits: &settings.limits,
        ledger: &settings.ledger_schema,
        owner: reach.shadow().owner.as_ref(),
        until: began + work.within,
        retries: 0,
    };
    let start = work.start.map(|watermark| watermark.0.as_str());
    let segments = Segment::of(work.plan, start);
    if let [only] = segments.as_slice()
        && only.how == How::Together
    {
        run.transaction(only).await?;
        let lock_retries = run.retries;
        run.session.put_back();
        return Ok(Applied { took: began.elapsed(), lock_retries });
    }
    run.hold().await?;
    let mut reached = start.map(str::to_owned);
    for segment in &segments {
        let segment = Segment { start: reached.as_deref(), ..*segment };
        let next = match segment.how {
            How::Together => run.transaction(&segment).await?,
            How::Alone => run.alone(&segment).await?,
        };
        reached = next;
    }
    // The session's lock and its settings end with it: it is not given back.
    Ok(Applied { took: began.elapsed(), lock_retries: run.retries })
}

/// One plan on its way through one tenant.
struct Run<'a> {
    session: Session,
    work: &'a Work<'a>,
    limits: &'a Limits,
    ledger: &'a Identifier,
    owner: Option<&'a Identifier>,
    until: Instant,
    retries: u32,
}

/// What came of one message.
struct Sent {
    /// How many of its statements were done.
    done: usize,
    /// The last value that one of them answered.
    value: Option<String>,
    error: Option<tokio_postgres::Error>,
}

impl Run<'_> {
    /// A segment in one transaction; tries again where a lock was not to be had. The watermark that the next one starts
    /// from.
    async fn transaction(&mut self, segment: &Segment<'_>) -> Result<Option<String>, EngineError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let message = message::transaction(self.work, segment, &self.setting());
            match self.send(&message, "ROLLBACK").await? {
                Ok(value) => return Ok(value),
                Err((part, error)) if is_lock(part, &error) && self.may_wait(pause) => {
                    self.retries += 1;
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err((part, error)) => return Err(self.told(segment, part, &error).await),
            }
        }
    }

    /// A statement that cannot run in a transaction, taken down before and after (D12).
    async fn alone(&mut self, segment: &Segment<'_>) -> Result<Option<String>, EngineError> {
        let setting = self.setting();
        let before = message::before_alone(self.work, segment, &setting);
        if let Err((part, error)) = self.send(&before, "ROLLBACK").await? {
            return Err(self.told(segment, part, &error).await);
        }
        for message in [message::around_alone(self.work, &setting), message::alone(self.work, segment)] {
            if let Err((part, error)) = self.send(&message, "RESET ROLE").await? {
                return Err(self.told(segment, part, &error).await);
            }
        }
        match self.send(&message::after_alone(self.work, segment, &self.setting()), "ROLLBACK").await? {
            Ok(value) => Ok(value),
            Err((part, error)) => Err(self.told(segment, part, &error).await),
        }
    }

    /// Keeps others of ours away from the tenant between the transactions of a plan.
    async fn hold(&self) -> Result<(), EngineError> {
        let schema = &self.work.tenant.key.schema;
        let sql = "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, $2))";
        let held = self.session.query_one_scalar(sql, &[&schema.as_str(), &LOCK_SEED]).await;
        match held.map_err(|error| self.session.failed("taking a tenant's lock", &error))? {
            true => Ok(()),
            false => Err(EngineError::Busy { schema: schema.clone() }),
        }
    }

    fn setting(&self) -> Setting<'_> {
        let left = self.until.saturating_duration_since(Instant::now());
        let within = |limit: Duration| limit.min(left).as_millis().max(1);
        Setting {
            ledger: self.ledger,
            owner: self.owner,
            lock_timeout_ms: within(self.limits.lock_timeout),
            statement_timeout_ms: within(self.limits.statement_timeout),
        }
    }

    fn may_wait(&self, pause: Duration) -> bool {
        self.retries < self.limits.lock_retries && Instant::now() + pause < self.until
    }

    /// Sends a message. What the server refused is an answer, and is undone by `undo`; the rest is an error.
    async fn send(
        &self,
        message: &Message,
        undo: &str,
    ) -> Result<Result<Option<String>, (Part, DbError)>, EngineError> {
        let schema = &self.work.tenant.key.schema;
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
            return Err(self.session.failed("applying a plan", &error));
        }
        let part = message.parts.get(sent.done).copied().unwrap_or(Part::Committing);
        if said.code() == &SqlState::QUERY_CANCELED && Instant::now() >= self.until {
            return Err(EngineError::Timeout { schema: schema.clone(), within: self.work.within });
        }
        self.session.run("undoing what a plan began", undo).await?;
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

    /// What a refusal means, with who was in the way where it was a lock.
    async fn told(&self, segment: &Segment<'_>, part: Part, error: &DbError) -> EngineError {
        if !is_lock(part, error) {
            return explained(self.work, self.owner, part, error);
        }
        let schema = self.work.tenant.key.schema.clone();
        let tables: Vec<&str> = Locked::by(segment.steps).tables().map(|(name, _)| name).collect();
        let sql = include_str!("apply/blockers.sql");
        let blockers = self.session.query_one_scalar(sql, &[&schema.as_str(), &tables]).await;
        let blockers: Option<String> = blockers.unwrap_or_default();
        EngineError::Locked {
            schema,
            waited: format!("{} tries of {:?} each", self.retries + 1, self.limits.lock_timeout),
            blockers: blockers.unwrap_or_else(|| "somebody who has let go since".to_owned()),
        }
    }
}

/// Whether a lock was not to be had in time.
fn is_lock(part: Part, error: &DbError) -> bool {
    error.code() == &SqlState::LOCK_NOT_AVAILABLE && part != Part::Committing
}
