//! The rows that the statements return.

use std::collections::BTreeMap;

use serde_json::Value;
use tenantry_catalog::{Fact, Kind, ObjectId};
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use super::InspectError;
use super::facts::Said;

/// An object, as `pg_depend` addresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// The catalog that it is in.
    pub(super) class: u32,
    /// Its oid there.
    pub(super) object: u32,
}

/// An object or a column of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Address {
    /// The object.
    pub(super) place: Place,
    /// The column's number; 0 for the object itself.
    pub(super) sub: i32,
}

/// The columns that every kind's statement begins with: where a fact stands.
pub(super) const SCHEMA: usize = 0;
pub(super) const CLASS: usize = 1;
pub(super) const OBJECT: usize = 2;
pub(super) const SUB: usize = 3;
/// The first one that says something: the fact's kind, after it its name, and its parent's kind and name. Each one after these
/// is an attribute, by the column's name.
pub(super) const SAYS: usize = 4;
const KIND: usize = SAYS;
const NAME: usize = SAYS + 1;
const PARENT_KIND: usize = SAYS + 2;
const PARENT_NAME: usize = SAYS + 3;
const FIRST_ATTRIBUTE: usize = SAYS + 4;

/// A column that is no attribute, but an object of them: where most are null, that is less work for the server.
const ATTRIBUTES: &str = "attributes";
/// An attribute that is none: what the fact rests on beside what `pg_depend`
/// knows, each as `[kind's word, [parts of the name]]`.
const RESTS_ON: &str = "_rests_on";

/// What a row of a kind's statement says.
pub(super) fn decode(what: &'static str, row: &Row) -> Result<Said, InspectError> {
    let broken = InspectError::query(what);
    let kind = |word: &str| word.parse::<Kind>().map_err(|source| InspectError::Kind { what, source });
    let name: Vec<String> = row.try_get(NAME).map_err(&broken)?;
    let id = ObjectId { kind: kind(row.try_get(KIND).map_err(&broken)?)?, name };
    let parent = match row.try_get(PARENT_KIND).map_err(&broken)? {
        Some(word) => Some(ObjectId { kind: kind(word)?, name: row.try_get(PARENT_NAME).map_err(&broken)? }),
        None => None,
    };
    let wrong = |source| InspectError::Attributes { what, object: id.to_string(), source };
    let mut attributes = BTreeMap::new();
    for (at, column) in row.columns().iter().enumerate().skip(FIRST_ATTRIBUTE) {
        if column.name() == ATTRIBUTES {
            let json: Option<&str> = row.try_get(at).map_err(&broken)?;
            attributes.extend(json.map(object).transpose().map_err(wrong)?.unwrap_or_default());
        } else if let Some(value) = value(row, at, column.type_()).map_err(&broken)? {
            attributes.insert(column.name().to_owned(), value);
        }
    }
    attributes.retain(|_, value| !value.is_null());
    attributes.values_mut().for_each(strip);
    let references = match attributes.remove(RESTS_ON) {
        Some(list) => references(list).map_err(wrong)?,
        None => Vec::new(),
    };
    Ok(Said { what, fact: Fact { id, parent, attributes }, references })
}

fn object(json: &str) -> Result<BTreeMap<String, Value>, serde_json::Error> {
    serde_json::from_str(json)
}

/// An attribute that has a column of its own.
fn value(row: &Row, at: usize, of: &Type) -> Result<Option<Value>, Error> {
    Ok(match *of {
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.map(Value::from),
        Type::INT2 => row.try_get::<_, Option<i16>>(at)?.map(Value::from),
        Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(Value::from),
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Value::from),
        Type::JSON => row.try_get(at)?,
        _ => row.try_get::<_, Option<String>>(at)?.map(Value::from),
    })
}

