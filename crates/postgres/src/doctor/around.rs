//! What else is in the database: event triggers, publications, transactions that do not end, leftovers.

use tenantry_engine::{EngineError, Finding, Severity};
use tenantry_planner::RESERVED;
use tokio_postgres::types::{ToSql, Type};

use super::{Patient, counted, ok, some};
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

/// A check that lists what it finds, in the first column of its rows as people read it, in the second, where there is one, by
/// its bare name: fine where there is nothing.
async fn listed(
    patient: &Patient<'_>,
    findings: &mut Vec<Finding>,
    check: (&str, &str, &[(&(dyn ToSql + Sync), Type)]),
    fine: &str,
    found: impl FnOnce(&[String]) -> (Severity, String, &'static str),
) -> Result<(), EngineError> {
    let (subject, sql, parameters) = check;
    let Some(rows) = patient.rows(subject, sql, parameters, findings).await? else { return Ok(()) };
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let names = names.map_err(|error| patient.unread(&error))?;
    let bare: Result<Vec<String>, _> =
        rows.iter().filter(|row| row.len() > 1).map(|row| row.try_get(1)).collect();
    let bare = bare.map_err(|error| patient.unread(&error))?;
    findings.push(if names.is_empty() {
        ok(subject, fine)
    } else {
        let (severity, message, remedy) = found(&names);
        Finding { names: bare, ..Finding::new(severity, subject, message, remedy) }
    });
    Ok(())
}

async fn event_triggers(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let sql = "SELECT pg_catalog.format('%s (%s)', trigger.evtname, trigger.evtevent), trigger.evtname::text
        FROM pg_catalog.pg_event_trigger AS trigger
        WHERE trigger.evtenabled IN ('O', 'A')
        ORDER BY trigger.evtname";
    listed(patient, findings, ("event triggers", sql, &[]), "none", |names| {
        let which = if names.len() == 1 { "one fires" } else { "some fire" };
        (
            Severity::Warning,
            format!("{which} on every plan, in shadows too: {}", names.join(", ")),
            "See that they bear schemas that come and go (tenantry_shadow_*), or ALTER EVENT TRIGGER ... DISABLE",
        )
    })
    .await
}

async fn publications(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    // Of schemas: since 15.
    let sql = if patient.session.server().version_num >= 150_000 {
        concat!(include_str!("publications.sql"), include_str!("publications-15.sql"))
    } else {
        include_str!("publications.sql")
    };
    listed(patient, findings, ("publications", sql, &[]), "none of tenants' tables", |names| {
        (
            Severity::Warning,
            format!("tables are replicated, and DDL is not: {}", names.join(", ")),
            "Subscribers stop at a row that does not fit: change them before or after each rollout, as the change is",
        )
    })
    .await
}

async fn transactions(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let subject = "long transactions";
    let sql = include_str!("transactions.sql");
    let Some(row) = patient.row(subject, sql, &[(&LONG, Type::INT8)], findings).await? else { return Ok(()) };
    let failed = |error| patient.unread(&error);
    let long: Vec<String> = row.try_get("long").map_err(failed)?;
    let hidden: i64 = row.try_get("hidden").map_err(failed)?;
    if !long.is_empty() {
        findings.push(Finding::new(
            Severity::Warning,
            subject,
            format!("{} for more than {} minutes: {}", counted(i64::try_from(long.len()).unwrap_or(i64::MAX), "session is in one transaction, some"), LONG / 60, some(&long)),
            "CREATE INDEX CONCURRENTLY waits for it, and a plan for its locks: end it (SELECT pg_terminate_backend(PID))",
        ));
    } else if hidden > 0 {
        findings.push(Finding::new(
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
    let sql = "SELECT pg_catalog.format('%s (of %s, since %s)', prepared.gid, prepared.owner,
                   pg_catalog.to_char(prepared.prepared, 'YYYY-MM-DD HH24:MI TZ'))
        FROM pg_catalog.pg_prepared_xacts AS prepared
        WHERE prepared.database = pg_catalog.current_database()
        ORDER BY prepared.prepared";
    listed(patient, findings, ("prepared transactions", sql, &[]), "none", |names| {
        (
            Severity::Warning,
            format!("their locks stay until they are ended, whoever restarts: {}", some(names)),
            "COMMIT PREPARED or ROLLBACK PREPARED, whichever their maker meant",
        )
    })
    .await
}

async fn leftovers(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&shadow::PREFIX, Type::TEXT)];
    let check = ("leftovers", include_str!("leftovers.sql"), &parameters[..]);
    listed(patient, findings, check, "no shadow was left behind", |names| {
        (
            Severity::Note,
            format!("shadows that nobody uses any more: {}", some(names)),
            "The next proof removes them where it may; what stays then can be dropped by hand (DROP SCHEMA, DROP DATABASE)",
        )
    })
    .await
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
        Finding::new(
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
