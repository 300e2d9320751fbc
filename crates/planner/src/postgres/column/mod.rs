//! Columns of tables. What a partition or an inheriting table has from its
//! parent is changed there, and follows.

mod aside;
mod disowned;
mod not_null;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::identity::{self, Identity};
use super::options::Options;
use super::type_change::{self, Typed};
use super::{lineage, partition, sequence};
use crate::rules::{Alteration, Context, Rebuild, Rules};
use crate::sql::Quoted;
use crate::{Destructive, HazardKind, LockMode, PlanError, Refusal, Step, Verb};

pub(super) use aside::like_those_aside;
pub(super) use disowned::{come_before, taken_over};
use write::{alter, alter_only};
pub(super) use write::{clause, extras};

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
    /// Only there because its table inherits it.
    #[serde(default, rename = "inherited")]
    _inherited: bool,
    /// The tables above whose column it comes from.
    #[serde(default, rename = "_follows")]
    follows: Vec<String>,
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
}

/// The table that a column, a default or a constraint is of.
pub(super) fn table_of(fact: &Fact) -> ObjectId {
    ObjectId::new(Kind::Table, [fact.id.first()])
}

/// Attributes that the server changes in the tables below too.
const FOLLOWED: &[&str] = &[
    "type",
    "collation",
    "generated",
    "virtual",
    "not_null",
    "not_null_name",
    "not_null_no_inherit",
    "not_null_not_valid",
];

/// Whether the column above changes in the same way, and takes this one along.
fn follows(from: &Fact, to: &Fact, attribute: &str, context: &Context<'_>) -> bool {
    let above = lineage::column_above(to, context).filter(|_| FOLLOWED.contains(&attribute));
    let above = above.filter(|above| lineage::column_above(from, context).as_ref() == Some(above));
    let sides = above.and_then(|above| context.from.get(&above).zip(context.to.get(&above)));
    // What is not inherited is not there for those below.
    let passed_on = |above: &Fact| {
        let kept = attribute == "not_null" && above.is("not_null_no_inherit");
        above.get(attribute).filter(|_| !kept).cloned()
    };
    sides.is_some_and(|(before, after)| {
        let after = passed_on(after);
        passed_on(before) != after && after.as_ref() == to.get(attribute)
    })
}

/// What has to go before a column's type changes, and comes back after it.
/// Indexes and constraints the server carries along, unless their text could
/// come out differently.
fn rebuilt(from: &Fact, change: &TypeChange<'_>, context: &Context<'_>) -> BTreeSet<ObjectId> {
    let default = |catalog: &tenantry_catalog::Catalog| {
        catalog.children(&from.id).find(|child| child.id.kind == Kind::Default).cloned()
    };
    let (was, is) = (default(context.from), default(context.to));
    let casts_itself = change.conversion.is_none() && was == is;
    let default = was.filter(|_| !casts_itself);
    let dependents = context.from.dependents(&from.id).filter_map(|id| context.from.get(id));
    let goes = dependents.filter(|dependent| match dependent.id.kind {
        Kind::Sequence | Kind::Partition | Kind::Inheritance | Kind::Table | Kind::Statistics => false,
        // One that becomes an ordinary column keeps its values: it stops computing them before.
        Kind::Column => {
            let stays_so = |to: &Fact| to.get("generated").is_some();
            dependent.get("generated").is_some() && context.to.get(&dependent.id).is_none_or(stays_so)
        }
        Kind::Constraint => {
            !change.same_base && matches!(dependent.text("type"), Some("check" | "foreign key"))
        }
        Kind::Index => {
            let computes = |text: &str| text.contains(" WHERE ") || text.matches('(').count() > 1;
            !change.same_base && dependent.text("definition").is_some_and(computes)
        }
        _ => true,
    });
    default.map(|fact| fact.id).into_iter().chain(goes.map(|fact| fact.id.clone())).collect()
}

/// Another type, or another collation.
struct TypeChange<'a> {
    before: Typed<'a>,
    after: Typed<'a>,
    same_base: bool,
    /// The expression that converts values, where the server has to be told.
    conversion: Option<String>,
}

impl<'a> TypeChange<'a> {
    fn of(to: &Fact, before: &'a Attributes, after: &'a Attributes) -> Self {
        let conversion =
            type_change::conversion(&Quoted(to.id.last()).to_string(), before.typed(), after.typed());
        let same_base = before.base == after.base && before.collation == after.collation;
        Self { before: before.typed(), after: after.typed(), same_base, conversion }
    }

    /// What to do where no value of the one type can become one of the other.
    ///
    /// # Errors
    /// Unless the policy allows to drop what holds data.
    fn without_cast(&self, to: &Fact, context: &Context<'_>) -> Result<Alteration, PlanError> {
        if context.policy.destructive == Destructive::Allow {
            return Ok(Alteration::Replace);
        }
        Err(Refusal::new(
            &to.id,
            format!("holds values of {}, and no cast makes {} of them", self.before.name, self.after.name),
            "Declare a new column beside it, move the values, and drop this one in a later revision; or allow drops",
        )
        .into())
    }

