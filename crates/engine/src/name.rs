//! Who a tenant is, and where it lives.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenantry_planner::RESERVED;
use tenantry_planner::sql::{Identifier, IdentifierError};

/// The longest name that PostgreSQL keeps, in bytes.
const LONGEST: usize = 63;

/// Why a text cannot be a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Tenants need names that a person can type.
    #[error("the tenant name {0:?} is empty, or longer than 253 bytes, or has control characters")]
    Tenant(String),
    /// Not a name that PostgreSQL takes.
    #[error(transparent)]
    Schema(#[from] IdentifierError),
    /// PostgreSQL keeps these to itself, and Tenantry its own.
    #[error(
        "the schema name {0:?} is reserved: pg_*, {RESERVED}*, information_schema and public cannot be a tenant's"
    )]
    Reserved(String),
}

/// The name by which people know a tenant. Never part of SQL text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantName(String);

impl TenantName {
    /// Takes a name as people write it.
    ///
    /// # Errors
    /// When it is empty, too long, or has control characters.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        if name.is_empty() || name.len() > 253 || name.chars().any(char::is_control) {
            return Err(NameError::Tenant(name));
        }
        Ok(Self(name))
    }

    /// The bare name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a tenant's schema. `Display` prints it bare, for people;
/// [`SchemaName::identifier`] is what goes into SQL text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SchemaName(Identifier);

impl SchemaName {
    /// Takes a bare name.
    ///
    /// # Errors
    /// When PostgreSQL cannot have it, or when it is reserved.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        if name.starts_with("pg_")
            || name.starts_with(RESERVED)
            || matches!(name.as_str(), "information_schema" | "public")
        {
            return Err(NameError::Reserved(name));
        }
        Ok(Self(Identifier::new(name)?))
    }

    /// A schema that is looked at only: `public` too.
    ///
    /// # Errors
    /// When PostgreSQL cannot have it.
    pub fn for_reading(name: impl Into<String>) -> Result<Self, NameError> {
        Ok(Self(Identifier::new(name.into())?))
    }

    /// The name that the schema gets when its tenant leaves: always the same
    /// one, no tenant's, and still to be read by a person.
    ///
    /// # Errors
    /// Never for a name that PostgreSQL can have.
    pub fn aside(&self) -> Result<Self, NameError> {
        let digits: String =
            Sha256::digest(self.as_str()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let mut name = format!("{RESERVED}{digits}_{}", self.as_str());
        name.truncate(name.floor_char_boundary(LONGEST));
        Self::for_reading(name)
    }

    /// The bare name, for parameters and for people.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name as SQL text quotes it.
    pub fn identifier(&self) -> &Identifier {
        &self.0
    }
}

/// The name of a TenantDatabase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DatabaseName(String);

impl DatabaseName {
    /// A database by the name of its resource.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The bare name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}
text!(TenantName, SchemaName, DatabaseName);

macro_rules! checked {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, Self::Error> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }
    )*};
}
checked!(TenantName, SchemaName);

/// What a tenant is selected by.
pub type Labels = BTreeMap<String, String>;

/// Where a tenant lives: no two tenants share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantKey {
    /// The database.
    pub database: DatabaseName,
    /// The schema in it.
    pub schema: SchemaName,
}

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The name by which people know it.
    pub name: TenantName,
    /// Where it lives.
    #[serde(flatten)]
    pub key: TenantKey,
    /// What waves select it by.
    #[serde(default)]
    pub labels: Labels,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_names_and_reserved_ones_are_not() {
        for name in ["acme", "Acme Ltd", "o'brien", "a\"b", "x;DROP TABLE y", "é", &"a".repeat(63)] {
            assert_eq!(SchemaName::new(name).unwrap().as_str(), name);
        }
        for name in ["", "pg_toast", "pg_x", "tenantry_q_x", "information_schema", "public", &"a".repeat(64)]
        {
            assert!(SchemaName::new(name).is_err(), "{name}");
        }
        assert!(TenantName::new("a\nb").is_err());
    }

    #[test]
    fn what_is_put_aside_has_a_name_that_fits_and_is_no_tenants() {
        let mut asides = std::collections::BTreeSet::new();
        let long = ["a".repeat(63), format!("{}b", "a".repeat(62)), "é".repeat(31)];
        let short = ["acme", "Acme", "o'brien; \"x\"", "tenant_%", "\u{1F600}"].map(str::to_owned);
        for name in long.iter().chain(&short) {
            let aside = SchemaName::new(name.as_str()).unwrap().aside().unwrap();
            assert!(aside.as_str().len() <= LONGEST && aside.as_str().starts_with(RESERVED), "{aside}");
            assert!(SchemaName::new(aside.as_str()).is_err(), "{aside}");
            assert!(asides.insert(aside), "{name}");
        }
    }
}
