//! Who a fact is about, independent of the schema's name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Kind;

/// The identity of an object within its schema: its kind and its name.
///
/// A name has one part for what stands in the schema itself (`["invoice"]`),
/// two for what stands in such an object (`["invoice", "paid_at"]`); a
/// routine's second part is its argument types (`["total", "integer, text"]`).
/// A comment's or privilege's name is its target's kind and name, and for a
/// privilege the grantee behind them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId {
    /// The kind of object.
    pub kind: Kind,
    /// The parts of its name, unquoted.
    pub name: Vec<String>,
}

impl ObjectId {
    /// An identity out of its kind and the parts of its name.
    pub fn new<S: Into<String>>(kind: Kind, name: impl IntoIterator<Item = S>) -> Self {
        Self { kind, name: name.into_iter().map(Into::into).collect() }
    }

    /// The name's first part: the object that stands in the schema itself.
    pub fn first(&self) -> &str {
        self.name.first().map_or("", String::as_str)
    }

    /// The name's last part.
    pub fn last(&self) -> &str {
        self.name.last().map_or("", String::as_str)
    }

    /// What a comment, a privilege or a tie is about; `None` for other kinds.
    pub fn target(&self) -> Option<ObjectId> {
        let (kind, rest) = self.name.split_first()?;
        let name = match self.kind {
            Kind::Comment => rest,
            Kind::Privilege | Kind::ExtensionTie => rest.split_last()?.1,
            _ => return None,
        };
        Some(ObjectId { kind: kind.parse().ok()?, name: name.to_vec() })
    }
}

impl fmt::Display for ObjectId {
    /// As people write it: `column invoice.paid_at`, `function total(integer)`,
    /// `comment on table invoice`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.target()) {
            (Kind::Comment, Some(target)) => write!(f, "comment on {target}"),
            (Kind::Privilege, Some(target)) => write!(f, "privileges of {} on {target}", self.last()),
            (Kind::ExtensionTie, Some(target)) => write!(f, "tie of {target} to {}", self.last()),
            (Kind::Schema, _) => f.write_str("schema"),
            (Kind::Function | Kind::Procedure | Kind::Aggregate, _) => {
                write!(f, "{} {}({})", self.kind, self.first(), self.name.get(1).map_or("", String::as_str))
            }
            _ => write!(f, "{} {}", self.kind, self.name.join(".")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_people_write_it() {
        let column = ObjectId::new(Kind::Column, ["invoice", "paid_at"]);
        assert_eq!(column.to_string(), "column invoice.paid_at");
        let comment = ObjectId::new(Kind::Comment, ["column", "invoice", "paid_at"]);
        assert_eq!(comment.to_string(), "comment on column invoice.paid_at");
        assert_eq!(comment.target(), Some(column));
        let privilege = ObjectId::new(Kind::Privilege, ["table", "invoice", "app"]);
        assert_eq!(privilege.to_string(), "privileges of app on table invoice");
        let function = ObjectId::new(Kind::Function, ["total", "integer, text"]);
        assert_eq!(function.to_string(), "function total(integer, text)");
    }
}
