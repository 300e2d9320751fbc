//! Puts rows together to catalogs. Both ends of an edge of `pg_depend` become
//! facts here: the object's own, or that of the object which it is a part of.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tenantry_catalog::{Catalog, External, ObjectId, Reference, TENANT, Unmodelled};
use tokio_postgres::Row;

use super::InspectError;
use super::facts::{Facts, Number, Said, Standing};
use super::row::{Address, Edge, EdgeType, Identity, Place, Rest};

/// How far it is from a part to its whole, at most: an array type of a row
/// type of a view, and some to spare.
const DEEPEST_PART: usize = 8;

/// Catalogs in the making.
#[derive(Default)]
pub(super) struct Reader {
    said: Facts,
    /// What each schema has.
    schemas: BTreeMap<u32, Vec<Number>>,
    facts: HashMap<Address, (u32, Number)>,
    /// Everything that is in the schemas, and in which.
    everything: HashMap<Place, u32>,
    /// What is a part, or a copy, of what.
    wholes: HashMap<Place, Address>,
    /// What extensions brought.
    members: HashSet<Place>,
    edges: Vec<(Address, Address)>,
    identities: HashMap<Place, Identity>,
}

/// All that a catalog is made of: schemas for which this is equal have equal catalogs.
#[derive(Default, PartialEq, Eq, Hash)]
struct Parts {
    facts: Vec<Number>,
    references: BTreeSet<(Number, Target)>,
    /// What extensions brought.
    members: BTreeSet<Number>,
    unmodelled: BTreeSet<(External, BTreeSet<Number>)>,
}

/// What a fact refers to.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Target {
    Inside(Number),
    Outside(External),
}

impl Reader {
    /// Takes a row that says a fact.
    pub(super) fn fact(&mut self, what: &'static str, row: &Row) -> Result<(), InspectError> {
        let Standing { schema, address, fact } = self.said.take(what, row)?;
        self.schemas.entry(schema).or_default().push(fact);
        if let Some(address) = address {
            self.facts.insert(address, (schema, fact));
            self.everything.insert(address.place, schema);
        }
        Ok(())
    }

    /// Takes note of something that is in a schema, and of what it rests on.
    pub(super) fn rest(&mut self, rest: &Rest) {
        self.everything.insert(rest.place, rest.schema);
        if let Some(edge) = &rest.edge {
            self.edge(edge);
        }
    }

    fn edge(&mut self, edge: &Edge) {
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
            let inside = self.resolve(*on).is_some_and(|(schema, _)| Some(&schema) == here);
            (!inside).then_some(&on.place)
        });
        strange.chain(outside).copied().collect::<BTreeSet<Place>>().into_iter()
    }

    /// Takes the name of something that no fact answers for.
    pub(super) fn identity(&mut self, identity: Identity) {
        self.identities.insert(identity.place, identity);
    }

    /// The catalogs, by their namespaces' oids; equal schemas share one.
    pub(super) fn finish(mut self) -> Result<BTreeMap<u32, Arc<Catalog>>, InspectError> {
        let mut made: HashMap<Parts, Arc<Catalog>> = HashMap::new();
        let mut catalogs = BTreeMap::new();
        for (schema, parts) in self.parts() {
            let catalog = match made.get(&parts) {
                Some(catalog) => Arc::clone(catalog),
                None => {
                    let catalog = Arc::new(self.catalog(&parts)?);
                    made.insert(parts, Arc::clone(&catalog));
                    catalog
                }
            };
            catalogs.insert(schema, catalog);
        }
        Ok(catalogs)
    }

    /// What each schema's catalog is made of.
    fn parts(&mut self) -> BTreeMap<u32, Parts> {
        let schemas = std::mem::take(&mut self.schemas).into_iter();
        let mut all: BTreeMap<u32, Parts> = schemas
            .map(|(schema, mut facts)| {
                facts.sort_unstable();
                (schema, Parts { facts, ..Parts::default() })
            })
            .collect();
        let mut strange: HashMap<Place, BTreeSet<Number>> = self
            .everything
            .keys()
            .filter(|place| self.resolve(whole(**place)).is_none() && !self.is_member(whole(**place)))
            .map(|place| (*place, BTreeSet::new()))
            .collect();
        for (from, on) in &self.edges {
            let Some(schema) = self.everything.get(&from.place) else { continue };
            let target = self.resolve(*on).filter(|(there, _)| there == schema);
            let reference = match (self.resolve(*from), target) {
                (Some((_, from)), Some((_, on))) => (from != on).then_some((from, Target::Inside(on))),
                (Some((_, from)), None) => {
                    self.external(on.place, *schema).map(|external| (from, Target::Outside(external)))
                }
                (None, Some((_, on))) => {
                    if let Some(rests_on) = strange.get_mut(&from.place) {
                        rests_on.insert(on);
                    }
                    None
                }
                (None, None) => None,
            };
            if let (Some(reference), Some(parts)) = (reference, all.get_mut(schema)) {
                parts.references.insert(reference);
            }
        }
        for (place, rests_on) in strange {
            if let Some(Identity { kind, own_identity, .. }) = self.identities.get(&place)
                && let Some(parts) = self.everything.get(&place).and_then(|schema| all.get_mut(schema))
            {
                let what = External { kind: kind.clone(), schema: None, identity: own_identity.clone() };
                parts.unmodelled.insert((what, rests_on));
            }
        }
        if !self.members.is_empty() {
            for (address, (schema, fact)) in &self.facts {
                if let Some(parts) = all.get_mut(schema)
                    && self.is_member(*address)
                {
                    parts.members.insert(*fact);
                }
            }
        }
        all
    }

    /// Makes a catalog.
    fn catalog(&self, parts: &Parts) -> Result<Catalog, InspectError> {
        let id = |number: Number| &self.said.said(number).fact.id;
        let mut catalog = Catalog::default();
        for number in &parts.facts {
            let Said { what, fact, references } = self.said.said(*number);
            if catalog.contains(&fact.id) {
                return Err(InspectError::Twice { what, object: fact.id.to_string() });
            }
            catalog.insert(fact.clone());
            for on in references {
                catalog.refer(fact.id.clone(), Reference::Inside(on.clone()));
            }
        }
        for (from, target) in &parts.references {
            let to = match target {
                Target::Inside(on) if self.said.said(*from).fact.parent.as_ref() == Some(id(*on)) => continue,
                Target::Inside(on) => Reference::Inside(id(*on).clone()),
                Target::Outside(external) => Reference::Outside(external.clone()),
            };
            catalog.refer(id(*from).clone(), to);
        }
        for (External { kind, identity, .. }, rests_on) in &parts.unmodelled {
            let rests_on = rests_on.iter().map(|number| id(*number).clone()).collect();
            catalog.insert_unmodelled(Unmodelled {
                kind: kind.clone(),
                identity: identity.clone(),
                rests_on,
            });
        }
        if !parts.members.is_empty() {
            let members: HashSet<&ObjectId> = parts.members.iter().map(|number| id(*number)).collect();
            catalog = catalog.filtered(|fact| !members.contains(&fact.id));
        }
        Ok(catalog)
    }

    /// The fact that answers for an address, with its schema.
    fn resolve(&self, address: Address) -> Option<(u32, Number)> {
        let mut at = address;
        for _ in 0..DEEPEST_PART {
            let found = self.facts.get(&at).or_else(|| self.facts.get(&whole(at.place)));
            if let Some(found) = found {
                return Some(*found);
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
