//! Composite types. Attributes are added at the end, dropped, and, where no
//! column holds values of the type, changed; anything else is a new type.

use std::collections::BTreeSet;

use serde::Deserialize;
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::address::{drop_step, owner_step};
use super::retype::{self, held_by};
use super::slot;
use crate::rules::{Alteration, Context, Rebuild, Rules, Slot};
use crate::sql::Quoted;
use crate::{Destructive, HazardKind, PlanError, Refusal, Step, Verb};

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

impl Rules for Composite {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let composite: Attributes = fact.decode()?;
        let attributes: Vec<String> =
            composite.attributes.iter().map(|attribute| format!("\n    {}", attribute.sql(""))).collect();
        let sql = format!("CREATE TYPE {} AS ({}\n)", Quoted(fact.id.first()), attributes.join(","));
        let mut steps = vec![Step::new(&fact.id, Verb::Create, sql)];
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
        if changed.iter().all(|attribute| attribute == "owner") {
            return Ok(Alteration::in_place(owner_step(to, Verb::Alter).into_iter().collect()));
        }
        let held = held_by(&from.id, context);
        let actions = actions(&before.attributes, &after.attributes);
        let (Some(actions), true) =
            (actions, held.is_empty() || !changes_a_type(&before.attributes, &after.attributes))
        else {
            let Some(column) = held.first() else { return Ok(Alteration::Replace) };
            return Err(Refusal::new(
                &to.id,
                format!("its attributes change in a way that {} of that type cannot follow", column.id),
                "Make a type of another name, and move the column's values to it",
            )
            .into());
        };
        let sql = format!("ALTER TYPE {}\n    {}", Quoted(to.id.first()), actions.join(",\n    "));
        let mut step = Step::new(&to.id, Verb::Alter, sql);
        let gone = |old: &&Attribute| !after.attributes.iter().any(|new| new.name == old.name);
        for (attribute, column) in before
            .attributes
            .iter()
            .filter(gone)
            .flat_map(|gone| held.iter().map(move |column| (gone, column)))
        {
            if context.policy.destructive != Destructive::Allow {
                return Err(Refusal::new(
                    &to.id,
                    format!(
                        "its attribute {} would be dropped, and {} holds values of it",
                        attribute.name, column.id
                    ),
                    "Keep it in the definition, or set policy.destructive to Allow",
                )
                .into());
            }
            let detail = format!("the attribute {} of every value is gone", attribute.name);
            step = step.hazard(HazardKind::DropsData, &column.id, detail);
        }
        let mut steps = vec![step];
        steps.extend(
            owner_step(to, Verb::Alter).filter(|_| changed.iter().any(|attribute| attribute == "owner")),
        );
        let only_adds = after.attributes.starts_with(&before.attributes);
        let rebuild = if only_adds { BTreeSet::new() } else { users(&from.id, context.from) };
        Ok(Alteration::InPlace { steps, rebuild })
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
