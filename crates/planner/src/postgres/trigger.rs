//! Triggers, in the server's own words. Those that the server makes on
//! partitions follow from the one on the partitioned table, and are no facts
//! unless they fire when that one does not, or do not when it does.

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::address::drop_step;
use super::enabled::Enabled;
use super::lineage;
use crate::rules::{Alteration, Context, Rules};
use crate::{LockMode, PlanError, Step, Verb};

/// The rules of triggers.
pub(super) struct Trigger;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    #[serde(default)]
    definition: String,
    #[serde(default)]
    enabled: Enabled,
    /// The partitioned table after whose trigger the server made this one.
    #[serde(default)]
    made_after: Option<String>,
}

fn locked(fact: &Fact, step: Step, mode: LockMode) -> Step {
    match &fact.parent {
        Some(relation) => step.locks(relation, mode),
        None => step,
    }
}

/// The trigger after which the server made this one.
fn first(fact: &Fact) -> Option<ObjectId> {
    Some(ObjectId::new(Kind::Trigger, [fact.text("made_after")?, fact.id.last()]))
}

/// Says of one table whether it fires there.
fn set_enabled(fact: &Fact, verb: Verb, table: &str, enabled: Enabled, context: &Context<'_>) -> Step {
    let sql = enabled.sql(fact.id.kind, lineage::only(table, context), table, fact.id.last());
    let table = ObjectId::new(Kind::Table, [table]);
    let on = fact.parent.clone().filter(|parent| parent.kind != Kind::Table).unwrap_or(table);
    Step::new(&fact.id, verb, sql).locks(&on, LockMode::ShareRowExclusive)
}

/// Says whether it fires, of its table and of the partitions where it is not
/// otherwise. (Not every version of the server says it of the partitions too.)
fn set_throughout(fact: &Fact, verb: Verb, enabled: Enabled, context: &Context<'_>) -> Vec<Step> {
    let own = |table: &&str| !context.to.contains(&ObjectId::new(Kind::Trigger, [*table, fact.id.last()]));
    let below = lineage::partitions_below(fact.id.first(), context.to).into_iter().filter(own);
    let tables = std::iter::once(fact.id.first()).chain(below);
    tables.map(|table| set_enabled(fact, verb, table, enabled, context)).collect()
}

impl Rules for Trigger {
    fn gives_way(&self) -> bool {
        true
    }

    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let trigger: Attributes = fact.decode()?;
        if trigger.made_after.is_some() {
            return Ok(vec![set_enabled(fact, Verb::Create, fact.id.first(), trigger.enabled, context)]);
        }
        let step = Step::new(&fact.id, Verb::Create, trigger.definition.trim_end_matches(';'));
        let mut steps = vec![locked(fact, step, LockMode::ShareRowExclusive)];
        if trigger.enabled != Enabled::Origin {
            steps.extend(set_throughout(fact, Verb::Create, trigger.enabled, context));
        }
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let Some(first) = first(fact) else {
            return Ok(vec![locked(fact, drop_step(fact), LockMode::AccessExclusive)]);
        };
        let made_anew = context.to.get(&fact.id).is_some_and(|to| to.get("made_after").is_some());
        let Some(first) = context.to.get(&first).filter(|_| !made_anew) else { return Ok(Vec::new()) };
        let enabled = first.decode::<Attributes>()?.enabled;
        Ok(vec![set_enabled(fact, Verb::Drop, fact.id.first(), enabled, context)])
    }

    fn alter(
        &self,
        _: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let trigger: Attributes = to.decode()?;
        Ok(match changed {
            [only] if only == "enabled" && trigger.made_after.is_none() => {
                Alteration::in_place(set_throughout(to, Verb::Alter, trigger.enabled, context))
            }
            _ => Alteration::Replace,
        })
    }

    /// It goes with the one that it was made after, or with the partition.
    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let partition = ObjectId::new(Kind::Partition, [fact.id.first()]);
        let goes = |id: &ObjectId| context.is_gone(id);
        first(fact)
            .and_then(|first| [first, partition].into_iter().find(goes))
            .or_else(|| fact.parent.clone())
    }

    /// Partitions that are there get theirs with it, and what is said of it is
    /// said of theirs.
    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        if verb != Verb::Create {
            return Vec::new();
        }
        let below = lineage::partitions_below(fact.id.first(), context.to).into_iter();
        below.map(|table| (Verb::Create, ObjectId::new(Kind::Partition, [table]))).collect()
    }
}
