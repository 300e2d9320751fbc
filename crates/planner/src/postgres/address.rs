//! How statements name an object: `TABLE invoice`, `FUNCTION total(integer)`.
//! One spelling serves `COMMENT ON`, `DROP` and `ALTER ... OWNER TO`.

use std::fmt;

use tenantry_catalog::{Fact, Kind, ObjectId, TENANT};

use super::access::{role, said};
use crate::sql::Quoted;
use crate::{HazardKind, Step, Verb};

/// An object's kind and name, as statements address it.
pub(super) struct Address<'a>(pub(super) &'a ObjectId);

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        let (first, last) = (Quoted(id.first()), Quoted(id.last()));
        match id.kind {
            Kind::Schema => write!(f, "SCHEMA {TENANT}"),
            Kind::Enum | Kind::Composite | Kind::Range => write!(f, "TYPE {first}"),
            Kind::Column => write!(f, "COLUMN {first}.{last}"),
            Kind::DomainConstraint => write!(f, "CONSTRAINT {last} ON DOMAIN {first}"),
            Kind::Constraint | Kind::Rule | Kind::Trigger | Kind::Policy => {
                write!(f, "{} {last} ON {first}", id.kind.word().to_uppercase())
            }
            Kind::OperatorClass | Kind::OperatorFamily => {
                write!(f, "{} {first} USING {last}", id.kind.word().to_uppercase())
            }
            Kind::TextSearch => write!(f, "TEXT SEARCH {} {last}", id.first().to_uppercase()),
            _ => write!(f, "{} {}", id.kind.word().to_uppercase(), Name(id)),
        }
    }
}

/// The name of what stands in the schema itself, as statements write it; a
/// routine's with its argument types.
pub(super) struct Name<'a>(pub(super) &'a ObjectId);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        let arguments = id.name.get(1).map_or("", String::as_str);
        match id.kind {
            Kind::Schema => f.write_str(TENANT),
            Kind::Function => write!(f, "{}({arguments})", Quoted(id.first())),
            // Without a mode, the types of OUT arguments could be meant too (from 14).
            Kind::Procedure if !arguments.is_empty() => {
                write!(f, "{}(IN {arguments})", Quoted(id.first()))
            }
            Kind::Procedure => write!(f, "{}()", Quoted(id.first())),
            Kind::Aggregate if arguments.is_empty() => write!(f, "{}(*)", Quoted(id.first())),
            Kind::Aggregate => write!(f, "{}({arguments})", Quoted(id.first())),
            Kind::Operator => write!(f, "{} ({arguments})", id.first()),
            _ => Quoted(id.first()).fmt(f),
        }
    }
}

/// `DROP` of what has an address.
pub(super) fn drop_step(fact: &Fact) -> Step {
    Step::new(&fact.id, Verb::Drop, format!("DROP {}", Address(&fact.id)))
}

/// `ALTER ... OWNER TO` as `to` has it; nothing where owners are left alone.
/// Of what is new nobody has to be told.
pub(super) fn owner_step(to: &Fact, verb: Verb) -> Option<Step> {
    let owner = to.text("owner")?;
    let step = Step::new(&to.id, verb, format!("ALTER {} OWNER TO {}", Address(&to.id), role(owner)));
    Some(match verb {
        Verb::Create => step,
        _ => step.hazard(
            HazardKind::ChangesAccess,
            &to.id,
            format!("it belongs to {} from then on", said(owner)),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_kind_as_statements_do() {
        for (kind, name, address) in [
            (Kind::Table, vec!["Invoice"], "TABLE \"Invoice\""),
            (Kind::Column, vec!["invoice", "user"], "COLUMN invoice.\"user\""),
            (Kind::Constraint, vec!["invoice", "positive"], "CONSTRAINT positive ON invoice"),
            (Kind::DomainConstraint, vec!["email", "has_at"], "CONSTRAINT has_at ON DOMAIN email"),
            (Kind::Enum, vec!["state"], "TYPE state"),
            (Kind::Function, vec!["total", "integer, text"], "FUNCTION total(integer, text)"),
            (Kind::Procedure, vec!["total", "integer, text"], "PROCEDURE total(IN integer, text)"),
            (Kind::Procedure, vec!["total", ""], "PROCEDURE total()"),
            (Kind::Aggregate, vec!["tally", ""], "AGGREGATE tally(*)"),
            (Kind::Operator, vec!["===", "integer, integer"], "OPERATOR === (integer, integer)"),
            (Kind::OperatorClass, vec!["by_size", "btree"], "OPERATOR CLASS by_size USING btree"),
            (Kind::TextSearch, vec!["configuration", "plain"], "TEXT SEARCH CONFIGURATION plain"),
            (Kind::MaterializedView, vec!["totals"], "MATERIALIZED VIEW totals"),
        ] {
            assert_eq!(Address(&ObjectId::new(kind, name)).to_string(), address);
        }
        assert_eq!(Address(&ObjectId { kind: Kind::Schema, name: vec![] }).to_string(), "SCHEMA __TENANT__");
    }
}
