//! A drifted tenant gets the next revision and keeps what is its own (D20a).

use std::collections::BTreeSet;
use std::fmt;

use crate::{Catalog, Fact, ObjectId};

/// A fact that the tenant and the target both changed, each in its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The fact.
    pub object: ObjectId,
    /// What stands against what.
    pub reason: String,
}

impl fmt::Display for Collision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.reason)
    }
}

/// Merges three catalogs: where `target` says of a fact what `base` (the
/// revision in force) says, the `tenant` keeps its own; elsewhere it gets the
/// target's.
///
/// # Errors
/// Every collision: a fact that both sides changed in different ways, and a
/// fact of the tenant's own that rests on what the target no longer has.
pub fn merge(base: &Catalog, target: &Catalog, tenant: &Catalog) -> Result<Catalog, Vec<Collision>> {
    let ids: BTreeSet<&ObjectId> =
        base.facts().chain(target.facts()).chain(tenant.facts()).map(|fact| &fact.id).collect();
    let mut merged = Catalog::default();
    let mut own = Vec::new();
    let mut collisions = Vec::new();
    for id in ids {
        let (was, wanted, found) = (base.get(id), target.get(id), tenant.get(id));
        let (kept, side) = if same(was, wanted) {
            (found, tenant)
        } else if same(was, found) || same(wanted, found) {
            (wanted, target)
        } else {
            collisions.push(Collision {
                object: id.clone(),
                reason: "changed in the tenant by hand and in the new revision too".to_owned(),
            });
            continue;
        };
        let Some(fact) = kept else { continue };
        merged.insert(fact.clone());
        for reference in side.references(id) {
            merged.refer(id.clone(), reference.clone());
        }
        if !same(wanted, found) && std::ptr::eq(side, tenant) {
            own.push(id);
        }
    }
    for object in tenant.unmodelled() {
        merged.insert_unmodelled(object.clone());
    }
    for id in own {
        let parent = merged.get(id).and_then(|fact| fact.parent.as_ref());
        if let Some(missing) = merged.depends_on(id).chain(parent).find(|on| !merged.contains(on)) {
            collisions.push(Collision {
                object: id.clone(),
                reason: format!(
                    "is the tenant's own and rests on {missing}, which the new revision does not have"
                ),
            });
        }
    }
    if collisions.is_empty() { Ok(merged) } else { Err(collisions) }
}

fn same(left: Option<&Fact>, right: Option<&Fact>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.says_the_same(right),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::{Fingerprint, Kind, Reference};

    fn catalog(facts: &[(&str, i64)]) -> Catalog {
        let mut catalog = Catalog::empty();
        for (name, value) in facts {
            catalog.insert(Fact {
                id: ObjectId::new(Kind::Table, [*name]),
                parent: None,
                attributes: BTreeMap::from([("v".to_owned(), json!(value))]),
            });
        }
        catalog
    }

    #[test]
    fn keeps_what_the_revision_did_not_touch() {
        let merged = merge(
            &catalog(&[("a", 1), ("b", 1), ("gone", 1)]),
            &catalog(&[("a", 1), ("b", 2), ("new", 1)]),
            &catalog(&[("a", 9), ("b", 1), ("gone", 1), ("extra", 7)]),
        )
        .unwrap();
        let expected = catalog(&[("a", 9), ("b", 2), ("new", 1), ("extra", 7)]);
        assert_eq!(Fingerprint::of(&merged), Fingerprint::of(&expected));
    }

    #[test]
    fn both_changed_is_a_collision_unless_alike() {
        let base = catalog(&[("a", 1)]);
        let collisions = merge(&base, &catalog(&[("a", 2)]), &catalog(&[("a", 3)])).unwrap_err();
        assert_eq!(collisions[0].object, ObjectId::new(Kind::Table, ["a"]));
        assert!(merge(&base, &catalog(&[("a", 2)]), &catalog(&[("a", 2)])).is_ok());
    }

    #[test]
    fn an_own_fact_on_a_dropped_one_is_a_collision() {
        let base = catalog(&[("a", 1)]);
        let mut tenant = catalog(&[("a", 1), ("own", 1)]);
        let (own, on) = (ObjectId::new(Kind::Table, ["own"]), ObjectId::new(Kind::Table, ["a"]));
        tenant.refer(own.clone(), Reference::Inside(on));
        let collisions = merge(&base, &catalog(&[]), &tenant).unwrap_err();
        assert_eq!(collisions[0].object, own);
    }
}
