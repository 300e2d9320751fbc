//! What the API server would refuse, said without an API server.
//!
//! It judges a manifest by the schema in its kind's CRD, as the API server does: first the structure (fields,
//! types, limits), then, where that is sound, the rules, on the object with its defaults filled in. Unlike
//! the API server, which drops fields that it does not know, it refuses them (as `kubectl apply` does by
//! default), and says which field was probably meant.

use std::{collections::BTreeSet, fmt};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::rules;

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into an object's field.
    Field(String),
    /// Into a list's item, counted from 0.
    Item(usize),
}

/// The way from the top of an object to a value in it; prints as `spec.databases[0].tenants`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<Step>);

impl FieldPath {
    /// The path to a field of what this one leads to.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.then(Step::Field(name.to_owned()))
    }

    /// The path to an item of the list that this one leads to.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        self.then(Step::Item(index))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if position == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where: the value, or for a missing field the object that lacks it.
    pub path: FieldPath,
    /// What.
    pub problem: Problem,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::UnknownField { .. } | Problem::Missing { .. } => write!(f, "{}", self.problem),
            problem => write!(f, "{}: {problem}", self.path),
        }
    }
}

/// What is wrong with a value. The value itself is named only where it is a wrong word for one of a few.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// The kind has no such field.
    UnknownField {
        /// The whole path of the field.
        path: String,
        /// The field that was probably meant.
        meant: Option<String>,
    },
    /// A field that must be there is not.
    Missing {
        /// The whole path of the field.
        path: String,
    },
    /// Another type than the field has.
    WrongType {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A word that is none of the few.
    NotOneOf {
        /// What stands there.
        found: String,
        /// What could.
        allowed: Vec<String>,
    },
    /// A limit of the schema is passed, or a pattern is not met.
    OutOfBounds(String),
    /// A rule does not hold: its message.
    Rule(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField { path, meant: Some(meant) } => {
                write!(f, "there is no field {path}; probably {meant} is meant")
            }
            Self::UnknownField { path, meant: None } => write!(f, "there is no field {path}"),
            Self::Missing { path } => write!(f, "{path} is missing"),
            Self::WrongType { expected, found } => write!(f, "must be {expected}, and is {found}"),
            Self::NotOneOf { found, allowed } => match allowed.as_slice() {
                [only] => write!(f, "{found} is not supported; write {only}"),
                _ => write!(f, "{found} is not one of {}", allowed.join(", ")),
            },
            Self::OutOfBounds(text) => f.write_str(text),
            Self::Rule(message) => f.write_str(message),
        }
    }
}

/// Everything in `object` that the schema refuses, in the order of the schema's fields.
#[must_use]
pub fn violations(schema: &JSONSchemaProps, object: &Value) -> Vec<Violation> {
    let mut structure = Structure { root: schema, found: Vec::new() };
    structure.value(schema, object, &FieldPath::default());
    let mut found = structure.found;

    let unsound = found.iter().map(|violation| violation.path.clone()).collect();
    let mut object = object.clone();
    fill_defaults(schema, &mut object);
    judge_rules(schema, &object, &FieldPath::default(), &unsound, &mut found);
    found
}

/// Fills in the schema's defaults where a field is not there, and drops nulls, as the API server does before
/// it stores.
pub fn fill_defaults(schema: &JSONSchemaProps, value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, field) in schema.properties.iter().flatten() {
                if object.get(name).is_some_and(Value::is_null) {
                    object.remove(name);
                }
                if let (false, Some(default)) = (object.contains_key(name), &field.default) {
                    object.insert(name.clone(), default.0.clone());
                }
                if let Some(value) = object.get_mut(name) {
                    fill_defaults(field, value);
                }
            }
            if let Some(values) = map_values(schema) {
                object.values_mut().for_each(|value| fill_defaults(values, value));
            }
        }
        Value::Array(list) => {
            if let Some(items) = list_items(schema) {
                list.iter_mut().for_each(|item| fill_defaults(items, item));
            }
        }
        _ => {}
    }
}

struct Structure<'s> {
    root: &'s JSONSchemaProps,
    found: Vec<Violation>,
}

