//! Columns of tables. What a partition or an inheriting table has from its
//! parent is changed there, and follows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::default::expression;
use super::identity::{self, Identity};
use super::options::Options;
use super::partition;
use super::sequence;
use super::type_change::{self, Typed};
use crate::rules::{Alteration, Context, Rebuild, Rules};
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Refusal, Step, Verb, reserved_name};

/// The rules of columns.
pub(super) struct Column;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    #[serde(rename = "_position")]
    _position: i64,
    #[serde(rename = "type")]
    data_type: String,
    #[serde(default, rename = "_base")]
    base: String,
    #[serde(default, rename = "_category")]
    category: String,
    #[serde(default)]
    collation: Option<String>,
    #[serde(default)]
    not_null: bool,
    #[serde(default)]
    not_null_name: Option<String>,
    #[serde(default)]
    not_null_no_inherit: bool,
    #[serde(default)]
    not_null_not_valid: bool,
    #[serde(default)]
    identity: Option<Identity>,
    #[serde(default)]
    generated: Option<String>,
    #[serde(default, rename = "virtual")]
    is_virtual: bool,
    #[serde(default)]
    storage: Option<String>,
    #[serde(default, rename = "_usual_storage")]
    usual_storage: Option<String>,
    #[serde(default)]
    compression: Option<String>,
    #[serde(default)]
    statistics: Option<i64>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default, rename = "inherited")]
    _inherited: bool,
    #[serde(default, rename = "_follows")]
    _follows: Option<String>,
    #[serde(default, rename = "_reserved")]
    reserved: Option<String>,
}

impl Attributes {
    fn typed(&self) -> Typed<'_> {
        Typed { name: &self.data_type, base: &self.base, category: &self.category }
    }

    fn options(&self) -> Options<'_> {
        Options { values: &self.options, order: &[] }
    }

    /// `CONSTRAINT n NOT NULL NO INHERIT`, as far as it applies.
    fn not_null_clause(&self) -> String {
        let name =
            self.not_null_name.as_ref().map_or(String::new(), |name| format!("CONSTRAINT {} ", Quoted(name)));
        let no_inherit = if self.not_null_no_inherit { " NO INHERIT" } else { "" };
        format!("{name}NOT NULL{no_inherit}")
    }
}

/// The table that a column, a default or a constraint is of.
pub(super) fn table_of(fact: &Fact) -> ObjectId {
    ObjectId::new(Kind::Table, [fact.id.first()])
}

/// A column as it stands within `CREATE TABLE` and `ADD COLUMN`.
///
/// # Errors
/// When a fact cannot be understood.
pub(super) fn clause(fact: &Fact, context: &Context<'_>) -> Result<String, PlanError> {
    let column: Attributes = fact.decode()?;
    let mut text = format!("{} {}", Quoted(fact.id.last()), column.data_type);
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(generated) = &column.generated {
        let kind = if column.is_virtual { "VIRTUAL" } else { "STORED" };
        text.push_str(&format!(" GENERATED ALWAYS AS ({generated}) {kind}"));
    }
    if let Some(identity) = &column.identity {
        text.push_str(&format!(" {}", identity.clause(&fact.id, &column.data_type)));
    }
    for default in context.folded_into(&fact.id, Kind::Default) {
        text.push_str(&format!(" DEFAULT {}", expression(default)?));
    }
    if column.not_null && !column.not_null_not_valid {
        text.push_str(&format!(" {}", column.not_null_clause()));
    }
    Ok(text)
}

fn alter_column(fact: &Fact, verb: Verb, action: &str) -> Step {
    let sql =
        format!("ALTER TABLE {} ALTER COLUMN {} {action}", Quoted(fact.id.first()), Quoted(fact.id.last()));
    Step::new(&fact.id, verb, sql).locks(&table_of(fact), LockMode::AccessExclusive)
}