    fn step(&self, to: &Fact, after: &Attributes) -> Step {
        let collate = after.collation.as_ref().map_or(String::new(), |c| format!(" COLLATE {c}"));
        let using = self.conversion.as_ref().map_or(String::new(), |using| format!(" USING {using}"));
        let table = table_of(to);
        let step = alter(to, Verb::Alter, &format!("TYPE {}{collate}{using}", after.data_type));
        let hazards = type_change::hazards(self.before, self.after);
        hazards.into_iter().fold(step, |step, (kind, detail)| step.hazard(kind, &table, detail))
    }
}

impl Rules for Column {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        match disowned::made_with(fact, context) {
            Some(leader) if leader == fact.id => return disowned::change(fact, context).steps(context),
            // An altered column's statements make it.
            Some(_) => return Ok(Vec::new()),
            None => {}
        }
        let column: Attributes = fact.decode()?;
        let table = table_of(fact);
        let sequences = sequence::made_with(&fact.id, context);
        let mut steps = Vec::new();
        for sequence in &sequences {
            steps.extend(sequence::make(sequence)?);
        }
        let sql = format!("ALTER TABLE {} ADD COLUMN {}", Quoted(fact.id.first()), clause(fact, context)?);
        let step = Step::new(&fact.id, Verb::Create, sql).locks(&table, LockMode::AccessExclusive);
        steps.push(write::with_hazards(step, fact, context)?);
        steps.extend(sequences.into_iter().map(|sequence| sequence::own(sequence, Verb::Create)));
        let below = not_null::first_below(fact, Verb::Create, context)?;
        if column.not_null && !below.is_empty() {
            steps.extend(below);
            steps.push(alter(fact, Verb::Create, "SET NOT NULL"));
        }
        steps.extend(extras(fact, context)?);
        steps.extend(write::extras_below(fact, context)?);
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
        let differs = |attribute: &str| changed.iter().any(|name| name == attribute);
        let has = |attribute: &str| differs(attribute) && !follows(from, to, attribute, context);
        let mut steps = Vec::new();
        let mut rebuild = BTreeSet::new();
        // Its NOT NULL comes with it then.
        let mut made_anew = false;
        if differs("inherited") {
            let change = disowned::change(to, context);
            made_anew = change.makes_anew(to);
            rebuild.extend(change.links.iter().cloned());
            if change.is_led_by(to) {
                rebuild.extend(change.rebuilt(context));
                steps.extend(change.steps(context)?);
            }
        }
        if differs("generated") || differs("virtual") {
            match (&before.generated, &after.generated) {
                (Some(_), None) if !before.is_virtual && !has("generated") => {}
                (Some(_), None) if !before.is_virtual => {
                    steps.push(alter(to, Verb::Alter, "DROP EXPRESSION"));
                }
                (Some(_), Some(expression))
                    if context.server.major() >= 17 && before.is_virtual == after.is_virtual =>
                {
                    if has("generated") {
                        let table = table_of(to);
                        let step = alter(to, Verb::Alter, &format!("SET EXPRESSION AS ({expression})"));
                        steps.push(step.hazard(
                            HazardKind::RewritesTable,
                            &table,
                            "its values are computed anew",
                        ));
                    }
                }
                _ => return Ok(Alteration::Replace),
            }
        }
        if let (Some(identity), None) = (&before.identity, &after.identity) {
            steps.extend(identity::remove(to, identity, context)?);
        }
        let mut retyped = Vec::new();
        if differs("type") || differs("collation") {
            if partition::is_key(from, context.from) {
                return Err(Refusal::new(
                    &to.id,
                    "gets another type, and is part of its table's partition key",
                    "Make a new partitioned table with the new type, and move the rows",
                )
                .into());
            }
            let change = TypeChange::of(to, &before, &after);
            if !type_change::castable(change.before, change.after) {
                return change.without_cast(to, context);
            }
            rebuild.extend(rebuilt(from, &change, context));
            if has("type") || has("collation") {
                retyped.push(change.step(to, &after));
            }
        }
        let mut not_null = Vec::new();
        if before.not_null && !after.not_null && has("not_null") && !made_anew {
            not_null.extend(not_null::remove(to, context));
        }
        let renamed = has("not_null_name") || has("not_null_no_inherit") || has("not_null_not_valid");
        let mut set_not_null = Vec::new();
        let with_above = differs("not_null") && !has("not_null");
        if after.not_null && !with_above && !made_anew && (has("not_null") || renamed) {
            set_not_null.extend(not_null::set(to, &before, &after, context)?);
        }
        let mut identity = Vec::new();
        match (&before.identity, &after.identity) {
            (None, Some(new)) => {
                let added = identity::add(to, new, &after.data_type, context);
                identity.extend(added.into_iter().map(|sql| locked(to, sql)));
            }
            (Some(old), Some(new)) if has("identity") => identity.extend(old.way_to(new, to)),
            _ => {}
        }
        steps.extend(not_null);
        if before.identity.is_some() && type_change::narrows(before.typed(), after.typed()) {
            // Bounds that the narrower type has no room for must go first.
            steps.extend(identity);
            steps.extend(retyped);
            steps.extend(set_not_null);
        } else {
            steps.extend(retyped);
            steps.extend(set_not_null);
            steps.extend(identity);
        }
        let only = |action: &str| alter_only(to, Verb::Alter, action, context);
        if has("storage") || differs("type") && after.storage.is_some() {
            let storage = after.storage.as_ref().or(after.usual_storage.as_ref());
            steps.extend(storage.map(|storage| only(&format!("SET STORAGE {}", storage.to_uppercase()))));
        }
        if has("compression") || differs("type") && after.compression.is_some() {
            let compression = after.compression.as_deref().unwrap_or("default");
            steps.push(only(&format!("SET COMPRESSION {compression}")));
        }
        if has("statistics") {
            steps.push(only(&format!("SET STATISTICS {}", after.statistics.unwrap_or(-1))));
        }
        if has("options") {
            steps.extend(before.options().way_to(after.options()).iter().map(|clause| only(clause)));
        }
        Ok(Alteration::InPlace { steps, rebuild })
    }

    /// The columns below that take another type with it.
    fn reaches(
        &self,
        from: &Fact,
        to: &Fact,
        context: &Context<'_>,
    ) -> Result<BTreeSet<ObjectId>, PlanError> {
        let mut reached = BTreeSet::new();
        if from.is("inherited") != to.is("inherited") {
            let change = disowned::change(to, context);
            reached.extend(if change.is_led_by(to) { change.reaches() } else { BTreeSet::new() });
        }
        if !FOLLOWED[..4].iter().any(|attribute| from.get(attribute) != to.get(attribute)) {
            return Ok(reached);
        }
        let below = lineage::stay_below(to.id.first(), context).into_iter();
        let columns = below.map(|table| ObjectId::new(Kind::Column, [table, to.id.last()]));
        reached.extend(columns.filter(|id| context.from.contains(id) && context.to.contains(id)));
        Ok(reached)
    }

    /// A column holds values: only one that is computed may go and come back.
    fn rebuild(&self, fact: &Fact, because: &ObjectId, context: &Context<'_>) -> Rebuild {
        let comes_with_table = because.kind == Kind::Table && because.first() == fact.id.first();
        if fact.get("generated").is_some() || comes_with_table {
            return Rebuild::Replace;
        }
        if because.kind == Kind::Column {
            // What only follows goes and comes with the column above.
            let above = lineage::column_above(fact, context).is_some_and(|above| above == *because);
            return if above { Rebuild::Replace } else { Rebuild::Keep };
        }
        let rests = |id: &ObjectId| context.to.depends_on(id).any(|on| on == because);
        if matches!(because.kind, Kind::Partition | Kind::Inheritance) || !rests(&fact.id) {
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
        if let Some(leader) = disowned::made_with(fact, context) {
            return Some(leader).filter(|leader| *leader != fact.id && context.is_new(leader));
        }
        let follows = fact.is("inherited") || lineage::is_partition(table.first(), context);
        lineage::column_above(fact, context).filter(|above| follows && context.is_new(above))
    }

    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let table = table_of(fact);
        if context.is_gone(&table) {
            return Some(table);
        }
        let follows = fact.is("inherited") || lineage::is_partition(table.first(), context);
        lineage::column_above(fact, context).filter(|above| follows && context.is_gone(above))
    }

    /// What stands on its own below as well is there before the one above is
    /// made, and goes after it.
    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        let column = |table: &str| ObjectId::new(Kind::Column, [table, fact.id.last()]);
        let own = |id: &ObjectId| {
            let found = if verb == Verb::Create { context.to.get(id) } else { context.from.get(id) };
            found.is_some_and(|fact| !fact.is("inherited")) && !lineage::is_partition(id.first(), context)
        };
        let tables = match verb {
            Verb::Create => lineage::stay_below(fact.id.first(), context),
            Verb::Drop if own(&fact.id) => lineage::stays_under(fact.id.first(), context),
            _ => Vec::new(),
        };
        let columns = tables.into_iter().map(column).filter(|id| verb == Verb::Drop || own(id));
        columns.map(|id| (verb, id)).collect()
    }

    fn holds_data(&self, fact: &Fact, _: &Context<'_>) -> bool {
        fact.get("generated").is_none()
    }

    fn quarantine(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        aside::put(fact, context)
    }

    fn restore(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        aside::bring_back(fact, context)
    }
}

pub(super) fn locked(fact: &Fact, sql: String) -> Step {
    Step::new(&fact.id, Verb::Alter, sql).locks(&table_of(fact), LockMode::AccessExclusive)
}
