//! Materialized views. What they hold follows from their definition, so
//! another definition is a new view.
//!
//! Whether one is populated is not part of a schema. It is made `WITH NO DATA`
//! and filled by a `REFRESH` of its own ([`Verb::Fill`]), which a proof leaves
//! out: it runs the tenant's functions and changes nothing of the schema. What
//! it reads and was never filled is filled before, as the server would refuse.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::address::{Address, drop_step, owner_step};
use super::options::Options;
use super::slot;
use super::view::{ViewColumn, query};
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Step, Verb};

/// The carried attribute that says whether one is populated.
pub const POPULATED: &str = "_populated";

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
    /// What is said of its columns, of those of which something is.
    #[serde(default)]
    columns: BTreeMap<String, Column>,
    #[serde(default, rename = "_columns")]
    _columns: Vec<ViewColumn>,
    #[serde(default, rename = "_populated")]
    _populated: bool,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

/// What can be said of a column of a materialized view.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    #[serde(default)]
    storage: Option<String>,
    /// Of its type, where it has another one.
    #[serde(default)]
    usual_storage: Option<String>,
    #[serde(default)]
    compression: Option<String>,
    #[serde(default)]
    statistics: Option<i64>,
    #[serde(default)]
    options: BTreeMap<String, String>,
}

impl Column {
    /// What leads to `to`, where ALTER COLUMN stands before it.
    fn way_to(&self, to: &Column) -> Vec<String> {
        let mut actions = Vec::new();
        if self.storage != to.storage
            && let Some(storage) = to.storage.as_ref().or(self.usual_storage.as_ref())
        {
            actions.push(format!("SET STORAGE {}", storage.to_uppercase()));
        }
        if self.compression != to.compression {
            actions.push(format!("SET COMPRESSION {}", to.compression.as_deref().unwrap_or("default")));
        }
        if self.statistics != to.statistics {
            actions.push(format!("SET STATISTICS {}", to.statistics.unwrap_or(-1)));
        }
        let options = |column| Options { values: column, order: &[] };
        actions.extend(options(&self.options).way_to(options(&to.options)));
        actions
    }
}

/// The statements about columns that differ.
fn column_steps(
    fact: &Fact,
    verb: Verb,
    from: &BTreeMap<String, Column>,
    to: &BTreeMap<String, Column>,
) -> Vec<Step> {
    let nothing = Column::default();
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let step = |name: &String, action: &str| {
        let sql = format!("ALTER {} ALTER COLUMN {} {action}", Address(&fact.id), Quoted(name));
        Step::new(&fact.id, verb, sql).locks(&fact.id, LockMode::AccessExclusive)
    };
    let steps = names.into_iter().flat_map(|name| {
        let actions = from.get(name).unwrap_or(&nothing).way_to(to.get(name).unwrap_or(&nothing));
        actions.iter().map(|action| step(name, action)).collect::<Vec<_>>()
    });
    steps.collect()
}

impl Attributes {
    fn options(&self) -> Options<'_> {
        Options { values: &self.options, order: &self.option_order }
    }
}

fn refresh(view: &ObjectId) -> Step {
    Step::new(view, Verb::Fill, format!("REFRESH {}", Address(view)))
        .locks(view, LockMode::AccessExclusive)
        .hazard(HazardKind::RunsTenantFunctions, view, "its query is run to fill it")
}

/// What a view reads, also through other views, and was never filled, each after what it reads itself.
fn read_and_never_filled(
    view: &ObjectId,
    context: &Context<'_>,
    seen: &mut BTreeSet<ObjectId>,
    found: &mut Vec<ObjectId>,
) {
    for read in context.to.depends_on(view) {
        let is_filled =
            || context.is_new(read) || context.from.get(read).is_some_and(|fact| fact.is(POPULATED));
        let passes = match read.kind {
            Kind::View => true,
            Kind::MaterializedView => !is_filled(),
            _ => false,
        };
        if passes && seen.insert(read.clone()) {
            read_and_never_filled(read, context, seen, found);
            found.extend(Some(read).filter(|read| read.kind == Kind::MaterializedView).cloned());
        }
    }
}

/// Whether its query calls functions of the schema, also through what it reads.
fn runs_functions(view: &ObjectId, context: &Context<'_>) -> bool {
    let (mut seen, mut stack) = (BTreeSet::new(), vec![view]);
    while let Some(at) = stack.pop() {
        if matches!(at.kind, Kind::Function | Kind::Aggregate) {
            return true;
        }
        if seen.insert(at) {
            stack.extend(context.to.depends_on(at));
        }
    }
    false
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
        steps.extend(column_steps(fact, Verb::Create, &BTreeMap::new(), &view.columns));
        let mut never_filled = Vec::new();
        read_and_never_filled(&fact.id, context, &mut BTreeSet::new(), &mut never_filled);
        steps.extend(never_filled.iter().chain([&fact.id]).map(refresh));
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
                "columns" => {
                    steps.extend(column_steps(to, Verb::Alter, &before.columns, &after.columns));
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

    /// Those that run functions, which may read others without a word of it in the catalog, come after those that do not.
    fn rank(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> i8 {
        i8::from(verb == Verb::Create && runs_functions(&fact.id, context))
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::relation(fact)
    }
}
