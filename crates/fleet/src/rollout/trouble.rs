//! What an error on one tenant means for the rollout.

use tenantry_engine::{EngineError, ServerError};

/// What went wrong with one tenant, as far as the rollout has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It may pass by itself; nothing happened to the tenant.
    Passing {
        /// In a few words, the same for equal causes.
        cause: String,
        /// In full.
        message: String,
    },
    /// The tenant is not where the plan starts: it is looked at again.
    Moved,
    /// It may have happened: it is looked at again.
    InDoubt,
    /// The database does not answer; what was under way is in doubt.
    Silent {
        /// What the system said.
        message: String,
    },
    /// It is somebody else's, or not ours to change.
    NotOurs {
        /// Why, and what to do.
        message: String,
    },
    /// It will not pass by itself.
    Lasting {
        /// In a few words, the same for equal causes.
        cause: String,
        /// In full.
        message: String,
    },
    /// Somebody asked to stop; nothing happened.
    Stopped,
}

impl Trouble {
    /// What an error of an apply means.
    pub fn of(error: &EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::Moved { .. } | EngineError::Missing { .. } => Trouble::Moved,
            EngineError::InDoubt { .. } => Trouble::InDoubt,
            EngineError::Unreachable { .. } => Trouble::Silent { message },
            EngineError::Claimed { .. } => Trouble::NotOurs { message },
            EngineError::Cancelled | EngineError::Superseded { .. } => Trouble::Stopped,
            _ => {
                let cause = cause(error);
                if error.is_transient() {
                    Trouble::Passing { cause, message }
                } else {
                    Trouble::Lasting { cause, message }
                }
            }
        }
    }
}

/// What equal causes have in common, without the tenant: `unique_violation on
/// app_user_email_key`.
fn cause(error: &EngineError) -> String {
    match error {
        EngineError::Refused { error, .. } | EngineError::Server { error, .. } => of_server(error),
        EngineError::Denied { what, .. } => what.clone(),
        EngineError::Busy { .. } => "being worked on by another process".to_owned(),
        EngineError::Locked { .. } => "a lock was not to be had".to_owned(),
        EngineError::Timeout { .. } => "took too long".to_owned(),
        other => other.to_string(),
    }
}

fn of_server(error: &ServerError) -> String {
    match (&error.constraint, &error.table, &error.column) {
        (Some(constraint), _, _) => format!("{} on {constraint}", error.condition),
        (None, Some(table), Some(column)) => format!("{} on {table}.{column}", error.condition),
        (None, Some(table), None) => format!("{} on {table}", error.condition),
        _ => error.condition.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::schema;

    fn refused(sqlstate: &str, condition: &str) -> EngineError {
        EngineError::Refused {
            schema: schema("tenant_acme"),
            error: ServerError {
                sqlstate: sqlstate.to_owned(),
                condition: condition.to_owned(),
                message: None,
                table: Some("app_user".to_owned()),
                column: None,
                constraint: Some("app_user_email_key".to_owned()),
                statement: None,
            },
        }
    }

    #[test]
    fn kinds_of_error() {
        let Trouble::Lasting { cause, message } = Trouble::of(&refused("23505", "unique_violation")) else {
            panic!("rows do not change by waiting");
        };
        assert_eq!(cause, "unique_violation on app_user_email_key");
        assert!(message.contains("tenant_acme"));
        assert!(matches!(Trouble::of(&refused("40P01", "deadlock_detected")), Trouble::Passing { .. }));
        let schema = schema("tenant_acme");
        assert_eq!(Trouble::of(&EngineError::Moved { schema: schema.clone() }), Trouble::Moved);
        assert_eq!(Trouble::of(&EngineError::Missing { schema: schema.clone() }), Trouble::Moved);
        assert_eq!(Trouble::of(&EngineError::InDoubt { schema: schema.clone() }), Trouble::InDoubt);
        assert!(matches!(Trouble::of(&EngineError::Busy { schema }), Trouble::Passing { .. }));
        let away = EngineError::Unreachable { address: "h:5432/d".to_owned(), reason: "refused".to_owned() };
        assert!(matches!(Trouble::of(&away), Trouble::Silent { .. }));
    }
}
