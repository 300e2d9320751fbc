//! After each step: what rests on something that is gone goes too, or becomes what it can be without it.

use std::collections::BTreeSet;

use super::model::{Body, By, Id, Scalar, Schema, Table, Type, Value, What};

impl Schema {
    /// Makes the schema one that a server takes.
    pub fn sweep(&mut self) {
        for _ in 0..8 {
            self.sweep_types();
            self.sweep_functions();
            self.sweep_tables();
            self.sweep_views();
        }
        let there = self.everything();
        self.comments.retain(|comment| there.contains(&comment.on));
        self.grants.retain(|grant| there.contains(&grant.on));
    }

    /// The numbers of everything that can be commented on; 0 is the schema.
    fn everything(&self) -> BTreeSet<Id> {
        let mut there: BTreeSet<Id> = [0].into();
        there.extend(self.enums.iter().map(|e| e.id));
        there.extend(self.domains.iter().map(|d| d.id));
        there.extend(self.composites.iter().map(|c| c.id));
        there.extend(self.sequences.iter().map(|s| s.id));
        there.extend(self.functions.iter().map(|f| f.id));
        there.extend(self.views.iter().map(|v| v.id));
        for table in &self.tables {
            there.insert(table.id);
            there.extend(table.columns.iter().map(|column| column.id));
            there.extend(
                table.constraints.iter().filter(|c| c.name.is_some()).map(|constraint| constraint.id),
            );
            there.extend(table.indexes.iter().map(|index| index.id));
            there.extend(table.triggers.iter().map(|trigger| trigger.id));
            there.extend(table.policies.iter().map(|policy| policy.id));
        }
        there
    }

    fn sweep_types(&mut self) {
        let enums: BTreeSet<Id> = self.enums.iter().map(|e| e.id).collect();
        let domains: BTreeSet<Id> = self.domains.iter().map(|d| d.id).collect();
        let composites: BTreeSet<Id> = self.composites.iter().map(|c| c.id).collect();
        for column in self.tables.iter_mut().flat_map(|table| &mut table.columns) {
            let there = match column.of {
                Type::Scalar(_) => true,
                Type::Enum(id) | Type::Enums(id) => enums.contains(&id),
                Type::Domain(id) => domains.contains(&id),
                Type::Composite(id) => composites.contains(&id),
            };
            if !there {
                column.of = Type::Scalar(Scalar::Text);
            }
        }
    }

    fn sweep_functions(&mut self) {
        let tables: BTreeSet<Id> = self.tables.iter().map(|table| table.id).collect();
        self.functions.retain(|function| match function.body {
            Body::Row(table, _) | Body::Atomic(table, _) => tables.contains(&table),
            _ => true,
        });
    }

    fn sweep_tables(&mut self) {
        let known = self.clone();
        let columns: BTreeSet<(Id, Id)> =
            known.tables.iter().flat_map(|t| t.columns.iter().map(|column| (t.id, column.id))).collect();
        for sequence in &mut self.sequences {
            sequence.owner = sequence.owner.filter(|owner| columns.contains(owner));
        }
        for table in &mut self.tables {
            table.inherits = table.inherits.filter(|parent| may_inherit(&known, table, *parent));
            sweep_columns(table, &known);
            sweep_constraints(table, &known);
            sweep_rest(table, &known);
        }
    }

    fn sweep_views(&mut self) {
        let known = self.clone();
        for view in &mut self.views {
            let outputs = known.outputs(view.source);
            let there = |column: Id| outputs.iter().any(|(id, _)| *id == column);
            view.columns.retain(|(_, _, column, _)| there(*column));
            view.condition = view.condition.filter(|column| there(*column));
            let own: Vec<Id> = view.columns.iter().map(|(id, ..)| *id).collect();
            view.index = view.index.take().filter(|(_, column)| own.contains(column));
        }
        self.views.retain(|view| !view.columns.is_empty());
    }
}

/// Names must not meet: a column of both would be one column.
fn may_inherit(known: &Schema, table: &Table, parent: Id) -> bool {
    let plain = |id: Id| known.table(id).is_some_and(|table| table.partitioned.is_none());
    let mut names: Vec<String> = known.outputs(parent).into_iter().map(|(_, name)| name).collect();
    names.extend(table.columns.iter().map(|column| column.name.clone()));
    let count = names.len();
    names.sort();
    names.dedup();
    plain(parent) && names.len() == count
}

/// Whether the server can compute something out of it at once: casts that do not depend on settings.
pub fn generates(scalar: Scalar) -> bool {
    use Scalar::{Bigint, Boolean, Integer, Numeric, Smallint, Text, Uuid, Varchar};
    matches!(scalar, Smallint | Integer | Bigint | Numeric(..) | Text | Varchar(_) | Boolean | Uuid)
}

pub fn is_integer(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Smallint | Scalar::Integer | Scalar::Bigint)
}

