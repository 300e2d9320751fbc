//! The tenant query (D19): one statement that reads, within a time, and what its rows mean.

mod rows;

use std::time::Duration;

use futures::TryStreamExt as _;
use tenantry_engine::{EngineError, TenantRow};
use tenantry_planner::sql::lexer::tokens;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use self::rows::{Columns, Rows};
use crate::connect::Session;
use crate::error::server_error;

/// How many tenants a query may return: what is beyond that is a join that lacks its condition.
const MOST_ROWS: usize = 100_000;
/// How much longer than the statement's own limit is waited for a server that says nothing.
const GRACE: Duration = Duration::from_secs(5);

/// See [`tenantry_engine::Engine::tenants`].
///
/// # Errors
/// [`EngineError::TenantQuery`] with what is wrong with the query or its rows, else what has nothing to do with them.
pub(crate) async fn tenants(
    session: Session,
    query: &str,
    timeout: Duration,
) -> Result<Vec<TenantRow>, EngineError> {
    reads(query)?;
    let answer = tokio::time::timeout(timeout + GRACE, ask(&session, query, timeout)).await;
    match answer {
        Ok(Ok(rows)) => {
            // What the query set or locked for the session ends here.
            let end = "ROLLBACK; SELECT pg_catalog.pg_advisory_unlock_all()";
            session.run("ending the tenant query", end).await?;
            session.put_back();
            Ok(rows)
        }
        Ok(Err(Failed::Query(error))) => Err(told(&session, &error, timeout)),
        Ok(Err(Failed::Rows(reason))) => Err(EngineError::TenantQuery(reason)),
        Err(_) => Err(EngineError::TenantQuery(too_slow(timeout))),
    }
}

/// Why there are no rows.
enum Failed {
    Query(tokio_postgres::Error),
    Rows(String),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Failed::Query(error)
    }
}

async fn ask(session: &Session, query: &str, timeout: Duration) -> Result<Vec<TenantRow>, Failed> {
    // Names are looked for in pg_catalog alone: what somebody puts into public cannot take a function's place.
    session
        .batch_execute(&format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL search_path = pg_catalog; SET LOCAL statement_timeout = {}",
            timeout.as_millis().clamp(1, i32::MAX.unsigned_abs().into())
        ))
        .await?;
    let statement = session.prepare(query).await?;
    if let Some(number) = (!statement.params().is_empty()).then_some(statement.params().len()) {
        return Err(Failed::Rows(format!(
            "it has {number} parameters ($1 ...), and nobody gives them a value"
        )));
    }
    let columns = Columns::of(&statement).map_err(Failed::Rows)?;
    let mut rows = Rows::new(columns);
    let none: [&str; 0] = [];
    let mut stream = std::pin::pin!(session.query_raw(&statement, none).await?);
    while let Some(row) = stream.try_next().await? {
        if rows.len() == MOST_ROWS {
            return Err(Failed::Rows(format!(
                "it returns more than {MOST_ROWS} rows; is a condition missing?"
            )));
        }
        rows.take(&row).map_err(Failed::Rows)?;
    }
    Ok(rows.finish())
}

/// Whether the query is of a kind that only reads. That it is one statement, and writes nothing in what it calls, is the
/// server's to say.
fn reads(query: &str) -> Result<(), EngineError> {
    let mut words = tokens(query).filter(|token| !token.is_trivia() && !token.is_symbol("("));
    let first = words.next();
    let fits = |token: &tenantry_planner::sql::lexer::Token<'_>| {
        ["select", "with", "values", "table"].iter().any(|word| token.is_word(word))
    };
    match first {
        Some(token) if fits(&token) => Ok(()),
        Some(token) if !token.is_symbol(";") => Err(EngineError::TenantQuery(
            "it must be one SELECT (or WITH, VALUES, TABLE) that returns name, and schema and labels where they are known"
                .to_owned(),
        )),
        _ => Err(EngineError::TenantQuery("it is empty".to_owned())),
    }
}

fn too_slow(timeout: Duration) -> String {
    format!(
        "not done within {timeout:?}, and ended; nothing is known of its tenants. Make it faster, or raise queryTimeout"
    )
}

/// What the server said, with what to do.
fn told(session: &Session, error: &tokio_postgres::Error, timeout: Duration) -> EngineError {
    let failed = session.failed("the tenant query", error);
    let Some(said) = error.as_db_error() else { return failed };
    if said.code() == &SqlState::QUERY_CANCELED {
        return EngineError::TenantQuery(too_slow(timeout));
    }
    if matches!(&failed, EngineError::Unreachable { .. }) || failed.is_transient() {
        return failed;
    }
    let mut reason = server_error(said).to_string();
    if let Some(ErrorPosition::Original(at)) = said.position() {
        reason.push_str(&format!(", at character {at}"));
    }
    if let Some(remedy) = remedy(said) {
        reason.push_str(". ");
        reason.push_str(remedy);
    }
    EngineError::TenantQuery(reason)
}

fn remedy(said: &DbError) -> Option<&'static str> {
    let code = said.code();
    Some(match code.code() {
        "25006" => "It may only read: a tenant query changes nothing",
        "42601" if said.message().contains("multiple commands") => "Write one statement",
        "42P01" | "42883" | "42704" => {
            "Names are looked for in pg_catalog alone: write the schema too, as in public.customer"
        }
        "42501" if said.message().contains("row-level security") => {
            "The login would see a part of the rows only. Give it BYPASSRLS, or a view that shows all of them"
        }
        "42501" => "GRANT USAGE on the schema and SELECT on the table to the login",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_is_asked() {
        for query in [
            "SELECT slug AS name FROM public.customer",
            "  -- all of them\n select 1",
            "((TABLE public.customer))",
            "/* a */ VALUES ('a')",
            "with a as (select 1) select * from a;",
        ] {
            assert!(reads(query).is_ok(), "{query}");
        }
        for query in [
            "",
            "-- nothing",
            ";",
            "()",
            "DELETE FROM public.customer",
            "EXPLAIN SELECT 1",
            "COPY a TO STDOUT",
            "\"select\" 1",
        ] {
            assert!(reads(query).is_err(), "{query}");
        }
    }
}
