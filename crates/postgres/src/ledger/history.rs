//! What was done to whom, and what was renamed aside on the way.

use tenantry_catalog::ObjectId;
use tenantry_engine::{EngineError, Event, QuarantineRecord, SchemaName, TenantName};
use tokio_postgres::types::Type;

use super::PostgresLedger;
use super::row::Line;

/// The set is that of the schema's claim.
const WRITE: &str =
    "INSERT INTO event (at, schema, tenant, set, rollout, plan, revision, outcome, took_ms, approved_by)
    VALUES ($1, $2, $3, coalesce((SELECT set FROM tenant WHERE tenant.schema = $2), ''), $4, $5, $6, $7, $8, $9)";
const READ: &str = "SELECT at, schema, tenant, rollout, plan, revision, outcome, took_ms, approved_by
    FROM event WHERE ($1 IS NULL OR tenant = $1) AND ($3 IS NULL OR set = $3) ORDER BY id DESC LIMIT $2";
const RENAMED: &str =
    "SELECT kind, name, reserved, plan, at FROM quarantined WHERE schema = $1 ORDER BY at DESC, kind, name";

impl PostgresLedger {
    pub(super) async fn write_event(&self, event: &Event) -> Result<(), EngineError> {
        let values = [
            (&event.at as _, Type::TIMESTAMPTZ),
            (&event.schema.as_str() as _, Type::TEXT),
            (&event.tenant.as_str() as _, Type::TEXT),
            (&event.rollout as _, Type::TEXT),
            (&event.digest.as_str() as _, Type::TEXT),
            (&event.revision.as_ref().map(tenantry_planner::Digest::as_str) as _, Type::TEXT),
            (&event.outcome as _, Type::TEXT),
            (&event.took_ms as _, Type::INT8),
            (&event.approved_by as _, Type::TEXT),
        ];
        self.tell("writing down a failure", WRITE, &values).await.map(drop)
    }

    pub(super) async fn events(
        &self,
        set: Option<&str>,
        tenant: Option<&TenantName>,
        limit: u32,
    ) -> Result<Vec<Event>, EngineError> {
        let tenant = tenant.map(TenantName::as_str);
        let values =
            [(&tenant as _, Type::TEXT), (&i64::from(limit) as _, Type::INT8), (&set as _, Type::TEXT)];
        let rows = self.ask("reading the history", READ, &values).await?;
        let read = |row| {
            let line = Line::new(self, "event", row);
            Ok(Event {
                at: line.get("at")?,
                tenant: line.parse("tenant")?,
                schema: line.schema("schema")?,
                rollout: line.get("rollout")?,
                digest: line.parse("plan")?,
                revision: line.parse_any("revision")?,
                outcome: line.get("outcome")?,
                took_ms: line.get("took_ms")?,
                approved_by: line.get("approved_by")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn renamed_aside(
        &self,
        schema: &SchemaName,
    ) -> Result<Vec<QuarantineRecord>, EngineError> {
        let values = [(&schema.as_str() as _, Type::TEXT)];
        let rows = self.ask("reading what was renamed aside", RENAMED, &values).await?;
        let read = |row| {
            let line = Line::new(self, "quarantined", row);
            let kind: String = line.get("kind")?;
            let kind = kind.parse().map_err(|_| line.strange("kind", &format!("{kind:?} is no kind")))?;
            Ok(QuarantineRecord {
                object: ObjectId { kind, name: line.get("name")? },
                reserved: line.get("reserved")?,
                at: line.get("at")?,
                digest: line.parse("plan")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
