//! Puts rows together to catalogs. Both ends of an edge of `pg_depend` become
//! facts here: the object's own, or that of the object which it is a part of.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tenantry_catalog::{Catalog, External, ObjectId, Reference, TENANT, Unmodelled};

use super::InspectError;
use super::row::{Address, Edge, EdgeType, FactRow, Identity, Place};

/// How far it is from a part to its whole, at most: an array type of a row
/// type of a view, and some to spare.
const DEEPEST_PART: usize = 8;

/// Catalogs in the making.
#[derive(Default)]
pub(super) struct Reader {
    catalogs: BTreeMap<u32, Catalog>,
    facts: HashMap<Address, (u32, ObjectId)>,
    /// Everything that is in the schemas, and in which.
    everything: BTreeMap<Place, u32>,
    /// What is a part, or a copy, of what.
    wholes: HashMap<Place, Address>,
    /// What extensions brought.
    members: HashSet<Place>,
    edges: Vec<(Address, Address)>,
    identities: HashMap<Place, Identity>,
}

impl Reader {
    /// Takes a fact.
    pub(super) fn fact(&mut self, row: FactRow) -> Result<(), InspectError> {
        let FactRow { what, schema, address, fact, references } = row;
        let catalog = self.catalogs.entry(schema).or_default();
        if catalog.contains(&fact.id) {
            return Err(InspectError::Twice { what, object: fact.id.to_string() });
        }
        for on in references {
            catalog.refer(fact.id.clone(), Reference::Inside(on));
        }
        if let Some(address) = address {
            self.facts.insert(address, (schema, fact.id.clone()));
            self.everything.insert(address.place, schema);
        }
        catalog.insert(fact);
        Ok(())
    }

    /// Takes note of something that is in a schema.
    pub(super) fn place(&mut self, schema: u32, place: Place) {
        self.everything.insert(place, schema);
    }

    /// Everything that is in the schemas.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.everything.keys().copied()
    }

    /// Takes an edge.
    pub(super) fn edge(&mut self, edge: &Edge) {
        match edge.kind {
            EdgeType::MemberOf => {
                self.members.insert(edge.from.place);
            }
            EdgeType::PartOf | EdgeType::CopyOf => {
                self.wholes.entry(edge.from.place).or_insert(edge.on);
                self.edges.push((edge.from, edge.on));
            }
            EdgeType::Rests => self.edges.push((edge.from, edge.on)),
        }
    }

    /// What no fact answers for, once all edges are there: to be named.
    pub(super) fn unnamed(&self) -> impl Iterator<Item = Place> {
        let strange = self.everything.keys().filter(|place| self.resolve(whole(**place)).is_none());
        let outside = self.edges.iter().filter_map(|(from, on)| {
            let here = self.everything.get(&from.place);
            let inside = self.resolve(*on).is_some_and(|(schema, _)| Some(schema) == here);
            (!inside).then_some(&on.place)
        });
        strange.chain(outside).copied().collect::<BTreeSet<Place>>().into_iter()
    }

    /// Takes the name of something that no fact answers for.
    pub(super) fn identity(&mut self, identity: Identity) {
        self.identities.insert(identity.place, identity);
    }

    /// The catalogs, by their namespaces' oids.
    pub(super) fn finish(mut self) -> BTreeMap<u32, Catalog> {
        let mut strange: BTreeMap<Place, BTreeSet<ObjectId>> = self
            .everything
            .keys()
            .filter(|place| self.resolve(whole(**place)).is_none() && !self.is_member(whole(**place)))
            .map(|place| (*place, BTreeSet::new()))
            .collect();
        let mut references = Vec::new();
        for (from, on) in &self.edges {
            let Some(schema) = self.everything.get(&from.place) else { continue };
            let target = self.resolve(*on).filter(|(there, _)| *there == schema);
            match (self.resolve(*from), target) {
                (Some((_, from)), Some((_, on))) => {
                    if from != on {
                        references.push((*schema, from.clone(), Reference::Inside(on.clone())));
                    }
                }
                (Some((_, from)), None) => {
                    if let Some(external) = self.external(on.place, *schema) {
                        references.push((*schema, from.clone(), Reference::Outside(external)));
                    }
                }
                (None, Some((_, on))) => {
                    if let Some(rests_on) = strange.get_mut(&from.place) {
                        rests_on.insert(on.clone());
                    }
                }
                (None, None) => {}
            }
        }
        let members: Vec<(u32, ObjectId)> = self
            .facts
            .iter()
            .filter(|(address, _)| self.is_member(**address))
            .map(|(_, fact)| fact.clone())
            .collect();
        for (schema, from, to) in references {
            if let Some(catalog) = self.catalogs.get_mut(&schema)
                && !matches!(&to, Reference::Inside(on) if parent_of(catalog, &from) == Some(on))
            {
                catalog.refer(from, to);
            }
        }
        for (place, rests_on) in strange {
            if let Some(identity) = self.identities.get(&place)
                && let Some(catalog) = self.everything.get(&place).and_then(|s| self.catalogs.get_mut(s))
            {
                let (kind, identity) = (identity.kind.clone(), identity.own_identity.clone());
                catalog.insert_unmodelled(Unmodelled { kind, identity, rests_on });
            }
        }
        let mut of_extensions: BTreeMap<u32, HashSet<ObjectId>> = BTreeMap::new();
        for (schema, id) in members {
            of_extensions.entry(schema).or_default().insert(id);
        }
        for (schema, ids) in of_extensions {
            if let Some(catalog) = self.catalogs.get_mut(&schema) {
                *catalog = catalog.filtered(|fact| !ids.contains(&fact.id));
            }
        }
        self.catalogs
    }

    /// The fact that answers for an address, with its schema.
    fn resolve(&self, address: Address) -> Option<(&u32, &ObjectId)> {
        let mut at = address;
        for _ in 0..DEEPEST_PART {
            let found = self.facts.get(&at).or_else(|| self.facts.get(&whole(at.place)));
            if let Some((schema, id)) = found {
                return Some((schema, id));
            }
            at = *self.wholes.get(&at.place)?;
        }
        None
    }

    /// Whether an extension brought it, or what it is a part of.
    fn is_member(&self, address: Address) -> bool {
        let mut at = address;
        for _ in 0..DEEPEST_PART {
            if self.members.contains(&at.place) {
                return true;
            }
            match self.wholes.get(&at.place) {
                Some(whole) => at = *whole,
                None => return false,
            }
        }
        false
    }

    /// Something that is not a fact of this schema.
    fn external(&self, place: Place, schema: u32) -> Option<External> {
        let identity = self.identities.get(&place)?;
        let own = identity.namespace == Some(schema);
        Some(match &identity.extension {
            Some(extension) if own => {
                External { kind: "extension".to_owned(), schema: None, identity: extension.clone() }
            }
            _ if own => External {
                kind: identity.kind.clone(),
                schema: Some(TENANT.to_owned()),
                identity: identity.own_identity.clone(),
            },
            _ => External {
                kind: identity.kind.clone(),
                schema: identity.schema.clone(),
                identity: identity.identity.clone(),
            },
        })
    }
}

/// The address of an object itself.
fn whole(place: Place) -> Address {
    Address { place, sub: 0 }
}

fn parent_of<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<&'a ObjectId> {
    catalog.get(id).and_then(|fact| fact.parent.as_ref())
}
