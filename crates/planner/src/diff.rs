//! The generic differ: it knows facts, and no kind.

use std::collections::BTreeSet;

use tenantry_catalog::{Catalog, Fact, ObjectId};

/// One difference between two catalogs.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<'a> {
    /// Only the second has it.
    Added(&'a Fact),
    /// Only the first has it.
    Removed(&'a Fact),
    /// Both have it, and say different things of it.
    Changed {
        /// What the first says.
        from: &'a Fact,
        /// What the second says.
        to: &'a Fact,
        /// The names of the attributes that differ, sorted; `parent` when it
        /// hangs on another object.
        attributes: Vec<String>,
    },
}

impl Change<'_> {
    /// Whose difference it is.
    pub fn id(&self) -> &ObjectId {
        match self {
            Change::Added(fact) | Change::Removed(fact) | Change::Changed { to: fact, .. } => &fact.id,
        }
    }
}

/// All differences, in the order of the identities.
pub fn diff<'a>(from: &'a Catalog, to: &'a Catalog) -> Vec<Change<'a>> {
    let ids: BTreeSet<&ObjectId> = from.facts().chain(to.facts()).map(|fact| &fact.id).collect();
    ids.into_iter()
        .filter_map(|id| match (from.get(id), to.get(id)) {
            (None, Some(fact)) => Some(Change::Added(fact)),
            (Some(fact), None) => Some(Change::Removed(fact)),
            (Some(from), Some(to)) => {
                let mut attributes = from.differing(to);
                if from.parent != to.parent {
                    attributes.push("parent".to_owned());
                    attributes.sort_unstable();
                }
                (!attributes.is_empty()).then_some(Change::Changed { from, to, attributes })
            }
            (None, None) => None,
        })
        .collect()
}
