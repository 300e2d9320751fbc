//! Connections that come from the environment of the command line instead of a Secret.

use std::{collections::BTreeMap, env};

use crate::Secret;

const PREFIX: &str = "TENANTRY_URI_";

/// The variables `TENANTRY_URI_<NAME>`: for the TenantDatabase of that name, in capitals and with `_` for
/// what is no letter or digit, a whole PostgreSQL URI. It takes the place of the Secret and of the address in
/// `connection`, so that the manifests of a cluster can be used from a laptop, and no Secret needs to be in a
/// file.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, Secret>);

impl Environment {
    /// What this process was started with.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::from_iter(
            env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// The variable for that TenantDatabase.
    #[must_use]
    pub fn variable(database: &str) -> String {
        let name =
            database.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
        format!("{PREFIX}{}", name.collect::<String>())
    }

    /// The URI for that TenantDatabase. An empty variable is none.
    #[must_use]
    pub fn uri(&self, database: &str) -> Option<&Secret> {
        self.0.get(&Self::variable(database))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let ours = variables
            .into_iter()
            .filter(|(name, value)| name.starts_with(PREFIX) && !value.trim().is_empty());
        Self(ours.map(|(name, value)| (name, Secret::new(value.trim()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_one_variable() {
        let variables =
            [("TENANTRY_URI_EU_1", "postgresql://u:p@h/d\n"), ("TENANTRY_URI_B", " "), ("PATH", "/bin")];
        let environment =
            Environment::from_iter(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(environment.uri("eu-1").map(Secret::expose), Some("postgresql://u:p@h/d"));
        assert_eq!(environment.uri("b"), None);
        assert!(!format!("{environment:?}").contains("u:p"), "{environment:?}");
    }
}
