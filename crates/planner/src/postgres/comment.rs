//! Comments, on whatever can have one. `COMMENT ON` takes SHARE UPDATE
//! EXCLUSIVE on a relation, which neither readers nor writers feel.

use serde::Deserialize;
use tenantry_catalog::{Fact, ObjectId};

use super::address::Address;
use crate::rules::{Alteration, Context, Rules};
use crate::sql::Literal;
use crate::{PlanError, Refusal, Step, Verb};

/// The rules of comments.
pub(super) struct Comment;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    text: String,
}

/// What a comment is about.
fn target(fact: &Fact) -> Result<ObjectId, PlanError> {
    fact.id.target().ok_or_else(|| {
        Refusal::new(
            &fact.id,
            "is about an object of no known kind",
            "Read the schema again with this version of the program",
        )
        .into()
    })
}

fn set(fact: &Fact, verb: Verb) -> Result<Step, PlanError> {
    let text = fact.decode::<Attributes>()?.text;
    let sql = format!("COMMENT ON {} IS {}", Address(&target(fact)?), Literal(&text));
    Ok(Step::new(&fact.id, verb, sql))
}

impl Rules for Comment {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![set(fact, Verb::Create)?])
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let sql = format!("COMMENT ON {} IS NULL", Address(&target(fact)?));
        Ok(vec![Step::new(&fact.id, Verb::Drop, sql)])
    }

    fn alter(
        &self,
        _: &Fact,
        to: &Fact,
        changed: &[String],
        _: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        // On an object of the same name, which is another one.
        if changed.iter().any(|attribute| attribute == "parent") {
            return Ok(Alteration::Replace);
        }
        Ok(Alteration::in_place(vec![set(to, Verb::Alter)?]))
    }
}
