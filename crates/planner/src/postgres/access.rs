//! Sets of privileges, and the `GRANT` and `REVOKE` that lead from one to
//! another.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use crate::sql::Quoted;
use crate::{PlanError, Refusal, ServerVersion};

/// What stands for a role that is not named: the grantee who owns the object, and, where each tenant has an owner role of
/// its own, that role.
pub const OWNER: &str = "__OWNER__";

/// What comes between a privilege and who granted it, where that was not the object's owner.
pub const GRANTED_BY: &str = " GRANTED BY ";

/// Everybody.
pub(super) const PUBLIC: &str = "PUBLIC";

/// What one grantee may do: each privilege, and whether it may be passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Privileges(BTreeMap<String, bool>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    privileges: Vec<String>,
}

impl Privileges {
    /// What a fact says.
    ///
    /// # Errors
    /// When another role than the owner granted it: only that role could
    /// grant or revoke it.
    pub(super) fn of(fact: &Fact) -> Result<Self, PlanError> {
        let mut held = BTreeMap::new();
        for word in fact.decode::<Attributes>()?.privileges {
            if let Some((privilege, grantor)) = word.split_once(GRANTED_BY) {
                let reason = format!("{privilege} was granted by {grantor}, and not by the object's owner");
                let remedy =
                    format!("Have {grantor} revoke it by hand, or put the object into spec.policy.ignore");
                return Err(Refusal::new(&fact.id, reason, remedy).into());
            }
            match word.strip_suffix(" WITH GRANT OPTION") {
                Some(privilege) => held.insert(privilege.to_owned(), true),
                None => held.insert(word, false),
            };
        }
        Ok(Self(held))
    }

    fn plain(privileges: &[&str]) -> Self {
        Self(privileges.iter().map(|word| ((*word).to_owned(), false)).collect())
    }

    /// What a new object of this kind gives to a grantee by itself.
    ///
    /// <https://www.postgresql.org/docs/current/ddl-priv.html>
    pub(super) fn built_in(kind: Kind, grantee: &str, server: ServerVersion) -> Self {
        let class = Class::of(kind);
        match (class, grantee) {
            (Some(class), OWNER) => Self::plain(class.all(server)),
            (Some(Class::Routine), PUBLIC) => Self::plain(&["EXECUTE"]),
            (Some(Class::Type), PUBLIC) => Self::plain(&["USAGE"]),
            _ => Self::default(),
        }
    }

    /// The privileges of either; grantable where one of them says so.
    #[must_use]
    pub(super) fn and(mut self, other: Self) -> Self {
        for (privilege, grantable) in other.0 {
            *self.0.entry(privilege).or_default() |= grantable;
        }
        self
    }

    /// The privileges that both have; grantable where both say so.
    #[must_use]
    pub(super) fn common(&self, other: &Self) -> Self {
        let both = self.0.iter().filter_map(|(privilege, grantable)| {
            other.0.get(privilege).map(|also| (privilege.clone(), *grantable && *also))
        });
        Self(both.collect())
    }

    /// Whether it holds a privilege.
    pub(super) fn has(&self, privilege: &str) -> bool {
        self.0.contains_key(privilege)
    }

    /// The names of the privileges that `to` does not have.
    pub(super) fn lost(&self, to: &Self) -> Vec<&str> {
        self.0.keys().filter(|privilege| !to.has(privilege)).map(String::as_str).collect()
    }

    /// The statements, without grantee and object, that lead to `to`: as few
    /// as there can be.
    pub(super) fn way_to(&self, to: &Self) -> Vec<Change> {
        let grantable = |set: &Self, privilege: &str| set.0.get(privilege).copied().unwrap_or(false);
        let names = |fits: &dyn Fn(&str) -> bool| {
            let both = self.0.keys().chain(to.0.keys().filter(|privilege| !self.has(privilege)));
            let mut names: Vec<String> = both.filter(|privilege| fits(privilege)).cloned().collect();
            names.sort();
            names
        };
        let changes = [
            (Act::Revoke, names(&|p| self.has(p) && !to.has(p))),
            (Act::RevokeOption, names(&|p| grantable(self, p) && to.has(p) && !grantable(to, p))),
            (Act::Grant, names(&|p| !self.has(p) && to.has(p) && !grantable(to, p))),
            (Act::GrantWithOption, names(&|p| grantable(to, p) && !grantable(self, p))),
        ];
        let changes = changes.into_iter().filter(|(_, privileges)| !privileges.is_empty());
        changes.map(|(act, privileges)| Change { act, privileges }).collect()
    }
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Revoke,
    RevokeOption,
    Grant,
    GrantWithOption,
}

/// One `GRANT` or `REVOKE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) act: Act,
    pub(super) privileges: Vec<String>,
}

impl Change {
    /// The statement: on what (`TABLE invoice`), on which of its columns, to
    /// or from whom.
    pub(super) fn sql(&self, on: &str, column: Option<&str>, grantee: &str) -> String {
        let privileges: Vec<String> = match column {
            Some(column) => {
                self.privileges.iter().map(|name| format!("{name} ({})", Quoted(column))).collect()
            }
            None => self.privileges.clone(),
        };
        let (privileges, who) = (privileges.join(", "), role(grantee));
        match self.act {
            Act::Revoke => format!("REVOKE {privileges} ON {on} FROM {who}"),
            Act::RevokeOption => format!("REVOKE GRANT OPTION FOR {privileges} ON {on} FROM {who}"),
            Act::Grant => format!("GRANT {privileges} ON {on} TO {who}"),
            Act::GrantWithOption => format!("GRANT {privileges} ON {on} TO {who} WITH GRANT OPTION"),
        }
    }

