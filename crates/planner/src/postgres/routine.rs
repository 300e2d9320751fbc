//! Functions and procedures: their header from its parts, their body as it
//! was written. `CREATE OR REPLACE` where PostgreSQL takes it, else dropped and
//! made anew with all that rests on them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::address::{drop_step, owner_step};
use super::slot;
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::{DollarQuoted, Literal, Quoted};
use crate::{HazardKind, PlanError, Step, Verb};

/// The rules of functions and of procedures.
pub(super) struct Routine;

#[derive(PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    /// All arguments but the columns of RETURNS TABLE.
    #[serde(default)]
    arguments: Vec<Argument>,
    /// What follows RETURNS; a procedure has none.
    #[serde(default)]
    returns: Option<String>,
    language: String,
    /// The body as a string; for a C function the symbol.
    #[serde(default)]
    body: Option<String>,
    /// The body that the server parsed (BEGIN ATOMIC, RETURN), as it prints it.
    #[serde(default)]
    sql_body: Option<String>,
    /// The file of a C function.
    #[serde(default)]
    library: Option<String>,
    #[serde(default)]
    window: bool,
    /// `IMMUTABLE` or `STABLE`; volatile has none.
    #[serde(default)]
    volatility: Option<String>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    security_definer: bool,
    #[serde(default)]
    leakproof: bool,
    /// `SAFE` or `RESTRICTED`; unsafe has none.
    #[serde(default)]
    parallel: Option<String>,
    /// Where it is not the language's default.
    #[serde(default)]
    cost: Option<f64>,
    #[serde(default)]
    rows: Option<f64>,
    #[serde(default)]
    support: Option<String>,
    /// The types that are transformed.
    #[serde(default)]
    transforms: Vec<String>,
    /// `SET` clauses in order.
    #[serde(default)]
    settings: Vec<Setting>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
    /// Its body names the schema.
    #[serde(default, rename = "_names_schema")]
    _names_schema: bool,
}

#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Argument {
    #[serde(default)]
    name: Option<String>,
    /// `IN`, `OUT`, `INOUT` or `VARIADIC`.
    mode: String,
    #[serde(rename = "type")]
    data_type: String,
    #[serde(default)]
    default: Option<String>,
}

#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    name: String,
    /// As text to be quoted; or, where the setting is a list, its items.
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    items: Option<Vec<String>>,
}

impl Argument {
    fn is_input(&self) -> bool {
        self.mode != "OUT"
    }

    fn sql(&self) -> String {
        let mut sql = String::new();
        if self.mode != "IN" {
            sql.push_str(&self.mode);
            sql.push(' ');
        }
        if let Some(name) = &self.name {
            let _ = write!(sql, "{} ", Quoted(name));
        }
        sql.push_str(&self.data_type);
        if let Some(default) = &self.default {
            let _ = write!(sql, " DEFAULT {default}");
        }
        sql
    }
}

impl Setting {
    fn sql(&self) -> String {
        let value = match (&self.items, &self.value) {
            (Some(items), _) => {
                let sql =
                    |item: &String| if item.is_empty() { "''".to_owned() } else { Quoted(item).to_string() };
                items.iter().map(sql).collect::<Vec<_>>().join(", ")
            }
            (None, Some(value)) => Literal(value).to_string(),
            (None, None) => "DEFAULT".to_owned(),
        };
        format!("SET {} TO {value}", setting_name(&self.name))
    }
}

/// A custom setting (`app.tenant`) is two names.
fn setting_name(name: &str) -> String {
    name.split('.').map(|part| Quoted(part).to_string()).collect::<Vec<_>>().join(".")
}

impl Attributes {
    /// The whole `CREATE` statement.
    fn sql(&self, id: &ObjectId, or_replace: &str) -> String {
        let keyword = if id.kind == Kind::Procedure { "PROCEDURE" } else { "FUNCTION" };
        let arguments: Vec<String> = self.arguments.iter().map(Argument::sql).collect();
        let mut sql =
            format!("CREATE {or_replace}{keyword} {}({})", Quoted(id.first()), arguments.join(", "));
        if let Some(returns) = &self.returns {
            let _ = write!(sql, "\n    RETURNS {returns}");
        }
        let _ = write!(sql, "\n    LANGUAGE {}", Quoted(&self.language));
        for clause in self.clauses() {
            let _ = write!(sql, "\n    {clause}");
        }
        match (&self.sql_body, &self.library, &self.body) {
            (Some(body), ..) => {
                let _ = write!(sql, "\n{}", body.trim());
            }
            (None, Some(library), body) => {
                let symbol = body.as_deref().unwrap_or_default();
                let _ = write!(sql, "\n    AS {}, {}", Literal(library), Literal(symbol));
            }
            (None, None, body) => {
                let _ = write!(sql, "\n    AS {}", DollarQuoted(body.as_deref().unwrap_or_default()));
            }
        }
        sql
    }

