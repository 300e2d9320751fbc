//! Rows for a random schema, and how to see whether they are still the same.

use tenantry_planner::sql::{Identifier, Literal, Quoted, SqlTemplate};

use super::model::{Column, Schema, Table, Type, Value};

/// How many rows are tried for each table.
const ROWS: u16 = 3;

impl Schema {
    /// Statements that put rows into the schema of this name; one that a constraint turns down is passed over.
    pub fn inserts(&self, schema: &Identifier) -> String {
        let mut sql = String::new();
        for table in &self.tables {
            for number in 1..=ROWS {
                let insert = SqlTemplate::parse(self.insert(table, number)).fill(schema);
                let insert = Literal(&insert).to_string();
                sql.push_str(&format!(
                    "DO $do$ BEGIN EXECUTE {insert}; SET CONSTRAINTS ALL IMMEDIATE; \
                     EXCEPTION WHEN OTHERS THEN NULL; END $do$;\n"
                ));
            }
        }
        sql
    }

    fn insert(&self, table: &Table, number: u16) -> String {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for column in &table.columns {
            if matches!(column.value, Value::Generated(..) | Value::Identity(true)) {
                continue;
            }
            let value = self.constant(column.of, number).or_else(|| match column.of {
                Type::Composite(_) => Some("NULL".to_owned()),
                _ => None,
            });
            names.push(Quoted(&column.name).to_string());
            values.push(value.unwrap_or_else(|| "NULL".to_owned()));
        }
        let into = format!("INSERT INTO __TENANT__.{}", Quoted(&table.name));
        if names.is_empty() {
            return format!("{into} DEFAULT VALUES");
        }
        format!("{into} ({}) VALUES ({})", names.join(", "), values.join(", "))
    }

    /// For each table that is still there in `new`: a query over the columns that are still the same. Run on the old schema
    /// and on the changed one, each must give the same.
    pub fn surviving(&self, new: &Schema) -> Vec<String> {
        let queries = self.tables.iter().filter_map(|table| {
            let later = new.table(table.id).filter(|later| later.name == table.name)?;
            if later.partitioned.as_ref().map(|p| (p.key, p.by))
                != table.partitioned.as_ref().map(|p| (p.key, p.by))
            {
                return None;
            }
            let columns: Vec<String> = table
                .columns
                .iter()
                .filter(|column| later.column(column.id).is_some_and(|later| is_same(column, later)))
                .map(|column| Quoted(&column.name).to_string())
                .collect();
            let from = match &table.partitioned {
                // Rows of a partition that is taken away go with it.
                Some(_) => return None,
                None => format!("ONLY __TENANT__.{}", Quoted(&table.name)),
            };
            (!columns.is_empty()).then(|| {
                format!(
                    "SELECT string_agg(r::text, ' ' ORDER BY r::text) FROM (SELECT {} FROM {from}) r",
                    columns.join(", ")
                )
            })
        });
        queries.collect()
    }
}

fn is_same(column: &Column, later: &Column) -> bool {
    let generated = |column: &Column| matches!(column.value, Value::Generated(..));
    column.name == later.name && column.of == later.of && !generated(column) && !generated(later)
}
