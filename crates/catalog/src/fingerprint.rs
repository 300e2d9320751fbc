//! One value that says whether two schemas are equal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Catalog;

/// `v1:` and the sha256 over the facts of a catalog (D6).
///
/// It covers what [`crate::Fact::compared`] yields, and what each fact hangs on; what policy leaves alone
/// must be filtered out before. Unmodelled objects count, by kind and
/// identity: a tenant that has one is not equal to a target that has none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

/// Text that is no fingerprint.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no fingerprint: expected v1: and 64 hex digits")]
pub struct NotAFingerprint(String);

impl Fingerprint {
    /// The fingerprint of a catalog.
    pub fn of(catalog: &Catalog) -> Self {
        let mut hash = Sha256::new();
        for fact in catalog.facts() {
            put(&mut hash, b'f', fact.id.kind.word());
            for part in &fact.id.name {
                put(&mut hash, b'n', part);
            }
            if let Some(parent) = &fact.parent {
                put(&mut hash, b'p', parent.kind.word());
                for part in &parent.name {
                    put(&mut hash, b'q', part);
                }
            }
            for (name, value) in fact.compared() {
                put(&mut hash, b'a', name);
                put(&mut hash, b'v', &value.to_string());
            }
        }
        for object in catalog.unmodelled() {
            put(&mut hash, b'u', &object.kind);
            put(&mut hash, b'i', &object.identity);
        }
        Self(hash.finalize().iter().fold("v1:".to_owned(), |text, byte| text + &format!("{byte:02x}")))
    }

    /// The whole fingerprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ten hex digits by which people know it.
    pub fn short(&self) -> &str {
        &self.0[3..13]
    }
}

/// Feeds one text with its tag and length, so that no two inputs run together.
fn put(hash: &mut Sha256, tag: u8, text: &str) {
    hash.update([tag]);
    hash.update(text.len().to_be_bytes());
    hash.update(text.as_bytes());
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("v1:").unwrap_or_default();
        if digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAFingerprint(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NotAFingerprint;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::{Fact, Kind, ObjectId};

    fn with(attributes: &serde_json::Value) -> Fingerprint {
        let mut catalog = Catalog::empty();
        catalog.insert(Fact {
            id: ObjectId::new(Kind::Table, ["t"]),
            parent: None,
            attributes: serde_json::from_value::<BTreeMap<_, _>>(attributes.clone()).unwrap(),
        });
        Fingerprint::of(&catalog)
    }

    #[test]
    fn sees_compared_attributes_only() {
        assert_eq!(with(&json!({"a": 1, "_b": 1})), with(&json!({"a": 1, "_b": 2})));
        assert_ne!(with(&json!({"a": 1})), with(&json!({"a": 2})));
        assert_ne!(with(&json!({"a": 1})), with(&json!({"b": 1})));
    }

    #[test]
    fn sees_on_what_an_object_hangs() {
        let owned_by = |parent: Option<ObjectId>| {
            let mut catalog = Catalog::empty();
            let id = ObjectId::new(Kind::Sequence, ["s"]);
            catalog.insert(Fact { id, parent, attributes: BTreeMap::new() });
            Fingerprint::of(&catalog)
        };
        let column = |table| Some(ObjectId::new(Kind::Column, [table, "id"]));
        assert_ne!(owned_by(None), owned_by(column("t")));
        assert_ne!(owned_by(column("t")), owned_by(column("u")));
    }

    #[test]
    fn is_read_back_from_its_text() {
        let fingerprint = with(&json!({}));
        assert_eq!(fingerprint.to_string().parse::<Fingerprint>().unwrap(), fingerprint);
        assert!("v1:xyz".parse::<Fingerprint>().is_err());
        assert_eq!(fingerprint.short().len(), 10);
    }
}
