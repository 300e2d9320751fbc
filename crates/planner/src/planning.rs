//! The way from two catalogs to a plan, step by step.

use std::collections::BTreeSet;
use std::fmt;

use tenantry_catalog::{Catalog, CatalogError, Fingerprint, ObjectId};

use crate::fate::{Fates, decide, give_way, rules_of};
use crate::order::{Order, Task, order, rests_on};
use crate::rules::{Alteration, Context, Dialect};
use crate::{Destructive, Plan, Policy, ServerVersion, Step, Transaction, Verb};

/// Why one object stands in the way of a plan, and what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The object.
    pub object: ObjectId,
    /// Why it stands in the way.
    pub reason: String,
    /// What the user can do.
    pub remedy: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(object: &ObjectId, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { object: object.clone(), reason: reason.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.object, self.reason, self.remedy)
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Something must not, or cannot, be done.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<Refusal>),
    /// Things depend on each other in a circle.
    #[error(
        "{} depend on each other in a circle: take the step in two, first without one of them",
        .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    Circle(Vec<ObjectId>),
    /// A catalog could not be understood.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl From<Refusal> for PlanError {
    fn from(refusal: Refusal) -> Self {
        PlanError::Refused(vec![refusal])
    }
}

/// Plans the way from one catalog to another. Both are projected by the policy
/// first; what it ignores is never touched.
///
/// # Errors
/// When something stands in the way: all refusals at once.
pub fn plan(
    dialect: &dyn Dialect,
    from: &Catalog,
    to: &Catalog,
    policy: &Policy,
    server: ServerVersion,
) -> Result<Plan, PlanError> {
    plan_beside(dialect, [from, to], &Catalog::empty(), policy, server)
}

/// Plans like [`plan()`], where something is renamed aside, and stays so.
pub(crate) fn plan_beside(
    dialect: &dyn Dialect,
    [from, to]: [&Catalog; 2],
    aside: &Catalog,
    policy: &Policy,
    server: ServerVersion,
) -> Result<Plan, PlanError> {
    let (seen_from, seen_to) = (policy.project(from), policy.project(to));
    let (no_fates, nothing_folded) = (Fates::default(), BTreeSet::new());
    let (fates, folded) = (&no_fates, &nothing_folded);
    let context = Context { from: &seen_from, to: &seen_to, aside, policy, server, fates, folded };
    let mut fates = decide(dialect, &context)?;
    let order = loop {
        match order(dialect, &Context { fates: &fates, ..context }) {
            Err(PlanError::Circle(objects)) => match give_way(dialect, &context, &fates, &objects)? {
                Some(others) => fates = others,
                None => return Err(PlanError::Circle(objects)),
            },
            order => break order?,
        }
    };
    refuse_what_breaks_others(from, &seen_from, &fates)?;
    let context = Context { fates: &fates, ..context };
    let context = Context { folded: &order.folded, ..context };
    let mut steps = Vec::new();
    let mut refusals = Vec::new();
    for task in &order.tasks {
        match write(task, dialect, &context) {
            Ok(written) => {
                steps.extend(written);
                steps.extend(settled(task, &order, dialect, &context)?);
            }
            Err(PlanError::Refused(more)) => refusals.extend(more),
            Err(error) => return Err(error),
        }
    }
    if !refusals.is_empty() {
        return Err(PlanError::Refused(refusals));
    }
    let mut steps = filled_last(steps);
    for step in &mut steps {
        step.sql = dialect.worded(std::mem::take(&mut step.sql));
    }
    let commits = commits(dialect, &steps, &seen_to)?;
    Ok(Plan { from: Fingerprint::of(&seen_from), to: Fingerprint::of(&seen_to), steps, commits })
}

/// What fills something comes last, and once: it runs functions, which find by name what no reference tells of.
fn filled_last(steps: Vec<Step>) -> Vec<Step> {
    let (fills, mut steps): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(|step| step.verb == Verb::Fill);
    let first = steps.len();
    for fill in fills {
        if !steps[first..].iter().any(|earlier| earlier.sql == fill.sql) {
            steps.push(fill);
        }
    }
    steps
}

