//! What a role may do with an object or a column: a fact a grantee, only where
//! that differs from what PostgreSQL gives by itself.

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::access::{Change, Class, OWNER, Privileges};
use super::address::{Address, Name};
use crate::rules::{Alteration, Context, Rules};
use crate::sql::Quoted;
use crate::{Fate, HazardKind, PlanError, Refusal, Step, Verb};

/// The rules of privileges.
pub(super) struct Privilege;

/// On what, and whose.
fn parts(id: &ObjectId) -> Result<(ObjectId, &str), PlanError> {
    id.target().map(|target| (target, id.last())).ok_or_else(|| {
        Refusal::new(id, "are on an object of no known kind", "Read the schema again with this version")
            .into()
    })
}

/// How `GRANT` names the object, and which of its columns is meant.
fn object(target: &ObjectId) -> (String, Option<&str>) {
    match target.kind {
        Kind::Column => (format!("TABLE {}", Quoted(target.first())), Some(target.last())),
        Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView => {
            (format!("TABLE {}", Quoted(target.first())), None)
        }
        Kind::Aggregate => {
            let name = ObjectId { kind: Kind::Function, name: target.name.clone() };
            (format!("FUNCTION {}", Name(&name)), None)
        }
        _ => (Address(target).to_string(), None),
    }
}

/// Whether somebody may already be using what the privilege is on.
fn felt(fact: &Fact, context: &Context<'_>) -> bool {
    let new = |id: &ObjectId| context.is_new(id);
    !fact.parent.as_ref().is_some_and(new)
        && !fact.id.target().is_some_and(|t| new(&relation_of(&t, context.to)))
}

/// The statements from one set of privileges to another.
fn steps(
    id: &ObjectId,
    verb: Verb,
    from: &Privileges,
    to: &Privileges,
    felt: bool,
    context: &Context<'_>,
) -> Result<Vec<Step>, PlanError> {
    let (target, grantee) = parts(id)?;
    let (on, column) = object(&target);
    let relation = relation_of(&target, context.to);
    // Where owners are left alone, the plan runs as the owner.
    let owner = context.to.get(&relation).and_then(|fact| fact.text("owner"));
    let who = owner.filter(|_| grantee == OWNER).unwrap_or(grantee);
    let step = |change: &Change| {
        let step = Step::new(id, verb, change.sql(&on, column, who));
        if felt {
            step.hazard(HazardKind::ChangesAccess, &target, change.meaning(&target, grantee))
        } else {
            step
        }
    };
    let mut steps: Vec<Step> = from.way_to(to).iter().map(step).collect();
    if column.is_none() && felt {
        steps.extend(granted_again(id, verb, &from.lost(to), context)?);
    }
    Ok(steps)
}

/// The relation that a column is of; anything else is itself.
fn relation_of(target: &ObjectId, catalog: &Catalog) -> ObjectId {
    let kinds = [Kind::Table, Kind::View, Kind::MaterializedView, Kind::ForeignTable];
    let relation = |kind| ObjectId::new(kind, [target.first()]);
    match target.kind {
        Kind::Column => kinds.into_iter().map(relation).find(|id| catalog.contains(id)),
        _ => None,
    }
    .unwrap_or_else(|| target.clone())
}

/// Taking a privilege on a table takes it on each of its columns too: what
/// columns are to keep is granted again right after.
fn granted_again(
    id: &ObjectId,
    verb: Verb,
    lost: &[&str],
    context: &Context<'_>,
) -> Result<Vec<Step>, PlanError> {
    let (target, grantee) = parts(id)?;
    let mut steps = Vec::new();
    for fact in context.to.of_kind(Kind::Privilege) {
        let (column, who) = parts(&fact.id)?;
        let same = column.kind == Kind::Column && column.first() == target.first() && who == grantee;
        if !same || context.is_new(&column) {
            continue;
        }
        let to = Privileges::of(fact)?;
        if lost.iter().any(|privilege| to.has(privilege)) {
            let (on, name) = object(&column);
            let changes = Privileges::default().way_to(&to);
            steps.extend(changes.iter().map(|change| Step::new(id, verb, change.sql(&on, name, grantee))));
        }
    }
    Ok(steps)
}

