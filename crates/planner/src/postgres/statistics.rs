//! Extended statistics, in the server's own words.

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::{Address, drop_step, owner_step};
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::{LockMode, PlanError, Step, Verb};

/// The rules of extended statistics.
pub(super) struct Statistics;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    /// What follows the name: ` (ndistinct) ON a, b FROM t`.
    definition: String,
    /// The statistics target, where it is not the default.
    #[serde(default)]
    target: Option<i32>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

fn locked(fact: &Fact, step: Step) -> Step {
    match &fact.parent {
        Some(table) => step.locks(table, LockMode::ShareUpdateExclusive),
        None => step,
    }
}

fn set_target(fact: &Fact, verb: Verb, target: Option<i32>) -> Step {
    let target = target.unwrap_or(-1);
    locked(fact, Step::new(&fact.id, verb, format!("ALTER {} SET STATISTICS {target}", Address(&fact.id))))
}

impl Rules for Statistics {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let statistics: Attributes = fact.decode()?;
        let sql = format!("CREATE STATISTICS {}{}", Quoted(fact.id.first()), statistics.definition);
        let mut steps = vec![locked(fact, Step::new(&fact.id, Verb::Create, sql))];
        if statistics.target.is_some() {
            steps.push(set_target(fact, Verb::Create, statistics.target));
        }
        steps.extend(owner_step(fact, Verb::Create));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![locked(fact, drop_step(fact))])
    }

    fn alter(
        &self,
        _: &Fact,
        to: &Fact,
        changed: &[String],
        _: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let statistics: Attributes = to.decode()?;
        let mut steps = Vec::new();
        for attribute in changed {
            match attribute.as_str() {
                "target" => steps.push(set_target(to, Verb::Alter, statistics.target)),
                "owner" => steps.extend(owner_step(to, Verb::Alter)),
                _ => return Ok(Alteration::Replace),
            }
        }
        Ok(Alteration::in_place(steps))
    }

    /// The server keeps the columns in the order in which the table has them.
    fn advice(&self, declared: &Fact, found: &Fact) -> Option<&'static str> {
        let words = |fact: &Fact| {
            let definition = fact.get("definition")?.as_str()?;
            let mut words: Vec<String> = definition.split([' ', ',']).map(str::to_owned).collect();
            words.sort();
            Some(words)
        };
        (words(declared) == words(found)).then_some(
            "the server lists the columns in the order in which the table has them, which no plan changes. Declare \
             them in CREATE TABLE in the order in which this schema's table has them, or leave the statistics out",
        )
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        vec![Slot("statistics", fact.id.first().to_owned())]
    }
}
