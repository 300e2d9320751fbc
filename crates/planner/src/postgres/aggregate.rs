//! Aggregates, by the parts of their definition.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::{drop_step, owner_step};
use super::slot;
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::{HazardKind, PlanError, Step, Verb};

/// The rules of aggregates.
pub(super) struct Aggregate;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    /// As the statement writes them: `integer`, `*`, `float8 ORDER BY float8`.
    arguments: String,
    /// Follows from the final function, and decides what can be replaced.
    returns: String,
    /// `HYPOTHETICAL` where it is a hypothetical-set aggregate.
    #[serde(default)]
    hypothetical: bool,
    /// The parts in order of their names, as SQL: `sfunc`, `stype`, ...
    parts: BTreeMap<String, String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

impl Attributes {
    fn sql(&self, fact: &Fact, or_replace: &str) -> String {
        let mut parts: Vec<String> = self
            .parts
            .iter()
            .map(|(name, value)| format!("\n    {} = {value}", name.to_uppercase()))
            .collect();
        if self.hypothetical {
            parts.push("\n    HYPOTHETICAL".to_owned());
        }
        let name = Quoted(fact.id.first());
        format!("CREATE {or_replace}AGGREGATE {name}({}) ({}\n)", self.arguments, parts.join(","))
    }
}

impl Rules for Aggregate {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let aggregate: Attributes = fact.decode()?;
        let mut steps = vec![Step::new(&fact.id, Verb::Create, aggregate.sql(fact, ""))];
        steps.extend(owner_step(fact, Verb::Create));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let step = drop_step(fact);
        Ok(vec![if context.to.contains(&fact.id) {
            step
        } else {
            step.hazard(HazardKind::ChangesContract, &fact.id, "whoever calls it will fail")
        }])
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        _: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        let same_shape = before.arguments == after.arguments
            && before.returns == after.returns
            && before.hypothetical == after.hypothetical;
        if !same_shape {
            return Ok(Alteration::Replace);
        }
        let mut steps = Vec::new();
        if changed.iter().any(|attribute| attribute != "owner") {
            steps.push(Step::new(&to.id, Verb::Alter, after.sql(to, "OR REPLACE ")));
        }
        steps.extend(
            owner_step(to, Verb::Alter).filter(|_| changed.iter().any(|attribute| attribute == "owner")),
        );
        Ok(Alteration::in_place(steps))
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::routine(fact)
    }
}
