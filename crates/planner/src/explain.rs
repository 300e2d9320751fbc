//! How two schemas differ, as a person wants to read it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenantry_catalog::{Catalog, Fact};

use crate::fate::{Fate, Fates, rules_of};
use crate::rules::{Context, Dialect};
use crate::{Change, Policy, ServerVersion, diff};

/// One difference between what is declared and what was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// In one sentence without a full stop.
    pub sentence: String,
    /// What is declared, a line each; empty when the object is not.
    pub declared: Vec<String>,
    /// What was found, a line each; empty when nothing was.
    pub found: Vec<String>,
}

/// The differences of a found schema from a declared one, in the order of the
/// objects. What is below a missing or an additional object is not repeated.
pub fn explain(
    dialect: &dyn Dialect,
    declared: &Catalog,
    found: &Catalog,
    policy: &Policy,
    server: ServerVersion,
) -> Vec<Difference> {
    let (declared, found) = (policy.project(declared), policy.project(found));
    let sql = |fact: &Fact, of: &Catalog| statements(dialect, fact, of, policy, server);
    let known: BTreeSet<_> = declared.unmodelled().map(|object| (&object.kind, &object.identity)).collect();
    let strange = found.unmodelled().filter(|object| !known.contains(&(&object.kind, &object.identity))).map(
        |object| Difference {
            sentence: format!(
                "{} {} is of a kind that is not supported yet, and is left alone",
                object.kind, object.identity
            ),
            declared: Vec::new(),
            found: Vec::new(),
        },
    );
    diff(&declared, &found)
        .into_iter()
        .filter_map(|change| match change {
            Change::Added(fact) if below(fact, &declared) => None,
            Change::Removed(fact) if below(fact, &found) => None,
            Change::Added(fact) => Some(Difference {
                sentence: format!("{} is not in the definition", fact.id),
                declared: Vec::new(),
                found: sql(fact, &found),
            }),
            Change::Removed(fact) => Some(Difference {
                sentence: format!("{} is missing", fact.id),
                declared: sql(fact, &declared),
                found: Vec::new(),
            }),
            Change::Changed { from, to, attributes } => Some(changed(dialect, from, to, &attributes)),
        })
        .chain(strange)
        .collect()
}

/// Whether the fact's parent is not there either, which says it all.
fn below(fact: &Fact, other: &Catalog) -> bool {
    fact.parent.as_ref().is_some_and(|parent| !other.contains(parent))
}

fn changed(dialect: &dyn Dialect, declared: &Fact, found: &Fact, attributes: &[String]) -> Difference {
    let words: Vec<String> = attributes.iter().map(|name| name.replace('_', " ")).collect();
    let side = |fact: &Fact| {
        attributes
            .iter()
            .map(|name| {
                let value = match name.as_str() {
                    "parent" => fact.parent.as_ref().map_or("nothing".to_owned(), ToString::to_string),
                    name => fact.get(name).map_or("none".to_owned(), readable),
                };
                if attributes.len() == 1 { value } else { format!("{}: {value}", name.replace('_', " ")) }
            })
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    };
    let rules = dialect.rules(found.id.kind);
    let advice = rules.and_then(|rules| rules.advice(declared, found)).map(|advice| format!(": {advice}"));
    Difference {
        sentence: format!("{} has another {}{}", found.id, words.join(", "), advice.unwrap_or_default()),
        declared: side(declared),
        found: side(found),
    }
}

/// An attribute's value without the punctuation of JSON where it has none to
/// offer.
fn readable(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(values) => values.iter().map(readable).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The statements that would make one object; nothing when no rule can tell.
fn statements(
    dialect: &dyn Dialect,
    fact: &Fact,
    catalog: &Catalog,
    policy: &Policy,
    server: ServerVersion,
) -> Vec<String> {
    let empty = Catalog::empty();
    let folded = BTreeSet::new();
    let fates = Fates([(fact.id.clone(), Fate::Create)].into());
    let context =
        Context { from: &empty, to: catalog, aside: &empty, policy, server, fates: &fates, folded: &folded };
    rules_of(dialect, &fact.id)
        .and_then(|rules| rules.create(fact, &context))
        .map(|steps| {
            steps
                .into_iter()
                .flat_map(|s| format!("{};", s.sql).lines().map(str::to_owned).collect::<Vec<_>>())
                .collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenantry_catalog::{Kind, ObjectId};

    use super::*;
    use crate::postgres::Postgres;

    fn catalog(facts: &[(Kind, &[&str], Option<ObjectId>, Value)]) -> Catalog {
        let mut catalog = Catalog::empty();
        for (kind, name, parent, attributes) in facts {
            catalog.insert(Fact {
                id: ObjectId::new(*kind, name.iter().copied()),
                parent: parent.clone(),
                attributes: serde_json::from_value(attributes.clone()).unwrap(),
            });
        }
        catalog
    }

    #[test]
    fn says_each_thing_once() {
        let table = ObjectId::new(Kind::Table, ["t"]);
        let declared = catalog(&[
            (Kind::Table, &["t"], None, json!({})),
            (Kind::Column, &["t", "a"], Some(table.clone()), json!({"type": "text", "not_null": true})),
        ]);
        let other = ObjectId::new(Kind::Table, ["u"]);
        let found = catalog(&[
            (Kind::Table, &["t"], None, json!({})),
            (
                Kind::Column,
                &["t", "a"],
                Some(table),
                json!({"type": "character varying(100)", "not_null": true}),
            ),
            (Kind::Table, &["u"], None, json!({})),
            (Kind::Column, &["u", "b"], Some(other), json!({"type": "text"})),
        ]);
        let policy = Policy::default();
        let said: Vec<String> = explain(&Postgres, &declared, &found, &policy, ServerVersion(150_000))
            .into_iter()
            .map(|d| {
                format!(
                    "{} | {} | {}",
                    d.sentence,
                    d.declared.join(";"),
                    if d.declared.is_empty() { "" } else { &d.found[0] }
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                "table u is not in the definition |  | ",
                "column t.a has another type | text | character varying(100)"
            ]
        );
    }
}
