//! What is known of each tenant.

use std::sync::LazyLock;

use jiff::Timestamp;
use tenantry_catalog::ObjectId;
use tenantry_engine::{Confirmed, EngineError, TenantRecord, Watermark};
use tokio_postgres::types::{Json, Type};

use super::PostgresLedger;
use super::claims::held;
use super::row::Line;
use crate::watermark;

const RECORDS: &str = include_str!("records.sql");
static CONFIRM: LazyLock<String> = LazyLock::new(|| {
    include_str!("confirm.sql").replace("\n__WATERMARK__\n", &format!("\n{}\n", watermark::SCHEMA))
});

impl PostgresLedger {
    pub(super) async fn tenants_of(&self, set: Option<&str>) -> Result<Vec<TenantRecord>, EngineError> {
        let rows = self.ask("reading the ledger's tenants", RECORDS, &[(&set, Type::TEXT)]).await?;
        rows.iter().map(|row| record(&Line::new(self, "tenant", row))).collect()
    }

    pub(super) async fn confirm_found(&self, found: &[Confirmed<'_>]) -> Result<(), EngineError> {
        if found.is_empty() {
            return Ok(());
        }
        let oids: Vec<u32> = found.iter().map(|found| found.oid).collect();
        let schemas: Vec<&str> = found.iter().map(|found| found.schema.as_str()).collect();
        let fingerprints: Vec<&str> = found.iter().map(|found| found.fingerprint.as_str()).collect();
        let watermarks: Vec<&str> = found.iter().map(|found| found.watermark.0.as_str()).collect();
        let revisions: Vec<Option<&str>> =
            found.iter().map(|found| found.revision.map(tenantry_planner::Digest::as_str)).collect();
        let drifted: Vec<Option<Timestamp>> = found.iter().map(|found| found.drifted_since).collect();
        let values = [
            (&oids as _, Type::OID_ARRAY),
            (&schemas as _, Type::TEXT_ARRAY),
            (&fingerprints as _, Type::TEXT_ARRAY),
            (&watermarks as _, Type::TEXT_ARRAY),
            (&revisions as _, Type::TEXT_ARRAY),
            (&drifted as _, Type::TIMESTAMPTZ_ARRAY),
        ];
        self.tell_about(found.len(), "writing down what was found", &CONFIRM, &values).await
    }
}

fn record(line: &Line<'_>) -> Result<TenantRecord, EngineError> {
    let renamed: Option<Json<Vec<(ObjectId, String)>>> = line.get("renamed")?;
    let mut renamed = renamed.map(|Json(renamed)| renamed).unwrap_or_default();
    renamed.sort_unstable();
    Ok(TenantRecord {
        name: line.parse("name")?,
        schema: line.schema("schema")?,
        oid: line.get("namespace")?,
        claim: held(line)?,
        revision: line.parse_any("revision")?,
        fingerprint: line.parse_any("fingerprint")?,
        watermark: line.get::<Option<String>>("watermark")?.map(Watermark),
        drifted_since: line.get("drifted_since")?,
        renamed,
        unfinished: line.parse_any("unfinished")?,
        aside: line.schema_any("aside")?,
    })
}
