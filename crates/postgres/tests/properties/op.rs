//! Random steps that build and change a schema. Every step can be taken in every state (what it needs and is not there
//! makes it do nothing), so a list of them can be cut anywhere when a failure is made small.

mod taking;

use proptest::prelude::*;

use super::model::{Body, Column, Id, Scalar, Schema, Type};

/// One step: what is done, and three numbers that choose among what is there.
#[derive(Clone, Copy, Debug)]
pub struct Op(pub Step, pub u16, pub u16, pub u16);

#[derive(Clone, Copy, Debug)]
pub enum Step {
    AddEnum,
    AddLabel,
    DropLabel,
    AddDomain,
    ChangeDomain,
    AddComposite,
    ChangeComposite,
    AddSequence,
    ChangeSequence,
    AddTable,
    AddPartitioned,
    AddPart,
    ChangePart,
    AddColumn,
    DropColumn,
    ChangeType,
    ToggleNotNull,
    ChangeValue,
    ChangeColumn,
    MoveColumn,
    AddKey,
    AddUnique,
    AddCheck,
    AddForeign,
    AddExclude,
    DropConstraint,
    AddIndex,
    ChangeIndex,
    AddFunction,
    ChangeFunction,
    AddTrigger,
    ChangeTrigger,
    AddPolicy,
    ChangePolicy,
    ChangeTable,
    Inherit,
    AddView,
    ChangeView,
    Grant,
    Revoke,
    Comment,
    Uncomment,
    Rename,
    DropSomething,
}

use Step::{
    AddCheck, AddColumn, AddComposite, AddDomain, AddEnum, AddExclude, AddForeign, AddFunction, AddIndex,
    AddKey, AddLabel, AddPart, AddPartitioned, AddPolicy, AddSequence, AddTable, AddTrigger, AddUnique,
    AddView, ChangeColumn, ChangeComposite, ChangeDomain, ChangeFunction, ChangeIndex, ChangePart,
    ChangePolicy, ChangeSequence, ChangeTable, ChangeTrigger, ChangeType, ChangeValue, ChangeView,
    DropColumn, DropConstraint, DropLabel, DropSomething, Inherit, MoveColumn, Rename, Revoke, ToggleNotNull,
    Uncomment,
};

/// Steps that build, the likelier ones several times.
const BUILD: &[Step] = &[
    AddEnum,
    AddDomain,
    AddComposite,
    AddSequence,
    AddTable,
    AddTable,
    AddTable,
    AddPartitioned,
    AddPart,
    AddPart,
    AddColumn,
    AddColumn,
    AddColumn,
    AddColumn,
    ToggleNotNull,
    ChangeValue,
    ChangeValue,
    AddKey,
    AddKey,
    AddUnique,
    AddCheck,
    AddCheck,
    AddForeign,
    AddForeign,
    AddExclude,
    AddIndex,
    AddIndex,
    AddFunction,
    AddFunction,
    AddTrigger,
    AddPolicy,
    ChangeTable,
    Inherit,
    AddView,
    AddView,
    AddView,
    Step::Grant,
    Step::Comment,
    ChangeColumn,
    ChangeSequence,
];

/// Steps that change.
const CHANGE: &[Step] = &[
    AddLabel,
    DropLabel,
    ChangeDomain,
    ChangeComposite,
    ChangeSequence,
    ChangePart,
    DropColumn,
    ChangeType,
    ChangeType,
    ToggleNotNull,
    ChangeValue,
    ChangeColumn,
    MoveColumn,
    DropConstraint,
    ChangeIndex,
    ChangeFunction,
    ChangeFunction,
    ChangeTrigger,
    ChangePolicy,
    ChangeTable,
    ChangeView,
    Revoke,
    Uncomment,
    Rename,
    DropSomething,
    DropSomething,
];

/// A list of steps that build a schema.
pub fn building() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(prop::sample::select(BUILD)), 1..60)
}

