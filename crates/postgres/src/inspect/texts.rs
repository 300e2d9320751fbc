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

/// All that a catalog's texts say, in lower case: searched at once for the name of each schema whose catalog it is.
pub(super) struct Texts(String);

impl Texts {
    /// Puts a catalog's texts together.
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut all = String::new();
        for fact in catalog.facts() {
            let texts = fact
                .attributes
                .iter()
                .filter(|(name, _)| name.as_str() == "body" || PRINTED.contains(&name.as_str()));
            texts.for_each(|(_, value)| gather(value, &mut all));
        }
        Self(all.to_lowercase())
    }

    /// Whether a schema may be named. A name with a quote in it is written in more than one way.
    fn mention(&self, schema: &str) -> bool {
        schema.contains(['"', '\'', '\\']) || self.0.contains(&schema.to_lowercase())
    }
}

fn gather(value: &Value, all: &mut String) {
    match value {
        Value::String(text) => {
            all.push_str(text);
            all.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, all)),
        Value::Object(values) => values.values().for_each(|value| gather(value, all)),
        _ => {}
    }
}

/// Puts the placeholder into every text of a catalog, where it qualifies by the
/// schema's name for certain.
pub(super) fn abstract_texts(catalog: &mut Arc<Catalog>, texts: &Texts, schema: &str) {
    if !texts.mention(schema) {
        return;
    }
    let owned: HashSet<String> =
        catalog.facts().filter(|fact| stands_alone(fact)).map(|fact| fact.id.first().to_owned()).collect();
    for abstracted in [printed, written] {
        let named: Vec<Fact> = catalog.facts().filter_map(|fact| abstracted(fact, schema, &owned)).collect();
        if !named.is_empty() {
            let catalog = Arc::make_mut(catalog);
            named.into_iter().for_each(|fact| catalog.insert(fact));
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
fn written(fact: &Fact, schema: &str, owned: &HashSet<String>) -> Option<Fact> {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tenantry_catalog::ObjectId;

    use super::*;

    #[test]
    fn a_schema_that_is_named_is_found_however_it_is_written() {
        let id = ObjectId::new(Kind::Function, ["f", ""]);
        let attributes = BTreeMap::from([("body".to_owned(), "SELECT a FROM ACME.t".into())]);
        let mut catalog = Catalog::empty();
        catalog.insert(Fact { id, parent: None, attributes });
        let texts = Texts::of(&catalog);
        for (schema, may_be_named) in
            [("acme", true), ("globex", false), ("o'neil", true), ("a\"b", true), ("a\\b", true)]
        {
            assert_eq!(texts.mention(schema), may_be_named, "{schema}");
        }
    }
}
