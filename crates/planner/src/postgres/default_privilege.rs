//! What later objects of a role in this schema are granted. Per schema they
//! only add to what PostgreSQL grants anyway.

use tenantry_catalog::{Fact, TENANT};

use super::access::{Privileges, role, said};
use crate::rules::{Alteration, Context, Rules};
use crate::{HazardKind, PlanError, Step, Verb};

/// The rules of default privileges. A fact's name is the role that makes the
/// objects, the sort of objects (`tables`), and the grantee.
pub(super) struct DefaultPrivilege;

fn steps(fact: &Fact, verb: Verb, from: &Privileges, to: &Privileges) -> Vec<Step> {
    let sort = fact.id.name.get(1).map_or("", String::as_str);
    let made_by = role(fact.id.first());
    let changes = from.way_to(to);
    let step = |change: &super::access::Change| {
        let change = change.sql(&sort.to_uppercase(), None, fact.id.last());
        let sql = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {made_by} IN SCHEMA {TENANT} {change}");
        let detail =
            format!("{} that {} makes from then on are granted otherwise", sort, said(fact.id.first()));
        Step::new(&fact.id, verb, sql).hazard(HazardKind::ChangesAccess, &fact.id, detail)
    };
    changes.iter().map(step).collect()
}

impl Rules for DefaultPrivilege {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(steps(fact, Verb::Create, &Privileges::default(), &Privileges::of(fact)?))
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(steps(fact, Verb::Drop, &Privileges::of(fact)?, &Privileges::default()))
    }

    fn alter(&self, from: &Fact, to: &Fact, _: &[String], _: &Context<'_>) -> Result<Alteration, PlanError> {
        Ok(Alteration::in_place(steps(to, Verb::Alter, &Privileges::of(from)?, &Privileges::of(to)?)))
    }

    fn rank(&self, _: &Fact, _: Verb, _: &Context<'_>) -> i8 {
        // What the plan makes must get neither more nor less than it is declared to.
        i8::MAX
    }
}
