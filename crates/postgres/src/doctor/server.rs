//! The server: what it is, what it counts, how much of it there is, how it is set.

use tenantry_engine::{EngineError, Finding, Severity};
use tokio_postgres::types::Type;

use super::{Patient, counted, ok, some};

/// The newest major version that the engine was tested on.
const NEWEST: u32 = 18;
/// Locks that the largest schema takes may be this part of the lock table, in a shadow in place (D8).
const PART_OF_LOCKS: i64 = 4;

/// Settings that sessions of the engine do not pin, and that change what a statement makes.
const NOT_PINNED: &[&str] = &[
    "role",
    "default_tablespace",
    "default_table_access_method",
    "default_toast_compression",
    "default_with_oids",
    "event_triggers",
    "check_function_bodies",
    "row_security",
    "session_preload_libraries",
    "synchronous_commit",
];
/// Settings that sessions of the engine pin, so that only what `psql` runs is changed by them.
const PINNED: &[&str] = &[
    "search_path",
    "statement_timeout",
    "lock_timeout",
    "transaction_timeout",
    "idle_in_transaction_session_timeout",
    "default_transaction_read_only",
    "default_transaction_isolation",
    "session_replication_role",
    "quote_all_identifiers",
    "standard_conforming_strings",
];

pub(super) async fn check(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    version(patient, findings);
    encryption(patient, findings).await?;
    counters(patient, findings).await?;
    control_file(patient, findings).await?;
    locks(patient, findings).await?;
    connections(patient, findings).await?;
    settings(patient, findings).await
}

/// Older ones were refused when the connection was made, as were standbys and poolers in transaction mode.
fn version(patient: &Patient<'_>, findings: &mut Vec<Finding>) {
    let server = patient.session.server();
    let address = patient.settings.address();
    findings.push(if server.version_num / 10_000 > NEWEST {
        Finding::new(
            Severity::Warning,
            "version",
            format!("{address} is PostgreSQL {}, newer than what was tested", server.version),
            format!("Tenantry was tested up to PostgreSQL {NEWEST}: try it on a copy, or look for a newer Tenantry"),
        )
    } else {
        ok("version", format!("{address} is PostgreSQL {}, a primary", server.version))
    });
    findings.push(ok("pooler", "sessions are our own: no pooler in transaction mode is in between"));
}

async fn encryption(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let sql = "SELECT ssl.ssl OR pg_catalog.inet_client_addr() IS NULL
                   OR pg_catalog.inet_client_addr() <<= '127.0.0.0/8' OR pg_catalog.inet_client_addr() = '::1'
               FROM pg_catalog.pg_stat_ssl AS ssl WHERE ssl.pid = pg_catalog.pg_backend_pid()";
    let Some(row) = patient.row("encryption", sql, &[], findings).await? else { return Ok(()) };
    let safe: bool = row.try_get(0).map_err(|error| patient.unread(&error))?;
    findings.push(if safe {
        ok("encryption", "the connection is encrypted, or does not leave the machine")
    } else {
        Finding::new(
            Severity::Warning,
            "encryption",
            "the connection is not encrypted",
            "Set tls.mode: VerifyFull (sslmode=verify-full), with the server's authority",
        )
    });
    Ok(())
}

async fn counters(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let sql = "SELECT pg_catalog.current_setting('track_counts')::boolean";
    let Some(row) = patient.row("track_counts", sql, &[], findings).await? else { return Ok(()) };
    let on: bool = row.try_get(0).map_err(|error| patient.unread(&error))?;
    findings.push(if on {
        ok("track_counts", "on: whether anything changed costs one small query")
    } else {
        Finding::new(
            Severity::Warning,
            "track_counts",
            "off: each look reads the watermark of every tenant, and autovacuum does not work",
            "ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()",
        )
    });
    Ok(())
}

