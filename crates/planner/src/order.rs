//! One deterministic order for everything that is to be done.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_catalog::{Catalog, Fact, ObjectId};

use crate::fate::{Fate, rules_of};
use crate::rules::{Context, Dialect, Slot};
use crate::{PlanError, Verb};

/// One thing to do with one fact. The order of the variants is the order in
/// which they come when nothing else decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    Drop(ObjectId),
    Alter(ObjectId),
    Create(ObjectId),
}

impl Task {
    pub(crate) fn id(&self) -> &ObjectId {
        match self {
            Task::Drop(id) | Task::Alter(id) | Task::Create(id) => id,
        }
    }
}

/// The tasks in order, and the facts that are written within the statement
/// that makes their parent.
pub(crate) struct Order {
    pub(crate) tasks: Vec<Task>,
    pub(crate) folded: BTreeSet<ObjectId>,
    /// What else each task makes.
    pub(crate) made_with: BTreeMap<Task, Vec<ObjectId>>,
}

/// Puts all that the fates ask for in order.
///
/// # Errors
/// When things depend on each other in a circle, naming them.
pub(crate) fn order(dialect: &dyn Dialect, context: &Context<'_>) -> Result<Order, PlanError> {
    let mut graph = Graph::default();
    let mut slots: BTreeMap<Slot, Vec<Task>> = BTreeMap::new();
    for (id, fate) in &context.fates.0 {
        if fate.drops() {
            graph.add(Task::Drop(id.clone()));
        }
        match fate {
            Fate::Alter => graph.add(Task::Alter(id.clone())),
            fate if fate.creates() => graph.add(Task::Create(id.clone())),
            _ => {}
        }
    }
    for (id, fate) in &context.fates.0 {
        let rules = rules_of(dialect, id)?;
        if fate.drops()
            && let Some(fact) = context.from.get(id)
        {
            if let Some(with) = rules.dropped_with(fact, context)
                && context.fates.of(&with).drops()
                && !goes_first(id, &with, dialect, context)?
            {
                graph.alias(Task::Drop(id.clone()), Task::Drop(with));
            }
            for slot in rules.slots(fact) {
                slots.entry(slot).or_default().push(Task::Drop(id.clone()));
            }
        }
        if fate.creates()
            && let Some(fact) = context.to.get(id)
        {
            if let Some(with) = rules.created_with(fact, context) {
                graph.alias(Task::Create(id.clone()), Task::Create(with));
            }
            for slot in rules.slots(fact) {
                slots.entry(slot).or_default().push(Task::Create(id.clone()));
            }
        }
    }
    let reached = reached(dialect, context)?;
    for id in context.fates.0.keys() {
        wait(id, dialect, context, &mut graph)?;
    }
    let mut preferred = Vec::new();
    for id in context.fates.0.keys() {
        edges_of(id, context, &reached, &mut graph, &mut preferred);
    }
    for tasks in slots.values() {
        for first in tasks.iter().filter(|task| matches!(task, Task::Drop(_))) {
            for then in tasks.iter().filter(|task| matches!(task, Task::Create(_))) {
                graph.edge(first, then);
            }
        }
    }
    for (first, then) in &preferred {
        let (first, then) = (graph.resolve(first), graph.resolve(then));
        if !graph.reaches(&then, &first) {
            graph.edge(&first, &then);
        }
    }
    let folded = fold(dialect, context, &mut graph)?;
    let mut ranks = BTreeMap::new();
    for task in graph.tasks() {
        let (catalog, verb) = match task {
            Task::Drop(_) => (context.from, Verb::Drop),
            Task::Alter(_) => (context.to, Verb::Alter),
            Task::Create(_) => (context.to, Verb::Create),
        };
        let fact = catalog.get(task.id());
        let rank =
            fact.map_or(Ok(0), |fact| rules_of(dialect, &fact.id).map(|r| r.rank(fact, verb, context)))?;
        ranks.insert(task.clone(), rank);
    }
    let mut made_with: BTreeMap<Task, Vec<ObjectId>> = BTreeMap::new();
    for task in graph.aliases.keys().filter(|task| matches!(task, Task::Create(_))) {
        made_with.entry(graph.resolve(task)).or_default().push(task.id().clone());
    }
    Ok(Order { tasks: graph.sorted(&ranks)?, folded, made_with })
}

