//! Views. `CREATE OR REPLACE` where columns are only added at the end, else
//! dropped and made anew with all that rests on them.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::{drop_step, owner_step};
use super::options::Options;
use super::slot;
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Step, Verb};

/// The rules of views.
pub(super) struct View;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    definition: String,
    /// `security_barrier`, `security_invoker`, `check_option`.
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default, rename = "_option_order")]
    option_order: Vec<String>,
    /// By column: what an INSERT into the view puts in when it says nothing.
    #[serde(default)]
    defaults: BTreeMap<String, String>,
    #[serde(default, rename = "_columns")]
    columns: Vec<ViewColumn>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

/// A column of a view or a materialized view. It follows from the definition,
/// but decides whether a view can be replaced in place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ViewColumn {
    pub(super) name: String,
    #[serde(rename = "type")]
    _type: String,
    #[serde(default, rename = "collation")]
    _collation: Option<String>,
}

/// The definition without the semicolon at its end, as the server prints it.
pub(super) fn query(definition: &str) -> &str {
    definition.trim().trim_end_matches(';')
}

impl Attributes {
    fn options(&self) -> Options<'_> {
        Options { values: &self.options, order: &self.option_order }
    }
}

fn create_sql(fact: &Fact, view: &Attributes, or_replace: &str) -> String {
    let name = Quoted(fact.id.first());
    format!("CREATE {or_replace}VIEW {name}{} AS\n{}", view.options().with(), query(&view.definition))
}

/// The statements about defaults that differ.
fn default_steps(
    fact: &Fact,
    verb: Verb,
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
) -> Vec<Step> {
    let view = Quoted(fact.id.first());
    let gone = from.keys().filter(|column| !to.contains_key(*column));
    let dropped =
        gone.map(|column| format!("ALTER VIEW {view} ALTER COLUMN {} DROP DEFAULT", Quoted(column)));
    let new = to.iter().filter(|(column, default)| from.get(*column) != Some(default));
    let set = new.map(|(column, default)| {
        format!("ALTER VIEW {view} ALTER COLUMN {} SET DEFAULT {default}", Quoted(column))
    });
    dropped.chain(set).map(|sql| Step::new(&fact.id, verb, sql)).collect()
}

impl Rules for View {
    fn gives_way(&self) -> bool {
        true
    }

    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let view: Attributes = fact.decode()?;
        let mut steps = vec![Step::new(&fact.id, Verb::Create, create_sql(fact, &view, ""))];
        steps.extend(default_steps(fact, Verb::Create, &BTreeMap::new(), &view.defaults));
        steps.extend(owner_step(fact, Verb::Create));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let step = drop_step(fact).locks(&fact.id, LockMode::AccessExclusive);
        Ok(vec![if context.to.contains(&fact.id) {
            step
        } else {
            step.hazard(HazardKind::ChangesContract, &fact.id, "whoever reads it will fail")
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
        let differs = |attribute: &str| changed.iter().any(|other| other == attribute);
        if changed.iter().any(|name| !["definition", "options", "defaults", "owner"].contains(&name.as_str()))
            || differs("definition") && !after.columns.starts_with(&before.columns)
        {
            return Ok(Alteration::Replace);
        }
        let mut steps = Vec::new();
        if differs("definition") {
            // It brings the options along.
            steps.push(Step::new(&to.id, Verb::Alter, create_sql(to, &after, "OR REPLACE ")));
        } else {
            let alter = |change| format!("ALTER VIEW {} {change}", Quoted(to.id.first()));
            let changes = before.options().way_to(after.options());
            steps.extend(changes.into_iter().map(|change| Step::new(&to.id, Verb::Alter, alter(change))));
        }
        let security = ["security_invoker", "security_barrier"];
        if security.iter().any(|option| before.options.get(*option) != after.options.get(*option)) {
            let detail = "whose rights it reads with, or which rows it shows, changes";
            steps = steps.into_iter().map(|s| s.hazard(HazardKind::ChangesAccess, &to.id, detail)).collect();
        }
        steps.extend(default_steps(to, Verb::Alter, &before.defaults, &after.defaults));
        steps.extend(owner_step(to, Verb::Alter).filter(|_| differs("owner")));
        let locked = steps.into_iter().map(|step| step.locks(&to.id, LockMode::AccessExclusive));
        Ok(Alteration::in_place(locked.collect()))
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::relation(fact)
    }
}
