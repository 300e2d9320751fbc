//! What each step does to a schema.

use super::super::model::{
    Body, By, Column, Comment, Composite, Constraint, Domain, Enum, Function, Grant, Id, Index, Part,
    Partitioned, Policy, Scalar, Schema, Sequence, Table, Trigger, Type, Value, View, What,
};
use super::super::names;
use super::Step::{
    self, AddCheck, AddColumn, AddComposite, AddDomain, AddEnum, AddExclude, AddForeign, AddFunction,
    AddIndex, AddKey, AddLabel, AddPart, AddPartitioned, AddPolicy, AddSequence, AddTable, AddTrigger,
    AddUnique, AddView, ChangeColumn, ChangeComposite, ChangeDomain, ChangeFunction, ChangeIndex, ChangePart,
    ChangePolicy, ChangeSequence, ChangeTable, ChangeTrigger, ChangeType, ChangeValue, ChangeView,
    DropColumn, DropConstraint, DropLabel, DropSomething, Inherit, MoveColumn, Rename, Revoke, ToggleNotNull,
    Uncomment,
};
use super::{Op, pick, pick_mut, scalar, take};

impl Op {
    pub(super) fn apply(self, schema: &mut Schema) {
        let Op(step, a, b, c) = self;
        let id = schema.new_id();
        let name = names::free(schema, c);
        match step {
            AddEnum => {
                let labels = (0..=b % 4).map(|n| names::label(n + a)).collect();
                schema.enums.push(Enum { id, name, labels });
            }
            AddLabel => {
                if let Some(found) = pick_mut(&mut schema.enums, a) {
                    let label = names::label(c);
                    if !found.labels.contains(&label) {
                        found.labels.insert(usize::from(b) % (found.labels.len() + 1), label);
                    }
                }
            }
            DropLabel => {
                if let Some(found) = pick_mut(&mut schema.enums, a).filter(|found| found.labels.len() > 1) {
                    take(&mut found.labels, b);
                }
            }
            AddDomain => {
                let check = (a % 2 == 0).then_some(a);
                schema.domains.push(Domain { id, name, base: scalar(b), not_null: a % 5 == 1, check });
            }
            ChangeDomain => {
                if let Some(domain) = pick_mut(&mut schema.domains, a) {
                    match b % 3 {
                        0 => domain.check = Some(c),
                        1 => domain.check = None,
                        _ => domain.not_null = !domain.not_null,
                    }
                }
            }
            AddComposite => {
                let attributes = (0..=b % 3).map(|n| (names::label(n + a), scalar(a + n))).collect();
                schema.composites.push(Composite { id, name, attributes });
            }
            ChangeComposite => {
                if let Some(found) = pick_mut(&mut schema.composites, a) {
                    let label = names::label(c);
                    let there = found.attributes.iter().position(|(name, _)| *name == label);
                    match there {
                        Some(at) if b % 2 == 0 => found.attributes[at].1 = scalar(b),
                        Some(at) if found.attributes.len() > 1 => drop(found.attributes.remove(at)),
                        Some(_) => {}
                        None => found.attributes.push((label, scalar(b))),
                    }
                }
            }
            AddSequence => {
                schema.sequences.push(Sequence { id, name, increment: 1 + a % 3, owner: None });
            }
            ChangeSequence => {
                let owner = schema.column(b, c).map(|(table, column)| (table, column.id));
                if let Some(sequence) = pick_mut(&mut schema.sequences, a) {
                    match b % 3 {
                        0 => sequence.increment = 1 + c % 5,
                        1 => sequence.owner = owner,
                        _ => sequence.owner = None,
                    }
                }
            }
            AddTable | AddPartitioned => add_table(schema, id, name, self),
            AddPart => {
                let taken = |parts: &[Part]| parts.iter().any(|part| part.place == b % 4);
                let mut tables: Vec<_> =
                    schema.tables.iter_mut().filter_map(|table| table.partitioned.as_mut()).collect();
                if let Some(partitioned) = pick_mut(&mut tables, a).filter(|p| !taken(&p.parts)) {
                    partitioned.parts.push(Part { name, place: b % 4, detached: false });
                }
            }
            ChangePart => {
                let parts = schema.tables.iter_mut().filter_map(|table| table.partitioned.as_mut());
                let mut parts: Vec<_> = parts.flat_map(|partitioned| &mut partitioned.parts).collect();
                if let Some(part) = pick_mut(&mut parts, a) {
                    match b % 3 {
                        0 => part.place = c % 4,
                        _ => part.detached = !part.detached,
                    }
                }
            }
            AddColumn => {
                let of = schema.any_type(b, c);
                if let Some(table) = pick_mut(&mut schema.tables, a) {
                    table.columns.push(column(id, name, of));
                }
            }
            DropColumn => {
                if let Some(table) = pick_mut(&mut schema.tables, a).filter(|table| table.columns.len() > 1) {
                    take(&mut table.columns, b);
                }
            }
            ChangeType => {
                let of = schema.any_type(c / 8, c);
                if let Some(column) = column_mut(schema, a, b) {
                    column.of = of;
                }
            }
            ToggleNotNull => {
                if let Some(column) = column_mut(schema, a, b) {
                    column.not_null = !column.not_null;
                }
            }
            ChangeValue => change_value(schema, a, b, c),
            ChangeColumn => {
                if let Some(column) = column_mut(schema, a, b) {
                    match c % 4 {
                        0 => column.storage = Some(c % 8 == 0),
                        1 => column.storage = None,
                        2 => column.statistics = Some(c * 10),
                        _ => column.statistics = None,
                    }
                }
            }
            MoveColumn => {
                if let Some(table) = pick_mut(&mut schema.tables, a) {
                    let length = table.columns.len();
                    if length > 1 {
                        table.columns.swap(usize::from(b) % length, usize::from(c) % length);
                    }
                }
            }
            AddKey | AddUnique | AddCheck | AddForeign | AddExclude => add_constraint(schema, id, name, self),
            DropConstraint => {
                if let Some(table) = pick_mut(&mut schema.tables, a) {
                    take(&mut table.constraints, b);
                }
            }
            AddIndex => {
                let by = schema.functions_by(|body| matches!(body, Body::Integer(_) | Body::Text(_)));
                if let Some(table) = pick_mut(&mut schema.tables, a) {
                    let columns = some_columns(table, b, c);
                    let by = (c % 4 == 0).then(|| pick(&by, b).copied()).flatten();
                    let condition =
                        pick(&table.columns, c).filter(|_| b % 3 == 0).map(|column| (column.id, c));
                    let include = pick(&table.columns, b).filter(|_| c % 5 == 0).map(|column| column.id);
                    let unique = b % 4 == 1 && table.partitioned.is_none();
                    let descending = c % 3 == 0;
                    let index = Index { id, name, columns, unique, by, condition, descending, include };
                    table.indexes.push(index);
                }
            }
            ChangeIndex => {
                if let Some(table) = pick_mut(&mut schema.tables, a) {
                    if c % 3 == 0 {
                        take(&mut table.indexes, b);
                    } else if let Some(index) = pick_mut(&mut table.indexes, b) {
                        match c % 3 {
                            1 => index.descending = !index.descending,
                            _ => index.condition = None,
                        }
                    }
                }
            }
            AddFunction => add_function(schema, id, name, a, b, c),
            ChangeFunction => {
                if let Some(function) = pick_mut(&mut schema.functions, a) {
                    match b % 3 {
                        0 => function.kind = c,
                        _ => match &mut function.body {
                            Body::Integer(n) | Body::Text(n) | Body::Nullary(n) | Body::Trigger(n) => *n = c,
                            Body::Row(_, n) | Body::Atomic(_, n) | Body::Procedure(n) | Body::Rows(n) => {
                                *n = c;
                            }
                        },
                    }
                }
            }
            AddTrigger => {
                let functions = schema.functions_by(|body| matches!(body, Body::Trigger(_)));
                let function = pick(&functions, b).copied();
                if let (Some(function), Some(table)) = (function, pick_mut(&mut schema.tables, a)) {
                    let of = pick(&table.columns, c).filter(|_| c % 3 == 0).map(|column| column.id);
                    let (before, row) = (c % 2 == 0, b % 2 == 0);
                    let trigger = Trigger { id, name, function, before, of, row, disabled: c % 7 == 0 };
                    table.triggers.push(trigger);
                }
            }
            ChangeTrigger => {
                if let Some(table) = pick_mut(&mut schema.tables, a) {
                    match c % 3 {
                        0 => take(&mut table.triggers, b),
                        _ => {
                            if let Some(trigger) = pick_mut(&mut table.triggers, b) {
                                match c % 3 {
                                    1 => trigger.disabled = !trigger.disabled,
                                    _ => trigger.of = None,
                                }
                            }
                        }
                    }
                }
            }
            AddPolicy => {
                if let Some(table) = pick_mut(&mut schema.tables, a)
                    && let Some(column) = pick(&table.columns, b).map(|column| column.id)
                {
                    let role = (c % 2 == 0).then_some(c / 2);
                    table.policies.push(Policy { id, name, column, kind: c, role });
                }
            }
            ChangePolicy => {
                if let Some(table) = pick_mut(&mut schema.tables, a) {
                    if c % 3 == 0 {
                        take(&mut table.policies, b);
                    } else if let Some(policy) = pick_mut(&mut table.policies, b) {
                        policy.kind = c;
                        policy.role = (c % 2 == 0).then_some(c / 2);
                    }
                }
            }
            ChangeTable => {
                if let Some(table) = pick_mut(&mut schema.tables, a) {
                    let partitioned = table.partitioned.is_some();
                    match b % 4 {
                        0 => table.row_security = !table.row_security,
                        1 => table.forced = !table.forced,
                        2 if !partitioned => table.fillfactor = (c % 3 != 0).then_some(50 + c % 50),
                        3 if !partitioned => table.unlogged = !table.unlogged,
                        _ => {}
                    }
                }
            }
            Inherit => {
                let parent =
                    pick(&schema.tables, b).filter(|table| table.partitioned.is_none()).map(|t| t.id);
                if let Some(table) = pick_mut(&mut schema.tables, a).filter(|t| t.partitioned.is_none()) {
                    // A parent is older than its child, so that nothing inherits from itself.
                    table.inherits = parent.filter(|parent| *parent < table.id);
                }
            }
            AddView => add_view(schema, id, name, a, b, c),
            ChangeView => change_view(schema, id, a, b, c),
            Step::Grant => {
                let on = schema.commentable();
                if let Some(on) = pick(&on, a.wrapping_mul(7).wrapping_add(b)).copied() {
                    schema.grants.push(Grant { on, role: b, kind: c });
                }
            }
            Revoke => take(&mut schema.grants, a),
            Step::Comment => {
                let on = schema.commentable();
                if let Some(on) = pick(&on, a.wrapping_mul(7).wrapping_add(b)).copied() {
                    schema.comments.retain(|comment| comment.on != on);
                    schema.comments.push(Comment { on, text: c });
                }
            }
            Uncomment => take(&mut schema.comments, a),
            Rename => rename(schema, name, a, b),
            DropSomething => drop_something(schema, a, b),
        }
    }
}

