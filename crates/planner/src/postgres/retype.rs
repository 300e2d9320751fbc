//! A type that cannot become what it shall be, under columns that hold values
//! of it: the new type is made beside the old, the columns are migrated by way
//! of their values' text, and the old type is dropped. Columns are never
//! dropped and added.
//!
//! Whatever else rests on the type, or on one of the columns in a way that
//! ALTER TABLE cannot carry along, is dropped before and made again after.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::address::Address;
use super::{domain, lineage, partition};
use crate::rules::{Alteration, Context, Rebuild};
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Refusal, Step, Verb};

/// How a new type takes an old one's place.
pub(super) struct Retype<'a> {
    pub(super) from: &'a Fact,
    pub(super) to: &'a Fact,
    /// The statements that make the new type, under its name.
    pub(super) make: Vec<Step>,
    pub(super) values: Values<'a>,
    /// What is bad about converting a column's values.
    pub(super) hazards: Vec<(HazardKind, String)>,
}

/// How values of the old type become values of the new one.
pub(super) enum Values<'a> {
    /// By way of their text.
    ByText,
    /// Put together from these parts, written of a column, in order; arrays of them by way of their text, where the old
    /// values have the same parts.
    FromParts { parts: &'a dyn Fn(&str) -> String, same_parts: bool },
}

impl Retype<'_> {
    /// The whole change; [`Alteration::Replace`] where no column holds values.
    ///
    /// # Errors
    /// When a column holds values in a way that cannot be migrated.
    pub(super) fn plan(self, context: &Context<'_>) -> Result<Alteration, PlanError> {
        if held_by(&self.from.id, context).is_empty() {
            return Ok(Alteration::Replace);
        }
        // The type, and the domains over it: base first.
        let types = carriers(self.from, context)?;
        let columns: Vec<&Fact> = types.iter().flat_map(|of| held_directly(&of.id, context)).collect();
        // ALTER TABLE on the table above changes it too, as long as it is above: it is detached before.
        let inherited = |column: &&Fact| {
            lineage::column_above(column, context).is_some_and(|above| context.from.contains(&above))
        };
        let migrated: Vec<&Fact> = columns.iter().copied().filter(|column| !inherited(column)).collect();
        let mut steps = Vec::new();
        let mut asides = Vec::new();
        for of in &types {
            let aside = aside(of.id.first(), context);
            steps.push(self.step(format!("ALTER {} RENAME TO {}", Address(&of.id), Quoted(&aside))));
            asides.push(format!("DROP {} {}", keyword(of), Quoted(&aside)));
        }
        steps.extend(self.make.iter().cloned());
        for domain in &types[1..] {
            steps.push(self.step(domain::create_sql(domain)?));
        }
        steps.extend(self.migrations(&migrated)?);
        steps.extend(settings_kept(&self.to.id, &columns, context));
        steps.extend(asides.into_iter().rev().map(|sql| self.step(sql)));
        let mut rebuild = BTreeSet::new();
        for of in &types {
            rebuild.extend(rebuilt(&of.id, &columns, context)?);
            steps.extend(carried_over(&of.id, context)?);
        }
        for of in &types {
            rebuild.remove(&of.id);
        }
        Ok(Alteration::InPlace { steps, rebuild })
    }

    fn step(&self, sql: String) -> Step {
        Step::new(&self.to.id, Verb::Alter, sql)
    }

    /// One ALTER TABLE a table, so that each is written anew only once.
    fn migrations(&self, columns: &[&Fact]) -> Result<Vec<Step>, PlanError> {
        let mut tables: BTreeMap<&ObjectId, Vec<String>> = BTreeMap::new();
        for column in columns {
            let Some(table) = &column.parent else { continue };
            tables.entry(table).or_default().push(self.conversion(column)?);
        }
        let step = |(table, conversions): (&ObjectId, Vec<String>)| {
            let sql = format!("ALTER TABLE {}\n    {}", Quoted(table.first()), conversions.join(",\n    "));
            let step =
                Step::new(&self.to.id, Verb::Alter, sql).locks(table, LockMode::AccessExclusive).hazard(
                    HazardKind::RewritesTable,
                    table,
                    format!("values of {} are converted, all the while locked", self.to.id),
                );
            self.hazards.iter().fold(step, |step, (kind, detail)| step.hazard(*kind, table, detail))
        };
        Ok(tables.into_iter().map(step).collect())
    }

    /// The clause that converts one column.
    fn conversion(&self, column: &Fact) -> Result<String, PlanError> {
        let (name, data_type) =
            (Quoted(column.id.last()).to_string(), column.text("type").unwrap_or_default());
        let is_array = column.text("_category") == Some("A");
        let value = match &self.values {
            Values::ByText if is_array => format!("{name}::text[]"),
            Values::ByText => format!("{name}::text"),
            // Its text has the same parts in the same order.
            Values::FromParts { same_parts: true, .. } if is_array => format!("{name}::text[]"),
            Values::FromParts { .. } if is_array => {
                return Err(Refusal::new(
                    &self.to.id,
                    format!("its attributes change in a way that {}, an array, cannot follow", column.id),
                    "Make a type of another name, and move the column's values to it",
                )
                .into());
            }
            Values::FromParts { parts, .. } => {
                let row = format!("ROW({})::{}", parts(&name), Quoted(self.from.id.first()));
                format!("(CASE WHEN {name} IS DISTINCT FROM NULL THEN {row} END)")
            }
        };
        Ok(format!("ALTER COLUMN {name} TYPE {data_type} USING {value}::{data_type}"))
    }
}

