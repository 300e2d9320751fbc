//! What the login may and may not, and what in the database could surprise, each with what to do.
//!
//! Each check is one statement. One that fails is a note: the others go on.

mod around;
mod login;
mod server;

use tenantry_engine::{EngineError, Finding, Severity};
use tenantry_planner::sql::Quoted;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::connect::{Session, Settings};
use crate::error::{is_lost, server_error};
use crate::owner::Owner;
use crate::reach::Reach;

/// See [`tenantry_engine::Engine::doctor`].
///
/// # Errors
/// What the ways to a database do not know. That there is no connection is a finding.
pub(crate) async fn doctor(reach: &Reach) -> Result<Vec<Finding>, EngineError> {
    match examine(reach).await {
        // A connection that was kept may be one to a server that is gone.
        Err(EngineError::Unreachable { .. }) => match examine(reach).await {
            Err(error) => no_session(error).map(|finding| vec![finding]),
            findings => findings,
        },
        Err(error) => no_session(error).map(|finding| vec![finding]),
        findings => findings,
    }
}

async fn examine(reach: &Reach) -> Result<Vec<Finding>, EngineError> {
    let session = reach.session().await?;
    let shadow = reach.shadow();
    let patient = Patient {
        session: &session,
        settings: reach.settings(),
        owner: &shadow.owner,
        shadows_named: shadow.database.is_some(),
        login: Quoted(&reach.settings().user).to_string(),
        database: Quoted(&reach.settings().dbname).to_string(),
    };
    let mut findings = Vec::new();
    server::check(&patient, &mut findings).await?;
    login::check(&patient, &mut findings).await?;
    around::check(&patient, &mut findings).await?;
    session.put_back();
    Ok(findings)
}

/// Why nothing can be looked at.
fn no_session(error: EngineError) -> Result<Finding, EngineError> {
    match error {
        EngineError::Unreachable { address, reason } => {
            let (message, remedy) = reason.split_once(". ").unwrap_or((&reason, ""));
            let message = format!("{address} cannot be reached: {message}");
            Ok(Finding::new(Severity::Error, "connection", message, remedy))
        }
        EngineError::Unsuitable { address, reason, remedy } => {
            let message = format!("{address} cannot be used: {reason}");
            Ok(Finding::new(Severity::Error, "connection", message, remedy))
        }
        error => Err(error),
    }
}

/// The database that is looked at.
struct Patient<'a> {
    session: &'a Session,
    settings: &'a Settings,
    /// As whom plans run.
    owner: &'a Owner,
    /// Whether a database for shadows is named.
    shadows_named: bool,
    /// The login, as SQL quotes it.
    login: String,
    /// The database, as SQL quotes it.
    database: String,
}

impl Patient<'_> {
    /// The rows of one check; `None` where it failed, which is written down.
    async fn rows(
        &self,
        subject: &str,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Vec<Row>>, EngineError> {
        match self.session.query_typed(sql, parameters).await {
            Ok(rows) => Ok(Some(rows)),
            Err(error) => match error.as_db_error() {
                Some(said) if !is_lost(&error) => {
                    let message = format!("it cannot be told: {}", server_error(said));
                    findings.push(Finding::new(Severity::Note, subject, message, ""));
                    Ok(None)
                }
                _ => Err(self.session.failed("looking at the database", &error)),
            },
        }
    }

    /// As [`Patient::rows`], of a check that answers one row.
    async fn row(
        &self,
        subject: &str,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Row>, EngineError> {
        Ok(self.rows(subject, sql, parameters, findings).await?.and_then(|rows| rows.into_iter().next()))
    }

    /// What a column of a check's row cannot be read as.
    fn unread(&self, error: &tokio_postgres::Error) -> EngineError {
        self.session.failed("looking at the database", error)
    }
}

fn ok(subject: &str, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Ok, subject, message, "")
}

/// How many names are shown; the others are counted.
const NAMES_SHOWN: usize = 5;

/// A few of many names.
fn some(names: &[String]) -> String {
    let shown = names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 schema`, `3 schemas`.
fn counted(count: i64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (1..=7).map(|n| format!("n{n}")).collect();
        assert_eq!(some(&names), "n1, n2, n3, n4, n5 and 2 more");
        assert_eq!(some(&names[..2]), "n1, n2");
        assert_eq!(counted(1, "schema"), "1 schema");
        assert_eq!(counted(0, "schema"), "0 schemas");
    }
}