fn column(id: Id, name: String, of: Type) -> Column {
    Column { id, name, of, not_null: false, value: Value::Nothing, storage: None, statistics: None }
}

fn column_mut(schema: &mut Schema, table: u16, column: u16) -> Option<&mut Column> {
    pick_mut(&mut pick_mut(&mut schema.tables, table)?.columns, column)
}

fn some_columns(table: &Table, b: u16, c: u16) -> Vec<Id> {
    let mut columns: Vec<Id> = pick(&table.columns, b).map(|column| column.id).into_iter().collect();
    if let Some(second) =
        pick(&table.columns, c).filter(|second| c.is_multiple_of(2) && !columns.contains(&second.id))
    {
        columns.push(second.id);
    }
    columns
}

fn add_table(schema: &mut Schema, id: Id, name: String, Op(step, _, b, c): Op) {
    let key = schema.new_id();
    let mut columns = vec![column(key, names::label(b), Type::Scalar(Scalar::Integer))];
    columns[0].not_null = true;
    if c % 2 == 0 {
        let (second, of) = (schema.new_id(), schema.any_type(b, c));
        let taken = columns[0].name.clone();
        let name = [c, c + 1].map(names::label).into_iter().find(|name| *name != taken);
        columns.extend(name.map(|name| column(second, name, of)));
    }
    let by = [By::Range, By::List, By::Hash][usize::from(c) % 3];
    let partitioned = matches!(step, AddPartitioned).then(|| Partitioned { key, by, parts: Vec::new() });
    schema.tables.push(Table {
        id,
        name,
        columns,
        constraints: Vec::new(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        policies: Vec::new(),
        row_security: false,
        forced: false,
        fillfactor: None,
        unlogged: false,
        inherits: None,
        partitioned,
    });
}

fn change_value(schema: &mut Schema, a: u16, b: u16, c: u16) {
    let calls = schema.functions_by(|body| matches!(body, Body::Nullary(_) | Body::Atomic(..)));
    let call = pick(&calls, c).copied();
    let sequence = pick(&schema.sequences, c).map(|sequence| sequence.id);
    let others = pick(&schema.tables, a).map(|table| table.columns.iter().map(|c| c.id).collect::<Vec<_>>());
    let source = others.and_then(|others| pick(&others, c).copied());
    if let Some(column) = column_mut(schema, a, b) {
        column.value = match c % 8 {
            0 => Value::Nothing,
            1 | 2 => Value::Constant(c),
            3 => call.map_or(Value::Constant(c), Value::Call),
            4 => sequence.map_or(Value::Constant(c), Value::Sequence),
            5 => Value::Serial,
            6 => Value::Identity(c % 16 == 6),
            _ => source.map_or(Value::Nothing, |source| Value::Generated(source, c)),
        };
    }
}

fn add_constraint(schema: &mut Schema, id: Id, name: String, Op(step, a, b, c): Op) {
    let targets: Vec<(Id, Option<Type>)> = schema
        .tables
        .iter()
        .filter_map(|table| Some((table.id, table.key().filter(|key| key.len() == 1)?[0], table)))
        .map(|(id, key, table)| (id, table.column(key).map(|column| column.of)))
        .collect();
    let checks = schema.functions_by(|body| matches!(body, Body::Integer(_)));
    let Some(table) = pick_mut(&mut schema.tables, a) else { return };
    let what = match step {
        AddKey if table.key().is_none() => {
            let mut columns = some_columns(table, b, c);
            if let Some(partitioned) = &table.partitioned {
                columns = vec![partitioned.key];
            }
            What::Primary(columns)
        }
        AddUnique if table.partitioned.is_none() => What::Unique(some_columns(table, b, c), c % 3 == 0),
        AddCheck => match (pick(&table.columns, b), pick(&checks, c)) {
            (Some(column), Some(function)) if c % 5 == 0 => What::CheckBy(column.id, *function),
            (Some(column), _) => What::Check(column.id, c, c % 7 == 0),
            _ => return,
        },
        AddForeign => {
            let Some(&(target, of)) = pick(&targets, b) else { return };
            let from = table.columns.iter().filter(|column| Some(column.of) == of).map(|column| column.id);
            let from: Vec<Id> = from.collect();
            match pick(&from, c) {
                Some(from) => What::Foreign(*from, target, c),
                None => return,
            }
        }
        AddExclude if table.partitioned.is_none() => match pick(&table.columns, b) {
            Some(column) => What::Exclude(column.id),
            None => return,
        },
        _ => return,
    };
    table.constraints.push(Constraint { id, name: (c % 4 != 0).then_some(name), what });
}

fn add_function(schema: &mut Schema, id: Id, name: String, a: u16, b: u16, c: u16) {
    let table = pick(&schema.tables, b).map(|table| table.id);
    let body = match (a % 10, table) {
        (0 | 1, _) => Body::Integer(c),
        (2, _) => Body::Text(c),
        (3, _) => Body::Nullary(c),
        (4 | 5, _) => Body::Trigger(c),
        (6, Some(table)) => Body::Row(table, c),
        (7, Some(table)) => Body::Atomic(table, c),
        (8, _) => Body::Procedure(c),
        _ => Body::Rows(c),
    };
    // Another function of the same name, if it takes something else.
    let simple = |body: &Body| matches!(body, Body::Integer(_) | Body::Text(_) | Body::Nullary(_));
    let same = |other: &Body| std::mem::discriminant(other) == std::mem::discriminant(&body);
    let overloaded = schema.functions.iter().find(|other| {
        let named = schema.functions.iter().filter(|function| function.name == other.name);
        b.is_multiple_of(2)
            && simple(&body)
            && named.clone().all(|named| simple(&named.body) && !same(&named.body))
    });
    let name = overloaded.map_or(name, |other| other.name.clone());
    schema.functions.push(Function { id, name, body, kind: c });
}

fn add_view(schema: &mut Schema, id: Id, name: String, a: u16, b: u16, c: u16) {
    let sources: Vec<Id> =
        schema.tables.iter().map(|table| table.id).chain(schema.views.iter().map(|view| view.id)).collect();
    let Some(&source) = pick(&sources, a) else { return };
    let outputs = schema.outputs(source);
    let mut columns = Vec::new();
    for (at, (column, name)) in outputs.iter().enumerate() {
        if at == 0 || !(usize::from(b) + at).is_multiple_of(3) {
            columns.push((schema.new_id(), name.clone(), *column, (usize::from(c) + at).is_multiple_of(4)));
        }
    }
    let condition = outputs.first().filter(|_| b.is_multiple_of(2)).map(|(column, _)| *column);
    let materialized = c.is_multiple_of(4);
    let barrier = c.is_multiple_of(5) && !materialized;
    let mut view = View { id, name, source, columns, materialized, condition, barrier, index: None };
    if materialized && b.is_multiple_of(2) {
        schema.views.push(view.clone());
        let free = names::free(schema, a);
        schema.views.pop();
        view.index = view.columns.first().map(|(column, ..)| (free, *column));
    }
    schema.views.push(view);
}

fn change_view(schema: &mut Schema, id: Id, a: u16, b: u16, c: u16) {
    let Some(view) = pick(&schema.views, a).cloned() else { return };
    let outputs = schema.outputs(view.source);
    let Some(found) = schema.views.iter_mut().find(|other| other.id == view.id) else { return };
    match b % 5 {
        0 => found.barrier = !found.barrier && !found.materialized,
        1 if found.columns.len() > 1 => take(&mut found.columns, c),
        2 => {
            found.condition =
                if found.condition.is_none() { outputs.first().map(|(id, _)| *id) } else { None }
        }
        3 => {
            let unused = |name: &String| !found.columns.iter().any(|(_, used, ..)| used == name);
            if let Some((column, name)) = outputs.iter().find(|(_, name)| unused(name)) {
                found.columns.push((id, name.clone(), *column, c.is_multiple_of(2)));
            }
        }
        _ => {
            if let Some(column) = pick_mut(&mut found.columns, c) {
                column.3 = !column.3;
            }
        }
    }
}

fn rename(schema: &mut Schema, name: String, a: u16, b: u16) {
    match a % 6 {
        0 => pick_mut(&mut schema.tables, b).map(|found| found.name = name),
        1 => pick_mut(&mut schema.views, b).map(|found| found.name = name),
        2 => pick_mut(&mut schema.enums, b).map(|found| found.name = name),
        3 => pick_mut(&mut schema.functions, b).map(|found| found.name = name),
        4 => pick_mut(&mut schema.sequences, b).map(|found| found.name = name),
        _ => column_mut(schema, a / 6, b).map(|found| found.name = name),
    };
}

fn drop_something(schema: &mut Schema, a: u16, b: u16) {
    match a % 7 {
        0 => take(&mut schema.tables, b),
        1 => take(&mut schema.views, b),
        2 => take(&mut schema.functions, b),
        3 => take(&mut schema.enums, b),
        4 => take(&mut schema.domains, b),
        5 => take(&mut schema.sequences, b),
        _ => take(&mut schema.composites, b),
    }
}
