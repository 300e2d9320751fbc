//! Bringing back what an earlier plan renamed aside (D10).

use std::collections::BTreeSet;

use tenantry_catalog::{Catalog, Fact, Fingerprint, ObjectId, Reference};

use crate::fate::{Fates, rules_of};
use crate::planning::plan_beside;
use crate::rules::{Context, Dialect};
use crate::{Plan, PlanError, Policy, Refusal, ServerVersion};

/// Plans like [`plan()`](crate::plan()), but what the target has, the schema lacks, and an
/// earlier plan put `aside`, is renamed back instead of made anew: that is
/// what makes a rollback bring rows back.
///
/// In `aside` facts have the identities that they had; the carried attribute
/// `_reserved` says what they are called now.
///
/// # Errors
/// As [`plan()`](crate::plan()).
pub fn plan_restoring(
    dialect: &dyn Dialect,
    from: &Catalog,
    aside: &Catalog,
    to: &Catalog,
    policy: &Policy,
    server: ServerVersion,
) -> Result<Plan, PlanError> {
    refuse_taken_names(dialect, from, aside, to, policy, server)?;
    let back: Vec<&Fact> = aside.facts().filter(|fact| is_wanted(fact, from, to, aside)).collect();
    if back.is_empty() {
        return plan_beside(dialect, [from, to], aside, policy, server);
    }
    let (fates, folded) = (Fates::default(), BTreeSet::new());
    let context = Context { from: aside, to, aside, policy, server, fates: &fates, folded: &folded };
    let mut restored = from.clone();
    let mut steps = Vec::new();
    for fact in back {
        if fact.text("_reserved").is_some() {
            steps.extend(rules_of(dialect, &fact.id)?.restore(fact, &context)?);
        }
        restored.insert(fact.clone());
        for reference in aside.references(&fact.id) {
            let there = |on: &ObjectId| restored.contains(on) || aside.contains(on);
            if !matches!(reference, Reference::Inside(on) if !there(on)) {
                restored.refer(fact.id.clone(), reference.clone());
            }
        }
    }
    let stays = aside.filtered(|fact| !is_wanted(fact, from, to, aside));
    let rest = plan_beside(dialect, [&restored, to], &stays, policy, server)?;
    let shift = steps.len();
    steps.extend(rest.steps);
    Ok(Plan {
        from: Fingerprint::of(&policy.project(from)),
        to: rest.to,
        steps,
        commits: rest.commits.into_iter().map(|at| at + shift).collect(),
    })
}

/// Refuses what would bring back values that something computed would then
/// seem to have been: a column put aside, whose name a generated one has now,
/// and which is to be an ordinary one again.
fn refuse_taken_names(
    dialect: &dyn Dialect,
    from: &Catalog,
    aside: &Catalog,
    to: &Catalog,
    policy: &Policy,
    server: ServerVersion,
) -> Result<(), PlanError> {
    let (fates, folded) = (Fates::default(), BTreeSet::new());
    let context = Context { from, to, aside, policy, server, fates: &fates, folded: &folded };
    let mut refusals = Vec::new();
    for fact in aside.facts() {
        let (Some(reserved), Some(here), Some(wanted)) =
            (fact.text("_reserved"), from.get(&fact.id), to.get(&fact.id))
        else {
            continue;
        };
        let rules = rules_of(dialect, &fact.id)?;
        if rules.holds_data(wanted, &context) && !rules.holds_data(here, &context) {
            refusals.push(Refusal::new(
                &fact.id,
                format!("was renamed aside to {reserved}, and something computed has its name"),
                "Take it out of the definition in a revision of its own first: then what was put aside comes back",
            ));
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(PlanError::Refused(refusals)) }
}

/// Whether a fact, or the object that it is part of, comes back: the target
/// has it, and the schema does not.
fn is_wanted(fact: &Fact, from: &Catalog, to: &Catalog, aside: &Catalog) -> bool {
    let whole = |id: &ObjectId| to.contains(id) && !from.contains(id);
    let mut at = fact;
    loop {
        match at.parent.as_ref().and_then(|parent| aside.get(parent)) {
            Some(parent) => at = parent,
            None => return whole(&at.id) && at.parent.as_ref().is_none_or(|parent| from.contains(parent)),
        }
    }
}
