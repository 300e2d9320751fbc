//! Has anything changed? Three values that are cheap to read, and that move
//! when something does: the pulse of a database, the watermark of a schema,
//! the digest of what all schemas rest on (D7, D12).

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use tenantry_engine::{EngineError, Environment, Pulse, SchemaName, Watermark};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::connect::Session;
use crate::known::Known;

/// One value a schema over the versions of its catalog rows. `$1`: the
/// schemas' oids.
pub(crate) const SCHEMA: &str = include_str!("watermark/schema.sql");
const PULSE: &str = include_str!("watermark/pulse.sql");
const ENVIRONMENT: &str = include_str!("watermark/environment.sql");
/// The schemas that these rest on. `$1`: the schemas' oids.
const REFERRED: &str = concat!(
    "WITH place AS (\n",
    include_str!("inspect/everything.sql"),
    "\n)\n",
    include_str!("watermark/referred.sql")
);

/// Counts up whenever the program reads schemas differently, so that what an
/// older one recorded is not taken for what this one would find.
const ALGORITHM: u32 = 2;

/// The first stage: the write counters of the catalogs, with what would make
/// them lie. `None` where the server does not count.
pub(crate) async fn pulse(session: &Session) -> Result<Option<Pulse>, EngineError> {
    match session.query_typed_one(PULSE, &[]).await.and_then(|row| row.try_get(0)) {
        Ok(pulse) => Ok(pulse),
        // Some managed services keep the control file to themselves.
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(None),
        Err(error) => Err(session.failed("reading the catalogs' counters", &error)),
    }
    .map(|pulse: Option<String>| pulse.map(Pulse))
}

/// The oids of schemas that are there.
pub(crate) async fn oids(
    session: &Session,
    schemas: &[SchemaName],
) -> Result<BTreeMap<u32, SchemaName>, EngineError> {
    let names: Vec<&str> = schemas.iter().map(SchemaName::as_str).collect();
    let sql = "SELECT oid, nspname::text FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[])";
    let rows = session
        .query_typed(sql, &[(&names, Type::TEXT_ARRAY)])
        .await
        .map_err(|error| session.failed("looking for schemas", &error))?;
    let by_name: BTreeMap<&str, &SchemaName> = schemas.iter().map(|name| (name.as_str(), name)).collect();
    Ok(rows
        .iter()
        .filter_map(|row| Some((row.get(0), (*by_name.get(row.get::<_, &str>(1))?).clone())))
        .collect())
}

/// The second stage: the watermark of each of these schemas that is there.
pub(crate) async fn watermarks(
    session: &Session,
    oids: &BTreeSet<u32>,
) -> Result<BTreeMap<u32, Watermark>, EngineError> {
    let oids: Vec<u32> = oids.iter().copied().collect();
    let rows = session.query_about(oids.len(), SCHEMA, &[(&oids, Type::OID_ARRAY)]).await;
    let rows = rows.map_err(|error| session.failed("reading watermarks", &error))?;
    Ok(rows.iter().map(|row| (row.get(0), Watermark(row.get(1)))).collect())
}

/// What tenants rest on but do not own: the server, its extensions and
/// languages, and the schemas that tenants share: `public` and those of
/// extensions always, and every one that a tenant refers to.
///
/// Which ones those are is asked of one schema for each state that tenants were
/// found in, as the ledger `known` has them: equal tenants print the same names,
/// so it costs the same for any number of them, and is the same for every
/// process. A tenant without a record there is read whatever this says.
///
/// Roles are not in it: their names are part of each schema's own watermark.
pub(crate) async fn environment(
    session: &Session,
    known: Option<&Known>,
) -> Result<Environment, EngineError> {
    let referred = match known {
        Some(known) => referred(session, &known.representatives(session).await?).await?,
        None => Vec::new(),
    };
    let server = session.server().clone();
    let rows = session
        .query_typed(ENVIRONMENT, &[(&referred, Type::TEXT_ARRAY)])
        .await
        .map_err(|error| session.failed("reading what tenants rest on", &error))?;
    let shared: BTreeSet<u32> = rows.iter().filter_map(|row| row.get::<_, Option<u32>>(1)).collect();
    let watermarks = watermarks(session, &shared).await?;
    let mut hash = Sha256::new();
    hash.update(format!("{ALGORITHM} {}", server.version_num));
    for row in &rows {
        let part: &str = row.get(0);
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    for (oid, Watermark(watermark)) in &watermarks {
        hash.update(format!("{oid} {watermark};"));
    }
    let digest = hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    Ok(Environment { digest, server_version: server.version, server_version_num: server.version_num })
}

/// The names of the schemas that these rest on, besides themselves and the
/// server's own.
async fn referred(session: &Session, schemas: &[u32]) -> Result<Vec<String>, EngineError> {
    let rows = session.query_typed(REFERRED, &[(&schemas, Type::OID_ARRAY)]).await;
    rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect())
        .map_err(|error| session.failed("reading what tenants refer to", &error))
}
