//! Row-level security policies. Whether a table has row-level security at all
//! is the table's.

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::access::role;
use super::address::drop_step;
use crate::rules::{Alteration, Context, Rules};
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Step, Verb};

/// The rules of policies.
pub(super) struct Policy;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    permissive: bool,
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
    command: String,
    /// Sorted; `PUBLIC` for every role.
    roles: Vec<String>,
    #[serde(default)]
    using: Option<String>,
    #[serde(default)]
    check: Option<String>,
}

impl Attributes {
    fn roles(&self) -> String {
        self.roles.iter().map(|name| role(name)).collect::<Vec<_>>().join(", ")
    }
}

/// ` USING (...) WITH CHECK (...)`; only the parts that are there.
fn expressions(using: Option<&str>, check: Option<&str>) -> String {
    let clause = |word: &str, expression: Option<&str>| {
        expression.map_or(String::new(), |text| format!(" {word} ({text})"))
    };
    clause("USING", using) + &clause("WITH CHECK", check)
}

/// All statements about policies keep readers out; `detail` says what it means
/// for who sees what, where the table is not new.
fn step(fact: &Fact, step: Step, detail: &str, context: &Context<'_>) -> Step {
    let Some(table) = &fact.parent else { return step };
    if context.is_new(table) {
        return step;
    }
    step.locks(table, LockMode::AccessExclusive).hazard(HazardKind::ChangesAccess, &fact.id, detail)
}

impl Rules for Policy {
    fn gives_way(&self) -> bool {
        true
    }

    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let policy: Attributes = fact.decode()?;
        let mut sql = format!("CREATE POLICY {} ON {}", Quoted(fact.id.last()), Quoted(fact.id.first()));
        if !policy.permissive {
            sql.push_str(" AS RESTRICTIVE");
        }
        if policy.command != "ALL" {
            sql.push_str(&format!(" FOR {}", policy.command));
        }
        sql.push_str(&format!(" TO {}", policy.roles()));
        sql.push_str(&expressions(policy.using.as_deref(), policy.check.as_deref()));
        let detail = "which rows a role sees or may write changes";
        Ok(vec![step(fact, Step::new(&fact.id, Verb::Create, sql), detail, context)])
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![step(fact, drop_step(fact), "which rows a role sees or may write changes", context)])
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        // ALTER POLICY can set an expression, but not take one away.
        let taken = before.using.is_some() && after.using.is_none()
            || before.check.is_some() && after.check.is_none();
        if taken || changed.iter().any(|name| !["roles", "using", "check"].contains(&name.as_str())) {
            return Ok(Alteration::Replace);
        }
        let differs = |attribute: &str| changed.iter().any(|other| other == attribute);
        let mut sql = format!("ALTER POLICY {} ON {}", Quoted(to.id.last()), Quoted(to.id.first()));
        if differs("roles") {
            sql.push_str(&format!(" TO {}", after.roles()));
        }
        sql.push_str(&expressions(
            after.using.as_deref().filter(|_| differs("using")),
            after.check.as_deref().filter(|_| differs("check")),
        ));
        let detail = "which rows a role sees or may write changes";
        Ok(Alteration::in_place(vec![step(to, Step::new(&to.id, Verb::Alter, sql), detail, context)]))
    }
}
