//! Constraints of tables, in the server's own words. What a table only has
//! because its parent has it follows from that, and is no fact.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::{External, Fact, Kind, ObjectId, Reference};

use super::column::table_of;
use super::options::Options;
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::{Destructive, HazardKind, Lock, LockMode, LockTarget, PlanError, Step, Verb};

/// The rules of constraints.
pub(super) struct Constraint;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Type {
    #[serde(rename = "primary key")]
    PrimaryKey,
    #[serde(rename = "unique")]
    Unique,
    #[serde(rename = "check")]
    Check,
    #[serde(rename = "foreign key")]
    ForeignKey,
    #[serde(rename = "exclusion")]
    Exclusion,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    #[serde(rename = "type")]
    kind: Type,
    definition: String,
    /// Of its index.
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default)]
    clustered: bool,
    #[serde(default)]
    replica_identity: bool,
    /// The table of the schema that a foreign key refers to.
    #[serde(default, rename = "_references")]
    references: Option<String>,
    #[serde(default, rename = "_reserved")]
    reserved: Option<String>,
}

/// Whether an index carries it.
pub(super) fn has_index(fact: &Fact) -> bool {
    matches!(fact.text("type"), Some("primary key" | "unique" | "exclusion"))
}

/// `CONSTRAINT name ...`, as it stands within `CREATE TABLE`.
///
/// # Errors
/// When the fact cannot be understood.
pub(super) fn clause(fact: &Fact) -> Result<String, PlanError> {
    let constraint: Attributes = fact.decode()?;
    Ok(format!("CONSTRAINT {} {}", Quoted(fact.id.last()), constraint.definition))
}

/// What is said of a constraint's index after it was made.
///
/// # Errors
/// When a fact cannot be understood.
pub(super) fn extras(to: &Fact, from: Option<&Fact>) -> Result<Vec<Step>, PlanError> {
    let after: Attributes = to.decode()?;
    let before: Option<Attributes> = from.map(Fact::decode).transpose()?;
    let verb = if from.is_some() { Verb::Alter } else { Verb::Create };
    let (table, name) = (Quoted(to.id.first()), Quoted(to.id.last()));
    let nothing = BTreeMap::new();
    let options = Options { values: before.as_ref().map_or(&nothing, |b| &b.options), order: &[] };
    let mut statements: Vec<String> = options
        .way_to(Options { values: &after.options, order: &[] })
        .iter()
        .map(|clause| format!("ALTER INDEX {name} {clause}"))
        .collect();
    let was = |flag: fn(&Attributes) -> bool| before.as_ref().is_some_and(flag);
    if after.clustered && !was(|b| b.clustered) {
        statements.push(format!("ALTER TABLE {table} CLUSTER ON {name}"));
    }
    if after.replica_identity && !was(|b| b.replica_identity) {
        statements.push(format!("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {name}"));
    }
    let step = |sql| Step::new(&to.id, verb, sql).locks(&table_of(to), LockMode::AccessExclusive);
    Ok(statements.into_iter().map(step).collect())
}

/// A table that other tenants share, where a foreign key refers to one.
fn shared(fact: &Fact, context: &Context<'_>) -> Option<External> {
    let external = |reference: &Reference| match reference {
        Reference::Outside(external) if external.kind == "table" => Some(external.clone()),
        _ => None,
    };
    context.to.references(&fact.id).find_map(external)
}

/// With the locks that adding or validating a constraint takes on the table
/// that it refers to.
fn locks_referenced(step: Step, fact: &Fact, constraint: &Attributes, context: &Context<'_>) -> Step {
    if constraint.kind != Type::ForeignKey {
        return step;
    }
    if let Some(table) = &constraint.references {
        return step.locks(&ObjectId::new(Kind::Table, [table]), LockMode::ShareRowExclusive);
    }
    let Some(external) = shared(fact, context) else { return step };
    let detail = format!("{} is locked against writes until the commit", external.identity);
    let mut step = step.hazard(HazardKind::LocksSharedTable, &fact.id, detail);
    step.locks.insert(Lock { on: LockTarget::Shared(external), mode: LockMode::ShareRowExclusive });
    step
}

