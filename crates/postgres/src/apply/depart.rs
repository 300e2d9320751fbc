//! Puts the schema of a tenant that left aside, drops it, or brings it back: one transaction, as guarded as an apply.

use tenantry_engine::{Departed, Departure, EngineError, Fate, SchemaName};
use tokio_postgres::error::DbError;

use super::failure::guarded;
use super::message::{self, Part};
use super::sending::{Sending, is_lock};
use crate::error::server_error;
use crate::reach::Reach;

/// See [`tenantry_engine::Engine::depart`].
///
/// # Errors
/// In all cases but [`EngineError::InDoubt`] nothing has happened.
pub(crate) async fn depart(reach: &Reach, departure: &Departure<'_>) -> Result<Departed, EngineError> {
    let schema = &departure.tenant.key.schema;
    let aside = schema.aside().map_err(|error| EngineError::Unread(error.to_string()))?;
    let doing = "carrying out what becomes of a tenant that left";
    let mut sending = Sending::begin(reach, departure.tenant, doing, departure.within).await?;
    let answer =
        sending.transaction(|setting| message::departure(departure, aside.as_str(), setting)).await?;
    match answer {
        Ok(became) => {
            sending.session.put_back();
            match became.as_deref() {
                Some("dropped") => Ok(Departed::Dropped),
                Some("was gone") => Ok(Departed::WasGone),
                Some("brought back") => Ok(Departed::BroughtBack),
                Some(_) if departure.fate == Fate::PutAside => Ok(Departed::PutAside(aside)),
                other => Err(EngineError::Unread(format!("schema {schema} is said to be {other:?}"))),
            }
        }
        Err((part, error)) if is_lock(part, &error) => Err(sending.locked(&[], &[schema, &aside]).await),
        Err((part, error)) => Err(explained(schema, &aside, part, &error)),
    }
}

/// In our words. Nothing of the transaction happened.
fn explained(schema: &SchemaName, aside: &SchemaName, part: Part, error: &DbError) -> EngineError {
    if let Some(error) = guarded(schema, error).filter(|_| part == Part::Entering) {
        return error;
    }
    let schema = schema.clone();
    match (error.code().code(), part) {
        ("TN007", Part::Entering) => {
            let to = if error.message() == aside.as_str() { aside.clone() } else { schema.clone() };
            EngineError::Occupied { schema, to }
        }
        ("TN008", Part::Entering) => {
            EngineError::Depended { schema, dependents: error.message().to_owned() }
        }
        ("TN009", Part::Entering) => {
            let mut numbers = error.message().split(' ').map(|number| number.parse().unwrap_or_default());
            let (objects, free) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
            EngineError::TooMany { schema, objects, free }
        }
        ("42501", Part::Entering) => EngineError::Denied {
            what: format!("schema {schema}: {}", error.message()),
            remedy: "make the role that logs in a member of the role that owns the schema, and GRANT CREATE ON DATABASE to it"
                .to_owned(),
        },
        _ => EngineError::Refused { schema, error: server_error(error) },
    }
}
