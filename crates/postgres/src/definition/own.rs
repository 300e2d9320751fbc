//! Which schema is the tenant's own in a definition (D3), and which statements reach outside of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use tenantry_planner::sql::PLACEHOLDER;

use super::classify::Class;
use super::names::{Name, Role};
use super::read::ReadStatement;
use super::refusal::Own;
use super::source::Location;

/// What was found out.
pub(super) struct OwnSchema {
    /// How the tenant's schema is named.
    pub own: Own,
    /// The statements that make or change something in another schema, by that schema; the first one first.
    pub elsewhere: BTreeMap<String, Vec<usize>>,
    /// The names of all objects that the definition makes.
    pub made: HashSet<String>,
}

impl OwnSchema {
    /// The name that stands for the tenant's schema, if there is one beside the placeholder.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.own {
            Own::Unqualified => None,
            Own::Named(name, _) | Own::Given(name) => Some(name),
        }
    }

    /// Is this name the tenant's schema?
    pub(super) fn is_own(&self, schema: &str) -> bool {
        self.name() == Some(schema) || is_placeholder(schema)
    }

    /// Is an object of this name, qualified by the tenant's schema, the tenant's? What a dump of `public` qualifies and does
    /// not make is not: the types and functions of extensions, tables that are shared.
    pub(super) fn owns(&self, object: &str) -> bool {
        self.name() != Some("public") || self.made.contains(object)
    }
}

/// `__TENANT__`, as it stands or folded.
pub(super) fn is_placeholder(schema: &str) -> bool {
    schema.eq_ignore_ascii_case(PLACEHOLDER)
}

/// What speaks for one schema.
struct Evidence {
    first: usize,
    makes: usize,
    /// CREATE SCHEMA, or a search path that leads to it.
    declared: bool,
}

/// Finds the tenant's own schema: the one that the caller says; or the one that the definition makes objects in.
pub(super) fn find(statements: &[ReadStatement<'_>], given: Option<&str>) -> OwnSchema {
    let mut evidence: HashMap<&str, Evidence> = HashMap::new();
    let mut made = HashSet::new();
    let mut unqualified = false;
    for (at, statement) in statements.iter().enumerate() {
        let mut count = |schema, makes, declared| {
            let entry = evidence.entry(schema).or_insert(Evidence { first: at, makes: 0, declared: false });
            entry.makes += usize::from(makes);
            entry.declared |= declared;
        };
        if statement.class == Class::Schema {
            statement.names.schemas.iter().for_each(|schema| count(&schema.name, false, true));
        }
        if !matches!(statement.class, Class::Run(_)) {
            continue;
        }
        for name in statement.names.targets() {
            if matches!(name.role, Role::Makes | Role::MakesBeside) {
                made.insert(name.object.clone());
            }
            if name.role == Role::Makes {
                match statement.schema_of(name) {
                    Some(schema) if is_placeholder(schema) => unqualified = true,
                    Some(schema) => count(schema, true, name.schema.is_none()),
                    None => unqualified = true,
                }
            }
        }
    }
    let found = given.map(|name| Own::Given(name.to_owned()));
    let by_objects = || named(statements, &evidence, unqualified);
    let by_head = || if evidence.is_empty() { public_by_its_objects(statements, &made) } else { None };
    let own = found.or_else(by_objects).or_else(by_head).unwrap_or(Own::Unqualified);
    let mut result = OwnSchema { own, elsewhere: BTreeMap::new(), made };
    for (at, statement) in statements.iter().enumerate() {
        for schema in reaches(statement, &result) {
            result.elsewhere.entry(schema).or_default().push(at);
        }
    }
    result
}

/// The schema that most objects are made in. Where other objects are made without any qualification, only `public` can be
/// meant by both ways to write, unless the definition makes the schema or searches it.
fn named(
    statements: &[ReadStatement<'_>],
    evidence: &HashMap<&str, Evidence>,
    unqualified: bool,
) -> Option<Own> {
    let best = evidence.iter().max_by_key(|(_, e)| (e.makes, e.declared, usize::MAX - e.first))?;
    let (name, Evidence { first, declared, .. }) = best;
    let means_both = *name == "public" || *declared || !unqualified;
    means_both.then(|| Own::Named((*name).to_owned(), statements[*first].location.clone()))
}

/// Names are unqualified where objects are made, and qualified by `public` where they are changed, or `public` itself is
/// commented on or granted: a product's own schema, written by hand.
fn public_by_its_objects(statements: &[ReadStatement<'_>], made: &HashSet<String>) -> Option<Own> {
    let location = |statement: &ReadStatement<'_>| -> Option<Location> {
        if !matches!(statement.class, Class::Run(_)) {
            return None;
        }
        let changes =
            |name: &Name| statement.schema_of(name) == Some("public") && made.contains(&name.object);
        let itself = statement.names.schemas.iter().any(|schema| schema.name == "public");
        (itself || statement.names.targets().any(changes)).then(|| statement.location.clone())
    };
    statements.iter().find_map(location).map(|location| Own::Named("public".to_owned(), location))
}

/// The other schemas that a statement makes or changes something in.
fn reaches(statement: &ReadStatement<'_>, own: &OwnSchema) -> Vec<String> {
    let runs =
        matches!(statement.class, Class::Run(_) | Class::Drop { .. } | Class::Schema | Class::DropSchema);
    let schemas = statement.names.schemas.iter().map(|schema| schema.name.as_str());
    let objects = statement.names.targets().filter_map(|name| statement.schema_of(name));
    let mut others: Vec<String> =
        schemas.chain(objects).filter(|schema| runs && !own.is_own(schema)).map(str::to_owned).collect();
    others.dedup();
    others
}
