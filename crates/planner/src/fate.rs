//! What becomes of each fact: the differences, and all that they drag along.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tenantry_catalog::{Catalog, Fact, ObjectId};

use crate::rules::{Alteration, Context, Dialect, Rebuild, Rules};
use crate::{Change, PlanError, Refusal, diff};

/// What becomes of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Keep,
    /// It is made.
    Create,
    /// It is changed where it is.
    Alter,
    /// It is removed.
    Drop,
    /// It is removed, and made anew.
    Replace,
}

impl Fate {
    /// Whether it is made.
    pub fn creates(self) -> bool {
        matches!(self, Fate::Create | Fate::Replace)
    }

    /// Whether it is removed.
    pub fn drops(self) -> bool {
        matches!(self, Fate::Drop | Fate::Replace)
    }
}

/// The fates of all facts; those that are kept are not listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fates(pub(crate) BTreeMap<ObjectId, Fate>);

impl Fates {
    pub(crate) fn of(&self, id: &ObjectId) -> Fate {
        self.0.get(id).copied().unwrap_or(Fate::Keep)
    }
}

/// The rules of a fact's kind.
pub(crate) fn rules_of<'d>(dialect: &'d dyn Dialect, id: &ObjectId) -> Result<&'d dyn Rules, PlanError> {
    dialect.rules(id.kind).ok_or_else(|| {
        Refusal::new(
            id,
            format!("objects of the kind {} cannot be planned yet", id.kind),
            "change it by hand in every tenant, or put it into spec.policy.ignore",
        )
        .into()
    })
}

/// Decides the fate of every fact.
///
/// # Errors
/// All refusals at once.
pub(crate) fn decide(dialect: &dyn Dialect, context: &Context<'_>) -> Result<Fates, PlanError> {
    let changes = diff(context.from, context.to);
    let mut fates = Fates::default();
    for change in &changes {
        match change {
            Change::Added(fact) => fates.0.insert(fact.id.clone(), Fate::Create),
            Change::Removed(fact) => fates.0.insert(fact.id.clone(), Fate::Drop),
            Change::Changed { .. } => None,
        };
    }
    let mut refused = Vec::new();
    let mut rebuilds = BTreeSet::new();
    let known = fates.clone();
    let judging = Context { fates: &known, ..*context };
    for change in &changes {
        let (from, to, attributes) = match change {
            Change::Changed { from, to, attributes } => (from, to, attributes),
            Change::Added(fact) => {
                if let Ok(rules) = rules_of(dialect, &fact.id) {
                    rebuilds.extend(rules.displaces(fact, &judging));
                }
                continue;
            }
            Change::Removed(_) => continue,
        };
        match rules_of(dialect, &to.id).and_then(|rules| rules.alter(from, to, attributes, &judging)) {
            Ok(Alteration::InPlace { rebuild, .. }) => {
                fates.0.insert(to.id.clone(), Fate::Alter);
                rebuilds.extend(rebuild);
            }
            Ok(Alteration::Replace) => {
                fates.0.insert(to.id.clone(), Fate::Replace);
                rebuilds.extend(rules_of(dialect, &to.id)?.displaces(to, &judging));
            }
            Err(PlanError::Refused(more)) => refused.push((to, more)),
            Err(error) => return Err(error),
        }
    }
    // What is part of something that is made anew needs no way of its own.
    let in_the_way = refused.into_iter().filter(|(fact, _)| !is_within_gone(fact, context.to, &fates));
    let mut refusals: Vec<Refusal> = in_the_way.flat_map(|(_, refusals)| refusals).collect();
    for id in rebuilds {
        let Some(fact) = context.from.get(&id).filter(|_| !fates.of(&id).drops()) else { continue };
        if rules_of(dialect, &id)?.holds_data(fact, context) {
            refusals.push(Refusal::new(
                &id,
                "would have to be dropped and made again, and it holds data",
                "Make the change in two steps, the first without what it rests on",
            ));
        }
        fates.0.insert(id, Fate::Replace);
    }
    spread(dialect, context, &mut fates, &mut refusals)?;
    if refusals.is_empty() {
        judge_again(dialect, context, &changes, &mut fates, &mut refusals)?;
    }
    if refusals.is_empty() { Ok(fates) } else { Err(PlanError::Refused(refusals)) }
}

