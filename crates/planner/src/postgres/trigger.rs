//! Triggers, in the server's own words. Those that the server makes on
//! partitions follow from the one on the partitioned table, and are no facts.

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::drop_step;
use super::enabled::Enabled;
use crate::rules::{Alteration, Context, Rules};
use crate::{LockMode, PlanError, Step, Verb};

/// The rules of triggers.
pub(super) struct Trigger;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    definition: String,
    #[serde(default)]
    enabled: Enabled,
}

fn locked(fact: &Fact, step: Step, mode: LockMode) -> Step {
    match &fact.parent {
        Some(relation) => step.locks(relation, mode),
        None => step,
    }
}

fn set_enabled(fact: &Fact, verb: Verb, enabled: Enabled) -> Step {
    locked(fact, Step::new(&fact.id, verb, enabled.sql(fact)), LockMode::ShareRowExclusive)
}

impl Rules for Trigger {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let trigger: Attributes = fact.decode()?;
        let step = Step::new(&fact.id, Verb::Create, trigger.definition.trim_end_matches(';'));
        let mut steps = vec![locked(fact, step, LockMode::ShareRowExclusive)];
        if trigger.enabled != Enabled::Origin {
            steps.push(set_enabled(fact, Verb::Create, trigger.enabled));
        }
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![locked(fact, drop_step(fact), LockMode::AccessExclusive)])
    }

    fn alter(
        &self,
        _: &Fact,
        to: &Fact,
        changed: &[String],
        _: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let trigger: Attributes = to.decode()?;
        Ok(match changed {
            [only] if only == "enabled" => {
                Alteration::in_place(vec![set_enabled(to, Verb::Alter, trigger.enabled)])
            }
            _ => Alteration::Replace,
        })
    }
}
