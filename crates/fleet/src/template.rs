//! How a tenant's schema is called.

use std::fmt;

use tenantry_engine::{NameError, SchemaName, TenantName};

/// What stands for the tenant's name in a template.
const NAME: &str = "{name}";

/// A template that would give two tenants the same schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schema template {0:?} does not tell tenants apart: write {{name}} in it, once")]
pub struct BadTemplate(String);

/// A schema's name with `{name}` where the tenant's stands: `tenant_{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaTemplate {
    before: String,
    /// `None`: one fixed schema, for an entry with one tenant.
    after: Option<String>,
}

impl SchemaTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// When `{name}` is not in it exactly once.
    pub fn new(template: &str) -> Result<Self, BadTemplate> {
        match template.split_once(NAME) {
            Some((before, after)) if !after.contains(NAME) => {
                Ok(Self { before: before.to_owned(), after: Some(after.to_owned()) })
            }
            _ => Err(BadTemplate(template.to_owned())),
        }
    }

    /// One schema by its name, for an entry that names a single tenant.
    pub fn fixed(schema: &str) -> Self {
        Self { before: schema.to_owned(), after: None }
    }

    /// The schema of a tenant.
    ///
    /// # Errors
    /// When that is no name which PostgreSQL takes, or a reserved one.
    pub fn schema_of(&self, tenant: &TenantName) -> Result<SchemaName, NameError> {
        match &self.after {
            Some(after) => SchemaName::new(format!("{}{tenant}{after}", self.before)),
            None => SchemaName::new(self.before.clone()),
        }
    }

    /// What `{name}` stands for in a schema's name; its whole name where it
    /// does not fit the template.
    pub fn name_in<'a>(&self, schema: &'a str) -> &'a str {
        self.after
            .as_ref()
            .and_then(|after| schema.strip_prefix(&self.before)?.strip_suffix(after.as_str()))
            .filter(|name| !name.is_empty())
            .unwrap_or(schema)
    }
}

impl fmt::Display for SchemaTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.after {
            Some(after) => write!(f, "{}{NAME}{after}", self.before),
            None => f.write_str(&self.before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_there_and_back() {
        let template = SchemaTemplate::new("tenant_{name}").unwrap();
        for name in ["acme", "o'brien", "a\"b;c", "é"] {
            let tenant = TenantName::new(name).unwrap();
            let schema = template.schema_of(&tenant).unwrap();
            assert_eq!(schema.as_str(), format!("tenant_{name}"));
            assert_eq!(template.name_in(schema.as_str()), name);
        }
        assert_eq!(template.name_in("legacy"), "legacy");
        assert_eq!(template.name_in("tenant_"), "tenant_");
        assert!(template.schema_of(&TenantName::new("x".repeat(60)).unwrap()).is_err());
    }

    #[test]
    fn must_tell_tenants_apart() {
        assert!(SchemaTemplate::new("app").is_err());
        assert!(SchemaTemplate::new("{name}_{name}").is_err());
        assert!(SchemaTemplate::new("{name}").unwrap().schema_of(&TenantName::new("pg_x").unwrap()).is_err());
    }
}
