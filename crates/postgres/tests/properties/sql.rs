//! A random schema as a definition.

mod around;

use std::fmt::Write as _;

use tenantry_planner::sql::{Literal, Quoted};

use super::model::{
    Body, By, Column, Constraint, Function, Id, Index, Partitioned, Scalar, Schema, Table, Type, Value, View,
    What,
};
use super::sweep::is_integer;

/// The roles that privileges and policies name.
pub const ROLES: &[&str] = &["app", "Audit \"or"];

fn role(number: u16) -> String {
    if number % 3 == 2 { "PUBLIC".to_owned() } else { Quoted(ROLES[usize::from(number) % 3]).to_string() }
}

impl Schema {
    /// The statements that make it.
    pub fn sql(&self) -> String {
        let mut sql = String::new();
        let mut add = |statement: String| {
            let _ = writeln!(sql, "{statement};");
        };
        for found in &self.enums {
            let labels: Vec<String> = found.labels.iter().map(|label| Literal(label).to_string()).collect();
            add(format!("CREATE TYPE {} AS ENUM ({})", Quoted(&found.name), labels.join(", ")));
        }
        for domain in &self.domains {
            let mut text = format!("CREATE DOMAIN {} AS {}", Quoted(&domain.name), scalar_name(domain.base));
            if domain.not_null {
                text.push_str(" NOT NULL");
            }
            if let Some(number) = domain.check {
                let _ = write!(text, " CHECK ({})", condition("VALUE", Some(domain.base), number));
            }
            add(text);
        }
        for found in &self.composites {
            let attribute = |(name, of): &(String, Scalar)| format!("{} {}", Quoted(name), scalar_name(*of));
            let attributes: Vec<String> = found.attributes.iter().map(attribute).collect();
            add(format!("CREATE TYPE {} AS ({})", Quoted(&found.name), attributes.join(", ")));
        }
        for found in &self.sequences {
            add(format!("CREATE SEQUENCE {} INCREMENT BY {}", Quoted(&found.name), found.increment));
        }
        let early = |function: &&Function| !matches!(function.body, Body::Row(..) | Body::Atomic(..));
        for function in self.functions.iter().filter(early) {
            add(self.function_sql(function));
        }
        for table in &self.tables {
            self.table_sql(table, &mut add);
        }
        for function in self.functions.iter().filter(|function| !early(function)) {
            add(self.function_sql(function));
        }
        for table in &self.tables {
            for column in &table.columns {
                if let Some(value) = self.late_value(column) {
                    let (table, column) = (Quoted(&table.name), Quoted(&column.name));
                    add(format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value}"));
                }
            }
        }
        for found in &self.sequences {
            if let Some((table, column)) = found.owner.and_then(|(table, column)| {
                let table = self.table(table)?;
                Some((&table.name, &table.column(column)?.name))
            }) {
                let (name, table, column) = (Quoted(&found.name), Quoted(table), Quoted(column));
                add(format!("ALTER SEQUENCE {name} OWNED BY {table}.{column}"));
            }
        }
        for keys_first in [true, false] {
            for table in &self.tables {
                for constraint in &table.constraints {
                    if matches!(constraint.what, What::Foreign(..)) != keys_first {
                        add(self.constraint_sql(table, constraint));
                    }
                }
            }
        }
        for table in &self.tables {
            table.indexes.iter().for_each(|index| add(self.index_sql(table, index)));
            if let Some(partitioned) = &table.partitioned {
                for part in partitioned.parts.iter().filter(|part| part.detached) {
                    let (table, part) = (Quoted(&table.name), Quoted(&part.name));
                    add(format!("ALTER TABLE {table} DETACH PARTITION {part}"));
                }
            }
        }
        for view in &self.views {
            self.view_sql(view, &mut add);
        }
        for table in &self.tables {
            table.triggers.iter().for_each(|trigger| self.trigger_sql(table, trigger, &mut add));
            table.policies.iter().for_each(|policy| add(self.policy_sql(table, policy)));
        }
        for grant in &self.grants {
            self.grant_sql(grant).into_iter().for_each(&mut add);
        }
        for comment in &self.comments {
            if let Some(target) = self.comment_target(comment.on) {
                let text = format!("It's \"{}\" \\ ; $$", comment.text);
                add(format!("COMMENT ON {target} IS {}", Literal(&text)));
            }
        }
        sql
    }