fn references(list: Value) -> Result<Vec<ObjectId>, serde_json::Error> {
    let list: Vec<(Kind, Vec<String>)> = serde_json::from_value(list)?;
    Ok(list.into_iter().map(|(kind, name)| ObjectId { kind, name }).collect())
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

/// One sort of object, and which objects are of it.
pub(super) struct Sort {
    /// The catalog that they are in.
    class: String,
    /// Their kind there, by the letter that the catalog has for it; empty where it has none.
    kind: String,
    /// Whether they have indexes, or had some.
    pub(super) has_index: bool,
    /// Whether they have rules, or had some.
    pub(super) has_rules: bool,
    /// Whether they have triggers, those of constraints among them, or had some.
    pub(super) has_triggers: bool,
    /// Whether they are partitions.
    pub(super) is_partition: bool,
    /// Their oids, schema by schema.
    pub(super) objects: Vec<u32>,
}

impl Sort {
    pub(super) fn decode(row: &Row) -> Result<Self, InspectError> {
        let broken = InspectError::query("lists of objects");
        let flag = |column: &str| row.try_get::<_, bool>(column).map_err(&broken);
        Ok(Self {
            class: row.try_get("class").map_err(&broken)?,
            kind: row.try_get("kind").map_err(&broken)?,
            has_index: flag("has_index")?,
            has_rules: flag("has_rules")?,
            has_triggers: flag("has_triggers")?,
            is_partition: flag("is_partition")?,
            objects: row.try_get("objects").map_err(&broken)?,
        })
    }

    /// Whether it is of this catalog and one of these kinds.
    pub(super) fn is(&self, class: &str, kinds: &str) -> bool {
        self.class == class && kinds.contains(&self.kind)
    }
}

/// How one object stands to another, as `pg_depend` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EdgeType {
    /// It rests on it.
    Rests,
    /// It is a part of it, and never seen alone.
    PartOf,
    /// It is a copy, in a partition, of what the partitioned table has.
    CopyOf,
    /// It belongs to that extension.
    MemberOf,
}

/// Something that is in a schema, and one thing that it rests on.
pub(super) struct Rest {
    /// The schema's oid.
    pub(super) schema: u32,
    /// What it is.
    pub(super) place: Place,
    /// `None` where it rests on nothing.
    pub(super) edge: Option<Edge>,
}

/// One row of `pg_depend`.
pub(super) struct Edge {
    /// What rests.
    pub(super) from: Address,
    /// On what.
    pub(super) on: Address,
    /// How.
    pub(super) kind: EdgeType,
}

impl Rest {
    pub(super) fn decode(row: &Row) -> Result<Self, InspectError> {
        let broken = InspectError::query("dependencies");
        // By position: there are hundreds of rows for each schema.
        let number = |column: usize| row.try_get::<_, u32>(column).map_err(&broken);
        let sub = |column: usize| row.try_get::<_, i32>(column).map_err(&broken);
        let place = Place { class: number(1)?, object: number(2)? };
        let kind = match row.try_get(7).map_err(&broken)? {
            None => None,
            Some("i") => Some(EdgeType::PartOf),
            Some("P") => Some(EdgeType::CopyOf),
            Some("e") => Some(EdgeType::MemberOf),
            Some(_) => Some(EdgeType::Rests),
        };
        let edge = match kind {
            None => None,
            Some(kind) => Some(Edge {
                from: Address { place, sub: sub(3)? },
                on: Address { place: Place { class: number(4)?, object: number(5)? }, sub: sub(6)? },
                kind,
            }),
        };
        Ok(Self { schema: number(0)?, place, edge })
    }
}

/// What the server calls an object.
pub(super) struct Identity {
    /// Which.
    pub(super) place: Place,
    /// Its kind.
    pub(super) kind: String,
    /// Its schema's name.
    pub(super) schema: Option<String>,
    /// Its schema's oid.
    pub(super) namespace: Option<u32>,
    /// Its identity, with its schema's name.
    pub(super) identity: String,
    /// Its identity without.
    pub(super) own_identity: String,
    /// The extension that it is a member of.
    pub(super) extension: Option<String>,
}

impl Identity {
    pub(super) fn decode(row: &Row) -> Result<Self, InspectError> {
        let broken = InspectError::query("identities of objects");
        Ok(Self {
            place: Place {
                class: row.try_get("class").map_err(&broken)?,
                object: row.try_get("object").map_err(&broken)?,
            },
            kind: row.try_get("type").map_err(&broken)?,
            schema: row.try_get("schema").map_err(&broken)?,
            namespace: row.try_get("namespace").map_err(&broken)?,
            identity: row.try_get("identity").map_err(&broken)?,
            own_identity: row.try_get("own_identity").map_err(&broken)?,
            extension: row.try_get("extension").map_err(&broken)?,
        })
    }
}
