//! Composite types. Attributes are added at the end, dropped, and, where no
//! column holds values of the type, changed; anything else is a new type.

use std::collections::BTreeSet;

use serde::Deserialize;
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::address::{drop_step, owner_step};
use super::retype::{self, Retype, Values, held_by};
use super::slot;
use super::type_change::{self, Typed};
use crate::rules::{Alteration, Context, Rebuild, Rules, Slot};
use crate::sql::Quoted;
use crate::{Destructive, Hazard, HazardKind, PlanError, Refusal, Step, Verb};

/// The rules of composite types.
pub(super) struct Composite;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    /// In order.
    attributes: Vec<Attribute>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    name: String,
    #[serde(rename = "type")]
    data_type: String,
    #[serde(default)]
    collation: Option<String>,
}

impl Attribute {
    /// Name, type and collation, with a word of the statement after the name.
    fn sql(&self, word: &str) -> String {
        let collation = self.collation.as_ref().map_or(String::new(), |name| format!(" COLLATE {name}"));
        format!("{} {word}{}{collation}", Quoted(&self.name), self.data_type)
    }
}

/// The parts of ALTER TYPE; `None` where the order of the attributes cannot be
/// had by dropping and adding at the end.
fn actions(from: &[Attribute], to: &[Attribute]) -> Option<Vec<String>> {
    let find = |list: &[Attribute], name: &str| list.iter().position(|attribute| attribute.name == name);
    let kept: Vec<&Attribute> = from.iter().filter(|old| find(to, &old.name).is_some()).collect();
    let in_order = kept.iter().zip(to).all(|(old, new)| old.name == new.name);
    // An attribute cannot be the last one to go before another is there.
    if !in_order || kept.is_empty() {
        return None;
    }
    let gone = from.iter().filter(|old| find(to, &old.name).is_none());
    let drops = gone.map(|old| format!("DROP ATTRIBUTE {}", Quoted(&old.name)));
    let alters = kept.iter().zip(to).filter(|(old, new)| **old != *new);
    let alters = alters.map(|(_, new)| format!("ALTER ATTRIBUTE {}", new.sql("TYPE ")));
    let adds = to[kept.len()..].iter().map(|new| format!("ADD ATTRIBUTE {}", new.sql("")));
    Some(drops.chain(alters).chain(adds).collect())
}

/// Whether an attribute that is in both gets another type.
fn changes_a_type(from: &[Attribute], to: &[Attribute]) -> bool {
    from.iter().any(|old| to.iter().any(|new| new.name == old.name && new != old))
}

/// Whether the type can stay, and its attributes be altered.
fn in_place(from: &Attributes, to: &Attributes, held: bool) -> Option<Vec<String>> {
    actions(&from.attributes, &to.attributes)
        .filter(|_| !held || !changes_a_type(&from.attributes, &to.attributes))
}

fn create_step(fact: &Fact, verb: Verb, attributes: &[Attribute]) -> Step {
    let attributes: Vec<String> =
        attributes.iter().map(|attribute| format!("\n    {}", attribute.sql(""))).collect();
    let sql = format!("CREATE TYPE {} AS ({}\n)", Quoted(fact.id.first()), attributes.join(","));
    Step::new(&fact.id, verb, sql)
}

