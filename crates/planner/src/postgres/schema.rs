//! The schema itself: it is there before any plan and is never dropped by
//! one. Its comment and its privileges are facts of their own.

use tenantry_catalog::Fact;

use super::access::role;
use crate::rules::{Alteration, Context, Rules};
use crate::{HazardKind, PlanError, Step, Verb};

/// The rules of the schema.
pub(super) struct Schema;

impl Rules for Schema {
    fn create(&self, _: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(Vec::new())
    }

    fn drop(&self, _: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(Vec::new())
    }

    fn alter(&self, _: &Fact, to: &Fact, _: &[String], _: &Context<'_>) -> Result<Alteration, PlanError> {
        let steps = to.text("owner").map(|owner| {
            Step::new(&to.id, Verb::Alter, format!("ALTER SCHEMA __TENANT__ OWNER TO {}", role(owner)))
                .hazard(HazardKind::ChangesAccess, &to.id, "the schema gets another owner")
        });
        Ok(Alteration::in_place(steps.into_iter().collect()))
    }
}
