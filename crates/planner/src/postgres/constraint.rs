//! Constraints of tables, in the server's own words. A check that a table only
//! inherits is no fact. What a partition has from its partitioned table is one,
//! as a table needs it before it is attached, and keeps it when it is detached.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::{Catalog, External, Fact, Kind, ObjectId, Reference};

use super::column::table_of;
use super::lineage;
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
    #[serde(default)]
    deferrable: bool,
    #[serde(default)]
    deferred: bool,
    #[serde(default)]
    not_valid: bool,
    #[serde(default)]
    not_enforced: bool,
    /// The constraint of the partitioned table that a partition's belongs to.
    #[serde(default)]
    attached_to: Option<String>,
    /// Whether a partitioned table's index lacks those of some partitions.
    #[serde(default)]
    invalid: bool,
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
    let mut text = format!("CONSTRAINT {} {}", Quoted(fact.id.last()), constraint.definition);
    text.push_str(&constraint.deferral());
    text.push_str(match (constraint.not_enforced, constraint.not_valid) {
        (true, _) => " NOT ENFORCED",
        (false, true) => " NOT VALID",
        (false, false) => "",
    });
    Ok(text)
}

impl Attributes {
    fn has_index(&self) -> bool {
        matches!(self.kind, Type::PrimaryKey | Type::Unique | Type::Exclusion)
    }

    /// Whether a partition's becomes one of the partitioned table's by being
    /// attached to it. The server never takes two exclusions for the same.
    fn is_attached(&self) -> bool {
        matches!(self.kind, Type::PrimaryKey | Type::Unique)
    }

    /// When it is checked, with a space before it; nothing for at once.
    fn deferral(&self) -> String {
        let deferrable = if self.deferrable { " DEFERRABLE" } else { "" };
        let deferred = if self.deferred { " INITIALLY DEFERRED" } else { "" };
        format!("{deferrable}{deferred}")
    }
}

/// The constraint of another name that takes a partition's place under the
/// same constraint of the partitioned table: neither can be dropped or made.
fn namesake<'a>(fact: &Fact, catalog: &'a Catalog, context: &Context<'_>) -> Option<&'a Fact> {
    lineage::namesake(fact, &lineage::constraint_above(fact, context)?, catalog, context)
}

/// The check of a table above that leaves its copy here when the link to that
/// table is cut.
fn left_behind<'a>(fact: &Fact, context: &Context<'a>) -> Option<&'a Fact> {
    let links = context.from.children(fact.parent.as_ref()?);
    let cut = links.filter(|link| link.id.kind == Kind::Inheritance && context.is_gone(&link.id));
    let mut above = cut
        .filter_map(|link| link.text("_parent"))
        .filter_map(|table| context.from.get(&ObjectId::new(Kind::Constraint, [table, fact.id.last()])));
    above.find(|above| lineage::is_passed_on(above) && !context.from.contains(&fact.id))
}

/// The constraint of the partitioned table that a new partition's is attached to by name, as not all partitions have one: it
/// comes after they are attached.
fn incomplete(fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
    let link = context.to.get(&ObjectId::new(Kind::Partition, [fact.id.first()]))?;
    let above = ObjectId::new(Kind::Constraint, [link.text("_parent")?, fact.text("attached_to")?]);
    context.to.get(&above).filter(|above| above.is("invalid") && context.is_new(&above.id))?;
    Some(above)
}

/// Whether a partition's is validated, and the one above, which is made anew and with which it comes, is not.
fn is_validated_below(fact: &Fact, context: &Context<'_>) -> bool {
    let above = lineage::constraint_above(fact, context).filter(|above| context.is_new(above));
    let above = above.and_then(|above| context.to.get(&above));
    !fact.is("not_valid") && above.is_some_and(|above| above.is("not_valid"))
}

/// Whether a partition's copy of a foreign key goes with that: before the
/// partition is detached, as rows that are referred to could not leave.
fn copy_goes(fact: &Fact, context: &Context<'_>) -> bool {
    lineage::copied_from(fact, context.from).is_some_and(|above| context.is_gone(&above))
}

/// Whether another one of the table has the same key: of such ones the server
/// makes one, where the statement that makes the table writes them.
fn repeats(fact: &Fact, context: &Context<'_>) -> bool {
    let key = |fact: &Fact| {
        let definition = fact.text("definition").unwrap_or_default();
        let key = definition.trim_start_matches("PRIMARY KEY").trim_start_matches("UNIQUE");
        has_index(fact).then(|| key.trim_start_matches(" NULLS NOT DISTINCT").to_owned())
    };
    let siblings = fact.parent.iter().flat_map(|table| context.to.children(table));
    let mut before = siblings.filter(|other| other.id.kind == Kind::Constraint && other.id < fact.id);
    has_index(fact) && before.any(|other| key(other) == key(fact))
}

/// `ALTER TABLE t ...`, locked.
fn on_table(fact: &Fact, verb: Verb, action: &str, mode: LockMode) -> Step {
    let sql = format!("ALTER TABLE {} {action}", Quoted(fact.id.first()));
    Step::new(&fact.id, verb, sql).locks(&table_of(fact), mode)
}

