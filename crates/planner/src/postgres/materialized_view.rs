//! Materialized views. What they hold follows from their definition, so
//! another definition is a new view.
//!
//! Whether one is populated is not part of a schema. It is made `WITH NO DATA`
//! and filled by a `REFRESH` of its own ([`Verb::Fill`]), which a proof leaves
//! out: it runs the tenant's functions and changes nothing of the schema.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::{Address, drop_step, owner_step};
use super::options::Options;
use super::slot;
use super::view::{ViewColumn, query};
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Step, Verb};

/// The rules of materialized views.
pub(super) struct MaterializedView;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    definition: String,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default, rename = "_option_order")]
    option_order: Vec<String>,
    /// The table access method, where it is not `heap`.
    #[serde(default)]
    access_method: Option<String>,
    #[serde(default, rename = "_columns")]
    _columns: Vec<ViewColumn>,
    #[serde(default, rename = "_populated")]
    populated: bool,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

impl Attributes {
    fn options(&self) -> Options<'_> {
        Options { values: &self.options, order: &self.option_order }
    }
}

impl Rules for MaterializedView {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let view: Attributes = fact.decode()?;
        let name = Quoted(fact.id.first());
        let method = view.access_method.as_deref();
        let using = method.map_or(String::new(), |method| format!(" USING {}", Quoted(method)));
        let options = view.options().with();
        let query = query(&view.definition);
        let sql = format!("CREATE MATERIALIZED VIEW {name}{using}{options} AS\n{query}\nWITH NO DATA");
        let mut steps = vec![Step::new(&fact.id, Verb::Create, sql)];
        steps.extend(owner_step(fact, Verb::Create));
        let emptied = match context.from.get(&fact.id) {
            Some(before) => !before.decode::<Attributes>()?.populated,
            None => false,
        };
        if !emptied {
            let refresh = Step::new(&fact.id, Verb::Fill, format!("REFRESH MATERIALIZED VIEW {name}"));
            steps.push(refresh.locks(&fact.id, LockMode::AccessExclusive).hazard(
                HazardKind::RunsTenantFunctions,
                &fact.id,
                "its query is run to fill it",
            ));
        }
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
        let mut steps = Vec::new();
        for attribute in changed {
            match attribute.as_str() {
                "options" => {
                    let changes = before.options().way_to(after.options());
                    steps.extend(changes.into_iter().map(|change| {
                        let sql = format!("ALTER {} {change}", Address(&to.id));
                        Step::new(&to.id, Verb::Alter, sql).locks(&to.id, LockMode::ShareUpdateExclusive)
                    }));
                }
                "owner" => {
                    steps.extend(
                        owner_step(to, Verb::Alter).map(|step| step.locks(&to.id, LockMode::AccessExclusive)),
                    );
                }
                _ => return Ok(Alteration::Replace),
            }
        }
        Ok(Alteration::in_place(steps))
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::relation(fact)
    }
}