impl Structure<'_> {
    fn refuse(&mut self, path: &FieldPath, problem: Problem) {
        self.found.push(Violation { path: path.clone(), problem });
    }

    fn value(&mut self, schema: &JSONSchemaProps, value: &Value, path: &FieldPath) {
        if let Some(problem) = wrong_type(schema, value) {
            return self.refuse(path, problem);
        }
        match value {
            Value::Object(object) => self.object(schema, object, path),
            Value::Array(list) => self.list(schema, list, path),
            Value::String(text) => self.string(schema, text, path),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or(f64::MAX), path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn object(&mut self, schema: &JSONSchemaProps, object: &Map<String, Value>, path: &FieldPath) {
        for name in schema.required.iter().flatten() {
            if object.get(name).is_none_or(Value::is_null) {
                self.refuse(path, Problem::Missing { path: path.field(name).to_string() });
            }
        }
        let count = object.len();
        if let Some(most) = schema.max_properties.filter(|most| exceeds(count, *most)) {
            self.refuse(path, Problem::OutOfBounds(format!("has {count} entries; {most} is the most")));
        }
        let opaque = schema.properties.is_none() || schema.x_kubernetes_preserve_unknown_fields == Some(true);
        for (name, value) in object {
            let path = path.field(name);
            match (schema.properties.as_ref().and_then(|fields| fields.get(name)), map_values(schema)) {
                (Some(_), _) if value.is_null() => {}
                (Some(field), _) | (None, Some(field)) => self.value(field, value, &path),
                (None, None) if opaque => {}
                (None, None) => {
                    let meant = self.probably_meant(schema, name, &path);
                    self.refuse(&path, Problem::UnknownField { path: path.to_string(), meant });
                }
            }
        }
    }

    fn list(&mut self, schema: &JSONSchemaProps, list: &[Value], path: &FieldPath) {
        let count = list.len();
        if let Some(most) = schema.max_items.filter(|most| exceeds(count, *most)) {
            self.refuse(path, Problem::OutOfBounds(format!("has {count} items; {most} is the most")));
        }
        if let Some(least) = schema.min_items.filter(|least| falls_short(count, *least)) {
            self.refuse(path, Problem::OutOfBounds(format!("has {count} items; {least} is the least")));
        }
        if let Some(items) = list_items(schema) {
            for (index, item) in list.iter().enumerate() {
                self.value(items, item, &path.item(index));
            }
        }
        for index in repeated(schema, list) {
            let keys = schema.x_kubernetes_list_map_keys.as_deref().unwrap_or_default().join(" and ");
            let what = if keys.is_empty() { "item".to_owned() } else { keys };
            let text = format!("the same {what} stands here twice; each can stand here once");
            self.refuse(&path.item(index), Problem::OutOfBounds(text));
        }
    }

    fn string(&mut self, schema: &JSONSchemaProps, text: &str, path: &FieldPath) {
        if let Some(values) = &schema.enum_ {
            let allowed: Vec<String> =
                values.iter().filter_map(|value| value.0.as_str().map(str::to_owned)).collect();
            if !allowed.iter().any(|word| word == text) {
                let found = text.chars().take(64).collect();
                return self.refuse(path, Problem::NotOneOf { found, allowed });
            }
        }
        let length = text.chars().count();
        if let Some(most) = schema.max_length.filter(|most| exceeds(length, *most)) {
            self.refuse(path, Problem::OutOfBounds(format!("has {length} characters; {most} is the most")));
        } else if schema.min_length.is_some_and(|least| falls_short(length, least)) {
            self.refuse(path, Problem::OutOfBounds("is empty, or too short".to_owned()));
        } else if let Some(pattern) = schema.pattern.as_deref().filter(|pattern| !is_match(pattern, text)) {
            self.refuse(path, Problem::OutOfBounds(format!("does not match {pattern}")));
        }
    }

    fn number(&mut self, schema: &JSONSchemaProps, number: f64, path: &FieldPath) {
        if let Some(least) = schema.minimum.filter(|least| number < *least) {
            self.refuse(path, Problem::OutOfBounds(format!("is {number}; {least} is the least")));
        }
        if let Some(most) = schema.maximum.filter(|most| number > *most) {
            self.refuse(path, Problem::OutOfBounds(format!("is {number}; {most} is the most")));
        }
    }

    /// A field of the same object with nearly the same name, or the place elsewhere in the object where that
    /// name belongs.
    fn probably_meant(&self, schema: &JSONSchemaProps, name: &str, path: &FieldPath) -> Option<String> {
        let siblings = schema.properties.iter().flatten().map(|(sibling, _)| sibling);
        let near = siblings
            .map(|sibling| {
                (strsim::damerau_levenshtein(&name.to_lowercase(), &sibling.to_lowercase()), sibling)
            })
            .filter(|(distance, _)| *distance <= 1 + name.len() / 4)
            .min();
        if let Some((_, sibling)) = near {
            return Some(sibling.clone());
        }
        let mut places = Vec::new();
        places_of(self.root, name, &mut String::new(), &mut places);
        places.retain(|place| *place != path.to_string() && !place.starts_with("status"));
        match places.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

/// Judges the rules at each value that is sound in itself, on the object with its defaults.
fn judge_rules(
    schema: &JSONSchemaProps,
    value: &Value,
    path: &FieldPath,
    unsound: &BTreeSet<FieldPath>,
    found: &mut Vec<Violation>,
) {
    if !unsound.iter().any(|bad| bad.0.starts_with(&path.0)) {
        for rule in schema.x_kubernetes_validations.iter().flatten() {
            let check = rules::find(&rule.rule, rule.message.as_deref().unwrap_or_default());
            if let Some(check) = check.filter(|check| !(check.holds)(value)) {
                found.push(Violation { path: path.clone(), problem: Problem::Rule(check.message) });
            }
        }
    }
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let field =
                    schema.properties.as_ref().and_then(|fields| fields.get(name)).or(map_values(schema));
                if let Some(field) = field {
                    judge_rules(field, value, &path.field(name), unsound, found);
                }
            }
        }
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                if let Some(items) = list_items(schema) {
                    judge_rules(items, item, &path.item(index), unsound, found);
                }
            }
        }
        _ => {}
    }
}

