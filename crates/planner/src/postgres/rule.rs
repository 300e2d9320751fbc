//! Rewrite rules that are not a view's own.

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::drop_step;
use super::enabled::Enabled;
use crate::rules::{Alteration, Context, Rules};
use crate::{LockMode, PlanError, Step, Verb};

/// The rules of rewrite rules.
pub(super) struct Rule;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    definition: String,
    #[serde(default)]
    enabled: Enabled,
}

/// Every statement about a rule keeps readers out: it changes what they read.
fn step(fact: &Fact, verb: Verb, sql: String) -> Step {
    locked(fact, Step::new(&fact.id, verb, sql))
}

fn locked(fact: &Fact, step: Step) -> Step {
    match &fact.parent {
        Some(relation) => step.locks(relation, LockMode::AccessExclusive),
        None => step,
    }
}

impl Rules for Rule {
    fn gives_way(&self) -> bool {
        true
    }

    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let rule: Attributes = fact.decode()?;
        let definition = rule.definition.trim_end_matches(';').to_owned();
        let mut steps = vec![step(fact, Verb::Create, definition)];
        if rule.enabled != Enabled::Origin {
            steps.push(step(
                fact,
                Verb::Create,
                rule.enabled.sql(fact.id.kind, "", fact.id.first(), fact.id.last()),
            ));
        }
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
        let rule: Attributes = to.decode()?;
        Ok(match changed {
            [only] if only == "enabled" => Alteration::in_place(vec![step(
                to,
                Verb::Alter,
                rule.enabled.sql(to.id.kind, "", to.id.first(), to.id.last()),
            )]),
            _ => Alteration::Replace,
        })
    }
}
