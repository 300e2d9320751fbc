//! Defaults of columns: facts of their own, as they may rest on what is made
//! after the table. Where the order allows, the statement that makes the
//! column writes them.

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::column::table_of;
use super::lineage;
use crate::rules::{Alteration, Context, Rules};
use crate::sql::Quoted;
use crate::{Fate, LockMode, PlanError, Step, Verb};

/// The rules of defaults.
pub(super) struct Default;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    expression: String,
}

/// The expression of a default.
///
/// # Errors
/// When the fact cannot be understood.
pub(super) fn expression(fact: &Fact) -> Result<String, PlanError> {
    Ok(fact.decode::<Attributes>()?.expression)
}

/// ONLY: a partition or an inheriting table has a default of its own.
fn step(fact: &Fact, verb: Verb, action: &str) -> Step {
    let (table, column) = (Quoted(fact.id.first()), Quoted(fact.id.last()));
    let sql = format!("ALTER TABLE ONLY {table} ALTER COLUMN {column} {action}");
    Step::new(&fact.id, verb, sql).locks(&table_of(fact), LockMode::AccessExclusive)
}

fn column_of<'a>(fact: &Fact, context: &Context<'a>) -> Option<&'a Fact> {
    context.to.get(fact.parent.as_ref()?)
}

/// The new column above by which a column is made.
fn new_above(column: &Fact, context: &Context<'_>) -> Option<ObjectId> {
    let own_table = context.is_new(&table_of(column));
    lineage::column_above(column, context).filter(|above| !own_table && context.is_new(above))
}

/// Whether the statement that makes the column above gives it this very
/// default.
fn comes_from_above(fact: &Fact, context: &Context<'_>) -> Result<bool, PlanError> {
    let Some(mut column) = column_of(fact, context) else { return Ok(false) };
    let mut top = None;
    while let Some(above) = new_above(column, context).and_then(|id| context.to.get(&id)) {
        (column, top) = (above, Some(above));
    }
    let Some(top) = top else { return Ok(false) };
    match context.folded_into(&top.id, Kind::Default).next() {
        Some(default) => Ok(expression(default)? == expression(fact)?),
        None => Ok(false),
    }
}

impl Rules for Default {
    fn gives_way(&self) -> bool {
        true
    }

    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        if comes_from_above(fact, context)? {
            return Ok(Vec::new());
        }
        Ok(vec![step(fact, Verb::Create, &format!("SET DEFAULT {}", expression(fact)?))])
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![step(fact, Verb::Drop, "DROP DEFAULT")])
    }

    fn alter(&self, _: &Fact, to: &Fact, _: &[String], _: &Context<'_>) -> Result<Alteration, PlanError> {
        let action = format!("SET DEFAULT {}", expression(to)?);
        Ok(Alteration::in_place(vec![step(to, Verb::Alter, &action)]))
    }

    /// Only into the statement that writes its very column: that of a table of
    /// a type writes none.
    fn foldable(&self, fact: &Fact, context: &Context<'_>) -> bool {
        let table = table_of(fact);
        let of_type = context.to.get(&table).is_some_and(|table| table.get("of_type").is_some());
        let written = |column: &Fact| !column.is("inherited") && new_above(column, context).is_none();
        column_of(fact, context).is_some_and(written) && !(of_type && context.is_new(&table))
    }

    /// It goes before its column where it counts by a sequence that gets
    /// another owner, or stays without.
    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let mut sequences = context.from.depends_on(&fact.id).filter(|id| id.kind == Kind::Sequence);
        let freed = sequences.any(|id| context.fate(id) == Fate::Alter);
        fact.parent.clone().filter(|_| !freed)
    }
}
