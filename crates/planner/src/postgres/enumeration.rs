//! Enumerated types. A value can be added; values that go, or change their
//! order, need a new type.

use std::collections::BTreeSet;

use serde::Deserialize;
use tenantry_catalog::{Fact, ObjectId};

use super::address::{drop_step, owner_step};
use super::retype::{self, Retype, Values};
use super::slot;
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::{Literal, Quoted};
use crate::{HazardKind, PlanError, Step, Transaction, Verb};

/// The rules of enumerated types.
pub(super) struct Enum;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    labels: Vec<String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

fn create_step(fact: &Fact, verb: Verb, labels: &[String]) -> Step {
    let labels: Vec<String> = labels.iter().map(|label| Literal(label).to_string()).collect();
    let sql = format!("CREATE TYPE {} AS ENUM ({})", Quoted(fact.id.first()), labels.join(", "));
    Step::new(&fact.id, verb, sql)
}

/// Whether all of `from` are in `to`, in the same order.
fn only_adds(from: &[String], to: &[String]) -> bool {
    let mut left = to.iter();
    from.iter().all(|label| left.any(|other| other == label))
}

/// One ALTER TYPE for each new value, at its place.
fn additions(fact: &Fact, from: &[String], to: &[String]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (at, label) in to.iter().enumerate().filter(|(_, label)| !from.contains(label)) {
        let last = to[at..].iter().all(|later| !from.contains(later));
        let place = match (at.checked_sub(1), from.first()) {
            _ if last => String::new(),
            (Some(before), _) => format!(" AFTER {}", Literal(&to[before])),
            (None, Some(first)) => format!(" BEFORE {}", Literal(first)),
            (None, None) => String::new(),
        };
        let sql = format!("ALTER TYPE {} ADD VALUE {}{place}", Quoted(fact.id.first()), Literal(label));
        steps.push(Step::new(&fact.id, Verb::Alter, sql).transaction(Transaction::CommitAfter));
    }
    steps
}

impl Rules for Enum {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let mut steps = vec![create_step(fact, Verb::Create, &fact.decode::<Attributes>()?.labels)];
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
        let labels = changed.iter().any(|attribute| attribute == "labels");
        if labels && !only_adds(&before.labels, &after.labels) {
            let gone: Vec<String> = before
                .labels
                .iter()
                .filter(|label| !after.labels.contains(label))
                .map(|label| Literal(label).to_string())
                .collect();
            let mut create = create_step(to, Verb::Alter, &after.labels);
            let mut hazards = Vec::new();
            if !gone.is_empty() {
                let gone = gone.join(" or ");
                let detail = format!("whoever writes {gone} will fail");
                create = create.hazard(HazardKind::ChangesContract, &to.id, detail);
                hazards.push((HazardKind::DependsOnRows, format!("fails where a row holds {gone}")));
            }
            let mut make = vec![create];
            make.extend(owner_step(to, Verb::Alter));
            return Retype { from, to, make, values: Values::ByText, hazards }.plan(context);
        }
        let mut steps = if labels { additions(to, &before.labels, &after.labels) } else { Vec::new() };
        for attribute in changed {
            match attribute.as_str() {
                "labels" => {}
                "owner" => steps.extend(owner_step(to, Verb::Alter)),
                _ => return Ok(Alteration::Replace),
            }
        }
        Ok(Alteration::in_place(steps))
    }

    fn reaches(
        &self,
        from: &Fact,
        to: &Fact,
        context: &Context<'_>,
    ) -> Result<BTreeSet<ObjectId>, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        if only_adds(&before.labels, &after.labels) {
            return Ok(BTreeSet::new());
        }
        retype::reaches(from, context)
    }

    /// A value is used where it is written, alone or in an array, and by what
    /// asks for all of them.
    fn uses(&self, made: &Step, later: &Step) -> bool {
        let added = made.sql.split_once(" ADD VALUE ").map_or("", |(_, added)| added);
        let label = added.split(" AFTER '").next().and_then(|added| added.split(" BEFORE '").next());
        let label = label.unwrap_or_default().trim_matches('\'');
        let plain = !label.contains(['\\', '"']);
        !plain || later.verb == Verb::Fill || later.sql.contains(label) || later.sql.contains("enum_")
    }

    fn rank(&self, _: &Fact, verb: Verb, _: &Context<'_>) -> i8 {
        // A value must be committed before it is used.
        if verb == Verb::Alter { -100 } else { 0 }
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::data_type(fact)
    }
}
