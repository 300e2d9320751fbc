//! A whole schema.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Fact, Kind, ObjectId};

/// Something that is not of the schema, but that the schema rests on: a table
/// or type in `public`, an extension's function, a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct External {
    /// What it is, as `pg_identify_object` names it: `table`, `type`, `function`.
    pub kind: String,
    /// The schema it is in; `None` for what is in none (a role, an extension).
    pub schema: Option<String>,
    /// Its identity, as `pg_identify_object` prints it.
    pub identity: String,
}

/// What a fact refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reference {
    /// A fact of the same schema.
    Inside(ObjectId),
    /// Something outside of it.
    Outside(External),
}

/// An object of a kind that the program does not model: reported, never
/// touched, and a reason to refuse a plan that would have to touch it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unmodelled {
    /// Its kind, as `pg_identify_object` names it.
    pub kind: String,
    /// Its identity within the schema.
    pub identity: String,
    /// The facts that it depends on: touching one of them would touch it.
    #[serde(default)]
    pub rests_on: BTreeSet<ObjectId>,
}

/// One schema: what is in it, and what rests on what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Stored", from = "Stored")]
pub struct Catalog {
    facts: BTreeMap<ObjectId, Fact>,
    references: BTreeMap<ObjectId, BTreeSet<Reference>>,
    dependents: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    children: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    unmodelled: BTreeSet<Unmodelled>,
}

/// A catalog that does not hold together.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// A kind's attributes could not be understood.
    #[error("the attributes of {object} cannot be understood: {source}")]
    Attributes {
        /// Whose attributes.
        object: ObjectId,
        /// What is wrong with them.
        source: serde_json::Error,
    },
}

impl Catalog {
    /// A schema with nothing in it but itself.
    pub fn empty() -> Self {
        let mut catalog = Self::default();
        let id = ObjectId { kind: Kind::Schema, name: Vec::new() };
        catalog.insert(Fact { id, parent: None, attributes: BTreeMap::new() });
        catalog
    }

    /// Adds a fact, or puts it in the place of the one of the same identity.
    pub fn insert(&mut self, fact: Fact) {
        if let Some(old) = self.facts.get(&fact.id).and_then(|old| old.parent.clone())
            && let Some(children) = self.children.get_mut(&old)
        {
            children.remove(&fact.id);
        }
        if let Some(parent) = &fact.parent {
            self.children.entry(parent.clone()).or_default().insert(fact.id.clone());
        }
        self.facts.insert(fact.id.clone(), fact);
    }

    /// Takes a fact out, with what it referred to. What referred to it, and
    /// its children, stay: the caller decides about them.
    pub fn remove(&mut self, id: &ObjectId) -> Option<Fact> {
        let fact = self.facts.remove(id)?;
        if let Some(children) = fact.parent.as_ref().and_then(|parent| self.children.get_mut(parent)) {
            children.remove(id);
        }
        for reference in self.references.remove(id).unwrap_or_default() {
            if let Reference::Inside(on) = reference
                && let Some(dependents) = self.dependents.get_mut(&on)
            {
                dependents.remove(id);
            }
        }
        Some(fact)
    }

    /// Records that `from` refers to `to`.
    pub fn refer(&mut self, from: ObjectId, to: Reference) {
        if let Reference::Inside(on) = &to {
            self.dependents.entry(on.clone()).or_default().insert(from.clone());
        }
        self.references.entry(from).or_default().insert(to);
    }

    /// Records an object of a kind that is not modelled.
    pub fn insert_unmodelled(&mut self, object: Unmodelled) {
        self.unmodelled.insert(object);
    }

    /// One fact.
    pub fn get(&self, id: &ObjectId) -> Option<&Fact> {
        self.facts.get(id)
    }

