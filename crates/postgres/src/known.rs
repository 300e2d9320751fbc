//! What the ledger of a database knows, for those who only look: where there is none, or no right to read it, nothing is
//! known.

use std::collections::BTreeMap;

use tenantry_catalog::{Kind, ObjectId};
use tenantry_engine::{EngineError, SchemaName};
use tenantry_planner::sql::Identifier;
use tokio_postgres::types::Type;

use crate::connect::Session;

/// A ledger that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    schema: Identifier,
}

/// What was renamed aside, by schema: what each object was, and its reserved name; sorted.
pub(crate) type Renamed = BTreeMap<String, Vec<(ObjectId, String)>>;

impl Known {
    /// The ledger in this schema; `None` where there is none, or none that the login may read.
    pub(crate) async fn look(session: &Session, ledger: &Identifier) -> Result<Option<Self>, EngineError> {
        let name = ledger.as_str();
        let readable: Option<bool> = session
            .query_typed(include_str!("known/readable.sql"), &[(&name, Type::TEXT)])
            .await
            .and_then(|rows| rows.first().map(|row| row.try_get(0)).transpose())
            .map(Option::flatten)
            .map_err(|error| session.failed("looking for a ledger", &error))?;
        Ok((readable == Some(true)).then(|| Self { schema: ledger.clone() }))
    }

    /// One schema of each state that tenants were found in: their namespaces' oids. One that is gone stands for nothing.
    pub(crate) async fn representatives(&self, session: &Session) -> Result<Vec<u32>, EngineError> {
        let sql = format!(
            "SELECT pg_catalog.min(namespace.oid)
             FROM {}.tenant AS tenant
             JOIN pg_catalog.pg_namespace AS namespace
                 ON namespace.oid = tenant.namespace AND namespace.nspname = tenant.schema
             WHERE tenant.fingerprint IS NOT NULL
             GROUP BY tenant.fingerprint",
            self.schema
        );
        let rows = session.query_typed(&sql, &[]).await;
        rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect())
            .map_err(|error| session.failed("reading the states that tenants are in", &error))
    }

    /// What was renamed aside in these schemas (D10).
    pub(crate) async fn renamed<'a>(
        &self,
        session: &Session,
        schemas: impl Iterator<Item = &'a SchemaName>,
    ) -> Result<Renamed, EngineError> {
        let doing = "reading what was renamed aside";
        let failed = |error| session.failed(doing, &error);
        let schemas: Vec<&str> = schemas.map(SchemaName::as_str).collect();
        let sql = format!(
            "SELECT schema, kind, name, reserved FROM {}.quarantined WHERE schema = ANY ($1)",
            self.schema
        );
        let rows = session.query_typed(&sql, &[(&schemas, Type::TEXT_ARRAY)]).await.map_err(failed)?;
        let mut renamed = Renamed::new();
        for row in &rows {
            let word: &str = row.try_get("kind").map_err(failed)?;
            let kind: Kind = word
                .parse()
                .map_err(|unknown| EngineError::Unread(format!("{doing}: the ledger has {unknown}")))?;
            let id = ObjectId { kind, name: row.try_get("name").map_err(failed)? };
            let reserved = row.try_get("reserved").map_err(failed)?;
            renamed.entry(row.try_get("schema").map_err(failed)?).or_default().push((id, reserved));
        }
        renamed.values_mut().for_each(|objects| objects.sort());
        Ok(renamed)
    }
}
