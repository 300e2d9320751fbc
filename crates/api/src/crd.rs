//! The CRDs of all kinds, as they are applied to a cluster.

use k8s_openapi::{
    apiextensions_apiserver::pkg::apis::apiextensions::v1::{
        CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::CustomResourceExt;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::{SchemaDefinition, SchemaRevision, SchemaRollout, TenantDatabase, TenantSet, TenantSlice};

/// The CRDs of all kinds: what users write first.
#[must_use]
pub fn all() -> Vec<CustomResourceDefinition> {
    [
        TenantDatabase::crd(),
        SchemaDefinition::crd(),
        TenantSet::crd(),
        SchemaRevision::crd(),
        SchemaRollout::crd(),
        TenantSlice::crd(),
    ]
    .into_iter()
    .map(finish)
    .collect()
}

/// The schema of that kind's objects, to judge a manifest by: what stands in its CRD, with the fields of
/// `metadata`, which the API server knows by itself. None for a kind that is not one of ours.
#[must_use]
pub fn schema(kind: &str) -> Option<JSONSchemaProps> {
    let crd = match kind {
        "TenantDatabase" => TenantDatabase::crd(),
        "SchemaDefinition" => SchemaDefinition::crd(),
        "TenantSet" => TenantSet::crd(),
        "SchemaRevision" => SchemaRevision::crd(),
        "SchemaRollout" => SchemaRollout::crd(),
        "TenantSlice" => TenantSlice::crd(),
        _ => return None,
    };
    let crd = finish(crd);
    let mut schema = crd.spec.versions.into_iter().next()?.schema?.open_api_v3_schema?;
    schema.properties.get_or_insert_default().insert("metadata".to_owned(), schema_of::<ObjectMeta>());
    Some(schema)
}

/// The schema of a type of Kubernetes' own, such as Secret.
#[must_use]
pub fn schema_of<T: schemars::JsonSchema>() -> JSONSchemaProps {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>();
    serde_json::from_value(schema.to_value()).unwrap_or_default()
}

/// What the derived CRD lacks.
fn finish(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let Some(root) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) else {
            continue;
        };
        forbid_null(root);
        unwrap_lines(root);
        add_type_fields(root);
        let Some(status) = root.properties.as_mut().and_then(|properties| properties.get_mut("status"))
        else {
            continue;
        };
        // kstatus takes an object without a status for ready. With this default an object that nobody has
        // looked at yet is in progress: -1 is never its generation.
        status.default = Some(JSON(json!({ "observedGeneration": -1 })));
        if let Some(conditions) = status.properties.as_mut().and_then(|fields| fields.get_mut("conditions")) {
            limit_conditions(conditions);
        }
    }
    crd
}

/// The fields that every object has. The API server knows them without being told; `kubectl explain` shows
/// these words. It forbids any for `metadata`.
fn add_type_fields(root: &mut JSONSchemaProps) {
    let field = |type_: &str, description: Option<&str>| JSONSchemaProps {
        type_: Some(type_.to_owned()),
        description: description.map(str::to_owned),
        ..JSONSchemaProps::default()
    };
    let version = "The API's group and version: tenantry.dev/v1alpha1.";
    root.properties.get_or_insert_default().extend([
        ("apiVersion".to_owned(), field("string", Some(version))),
        ("kind".to_owned(), field("string", Some("The kind of the object."))),
        ("metadata".to_owned(), field("object", None)),
    ]);
}

/// Without `nullable`, the API server drops a null before it judges or stores anything, so that `sql: null`
/// is the same as no `sql`, for CEL's `has()` too.
fn forbid_null(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    if let Some(values) = &mut schema.enum_ {
        values.retain(|value| value.0 != Value::Null);
    }
    children_mut(schema).for_each(forbid_null);
}