/// Gives a partition's index its place under the partitioned table's.
fn attach(fact: &Fact, verb: Verb, above: &ObjectId) -> Step {
    let sql = format!("ALTER INDEX {} ATTACH PARTITION {}", Quoted(above.last()), Quoted(fact.id.last()));
    Step::new(&fact.id, verb, sql).locks(&table_of(fact), LockMode::AccessExclusive)
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
        if let Some(before) = namesake(fact, context.from, context) {
            let sql = format!("RENAME {} TO {}", constraint_name(before), Quoted(fact.id.last()));
            return Ok(vec![on_table(fact, Verb::Create, &sql, LockMode::AccessExclusive)]);
        }
        if let Some(same) = left_behind(fact, context)
            && same.decode::<Attributes>()?.definition == constraint.definition
        {
            return Ok(Vec::new());
        }
        let mode = if constraint.kind == Type::ForeignKey {
            LockMode::ShareRowExclusive
        } else {
            LockMode::AccessExclusive
        };
        if is_validated_below(fact, context) {
            let action = format!("VALIDATE {}", constraint_name(fact));
            let step = on_table(fact, Verb::Create, &action, LockMode::ShareUpdateExclusive);
            return Ok(vec![step.hazard(HazardKind::DependsOnRows, &table, "fails where rows do not fit")]);
        }
        // Partitions get theirs one by one, each under its own name.
        let only = if constraint.is_attached() { lineage::only(fact.id.first(), context) } else { "" };
        let sql = format!("ALTER TABLE {only}{} ADD {}", Quoted(fact.id.first()), clause(fact)?);
        let mut step = Step::new(&fact.id, Verb::Create, sql).locks(&table, mode);
        step = locks_referenced(step, fact, &constraint, context);
        if !context.is_new(&table) {
            let checks = !constraint.not_valid && !constraint.not_enforced;
            if constraint.has_index() {
                step =
                    step.hazard(HazardKind::BuildsIndex, &table, "everybody waits while its index is built");
            } else if checks {
                step = step.hazard(HazardKind::ScansTable, &table, "all rows are checked under the lock");
            }
            if checks {
                step = step.hazard(HazardKind::DependsOnRows, &table, "fails where rows do not fit");
            }
        }
        let mut steps = vec![step];
        if constraint.is_attached()
            && let Some(above) =
                lineage::constraint_above(fact, context).or_else(|| incomplete(fact, context))
        {
            steps.push(attach(fact, Verb::Create, &above));
        }
        steps.extend(extras(fact, None)?);
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        if namesake(fact, context.to, context).is_some() {
            return Ok(Vec::new());
        }
        let constraint: Attributes = fact.decode()?;
        let action = format!("DROP {}", constraint_name(fact));
        let mut step = on_table(fact, Verb::Drop, &action, LockMode::AccessExclusive);
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
        let foreign = after.kind == Type::ForeignKey;
        let above = lineage::constraint_above(to, context);
        let sides = above.as_ref().and_then(|above| context.from.get(above).zip(context.to.get(above)));
        let follows =
            |attribute: &str| sides.is_some_and(|(from, to)| from.get(attribute) != to.get(attribute));
        let mut steps = Vec::new();
        let mut deferral = false;
        for attribute in changed {
            match attribute.as_str() {
                "not_valid" if before.not_valid && !before.not_enforced && !after.not_enforced => {
                    if !follows("not_valid") {
                        let table = table_of(to);
                        let action = format!("VALIDATE {}", constraint_name(to));
                        let step = on_table(to, Verb::Alter, &action, LockMode::ShareUpdateExclusive);
                        steps.push(step.hazard(
                            HazardKind::DependsOnRows,
                            &table,
                            "fails where rows do not fit",
                        ));
                    }
                }
                "deferrable" | "deferred" if foreign => deferral |= !follows(attribute),
                "not_enforced" if foreign => {
                    let action = format!(
                        "ALTER {} {}",
                        constraint_name(to),
                        if after.not_enforced { "NOT ENFORCED" } else { "ENFORCED" }
                    );
                    if !follows(attribute) {
                        steps.push(on_table(to, Verb::Alter, &action, LockMode::AccessExclusive));
                    }
                }
                "not_valid" if foreign && before.not_enforced != after.not_enforced && !after.not_valid => {}
                "attached_to" if foreign && copy_goes(from, context) => return Ok(Alteration::Replace),
                "attached_to" => match &above {
                    Some(above) if before.attached_to.is_none() && after.is_attached() => {
                        steps.push(attach(to, Verb::Alter, above));
                    }
                    Some(_) => return Ok(Alteration::Replace),
                    // The one above goes, and takes it along, though the partition stays.
                    None if lineage::constraint_above(from, context).is_some() => {
                        return Ok(Alteration::Replace);
                    }
                    // It comes and leaves with its partition.
                    None => {}
                },
                // It is, as soon as every partition has its own.
                "invalid" if !after.invalid => {}
                "options" | "clustered" | "replica_identity" => {}
                _ => return Ok(Alteration::Replace),
            }
        }
        if deferral {
            let when = match (after.deferrable, after.deferred) {
                (false, _) => "NOT DEFERRABLE",
                (true, false) => "DEFERRABLE INITIALLY IMMEDIATE",
                (true, true) => "DEFERRABLE INITIALLY DEFERRED",
            };
            let action = format!("ALTER {} {when}", constraint_name(to));
            steps.push(on_table(to, Verb::Alter, &action, LockMode::AccessExclusive));
        }
        if before.clustered && !after.clustered {
            let another = context.to.children(&table_of(to)).any(|other| other.is("clustered"));
            if !another {
                steps.push(on_table(to, Verb::Alter, "SET WITHOUT CLUSTER", LockMode::AccessExclusive));
            }
        }
        steps.extend(extras(to, Some(from))?);
        Ok(Alteration::in_place(steps))
    }

    /// What a partition has from its partitioned table is made, or merged, by
    /// the statement on that; but a foreign key also by attaching the partition.
    fn created_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let kind = fact.text("type")?;
        let partition = lineage::attached_by_plan(fact.id.first(), context);
        let above = lineage::constraint_above(fact, context).filter(|above| context.is_new(above));
        match kind {
            // The copy of a foreign key has the same name, unless it had another one before.
            "foreign key" if fact.text("attached_to") == Some(fact.id.last()) => partition.or(above),
            "exclusion" if fact.text("attached_to").is_some() => partition.or(above),
            "check" | "foreign key" => above.filter(|_| !is_validated_below(fact, context)),
            _ => None,
        }
    }

    /// Foreign keys are always made by themselves: tables may refer to each
    /// other in a circle.
    fn foldable(&self, fact: &Fact, context: &Context<'_>) -> bool {
        // CREATE TABLE takes a check for valid, whatever it says.
        let by_itself = match fact.text("type") {
            Some("foreign key") => true,
            Some("exclusion") => fact.text("attached_to").is_some(),
            _ => false,
        };
        !by_itself && !fact.is("not_valid") && !fact.is("invalid") && !repeats(fact, context)
    }

    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        if let Some(above) = lineage::constraint_above(fact, context)
            && context.is_gone(&above)
        {
            return Some(above);
        }
        if fact.text("type") == Some("foreign key") {
            if copy_goes(fact, context) {
                return lineage::copied_from(fact, context.from);
            }
            let tables = [Some(fact.id.first()), fact.text("_references")];
            if tables.into_iter().flatten().any(|table| lineage::loses_partitions(table, context)) {
                return None;
            }
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

    /// A check that stands on its own below as well is there before the one
    /// above is made, and goes after it; tables that lack it are put below
    /// before. What is attached by name comes after what it is attached to.
    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        let table = fact.id.first();
        if verb == Verb::Create && matches!(fact.text("type"), Some("primary key" | "unique")) {
            let renamed = lineage::gives_up_its_name(fact, context, namesake);
            let above = lineage::constraint_above(fact, context).or_else(|| incomplete(fact, context));
            let below = Some(table).filter(|_| fact.is("invalid"));
            let below = below.iter().flat_map(|table| lineage::partitions_below(table, context.to));
            let below = below.map(|partition| ObjectId::new(Kind::Partition, [partition]));
            return above.into_iter().chain(renamed).chain(below).map(|other| (verb, other)).collect();
        }
        if let Some(referenced) = fact.text("_references").filter(|_| verb == Verb::Create)
            && fact.text("attached_to").is_none()
        {
            let keys = lineage::keys_below(referenced, context.to).into_iter();
            return keys.flat_map(|key| [(Verb::Create, key.clone()), (Verb::Alter, key.clone())]).collect();
        }
        if verb == Verb::Create && is_validated_below(fact, context) {
            return lineage::constraint_above(fact, context).map(|above| (verb, above)).into_iter().collect();
        }
        let tables = match verb {
            _ if fact.text("type") != Some("check") => Vec::new(),
            Verb::Create => lineage::stay_below(table, context),
            Verb::Drop if !lineage::is_partition(table, context) => lineage::stays_under(table, context),
            _ => Vec::new(),
        };
        let own =
            tables.into_iter().filter(|other| verb == Verb::Drop || !lineage::is_partition(other, context));
        let namesake = |table: &str| ObjectId::new(Kind::Constraint, [table, fact.id.last()]);
        let mut waits: Vec<(Verb, ObjectId)> = own.map(|other| (verb, namesake(other))).collect();
        if verb == Verb::Create && lineage::is_passed_on(fact) {
            let links = lineage::new_links_below(table, context).into_iter();
            let links = links.filter(|(link, below)| {
                let new = context.is_new(&ObjectId::new(Kind::Table, [*below]));
                link.kind == Kind::Inheritance && !new && !context.to.contains(&namesake(below))
            });
            waits.extend(links.map(|(link, _)| (verb, link.clone())));
        }
        waits
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
