//! Texts that name the schema which they are in: the placeholder goes there, so
//! that equal tenants have equal catalogs (D4). Bodies of functions do where
//! somebody wrote it, and what the server prints where it has to: of a table in
//! a query that has an expression of its name in WITH, and of a function by name
//! alone that has more than one signature.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;
use tenantry_catalog::{Catalog, Fact, Kind};
use tenantry_planner::sql::{OwnSchema, abstract_body};

/// The carried attribute that says so, for those who report it.
const NAMES_SCHEMA: &str = "_names_schema";

/// Attributes that hold expressions, queries and names of functions, as the server prints them.
const PRINTED: &[&str] = &[
    "arguments",
    "bound",
    "canonical",
    "check",
    "default",
    "defaults",
    "definition",
    "estimators",
    "expression",
    "function",
    "generated",
    "partition_key",
    "partners",
    "parts",
    "sql_body",
    "subtype_diff",
    "support",
    "using",
];

/// What a printed text may mean by a name without introducing it.
const ROWS: &[&str] = &["old", "new", "excluded"];

/// Puts the placeholder into every text of a catalog, where it qualifies by the
/// schema's name for certain.
pub(super) fn abstract_texts(catalog: &mut Arc<Catalog>, schema: &str) {
    let may_name = MayName::new(schema);
    let candidates: Vec<&Fact> =
        catalog.facts().filter(|fact| fact.attributes.values().any(|value| may_name.is_in(value))).collect();
    if candidates.is_empty() {
        return;
    }
    let owned: HashSet<String> =
        catalog.facts().filter(|fact| stands_alone(fact)).map(|fact| fact.id.first().to_owned()).collect();
    let named = candidates.into_iter().filter_map(|fact| {
        let printed = printed(fact, schema, &owned);
        abstracted(printed.as_ref().unwrap_or(fact), schema, &owned).or(printed)
    });
    let named: Vec<Fact> = named.collect();
    if !named.is_empty() {
        let catalog = Arc::make_mut(catalog);
        named.into_iter().for_each(|fact| catalog.insert(fact));
    }
}

/// Tells texts that may name a schema from the many that do not, without reading them as SQL.
struct MayName {
    /// In small letters, as names without quotes are of no case.
    schema: String,
    /// A quote within the name is written as two.
    always: bool,
}

impl MayName {
    fn new(schema: &str) -> Self {
        Self { schema: schema.to_lowercase(), always: schema.contains('"') }
    }

    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.always || text.to_lowercase().contains(&self.schema),
            Value::Array(values) => values.iter().any(|value| self.is_in(value)),
            Value::Object(values) => values.values().any(|value| self.is_in(value)),
            _ => false,
        }
    }
}

/// The fact with other expressions, where they name the schema.
fn printed(fact: &Fact, schema: &str, owned: &HashSet<String>) -> Option<Fact> {
    let owns = |name: &str| owned.contains(name);
    let own = OwnSchema { schema, declared: ROWS, owns: &owns };
    let texts = PRINTED.iter().filter_map(|name| {
        let mut text = fact.get(name)?.clone();
        put_placeholder(&mut text, own).then(|| ((*name).to_owned(), text))
    });
    let texts: Vec<(String, Value)> = texts.collect();
    (!texts.is_empty()).then(|| {
        let mut fact = fact.clone();
        fact.attributes.extend(texts);
        fact
    })
}

/// Whether the placeholder went into any text of a value.
fn put_placeholder(value: &mut Value, own: OwnSchema<'_>) -> bool {
    match value {
        Value::String(text) => {
            let found = abstract_body(text, "sql", own);
            let changes = !found.replaced.is_empty();
            *text = found.text;
            changes
        }
        Value::Array(values) => put_placeholders(values, own),
        Value::Object(values) => put_placeholders(values.values_mut(), own),
        _ => false,
    }
}

fn put_placeholders<'a>(values: impl IntoIterator<Item = &'a mut Value>, own: OwnSchema<'_>) -> bool {
    let mut changed = false;
    for value in values {
        changed |= put_placeholder(value, own);
    }
    changed
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