    /// What it means for the grantee, in a sentence without a full stop.
    pub(super) fn meaning(&self, on: &ObjectId, grantee: &str) -> String {
        let who = said(grantee);
        let what = format!("{} on {on}", self.privileges.join(", "));
        match self.act {
            Act::Revoke => format!("{who} loses {what}"),
            Act::RevokeOption => format!("{who} can no longer pass on {what}"),
            Act::Grant => format!("{who} gets {what}"),
            Act::GrantWithOption => format!("{who} gets {what}, and can pass it on"),
        }
    }
}

/// A role as people read it.
pub(super) fn said(role: &str) -> &str {
    match role {
        OWNER => "the owner",
        PUBLIC => "every role",
        role => role,
    }
}

/// A role as statements write it. A plan runs as the owner.
pub(super) fn role(grantee: &str) -> String {
    match grantee {
        OWNER => "CURRENT_USER".to_owned(),
        PUBLIC => PUBLIC.to_owned(),
        role => Quoted(role).to_string(),
    }
}

/// The sorts of object that have privileges of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Schema,
    Relation,
    Sequence,
    Routine,
    Type,
}

impl Class {
    /// Of a kind; `None` for columns, which start with none, and for what has
    /// no privileges.
    pub(super) fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Schema => Self::Schema,
            Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView => Self::Relation,
            Kind::Sequence => Self::Sequence,
            Kind::Function | Kind::Procedure | Kind::Aggregate => Self::Routine,
            Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain => Self::Type,
            _ => return None,
        })
    }

    /// How `ALTER DEFAULT PRIVILEGES` calls it, in lower case.
    pub(super) fn plural(self) -> Option<&'static str> {
        match self {
            Self::Schema => None,
            Self::Relation => Some("tables"),
            Self::Sequence => Some("sequences"),
            Self::Routine => Some("functions"),
            Self::Type => Some("types"),
        }
    }

    /// All that an owner has.
    fn all(self, server: ServerVersion) -> &'static [&'static str] {
        const RELATION: &[&str] =
            &["INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"];
        match self {
            Self::Schema => &["USAGE", "CREATE"],
            Self::Relation if server.major() >= 17 => RELATION,
            Self::Relation => &RELATION[..7],
            Self::Sequence => &["SELECT", "UPDATE", "USAGE"],
            Self::Routine => &["EXECUTE"],
            Self::Type => &["USAGE"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn privileges(text: &str) -> Privileges {
        let words = text.split_whitespace();
        Privileges(words.map(|word| (word.trim_end_matches('*').to_owned(), word.ends_with('*'))).collect())
    }

    #[test]
    fn the_way_is_as_short_as_it_can_be() {
        for (from, to, expected) in [
            ("", "SELECT INSERT", vec!["GRANT INSERT, SELECT ON x TO app"]),
            ("SELECT INSERT", "SELECT", vec!["REVOKE INSERT ON x FROM app"]),
            ("SELECT*", "SELECT", vec!["REVOKE GRANT OPTION FOR SELECT ON x FROM app"]),
            ("SELECT", "SELECT*", vec!["GRANT SELECT ON x TO app WITH GRANT OPTION"]),
            (
                "SELECT UPDATE*",
                "INSERT DELETE* SELECT",
                vec![
                    "REVOKE UPDATE ON x FROM app",
                    "GRANT INSERT ON x TO app",
                    "GRANT DELETE ON x TO app WITH GRANT OPTION",
                ],
            ),
            ("SELECT UPDATE*", "SELECT UPDATE*", vec![]),
        ] {
            let changes = privileges(from).way_to(&privileges(to));
            let statements: Vec<String> = changes.iter().map(|change| change.sql("x", None, "app")).collect();
            assert_eq!(statements, expected, "{from} -> {to}");
        }
    }

    #[test]
    fn columns_are_named_with_each_privilege() {
        let changes = privileges("").way_to(&privileges("SELECT UPDATE"));
        assert_eq!(
            changes[0].sql("t", Some("A"), PUBLIC),
            "GRANT SELECT (\"A\"), UPDATE (\"A\") ON t TO PUBLIC"
        );
    }

    #[test]
    fn new_objects_have_what_postgres_gives_them() {
        let fifteen = ServerVersion(150_000);
        assert_eq!(Privileges::built_in(Kind::Function, PUBLIC, fifteen), privileges("EXECUTE"));
        assert_eq!(Privileges::built_in(Kind::Table, PUBLIC, fifteen), privileges(""));
        assert!(!Privileges::built_in(Kind::Table, OWNER, fifteen).has("MAINTAIN"));
        assert!(Privileges::built_in(Kind::Table, OWNER, ServerVersion(170_000)).has("MAINTAIN"));
        assert_eq!(Privileges::built_in(Kind::Column, OWNER, fifteen), privileges(""));
    }
}