async fn control_file(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let sql = "SELECT
            pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
            pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')";
    let Some(row) = patient.row("pg_control", sql, &[], findings).await? else { return Ok(()) };
    let read = |at: usize| row.try_get::<_, bool>(at).map_err(|error| patient.unread(&error));
    findings.push(match (read(0)?, read(1)?) {
        (true, true) => ok("pg_control", "readable: a clone is told from the original"),
        (system, _) => Finding::new(
            Severity::Note,
            "pg_control",
            if system {
                "pg_control_checkpoint() may not be called: each look reads the watermark of every tenant"
            } else {
                "pg_control_system() may not be called: a restored clone is told from the original by its address only"
            },
            format!(
                "GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO {}",
                patient.login
            ),
        ),
    });
    Ok(())
}

async fn locks(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let sql = include_str!("locks.sql");
    let Some(row) = patient.row("locks", sql, &[], findings).await? else { return Ok(()) };
    let read = |at: &str| row.try_get::<_, i64>(at).map_err(|error| patient.unread(&error));
    let (table, largest, relations) = (read("entries")?, read("largest")?, read("relations")?);
    let told = format!(
        "the lock table has {table} entries; the largest of the schemas has {}, all together {}",
        counted(largest, "relation"),
        counted(relations, "relation")
    );
    findings.push(if largest > table / PART_OF_LOCKS {
        Finding::new(
            Severity::Warning,
            "locks",
            format!("{told}: a shadow of it finds no place here, and dropping it at once may fail"),
            "Raise max_locks_per_transaction (it takes a restart)",
        )
    } else {
        ok("locks", told)
    });
    Ok(())
}

async fn connections(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let sql = include_str!("connections.sql");
    let Some(row) = patient.row("connections", sql, &[], findings).await? else { return Ok(()) };
    let read = |at: &str| row.try_get::<_, i64>(at).map_err(|error| patient.unread(&error));
    let (allowed, others) = (read("allowed")?, read("others")?);
    let wanted = i64::try_from(patient.settings.limits.max_connections).unwrap_or(i64::MAX);
    let told = format!("{allowed} are allowed, {others} are in use by others, Tenantry takes up to {wanted}");
    findings.push(if others.saturating_add(wanted) > allowed {
        Finding::new(
            Severity::Warning,
            "connections",
            told,
            "Lower limits.maxConnections, or raise max_connections, the role's or the database's CONNECTION LIMIT",
        )
    } else {
        ok("connections", told)
    });
    Ok(())
}

/// Names only: values of settings can be secrets.
async fn settings(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let known: Vec<&str> = [NOT_PINNED, PINNED].concat();
    let sql = include_str!("settings.sql");
    let Some(rows) = patient.rows("settings", sql, &[(&known, Type::TEXT_ARRAY)], findings).await? else {
        return Ok(());
    };
    let (mut changing, mut pinned) = (Vec::new(), Vec::new());
    for row in &rows {
        let name: String = row.try_get("name").map_err(|error| patient.unread(&error))?;
        let whose: String = row.try_get("whose").map_err(|error| patient.unread(&error))?;
        let list = if NOT_PINNED.contains(&name.as_str()) { &mut changing } else { &mut pinned };
        list.push(format!("{name} ({whose})"));
    }
    if !changing.is_empty() {
        findings.push(Finding::new(
            Severity::Warning,
            "settings",
            format!("set for our sessions, and changes what statements make: {}", some(&changing)),
            format!("ALTER ROLE {} RESET ... (or ALTER DATABASE {})", patient.login, patient.database),
        ));
    }
    if !pinned.is_empty() {
        findings.push(Finding::new(
            Severity::Note,
            "settings",
            format!("set here, and not obeyed by our sessions: {}", some(&pinned)),
            "Plans that are run by psql obey it",
        ));
    }
    if rows.is_empty() {
        findings.push(ok(
            "settings",
            "nothing is set for the database or the role that changes what statements do",
        ));
    }
    Ok(())
}
