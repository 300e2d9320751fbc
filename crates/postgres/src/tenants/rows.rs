//! The rows of a tenant query: three columns by their names, and what may stand in them.

use std::collections::BTreeMap;
use std::error::Error;

use serde_json::Value;
use tenantry_engine::{Labels, SchemaName, TenantName, TenantRow};
use tokio_postgres::types::{FromSql, Kind, Type};
use tokio_postgres::{Row, Statement};

/// Where the columns stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    name: usize,
    schema: Option<usize>,
    labels: Option<usize>,
}

impl Columns {
    /// The columns of a statement.
    ///
    /// # Errors
    /// What is wrong with them, and what to write.
    pub(super) fn of(statement: &Statement) -> Result<Self, String> {
        let columns: Vec<(&str, &Type)> =
            statement.columns().iter().map(|column| (column.name(), column.type_())).collect();
        Self::find(&columns)
    }

    fn find(columns: &[(&str, &Type)]) -> Result<Self, String> {
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, (name, r#type)) in columns.iter().enumerate() {
            let fits = match *name {
                "name" | "schema" => is_text(r#type),
                "labels" => is_text(r#type) || is_json(r#type),
                other => {
                    return Err(format!(
                        "it returns a column {other:?}; the columns are name, and schema and labels where they are known: \
                         write AS to name them so"
                    ));
                }
            };
            if !fits {
                let wanted = if *name == "labels" { "jsonb" } else { "text" };
                return Err(format!(
                    "its column {name} is of type {}, and not {wanted}: write ...::{wanted} AS {name}",
                    r#type.name()
                ));
            }
            if found.insert(name, at).is_some() {
                return Err(format!("it returns two columns {name}; leave one out"));
            }
        }
        let name = found.get("name").copied();
        Ok(Self {
            name: name.ok_or("it returns no column name: write AS name behind the tenant's name")?,
            schema: found.get("schema").copied(),
            labels: found.get("labels").copied(),
        })
    }
}

/// Rows, checked as they come.
pub(super) struct Rows {
    columns: Columns,
    rows: Vec<TenantRow>,
    /// The row in which each name stands.
    first: BTreeMap<TenantName, usize>,
}

impl Rows {
    pub(super) fn new(columns: Columns) -> Self {
        Self { columns, rows: Vec::new(), first: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn finish(self) -> Vec<TenantRow> {
        self.rows
    }

    /// Takes a row.
    ///
    /// # Errors
    /// Which row, what is wrong with it and what to do. Of what stands in it, only the tenant's name.
    pub(super) fn take(&mut self, row: &Row) -> Result<(), String> {
        let number = self.rows.len() + 1;
        let text = |at: usize| {
            row.try_get::<_, Option<Text>>(at)
                .map(|text| text.map(|Text(text)| text))
                .map_err(|_| format!("row {number} has no text in it that could be read"))
        };
        let name = text(self.columns.name)?.ok_or_else(|| {
            format!("row {number} has no name (NULL): leave such rows out (WHERE ... IS NOT NULL)")
        })?;
        let name = TenantName::new(name).map_err(|_| {
            format!("row {number}: the name is empty, longer than 253 bytes or has control characters")
        })?;
        if let Some(first) = self.first.insert(name.clone(), number) {
            return Err(format!(
                "row {number}: the tenant {name} is there twice, first in row {first}: write DISTINCT, or mend the join"
            ));
        }
        let schema = match self.columns.schema.map(text).transpose()?.flatten() {
            None => None,
            Some(schema) => Some(SchemaName::new(schema).map_err(|_| {
                format!(
                    "row {number} (tenant {name}): the schema's name is empty, longer than 63 bytes, or reserved (pg_*, \
                     information_schema, public)"
                )
            })?),
        };
        let labels = match self.columns.labels {
            None => Labels::new(),
            Some(at) => labels(row, at).map_err(|why| format!("row {number} (tenant {name}): {why}"))?,
        };
        self.rows.push(TenantRow { name, schema, labels });
        Ok(())
    }
}

fn labels(row: &Row, at: usize) -> Result<Labels, String> {
    const WRONG: &str = "the labels are no JSON object of strings: write jsonb_build_object('tier', tier)";
    let value = if row.columns().get(at).is_some_and(|column| is_json(column.type_())) {
        row.try_get::<_, Option<Value>>(at).map_err(|_| WRONG.to_owned())?
    } else {
        let text = row.try_get::<_, Option<Text>>(at).map_err(|_| WRONG.to_owned())?;
        text.map(|Text(text)| serde_json::from_str(&text)).transpose().map_err(|_| WRONG.to_owned())?
    };
    let Some(value) = value else { return Ok(Labels::new()) };
    let Value::Object(fields) = value else { return Err(WRONG.to_owned()) };
    let mut labels = Labels::new();
    for (name, value) in fields {
        match value {
            Value::String(text) => drop(labels.insert(name, text)),
            // A column that is NULL: a label that the tenant has not.
            Value::Null => {}
            _ => return Err(format!("the label {name:?} is no string: write ...::text")),
        }
    }
    Ok(labels)
}

fn is_json(r#type: &Type) -> bool {
    matches!(*r#type, Type::JSON | Type::JSONB)
}

fn is_text(r#type: &Type) -> bool {
    <&str as FromSql<'_>>::accepts(r#type) || matches!(r#type.kind(), Kind::Enum(_))
}

/// A text, of any type that is one.
struct Text(String);

impl<'a> FromSql<'a> for Text {
    fn from_sql(r#type: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let text = std::str::from_utf8(raw)?;
        // The blanks at the end of a character(n) do not count in SQL.
        let text = if *r#type == Type::BPCHAR { text.trim_end_matches(' ') } else { text };
        Ok(Self(text.to_owned()))
    }

    fn accepts(r#type: &Type) -> bool {
        is_text(r#type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_by_their_names_and_types() {
        let found = Columns::find(&[("labels", &Type::JSONB), ("name", &Type::NAME)]).unwrap();
        assert_eq!(found, Columns { name: 1, schema: None, labels: Some(0) });
        for (columns, said) in [
            (vec![], "no column name"),
            (vec![("slug", &Type::TEXT)], "a column \"slug\""),
            (vec![("name", &Type::INT4)], "of type int4, and not text: write ...::text AS name"),
            (vec![("name", &Type::TEXT), ("labels", &Type::INT4)], "write ...::jsonb AS labels"),
            (vec![("name", &Type::TEXT), ("name", &Type::TEXT)], "two columns name"),
            (vec![("schema", &Type::TEXT)], "no column name"),
        ] {
            let error = Columns::find(&columns).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
