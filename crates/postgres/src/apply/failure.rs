//! What it means that the server refused a part of a message.

use tenantry_engine::{Claim, ClaimConflict, EngineError, SchemaName, Work};
use tenantry_planner::sql::Identifier;
use tokio_postgres::error::DbError;

use super::message::Part;
use crate::error::server_error;

/// What the guard raises: the same whatever was to be done.
pub(super) fn guarded(schema: &SchemaName, error: &DbError) -> Option<EngineError> {
    let schema = schema.clone();
    Some(match error.code().code() {
        "TN001" => EngineError::Busy { schema },
        "TN002" => EngineError::Missing { schema },
        "TN003" => EngineError::Moved { schema },
        "TN004" => match held(error.message()) {
            Some(held) => EngineError::Claimed { schema, conflict: ClaimConflict::Other { held } },
            // Somebody took the row away meanwhile.
            None => EngineError::Moved { schema },
        },
        "TN005" => EngineError::Claimed { schema, conflict: ClaimConflict::Recreated },
        "TN006" => match SchemaName::for_reading(error.message()) {
            Ok(aside) => EngineError::PutAside { schema, aside },
            Err(_) => EngineError::Moved { schema },
        },
        "TN010" => EngineError::Superseded { of: format!("schema {schema}") },
        _ => return None,
    })
}

/// In our words. Nothing of the transaction happened.
pub(super) fn explained(
    work: &Work<'_>,
    owner: Option<&Identifier>,
    part: Part,
    error: &DbError,
) -> EngineError {
    let schema = work.tenant.key.schema.clone();
    if part == Part::Entering
        && let Some(error) = guarded(&schema, error)
    {
        return error;
    }
    match (error.code().code(), part) {
        ("42P06", Part::Making) => EngineError::Moved { schema },
        ("42501", Part::Making) => EngineError::Denied {
            what: format!("schema {schema} cannot be made: {}", error.message()),
            remedy: match owner {
                Some(owner) => format!(
                    "grant what is missing: GRANT CREATE ON DATABASE ... and GRANT {owner} TO the role that logs in"
                ),
                None => "grant it: GRANT CREATE ON DATABASE ... TO the role that logs in".to_owned(),
            },
        },
        ("42704" | "22023", Part::Making | Part::ActingAs) => {
            let owner = owner.map(ToString::to_string).unwrap_or_default();
            EngineError::Denied {
                what: format!("schema {schema}: the owner role {owner} is not there"),
                remedy: format!("make it: CREATE ROLE {owner}; GRANT {owner} TO the role that logs in"),
            }
        }
        ("42501", Part::ActingAs) => {
            let owner = owner.map(ToString::to_string).unwrap_or_default();
            EngineError::Denied {
                what: format!("schema {schema}: the login may not act as the owner role {owner}"),
                remedy: format!("grant it: GRANT {owner} TO the role that logs in"),
            }
        }
        ("22012", Part::StillActing) => EngineError::Denied {
            what: format!(
                "schema {schema}: a function that the plan called changed the role, and the plan was undone"
            ),
            remedy: "look at the functions that its triggers, defaults and generated columns call".to_owned(),
        },
        ("42501", Part::Entering) => EngineError::Denied {
            what: format!("schema {schema}: {}", error.message()),
            remedy: "make the role that logs in a member of the role that owns the tables".to_owned(),
        },
        _ => {
            let mut error = server_error(error);
            if let Part::Step(at) = part {
                error.statement = work.plan.steps.get(at).map(|step| step.sql.clone());
            }
            EngineError::Refused { schema, error }
        }
    }
}

/// The claim that stands, as the guard told it.
fn held(message: &str) -> Option<Claim> {
    let told: serde_json::Value = serde_json::from_str(message).ok()?;
    let text = |field: &str| told.get(field)?.as_str().map(str::to_owned);
    Some(Claim { set: text("set")?, cluster: text("cluster"), database: text("database")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_from_what_the_guard_says() {
        assert_eq!(
            held(r#"{"set" : "default/b", "cluster" : null, "database" : "eu-1"}"#),
            Some(Claim { set: "default/b".to_owned(), cluster: None, database: "eu-1".to_owned() })
        );
        assert_eq!(held(r#"{"set" : null, "cluster" : null, "database" : null}"#), None);
    }
}