/// A description's lines are as long as the source's; `kubectl explain` breaks them itself.
fn unwrap_lines(schema: &mut JSONSchemaProps) {
    if let Some(description) = &mut schema.description {
        let paragraphs = description.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
        *description = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
    children_mut(schema).for_each(unwrap_lines);
}

/// The limits that Kubernetes' own Go type has and its OpenAPI lacks.
fn limit_conditions(conditions: &mut JSONSchemaProps) {
    for fields in children_mut(conditions).filter_map(|condition| condition.properties.as_mut()) {
        for (field, limit) in [("type", 316), ("reason", 1024), ("message", 32_768)] {
            if let Some(field) = fields.get_mut(field) {
                field.max_length = Some(limit);
            }
        }
        if let Some(status) = fields.get_mut("status") {
            status.enum_ = Some(["True", "False", "Unknown"].map(|value| JSON(value.into())).into());
        }
    }
}

fn children_mut(schema: &mut JSONSchemaProps) -> impl Iterator<Item = &mut JSONSchemaProps> {
    let items = match schema.items.as_mut() {
        Some(JSONSchemaPropsOrArray::Schema(items)) => Some(&mut **items),
        _ => None,
    };
    let values = match schema.additional_properties.as_mut() {
        Some(JSONSchemaPropsOrBool::Schema(values)) => Some(&mut **values),
        _ => None,
    };
    schema.properties.iter_mut().flat_map(|properties| properties.values_mut()).chain(items).chain(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    /// Every schema of every CRD, with the path to it.
    fn walk(visit: &mut dyn FnMut(&str, &JSONSchemaProps)) {
        fn inner(path: &str, schema: &JSONSchemaProps, visit: &mut dyn FnMut(&str, &JSONSchemaProps)) {
            visit(path, schema);
            for (name, field) in schema.properties.iter().flatten() {
                inner(&format!("{path}.{name}"), field, visit);
            }
            if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
                inner(&format!("{path}[]"), items, visit);
            }
            if let Some(JSONSchemaPropsOrBool::Schema(values)) = &schema.additional_properties {
                inner(&format!("{path}{{}}"), values, visit);
            }
        }
        for crd in all() {
            let schema = crd.spec.versions[0].schema.as_ref().unwrap();
            inner(&crd.spec.names.kind, schema.open_api_v3_schema.as_ref().unwrap(), visit);
        }
    }

    #[test]
    fn every_rule_in_a_crd_is_known_to_rust_and_every_known_rule_is_in_a_crd() {
        let mut used = Vec::new();
        walk(&mut |path, schema| {
            for rule in schema.x_kubernetes_validations.iter().flatten() {
                let message = rule.message.as_deref().unwrap_or_default();
                let check = rules::find(&rule.rule, message);
                used.push(
                    check.unwrap_or_else(|| panic!("{path}: {} is not in rules::ALL", rule.rule)).message,
                );
            }
        });
        for check in rules::ALL {
            assert!(used.contains(&check.message), "no CRD states: {}", check.message);
        }
    }

    #[test]
    fn every_field_is_documented() {
        walk(&mut |path, schema| {
            let nameless = ["[]", "{}", ".metadata"].iter().any(|end| path.ends_with(end));
            if !nameless {
                let text = schema.description.as_deref().unwrap_or_default();
                assert!(text.len() > 3 && !text.contains("Auto-generated"), "{path} has no description");
            }
        });
    }

    /// The API server reckons with the largest object that the schema allows, and refuses a CRD whose rules
    /// could cost too much on it.
    #[test]
    fn everything_that_can_grow_has_a_limit() {
        walk(&mut |path, schema| {
            let generated = [".apiVersion", ".kind"].iter().any(|end| path.ends_with(end));
            match schema.type_.as_deref() {
                Some("string")
                    if !generated
                        && schema.enum_.is_none()
                        && schema.format.as_deref() != Some("date-time") =>
                {
                    assert!(schema.max_length.is_some(), "{path} has no maxLength");
                }
                Some("array") => assert!(schema.max_items.is_some(), "{path} has no maxItems"),
                Some("object") if schema.additional_properties.is_some() => {
                    assert!(schema.max_properties.is_some(), "{path} has no maxProperties");
                }
                _ => {}
            }
        });
    }

    /// `int32`, `int64`, `double`, `byte` and `date-time` are what Kubernetes knows; others make it warn.
    #[test]
    fn only_formats_that_kubernetes_knows() {
        walk(&mut |path, schema| {
            if let Some(format) = schema.format.as_deref() {
                assert!(
                    ["int32", "int64", "byte", "date-time"].contains(&format),
                    "{path} has format {format}"
                );
            }
            assert!(schema.nullable.is_none(), "{path} can be null");
            assert!(schema.any_of.is_none() && schema.one_of.is_none(), "{path} is not structural");
        });
    }

    #[test]
    fn an_object_that_nobody_has_looked_at_is_in_progress() {
        for kind in ["TenantDatabase", "SchemaDefinition", "TenantSet", "SchemaRollout"] {
            let schema = schema(kind).unwrap();
            let status = &schema.properties.as_ref().unwrap()["status"];
            assert_eq!(status.default, Some(JSON(json!({ "observedGeneration": -1 }))), "{kind}");
            let conditions = &status.properties.as_ref().unwrap()["conditions"];
            assert_eq!(conditions.x_kubernetes_list_type.as_deref(), Some("map"), "{kind}");
            assert_eq!(conditions.x_kubernetes_list_map_keys, Some(vec!["type".to_owned()]), "{kind}");
        }
    }

    #[test]
    fn redshift_is_refused_by_the_schema() {
        for kind in ["TenantDatabase", "SchemaDefinition"] {
            let schema = schema(kind).unwrap();
            let spec = &schema.properties.as_ref().unwrap()["spec"];
            let engine = &spec.properties.as_ref().unwrap()["engine"];
            assert_eq!(engine.enum_, Some(vec![JSON("PostgreSQL".into())]), "{kind}");
        }
    }
}