fn wrong_type(schema: &JSONSchemaProps, value: &Value) -> Option<Problem> {
    let (found, matching): (_, &[&str]) = match value {
        Value::Null => ("nothing", &[]),
        Value::Bool(_) => ("true or false", &["boolean"]),
        Value::Number(number) if number.is_f64() => ("a fraction", &["number"]),
        Value::Number(_) => ("a number", &["integer", "number"]),
        Value::String(_) => ("text", &["string"]),
        Value::Array(_) => ("a list", &["array"]),
        Value::Object(_) => ("an object", &["object"]),
    };
    let int_or_string = schema.x_kubernetes_int_or_string == Some(true);
    let expected = match schema.type_.as_deref() {
        _ if int_or_string => "a number or a percentage in quotes",
        Some("boolean") => "true or false",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("string") if value.is_number() || value.is_boolean() => "text (put it in quotes)",
        Some("string") => "text",
        Some("array") => "a list",
        Some("object") => "an object",
        _ => return None,
    };
    let fits = match schema.type_.as_deref() {
        _ if int_or_string => matching.contains(&"integer") || matching.contains(&"string"),
        Some(wanted) => matching.contains(&wanted),
        None => true,
    };
    (!fits).then_some(Problem::WrongType { expected, found })
}

/// The items that repeat an earlier one's keys, or in a set an earlier item.
fn repeated(schema: &JSONSchemaProps, list: &[Value]) -> Vec<usize> {
    let keys = schema.x_kubernetes_list_map_keys.as_deref().unwrap_or_default();
    let identity = |item: &Value| match schema.x_kubernetes_list_type.as_deref() {
        Some("map") => Some(keys.iter().map(|key| item[key.as_str()].to_string()).collect::<Vec<_>>()),
        Some("set") => Some(vec![item.to_string()]),
        _ => None,
    };
    let mut seen = BTreeSet::new();
    let repeats = |(_, item): &(usize, &Value)| identity(item).is_some_and(|identity| !seen.insert(identity));
    list.iter().enumerate().filter(repeats).map(|(index, _)| index).collect()
}

/// The paths in the schema at which a field has that name.
fn places_of(schema: &JSONSchemaProps, name: &str, path: &mut String, places: &mut Vec<String>) {
    for (field, inner) in schema.properties.iter().flatten() {
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(field);
        if field == name {
            places.push(path.clone());
        }
        places_of(inner, name, path, places);
        path.truncate(length);
    }
    if let Some(items) = list_items(schema) {
        let length = path.len();
        path.push_str("[]");
        places_of(items, name, path, places);
        path.truncate(length);
    }
}

fn list_items(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match schema.items.as_ref()? {
        JSONSchemaPropsOrArray::Schema(items) => Some(items),
        JSONSchemaPropsOrArray::Schemas(_) => None,
    }
}

fn map_values(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match schema.additional_properties.as_ref()? {
        JSONSchemaPropsOrBool::Schema(values) => Some(values),
        JSONSchemaPropsOrBool::Bool(_) => None,
    }
}

fn exceeds(count: usize, most: i64) -> bool {
    i64::try_from(count).is_ok_and(|count| count > most)
}

fn falls_short(count: usize, least: i64) -> bool {
    i64::try_from(count).is_ok_and(|count| count < least)
}

fn is_match(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
