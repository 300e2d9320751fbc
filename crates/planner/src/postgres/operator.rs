//! Operators. What makes one up cannot be changed; only its estimators can.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::{Address, drop_step, owner_step};
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::{PlanError, Step, Verb};

/// The rules of operators.
pub(super) struct Operator;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    function: String,
    /// The types of its operands; a prefix operator has no left one.
    #[serde(default)]
    left: Option<String>,
    #[serde(default)]
    right: Option<String>,
    /// `commutator` and `negator`.
    #[serde(default)]
    partners: BTreeMap<String, String>,
    /// `restrict` and `join`.
    #[serde(default)]
    estimators: BTreeMap<String, String>,
    #[serde(default)]
    hashes: bool,
    #[serde(default)]
    merges: bool,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

impl Rules for Operator {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let operator: Attributes = fact.decode()?;
        let mut parts = vec![format!("FUNCTION = {}", operator.function)];
        parts.extend(operator.left.iter().map(|name| format!("LEFTARG = {name}")));
        parts.extend(operator.right.iter().map(|name| format!("RIGHTARG = {name}")));
        let named = operator.partners.iter().chain(&operator.estimators);
        parts.extend(named.map(|(word, name)| format!("{} = {name}", word.to_uppercase())));
        parts.extend(operator.hashes.then(|| "HASHES".to_owned()));
        parts.extend(operator.merges.then(|| "MERGES".to_owned()));
        let sql = format!("CREATE OPERATOR {} ({})", fact.id.first(), parts.join(", "));
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
        _: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        let mut steps = Vec::new();
        for attribute in changed {
            match attribute.as_str() {
                "estimators" => {
                    let names = before.estimators.keys().chain(after.estimators.keys());
                    let mut parts: Vec<String> = names
                        .map(|word| (word, after.estimators.get(word).map_or("NONE", String::as_str)))
                        .map(|(word, name)| format!("{} = {name}", word.to_uppercase()))
                        .collect();
                    parts.sort();
                    parts.dedup();
                    let sql = format!("ALTER {} SET ({})", Address(&to.id), parts.join(", "));
                    steps.push(Step::new(&to.id, Verb::Alter, sql));
                }
                "owner" => steps.extend(owner_step(to, Verb::Alter)),
                _ => return Ok(Alteration::Replace),
            }
        }
        Ok(Alteration::in_place(steps))
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        vec![Slot("operator", fact.id.name.join("("))]
    }
}