/// What ALTER COLUMN TYPE forgets of the columns: how their values are stored.
pub(super) fn settings_kept(of: &ObjectId, columns: &[&Fact], context: &Context<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for column in columns.iter().filter(|column| context.to.contains(&column.id)) {
        let (table, name) = (column.id.first(), Quoted(column.id.last()));
        for (word, value) in
            [("STORAGE", column.text("storage")), ("COMPRESSION", column.text("compression"))]
        {
            let Some(value) = value else { continue };
            let only = lineage::only(table, context);
            let sql = format!(
                "ALTER TABLE {only}{} ALTER COLUMN {name} SET {word} {}",
                Quoted(table),
                value.to_uppercase()
            );
            let table = ObjectId::new(Kind::Table, [table]);
            steps.push(Step::new(of, Verb::Alter, sql).locks(&table, LockMode::AccessExclusive));
        }
    }
    steps
}

/// The columns that making a type anew changes too.
pub(super) fn reaches(of: &Fact, context: &Context<'_>) -> Result<BTreeSet<ObjectId>, PlanError> {
    let types = carriers(of, context)?;
    Ok(types.iter().flat_map(|of| held_directly(&of.id, context)).map(|column| column.id.clone()).collect())
}

fn keyword(of: &Fact) -> &'static str {
    if of.id.kind == Kind::Domain { "DOMAIN" } else { "TYPE" }
}

/// A type and the domains over it that columns hold values of, base first.
fn carriers<'a>(of: &'a Fact, context: &Context<'a>) -> Result<Vec<&'a Fact>, PlanError> {
    let mut types = vec![of];
    let mut at = 0;
    while let Some(base) = types.get(at) {
        for fact in context.from.dependents(&base.id).filter_map(|id| context.from.get(id)) {
            let is_type = matches!(fact.id.kind, Kind::Domain | Kind::Composite | Kind::Range);
            let Some(column) = held_by(&fact.id, context).first().copied().filter(|_| is_type) else {
                continue;
            };
            if fact.id.kind != Kind::Domain {
                return Err(Refusal::new(
                    &of.id,
                    format!(
                        "has to be made anew, and {} holds values of {}, which is made of it",
                        column.id, fact.id
                    ),
                    "Change that column to another type first, and back afterwards",
                )
                .into());
            }
            if !types.contains(&fact) {
                types.push(fact);
            }
        }
        at += 1;
    }
    Ok(types)
}

/// The columns of this very type that hold values, and go on doing so.
fn held_directly<'a>(of: &ObjectId, context: &Context<'a>) -> Vec<&'a Fact> {
    let held = held_by(of, context).into_iter();
    held.filter(|column| context.from.depends_on(&column.id).any(|on| on == of)).collect()
}

