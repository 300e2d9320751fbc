//! What a tenant will read as after its plan.

use std::collections::BTreeSet;

use tenantry_catalog::{Catalog, Fact, ObjectId};
use tenantry_planner::{Plan, Verb};

/// A tenant's schema may print an expression otherwise than the canonical form does (D5). What the plan does not touch goes
/// on doing so; what it makes is canonical. `found` is what the tenant reads as, `before` the canonical form of that, `from` the
/// same under the names that hints give, `to` where the plan leads.
pub(super) fn after(found: &Catalog, before: &Catalog, from: &Catalog, to: &Catalog, plan: &Plan) -> Catalog {
    let made: BTreeSet<&ObjectId> =
        plan.steps.iter().filter(|step| step.verb == Verb::Create).map(|step| &step.object).collect();
    let mut expected = to.clone();
    for fact in to.facts() {
        let same = |catalog: &Catalog| catalog.get(&fact.id).is_some_and(|known| known.says_the_same(fact));
        let kept = same(from) && same(before);
        if kept
            && !is_made(fact, to, &made)
            && let Some(own) = found.get(&fact.id)
        {
            expected.insert(own.clone());
        }
    }
    expected
}

/// Whether it, or what it is a part of, is made by the plan.
fn is_made(fact: &Fact, to: &Catalog, made: &BTreeSet<&ObjectId>) -> bool {
    let mut at = Some(fact);
    while let Some(fact) = at {
        if made.contains(&fact.id) {
            return true;
        }
        at = fact.parent.as_ref().and_then(|parent| to.get(parent));
    }
    false
}
