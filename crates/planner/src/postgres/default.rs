//! Defaults of columns: facts of their own, as they may rest on what is made
//! after the table. Where the order allows, the statement that makes the
//! column writes them.

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::column::table_of;
use crate::rules::{Alteration, Context, Rules};
use crate::sql::Quoted;
use crate::{LockMode, PlanError, Step, Verb};

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

impl Rules for Default {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![step(fact, Verb::Create, &format!("SET DEFAULT {}", expression(fact)?))])
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![step(fact, Verb::Drop, "DROP DEFAULT")])
    }

    fn alter(&self, _: &Fact, to: &Fact, _: &[String], _: &Context<'_>) -> Result<Alteration, PlanError> {
        let action = format!("SET DEFAULT {}", expression(to)?);
        Ok(Alteration::in_place(vec![step(to, Verb::Alter, &action)]))
    }

    fn foldable(&self, _: &Fact, _: &Context<'_>) -> bool {
        true
    }
}
