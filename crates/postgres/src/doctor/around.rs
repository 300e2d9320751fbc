//! What else is in the database: event triggers, publications, transactions that do not end, leftovers.

use tenantry_engine::{EngineError, Finding, Severity};
use tenantry_planner::RESERVED;
use tokio_postgres::types::{ToSql, Type};

use super::{Patient, counted, finding, ok, some};
use crate::shadow;

/// A transaction that is older than this is not one of a moment, in seconds.
const LONG: i64 = 300;

pub(super) async fn check(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    event_triggers(patient, findings).await?;
    publications(patient, findings).await?;
    transactions(patient, findings).await?;
    prepared(patient, findings).await?;
    leftovers(patient, findings).await?;
    aside(patient, findings).await
}

/// The names in the first column of a check's rows.
fn names(patient: &Patient<'_>, rows: &[tokio_postgres::Row]) -> Result<Vec<String>, EngineError> {
    rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(|error| patient.unread(&error))
}

async fn event_triggers(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let subject = "event triggers";
    let sql = "SELECT pg_catalog.format('%s (%s)', trigger.evtname, trigger.evtevent)
        FROM pg_catalog.pg_event_trigger AS trigger
        WHERE trigger.evtenabled IN ('O', 'A')
        ORDER BY trigger.evtname";
    let Some(rows) = patient.rows(subject, sql, &[], findings).await? else { return Ok(()) };
    let names = names(patient, &rows)?;
    findings.push(if names.is_empty() {
        ok(subject, "none")
    } else {
        finding(
            Severity::Warning,
            subject,
            format!("{} on every plan, in shadows too: {}", if names.len() == 1 { "one fires" } else { "some fire" }, names.join(", ")),
            "See that they bear schemas that come and go (tenantry_shadow_*), or ALTER EVENT TRIGGER ... DISABLE",
        )
    });
    Ok(())
}

async fn publications(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let subject = "publications";
    // Of schemas: since 15.
    let sql = if patient.session.server().version_num >= 150_000 {
        concat!(include_str!("publications.sql"), include_str!("publications-15.sql"))
    } else {
        include_str!("publications.sql")
    };
    let Some(rows) = patient.rows(subject, sql, &[], findings).await? else { return Ok(()) };
    let names = names(patient, &rows)?;
    findings.push(if names.is_empty() {
        ok(subject, "none of tenants' tables")
    } else {
        finding(
            Severity::Warning,
            subject,
            format!("tables are replicated, and DDL is not: {}", names.join(", ")),
            "Subscribers stop at a row that does not fit: change them before or after each rollout, as the change is",
        )
    });
    Ok(())
}

async fn transactions(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let subject = "long transactions";
    let sql = include_str!("transactions.sql");
    let Some(row) = patient.row(subject, sql, &[(&LONG, Type::INT8)], findings).await? else { return Ok(()) };
    let failed = |error| patient.unread(&error);
    let long: Vec<String> = row.try_get("long").map_err(failed)?;
    let hidden: i64 = row.try_get("hidden").map_err(failed)?;
    if !long.is_empty() {
        findings.push(finding(
            Severity::Warning,
            subject,
            format!("{} for more than {} minutes: {}", counted(i64::try_from(long.len()).unwrap_or(i64::MAX), "session is in one transaction, some"), LONG / 60, some(&long)),
            "CREATE INDEX CONCURRENTLY waits for it, and a plan for its locks: end it (SELECT pg_terminate_backend(PID))",
        ));
    } else if hidden > 0 {
        findings.push(finding(
            Severity::Note,
            subject,
            format!("of {} of other roles it cannot be told", counted(hidden, "session")),
            format!("GRANT pg_read_all_stats TO {}", patient.login),
        ));
    } else {
        findings.push(ok(subject, format!("none that is older than {} minutes", LONG / 60)));
    }
    Ok(())
}

async fn prepared(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let subject = "prepared transactions";
    let sql = "SELECT pg_catalog.format('%s (of %s, since %s)', prepared.gid, prepared.owner,
                   pg_catalog.to_char(prepared.prepared, 'YYYY-MM-DD HH24:MI TZ'))
        FROM pg_catalog.pg_prepared_xacts AS prepared
        WHERE prepared.database = pg_catalog.current_database()
        ORDER BY prepared.prepared";
    let Some(rows) = patient.rows(subject, sql, &[], findings).await? else { return Ok(()) };
    let names = names(patient, &rows)?;
    findings.push(if names.is_empty() {
        ok(subject, "none")
    } else {
        finding(
            Severity::Warning,
            subject,
            format!("their locks stay until they are ended, whoever restarts: {}", some(&names)),
            "COMMIT PREPARED or ROLLBACK PREPARED, whichever their maker meant",
        )
    });
    Ok(())
}

async fn leftovers(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let subject = "leftovers";
    let sql = include_str!("leftovers.sql");
    let rows = patient.rows(subject, sql, &[(&shadow::PREFIX, Type::TEXT)], findings).await?;
    let Some(rows) = rows else { return Ok(()) };
    let names = names(patient, &rows)?;
    findings.push(if names.is_empty() {
        ok(subject, "no shadow was left behind")
    } else {
        finding(
            Severity::Note,
            subject,
            format!("shadows that nobody uses any more: {}", some(&names)),
            "The next proof removes them where it may; what stays then can be dropped by hand (DROP SCHEMA, DROP DATABASE)",
        )
    });
    Ok(())
}

async fn aside(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let subject = "quarantine";
    let sql = include_str!("aside.sql");
    let ledger = patient.settings.ledger_schema.as_str();
    let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&RESERVED, Type::TEXT), (&ledger, Type::TEXT)];
    let Some(row) = patient.row(subject, sql, &parameters, findings).await? else { return Ok(()) };
    let read = |at: &str| row.try_get::<_, i64>(at).map_err(|error| patient.unread(&error));
    let (objects, schemas) = (read("objects")?, read("schemas")?);
    findings.push(if objects == 0 {
        ok(subject, "nothing is renamed aside")
    } else {
        finding(
            Severity::Note,
            subject,
            format!(
                "{} and columns are renamed aside ({RESERVED}*) in {}",
                counted(objects, "table"),
                counted(schemas, "schema")
            ),
            "They hold data, and can be brought back by a rollback; what nobody misses can be dropped by hand",
        )
    });
    Ok(())
}
