//! A table's place under the one that it inherits from.

use tenantry_catalog::{Fact, Kind, ObjectId};

use crate::rules::{Alteration, Context, Rules};
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
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![step(fact, Verb::Create, "INHERIT")])
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![step(fact, Verb::Drop, "NO INHERIT").hazard(
            HazardKind::ChangesContract,
            &fact.id,
            "the parent no longer shows its rows",
        )])
    }

    fn alter(&self, _: &Fact, _: &Fact, _: &[String], _: &Context<'_>) -> Result<Alteration, PlanError> {
        Ok(Alteration::Replace)
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
}
