//! Runs a proved plan on one tenant: lock, compare, statements, ledger row, commit, in one message to the server (D12).
//!
//! What cannot be one transaction goes segment by segment, each taken down before and after, under a lock of the session.

mod depart;
mod failure;
mod locks;
mod message;
mod sending;

use std::time::Instant;

use tenantry_engine::{Applied, EngineError, Work};
use tenantry_planner::sql::Identifier;
use tokio_postgres::error::DbError;

pub(crate) use self::depart::depart;
use self::failure::explained;
use self::locks::Locked;
use self::message::{How, Part, Segment};
use self::sending::{ENDING, Sending, is_lock};
use crate::reach::Reach;

/// What sets a tenant's advisory lock apart from others that are made of a name.
const LOCK_SEED: i64 = 7235;

/// The functions that the applying transaction calls, as statements that make them in the ledger's schema.
pub(crate) fn functions(ledger: &Identifier) -> Vec<String> {
    let fill = |text: &str| {
        text.replace("__LEDGER__", &ledger.to_string()).replace("__LOCK_SEED__", &LOCK_SEED.to_string())
    };
    [
        include_str!("apply/watermark.sql"),
        include_str!("apply/enter.sql"),
        include_str!("apply/leads.sql"),
        include_str!("apply/leave.sql"),
        include_str!("apply/doomed.sql"),
        include_str!("apply/depart.sql"),
    ]
    .map(fill)
    .into()
}

/// Runs a proved plan on one tenant. See [`tenantry_engine::Engine::apply`].
///
/// # Errors
/// In all cases but [`EngineError::InDoubt`] nothing of the segment that failed has happened.
pub(crate) async fn apply(reach: &Reach, work: &Work<'_>) -> Result<Applied, EngineError> {
    let sending = Sending::begin(reach, work.tenant, "applying a plan", work.within).await?;
    let began = Instant::now();
    let mut run = Run { sending, work };
    let start = work.start.map(|watermark| watermark.0.as_str());
    let segments = Segment::of(work.plan, start);
    if let [only] = segments.as_slice()
        && only.how == How::Together
    {
        run.transaction(only).await?;
        let lock_retries = run.sending.retries;
        run.sending.session.put_back();
        return Ok(Applied { took: began.elapsed(), lock_retries });
    }
    run.hold().await?;
    let outcome = run.segments(&segments).await;
    run.let_go().await;
    // What was set for the session ends with it: it is not given back.
    outcome.map(|()| Applied { took: began.elapsed(), lock_retries: run.sending.retries })
}

/// One plan on its way through one tenant.
struct Run<'a> {
    sending: Sending<'a>,
    work: &'a Work<'a>,
}

impl Run<'_> {
    /// One after the other, each from where the one before left the tenant.
    async fn segments(&mut self, segments: &[Segment<'_>]) -> Result<(), EngineError> {
        let mut reached = self.work.start.map(|watermark| watermark.0.clone());
        for segment in segments {
            let segment = Segment { start: reached.as_deref(), ..*segment };
            let next = match segment.how {
                How::Together => self.transaction(&segment).await?,
                How::Alone => self.alone(&segment).await?,
            };
            reached = next;
        }
        Ok(())
    }

    /// A segment in one transaction; tries again where a lock was not to be had. The watermark that the next one starts
    /// from.
    async fn transaction(&mut self, segment: &Segment<'_>) -> Result<Option<String>, EngineError> {
        let work = self.work;
        match self.sending.transaction(|setting| message::transaction(work, segment, setting)).await? {
            Ok(value) => Ok(value),
            Err((part, error)) => Err(self.told(segment, part, &error).await),
        }
    }

    /// A statement that cannot run in a transaction, taken down before and after (D12).
    async fn alone(&mut self, segment: &Segment<'_>) -> Result<Option<String>, EngineError> {
        let setting = self.sending.setting();
        let before = message::before_alone(self.work, segment, &setting);
        if let Err((part, error)) = self.sending.send(&before, "ROLLBACK").await? {
            return Err(self.told(segment, part, &error).await);
        }
        for message in [message::around_alone(self.work, &setting), message::alone(self.work, segment)] {
            if let Err((part, error)) = self.sending.send(&message, "RESET ROLE").await? {
                return Err(self.told(segment, part, &error).await);
            }
        }
        match self
            .sending
            .send(&message::after_alone(self.work, segment, &self.sending.setting()), "ROLLBACK")
            .await?
        {
            Ok(value) => Ok(value),
            Err((part, error)) => Err(self.told(segment, part, &error).await),
        }
    }

    /// Keeps others of ours away from the tenant between the transactions of a plan.
    async fn hold(&self) -> Result<(), EngineError> {
        let schema = &self.work.tenant.key.schema;
        let sql = "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, $2))";
        let held = self.sending.session.query_one_scalar(sql, &[&schema.as_str(), &LOCK_SEED]).await;
        match held.map_err(|error| self.sending.session.failed("taking a tenant's lock", &error))? {
            true => Ok(()),
            false => Err(EngineError::Busy { schema: schema.clone() }),
        }
    }

    /// Lets go of what [`Self::hold`] took: the server ends a session some time after it was left, and until then would
    /// tell the next one that somebody is at work. Where this fails the lock ends with the session.
    async fn let_go(&self) {
        // A plan that ran out of its time has left its transaction open.
        let sql = "ROLLBACK; SELECT pg_catalog.pg_advisory_unlock_all()";
        if !self.sending.session.is_closed() {
            let _ = tokio::time::timeout(ENDING, self.sending.session.batch_execute(sql)).await;
        }
    }

    /// What a refusal means, with who was in the way where it was a lock.
    async fn told(&self, segment: &Segment<'_>, part: Part, error: &DbError) -> EngineError {
        if !is_lock(part, error) {
            return explained(self.work, self.sending.setting().owner, part, error);
        }
        let tables: Vec<&str> = Locked::by(segment.steps).tables().map(|(name, _)| name).collect();
        self.sending.locked(&tables, &[self.sending.schema]).await
    }
}