fn sweep_columns(table: &mut Table, known: &Schema) {
    let key = table.partitioned.as_ref().map(|partitioned| partitioned.key);
    let mut names = BTreeSet::new();
    table.columns.retain(|column| names.insert(column.name.clone()));
    if let Some(partitioned) = &mut table.partitioned {
        let mut places = BTreeSet::new();
        partitioned.parts.retain(|part| places.insert(part.place));
        if !table.columns.iter().any(|column| column.id == partitioned.key) {
            table.partitioned = None;
        } else if partitioned.by == By::Hash {
            partitioned.parts.retain(|part| part.place != 0 || part.detached);
        }
    }
    let sources: Vec<(Id, Option<Scalar>, bool)> = table
        .columns
        .iter()
        .map(|c| (c.id, known.scalar(c.of), matches!(c.value, Value::Generated(..))))
        .collect();
    for column in &mut table.columns {
        if Some(column.id) == key {
            column.of = Type::Scalar(Scalar::Integer);
        }
        let plain = match column.of {
            Type::Scalar(scalar) => Some(scalar),
            _ => None,
        };
        let integer = plain.is_some_and(is_integer);
        let fits = match column.value {
            Value::Nothing => true,
            Value::Constant(_) => !matches!(column.of, Type::Composite(_)),
            Value::Call(id) => {
                integer
                    && known
                        .function(id)
                        .is_some_and(|f| matches!(f.body, Body::Nullary(_) | Body::Atomic(..)))
            }
            Value::Sequence(id) => integer && known.sequences.iter().any(|sequence| sequence.id == id),
            Value::Serial | Value::Identity(_) => integer && table.partitioned.is_none(),
            Value::Generated(source, _) => {
                let from = sources.iter().find(|(id, ..)| *id == source);
                Some(column.id) != key
                    && source != column.id
                    && from.is_some_and(|(_, of, generated)| of.is_some_and(generates) && !generated)
            }
        };
        if !fits {
            column.value = Value::Nothing;
        }
        if let Value::Generated(source, _) = column.value {
            let from = sources.iter().find(|(id, ..)| *id == source).and_then(|(_, of, _)| *of);
            let of = if from.is_some_and(is_integer) { Scalar::Bigint } else { Scalar::Text };
            column.of = Type::Scalar(of);
        }
    }
}

fn sweep_constraints(table: &mut Table, known: &Schema) {
    let columns = table.columns.clone();
    let of = |id: &Id| columns.iter().find(|column| column.id == *id).map(|column| column.of);
    let (key, unlogged) = (table.partitioned.as_ref().map(|partitioned| partitioned.key), table.unlogged);
    let mut keys = 0;
    table.constraints.retain(|constraint| match &constraint.what {
        What::Primary(ids) => {
            keys += 1;
            keys == 1 && ids.iter().all(|id| of(id).is_some()) && key.is_none_or(|key| ids.contains(&key))
        }
        What::Unique(ids, _) => key.is_none() && ids.iter().all(|id| of(id).is_some()),
        What::Check(id, ..) => of(id).is_some(),
        What::CheckBy(id, function) => {
            of(id) == Some(Type::Scalar(Scalar::Integer))
                && known.function(*function).is_some_and(|f| matches!(f.body, Body::Integer(_)))
        }
        What::Exclude(id) => key.is_none() && of(id).is_some(),
        What::Foreign(id, aim, _) => {
            let target = known.table(*aim).and_then(|table| {
                let key = table.key().filter(|key| key.len() == 1)?;
                table.column(key[0]).map(|column| column.of)
            });
            // What is written to the log may rest only on what is.
            let logged = known.table(*aim).is_some_and(|table| !table.unlogged) || unlogged;
            logged && of(id).is_some() && of(id) == target
        }
    });
}

fn sweep_rest(table: &mut Table, known: &Schema) {
    let columns = table.columns.clone();
    let there = |id: &Id| columns.iter().any(|column| column.id == *id);
    let of = |id: &Id| columns.iter().find(|column| column.id == *id).map(|column| column.of);
    let partitioned = table.partitioned.is_some();
    table.indexes.retain(|index| !index.columns.is_empty() && index.columns.iter().all(there));
    for index in &mut table.indexes {
        index.condition = index.condition.filter(|(id, _)| there(id));
        index.include = index.include.filter(|id| there(id) && !index.columns.contains(id));
        index.unique &= !partitioned;
        let fits = |body: Body| match body {
            Body::Integer(_) => of(&index.columns[0]) == Some(Type::Scalar(Scalar::Integer)),
            Body::Text(_) => of(&index.columns[0]) == Some(Type::Scalar(Scalar::Text)),
            _ => false,
        };
        index.by = index.by.filter(|id| known.function(*id).is_some_and(|function| fits(function.body)));
    }
    let triggers = |id: Id| known.function(id).is_some_and(|f| matches!(f.body, Body::Trigger(_)));
    table.triggers.retain(|trigger| triggers(trigger.function));
    for trigger in &mut table.triggers {
        trigger.of = trigger.of.filter(there);
        trigger.row |= partitioned;
    }
    table.policies.retain(|policy| there(&policy.column));
    if partitioned {
        table.unlogged = false;
        table.fillfactor = None;
    }
}
