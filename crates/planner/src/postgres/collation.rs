//! Collations. PostgreSQL can change nothing of one but its version.

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::address::{drop_step, owner_step};
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::{Literal, Quoted};
use crate::{PlanError, Refusal, Step, Verb};

/// The rules of collations.
pub(super) struct Collation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    /// `icu`, `libc` or `builtin`.
    provider: String,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    lc_collate: Option<String>,
    #[serde(default)]
    lc_ctype: Option<String>,
    deterministic: bool,
    #[serde(default)]
    rules: Option<String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

/// The columns and types that would have to be sorted anew.
fn user<'a>(fact: &Fact, context: &Context<'a>) -> Option<&'a ObjectId> {
    let kinds = [Kind::Column, Kind::Domain, Kind::Composite, Kind::Range];
    let mut users = context.from.dependents(&fact.id).filter(|id| kinds.contains(&id.kind));
    users.find(|id| !context.is_gone(id) && context.to.depends_on(id).any(|on| *on == fact.id))
}

impl Rules for Collation {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let collation: Attributes = fact.decode()?;
        let mut parts = vec![format!("provider = {}", collation.provider)];
        let optional = [
            ("locale", &collation.locale),
            ("lc_collate", &collation.lc_collate),
            ("lc_ctype", &collation.lc_ctype),
            ("rules", &collation.rules),
        ];
        for (name, value) in optional {
            parts.extend(value.as_ref().map(|value| format!("{name} = {}", Literal(value))));
        }
        if !collation.deterministic {
            parts.push("deterministic = false".to_owned());
        }
        let sql = format!("CREATE COLLATION {} ({})", Quoted(fact.id.first()), parts.join(", "));
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
        if changed.iter().all(|attribute| attribute == "owner") {
            return Ok(Alteration::in_place(owner_step(to, Verb::Alter).into_iter().collect()));
        }
        match user(from, context) {
            None => Ok(Alteration::Replace),
            Some(user) => Err(Refusal::new(
                &to.id,
                format!("PostgreSQL cannot change a collation, and {user} uses it"),
                "Declare a collation of another name, and use that",
            )
            .into()),
        }
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        vec![Slot("collation", fact.id.first().to_owned())]
    }
}
