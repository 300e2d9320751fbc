//! Bodies of functions that name the schema which they are in: the placeholder
//! goes there, so that equal tenants have equal catalogs (D4).

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;
use tenantry_catalog::{Catalog, Fact, Kind};
use tenantry_planner::sql::{OwnSchema, abstract_body};

/// The carried attribute that says so, for those who report it.
const NAMES_SCHEMA: &str = "_names_schema";

/// Puts the placeholder into every body of a catalog, where it qualifies by the
/// schema's name for certain.
pub(super) fn abstract_bodies(catalog: &mut Arc<Catalog>, schema: &str) {
    let routines = [Kind::Function, Kind::Procedure];
    let names = |fact: &Fact| fact.text("body").is_some_and(|body| body.contains(schema));
    if !routines.iter().any(|kind| catalog.of_kind(*kind).any(names)) {
        return;
    }
    let owned: HashSet<String> =
        catalog.facts().filter(|fact| stands_alone(fact)).map(|fact| fact.id.first().to_owned()).collect();
    let named: Vec<Fact> = catalog.facts().filter_map(|fact| abstracted(fact, schema, &owned)).collect();
    if !named.is_empty() {
        let catalog = Arc::make_mut(catalog);
        named.into_iter().for_each(|fact| catalog.insert(fact));
    }
}

/// Whether it stands in the schema itself, by its own name.
fn stands_alone(fact: &Fact) -> bool {
    let beside = [Kind::Schema, Kind::Comment, Kind::Privilege, Kind::DefaultPrivilege];
    fact.parent.is_none() && !beside.contains(&fact.id.kind)
}

/// The fact with another body, where its body names the schema.
fn abstracted(fact: &Fact, schema: &str, owned: &HashSet<String>) -> Option<Fact> {
    if !matches!(fact.id.kind, Kind::Function | Kind::Procedure) {
        return None;
    }
    let (body, language) = (fact.text("body")?, fact.text("language")?);
    if !body.contains(schema) {
        return None;
    }
    let arguments = fact.get("arguments").and_then(Value::as_array).into_iter().flatten();
    let mut declared: Vec<&str> = arguments.filter_map(|argument| argument["name"].as_str()).collect();
    declared.push(fact.id.first());
    // `public` is where extensions and shared tables live, too; no other schema of a tenant is.
    let owns = |name: &str| schema != "public" || owned.contains(name);
    let found = abstract_body(body, language, OwnSchema { schema, declared: &declared, owns: &owns });
    if found.replaced.is_empty() {
        return None;
    }
    let mut fact = fact.clone();
    fact.attributes.insert("body".to_owned(), found.text.into());
    fact.attributes.insert(NAMES_SCHEMA.to_owned(), true.into());
    Some(fact)
}