/// What has to be said of all that a task made or changed.
fn settled(
    task: &Task,
    order: &Order,
    dialect: &dyn Dialect,
    context: &Context<'_>,
) -> Result<Vec<Step>, PlanError> {
    if matches!(task, Task::Drop(_)) {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    for id in std::iter::once(task.id()).chain(order.made_with.get(task).into_iter().flatten()) {
        if let Some(fact) = context.to.get(id) {
            steps.extend(dialect.settle(fact, context)?);
        }
    }
    Ok(steps)
}

/// The statements of one task.
fn write(task: &Task, dialect: &dyn Dialect, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let rules = rules_of(dialect, task.id())?;
    match task {
        Task::Drop(id) => {
            let Some(fact) = context.from.get(id) else { return Ok(Vec::new()) };
            match context.policy.destructive {
                _ if !rules.holds_data(fact, context) => rules.drop(fact, context),
                Destructive::Allow => rules.drop(fact, context),
                Destructive::Quarantine => rules.quarantine(fact, context),
                Destructive::Deny => Err(Refusal::new(
                    id,
                    "would be dropped, and it holds data",
                    "Keep it in the definition, or set policy.destructive to Quarantine or Allow",
                )
                .into()),
            }
        }
        Task::Alter(id) => {
            let (Some(from), Some(to)) = (context.from.get(id), context.to.get(id)) else {
                return Ok(Vec::new());
            };
            let mut changed = from.differing(to);
            if from.parent != to.parent {
                changed.push("parent".to_owned());
                changed.sort_unstable();
            }
            match rules.alter(from, to, &changed, context)? {
                Alteration::InPlace { steps, .. } => Ok(steps),
                Alteration::Replace => Err(Refusal::new(
                    id,
                    "has to be made anew, which was not foreseen",
                    "This is a fault of the program: please report it with both definitions",
                )
                .into()),
            }
        }
        Task::Create(id) => context.to.get(id).map_or(Ok(Vec::new()), |fact| rules.create(fact, context)),
    }
}

/// Refuses a plan that would take away what an ignored or an unmodelled object
/// rests on.
fn refuse_what_breaks_others(from: &Catalog, seen: &Catalog, fates: &Fates) -> Result<(), PlanError> {
    let mut refusals = Vec::new();
    for ignored in from.facts().filter(|fact| !seen.contains(&fact.id)) {
        let rests = from.depends_on(&ignored.id).chain(&ignored.parent).find(|on| fates.of(on).drops());
        if let Some(on) = rests {
            refusals.push(Refusal::new(
                on,
                format!("would be dropped, and {} rests on it, which is left alone", ignored.id),
                "Remove that object by hand first, or no longer ignore it",
            ));
        }
    }
    for object in from.unmodelled() {
        if let Some(on) = object.rests_on.iter().find(|on| fates.of(on) != crate::Fate::Keep) {
            refusals.push(Refusal::new(
                on,
                format!(
                    "would be changed, and {} {} rests on it, of a kind that is not supported yet",
                    object.kind, object.identity
                ),
                "Remove that object by hand first",
            ));
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(PlanError::Refused(refusals)) }
}

/// The steps after which a commit must come: only where a later step uses what
/// must be committed first, and one commit for neighbours.
fn commits(dialect: &dyn Dialect, steps: &[Step], to: &Catalog) -> Result<BTreeSet<usize>, PlanError> {
    let mut commits = BTreeSet::new();
    let mut pending = false;
    for (at, step) in steps.iter().enumerate() {
        if step.transaction != Transaction::CommitAfter {
            continue;
        }
        let rules = rules_of(dialect, &step.object)?;
        pending |= steps[at + 1..].iter().any(|later| {
            later.transaction != Transaction::CommitAfter
                && rests_on(to, &later.object, &step.object)
                && rules.uses(step, later)
        });
        let more = steps.get(at + 1).is_some_and(|next| next.transaction == Transaction::CommitAfter);
        if pending && !more {
            commits.insert(at);
            pending = false;
        }
    }
    Ok(commits)
}