/// A list of steps that change one.
pub fn changing() -> impl Strategy<Value = Vec<Op>> {
    let step = prop_oneof![2 => prop::sample::select(CHANGE), 1 => prop::sample::select(BUILD)];
    prop::collection::vec(op(step), 1..12)
}

fn op(step: impl Strategy<Value = Step>) -> impl Strategy<Value = Op> {
    (step, 0..64u16, 0..64u16, 0..64u16).prop_map(|(step, a, b, c)| Op(step, a, b, c))
}

/// Takes the steps.
pub fn apply(schema: &Schema, ops: &[Op]) -> Schema {
    let mut schema = schema.clone();
    for op in ops {
        op.apply(&mut schema);
        schema.sweep();
    }
    schema
}

/// One of a list, whatever the number is.
fn pick<T>(list: &[T], number: u16) -> Option<&T> {
    if list.is_empty() { None } else { list.get(usize::from(number) % list.len()) }
}

fn pick_mut<T>(list: &mut [T], number: u16) -> Option<&mut T> {
    if list.is_empty() {
        return None;
    }
    let at = usize::from(number) % list.len();
    list.get_mut(at)
}

fn take<T>(list: &mut Vec<T>, number: u16) {
    if !list.is_empty() {
        list.remove(usize::from(number) % list.len());
    }
}

fn scalar(number: u16) -> Scalar {
    use Scalar::{
        Bigint, Boolean, Date, Integer, Integers, Jsonb, Numeric, Smallint, Text, Texts, Timestamptz, Uuid,
        Varchar,
    };
    const ALL: &[Scalar] = &[
        Integer,
        Text,
        Integer,
        Text,
        Bigint,
        Varchar(20),
        Boolean,
        Timestamptz,
        Smallint,
        Numeric(10, 2),
        Numeric(12, 2),
        Numeric(10, 4),
        Varchar(30),
        Date,
        Uuid,
        Jsonb,
        Integers,
        Texts,
    ];
    ALL[usize::from(number) % ALL.len()]
}

impl Schema {
    fn any_type(&self, number: u16, choice: u16) -> Type {
        match number % 8 {
            0 => pick(&self.enums, choice).map(|e| Type::Enum(e.id)),
            1 => pick(&self.domains, choice).map(|d| Type::Domain(d.id)),
            2 => pick(&self.composites, choice).map(|c| Type::Composite(c.id)),
            3 if choice.is_multiple_of(4) => pick(&self.enums, choice / 4).map(|e| Type::Enums(e.id)),
            _ => None,
        }
        .unwrap_or(Type::Scalar(scalar(choice)))
    }

    /// A table and one of its columns.
    fn column(&self, table: u16, column: u16) -> Option<(Id, Column)> {
        let table = pick(&self.tables, table)?;
        Some((table.id, pick(&table.columns, column)?.clone()))
    }

    /// Functions with a body of some sort.
    fn functions_by(&self, wanted: impl Fn(&Body) -> bool) -> Vec<Id> {
        self.functions.iter().filter(|f| wanted(&f.body)).map(|f| f.id).collect()
    }

    /// Everything that a comment can be on.
    fn commentable(&self) -> Vec<Id> {
        let tables = self.tables.iter().flat_map(|table| {
            let columns = table.columns.iter().map(|column| column.id);
            let named = table.constraints.iter().filter(|c| c.name.is_some()).map(|constraint| constraint.id);
            let rest = table.indexes.iter().map(|index| index.id);
            let triggers = table.triggers.iter().map(|trigger| trigger.id);
            let policies = table.policies.iter().map(|policy| policy.id);
            [table.id].into_iter().chain(columns).chain(named).chain(rest).chain(triggers).chain(policies)
        });
        let types = self.enums.iter().map(|e| e.id).chain(self.domains.iter().map(|d| d.id));
        let types = types.chain(self.composites.iter().map(|c| c.id));
        let rest = self.functions.iter().map(|f| f.id).chain(self.views.iter().map(|v| v.id));
        tables.chain(types).chain(rest).chain(self.sequences.iter().map(|s| s.id)).chain([0]).collect()
    }
}
