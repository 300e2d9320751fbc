//! What is remembered beside the tenants, in a schema of its own in each database (D12 to D16).

mod body;
mod claims;
mod history;
mod kept;
mod migrate;
mod rollouts;
mod row;
mod tenants;

use std::sync::Arc;

use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::{
    Baseline, Claim, ClaimConflict, Confirmed, EngineError, Environment, Event, Ledger, QuarantineRecord,
    RevisionRecord, RolloutRecord, SchemaName, SetRecord, Target, TenantName, TenantRecord,
};
use tenantry_planner::sql::Quoted;
use tenantry_planner::{Digest, Plan, Policy};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use crate::connect::{Connections, Session, Settings};
use crate::error::is_lost;
use crate::reach::Reach;
use crate::shadow::ShadowSettings;

/// The values of a statement, with their types: so it needs one round trip, and no type is guessed.
type Values<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// The ledger of one database.
#[derive(Clone)]
pub struct PostgresLedger {
    reach: Arc<Reach>,
}

impl PostgresLedger {
    /// The ledger of a database by where it is; nothing is asked of it yet.
    pub fn at(settings: Settings, connections: Connections) -> Self {
        Self::new(Arc::new(Reach::new(settings, connections, ShadowSettings::default())))
    }

    pub(crate) fn new(reach: Arc<Reach>) -> Self {
        Self { reach }
    }

    /// Asks one thing.
    async fn ask(&self, doing: &str, sql: &str, values: Values<'_>) -> Result<Vec<Row>, EngineError> {
        let session = self.reach.session().await?;
        let answer = session.query_typed(sql, values).await;
        self.done(session, doing, answer)
    }

    /// Writes one thing; how many rows it came to.
    async fn tell(&self, doing: &str, sql: &str, values: Values<'_>) -> Result<u64, EngineError> {
        let session = self.reach.session().await?;
        let answer = session.execute_typed(sql, values).await;
        self.done(session, doing, answer)
    }

    /// Writes about so many things.
    async fn tell_about(
        &self,
        count: usize,
        doing: &str,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<(), EngineError> {
        let session = self.reach.session().await?;
        let answer = session.query_about(count, sql, values).await;
        self.done(session, doing, answer).map(drop)
    }

    /// Gives a connection back after a statement outside of a transaction, unless it was lost.
    fn done<T>(
        &self,
        session: Session,
        doing: &str,
        answer: Result<T, tokio_postgres::Error>,
    ) -> Result<T, EngineError> {
        let answer = answer.map_err(|error| (is_lost(&error), self.failed(&session, doing, &error)));
        if !matches!(answer, Err((true, _))) {
            session.put_back();
        }
        answer.map_err(|(_, error)| error)
    }

    /// What went wrong, and what to do where it is about the ledger itself.
    fn failed(&self, session: &Session, doing: &str, error: &tokio_postgres::Error) -> EngineError {
        let code = error.code().filter(|_| !is_lost(error));
        let settings = self.reach.settings();
        let schema = &settings.ledger_schema;
        if code == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            return EngineError::Denied {
                what: format!("{doing} in {}: {}", settings.address(), crate::error::reason(error)),
                remedy: format!(
                    "GRANT the role that owns schema {schema} TO {}, or log in as that role",
                    Quoted(&settings.user)
                ),
            };
        }
        let missing = [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN, SqlState::INVALID_SCHEMA_NAME];
        match code {
            Some(code) if missing.contains(code) => self.unfit(format!(
                "schema {schema} holds no ledger of this version that {} may use. An apply makes it, or brings it up to \
                 date; or GRANT USAGE ON SCHEMA {schema} TO {}",
                settings.user,
                Quoted(&settings.user)
            )),
            _ => session.failed(doing, error),
        }
    }

    /// Takes note, once, that this process leads, where several could.
    async fn lead(&self) -> Result<(), EngineError> {
        let Some(term) = &self.reach.settings().term else { return Ok(()) };
        if self.reach.leads() {
            return Ok(());
        }
        let values: Values<'_> =
            &[(&term.scope, Type::TEXT), (&term.lease, Type::TEXT), (&term.number, Type::INT8)];
        let sql = include_str!("ledger/lead.sql");
        if self.ask("taking note of who leads", sql, values).await?.is_empty() {
            return Err(EngineError::Superseded { of: self.reach.settings().address() });
        }
        self.reach.note_lead();
        Ok(())
    }

