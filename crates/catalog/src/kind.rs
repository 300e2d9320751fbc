//! The kinds of object that a schema can hold.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident => $word:literal,)*) => {
        /// A kind of object, or of sub-object, of a schema.
        ///
        /// The order of the variants is the order in which facts of different
        /// kinds are listed, and the last word when the planner has a choice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// Every kind, in order.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind,)*];

            /// The kind as people read it and as SQL spells it, in lower case.
            pub const fn word(self) -> &'static str {
                match self { $(Kind::$kind => $word,)* }
            }
        }

        impl FromStr for Kind {
            type Err = UnknownKind;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word { $($word => Ok(Kind::$kind),)* _ => Err(UnknownKind(word.to_owned())) }
            }
        }
    };
}

kinds! {
    /// The schema itself; carries its comment and its privileges.
    Schema => "schema",
    /// What later objects of a role in this schema are granted.
    DefaultPrivilege => "default privilege",
    /// A collation.
    Collation => "collation",
    /// An enumerated type.
    Enum => "enum",
    /// A composite type.
    Composite => "composite type",
    /// A range type.
    Range => "range type",
    /// A domain.
    Domain => "domain",
    /// A check of a domain.
    DomainConstraint => "domain constraint",
    /// A function, also a window function.
    Function => "function",
    /// A procedure.
    Procedure => "procedure",
    /// An aggregate.
    Aggregate => "aggregate",
    /// An operator.
    Operator => "operator",
    /// An operator family.
    OperatorFamily => "operator family",
    /// An operator class.
    OperatorClass => "operator class",
    /// A text search parser, dictionary, template or configuration.
    TextSearch => "text search",
    /// A sequence that is not an identity column's own.
    Sequence => "sequence",
    /// A table, ordinary or partitioned.
    Table => "table",
    /// A foreign table.
    ForeignTable => "foreign table",
    /// A column of a table.
    Column => "column",
    /// A column's default.
    Default => "default",
    /// A table's place under the table that it inherits from.
    Inheritance => "inheritance",
    /// A table's place under the partitioned table that it is attached to.
    Partition => "partition",
    /// A view.
    View => "view",
    /// A materialized view.
    MaterializedView => "materialized view",
    /// An index that is not a constraint's own.
    Index => "index",
    /// A primary key, unique, check, exclusion or foreign key constraint.
    Constraint => "constraint",
    /// An extended statistics object.
    Statistics => "statistics",
    /// A rewrite rule that is not a view's own.
    Rule => "rule",
    /// A trigger.
    Trigger => "trigger",
    /// A row-level security policy.
    Policy => "policy",
    /// What one role may do with one object.
    Privilege => "privilege",
    /// One object's tie to an extension, with which it goes.
    ExtensionTie => "extension tie",
    /// The comment on one object.
    Comment => "comment",
}

/// A word that names no kind.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no kind of object")]
pub struct UnknownKind(String);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(serde::de::Error::custom)
    }
}