/// The attributes of a new value, out of an old one in a column.
fn parts(column: &str, from: &[Attribute], to: &[Attribute]) -> String {
    let part = |new: &Attribute| match from.iter().find(|old| old.name == new.name) {
        Some(old) if old.data_type == new.data_type => format!("({column}).{}", Quoted(&new.name)),
        Some(old) if !is_castable(old, new) => "NULL".to_owned(),
        Some(_) => format!("({column}).{}::{}", Quoted(&new.name), new.data_type),
        None => "NULL".to_owned(),
    };
    to.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// Whether a value of an attribute can become one of its new type.
fn is_castable(old: &Attribute, new: &Attribute) -> bool {
    type_change::castable(Typed::named(&old.data_type), Typed::named(&new.data_type))
}

/// What the columns that hold values of the type lose.
fn losses(
    to: &Fact,
    from: &[Attribute],
    after: &[Attribute],
    held: &[&Fact],
    context: &Context<'_>,
) -> Result<Vec<Hazard>, PlanError> {
    let mut hazards = Vec::new();
    let stays = |old: &Attribute| after.iter().any(|new| new.name == old.name && is_castable(old, new));
    for gone in from.iter().filter(|old| !stays(old)) {
        for column in held {
            if context.policy.destructive != Destructive::Allow {
                return Err(Refusal::new(
                    &to.id,
                    format!(
                        "the values of its attribute {} would be lost, and {} holds some",
                        gone.name, column.id
                    ),
                    "Keep it as it is in the definition, or set policy.destructive to Allow",
                )
                .into());
            }
            let detail = format!("the attribute {} of every value is gone", gone.name);
            hazards.push(Hazard { kind: HazardKind::DropsData, object: column.id.clone(), detail });
        }
    }
    Ok(hazards)
}

/// The type is made anew, and values are put together out of the parts of the old ones.
///
/// An array's elements cannot be taken apart there. They become what they shall be by way of their text, which has to have the
/// same parts: attributes go before, and come after.
fn made_anew(
    from: &Fact,
    to: &Fact,
    losses: Vec<Hazard>,
    held: &[&Fact],
    context: &Context<'_>,
) -> Result<Alteration, PlanError> {
    let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
    let (before, after) = (&before.attributes, &after.attributes);
    let in_arrays = held.iter().any(|column| column.text("_category") == Some("A"));
    let loses = |old: &Attribute| after.iter().any(|new| new.name == old.name && !is_castable(old, new));
    let apart = in_arrays && actions(before, after).is_some() && !before.iter().any(loses);
    let is_in = |list: &[Attribute], attribute: &Attribute| list.iter().any(|a| a.name == attribute.name);
    let both = |list: &[Attribute], other: &[Attribute]| -> Vec<Attribute> {
        list.iter().filter(|attribute| !apart || is_in(other, attribute)).cloned().collect()
    };
    let (old, new) = (both(before, after), both(after, before));
    let alter = |action: String| {
        Step::new(&to.id, Verb::Alter, format!("ALTER TYPE {} {action}", Quoted(to.id.first())))
    };
    let gone = before.iter().filter(|attribute| apart && !is_in(after, attribute));
    let mut all: Vec<Step> =
        gone.map(|attribute| alter(format!("DROP ATTRIBUTE {}", Quoted(&attribute.name)))).collect();
    let mut create = create_step(to, Verb::Alter, &new);
    create.hazards = losses;
    let make = std::iter::once(create).chain(owner_step(to, Verb::Alter)).collect();
    let values = |column: &str| parts(column, &old, &new);
    let mut hazards = Vec::new();
    if changes_a_type(before, after) {
        let detail = "attributes are cast to their new types; what does not fit is cut, rounded or refused";
        hazards.push((HazardKind::ChangesValues, detail.to_owned()));
        let detail = "fails where an attribute's value is none of its new type";
        hazards.push((HazardKind::DependsOnRows, detail.to_owned()));
    }
    let values = Values::FromParts { parts: &values, same_parts: apart };
    match (Retype { from, to, make, values, hazards }).plan(context)? {
        Alteration::InPlace { steps, rebuild } => {
            all.extend(steps);
            let new = after.iter().filter(|attribute| apart && !is_in(before, attribute));
            all.extend(new.map(|attribute| alter(format!("ADD ATTRIBUTE {}", attribute.sql("")))));
            Ok(Alteration::InPlace { steps: all, rebuild })
        }
        Alteration::Replace => Ok(Alteration::Replace),
    }
}

impl Rules for Composite {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let mut steps = vec![create_step(fact, Verb::Create, &fact.decode::<Attributes>()?.attributes)];
        steps.extend(owner_step(fact, Verb::Create));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![drop_step(fact)])
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        let owner = owner_step(to, Verb::Alter).filter(|_| changed.iter().any(|name| name == "owner"));
        if changed.iter().all(|attribute| attribute == "owner") {
            return Ok(Alteration::in_place(owner.into_iter().collect()));
        }
        let held = held_by(&from.id, context);
        let losses = losses(to, &before.attributes, &after.attributes, &held, context)?;
        let Some(actions) = in_place(&before, &after, !held.is_empty()) else {
            return made_anew(from, to, losses, &held, context);
        };
        let sql = format!("ALTER TYPE {}\n    {}", Quoted(to.id.first()), actions.join(",\n    "));
        let mut step = Step::new(&to.id, Verb::Alter, sql);
        step.hazards = losses;
        let steps = std::iter::once(step).chain(owner).collect();
        let only_adds = after.attributes.starts_with(&before.attributes);
        let rebuild = if only_adds { BTreeSet::new() } else { users(&from.id, context.from) };
        Ok(Alteration::InPlace { steps, rebuild })
    }

    fn reaches(
        &self,
        from: &Fact,
        to: &Fact,
        context: &Context<'_>,
    ) -> Result<BTreeSet<ObjectId>, PlanError> {
        let held = !held_by(&from.id, context).is_empty();
        if !held || in_place(&from.decode()?, &to.decode()?, held).is_some() {
            return Ok(BTreeSet::new());
        }
        retype::reaches(from, context)
    }

    fn rebuild(&self, fact: &Fact, because: &ObjectId, context: &Context<'_>) -> Rebuild {
        retype::unless_held(fact, because, context)
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::relation(fact)
    }
}

/// What may use one of the type's attributes, so that the server would not let
/// it go.
fn users(of: &ObjectId, catalog: &Catalog) -> BTreeSet<ObjectId> {
    let uses = |fact: &&Fact| match fact.id.kind {
        Kind::Function | Kind::Procedure => fact.get("sql_body").is_some(),
        Kind::Column | Kind::Table | Kind::Aggregate => false,
        kind => !matches!(kind, Kind::Domain | Kind::Composite | Kind::Range),
    };
    catalog.dependents(of).filter_map(|id| catalog.get(id)).filter(uses).map(|fact| fact.id.clone()).collect()
}
