//! A table's place under the one that it inherits from.

use tenantry_catalog::{Fact, Kind, ObjectId};

use super::{column, lineage};
use crate::rules::{Alteration, Context, Rebuild, Rules};
use crate::sql::Quoted;
use crate::{Destructive, HazardKind, LockMode, PlanError, Step, Verb};

/// The rules of inheritance. A new table inherits by its own statement, which
/// lists its parents (`INHERITS`), in order.
pub(super) struct Inheritance;

fn step(fact: &Fact, verb: Verb, action: &str) -> Step {
    let (child, parent) = (fact.id.first(), fact.id.last());
    // The second part is SQL text already: the parent may be in another schema.
    let sql = format!("ALTER TABLE {} {action} {parent}", Quoted(child));
    let lock = |name: &str| ObjectId::new(Kind::Table, [name]);
    Step::new(&fact.id, verb, sql).locks(&lock(child), LockMode::AccessExclusive)
}

impl Rules for Inheritance {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let mut steps = vec![step(fact, Verb::Create, "INHERIT")];
        steps.extend(column::taken_over(fact, context));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![step(fact, Verb::Drop, "NO INHERIT").hazard(
            HazardKind::ChangesContract,
            &fact.id,
            "the parent no longer shows its rows",
        )])
    }

    /// The place among a table's parents. One that is added comes last, so what
    /// has to come behind another one is cut off and added again.
    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        _: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let place = |fact: &Fact| fact.get("order").and_then(serde_json::Value::as_i64);
        let siblings = to.parent.iter().flat_map(|table| context.to.children(table));
        let falls_behind = siblings.filter(|other| other.id.kind == Kind::Inheritance).any(|other| {
            let was_before = context.from.get(&other.id).is_some_and(|before| place(before) < place(from));
            place(other) < place(to) && !was_before
        });
        Ok(if falls_behind { Alteration::Replace } else { Alteration::in_place(Vec::new()) })
    }

    fn rank(&self, fact: &Fact, _: Verb, _: &Context<'_>) -> i8 {
        let order = fact.get("order").and_then(serde_json::Value::as_i64);
        order.and_then(|order| i8::try_from(order - 100).ok()).unwrap_or(-1)
    }

    fn created_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        fact.parent.clone().filter(|child| context.is_new(child))
    }

    /// A table that is put aside must not go on showing rows in its parent.
    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        match context.policy.destructive {
            Destructive::Allow => fact.parent.clone(),
            Destructive::Quarantine | Destructive::Deny => None,
        }
    }

    fn rebuild(&self, _: &Fact, because: &ObjectId, _: &Context<'_>) -> Rebuild {
        lineage::rebuild_link(because)
    }

    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        if verb == Verb::Create { lineage::gone_before(fact, context) } else { Vec::new() }
    }
}
