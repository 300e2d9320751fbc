//! Bodies of functions, checked once everything that they use is there (D1).
//!
//! A body with a syntax error can never work: that is a fault. One that uses what is not there may work one day, and a dump
//! of a living schema may hold such a one: that is a note.

use tenantry_engine::{DefinitionFault, EngineError};
use tokio_postgres::Row;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use super::message;
use crate::definition::{Definition, Statement};
use crate::shadow::Shadow;

/// A function with a body that its language can check.
struct Body {
    /// What it is called, with the types of its arguments.
    function: String,
    /// The call that checks it.
    check: String,
    source: String,
}

/// Checks all of them: the notes for people.
///
/// # Errors
/// [`EngineError::Definition`] where a body can never work.
pub(super) async fn check(
    shadow: &Shadow,
    definition: &Definition,
    statements: &[&Statement],
) -> Result<Vec<String>, EngineError> {
    let bodies = bodies(shadow).await?;
    let checks: Vec<&str> = bodies.iter().map(|body| body.check.as_str()).collect();
    let (mut notes, mut faults) = (Vec::new(), Vec::new());
    if bodies.is_empty() || shadow.attempt(&format!("SELECT {}", checks.join(", "))).await?.is_ok() {
        return Ok(notes);
    }
    for body in &bodies {
        let Err(error) = shadow.attempt(&format!("SELECT {}", body.check)).await? else { continue };
        let fault = body.fault(&error, shadow, definition, statements);
        if error.code() == &SqlState::SYNTAX_ERROR {
            faults.push(fault);
        } else {
            notes.push(format!("{}{}", place(&fault), fault.message));
        }
    }
    if faults.is_empty() { Ok(notes) } else { Err(EngineError::Definition(faults)) }
}

async fn bodies(shadow: &Shadow) -> Result<Vec<Body>, EngineError> {
    let failed = |error| shadow.session().failed("reading the bodies of functions", &error);
    let rows = shadow
        .session()
        .query(include_str!("bodies.sql"), &[&shadow.schema().as_str()])
        .await
        .map_err(failed)?;
    let body = |row: &Row| {
        Ok(Body {
            function: row.try_get("function")?,
            check: row.try_get("check")?,
            source: row.try_get("source")?,
        })
    };
    rows.iter().map(body).collect::<Result<_, _>>().map_err(failed)
}

impl Body {
    /// The complaint, in the definition's text where that is found.
    fn fault(
        &self,
        error: &DbError,
        shadow: &Shadow,
        definition: &Definition,
        statements: &[&Statement],
    ) -> DefinitionFault {
        let text = format!("the body of {} does not work: {}", self.function, message(error));
        let schema = shadow.schema().identifier();
        let inside = match error.position() {
            Some(ErrorPosition::Internal { position, query }) if *query == self.source => Some(*position),
            _ => None,
        };
        let found = statements.iter().find_map(|statement| {
            let sql = statement.shadow_sql_for(schema);
            let at = sql.find(&self.source).filter(|_| !self.source.is_empty())?;
            let before = u32::try_from(sql[..at].chars().count()).ok()?;
            Some((statement, before + inside.unwrap_or(1)))
        });
        match found {
            Some((statement, position)) => definition.fault(statement, schema, Some(position), text),
            None => super::whole(text),
        }
    }
}

/// Where a note belongs.
fn place(fault: &DefinitionFault) -> String {
    match fault {
        DefinitionFault { source, .. } if source.is_empty() => String::new(),
        DefinitionFault { source, line, column, .. } => format!("{source}, line {line}, column {column}: "),
    }
}
