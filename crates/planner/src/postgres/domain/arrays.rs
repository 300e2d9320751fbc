//! What a domain comes to demand of values that columns hold. PostgreSQL checks them by itself, but not within arrays: such a
//! column becomes an array of the base type before, and one of the domain after, by which each value is checked.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::super::{lineage, retype};
use crate::rules::Context;
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Refusal, Step, Verb};

/// The columns that hold values of a domain within arrays.
fn held<'a>(domain: &ObjectId, context: &Context<'a>) -> Vec<&'a Fact> {
    let columns = retype::held_by(domain, context);
    let is_array = |column: &&Fact| column.text("type").is_some_and(|name| name.ends_with("[]"));
    columns.into_iter().filter(is_array).collect()
}

/// The same, by name.
pub(super) fn columns(domain: &ObjectId, context: &Context<'_>) -> BTreeSet<ObjectId> {
    held(domain, context).into_iter().map(|column| column.id.clone()).collect()
}

/// What cannot stay while those columns are of another type: all but what ALTER TABLE builds anew by itself.
pub(super) fn rest_on_columns(domain: &ObjectId, context: &Context<'_>) -> BTreeSet<ObjectId> {
    let catalog = context.from;
    let mut rest = BTreeSet::new();
    for column in held(domain, context) {
        let defaults = catalog.children(&column.id).filter(|fact| fact.id.kind == Kind::Default);
        rest.extend(defaults.map(|fact| fact.id.clone()));
        let dependents = catalog.dependents(&column.id).filter_map(|id| catalog.get(id));
        let goes = dependents.filter(|fact| match fact.id.kind {
            Kind::Index => catalog.depends_on(&fact.id).any(|on| on == domain),
            Kind::Statistics | Kind::Sequence | Kind::Partition | Kind::Inheritance | Kind::Table => false,
            Kind::Column => fact.get("generated").is_some(),
            Kind::Constraint => matches!(fact.text("type"), Some("check" | "foreign key")),
            _ => true,
        });
        rest.extend(goes.map(|fact| fact.id.clone()));
    }
    rest.retain(|id| !context.is_gone(id) && context.to.contains(id));
    rest
}

/// The type beneath a domain and those that it rests on.
fn base(domain: &ObjectId, catalog: &Catalog) -> Option<String> {
    let domain = catalog.get(domain)?;
    let last = super::beneath(domain, domain.text("base"), catalog).last().unwrap_or(domain);
    last.text("base").map(str::to_owned)
}

/// The step that makes the demand, with what its check of all values takes.
///
/// # Errors
/// When a column holds values in a way in which they cannot be checked.
pub(super) fn checking(
    mut step: Step,
    domain: &ObjectId,
    detail: &str,
    context: &Context<'_>,
) -> Result<Vec<Step>, PlanError> {
    let in_arrays = held(domain, context);
    for column in retype::held_by(domain, context).into_iter().filter(|column| !in_arrays.contains(column)) {
        let Some(table) = &column.parent else { continue };
        step = step.locks(table, LockMode::Share).hazard(HazardKind::DependsOnRows, table, detail);
        step = step.hazard(HazardKind::ScansTable, table, "all rows are read, writers wait meanwhile");
    }
    let mut away: BTreeMap<&ObjectId, Vec<String>> = BTreeMap::new();
    let mut back: BTreeMap<&ObjectId, Vec<String>> = BTreeMap::new();
    for column in &in_arrays {
        if lineage::column_above(column, context).is_some() {
            // It follows.
            continue;
        }
        let there = context.to.get(&column.id).unwrap_or(*column);
        let base = base(domain, context.to).filter(|base| !base.ends_with("[]"));
        let (Some(table), Some(base), Some(data_type)) = (&column.parent, base, there.text("type")) else {
            return Err(Refusal::new(
                &step.object,
                format!("PostgreSQL cannot check the values of {}, an array", column.id),
                "Change that column to an array of the base type, or leave the domain as it is",
            )
            .into());
        };
        let name = Quoted(column.id.last());
        let collate = there.text("collation").map_or(String::new(), |name| format!(" COLLATE {name}"));
        let change = |data_type: &str, collate: &str| {
            format!("ALTER COLUMN {name} TYPE {data_type}{collate} USING {name}::{data_type}")
        };
        away.entry(table).or_default().push(change(&format!("{base}[]"), ""));
        back.entry(table).or_default().push(change(data_type, &collate));
    }
    let object = step.object.clone();
    let altered = |(table, actions): (&ObjectId, Vec<String>)| {
        let sql = format!("ALTER TABLE {}\n    {}", Quoted(table.first()), actions.join(",\n    "));
        Step::new(&object, Verb::Alter, sql).locks(table, LockMode::AccessExclusive).hazard(
            HazardKind::RewritesTable,
            table,
            format!("values of {domain} in arrays are converted, all the while locked"),
        )
    };
    let mut steps: Vec<Step> = away.into_iter().map(altered).collect();
    steps.push(step);
    steps.extend(
        back.into_iter().map(|(table, actions)| {
            altered((table, actions)).hazard(HazardKind::DependsOnRows, table, detail)
        }),
    );
    steps.extend(retype::settings_kept(&object, &in_arrays, context));
    Ok(steps)
}