/// What is said of a new column after it was made. With `bare`, also what its
/// table's statement could not say, since its type made the columns.
///
/// # Errors
/// When the fact cannot be understood.
pub(super) fn extras(fact: &Fact, bare: bool) -> Result<Vec<Step>, PlanError> {
    let column: Attributes = fact.decode()?;
    let mut actions = Vec::new();
    let inherited = fact.is("inherited");
    if (bare || inherited) && column.not_null {
        actions.push("SET NOT NULL".to_owned());
    }
    if let Some(storage) = &column.storage {
        actions.push(format!("SET STORAGE {}", storage.to_uppercase()));
    }
    if let Some(compression) = &column.compression {
        actions.push(format!("SET COMPRESSION {compression}"));
    }
    if let Some(target) = column.statistics {
        actions.push(format!("SET STATISTICS {target}"));
    }
    let nothing = BTreeMap::new();
    actions.extend(Options { values: &nothing, order: &[] }.way_to(column.options()));
    let mut steps: Vec<Step> =
        actions.iter().map(|action| alter_column(fact, Verb::Create, action)).collect();
    if column.not_null && column.not_null_not_valid {
        steps.push(not_valid(fact, Verb::Create, &column));
    }
    Ok(steps)
}

/// A NOT NULL that only new rows must obey (18).
fn not_valid(fact: &Fact, verb: Verb, column: &Attributes) -> Step {
    let (table, name) = (fact.id.first(), fact.id.last());
    let constraint = column.not_null_name.clone().unwrap_or_else(|| format!("{table}_{name}_not_null"));
    let sql = format!(
        "ALTER TABLE {} ADD CONSTRAINT {} NOT NULL {} NOT VALID",
        Quoted(table),
        Quoted(&constraint),
        Quoted(name)
    );
    Step::new(&fact.id, verb, sql).locks(&table_of(fact), LockMode::AccessExclusive)
}

/// The parent's column that this one follows, as long as its table stays where
/// it is.
fn followed(fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
    let parent = fact.text("_follows")?;
    let table = fact.id.first();
    let moves = |id: ObjectId| context.is_new(&id) || context.is_gone(&id);
    if moves(ObjectId::new(Kind::Partition, [table]))
        || moves(ObjectId::new(Kind::Inheritance, [table, parent]))
    {
        return None;
    }
    Some(ObjectId::new(Kind::Column, [parent, fact.id.last()]))
}

/// Whether the parent's column changes in the same way, and takes this one
/// along.
fn follows(from: &Fact, to: &Fact, attribute: &str, context: &Context<'_>) -> bool {
    let Some(parent) =
        followed(to, context).filter(|parent| followed(from, context).as_ref() == Some(parent))
    else {
        return false;
    };
    match (context.from.get(&parent), context.to.get(&parent)) {
        (Some(before), Some(after)) => {
            before.get(attribute) != after.get(attribute) && after.get(attribute) == to.get(attribute)
        }
        _ => false,
    }
}

/// What has to go before a column's type changes, and comes back after it.
/// Indexes and constraints the server carries along, unless their text could
/// come out differently.
fn rebuilt(fact: &Fact, same_base: bool, context: &Context<'_>) -> BTreeSet<ObjectId> {
    let defaults = context.from.children(&fact.id).filter(|child| child.id.kind == Kind::Default);
    let dependents = context.from.dependents(&fact.id).filter_map(|id| context.from.get(id));
    let goes = dependents.filter(|dependent| match dependent.id.kind {
        Kind::Sequence | Kind::Partition | Kind::Inheritance | Kind::Table | Kind::Statistics => false,
        Kind::Column => dependent.get("generated").is_some(),
        Kind::Constraint => !same_base && matches!(dependent.text("type"), Some("check" | "foreign key")),
        Kind::Index => {
            let computes = |text: &str| text.contains(" WHERE ") || text.matches('(').count() > 1;
            !same_base && dependent.text("definition").is_some_and(computes)
        }
        _ => true,
    });
    defaults.map(|fact| fact.id.clone()).chain(goes.map(|fact| fact.id.clone())).collect()
}

