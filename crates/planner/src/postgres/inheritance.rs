//! A table's place under the one that it inherits from.

use std::collections::BTreeSet;

use tenantry_catalog::{Fact, Kind, ObjectId};

use super::{column, lineage};
use crate::rules::{Alteration, Context, Rebuild, Rules};
use crate::sql::Quoted;
use crate::{Destructive, HazardKind, LockMode, PlanError, Step, Verb};

/// The rules of inheritance. A new table inherits by its own statement, which
/// lists its parents (`INHERITS`), in order.
pub(super) struct Inheritance;

fn step(fact: &Fact, verb: Verb, action: &str) -> Step {
    // The second part is SQL text already: the parent may be in another schema.
    on_child(fact, verb, &format!("{action} {}", fact.id.last()))
}

fn on_child(link: &Fact, verb: Verb, action: &str) -> Step {
    let child = link.id.first();
    let sql = format!("ALTER TABLE {} {action}", Quoted(child));
    Step::new(&link.id, verb, sql).locks(&ObjectId::new(Kind::Table, [child]), LockMode::AccessExclusive)
}

/// The statements that remove the copies of checks from above, which a table keeps when its link is cut.
fn left_behind<'a>(link: &'a Fact, context: &'a Context<'_>) -> impl Iterator<Item = Step> + 'a {
    let child = ObjectId::new(Kind::Table, [link.id.first()]);
    let had = link.text("_parent").map(|parent| lineage::passed_on(parent, context.from));
    let has = lineage::passed_on(child.first(), context.to);
    let goes = had.into_iter().flatten().filter(move |check| {
        let name = check.id.last();
        let stays = has.iter().any(|kept| kept.id.last() == name);
        context.to.contains(&child)
            && !stays
            && !context.from.contains(&ObjectId::new(Kind::Constraint, [child.first(), name]))
    });
    // One that is dropped above has taken this one along, where that came first.
    goes.map(|check| {
        on_child(link, Verb::Drop, &format!("DROP CONSTRAINT IF EXISTS {}", Quoted(check.id.last())))
    })
}

impl Rules for Inheritance {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let mut steps = vec![step(fact, Verb::Create, "INHERIT")];
        steps.extend(column::taken_over(fact, context));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let cut = step(fact, Verb::Drop, "NO INHERIT").hazard(
            HazardKind::ChangesContract,
            &fact.id,
            "the parent no longer shows its rows",
        );
        Ok(std::iter::once(cut).chain(left_behind(fact, context)).collect())
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

    /// A table is put only below one whose checks it has, and one of its own would stay its own: the one above goes, and
    /// comes back for both.
    fn displaces(&self, fact: &Fact, context: &Context<'_>) -> BTreeSet<ObjectId> {
        let child = fact.id.first();
        if context.is_new(&ObjectId::new(Kind::Table, [child])) {
            return BTreeSet::new();
        }
        let has = lineage::passed_on(child, context.from);
        let has = |name: &str| has.iter().any(|check| check.id.last() == name);
        let stands_alone = |name: &str| context.to.contains(&ObjectId::new(Kind::Constraint, [child, name]));
        let passed_on = fact.text("_parent").map(|parent| lineage::passed_on(parent, context.to));
        let lacking = passed_on.into_iter().flatten().map(|check| &check.id);
        lacking
            .filter(|check| context.from.contains(check))
            .filter(|check| !has(check.last()) && !stands_alone(check.last()))
            .cloned()
            .collect()
    }

    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        if verb != Verb::Create {
            return Vec::new();
        }
        let mut waits = lineage::gone_before(fact, context);
        waits.extend(self.displaces(fact, context).into_iter().map(|check| (Verb::Drop, check)));
        let child = ObjectId::new(Kind::Table, [fact.id.first()]);
        let own = context.to.children(&child).filter(|check| lineage::is_passed_on(check));
        waits.extend(own.map(|check| (Verb::Create, check.id.clone())));
        waits.extend(column::come_before(fact, context).into_iter().map(|column| (Verb::Create, column)));
        waits
    }
}
