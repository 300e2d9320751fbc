//! What PostgreSQL's kinds plan, as text that a person can review: both
//! catalogs are written as JSON, the plan is kept as a snapshot.
#![allow(clippy::unwrap_used, reason = "clippy does not take the functions beside the tests for tests")]

use std::fmt::Write as _;

use serde_json::{Value, json};
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId, Reference};
use tenantry_planner::postgres::Postgres;
use tenantry_planner::{Destructive, Policy, ServerVersion, Transaction, plan};

/// An identity, written `kind: part, part`.
fn id(text: &str) -> ObjectId {
    let (kind, name) = text.split_once(':').unwrap_or((text, ""));
    let parts = name.split(" / ").map(str::trim).filter(|part| !part.is_empty());
    ObjectId::new(kind.parse::<Kind>().unwrap(), parts)
}

/// A catalog of facts, each `[identity, attributes, {"parent": ..., "on": [...]}]`.
fn catalog(facts: &[Value]) -> Catalog {
    let mut catalog = Catalog::empty();
    for fact in facts {
        let own = id(fact[0].as_str().unwrap());
        let parent = fact[2]["parent"].as_str().map(id);
        for on in fact[2]["on"].as_array().into_iter().flatten() {
            catalog.refer(own.clone(), Reference::Inside(id(on.as_str().unwrap())));
        }
        let attributes = serde_json::from_value(fact[1].clone()).unwrap();
        catalog.insert(Fact { id: own, parent, attributes });
    }
    catalog
}

/// The plan as it would be read: statements, each with its locks and hazards.
fn planned(from: &[Value], to: &[Value]) -> String {
    let policy = Policy { destructive: Destructive::Allow, owners: true, ..Policy::default() };
    let plan = match plan(&Postgres, &catalog(from), &catalog(to), &policy, ServerVersion(150_000)) {
        Ok(plan) => plan,
        Err(error) => return format!("refused: {error}"),
    };
    let mut text = String::new();
    for (at, step) in plan.steps.iter().enumerate() {
        writeln!(text, "{};", step.sql).unwrap();
        for lock in &step.locks {
            if let tenantry_planner::LockTarget::Own(on) = &lock.on {
                writeln!(text, "  -- locks {on}: {}", lock.mode.sql()).unwrap();
            }
        }
        for hazard in &step.hazards {
            writeln!(text, "  -- {hazard}").unwrap();
        }
        if step.transaction != Transaction::Within || plan.commits.contains(&at) {
            writeln!(text, "  -- {:?}, commit here: {}", step.transaction, plan.commits.contains(&at))
                .unwrap();
        }
    }
    text
}

fn routine(body: &str) -> Value {
    json!({"language": "sql", "returns": "integer", "body": body,
           "arguments": [{"name": "a", "mode": "IN", "type": "integer"}]})
}

fn table(columns: &[&str]) -> Vec<Value> {
    let mut facts = vec![json!(["table: t", {}, {}])];
    facts.extend(
        columns
            .iter()
            .map(|name| json!([format!("column: t / {name}"), {"type": "integer"}, {"parent": "table: t"}])),
    );
    facts
}

#[test]
fn enum_values_are_added_at_their_place() {
    let moods = |labels: Value| vec![json!(["enum: mood", {"labels": labels}, {}])];
    insta::assert_snapshot!(
        "enum-add",
        planned(&moods(json!(["b", "d"])), &moods(json!(["a", "b", "c", "it's", "d", "e", "f"])))
    );
}

#[test]
fn an_enum_without_columns_is_made_anew_with_what_rests_on_it() {
    let facts = |labels: Value| {
        vec![
            json!(["enum: mood", {"labels": labels, "owner": "app"}, {}]),
            json!(["comment: enum / mood", {"text": "how it is"}, {"parent": "enum: mood"}]),
            json!(["function: f / mood", {"language": "sql", "returns": "integer", "body": "SELECT 1",
                "arguments": [{"mode": "IN", "type": "mood"}]}, {"on": ["enum: mood"]}]),
        ]
    };
    insta::assert_snapshot!("enum-replace", planned(&facts(json!(["a", "b"])), &facts(json!(["b"]))));
}

