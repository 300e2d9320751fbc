//! As whom a tenant's statements run (D2), and the placeholder that stands for a role which each tenant has for itself (D4).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId, Reference};
use tenantry_engine::TenantName;
use tenantry_planner::postgres::{GRANTED_BY, OWNER};
use tenantry_planner::sql::{Identifier, IdentifierError};

/// What stands for the tenant's name in a template.
const NAME: &str = "{name}";

/// As whom a tenant's statements run, and whose is what they make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// The role that logs in.
    #[default]
    Login,
    /// One role for all tenants.
    Role(Identifier),
    /// A role for each tenant: its name without the tenant's, before and after it.
    PerTenant {
        /// What comes before the tenant's name.
        before: String,
        /// What comes after it.
        after: String,
    },
}

impl Owner {
    /// Reads `ownerRole`: the name of a role, or a template of one with `{name}` in it.
    ///
    /// # Errors
    /// When PostgreSQL could not have such a role.
    pub fn new(role: &str) -> Result<Self, IdentifierError> {
        match role.split_once(NAME) {
            Some((before, after)) => {
                // Long enough for a tenant whose name is a letter, or for none.
                Identifier::new(role.replacen(NAME, "x", 1))?;
                Ok(Self::PerTenant { before: before.to_owned(), after: after.to_owned() })
            }
            None => Ok(Self::Role(Identifier::new(role)?)),
        }
    }

    /// The role of one tenant; `None` for the login.
    ///
    /// # Errors
    /// When the tenant's name makes it one that PostgreSQL cannot have: longer than 63 bytes it would be cut.
    pub(crate) fn of(&self, tenant: &TenantName) -> Result<Option<Identifier>, IdentifierError> {
        Ok(match self {
            Self::Login => None,
            Self::Role(role) => Some(role.clone()),
            Self::PerTenant { before, after } => {
                Some(Identifier::new(format!("{before}{}{after}", tenant.as_str()))?)
            }
        })
    }

    /// The role in a shadow, which is no tenant's; `None` for the login.
    pub(crate) fn in_shadow(&self) -> Option<&Identifier> {
        match self {
            Self::Role(role) => Some(role),
            Self::Login | Self::PerTenant { .. } => None,
        }
    }

    /// Puts the placeholder into a tenant's catalog for the tenant's own role: the one that its schema belongs to.
    pub(crate) fn abstract_tenant(&self, catalog: &mut Arc<Catalog>) {
        if let Self::PerTenant { before, after } = self {
            let fits = |role: &str| {
                role.strip_prefix(before.as_str()).is_some_and(|rest| rest.ends_with(after.as_str()))
            };
            abstract_role(catalog, fits);
        }
    }

    /// The same in a shadow's catalog, where the login stands in for the tenant's role.
    pub(crate) fn abstract_shadow(&self, catalog: &mut Arc<Catalog>) {
        if let Self::PerTenant { .. } = self {
            abstract_role(catalog, |_| true);
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login => f.write_str("the role that logs in"),
            Self::Role(role) => role.fmt(f),
            Self::PerTenant { before, after } => write!(f, "{before}{NAME}{after}"),
        }
    }
}

/// Puts the placeholder for the schema's owner wherever a fact names that role, if it is such a role.
fn abstract_role(catalog: &mut Arc<Catalog>, fits: impl Fn(&str) -> bool) {
    let schema = ObjectId { kind: Kind::Schema, name: Vec::new() };
    let owner = catalog.get(&schema).and_then(|schema| schema.text("owner"));
    let Some(role) = owner.filter(|owner| fits(owner)).map(str::to_owned) else { return };
    let changed: Vec<(ObjectId, Fact)> =
        catalog.facts().filter_map(|fact| Some((fact.id.clone(), with_placeholder(fact, &role)?))).collect();
    let catalog = Arc::make_mut(catalog);
    for (id, fact) in changed {
        if id != fact.id {
            // Nothing rests on who may do what; what it rests on stays.
            let references: Vec<Reference> = catalog.references(&id).cloned().collect();
            catalog.remove(&id);
            references.into_iter().for_each(|to| catalog.refer(fact.id.clone(), to));
        }
        catalog.insert(fact);
    }
}