/// Whether something goes before that with which it would go: what it refers to goes too, by itself, and rests on that (a policy,
/// on a view of its table).
fn goes_first(
    id: &ObjectId,
    with: &ObjectId,
    dialect: &dyn Dialect,
    context: &Context<'_>,
) -> Result<bool, PlanError> {
    let whole = goes_with(with, dialect, context)?;
    for on in context.from.depends_on(id).filter(|on| context.fates.of(on).drops()) {
        if goes_with(on, dialect, context)? != whole && leads_to(context.from, [on], &whole) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What takes something along when it is removed, in the end; itself, if nothing does.
fn goes_with(id: &ObjectId, dialect: &dyn Dialect, context: &Context<'_>) -> Result<ObjectId, PlanError> {
    let mut whole = id.clone();
    while let Some(fact) = context.from.get(&whole)
        && let Some(with) = rules_of(dialect, &whole)?.dropped_with(fact, context)
        && context.fates.of(&with).drops()
    {
        whole = with;
    }
    Ok(whole)
}

/// What a fact rests on in one catalog: its parent and what it refers to.
fn supports<'a>(catalog: &'a Catalog, id: &'a ObjectId) -> impl Iterator<Item = &'a ObjectId> {
    let parent = catalog.get(id).and_then(|fact| fact.parent.as_ref());
    catalog.depends_on(id).chain(parent).filter(move |on| *on != id)
}

/// The facts that alterations of others change too, and which alterations.
fn reached(
    dialect: &dyn Dialect,
    context: &Context<'_>,
) -> Result<BTreeMap<ObjectId, BTreeSet<ObjectId>>, PlanError> {
    let mut reached: BTreeMap<ObjectId, BTreeSet<ObjectId>> = BTreeMap::new();
    for (id, _) in context.fates.0.iter().filter(|(_, fate)| **fate == Fate::Alter) {
        let (Some(from), Some(to)) = (context.from.get(id), context.to.get(id)) else { continue };
        for other in rules_of(dialect, id)?.reaches(from, to, context)? {
            reached.entry(other).or_default().insert(id.clone());
        }
    }
    Ok(reached)
}

/// The edges that a fact's rules ask for.
fn wait(
    id: &ObjectId,
    dialect: &dyn Dialect,
    context: &Context<'_>,
    graph: &mut Graph,
) -> Result<(), PlanError> {
    let (rules, fate) = (rules_of(dialect, id)?, context.fates.of(id));
    let sides = [
        (Verb::Drop, context.from.get(id).filter(|_| fate.drops()), Task::Drop(id.clone())),
        (Verb::Create, context.to.get(id).filter(|_| fate.creates()), Task::Create(id.clone())),
        (Verb::Alter, context.to.get(id).filter(|_| fate == Fate::Alter), Task::Alter(id.clone())),
    ];
    for (verb, fact, task) in sides {
        let Some(fact) = fact else { continue };
        let displaced = if verb == Verb::Create { rules.displaces(fact, context) } else { BTreeSet::new() };
        for other in displaced {
            if context.fates.of(&other).drops() {
                graph.edge(&Task::Drop(other.clone()), &task);
            }
            if context.fates.of(&other).creates() {
                graph.edge(&task, &Task::Create(other));
            }
        }
        for (verb, first) in rules.waits_for(fact, verb, context) {
            let other = context.fates.of(&first);
            match verb {
                Verb::Drop if other.drops() => graph.edge(&Task::Drop(first), &task),
                Verb::Create if other.creates() => graph.edge(&Task::Create(first), &task),
                Verb::Alter if other == Fate::Alter => graph.edge(&Task::Alter(first), &task),
                _ => {}
            }
        }
    }
    Ok(())
}

/// The edges that follow from what one fact rests on, before and after, unless its rules ask for the opposite. That parts go
/// before the whole is changed, and come after, is only preferred: one of them may leave what goes with another one.
fn edges_of(
    id: &ObjectId,
    context: &Context<'_>,
    reached: &BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    graph: &mut Graph,
    preferred: &mut Vec<(Task, Task)>,
) {
    let is_parent = |catalog: &Catalog, on: &ObjectId| {
        catalog.get(id).is_some_and(|fact| fact.parent.as_ref() == Some(on))
    };
    let fate = context.fates.of(id);
    let (drop, alter, create) = (Task::Drop(id.clone()), Task::Alter(id.clone()), Task::Create(id.clone()));
    if fate == Fate::Replace {
        graph.edge(&drop, &create);
    }
    for on in supports(context.from, id) {
        for through in reached.get(on).into_iter().flatten().filter(|_| fate.drops()) {
            graph.edge(&drop, &Task::Alter(through.clone()));
        }
        let support = context.fates.of(on);
        if fate.drops() {
            if support.drops() {
                let support = Task::Drop(on.clone());
                if !graph.has_edge(&support, &drop) {
                    graph.edge(&drop, &support);
                }
            } else if support == Fate::Alter && is_parent(context.from, on) {
                preferred.push((drop.clone(), Task::Alter(on.clone())));
            } else if support == Fate::Alter {
                graph.edge(&drop, &Task::Alter(on.clone()));
            }
        } else if fate == Fate::Alter && !supports(context.to, id).any(|still| still == on) {
            // It leaves what goes, or changes, before that does.
            if support.drops() {
                graph.edge(&alter, &Task::Drop(on.clone()));
            } else if support == Fate::Alter {
                graph.edge(&alter, &Task::Alter(on.clone()));
            }
        }
    }
    for on in supports(context.to, id) {
        for through in reached.get(on).into_iter().flatten().filter(|_| fate.creates()) {
            graph.edge(&Task::Alter(through.clone()), &create);
        }
        let before = match context.fates.of(on) {
            fate if fate.creates() => Task::Create(on.clone()),
            Fate::Alter if !only_moves(on, context) => Task::Alter(on.clone()),
            _ => continue,
        };
        if matches!(before, Task::Alter(_)) && is_parent(context.to, on) {
            let then =
                if fate.creates() { Some(&create) } else { Some(&alter).filter(|_| fate == Fate::Alter) };
            preferred.extend(then.map(|then| (before, then.clone())));
            continue;
        }
        if fate.creates() {
            if !graph.has_edge(&create, &before) {
                graph.edge(&before, &create);
            }
        } else if fate == Fate::Alter {
            graph.edge(&before, &alter);
        }
    }
}

/// Whether it stays what it is, and only becomes another one's: a sequence that
/// goes to a column whose default counts by it.
fn only_moves(id: &ObjectId, context: &Context<'_>) -> bool {
    let sides = context.from.get(id).zip(context.to.get(id));
    sides.is_some_and(|(from, to)| from.parent != to.parent && from.differing(to).is_empty())
}

/// Lets new parents make what can be written within their own statement, as
/// long as that makes no circle.
fn fold(
    dialect: &dyn Dialect,
    context: &Context<'_>,
    graph: &mut Graph,
) -> Result<BTreeSet<ObjectId>, PlanError> {
    let mut folded = BTreeSet::new();
    for (id, fate) in &context.fates.0 {
        let Some(fact) = context.to.get(id).filter(|_| fate.creates()) else { continue };
        let Some(parent) = &fact.parent else { continue };
        if !context.fates.of(parent).creates() || !rules_of(dialect, id)?.foldable(fact, context) {
            continue;
        }
        let (task, into) = (Task::Create(id.clone()), graph.resolve(&Task::Create(parent.clone())));
        let others: Vec<Task> = graph.before(&task).filter(|before| **before != into).cloned().collect();
        if others.iter().all(|before| !graph.reaches(&into, before)) {
            graph.merge(&task, &into);
            folded.insert(id.clone());
        }
    }
    Ok(folded)
}

/// Tasks and what must come before each.
#[derive(Default)]
struct Graph {
    before: BTreeMap<Task, BTreeSet<Task>>,
    after: BTreeMap<Task, BTreeSet<Task>>,
    aliases: BTreeMap<Task, Task>,
}

impl Graph {
    fn add(&mut self, task: Task) {
        self.before.entry(task).or_default();
    }

    /// From now on `task` is done by doing `with`. Only before any edge.
    fn alias(&mut self, task: Task, with: Task) {
        self.before.remove(&task);
        self.aliases.insert(task, with);
    }

    fn resolve(&self, task: &Task) -> Task {
        let mut task = task;
        while let Some(with) = self.aliases.get(task) {
            task = with;
        }
        task.clone()
    }

    fn edge(&mut self, first: &Task, then: &Task) {
        let (first, then) = (self.resolve(first), self.resolve(then));
        if first != then {
            self.after.entry(first.clone()).or_default().insert(then.clone());
            self.before.entry(then).or_default().insert(first);
        }
    }

    fn has_edge(&self, first: &Task, then: &Task) -> bool {
        self.after.get(&self.resolve(first)).is_some_and(|after| after.contains(&self.resolve(then)))
    }

    fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.before.keys()
    }

    fn before(&self, task: &Task) -> impl Iterator<Item = &Task> {
        self.before.get(task).into_iter().flatten()
    }

    fn reaches(&self, start: &Task, goal: &Task) -> bool {
        let mut seen = BTreeSet::new();
        let mut stack = vec![start];
        while let Some(task) = stack.pop() {
            if task == goal {
                return true;
            }
            if seen.insert(task) {
                stack.extend(self.after.get(task).into_iter().flatten());
            }
        }
        false
    }

    /// Makes `task` a part of `into`, with all of its edges.
    fn merge(&mut self, task: &Task, into: &Task) {
        let before = self.before.remove(task).unwrap_or_default();
        let after = self.after.remove(task).unwrap_or_default();
        for first in &before {
            if let Some(after) = self.after.get_mut(first) {
                after.remove(task);
            }
        }
        for then in &after {
            if let Some(before) = self.before.get_mut(then) {
                before.remove(task);
            }
        }
        self.aliases.insert(task.clone(), into.clone());
        for first in &before {
            self.edge(first, into);
        }
        for then in &after {
            self.edge(into, then);
        }
    }

    /// Kahn's algorithm; among what is free, the lowest (rank, task) first.
    fn sorted(mut self, ranks: &BTreeMap<Task, i8>) -> Result<Vec<Task>, PlanError> {
        let key = |task: &Task| (ranks.get(task).copied().unwrap_or(0), task.clone());
        let mut free: BTreeSet<(i8, Task)> =
            self.before.iter().filter(|(_, before)| before.is_empty()).map(|(task, _)| key(task)).collect();
        let mut sorted = Vec::with_capacity(self.before.len());
        while let Some((_, task)) = free.pop_first() {
            for then in self.after.remove(&task).unwrap_or_default() {
                if let Some(before) = self.before.get_mut(&then) {
                    before.remove(&task);
                    if before.is_empty() {
                        free.insert(key(&then));
                    }
                }
            }
            self.before.remove(&task);
            sorted.push(task);
        }
        if self.before.is_empty() { Ok(sorted) } else { Err(PlanError::Circle(self.circle())) }
    }

    /// The objects of one circle among the tasks that are left.
    fn circle(&self) -> Vec<ObjectId> {
        let Some(mut task) = self.before.keys().next() else { return Vec::new() };
        let mut path: Vec<&Task> = Vec::new();
        loop {
            if let Some(at) = path.iter().position(|seen| *seen == task) {
                return path[at..].iter().map(|task| task.id().clone()).collect();
            }
            path.push(task);
            match self.before.get(task).and_then(|before| before.iter().next()) {
                Some(next) => task = next,
                None => return path.iter().map(|task| task.id().clone()).collect(),
            }
        }
    }
}

/// Whether `id`, or a part of it, rests on `on` in this catalog, directly or not.
pub(crate) fn rests_on(catalog: &Catalog, id: &ObjectId, on: &ObjectId) -> bool {
    leads_to(catalog, catalog.children(id).map(|fact: &Fact| &fact.id).chain([id]), on)
}

/// Whether what one of these rests on leads to `goal`.
fn leads_to<'a>(
    catalog: &'a Catalog,
    starts: impl IntoIterator<Item = &'a ObjectId>,
    goal: &ObjectId,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut stack: Vec<&ObjectId> = starts.into_iter().collect();
    while let Some(at) = stack.pop() {
        if at == goal {
            return true;
        }
        if seen.insert(at) {
            stack.extend(supports(catalog, at));
        }
    }
    false
}
