//! The names that objects occupy. What shares one cannot exist at the same
//! time: the old is dropped before the new is made.

use tenantry_catalog::Fact;

use crate::rules::Slot;

/// Of a relation that has a row type: among the relations, and among the types.
pub(super) fn relation(fact: &Fact) -> Vec<Slot> {
    vec![Slot("relation", fact.id.first().to_owned()), Slot("type", fact.id.first().to_owned())]
}

/// Of a type.
pub(super) fn data_type(fact: &Fact) -> Vec<Slot> {
    vec![Slot("type", fact.id.first().to_owned())]
}

/// Of a function, procedure or aggregate: its name and the types of its
/// arguments.
pub(super) fn routine(fact: &Fact) -> Vec<Slot> {
    vec![Slot("routine", fact.id.name.join("("))]
}
