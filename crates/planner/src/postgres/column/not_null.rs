//! NOT NULL, which is a part of its column, and has a name from 18 on.

use tenantry_catalog::{Fact, Kind, ObjectId};

use super::super::lineage;
use super::write::alter;
use super::{Attributes, locked, table_of};
use crate::rules::Context;
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Step, Verb};

/// `CONSTRAINT n NOT NULL NO INHERIT`, as far as it applies.
pub(super) fn clause(column: &Attributes) -> String {
    let name =
        column.not_null_name.as_ref().map_or(String::new(), |name| format!("CONSTRAINT {} ", Quoted(name)));
    let no_inherit = if column.not_null_no_inherit { " NO INHERIT" } else { "" };
    format!("{name}NOT NULL{no_inherit}")
}

/// Its name; the usual one is not a part of a column's fact.
pub(super) fn name(fact: &Fact, column: &Attributes) -> String {
    column.not_null_name.clone().unwrap_or_else(|| format!("{}_{}_not_null", fact.id.first(), fact.id.last()))
}

/// One that only new rows must obey (18).
pub(super) fn not_valid(fact: &Fact, verb: Verb, column: &Attributes) -> Step {
    add(fact, verb, column, " NOT VALID")
}

fn add(fact: &Fact, verb: Verb, column: &Attributes, behind: &str) -> Step {
    let no_inherit = if column.not_null_no_inherit { " NO INHERIT" } else { "" };
    let sql = format!(
        "ALTER TABLE {} ADD CONSTRAINT {} NOT NULL {}{no_inherit}{behind}",
        Quoted(fact.id.first()),
        Quoted(&name(fact, column)),
        Quoted(fact.id.last())
    );
    Step::new(&fact.id, verb, sql).locks(&table_of(fact), LockMode::AccessExclusive)
}

/// The statements that take it away. Tables below that keep theirs get it
/// back: the server takes it from them too.
pub(super) fn remove(to: &Fact, context: &Context<'_>) -> Vec<Step> {
    let mut steps = vec![alter(to, Verb::Alter, "DROP NOT NULL")];
    for below in lineage::stay_below(to.id.first(), context) {
        let id = ObjectId::new(Kind::Column, [below, to.id.last()]);
        if let Some(column) = context.to.get(&id).filter(|column| column.is("not_null"))
            && context.from.get(&id).is_some_and(|column| column.is("not_null"))
        {
            steps.push(alter(column, Verb::Alter, "SET NOT NULL"));
        }
    }
    steps
}

/// The statements that give tables below theirs before the table above gets
/// its own, by which they would have one of the same name (18).
///
/// # Errors
/// When a fact cannot be understood.
pub(super) fn first_below(to: &Fact, verb: Verb, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let mut steps = Vec::new();
    if context.server.major() < 18 {
        return Ok(steps);
    }
    let above = name(to, &to.decode()?);
    for below in lineage::stay_below(to.id.first(), context) {
        let id = ObjectId::new(Kind::Column, [below, to.id.last()]);
        let Some(column) = context.to.get(&id) else { continue };
        let attributes: Attributes = column.decode()?;
        let had = context.from.get(&id).is_some_and(|before| before.is("not_null"));
        if attributes.not_null && !had && name(column, &attributes) != above {
            let behind = if attributes.not_null_not_valid { " NOT VALID" } else { "" };
            steps.push(scans(add(column, verb, &attributes, behind), &table_of(column)));
        }
    }
    Ok(steps)
}

/// The statements that lead to it, from none or from another one.
///
/// # Errors
/// When a fact cannot be understood.
pub(super) fn set(
    to: &Fact,
    before: &Attributes,
    after: &Attributes,
    context: &Context<'_>,
) -> Result<Vec<Step>, PlanError> {
    let mut steps = first_below(to, Verb::Alter, context)?;
    steps.extend(set_here(to, before, after));
    Ok(steps)
}

fn set_here(to: &Fact, before: &Attributes, after: &Attributes) -> Vec<Step> {
    let table = table_of(to);
    let usual = after.not_null_name.is_none() && !after.not_null_no_inherit && !after.not_null_not_valid;
    if !before.not_null && usual {
        return vec![scans(alter(to, Verb::Alter, "SET NOT NULL"), &table)];
    }
    let (was, is) = (name(to, before), name(to, after));
    let same_kind = before.not_null && before.not_null_no_inherit == after.not_null_no_inherit;
    if same_kind && (before.not_null_not_valid || !after.not_null_not_valid) {
        let mut steps = Vec::new();
        if was != is {
            let sql = format!(
                "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
                Quoted(to.id.first()),
                Quoted(&was),
                Quoted(&is)
            );
            steps.push(locked(to, sql));
        }
        if before.not_null_not_valid && !after.not_null_not_valid {
            let sql = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", Quoted(to.id.first()), Quoted(&is));
            let step = Step::new(&to.id, Verb::Alter, sql).locks(&table, LockMode::ShareUpdateExclusive);
            steps.push(step.hazard(HazardKind::DependsOnRows, &table, "fails where a row has no value"));
        }
        return steps;
    }
    let mut steps = Vec::new();
    if before.not_null {
        steps.push(alter(to, Verb::Alter, "DROP NOT NULL"));
    }
    steps.push(if after.not_null_not_valid {
        not_valid(to, Verb::Alter, after)
    } else {
        scans(add(to, Verb::Alter, after, ""), &table)
    });
    steps
}

fn scans(step: Step, table: &ObjectId) -> Step {
    step.hazard(HazardKind::ScansTable, table, "all rows are checked under the lock").hazard(
        HazardKind::DependsOnRows,
        table,
        "fails where a row has no value",
    )
}