/// Adds what a step does to rows, where there may be some.
fn with_hazards(step: Step, table: &ObjectId, hazards: Vec<(HazardKind, String)>) -> Step {
    hazards.into_iter().fold(step, |step, (kind, detail)| step.hazard(kind, table, detail))
}

impl Rules for Column {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let column: Attributes = fact.decode()?;
        let table = table_of(fact);
        let sequences = sequence::made_with(&fact.id, context);
        let mut steps = Vec::new();
        for sequence in &sequences {
            steps.extend(sequence::make(sequence)?);
        }
        let sql = format!("ALTER TABLE {} ADD COLUMN {}", Quoted(fact.id.first()), clause(fact, context)?);
        let mut step = Step::new(&fact.id, Verb::Create, sql).locks(&table, LockMode::AccessExclusive);
        let defaults: Vec<String> =
            context.folded_into(&fact.id, Kind::Default).map(expression).collect::<Result<_, _>>()?;
        let stored = column.generated.is_some() && !column.is_virtual;
        if stored || column.identity.is_some() || defaults.iter().any(|default| may_be_volatile(default)) {
            step = step.hazard(HazardKind::RewritesTable, &table, "every row is written anew with its value");
        }
        let given = column.generated.is_some() || column.identity.is_some() || !defaults.is_empty();
        if column.not_null && !given {
            step = step.hazard(
                HazardKind::DependsOnRows,
                &table,
                "fails where there are rows: they have no value for it",
            );
        }
        steps.push(step);
        steps.extend(sequences.into_iter().map(|sequence| sequence::own(sequence, Verb::Create)));
        steps.extend(extras(fact, false)?);
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let sql = format!("ALTER TABLE {} DROP COLUMN {}", Quoted(fact.id.first()), Quoted(fact.id.last()));
        let mut step = Step::new(&fact.id, Verb::Drop, sql)
            .locks(&table_of(fact), LockMode::AccessExclusive)
            .hazard(HazardKind::ChangesContract, &fact.id, "whoever uses it will fail");
        if fact.get("generated").is_none() {
            step = step.hazard(HazardKind::DropsData, &fact.id, "its values are lost");
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
        let changes: Vec<&str> = changed
            .iter()
            .map(String::as_str)
            .filter(|attribute| !follows(from, to, attribute, context))
            .collect();
        let has = |attribute: &str| changes.contains(&attribute);
        let mut steps = Vec::new();
        let mut rebuild = BTreeSet::new();
        let step = |action: &str| alter_column(to, Verb::Alter, action);
        if has("generated") || has("virtual") {
            match (&before.generated, &after.generated) {
                (Some(_), None) if !before.is_virtual => steps.push(step("DROP EXPRESSION")),
                (Some(_), Some(expression))
                    if context.server.major() >= 17 && before.is_virtual == after.is_virtual =>
                {
                    let table = table_of(to);
                    steps.push(step(&format!("SET EXPRESSION AS ({expression})")).hazard(
                        HazardKind::RewritesTable,
                        &table,
                        "its values are computed anew",
                    ));
                }
                _ => return Ok(Alteration::Replace),
            }
        }
        if let (Some(identity), None) = (&before.identity, &after.identity) {
            let statements = identity::remove(to, identity, context);
            steps.extend(statements.into_iter().map(|sql| locked(to, sql)));
        }
        if has("type") || has("collation") {
            if partition::is_key(from, context.from) {
                return Err(Refusal::new(
                    &to.id,
                    "gets another type, and is part of its table's partition key",
                    "Make a new partitioned table with the new type, and move the rows",
                )
                .into());
            }
            let same_base = before.base == after.base && !has("collation");
            rebuild.extend(rebuilt(from, same_base, context));
            if before.not_null && !after.not_null && has("not_null") {
                steps.push(step("DROP NOT NULL"));
            }
            let collate = after.collation.as_ref().map_or(String::new(), |c| format!(" COLLATE {c}"));
            let name = Quoted(to.id.last()).to_string();
            let using = type_change::conversion(&name, before.typed(), after.typed())
                .map_or(String::new(), |using| format!(" USING {using}"));
            let table = table_of(to);
            let change = step(&format!("TYPE {}{collate}{using}", after.data_type));
            steps.push(with_hazards(change, &table, type_change::hazards(before.typed(), after.typed())));
        } else if before.not_null && !after.not_null && has("not_null") {
            steps.push(step("DROP NOT NULL"));
        }
        let retyped = has("type");
        if after.not_null && (has("not_null") || has("not_null_name") || has("not_null_no_inherit")) {
            steps.extend(set_not_null(to, &before, &after));
        } else if has("not_null_not_valid") && before.not_null && after.not_null && before.not_null_not_valid
        {
            steps.push(validate_not_null(to, &after));
        }
        match (&before.identity, &after.identity) {
            (None, Some(identity)) => {
                let statements = identity::add(to, identity, &after.data_type, context);
                steps.extend(statements.into_iter().map(|sql| locked(to, sql)));
            }
            (Some(old), Some(new)) if has("identity") => {
                steps.extend(old.way_to(new, &to.id).into_iter().map(|sql| locked(to, sql)));
            }
            _ => {}
        }
        if has("storage") || retyped && after.storage.is_some() {
            let storage = after.storage.as_ref().or(after.usual_storage.as_ref());
            steps.extend(storage.map(|storage| step(&format!("SET STORAGE {}", storage.to_uppercase()))));
        }
        if has("compression") {
            let compression = after.compression.as_deref().unwrap_or("default");
            steps.push(step(&format!("SET COMPRESSION {compression}")));
        }
        if has("statistics") {
            steps.push(step(&format!("SET STATISTICS {}", after.statistics.unwrap_or(-1))));
        }
        if has("options") {
            steps.extend(before.options().way_to(after.options()).iter().map(|clause| step(clause)));
        }
        Ok(Alteration::InPlace { steps, rebuild })
    }