#[test]
fn a_function_is_replaced_where_it_is_and_what_it_computed_is_named() {
    let facts = |body: &str| {
        let mut facts = table(&["a"]);
        facts.push(json!(["function: f / integer", routine(body), {}]));
        facts.push(
            json!(["function: g / integer", routine("RETURN f(a)"), {"on": ["function: f / integer"]}]),
        );
        facts.push(json!(["index: i", {}, {"parent": "table: t", "on": ["function: g / integer"]}]));
        facts
    };
    insta::assert_snapshot!("routine-replace", planned(&facts("SELECT 1"), &facts("SELECT 2")));
}

#[test]
fn a_function_that_returns_something_else_is_made_anew() {
    let facts = |returns: &str| {
        let mut function = routine("SELECT 1");
        function["returns"] = returns.into();
        function["security_definer"] = true.into();
        vec![
            json!(["function: f / integer", function, {}]),
            json!(["view: v", {"definition": " SELECT f(1) AS x;"}, {"on": ["function: f / integer"]}]),
            json!(["privilege: function / f / integer / PUBLIC", {"privileges": []}, {"parent": "function: f / integer"}]),
        ]
    };
    insta::assert_snapshot!("routine-anew", planned(&facts("integer"), &facts("bigint")));
}

#[test]
fn a_view_is_replaced_where_it_only_grows() {
    let view = |definition: &str, columns: &[&str]| {
        let columns: Vec<Value> =
            columns.iter().map(|name| json!({"name": name, "type": "integer"})).collect();
        vec![
            json!(["view: v", {"definition": definition, "options": {"security_barrier": "true"}, "_columns": columns}, {}]),
            json!(["view: w", {"definition": " SELECT v.a FROM v;"}, {"on": ["view: v"]}]),
        ]
    };
    let before = view(" SELECT 1 AS a;", &["a"]);
    insta::assert_snapshot!("view-grows", planned(&before, &view(" SELECT 1 AS a, 2 AS b;", &["a", "b"])));
    insta::assert_snapshot!("view-anew", planned(&before, &view(" SELECT 2 AS b, 1 AS a;", &["b", "a"])));
}

#[test]
fn privileges_are_granted_and_revoked_as_little_as_can_be() {
    let facts = |table_wide: Value, column: Option<Value>| {
        let mut facts = table(&["a"]);
        facts.push(json!(["privilege: table / t / app", {"privileges": table_wide}, {"parent": "table: t"}]));
        if let Some(column) = column {
            let privilege = "privilege: column / t / a / app";
            facts.push(json!([privilege, {"privileges": column}, {"parent": "column: t / a"}]));
        }
        facts
    };
    let (both, few) = (json!(["SELECT", "UPDATE WITH GRANT OPTION"]), json!(["UPDATE"]));
    insta::assert_snapshot!(
        "privilege-column",
        planned(&facts(both.clone(), None), &facts(few.clone(), Some(json!(["SELECT"]))))
    );
    insta::assert_snapshot!(
        "privilege-column-kept",
        planned(&facts(both, Some(json!(["SELECT"]))), &facts(few, Some(json!(["SELECT"]))))
    );
}

#[test]
fn default_privileges_do_not_leak_into_what_is_made() {
    let default = json!(["default privilege: owner / functions / app", {"privileges": ["EXECUTE"]}, {"parent": "schema"}]);
    let made = vec![default.clone(), json!(["function: f / integer", routine("SELECT 1"), {}])];
    insta::assert_snapshot!("default-privilege", planned(&[default], &made));
}

#[test]
fn policies_are_altered_where_postgres_can() {
    let facts = |using: Option<&str>, command: &str| {
        let mut facts = table(&["a"]);
        facts.push(
            json!(["policy: t / p", {"permissive": true, "command": command, "roles": ["app", "PUBLIC"],
            "using": using, "check": "(a > 0)"}, {"parent": "table: t"}]),
        );
        facts
    };
    let before = facts(Some("(a = 1)"), "ALL");
    insta::assert_snapshot!("policy-alter", planned(&before, &facts(Some("(a = 2)"), "ALL")));
    insta::assert_snapshot!("policy-anew", planned(&before, &facts(None, "INSERT")));
}

/// The server of 17 and before says that it was done, and 18 refuses.
#[test]
fn a_partitioned_table_does_not_become_unlogged() {
    let table = |attributes: Value| [json!(["table: t", attributes, {}])];
    let plan = planned(
        &table(json!({"partition_key": "RANGE (a)"})),
        &table(json!({"partition_key": "RANGE (a)", "unlogged": true})),
    );
    assert!(plan.starts_with("refused: table t: is partitioned"), "{plan}");
}
