//! How a TenantDatabase is reached: its Secrets, and the engine that they make.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kube::ResourceExt as _;
use tenantry_api::TenantDatabase;
use tenantry_api::validation::FieldPath;
use tenantry_manifest::{Connection, SecretData, Unresolved};
use tenantry_postgres::PostgresEngine;

use super::Origin;
use crate::context::Context;
use crate::subject::{Key, Subject};
use crate::watched::Reading;

/// Why no connection can be tried.
#[derive(Debug)]
pub(crate) enum Unusable {
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
    Refused(String),
}

impl Unusable {
    /// In one line.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unreadable { secret, message } => format!("Secret {secret} cannot be read: {message}"),
            Self::Unresolved(unresolved) => told(unresolved),
            Self::Refused(message) => message.clone(),
        }
    }
}

/// References that lead nowhere, in one line.
pub(crate) fn told(unresolved: &[Unresolved]) -> String {
    let messages: Vec<String> =
        unresolved.iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
    messages.join("; ")
}

/// The engine that the spec and its Secrets make, and what it was made of. `owner`: the role as which plans run, where
/// the set says so.
///
/// # Errors
/// Why there is none.
pub(crate) async fn reach(
    context: &Context,
    database: &TenantDatabase,
    owner: Option<&str>,
) -> Result<(Arc<PostgresEngine>, Origin), Unusable> {
    let key = Key::of(database);
    let scratch = scratch(context, database, &key)?;
    let of_both = [Some(database), scratch.as_ref()];
    let secrets: BTreeSet<String> = of_both.into_iter().flatten().flat_map(secrets_of).collect();
    let readings = context.secrets.read(&Subject::Database(key.clone()), &secrets).await;
    let connection = connection(database, &readings)?;
    let shadows = scratch.as_ref().map(|scratch| self::connection(scratch, &readings)).transpose()?;
    let mut origin: Origin = of_both.into_iter().flatten().map(generation).collect();
    origin.extend(secrets.iter().map(|name| {
        let version = readings.get(name).map_or("-", Reading::version);
        format!("{name} {version}")
    }));
    let role = owner.or(connection.owner_role.as_deref());
    let make = || {
        tenantry_databases::engine(
            &connection,
            shadows.as_ref(),
            role,
            Some(&context.term),
            &context.connections,
        )
    };
    let engine = context.engines.get((key, owner.map(str::to_owned)), &origin, make);
    Ok((engine.map_err(|bad| Unusable::Refused(bad.to_string()))?, origin))
}

/// The TenantDatabase that this one names for shadows.
fn scratch(
    context: &Context,
    database: &TenantDatabase,
    key: &Key,
) -> Result<Option<TenantDatabase>, Unusable> {
    let Some(named) = &database.spec.shadow.database_ref else { return Ok(None) };
    context.database(&key.sibling(&named.name)).map(Some).ok_or_else(|| {
        let path = FieldPath::default().field("spec").field("shadow").field("databaseRef").field("name");
        Unusable::Unresolved(vec![Unresolved::missing(path, "TenantDatabase", &named.name)])
    })
}

/// How the database is reached, as its spec and its Secrets say.
fn connection(
    database: &TenantDatabase,
    readings: &HashMap<String, Reading<SecretData>>,
) -> Result<Connection, Unusable> {
    for secret in secrets_of(database) {
        if let Some(Reading::Unreadable(message)) = readings.get(&secret) {
            return Err(Unusable::Unreadable { secret, message: message.clone() });
        }
    }
    let held = |name: &str| readings.get(name).and_then(Reading::data);
    Connection::resolve(&database.spec, &held, None).map_err(Unusable::Unresolved)
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