impl Rules for Constraint {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let constraint: Attributes = fact.decode()?;
        let table = table_of(fact);
        let mode = if constraint.kind == Type::ForeignKey {
            LockMode::ShareRowExclusive
        } else {
            LockMode::AccessExclusive
        };
        let sql = format!("ALTER TABLE {} ADD {}", Quoted(fact.id.first()), clause(fact)?);
        let mut step = Step::new(&fact.id, Verb::Create, sql).locks(&table, mode);
        step = locks_referenced(step, fact, &constraint, context);
        if !context.is_new(&table) {
            let not_valid = constraint.definition.ends_with(" NOT VALID");
            if has_index(fact) {
                step =
                    step.hazard(HazardKind::BuildsIndex, &table, "everybody waits while its index is built");
            } else if !not_valid {
                step = step.hazard(HazardKind::ScansTable, &table, "all rows are checked under the lock");
            }
            if !not_valid {
                step = step.hazard(HazardKind::DependsOnRows, &table, "fails where rows do not fit");
            }
        }
        let mut steps = vec![step];
        steps.extend(extras(fact, None)?);
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let constraint: Attributes = fact.decode()?;
        let sql =
            format!("ALTER TABLE {} DROP CONSTRAINT {}", Quoted(fact.id.first()), Quoted(fact.id.last()));
        let mut step = Step::new(&fact.id, Verb::Drop, sql).locks(&table_of(fact), LockMode::AccessExclusive);
        if let Some(table) = constraint.references {
            step = step.locks(&ObjectId::new(Kind::Table, [table]), LockMode::AccessExclusive);
        }
        Ok(vec![step])
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        let mut steps = Vec::new();
        for attribute in changed {
            match attribute.as_str() {
                "definition" if before.definition.strip_suffix(" NOT VALID") == Some(&after.definition) => {
                    let sql =
                        format!("ALTER TABLE {} VALIDATE {}", Quoted(to.id.first()), constraint_name(to));
                    let table = table_of(to);
                    let step = Step::new(&to.id, Verb::Alter, sql)
                        .locks(&table, LockMode::ShareUpdateExclusive)
                        .hazard(HazardKind::DependsOnRows, &table, "fails where rows do not fit");
                    steps.push(step);
                }
                "options" | "clustered" | "replica_identity" => {}
                _ => return Ok(Alteration::Replace),
            }
        }
        if before.clustered && !after.clustered {
            let another = context.to.children(&table_of(to)).any(|other| other.is("clustered"));
            if !another {
                let sql = format!("ALTER TABLE {} SET WITHOUT CLUSTER", Quoted(to.id.first()));
                steps.push(Step::new(&to.id, Verb::Alter, sql));
            }
        }
        steps.extend(extras(to, Some(from))?);
        Ok(Alteration::in_place(steps))
    }

    /// Foreign keys are always made by themselves: tables may refer to each
    /// other in a circle.
    fn foldable(&self, fact: &Fact, _: &Context<'_>) -> bool {
        fact.text("type") != Some("foreign key")
    }

    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        if fact.text("type") == Some("foreign key") {
            let aside = context.policy.destructive != Destructive::Allow;
            let other = fact.text("_references").map(|table| ObjectId::new(Kind::Table, [table]));
            let circle =
                other.is_some_and(|other| Some(&other) != fact.parent.as_ref() && context.is_gone(&other));
            if aside || circle {
                return None;
            }
        }
        fact.parent.clone()
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        let mut slots = vec![Slot("constraint", fact.id.name.join("."))];
        if has_index(fact) {
            slots.push(Slot("relation", fact.id.last().to_owned()));
        }
        slots
    }

    fn restore(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let constraint: Attributes = fact.decode()?;
        let now = constraint.reserved.unwrap_or_default();
        let sql = format!(
            "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
            Quoted(fact.id.first()),
            Quoted(&now),
            Quoted(fact.id.last())
        );
        Ok(vec![Step::new(&fact.id, Verb::Restore, sql)])
    }

    /// What locks a shared table comes last, and holds the lock the shortest.
    fn rank(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> i8 {
        let foreign = fact.text("type") == Some("foreign key") && verb == Verb::Create;
        i8::from(foreign && shared(fact, context).is_some())
    }
}

/// `CONSTRAINT name`.
fn constraint_name(fact: &Fact) -> String {
    format!("CONSTRAINT {}", Quoted(fact.id.last()))
}
