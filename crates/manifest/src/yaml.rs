//! YAML as a tree that knows where each value stands.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use serde_saphyr::{Location, SnippetMode, Spanned};
use tenantry_api::validation::{FieldPath, Step};

use crate::{Fault, Place};

/// A value and the place where it begins.
#[derive(Clone, Debug)]
pub struct Node {
    pub content: Content,
    pub at: At,
}

/// Line and column, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    pub line: u64,
    pub column: u64,
}

#[derive(Clone, Debug)]
pub enum Content {
    Scalar(Value),
    List(Vec<Node>),
    /// Fields in the order of the file, each with the place of its name.
    Object(Vec<(String, At, Node)>),
}

/// The documents of a file. Empty ones are left out.
///
/// # Errors
/// The first thing that is no YAML. Its message has no text from the file but names of fields: it could be a
/// Secret.
pub fn documents(file: &str, text: &str) -> Result<Vec<Node>, Fault> {
    let options = serde_saphyr::options! { with_snippet: false };
    let documents = serde_saphyr::from_multiple_with_options::<Spanned<Content>>(text, options);
    let documents = documents.map_err(|error| Fault {
        place: Place {
            file: file.to_owned(),
            line: error.location().map_or(0, |at| at.line()),
            column: error.location().map_or(0, |at| at.column()),
        },
        object: String::new(),
        message: format!("no YAML: {}", without_location(&error)),
    })?;
    Ok(documents.into_iter().map(Node::from).filter(|node| !node.is_null()).collect())
}

/// The message alone: the place is said apart from it.
fn without_location(error: &serde_saphyr::Error) -> String {
    let options = serde_saphyr::render_options! { snippets: SnippetMode::Off };
    let text = error.render_with_options(options);
    match text.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}

impl Node {
    fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }

    /// The value without places.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Content::Object(fields) => {
                let fields = fields.iter().map(|(name, _, node)| (name.clone(), node.to_json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        match &self.content {
            Content::Object(fields) => fields.iter().find(|(field, ..)| field == name).map(|(.., node)| node),
            _ => None,
        }
    }

    /// The text of a scalar, if that is what it is.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Where a path leads: to a field's name, to an item; or as far as the path goes here.
    #[must_use]
    pub fn place_of(&self, path: &FieldPath) -> At {
        let (mut node, mut at) = (self, self.at);
        for step in &path.0 {
            let next = match (&node.content, step) {
                (Content::Object(fields), Step::Field(name)) => {
                    fields.iter().find(|(field, ..)| field == name).map(|(_, at, node)| (node, *at))
                }
                (Content::List(items), Step::Item(index)) => items.get(*index).map(|node| (node, node.at)),
                _ => None,
            };
            let Some(next) = next else { break };
            (node, at) = next;
        }
        at
    }
}

impl From<Location> for At {
    fn from(location: Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

impl From<Spanned<Content>> for Node {
    fn from(spanned: Spanned<Content>) -> Self {
        Self { content: spanned.value, at: spanned.referenced.into() }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a YAML value")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
                Ok(Content::Scalar(Value::Null))
            }

            fn visit_none<E: de::Error>(self) -> Result<Content, E> {
                self.visit_unit()
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
                Content::deserialize(deserializer)
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_string<E: de::Error>(self, value: String) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element::<Spanned<Content>>()? {
                    list.push(item.into());
                }
                Ok(Content::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, node)) = entries.next_entry::<Spanned<String>, Spanned<Content>>()? {
                    fields.push((name.value, name.referenced.into(), node.into()));
                }
                Ok(Content::Object(fields))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_knows_its_place() {
        let text = "# a comment\nkind: A\nspec:\n  list:\n  - one\n  - {two: 2}\n---\n---\nkind: B\n";
        let documents = documents("f", text).unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(
            documents[0].to_json(),
            serde_json::json!({"kind": "A", "spec": {"list": ["one", {"two": 2}]}})
        );
        let list = FieldPath::default().field("spec").field("list");
        for (path, line, column) in [
            (FieldPath::default(), 2, 1),
            (FieldPath::default().field("spec"), 3, 1),
            (list.clone(), 4, 3),
            (list.item(0), 5, 5),
            (list.item(1).field("two"), 6, 6),
            (list.item(1).field("three"), 6, 5),
        ] {
            assert_eq!(documents[0].place_of(&path), At { line, column }, "{path}");
        }
        assert_eq!(documents[1].at, At { line: 9, column: 1 });
        assert_eq!(documents[1].field("kind").unwrap().text(), Some("B"));
    }

    #[test]
    fn aliases_stand_where_they_are_used() {
        let documents = documents("f", "a: &x {b: 1}\nc: *x\n").unwrap();
        assert_eq!(documents[0].to_json(), serde_json::json!({"a": {"b": 1}, "c": {"b": 1}}));
        assert_eq!(documents[0].place_of(&FieldPath::default().field("c")).line, 2);
    }

    #[test]
    fn what_is_no_yaml_is_refused_without_showing_it() {
        for (text, line) in [
            ("password: hunter2\n  broken: [hunter2\n", 2),
            ("a: 1\na: hunter2\n", 2),
            ("a: *hunter2\n", 1),
            ("stringData:\n  password: \"hunter2\n", 2),
            ("stringData:\n\tpassword: hunter2\n", 2),
            ("a: !!int hunter2\n", 1),
        ] {
            let fault = documents("f.yaml", text).unwrap_err();
            assert!(!fault.to_string().contains("hunter2"), "{fault}");
            assert!(fault.message.starts_with("no YAML: "), "{fault}");
            assert_eq!(fault.place.line, line, "{fault}");
        }
    }
}
