//! `ALTER ... DEPENDS ON EXTENSION`: an object that goes when the extension does.

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::Address;
use crate::rules::{Alteration, Context, Rules};
use crate::sql::Quoted;
use crate::{PlanError, Refusal, Step, Verb};

/// The rules of ties.
pub(super) struct ExtensionTie;

/// Its name says it all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {}

fn set(fact: &Fact, verb: Verb, action: &str) -> Result<Vec<Step>, PlanError> {
    let Attributes {} = fact.decode()?;
    let target = fact.id.target().ok_or_else(|| {
        Refusal::new(
            &fact.id,
            "is of an object of no known kind",
            "Read the schema again with this version of the program",
        )
    })?;
    let sql = format!("ALTER {} {action} ON EXTENSION {}", Address(&target), Quoted(fact.id.last()));
    Ok(vec![Step::new(&fact.id, verb, sql)])
}

impl Rules for ExtensionTie {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        set(fact, Verb::Create, "DEPENDS")
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        set(fact, Verb::Drop, "NO DEPENDS")
    }

    /// Only what it is of can differ.
    fn alter(&self, _: &Fact, _: &Fact, _: &[String], _: &Context<'_>) -> Result<Alteration, PlanError> {
        Ok(Alteration::Replace)
    }
}