/// The columns that hold values of a type, or of one that is made of it, and go
/// on doing so. (One that gets another type is changed before its old type is.)
pub(super) fn held_by<'a>(of: &ObjectId, context: &Context<'a>) -> Vec<&'a Fact> {
    let (mut columns, mut seen, mut stack) = (Vec::new(), BTreeSet::new(), vec![of.clone()]);
    while let Some(at) = stack.pop() {
        for fact in context.from.dependents(&at).filter_map(|id| context.from.get(id)) {
            let stays = !context.is_gone(&fact.id) && context.to.depends_on(&fact.id).any(|on| *on == at);
            match fact.id.kind {
                Kind::Column if stays && fact.get("generated").is_none() => columns.push(fact),
                Kind::Domain | Kind::Composite | Kind::Range if seen.insert(fact.id.clone()) => {
                    stack.push(fact.id.clone());
                }
                _ => {}
            }
        }
    }
    columns
}

/// What cannot stay while the columns change their type.
fn rebuilt(of: &ObjectId, columns: &[&Fact], context: &Context<'_>) -> Result<BTreeSet<ObjectId>, PlanError> {
    let catalog = context.from;
    // A column that is not migrated leaves the type before.
    let stays = |id: &&ObjectId| {
        id.kind == Kind::Column && catalog.get(id).is_none_or(|column| column.get("generated").is_none())
    };
    let mut rebuild: BTreeSet<ObjectId> = catalog.dependents(of).filter(|id| !stays(id)).cloned().collect();
    let checks = catalog.children(of).filter(|fact| fact.id.kind == Kind::DomainConstraint);
    rebuild.extend(checks.map(|fact| fact.id.clone()));
    for column in columns {
        if partition::is_key(column, catalog) {
            return Err(Refusal::new(
                &column.id,
                format!("is of {of}, and part of its table's partition key"),
                "Make a new partitioned table with the new type, and move the rows",
            )
            .into());
        }
        let defaults = catalog.children(&column.id).filter(|fact| fact.id.kind == Kind::Default);
        rebuild.extend(defaults.map(|fact| fact.id.clone()));
        let dependents = catalog.dependents(&column.id).filter_map(|id| catalog.get(id));
        let goes = dependents.filter(|fact| match fact.id.kind {
            // ALTER TABLE builds these anew by itself, as long as they do not name the type.
            Kind::Index | Kind::Statistics | Kind::Sequence => false,
            Kind::Partition | Kind::Inheritance | Kind::Table => false,
            Kind::Column => fact.get("generated").is_some(),
            Kind::Constraint => fact.text("type") == Some("foreign key"),
            _ => true,
        });
        rebuild.extend(goes.map(|fact| fact.id.clone()));
    }
    rebuild.retain(|id| !context.is_gone(id) && context.to.contains(id));
    Ok(rebuild)
}

/// The comment and the privileges of the old type, on the new one; what
/// changes about them changes after.
fn carried_over(of: &ObjectId, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let mut steps = Vec::new();
    for fact in context.from.children(of).filter(|fact| !context.is_gone(&fact.id)) {
        use crate::rules::Rules as _;
        steps.extend(match fact.id.kind {
            Kind::Comment => super::comment::Comment.create(fact, context)?,
            Kind::Privilege => super::privilege::Privilege.create(fact, context)?,
            _ => Vec::new(),
        });
    }
    Ok(steps)
}

/// A name for the old type that nothing has.
pub(super) fn aside(name: &str, context: &Context<'_>) -> String {
    const SUFFIX: &str = "_tenantry_old";
    let mut end = name.len().min(63 - SUFFIX.len() - 2);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let taken = |candidate: &str| {
        let named = |catalog: &Catalog| catalog.facts().any(|fact| fact.id.first() == candidate);
        named(context.from) || named(context.to)
    };
    let candidates = (0..100).map(|n| match n {
        0 => format!("{}{SUFFIX}", &name[..end]),
        n => format!("{}{SUFFIX}{n}", &name[..end]),
    });
    candidates.into_iter().find(|candidate| !taken(candidate)).unwrap_or_else(|| SUFFIX.to_owned())
}

/// What becomes of a type when something that it is made of is made anew: it
/// too, unless columns hold values of it.
pub(super) fn unless_held(fact: &Fact, because: &ObjectId, context: &Context<'_>) -> Rebuild {
    if held_by(&fact.id, context).is_empty() {
        return Rebuild::Replace;
    }
    Rebuild::Refuse {
        reason: format!("rests on {because}, which has to be made anew, and columns hold values of it"),
        remedy: "Change those columns to another type first, and back afterwards".to_owned(),
    }
}
