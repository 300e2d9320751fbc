//! What the fleet asks of one database.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_planner::{Difference, Digest, Plan, Policy};

use crate::{
    Applied, DatabaseIdentity, Departed, Departure, EngineError, Labels, Ledger, Proposal, SchemaName,
    Source, Start, Target, TenantName, Work,
};

/// A value over everything that tenants rest on but do not own: the server's
/// version, extensions, what is in `public`, roles, our algorithm (D7). When
/// it moves, everything is inspected again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Equal means that nothing changed.
    pub digest: String,
    /// The server's version, as people write it: `15.18`.
    pub server_version: String,
    /// As `server_version_num` has it.
    pub server_version_num: u32,
}

/// The first stage of "has anything changed" (the catalogs' write counters,
/// with what would make them lie). Equal to the last one means: nothing yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse(pub String);

/// What stood when a set's tenants were last all found as they are recorded.
/// As long as it stands, nothing has to be read again (D7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    /// What [`Engine::pulse`] answered before the look.
    pub pulse: Option<Pulse>,
    /// What [`Engine::environment`] answered before the look.
    pub environment: Environment,
    /// Of what is compared ([`crate::compared`]): a fingerprint that was taken
    /// under another policy says nothing.
    pub policy: Digest,
}

/// The second stage: a hash over (oid, xmin) of one schema's catalog rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Watermark(pub String);

/// A schema as it was found.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Which.
    pub schema: SchemaName,
    /// Its namespace's oid: tells it from one of the same name made later.
    pub oid: u32,
    /// Its watermark, equal before and after it was read.
    pub watermark: Watermark,
    /// What is in it, as the policy sees it, with what was renamed aside. Equal schemas that were read together share one.
    pub catalog: Arc<Catalog>,
    /// The fingerprint of that, without what the ledger knows as renamed aside
    /// (D10).
    pub fingerprint: Fingerprint,
}

/// One row of a tenant query (D19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    /// The tenant's name.
    pub name: TenantName,
    /// Its schema, where the query says so.
    pub schema: Option<SchemaName>,
    /// Its labels, where the query says so.
    pub labels: Labels,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Something will not work, or is wider than it needs to be.
    Warning,
    /// Nothing will work.
    Error,
}

/// One thing that `doctor` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What was looked at: `privileges`, `event triggers`, `pooler`.
    pub subject: String,
    /// What was found.
    pub message: String,
    /// What to do; empty when there is nothing to do.
    pub remedy: String,
    /// What it is about, by name, where that is a list: event triggers, publications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl Finding {
    /// One that is about no list of names.
    pub fn new(
        severity: Severity,
        subject: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (subject, message, remedy) = (subject.into(), message.into(), remedy.into());
        Self { severity, subject, message, remedy, names: Vec::new() }
    }
}

/// One database that tenants live in. Every method may be called from many
/// tasks at once; an implementation bounds its own connections.
pub trait Engine: Send + Sync + 'static {
    /// What is remembered in this database.
    type Ledger: Ledger;

    /// What is remembered in this database.
    fn ledger(&self) -> &Self::Ledger;

    /// Which database this is: part of every claim (D14).
    fn identity(&self) -> impl Future<Output = Result<DatabaseIdentity, EngineError>> + Send;

    /// What tenants rest on but do not own.
    fn environment(&self) -> impl Future<Output = Result<Environment, EngineError>> + Send;

    /// What the role may and may not, and what could surprise.
    fn doctor(&self) -> impl Future<Output = Result<Vec<Finding>, EngineError>> + Send;

    /// The schemas whose names match a LIKE-like pattern, `*` for any text.
    fn schemas(&self, pattern: &str) -> impl Future<Output = Result<Vec<SchemaName>, EngineError>> + Send;

    /// The rows of a tenant query, read only, within `timeout` (D19).
    fn tenants(
        &self,
        query: &str,
        timeout: Duration,
    ) -> impl Future<Output = Result<Vec<TenantRow>, EngineError>> + Send;

    /// The first stage; `None` where the server does not count.
    fn pulse(&self) -> impl Future<Output = Result<Option<Pulse>, EngineError>> + Send;

    /// The second stage, for these schemas; one that is not there is missing
    /// from the answer.
    fn watermarks(
        &self,
        schemas: &[SchemaName],
    ) -> impl Future<Output = Result<BTreeMap<SchemaName, Watermark>, EngineError>> + Send;

    /// Reads these schemas, in batches bounded by memory; one that is not
    /// there is missing from the answer. `each` is called as they come. Schemas
    /// that cannot be read (a lock, a missing right, changes that do not end)
    /// are told by [`EngineError::Unreadable`], after all others were handed out.
    fn inspect(
        &self,
        schemas: &[SchemaName],
        policy: &Policy,
        each: impl FnMut(Inspected) + Send,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Compiles a definition on a shadow.
    fn compile(
        &self,
        sources: &[Source],
        policy: &Policy,
    ) -> impl Future<Output = Result<Target, EngineError>> + Send;

    /// Plans and proves the way from one starting point, and the way back. A
    /// plan that cannot be made or proved is an answer, not an error.
    fn propose(
        &self,
        start: Start<'_>,
        target: &Target,
    ) -> impl Future<Output = Result<Proposal, EngineError>> + Send;

    /// Runs a proved plan on one tenant: lock, re-check, statements, ledger
    /// row, commit (D12). It is ended when it takes longer than
    /// [`Work::within`]; nobody waits for a tenant for ever.
    fn apply(&self, work: &Work<'_>) -> impl Future<Output = Result<Applied, EngineError>> + Send;

    /// Renames the schema of a tenant that left aside, drops it, or renames it
    /// back: lock, claim, deed, ledger row, commit, as in [`Engine::apply`].
    /// What depends on a schema from outside of it stops its drop
    /// ([`EngineError::Depended`]), as does a size that the server's lock table
    /// has no room for ([`EngineError::TooMany`]).
    fn depart(&self, departure: &Departure<'_>)
    -> impl Future<Output = Result<Departed, EngineError>> + Send;

    /// The statements of a plan as they run on one schema, for people and for
    /// `psql`.
    fn script(&self, plan: &Plan, schema: &SchemaName) -> String;

    /// How a found schema differs from a declared one, for people.
    fn explain(
        &self,
        environment: &Environment,
        declared: &Catalog,
        found: &Catalog,
        policy: &Policy,
    ) -> Vec<Difference>;
}