    fn table_sql(&self, table: &Table, add: &mut impl FnMut(String)) {
        let columns: Vec<String> =
            table.columns.iter().map(|column| self.column_sql(table, column)).collect();
        let name = Quoted(&table.name);
        let unlogged = if table.unlogged { "UNLOGGED " } else { "" };
        let mut text = format!("CREATE {unlogged}TABLE {name} (\n    {}\n)", columns.join(",\n    "));
        if let Some(parent) = table.inherits.and_then(|parent| self.table(parent)) {
            let _ = write!(text, " INHERITS ({})", Quoted(&parent.name));
        }
        if let Some(Partitioned { key, by, .. }) = &table.partitioned {
            let by = match by {
                By::Range => "RANGE",
                By::List => "LIST",
                By::Hash => "HASH",
            };
            let _ = write!(text, " PARTITION BY {by} ({})", column_name(table, *key));
        }
        if let Some(fillfactor) = table.fillfactor {
            let _ = write!(text, " WITH (fillfactor = {fillfactor})");
        }
        add(text);
        for part in table.partitioned.iter().flat_map(|partitioned| &partitioned.parts) {
            let by = table.partitioned.as_ref().map(|partitioned| partitioned.by);
            let bound = match (by, part.place) {
                (Some(By::Hash), place) => format!("FOR VALUES WITH (MODULUS 4, REMAINDER {})", place % 4),
                (_, 0) => "DEFAULT".to_owned(),
                (Some(By::List), place) => format!("FOR VALUES IN ({place}, {})", place + 10),
                (_, place) => format!("FOR VALUES FROM ({}) TO ({})", place * 10, place * 10 + 10),
            };
            add(format!("CREATE TABLE {} PARTITION OF {name} {bound}", Quoted(&part.name)));
        }
        for column in &table.columns {
            let column_name = Quoted(&column.name);
            if let Some(external) = column.storage.filter(|_| is_wide(self.scalar(column.of))) {
                let storage = if external { "EXTERNAL" } else { "MAIN" };
                add(format!("ALTER TABLE {name} ALTER COLUMN {column_name} SET STORAGE {storage}"));
            }
            if let Some(target) = column.statistics {
                add(format!("ALTER TABLE {name} ALTER COLUMN {column_name} SET STATISTICS {target}"));
            }
        }
        if table.row_security {
            add(format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"));
        }
        if table.forced {
            add(format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY"));
        }
    }

    fn column_sql(&self, table: &Table, column: &Column) -> String {
        let mut text = format!("{} {}", Quoted(&column.name), self.type_name(column));
        match column.value {
            Value::Constant(number) => {
                if let Some(value) = self.constant(column.of, number) {
                    let _ = write!(text, " DEFAULT {value}");
                }
            }
            Value::Call(id) if self.late_value(column).is_none() => {
                if let Some(function) = self.function(id) {
                    let _ = write!(text, " DEFAULT {}()", Quoted(&function.name));
                }
            }
            Value::Sequence(id) => {
                if let Some(sequence) = self.sequences.iter().find(|sequence| sequence.id == id) {
                    let _ = write!(
                        text,
                        " DEFAULT nextval({}::regclass)",
                        Literal(&Quoted(&sequence.name).to_string())
                    );
                }
            }
            Value::Identity(always) => {
                let when = if always { "ALWAYS" } else { "BY DEFAULT" };
                let _ = write!(text, " GENERATED {when} AS IDENTITY");
            }
            Value::Generated(source, number) => {
                let from = table.column(source).and_then(|column| self.scalar(column.of));
                let source = column_name(table, source);
                let expression = match from {
                    Some(scalar) if is_integer(scalar) => format!("{source}::bigint + {number}"),
                    Some(Scalar::Text | Scalar::Varchar(_)) => format!("{source} || '{number}'"),
                    _ => format!("{source}::text || '{number}'"),
                };
                let _ = write!(text, " GENERATED ALWAYS AS ({expression}) STORED");
            }
            _ => {}
        }
        if column.not_null {
            text.push_str(" NOT NULL");
        }
        text
    }

    /// A default that needs a function that needs the table.
    fn late_value(&self, column: &Column) -> Option<String> {
        let Value::Call(id) = column.value else { return None };
        let function = self.function(id).filter(|function| matches!(function.body, Body::Atomic(..)))?;
        Some(format!("{}()", Quoted(&function.name)))
    }

    fn type_name(&self, column: &Column) -> String {
        match column.of {
            Type::Scalar(scalar) if column.value == Value::Serial => match scalar {
                Scalar::Smallint => "smallserial".to_owned(),
                Scalar::Bigint => "bigserial".to_owned(),
                _ => "serial".to_owned(),
            },
            Type::Scalar(scalar) => scalar_name(scalar),
            Type::Enum(id) => self.named_type(id),
            Type::Enums(id) => format!("{}[]", self.named_type(id)),
            Type::Domain(id) | Type::Composite(id) => self.named_type(id),
        }
    }

    fn named_type(&self, id: Id) -> String {
        let enums = self.enums.iter().map(|e| (e.id, &e.name));
        let domains = self.domains.iter().map(|d| (d.id, &d.name));
        let composites = self.composites.iter().map(|c| (c.id, &c.name));
        let found = enums.chain(domains).chain(composites).find(|(other, _)| *other == id);
        found.map_or_else(|| "text".to_owned(), |(_, name)| Quoted(name).to_string())
    }

    /// A literal of the type.
    pub fn constant(&self, of: Type, number: u16) -> Option<String> {
        use Scalar::{
            Bigint, Boolean, Date, Integer, Integers, Jsonb, Numeric, Smallint, Text, Texts, Timestamptz,
            Uuid, Varchar,
        };
        let scalar = match of {
            Type::Composite(_) => return None,
            Type::Enum(id) => {
                let labels = &self.enums.iter().find(|e| e.id == id)?.labels;
                return labels
                    .get(usize::from(number) % labels.len())
                    .map(|label| Literal(label).to_string());
            }
            Type::Enums(_) => return Some("'{}'".to_owned()),
            of => self.scalar(of)?,
        };
        Some(match scalar {
            Smallint | Integer | Bigint => format!("{}", number + 1),
            Numeric(..) => format!("{number}.5"),
            Text | Varchar(_) => Literal(&format!("it's {number} \\")).to_string(),
            Boolean => if number.is_multiple_of(2) { "true" } else { "false" }.to_owned(),
            Date if number.is_multiple_of(3) => "CURRENT_DATE".to_owned(),
            Date => format!("'2020-01-{:02}'", number % 28 + 1),
            Timestamptz if number.is_multiple_of(2) => "now()".to_owned(),
            Timestamptz => format!("'2020-01-01 00:00:{:02}+00'", number % 60),
            Uuid if number.is_multiple_of(2) => "gen_random_uuid()".to_owned(),
            Uuid => format!("'00000000-0000-0000-0000-{number:012}'"),
            Jsonb => format!("'{{\"n\": {number}}}'"),
            Integers => format!("'{{{number}}}'"),
            Texts => format!("ARRAY['a', '{number}']"),
        })
    }

    fn constraint_sql(&self, table: &Table, constraint: &Constraint) -> String {
        let named = constraint.name.as_ref().map(|name| format!("CONSTRAINT {} ", Quoted(name)));
        let list = |ids: &Vec<Id>| {
            let names: Vec<String> = ids.iter().map(|id| column_name(table, *id)).collect();
            names.join(", ")
        };
        let text = match &constraint.what {
            What::Primary(ids) => format!("PRIMARY KEY ({})", list(ids)),
            What::Unique(ids, deferrable) => {
                format!(
                    "UNIQUE ({}){}",
                    list(ids),
                    if *deferrable { " DEFERRABLE INITIALLY DEFERRED" } else { "" }
                )
            }
            What::Check(id, number, local) => {
                let of = table.column(*id).and_then(|column| self.scalar(column.of));
                let local = if *local && table.partitioned.is_none() { " NO INHERIT" } else { "" };
                format!("CHECK ({}){local}", condition(&column_name(table, *id), of, *number))
            }
            What::CheckBy(id, function) => {
                let function = self.function(*function).map_or("", |function| &function.name);
                format!("CHECK ({}({}) > 0)", Quoted(function), column_name(table, *id))
            }
            What::Exclude(id) => format!("EXCLUDE USING btree ({} WITH =)", column_name(table, *id)),
            What::Foreign(id, target, number) => {
                let action =
                    ["", " ON DELETE CASCADE", " ON UPDATE SET NULL", " DEFERRABLE"][usize::from(number % 4)];
                let action = if self.is_generated(table, *id) { "" } else { action };
                let partitioned = table.partitioned.is_some();
                let not_valid = if number % 5 == 4 && !partitioned { " NOT VALID" } else { "" };
                let target = self.table(*target).map_or("", |table| &table.name);
                let from = column_name(table, *id);
                format!("FOREIGN KEY ({from}) REFERENCES {}{action}{not_valid}", Quoted(target))
            }
        };
        format!("ALTER TABLE {} ADD {}{text}", Quoted(&table.name), named.unwrap_or_default())
    }

    fn is_generated(&self, table: &Table, id: Id) -> bool {
        table.column(id).is_some_and(|column| matches!(column.value, Value::Generated(..)))
    }

    fn index_sql(&self, table: &Table, index: &Index) -> String {
        let mut keys: Vec<String> = index.columns.iter().map(|id| column_name(table, *id)).collect();
        if let Some(function) = index.by.and_then(|id| self.function(id)) {
            keys[0] = format!("{}({})", Quoted(&function.name), keys[0]);
        }
        if index.descending {
            keys[0].push_str(" DESC NULLS LAST");
        }
        let unique = if index.unique { "UNIQUE " } else { "" };
        let (name, on) = (Quoted(&index.name), Quoted(&table.name));
        let mut text = format!("CREATE {unique}INDEX {name} ON {on} ({})", keys.join(", "));
        if let Some(include) = index.include {
            let _ = write!(text, " INCLUDE ({})", column_name(table, include));
        }
        if let Some((id, number)) = index.condition {
            let of = table.column(id).and_then(|column| self.scalar(column.of));
            let condition = match of {
                // What depends on settings cannot be in an index.
                Some(Scalar::Timestamptz | Scalar::Date) | None => {
                    format!("{} IS NOT NULL", column_name(table, id))
                }
                of => condition(&column_name(table, id), of, number),
            };
            let _ = write!(text, " WHERE {condition}");
        }
        text
    }

    fn view_sql(&self, view: &View, add: &mut impl FnMut(String)) {
        let outputs = self.outputs(view.source);
        let output = |id: Id| outputs.iter().find(|(other, _)| *other == id).map_or("", |(_, name)| name);
        let columns: Vec<String> = view
            .columns
            .iter()
            .map(|(_, name, column, cast)| {
                let (column, name) = (Quoted(output(*column)), Quoted(name));
                if *cast {
                    format!("coalesce(s.{column}::text, '') AS {name}")
                } else {
                    format!("s.{column} AS {name}")
                }
            })
            .collect();
        let source = self.table(view.source).map(|table| &table.name);
        let source = source.or_else(|| self.view(view.source).map(|view| &view.name)).map_or("", |name| name);
        let materialized = if view.materialized { "MATERIALIZED " } else { "" };
        let barrier = if view.barrier { " WITH (security_barrier)" } else { "" };
        let name = Quoted(&view.name);
        let mut text = format!(
            "CREATE {materialized}VIEW {name}{barrier} AS SELECT {} FROM {} s",
            columns.join(", "),
            Quoted(source)
        );
        if let Some(column) = view.condition {
            let _ = write!(text, " WHERE s.{} IS NOT NULL", Quoted(output(column)));
        }
        if view.materialized {
            text.push_str(" WITH NO DATA");
        }
        add(text);
        if let Some((index, column)) = &view.index {
            let column = view.columns.iter().find(|(id, ..)| id == column).map_or("", |(_, name, ..)| name);
            add(format!("CREATE INDEX {} ON {name} ({})", Quoted(index), Quoted(column)));
        }
    }
}

fn column_name(table: &Table, id: Id) -> String {
    Quoted(table.column(id).map_or("", |column| &column.name)).to_string()
}

fn scalar_name(scalar: Scalar) -> String {
    match scalar {
        Scalar::Smallint => "smallint".to_owned(),
        Scalar::Integer => "integer".to_owned(),
        Scalar::Bigint => "bigint".to_owned(),
        Scalar::Numeric(precision, scale) => format!("numeric({precision},{scale})"),
        Scalar::Text => "text".to_owned(),
        Scalar::Varchar(length) => format!("varchar({length})"),
        Scalar::Boolean => "boolean".to_owned(),
        Scalar::Date => "date".to_owned(),
        Scalar::Timestamptz => "timestamptz".to_owned(),
        Scalar::Uuid => "uuid".to_owned(),
        Scalar::Jsonb => "jsonb".to_owned(),
        Scalar::Integers => "integer[]".to_owned(),
        Scalar::Texts => "text[]".to_owned(),
    }
}

fn is_wide(scalar: Option<Scalar>) -> bool {
    matches!(
        scalar,
        Some(Scalar::Text | Scalar::Varchar(_) | Scalar::Jsonb | Scalar::Texts | Scalar::Integers)
    )
}

/// Something that holds of values that rows have.
fn condition(of: &str, scalar: Option<Scalar>, number: u16) -> String {
    match scalar {
        Some(scalar) if is_integer(scalar) => format!("{of} > 0 OR {of} < -{number}"),
        Some(Scalar::Numeric(..)) => format!("{of} <> {number}.25"),
        Some(Scalar::Text) => format!("length({of}) < {}", number + 100),
        Some(Scalar::Varchar(_)) => format!("{of} NOT IN ('x', 'y{number}')"),
        Some(Scalar::Boolean) => format!("{of} IS NOT NULL OR {}", number.is_multiple_of(2)),
        Some(Scalar::Date) => format!("{of} > '1900-01-{:02}'", number % 28 + 1),
        Some(Scalar::Timestamptz) => format!("{of} > '1900-01-01 00:00:{:02}+00'", number % 60),
        _ => format!("{of} IS NOT NULL OR {}", number.is_multiple_of(2)),
    }
}
