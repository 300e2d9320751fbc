//! What a server said, in words that may leave the database (D23).

use std::error::Error as _;

use tenantry_engine::ServerError;
use tokio_postgres::error::{DbError, ErrorPosition};

/// SQLSTATE and condition name a line, as appendix A of the manual has them.
const CONDITIONS: &str = include_str!("error/conditions.txt");

/// Codes whose primary messages are made of names and of the statement's own
/// text, never of stored values, besides the classes in [`tells_names_only`].
const SHOWN: &[&str] = &[
    "2BP01", // dependent_objects_still_exist
    "3D000", // invalid_catalog_name
    "3F000", // invalid_schema_name
    "40001", // serialization_failure
    "40P01", // deadlock_detected
    "55000", // object_not_in_prerequisite_state
    "55006", // object_in_use
    "55P03", // lock_not_available
    "55P04", // unsafe_new_enum_value_usage
];

/// The name of a condition in the PostgreSQL manual; of its class, where the
/// code is not in there.
pub(crate) fn condition(sqlstate: &str) -> &'static str {
    let find = |code: &str| CONDITIONS.lines().find_map(|line| line.strip_prefix(code)?.strip_prefix(' '));
    let class = || find(&format!("{}000", sqlstate.get(..2)?));
    find(sqlstate).or_else(class).unwrap_or("error")
}

/// Whether messages of this code hold names only. Whole classes: connection
/// exception, feature not supported, invalid authorization, transaction state,
/// syntax error or access rule violation, insufficient resources, program
/// limit exceeded, operator intervention.
fn tells_names_only(sqlstate: &str) -> bool {
    let class = sqlstate.get(..2).unwrap_or_default();
    matches!(class, "08" | "0A" | "25" | "28" | "42" | "53" | "54" | "57") || SHOWN.contains(&sqlstate)
}

/// Whether the message was composed by the tenant's own code, or is about a
/// statement that it composed: either can be made of rows.
fn is_from_tenants_code(error: &DbError) -> bool {
    let raised = error.routine().is_some_and(|routine| routine.starts_with("exec_stmt_"));
    raised || matches!(error.position(), Some(ErrorPosition::Internal { .. }))
}

/// The part of an error that may be shown and stored.
pub(crate) fn server_error(error: &DbError) -> ServerError {
    let sqlstate = error.code().code();
    let shown = tells_names_only(sqlstate) && !is_from_tenants_code(error);
    ServerError {
        sqlstate: sqlstate.to_owned(),
        condition: condition(sqlstate).to_owned(),
        message: shown.then(|| error.message().to_owned()),
        table: error.table().map(str::to_owned),
        column: error.column().map(str::to_owned),
        constraint: error.constraint().map(str::to_owned),
        statement: None,
    }
}

/// Why there is no connection (any more). Never a password: neither the
/// server nor the client library repeats it.
pub(crate) fn reason(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return server_error(error).to_string();
    }
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
        source = cause.source();
    }
    reason
}

/// Why there is no connection (any more), and what to do about it.
pub(crate) fn reason_and_remedy(error: &tokio_postgres::Error) -> String {
    let remedy = match error.as_db_error() {
        Some(error) => remedy(error.code().code()),
        None => causes(error).find_map(|cause| cause.downcast_ref()).and_then(remedy_of_system),
    };
    match remedy {
        Some(remedy) => format!("{}. {remedy}", reason(error)),
        None => reason(error),
    }
}

fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn std::error::Error + 'static)| (*cause).source())
}

/// What to do when the system says this.
fn remedy_of_system(error: &std::io::Error) -> Option<&'static str> {
    use std::io::ErrorKind;
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => "Is the server up, and are host and port right?",
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "Is the host right, and does the network (a firewall, a NetworkPolicy) let the connection through?"
        }
        ErrorKind::NotFound | ErrorKind::PermissionDenied => "Is the directory of the server's socket right?",
        // A name that nobody knows has no kind of its own.
        _ if error.to_string().contains("lookup address") => "Is the host's name right, and known here?",
        _ => return None,
    })
}

/// What to do when a server lets nobody in for this reason.
fn remedy(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "28P01" => "Are user and password in the connection (its URI or secret) those of the server?",
        "28000" => {
            "Does the role exist and may it log in, does pg_hba.conf let it in from here, and does sslmode fit?"
        }
        "3D000" => "Create the database, or name another one in the connection",
        "42501" => "GRANT CONNECT ON DATABASE to the login",
        "53300" => {
            "Lower limits.maxConnections, or raise max_connections, the role's or the database's limit"
        }
        "57P03" => "It is starting up, shutting down or recovering: it is asked again",
        "57P01" | "57P02" => {
            "It was shut down or restarted, or an administrator ended the session: it is asked again"
        }
        _ => return None,
    })
}

/// Whether the error ends the connection, or tells that there is none. That an answer was not understood does neither.
pub(crate) fn is_lost(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(error) => {
            let code = error.code().code();
            code.starts_with("08")
                || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300")
        }
        None => error.is_closed() || causes(error).any(|cause| cause.is::<std::io::Error>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_have_the_names_of_the_manual() {
        assert_eq!(condition("23505"), "unique_violation");
        assert_eq!(condition("42P01"), "undefined_table");
        assert_eq!(condition("23999"), "integrity_constraint_violation");
        assert_eq!(condition("ZZ123"), "error");
        assert_eq!(condition("é"), "error");
    }

    #[test]
    fn messages_with_values_are_not_shown() {
        for code in ["22P02", "22001", "23505", "23514", "P0001", "XX000", "22023"] {
            assert!(!tells_names_only(code), "{code}");
        }
        for code in ["42601", "42501", "55P03", "57014", "28P01", "2BP01"] {
            assert!(tells_names_only(code), "{code}");
        }
    }
}