    /// Whether there is such a fact.
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.facts.contains_key(id)
    }

    /// All facts in the order of their identities.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values()
    }

    /// The facts of one kind, by name.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Fact> {
        self.facts.values().filter(move |fact| fact.id.kind == kind)
    }

    /// The number of facts.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether nothing is in the schema. The schema itself, its comment and
    /// its privileges do not count.
    pub fn is_empty(&self) -> bool {
        let schema = ObjectId { kind: Kind::Schema, name: Vec::new() };
        self.unmodelled.is_empty()
            && self.facts.values().all(|fact| fact.id == schema || fact.parent.as_ref() == Some(&schema))
    }

    /// What a fact refers to, its parent not counted.
    pub fn references(&self, id: &ObjectId) -> impl Iterator<Item = &Reference> {
        self.references.get(id).into_iter().flatten()
    }

    /// What a fact refers to in the same schema, its parent not counted.
    pub fn depends_on(&self, id: &ObjectId) -> impl Iterator<Item = &ObjectId> {
        self.references(id).filter_map(|reference| match reference {
            Reference::Inside(on) => Some(on),
            Reference::Outside(_) => None,
        })
    }

    /// The facts that refer to this one, its children not counted unless they
    /// refer to it too.
    pub fn dependents(&self, id: &ObjectId) -> impl Iterator<Item = &ObjectId> {
        self.dependents.get(id).into_iter().flatten()
    }

    /// The facts whose parent this one is.
    pub fn children(&self, id: &ObjectId) -> impl Iterator<Item = &Fact> {
        self.children.get(id).into_iter().flatten().filter_map(|child| self.facts.get(child))
    }

    /// Everything outside of the schema that something in it refers to.
    pub fn externals(&self) -> BTreeSet<&External> {
        self.references
            .values()
            .flatten()
            .filter_map(|reference| match reference {
                Reference::Outside(external) => Some(external),
                Reference::Inside(_) => None,
            })
            .collect()
    }

    /// The objects of kinds that are not modelled.
    pub fn unmodelled(&self) -> impl Iterator<Item = &Unmodelled> {
        self.unmodelled.iter()
    }

    /// The catalog without the facts that `keep` turns down, and without
    /// whatever is below one of them.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&Fact) -> bool) -> Catalog {
        let mut gone: BTreeSet<&ObjectId> =
            self.facts.values().filter(|fact| !keep(fact)).map(|f| &f.id).collect();
        let mut stack: Vec<&ObjectId> = gone.iter().copied().collect();
        while let Some(id) = stack.pop() {
            for child in self.children.get(id).into_iter().flatten() {
                if gone.insert(child) {
                    stack.push(child);
                }
            }
        }
        let mut catalog = Catalog { unmodelled: self.unmodelled.clone(), ..Catalog::default() };
        for fact in self.facts.values().filter(|fact| !gone.contains(&fact.id)) {
            catalog.insert(fact.clone());
            for reference in self.references(&fact.id) {
                if !matches!(reference, Reference::Inside(on) if gone.contains(on)) {
                    catalog.refer(fact.id.clone(), reference.clone());
                }
            }
        }
        catalog
    }
}

/// How a catalog is written down: without what follows from the rest.
#[derive(Serialize, Deserialize)]
struct Stored {
    facts: Vec<Fact>,
    #[serde(default)]
    references: Vec<(ObjectId, BTreeSet<Reference>)>,
    #[serde(default)]
    unmodelled: BTreeSet<Unmodelled>,
}

impl From<Catalog> for Stored {
    fn from(catalog: Catalog) -> Self {
        Stored {
            facts: catalog.facts.into_values().collect(),
            references: catalog.references.into_iter().collect(),
            unmodelled: catalog.unmodelled,
        }
    }
}

impl From<Stored> for Catalog {
    fn from(stored: Stored) -> Self {
        let mut catalog = Catalog { unmodelled: stored.unmodelled, ..Catalog::default() };
        for fact in stored.facts {
            catalog.insert(fact);
        }
        for (from, to) in stored.references {
            for reference in to {
                catalog.refer(from.clone(), reference);
            }
        }
        catalog
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: Kind, name: &[&str], parent: Option<ObjectId>) -> Fact {
        Fact { id: ObjectId::new(kind, name.iter().copied()), parent, attributes: BTreeMap::new() }
    }

    fn sample() -> Catalog {
        let mut catalog = Catalog::empty();
        let table = fact(Kind::Table, &["t"], None);
        let column = fact(Kind::Column, &["t", "c"], Some(table.id.clone()));
        let view = fact(Kind::View, &["v"], None);
        catalog.refer(view.id.clone(), Reference::Inside(column.id.clone()));
        for fact in [table, column, view] {
            catalog.insert(fact);
        }
        catalog
    }

    #[test]
    fn filtering_takes_what_is_below() {
        let filtered = sample().filtered(|fact| fact.id.kind != Kind::Table);
        assert_eq!(filtered.len(), 2);
        assert_eq!(filtered.depends_on(&ObjectId::new(Kind::View, ["v"])).count(), 0);
    }

    #[test]
    fn survives_being_written_down() {
        let catalog = sample();
        let text = serde_json::to_string(&catalog).unwrap();
        assert_eq!(serde_json::from_str::<Catalog>(&text).unwrap(), catalog);
    }

    #[test]
    fn a_schema_with_only_its_comment_is_empty() {
        let mut catalog = Catalog::empty();
        let schema = ObjectId { kind: Kind::Schema, name: Vec::new() };
        catalog.insert(fact(Kind::Comment, &["schema"], Some(schema)));
        assert!(catalog.is_empty());
        assert!(!sample().is_empty());
    }
}
