//! Range types. PostgreSQL cannot change one.

use std::collections::BTreeSet;

use serde::Deserialize;
use tenantry_catalog::{Fact, ObjectId};

use super::address::{drop_step, owner_step};
use super::retype::{self, Retype, Values};
use super::slot;
use crate::rules::{Alteration, Context, Rebuild, Rules, Slot};
use crate::sql::Quoted;
use crate::{HazardKind, PlanError, Step, Verb};

/// The rules of range types.
pub(super) struct Range;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    subtype: String,
    #[serde(default)]
    subtype_opclass: Option<String>,
    #[serde(default)]
    collation: Option<String>,
    #[serde(default)]
    canonical: Option<String>,
    #[serde(default)]
    subtype_diff: Option<String>,
    /// From 14 on.
    #[serde(default)]
    multirange: Option<String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

fn create_step(fact: &Fact, verb: Verb) -> Result<Step, PlanError> {
    let range: Attributes = fact.decode()?;
    let mut parts = vec![format!("SUBTYPE = {}", range.subtype)];
    let optional = [
        ("SUBTYPE_OPCLASS", range.subtype_opclass),
        ("COLLATION", range.collation),
        ("CANONICAL", range.canonical),
        ("SUBTYPE_DIFF", range.subtype_diff),
        ("MULTIRANGE_TYPE_NAME", range.multirange.map(|name| Quoted(&name).to_string())),
    ];
    parts.extend(optional.into_iter().filter_map(|(name, value)| Some(format!("{name} = {}", value?))));
    let sql = format!("CREATE TYPE {} AS RANGE ({})", Quoted(fact.id.first()), parts.join(", "));
    Ok(Step::new(&fact.id, verb, sql))
}

/// A range type's constructors, and its multirange with its own, keep their
/// names when the type is renamed: they are renamed too.
fn constructors_aside(from: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let range: Attributes = from.decode()?;
    let old = retype::aside(from.id.first(), context);
    let (name, subtype, quoted) = (Quoted(from.id.first()), &range.subtype, Quoted(&old));
    let mut statements: Vec<String> =
        [format!("{subtype}, {subtype}"), format!("{subtype}, {subtype}, text")]
            .iter()
            .map(|arguments| format!("ALTER FUNCTION {name}({arguments}) RENAME TO {quoted}"))
            .collect();
    if let Some(multirange) = &range.multirange {
        let aside = retype::aside(multirange, context);
        let (name, aside) = (Quoted(multirange), Quoted(&aside));
        statements.push(format!("ALTER TYPE {name} RENAME TO {aside}"));
        for arguments in [String::new(), quoted.to_string(), format!("{quoted}[]")] {
            statements.push(format!("ALTER FUNCTION {name}({arguments}) RENAME TO {aside}"));
        }
    }
    Ok(statements.into_iter().map(|sql| Step::new(&from.id, Verb::Alter, sql)).collect())
}

impl Rules for Range {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let mut steps = vec![create_step(fact, Verb::Create)?];
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
        if changed.iter().all(|attribute| attribute == "owner") {
            return Ok(Alteration::in_place(owner_step(to, Verb::Alter).into_iter().collect()));
        }
        let mut make = constructors_aside(from, context)?;
        make.push(create_step(to, Verb::Alter)?);
        make.extend(owner_step(to, Verb::Alter));
        let detail = "bounds are converted by way of their text; what does not fit is rounded or refused";
        let hazards = vec![(HazardKind::ChangesValues, detail.to_owned())];
        Retype { from, to, make, values: Values::ByText, hazards }.plan(context)
    }

    fn reaches(
        &self,
        from: &Fact,
        to: &Fact,
        context: &Context<'_>,
    ) -> Result<BTreeSet<ObjectId>, PlanError> {
        if from.differing(to).iter().all(|attribute| attribute == "owner") {
            return Ok(BTreeSet::new());
        }
        retype::reaches(from, context)
    }

    fn rebuild(&self, fact: &Fact, because: &ObjectId, context: &Context<'_>) -> Rebuild {
        retype::unless_held(fact, because, context)
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::data_type(fact)
    }
}