/// Whether the step that takes a privilege on the table grants this one, on a
/// column, again.
fn comes_with_the_table(fact: &Fact, context: &Context<'_>) -> Result<bool, PlanError> {
    let (target, grantee) = parts(&fact.id)?;
    if target.kind != Kind::Column || context.is_new(&target) {
        return Ok(false);
    }
    let relation = relation_of(&target, context.to);
    let id = of(&relation, grantee);
    let Some(from) = context.from.get(&id).filter(|_| !context.fate(&relation).creates()) else {
        return Ok(false);
    };
    if !matches!(context.fate(&id), Fate::Alter | Fate::Drop) {
        return Ok(false);
    }
    let to = match context.to.get(&id) {
        Some(to) => Privileges::of(to)?,
        None => Privileges::built_in(relation.kind, grantee, context.server),
    };
    let own = Privileges::of(fact)?;
    Ok(Privileges::of(from)?.lost(&to).iter().any(|privilege| own.has(privilege)))
}

/// The fact that says what a grantee may do with an object.
fn of(target: &ObjectId, grantee: &str) -> ObjectId {
    let kind = target.kind.word().to_owned();
    let name = std::iter::once(kind).chain(target.name.iter().cloned()).chain([grantee.to_owned()]);
    ObjectId { kind: Kind::Privilege, name: name.collect() }
}

/// Takes back what default privileges that are in force give to an object that
/// has just been made, and that it is not to have. They change only at the
/// plan's end.
pub(super) fn settle(done: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let itself = Some(done.id.clone()).filter(|id| context.is_new(id));
    let mut steps = Vec::new();
    for object in itself.iter().chain(&identity_sequence(done, context)) {
        let Some(plural) = Class::of(object.kind).and_then(Class::plural) else { continue };
        let defaults = context.from.of_kind(Kind::DefaultPrivilege);
        for fact in defaults.filter(|fact| fact.id.name.get(1).is_some_and(|sort| sort == plural)) {
            let id = of(object, fact.id.last());
            let built_in = Privileges::built_in(object.kind, fact.id.last(), context.server);
            let to = match context.to.get(&id) {
                Some(to) => Privileges::of(to)?,
                None => built_in.clone(),
            };
            let given = built_in.and(Privileges::of(fact)?);
            steps.extend(self::steps(&id, Verb::Create, &given, &given.common(&to), false, context)?);
        }
    }
    Ok(steps)
}

/// The sequence that came with an identity column: no fact of its own.
fn identity_sequence(done: &Fact, context: &Context<'_>) -> Option<ObjectId> {
    let name = done.get("identity")?.get("sequence")?.as_str()?;
    let before = context.from.get(&done.id).filter(|_| !context.is_new(&done.id));
    let had = before.is_some_and(|before| before.get("identity").is_some());
    (!had).then(|| ObjectId::new(Kind::Sequence, [name]))
}

impl Rules for Privilege {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        if comes_with_the_table(fact, context)? {
            return Ok(Vec::new());
        }
        let (target, grantee) = parts(&fact.id)?;
        let before = Privileges::built_in(target.kind, grantee, context.server);
        steps(&fact.id, Verb::Create, &before, &Privileges::of(fact)?, felt(fact, context), context)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let (target, grantee) = parts(&fact.id)?;
        let after = Privileges::built_in(target.kind, grantee, context.server);
        steps(&fact.id, Verb::Drop, &Privileges::of(fact)?, &after, felt(fact, context), context)
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        // On an object of the same name, which is another one: a column's own sequence, say.
        if changed.iter().any(|attribute| attribute == "parent") {
            return Ok(Alteration::Replace);
        }
        let (before, after) = (Privileges::of(from)?, Privileges::of(to)?);
        Ok(Alteration::in_place(steps(&to.id, Verb::Alter, &before, &after, felt(to, context), context)?))
    }

    fn rank(&self, fact: &Fact, verb: Verb, _: &Context<'_>) -> i8 {
        match fact.id.target().map(|target| target.kind) {
            // Whoever is to own something in the schema must be allowed to make it there.
            Some(Kind::Schema) if verb != Verb::Drop => i8::MIN,
            // After what is taken on the whole table, which takes it on columns too.
            Some(Kind::Column) => 1,
            _ => 0,
        }
    }
}
