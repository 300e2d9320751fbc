//! What shadows are called: names of ours that tell what is left over from what is in use.

use sha2::{Digest as _, Sha256};
use tenantry_engine::{NameError, SchemaName};
use tenantry_planner::sql::{Identifier, IdentifierError};

/// The beginning of every shadow's name: of schemas and of databases. Tenants cannot have it.
pub const PREFIX: &str = "tenantry_shadow_";

/// The schema that a session uses. By the server's process, so that two sessions never wait for each other's.
pub(super) fn schema(process: i32) -> Result<SchemaName, NameError> {
    SchemaName::new(format!("{PREFIX}{process}"))
}

/// How the names of all databases begin that are made beside this one.
pub(super) fn database_prefix(database: &str) -> String {
    let hash = Sha256::digest(database.as_bytes());
    let hex: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{PREFIX}{hex}_")
}

/// The database that a session makes beside this one.
pub(super) fn database(database: &str, process: i32) -> Result<Identifier, IdentifierError> {
    Identifier::new(format!("{}{process}", database_prefix(database)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_told_apart_by_what_they_stand_beside() {
        let name = database("shop", 4711).unwrap();
        assert_eq!(name.as_str(), format!("{}4711", database_prefix("shop")));
        assert!(name.as_str().starts_with(PREFIX));
        assert_ne!(database_prefix("shop"), database_prefix("Shop"));
        assert!(database(&"x".repeat(63), i32::MAX).is_ok());
    }
}
