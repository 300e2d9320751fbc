//! Each rule refuses what it should and nothing else: judged by CEL and by the rules' Rust half, which must agree, and by a
//! real API server, which has the last word.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own functions may fail as the test does")]

mod api_server;
mod cases;

use std::{collections::BTreeMap, sync::LazyLock};

use cases::{CASES, Case, UPDATES};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use kube::core::cel::Validator;
use serde_json::{Value, json};
use tenantry_api::{
    crd, rules,
    validation::{Problem, violations},
};
#[test]
fn cel_and_rust_refuse_the_same_with_the_same_words() {
    for Case { kind, change, refused } in CASES {
        let object = changed(kind, change);
        let mut expected: Vec<_> =
            refused.iter().map(|(path, check)| ((*path).to_owned(), check.message.to_owned())).collect();
        expected.sort();
        assert_eq!(by_rust(kind, &object), expected, "by Rust: {kind} {change}");
        assert_eq!(by_cel(kind, &object, None), expected, "by CEL: {kind} {change}");
    }
}

#[test]
fn what_must_not_change_cannot_be_changed() {
    for (kind, before, after, refused) in UPDATES {
        let messages: Vec<_> = by_cel(kind, &changed(kind, after), Some(&changed(kind, before)))
            .into_iter()
            .map(|(_, m)| m)
            .collect();
        let expected: Vec<_> = refused.iter().map(|check| check.message.to_owned()).collect();
        assert_eq!(messages, expected, "{kind}: {before} -> {after}");
    }
}

#[test]
fn every_rule_is_refused_at_least_once() {
    for check in rules::ALL {
        let by_case =
            CASES.iter().flat_map(|case| case.refused).any(|(_, refused)| refused.message == check.message);
        let by_update =
            UPDATES.iter().filter_map(|update| update.3).any(|refused| refused.message == check.message);
        assert!(by_case || by_update, "no case is refused by: {}", check.message);
    }
}

static SCHEMAS: LazyLock<BTreeMap<String, (JSONSchemaProps, Value)>> = LazyLock::new(|| {
    let kinds = crd::all().into_iter().map(|crd| crd.spec.names.kind);
    let schemas = kinds.map(|kind| {
        let schema = crd::schema(&kind).unwrap();
        let json = serde_json::to_value(&schema).unwrap();
        (kind, (schema, json))
    });
    schemas.collect()
});

fn by_cel(kind: &str, object: &Value, old: Option<&Value>) -> Vec<(String, String)> {
    let errors = match Validator::new().validate_with_defaults(&SCHEMAS[kind].1, &without_nulls(object), old)
    {
        Ok(()) => return Vec::new(),
        Err(errors) => errors.into_vec(),
    };
    let mut found: Vec<_> = errors.into_iter().map(|error| (error.field_path, error.message)).collect();
    found.sort();
    found
}

fn by_rust(kind: &str, object: &Value) -> Vec<(String, String)> {
    let rules = violations(&SCHEMAS[kind].0, object).into_iter().map(|violation| match violation.problem {
        Problem::Rule(message) => (violation.path.to_string(), message.to_owned()),
        _ => panic!("the case is unsound in itself: {violation}"),
    });
    let mut found: Vec<_> = rules.collect();
    found.sort();
    found
}

/// The API server drops them before it asks CEL; the other implementation does not.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// A sound object of that kind with a change merged into it.
fn changed(kind: &str, change: &str) -> Value {
    let spec = match kind {
        "TenantDatabase" => json!({ "connection": { "secretRef": { "name": "eu-1-app" } } }),
        "SchemaDefinition" => json!({ "sql": "CREATE TABLE t (id int PRIMARY KEY);" }),
        "TenantSet" => json!({
            "schemaRef": { "name": "app" },
            "databases": [
                { "databaseRef": { "name": "eu-1" }, "tenants": { "query": "SELECT name FROM public.customer" } },
                { "databaseRef": { "name": "acme-own" }, "tenants": { "names": ["acme"] } },
            ],
        }),
        "SchemaRevision" => json!({
            "definitionRef": { "name": "app" },
            "revision": "9d02e61f7c",
            "contentHash": "9d02e61f7c9d02e61f7c9d02e61f7c9d02e61f7c9d02e61f7c9d02e61f7c9d02",
            "number": 1,
            "engine": "PostgreSQL",
            "sources": [{ "name": "spec.sql", "bytes": 36 }],
            "sqlGzip": "H4sIAAAAAAAA",
        }),
        "SchemaRollout" => json!({ "tenantSetRef": { "name": "customers" }, "to": "9d02e61f7c" }),
        "TenantSlice" => Value::Null,
        other => panic!("no kind {other}"),
    };
    let mut object = json!({
        "apiVersion": tenantry_api::API_VERSION,
        "kind": kind,
        "metadata": { "name": "it" },
        "spec": spec,
    });
    if kind == "TenantSlice" {
        object = json!({
            "apiVersion": tenantry_api::API_VERSION,
            "kind": kind,
            "metadata": { "name": "it" },
            "tenantSetRef": { "name": "customers" },
            "count": 1,
            "tenants": [{ "name": "acme", "database": "eu-1", "schema": "tenant_acme", "state": "InSync" }],
        });
    }
    merge(&mut object, serde_saphyr::from_str(change).unwrap());
    object
}

fn merge(target: &mut Value, change: Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (field, value) in change {
                merge(target.entry(field).or_insert(Value::Null), value);
            }
        }
        (target, change) => *target = change,
    }
}