    fn clauses(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        if !self.transforms.is_empty() {
            let types: Vec<String> = self.transforms.iter().map(|name| format!("FOR TYPE {name}")).collect();
            clauses.push(format!("TRANSFORM {}", types.join(", ")));
        }
        let flags =
            [(self.window, "WINDOW"), (self.strict, "STRICT"), (self.security_definer, "SECURITY DEFINER")];
        clauses.extend(self.volatility.clone());
        clauses.extend(flags.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()));
        if self.leakproof {
            clauses.push("LEAKPROOF".to_owned());
        }
        clauses.extend(self.parallel.as_ref().map(|word| format!("PARALLEL {word}")));
        clauses.extend(self.cost.map(|cost| format!("COST {cost}")));
        clauses.extend(self.rows.map(|rows| format!("ROWS {rows}")));
        clauses.extend(self.support.as_ref().map(|name| format!("SUPPORT {name}")));
        clauses.extend(self.settings.iter().map(Setting::sql));
        clauses
    }

    /// Whether `CREATE OR REPLACE` can put `after` in its place: it can change
    /// neither what is returned nor a name that callers may use, nor take a
    /// default away.
    ///
    /// <https://www.postgresql.org/docs/current/sql-createfunction.html>
    fn can_become(&self, after: &Attributes) -> bool {
        let same_shape = self.returns == after.returns
            && self.window == after.window
            && self.arguments.len() == after.arguments.len();
        same_shape
            && self.arguments.iter().zip(&after.arguments).all(|(old, new)| {
                old.mode == new.mode
                    && old.data_type == new.data_type
                    && (old.name == new.name || old.name.is_none() && old.is_input())
                    && (old.default.is_none() || new.default.is_some())
            })
    }

    /// Whether both compute the same: everything that decides about a result.
    fn computes_the_same(&self, after: &Attributes) -> bool {
        let defaults = |routine: &Attributes| -> Vec<Option<String>> {
            routine.arguments.iter().map(|argument| argument.default.clone()).collect()
        };
        (&self.body, &self.sql_body, &self.library, &self.language, self.strict, &self.settings)
            == (&after.body, &after.sql_body, &after.library, &after.language, after.strict, &after.settings)
            && defaults(self) == defaults(after)
    }

    /// What anybody can mislead who can create something in a schema that
    /// comes earlier in the caller's search path.
    fn is_misleading(&self) -> bool {
        self.security_definer && !self.settings.iter().any(|setting| setting.name == "search_path")
    }
}

/// With the hazards that the routine itself brings.
fn judged(fact: &Fact, routine: &Attributes, step: Step) -> Step {
    if routine.is_misleading() {
        let detail = "runs with its owner's rights, and without a search_path of its own, so whoever can create \
                      objects in a schema of the caller's search_path decides what it does";
        return step.hazard(HazardKind::SecurityDefiner, &fact.id, detail);
    }
    step
}

/// The facts whose stored values were computed by a routine, directly or by
/// another that calls it (as far as the server knows of calls).
fn computed_by<'a>(id: &'a ObjectId, context: &Context<'a>) -> BTreeSet<&'a ObjectId> {
    let stores =
        [Kind::Index, Kind::Constraint, Kind::DomainConstraint, Kind::Column, Kind::MaterializedView];
    let calls = [Kind::Function, Kind::Aggregate, Kind::Operator, Kind::OperatorClass, Kind::OperatorFamily];
    let (mut found, mut seen, mut stack) = (BTreeSet::new(), BTreeSet::new(), vec![id]);
    while let Some(at) = stack.pop() {
        for on in context.to.dependents(at).filter(|on| !context.is_new(on)) {
            if calls.contains(&on.kind) && seen.insert(on) {
                stack.push(on);
            } else if stores.contains(&on.kind) && context.from.contains(on) {
                found.insert(on);
            }
        }
    }
    found
}

/// With a hazard for each thing that goes on holding what the old routine
/// computed.
fn with_stale<'a>(id: &'a ObjectId, mut step: Step, context: &Context<'a>) -> Step {
    for on in computed_by(id, context) {
        let detail = match on.kind {
            Kind::Index => format!("holds what the old {id} computed: REINDEX it if results differ"),
            Kind::Column => format!("holds what the old {id} computed, until its rows are written again"),
            Kind::MaterializedView => format!("holds what the old {id} computed, until it is refreshed"),
            _ => format!("was checked by the old {id}: rows may no longer satisfy it"),
        };
        step = step.hazard(HazardKind::StaleValues, on, detail);
    }
    step
}

impl Rules for Routine {
    fn gives_way(&self) -> bool {
        true
    }

    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let routine: Attributes = fact.decode()?;
        let step = Step::new(&fact.id, Verb::Create, routine.sql(&fact.id, ""));
        let mut steps = vec![judged(fact, &routine, step)];
        steps.extend(owner_step(fact, Verb::Create));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let step = drop_step(fact);
        let detail = match context.to.get(&fact.id) {
            None => "whoever calls it will fail",
            Some(to) if !fact.decode::<Attributes>()?.can_become(&to.decode()?) => {
                "callers see another result, other names of arguments, or miss a default"
            }
            Some(_) => return Ok(vec![step]),
        };
        Ok(vec![step.hazard(HazardKind::ChangesContract, &fact.id, detail)])
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        if !before.can_become(&after) {
            return Ok(Alteration::Replace);
        }
        let mut steps = Vec::new();
        if changed.iter().any(|attribute| attribute != "owner") {
            let step = Step::new(&to.id, Verb::Alter, after.sql(&to.id, "OR REPLACE "));
            let mut step = judged(to, &after, step);
            if before.security_definer != after.security_definer {
                step = step.hazard(HazardKind::ChangesAccess, &to.id, "whose rights it runs with changes");
            }
            if !before.computes_the_same(&after) {
                step = with_stale(&to.id, step, context);
            }
            steps.push(step);
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
