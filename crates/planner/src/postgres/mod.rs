//! The PostgreSQL dialect: its kinds, a file a kind.

mod access;
mod address;
mod aggregate;
mod collation;
mod column;
mod comment;
mod composite;
mod constraint;
mod default;
mod default_privilege;
mod domain;
mod enabled;
mod enumeration;
mod extension_tie;
mod identity;
mod index;
mod inheritance;
mod lineage;
mod materialized_view;
mod operator;
mod operator_family;
mod options;
mod partition;
mod policy;
mod privilege;
mod range;
mod rename;
mod retype;
mod routine;
mod rule;
mod schema;
mod sequence;
mod slot;
mod statistics;
mod table;
mod text_search;
mod trigger;
mod type_change;
mod view;
mod wording;

use tenantry_catalog::{Fact, Kind};

pub use access::{GRANTED_BY, OWNER};
pub use materialized_view::POPULATED;
pub use rename::{followers, renames};

use crate::rules::{Context, Dialect, Rules};
use crate::{PlanError, Step};

/// PostgreSQL 13 to 18.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

impl Dialect for Postgres {
    fn rules(&self, kind: Kind) -> Option<&dyn Rules> {
        Some(match kind {
            Kind::Schema => &schema::Schema,
            Kind::DefaultPrivilege => &default_privilege::DefaultPrivilege,
            Kind::Collation => &collation::Collation,
            Kind::Enum => &enumeration::Enum,
            Kind::Composite => &composite::Composite,
            Kind::Range => &range::Range,
            Kind::Domain => &domain::Domain,
            Kind::DomainConstraint => &domain::DomainConstraint,
            Kind::Function | Kind::Procedure => &routine::Routine,
            Kind::Aggregate => &aggregate::Aggregate,
            Kind::Operator => &operator::Operator,
            Kind::OperatorFamily => &operator_family::OperatorFamily,
            Kind::OperatorClass => &operator_family::OperatorClass,
            Kind::TextSearch => &text_search::TextSearch,
            Kind::Table => &table::Table,
            Kind::Column => &column::Column,
            Kind::Default => &default::Default,
            Kind::Constraint => &constraint::Constraint,
            Kind::Sequence => &sequence::Sequence,
            Kind::Inheritance => &inheritance::Inheritance,
            Kind::Partition => &partition::Partition,
            Kind::Index => &index::Index,
            Kind::View => &view::View,
            Kind::MaterializedView => &materialized_view::MaterializedView,
            Kind::Statistics => &statistics::Statistics,
            Kind::Rule => &rule::Rule,
            Kind::Trigger => &trigger::Trigger,
            Kind::Policy => &policy::Policy,
            Kind::Privilege => &privilege::Privilege,
            Kind::ExtensionTie => &extension_tie::ExtensionTie,
            Kind::Comment => &comment::Comment,
            _ => return None,
        })
    }

    fn settle(&self, done: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        privilege::settle(done, context)
    }

    fn worded(&self, sql: String) -> String {
        wording::worded(sql)
    }
}