/// Asks again how facts are changed where they are, now that more is known of what they rest on and what rests on them: what
/// held their values may go, and then they can be made anew.
fn judge_again(
    dialect: &dyn Dialect,
    context: &Context<'_>,
    changes: &[Change<'_>],
    fates: &mut Fates,
    refusals: &mut Vec<Refusal>,
) -> Result<(), PlanError> {
    loop {
        let known = fates.clone();
        let judging = Context { fates: &known, ..*context };
        for change in changes {
            let Change::Changed { from, to, attributes } = change else { continue };
            if known.of(&to.id) == Fate::Alter
                && let Ok(Alteration::Replace) =
                    rules_of(dialect, &to.id)?.alter(from, to, attributes, &judging)
            {
                fates.0.insert(to.id.clone(), Fate::Replace);
            }
        }
        if fates.0 == known.0 {
            return Ok(());
        }
        spread(dialect, context, fates, refusals)?;
    }
}

/// The fates in which one of the objects, which would be changed where they are and depend on each other in a circle, is
/// removed before and made anew after; `None` where none of them can be.
pub(crate) fn give_way(
    dialect: &dyn Dialect,
    context: &Context<'_>,
    fates: &Fates,
    objects: &[ObjectId],
) -> Result<Option<Fates>, PlanError> {
    for id in objects.iter().filter(|id| fates.of(id) == Fate::Alter) {
        if !rules_of(dialect, id)?.gives_way() {
            continue;
        }
        let (mut fates, mut refusals) = (fates.clone(), Vec::new());
        fates.0.insert(id.clone(), Fate::Replace);
        spread(dialect, context, &mut fates, &mut refusals)?;
        if refusals.is_empty() {
            return Ok(Some(fates));
        }
    }
    Ok(None)
}

/// Whether something that a fact is part of is removed.
fn is_within_gone(fact: &Fact, catalog: &Catalog, fates: &Fates) -> bool {
    fact.parent.as_ref().is_some_and(|parent| {
        fates.of(parent).drops()
            || catalog.get(parent).is_some_and(|parent| is_within_gone(parent, catalog, fates))
    })
}

/// Whatever rests on something that goes must go with it, and come back.
fn spread(
    dialect: &dyn Dialect,
    context: &Context<'_>,
    fates: &mut Fates,
    refusals: &mut Vec<Refusal>,
) -> Result<(), PlanError> {
    let mut queue: VecDeque<ObjectId> =
        fates.0.iter().filter(|(_, fate)| fate.drops()).map(|(id, _)| id.clone()).collect();
    while let Some(gone) = queue.pop_front() {
        let children: Vec<&Fact> = context.from.children(&gone).collect();
        let dependents = context.from.dependents(&gone).filter_map(|id| context.from.get(id));
        for fact in children.into_iter().chain(dependents) {
            let fate = fates.of(&fact.id);
            if fate.drops() {
                continue;
            }
            let stays = context.to.get(&fact.id).is_some_and(|to| to.parent.as_ref() == Some(&gone))
                || context.to.depends_on(&fact.id).any(|on| *on == gone);
            if fate == Fate::Alter && !stays {
                continue;
            }
            let current = fates.clone();
            let asked = Context { fates: &current, ..*context };
            match rules_of(dialect, &fact.id)?.rebuild(fact, &gone, &asked) {
                Rebuild::Keep => {}
                Rebuild::Replace => {
                    fates.0.insert(fact.id.clone(), Fate::Replace);
                    queue.push_back(fact.id.clone());
                }
                Rebuild::Refuse { reason, remedy } => refusals.push(Refusal::new(&fact.id, reason, remedy)),
            }
        }
    }
    Ok(())
}
