//! What is found of a TenantDatabase: its Secrets, then the server.

use tenantry_api::TenantDatabase;
use tenantry_engine::{DatabaseIdentity, Engine as _, EngineError, Finding, Ledger as _};
use tenantry_postgres::PostgresEngine;

use super::{Unusable, reach};
use crate::context::Context;

/// What was found.
#[derive(Debug)]
pub(super) enum Seen {
    /// Nothing could be asked.
    Unusable(Unusable),
    /// The server does not answer, or does not take the login.
    Unreachable(EngineError),
    /// The server answered.
    Reached(Reached),
}

/// What a server that answered said.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) identity: DatabaseIdentity,
    pub(super) server_version: String,
    pub(super) findings: Vec<Finding>,
    /// How many tenants its ledger knows; `None` where there is none.
    pub(super) tenants: Option<usize>,
}

impl Seen {
    /// Whether nothing has to be tried again soon.
    pub(super) fn is_well(&self) -> bool {
        matches!(self, Seen::Reached(_))
    }
}

/// Looks at a TenantDatabase.
pub(super) async fn observe(context: &Context, database: &TenantDatabase) -> Seen {
    let engine = match reach(context, database, None).await {
        Ok((engine, _)) => engine,
        Err(unusable) => return Seen::Unusable(unusable),
    };
    match ask(&engine).await {
        Ok(reached) => Seen::Reached(reached),
        Err(error) => Seen::Unreachable(error),
    }
}

async fn ask(engine: &PostgresEngine) -> Result<Reached, EngineError> {
    let identity = engine.identity().await?;
    let server_version = engine.environment().await?.server_version;
    let findings = engine.doctor().await?;
    let ledger = engine.ledger();
    let tenants = match ledger.exists().await? {
        true => Some(ledger.records(None).await?.len()),
        false => None,
    };
    Ok(Reached { identity, server_version, findings, tenants })
}
