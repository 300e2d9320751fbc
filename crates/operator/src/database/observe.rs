//! What is found of a TenantDatabase: its Secrets, then the server.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kube::ResourceExt as _;
use kube::runtime::reflector::ObjectRef;
use tenantry_api::TenantDatabase;
use tenantry_api::validation::FieldPath;
use tenantry_engine::{DatabaseIdentity, Engine as _, EngineError, Finding, Ledger as _};
use tenantry_manifest::{Connection, SecretData, Unresolved};
use tenantry_postgres::PostgresEngine;

use crate::context::Context;
use crate::secrets::Reading;

/// What was found.
#[derive(Debug)]
pub(super) enum Seen {
    /// A Secret cannot be read.
    Unreadable {
        /// Which.
        secret: String,
        /// What the API server said.
        message: String,
    },
    /// What the spec refers to is not there, or lacks something.
    Unresolved(Vec<Unresolved>),
    /// No connection can be made of what the spec and its Secrets say.
    Unusable(String),
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
    let engine = match engine(context, database).await {
        Ok(engine) => engine,
        Err(seen) => return seen,
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

/// The engine that the spec and its Secrets make, or why there is none.
async fn engine(context: &Context, database: &TenantDatabase) -> Result<Arc<PostgresEngine>, Seen> {
    let scratch = scratch(context, database)?;
    let of_both = [Some(database), scratch.as_ref()];
    let secrets: BTreeSet<String> = of_both.into_iter().flatten().flat_map(secrets_of).collect();
    let user = ObjectRef::from_obj(database);
    let readings = context.secrets.read(&user, &secrets).await;
    let connection = connection(database, &readings)?;
    let shadows = scratch.as_ref().map(|scratch| self::connection(scratch, &readings)).transpose()?;
    let mut origin: Vec<String> = of_both.into_iter().flatten().map(generation).collect();
    origin.extend(secrets.iter().map(|name| version(name, &readings)));
    let owner = connection.owner_role.clone();
    let make =
        || tenantry_databases::engine(&connection, shadows.as_ref(), owner.as_deref(), &context.connections);
    context.engines.get(&user, origin, make).await.map_err(|bad| Seen::Unusable(bad.to_string()))
}

/// The TenantDatabase that this one names for shadows.
fn scratch(context: &Context, database: &TenantDatabase) -> Result<Option<TenantDatabase>, Seen> {
    let Some(named) = &database.spec.shadow.database_ref else { return Ok(None) };
    let reference = ObjectRef::new(&named.name).within(database.namespace().as_deref().unwrap_or_default());
    context.database(&reference).map(Some).ok_or_else(|| {
        let path = FieldPath::default().field("spec").field("shadow").field("databaseRef").field("name");
        Seen::Unresolved(vec![Unresolved::missing(path, "TenantDatabase", &named.name)])
    })
}

/// How the database is reached, as its spec and its Secrets say.
fn connection(database: &TenantDatabase, readings: &HashMap<String, Reading>) -> Result<Connection, Seen> {
    for secret in secrets_of(database) {
        if let Some(Reading::Unreadable(message)) = readings.get(&secret) {
            return Err(Seen::Unreadable { secret, message: message.clone() });
        }
    }
    let held = |name: &str| -> Option<&SecretData> {
        match readings.get(name) {
            Some(Reading::There(data, _)) => Some(data),
            _ => None,
        }
    };
    Connection::resolve(&database.spec, &held, None).map_err(Seen::Unresolved)
}

/// The Secrets that a TenantDatabase names.
fn secrets_of(database: &TenantDatabase) -> BTreeSet<String> {
    let spec = &database.spec;
    let mut names = BTreeSet::from([spec.connection.secret_ref.name.clone()]);
    if let Some(tls) = &spec.tls {
        names.extend(tls.ca_secret_ref.as_ref().map(|secret| secret.name.clone()));
        names.extend(tls.client_cert_secret_ref.as_ref().map(|secret| secret.name.clone()));
    }
    names
}

fn generation(database: &TenantDatabase) -> String {
    format!("{} {}", database.uid().unwrap_or_default(), database.metadata.generation.unwrap_or_default())
}

fn version(name: &str, readings: &HashMap<String, Reading>) -> String {
    match readings.get(name) {
        Some(Reading::There(_, version)) => format!("{name} {version}"),
        _ => format!("{name} -"),
    }
}