/// The fact with the placeholder, where it names the role.
fn with_placeholder(fact: &Fact, role: &str) -> Option<Fact> {
    let named: &[usize] = match fact.id.kind {
        Kind::Privilege => &[fact.id.name.len().saturating_sub(1)],
        // Whoever makes the object, and whoever is granted something.
        Kind::DefaultPrivilege => &[0, 2],
        _ => &[],
    };
    let mut changed = fact.clone();
    for at in named {
        if let Some(name) = changed.id.name.get_mut(*at).filter(|name| *name == role) {
            OWNER.clone_into(name);
        }
    }
    put(&mut changed.attributes, role);
    (changed != *fact).then_some(changed)
}

/// Puts the placeholder into the attributes that name roles.
fn put(attributes: &mut BTreeMap<String, Value>, role: &str) {
    let granted = format!("{GRANTED_BY}{role}");
    for (name, value) in attributes {
        match (name.as_str(), value) {
            ("owner", value) if value.as_str() == Some(role) => *value = OWNER.into(),
            ("roles", Value::Array(roles)) => {
                let own = roles.iter_mut().filter(|named| named.as_str() == Some(role));
                own.for_each(|named| *named = OWNER.into());
                // As they are read: by name.
                roles.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
            }
            ("privileges", Value::Array(words)) => {
                for word in words {
                    let plain = word.as_str().and_then(|word| word.strip_suffix(&granted));
                    if let Some(plain) = plain {
                        *word = format!("{plain}{GRANTED_BY}{OWNER}").into();
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: Kind, name: &[&str], attributes: Value) -> Fact {
        let Value::Object(attributes) = attributes else { panic!("no object") };
        Fact {
            id: ObjectId { kind, name: name.iter().map(|part| (*part).to_owned()).collect() },
            parent: None,
            attributes: attributes.into_iter().collect(),
        }
    }

    /// A schema that belongs to `role`, with everything in it that can name a role.
    fn schema(role: &str) -> Arc<Catalog> {
        let mut catalog = Catalog::empty();
        for fact in [
            fact(Kind::Schema, &[], serde_json::json!({"owner": role})),
            fact(Kind::Table, &["t"], serde_json::json!({"owner": role})),
            fact(Kind::Table, &["u"], serde_json::json!({"owner": "somebody"})),
            fact(Kind::Policy, &["t", "p"], serde_json::json!({"roles": ["app", role]})),
            fact(Kind::Privilege, &["table", "u", role], serde_json::json!({"privileges": ["SELECT"]})),
            fact(
                Kind::Privilege,
                &["table", "u", "app"],
                serde_json::json!({"privileges": [format!("SELECT GRANTED BY {role}")]}),
            ),
            fact(
                Kind::DefaultPrivilege,
                &[role, "tables", "app"],
                serde_json::json!({"privileges": ["SELECT"]}),
            ),
        ] {
            catalog.insert(fact);
        }
        Arc::new(catalog)
    }

    #[test]
    fn a_role_is_one_for_all_or_one_for_each() {
        let acme = TenantName::new("acme").unwrap();
        let of =
            |role: &str| Owner::new(role).unwrap().of(&acme).unwrap().map(|role| role.as_str().to_owned());
        assert_eq!(of("app").as_deref(), Some("app"));
        assert_eq!(of("tenant_{name}_owner").as_deref(), Some("tenant_acme_owner"));
        assert_eq!(Owner::default().of(&acme).unwrap(), None);
        assert!(Owner::new(&format!("{{name}}{}", "o".repeat(63))).is_err());
        let long = TenantName::new("x".repeat(60)).unwrap();
        assert!(Owner::new("tenant_{name}_owner").unwrap().of(&long).is_err());
    }

    #[test]
    fn tenants_with_roles_of_their_own_are_alike_and_like_their_shadow() {
        let owner = Owner::new("tenant_{name}_owner").unwrap();
        let (mut acme, mut globex, mut shadow) =
            (schema("tenant_acme_owner"), schema("tenant_globex_owner"), schema("login"));
        owner.abstract_tenant(&mut acme);
        owner.abstract_tenant(&mut globex);
        owner.abstract_shadow(&mut shadow);
        assert_eq!(acme, globex);
        assert_eq!(acme, shadow);
        let facts = serde_json::to_string(&*acme).unwrap();
        assert!(!facts.contains("acme") && facts.contains(OWNER), "{facts}");
    }

    #[test]
    fn a_schema_of_somebody_elses_is_read_as_it_is() {
        let owner = Owner::new("tenant_{name}_owner").unwrap();
        for (owner, role) in [(&owner, "postgres"), (&Owner::Login, "tenant_acme_owner")] {
            let mut read = schema(role);
            owner.abstract_tenant(&mut read);
            assert_eq!(read, schema(role));
        }
    }
}