    /// A column holds values: only one that is computed may go and come back.
    fn rebuild(&self, fact: &Fact, because: &ObjectId, context: &Context<'_>) -> Rebuild {
        if fact.get("generated").is_some() {
            return Rebuild::Replace;
        }
        if matches!(because.kind, Kind::Column | Kind::Partition | Kind::Inheritance) {
            return Rebuild::Keep;
        }
        if !context.to.depends_on(&fact.id).any(|on| on == because) {
            return Rebuild::Keep;
        }
        Rebuild::Refuse {
            reason: format!("holds values of {because}, which has to be made anew"),
            remedy: "Change the column to another type first, and back in a later revision".to_owned(),
        }
    }

    fn created_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let table = table_of(fact);
        if context.is_new(&table) {
            return Some(table);
        }
        followed(fact, context).filter(|parent| context.is_new(parent))
    }

    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let table = table_of(fact);
        if context.is_gone(&table) {
            return Some(table);
        }
        followed(fact, context).filter(|parent| context.is_gone(parent))
    }

    fn holds_data(&self, fact: &Fact, _: &Context<'_>) -> bool {
        fact.get("generated").is_none()
    }

    fn quarantine(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let column: Attributes = fact.decode()?;
        let mut steps = Vec::new();
        if context.from.children(&fact.id).any(|child| child.id.kind == Kind::Default) {
            steps.push(alter_column(fact, Verb::Drop, "DROP DEFAULT"));
        }
        if column.identity.is_some() {
            steps.push(alter_column(fact, Verb::Drop, "DROP IDENTITY"));
        }
        if column.not_null {
            steps.push(alter_column(fact, Verb::Drop, "DROP NOT NULL"));
        }
        for owned in context.from.children(&fact.id).filter(|child| child.id.kind == Kind::Sequence) {
            let name = reserved_name(&owned.id, context.from);
            let sql = format!("ALTER SEQUENCE {} RENAME TO {}", Quoted(owned.id.first()), Quoted(&name));
            steps.push(Step::new(&owned.id, Verb::Quarantine, sql).aside(name));
        }
        let reserved = reserved_name(&fact.id, context.from);
        let sql = format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            Quoted(fact.id.first()),
            Quoted(fact.id.last()),
            Quoted(&reserved)
        );
        steps.push(
            Step::new(&fact.id, Verb::Quarantine, sql)
                .locks(&table_of(fact), LockMode::AccessExclusive)
                .aside(reserved)
                .hazard(HazardKind::QuarantinesData, &fact.id, "is renamed aside, and can be brought back")
                .hazard(HazardKind::ChangesContract, &fact.id, "whoever uses it will fail"),
        );
        Ok(steps)
    }

    fn restore(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let column: Attributes = fact.decode()?;
        let sql = format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            Quoted(fact.id.first()),
            Quoted(&column.reserved.unwrap_or_default()),
            Quoted(fact.id.last())
        );
        let step = Step::new(&fact.id, Verb::Restore, sql);
        Ok(vec![step.locks(&table_of(fact), LockMode::AccessExclusive)])
    }
}

