//! One thing that is true of a schema.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CatalogError, ObjectId};

/// One object or sub-object with its attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Who it is.
    pub id: ObjectId,
    /// The object without which it cannot exist, and with which it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ObjectId>,
    /// What is known of it. A name that begins with `_` is never compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
}

impl Fact {
    /// The attributes that count when two facts are compared. An attribute
    /// that is null says the same as one that is not there.
    pub fn compared(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.attributes
            .iter()
            .filter(|(name, value)| !name.starts_with('_') && !value.is_null())
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Whether both say the same, carried attributes aside.
    pub fn says_the_same(&self, other: &Fact) -> bool {
        self.id == other.id && self.parent == other.parent && self.compared().eq(other.compared())
    }

    /// The names of the compared attributes in which two facts differ, sorted.
    pub fn differing(&self, other: &Fact) -> Vec<String> {
        let mut names: Vec<String> = self
            .compared()
            .filter(|(name, value)| other.get(name) != Some(value))
            .map(|(name, _)| name.to_owned())
            .chain(
                other
                    .compared()
                    .filter(|(name, _)| self.get(name).is_none())
                    .map(|(name, _)| name.to_owned()),
            )
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// One attribute; `None` also when it is null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name).filter(|value| !value.is_null())
    }

    /// One attribute that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Whether one attribute is `true`; an absent one is not.
    pub fn is(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The attributes as the type that a kind declares for them.
    ///
    /// # Errors
    /// When an attribute is missing, of another type, or not one that the kind
    /// knows: the catalog was read by another version of the program.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CatalogError> {
        let attributes = self.attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        serde_json::from_value(Value::Object(attributes))
            .map_err(|source| CatalogError::Attributes { object: self.id.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Kind;

    fn fact(attributes: &Value) -> Fact {
        Fact {
            id: ObjectId::new(Kind::Table, ["t"]),
            parent: None,
            attributes: serde_json::from_value(attributes.clone()).unwrap(),
        }
    }

    #[test]
    fn carried_and_null_attributes_are_not_compared() {
        let left = fact(&json!({"a": 1, "b": null, "_position": 1}));
        let right = fact(&json!({"a": 1, "_position": 2}));
        assert!(left.says_the_same(&right));
        assert!(left.differing(&right).is_empty());
    }

    #[test]
    fn differing_names_both_sides() {
        let left = fact(&json!({"a": 1, "b": 2, "c": 3}));
        let right = fact(&json!({"a": 1, "b": 3, "d": 4}));
        assert_eq!(left.differing(&right), ["b", "c", "d"]);
    }
}