    /// A ledger that cannot be used.
    fn unfit(&self, reason: impl Into<String>) -> EngineError {
        EngineError::Ledger { address: self.reach.settings().address(), reason: reason.into() }
    }
}

impl Ledger for PostgresLedger {
    async fn prepare(&self) -> Result<(), EngineError> {
        self.bring_up_to_date().await?;
        self.lead().await
    }

    async fn exists(&self) -> Result<bool, EngineError> {
        let is_there = self.is_there().await?;
        if is_there && let Err(error) = self.lead().await {
            // Who may only read changes nothing that somebody else could be at.
            match error {
                EngineError::Denied { .. } | EngineError::Ledger { .. } => {}
                error => return Err(error),
            }
        }
        Ok(is_there)
    }

    async fn records(&self, set: Option<&str>) -> Result<Vec<TenantRecord>, EngineError> {
        self.tenants_of(set).await
    }

    async fn claim(
        &self,
        tenants: &[(TenantName, SchemaName)],
        claim: &Claim,
        take_over: Option<&Claim>,
    ) -> Result<Vec<(SchemaName, ClaimConflict)>, EngineError> {
        self.claim_schemas(tenants, claim, take_over).await
    }

    async fn confirm(&self, found: &[Confirmed<'_>]) -> Result<(), EngineError> {
        self.confirm_found(found).await
    }

    async fn baseline(&self, set: &str) -> Result<Option<Baseline>, EngineError> {
        self.baseline_of(set).await
    }

    async fn set_baseline(&self, set: &str, baseline: &Baseline) -> Result<(), EngineError> {
        self.write_baseline(set, baseline).await
    }

    async fn keep_plan(&self, plan: &Plan) -> Result<Digest, EngineError> {
        self.write_plan(plan).await
    }

    async fn plan(&self, digest: &Digest) -> Result<Option<Plan>, EngineError> {
        self.plan_of(digest).await
    }

    async fn keep_target(&self, environment: &Environment, target: &Target) -> Result<(), EngineError> {
        self.write_target(environment, target).await
    }

    async fn target(
        &self,
        environment: &Environment,
        revision: &Digest,
        policy: &Policy,
    ) -> Result<Option<Target>, EngineError> {
        self.target_of(environment, revision, policy).await
    }

    async fn keep_catalog(&self, fingerprint: &Fingerprint, catalog: &Catalog) -> Result<(), EngineError> {
        self.write_catalog(fingerprint, catalog).await
    }

    async fn catalog(&self, fingerprint: &Fingerprint) -> Result<Option<Catalog>, EngineError> {
        self.catalog_of(fingerprint).await
    }

    async fn keep_revision(&self, set: &str, revision: &RevisionRecord) -> Result<(), EngineError> {
        self.write_revision(set, revision).await
    }

    async fn revisions(&self, set: &str) -> Result<Vec<RevisionRecord>, EngineError> {
        self.revisions_of(set).await
    }

    async fn save_rollout(&self, rollout: &RolloutRecord) -> Result<(), EngineError> {
        self.write_rollout(rollout).await
    }

    async fn rollouts(&self, set: &str, limit: u32) -> Result<Vec<RolloutRecord>, EngineError> {
        self.rollouts_of(set, limit).await
    }

    async fn set_record(&self, set: &str) -> Result<Option<SetRecord>, EngineError> {
        self.memory_of(set).await
    }

    async fn save_set(&self, record: &SetRecord) -> Result<(), EngineError> {
        self.write_memory(record).await
    }

    async fn record_failure(&self, event: &Event) -> Result<(), EngineError> {
        self.write_event(event).await
    }

    async fn history(
        &self,
        set: Option<&str>,
        tenant: Option<&TenantName>,
        limit: u32,
    ) -> Result<Vec<Event>, EngineError> {
        self.events(set, tenant, limit).await
    }

    async fn quarantined(&self, schema: &SchemaName) -> Result<Vec<QuarantineRecord>, EngineError> {
        self.renamed_aside(schema).await
    }
}