fn locked(fact: &Fact, sql: String) -> Step {
    Step::new(&fact.id, Verb::Alter, sql).locks(&table_of(fact), LockMode::AccessExclusive)
}

/// The statements that bring a column to its NOT NULL, which has a name from
/// 18 on.
fn set_not_null(to: &Fact, before: &Attributes, after: &Attributes) -> Vec<Step> {
    let table = table_of(to);
    if after.not_null_not_valid {
        return vec![not_valid(to, Verb::Alter, after)];
    }
    let scans = |step: Step| {
        step.hazard(HazardKind::ScansTable, &table, "all rows are checked under the lock").hazard(
            HazardKind::DependsOnRows,
            &table,
            "fails where a row has no value",
        )
    };
    let usual = after.not_null_name.is_none() && !after.not_null_no_inherit;
    if !before.not_null && usual {
        return vec![scans(alter_column(to, Verb::Alter, "SET NOT NULL"))];
    }
    let name =
        after.not_null_name.clone().unwrap_or_else(|| format!("{}_{}_not_null", to.id.first(), to.id.last()));
    let no_inherit = if after.not_null_no_inherit { " NO INHERIT" } else { "" };
    let mut steps = Vec::new();
    if before.not_null {
        steps.push(alter_column(to, Verb::Alter, "DROP NOT NULL"));
    }
    let sql = format!(
        "ALTER TABLE {} ADD CONSTRAINT {} NOT NULL {}{no_inherit}",
        Quoted(to.id.first()),
        Quoted(&name),
        Quoted(to.id.last())
    );
    steps.push(scans(locked(to, sql)));
    steps
}

fn validate_not_null(to: &Fact, after: &Attributes) -> Step {
    let name =
        after.not_null_name.clone().unwrap_or_else(|| format!("{}_{}_not_null", to.id.first(), to.id.last()));
    let sql = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", Quoted(to.id.first()), Quoted(&name));
    let table = table_of(to);
    Step::new(&to.id, Verb::Alter, sql).locks(&table, LockMode::ShareUpdateExclusive).hazard(
        HazardKind::DependsOnRows,
        &table,
        "fails where a row has no value",
    )
}

/// Whether each row may get another value: the server then writes all rows
/// anew. Known not to: constants, and what is the same for a whole statement.
fn may_be_volatile(default: &str) -> bool {
    let calls = default.replace("now()", "").replace("CURRENT_TIMESTAMP", "");
    let call = |at: usize| calls[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
    calls.match_indices('(').any(|(at, _)| call(at))
}
