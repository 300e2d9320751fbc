//! A column that is a table's own and shall only be inherited, or the other
//! way round. PostgreSQL has no statement for it.
//!
//! Cutting the link to the table above leaves what came by it as the table's
//! own. What shall be inherited only is made anew: a parent for the occasion
//! gets the columns and checks, so the table has them from there; the values
//! are moved, and the links to the real parents take over. No row is lost.

use std::collections::BTreeSet;

use tenantry_catalog::{Fact, Kind, ObjectId};

use super::super::default::expression;
use super::super::{constraint, lineage, retype};
use super::not_null;
use super::write::{above_has, clause_of, extras, extras_below, with_hazards};
use super::{Attributes, table_of};
use crate::rules::Context;
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Refusal, Step, Verb};

/// What becomes of the columns of one table.
pub(super) struct Change<'a> {
    table: ObjectId,
    /// The links that are cut and made again.
    pub(super) links: BTreeSet<ObjectId>,
    /// The columns that are made anew as only inherited ones.
    columns: Vec<&'a Fact>,
    /// The columns that come, and are only inherited from tables that it is put below.
    created: Vec<&'a Fact>,
    /// The other columns that the table shares with those above.
    shared: Vec<&'a Fact>,
    /// The checks of the tables above that the table has from there alone.
    checks: Vec<&'a Fact>,
    /// The column whose alteration, or else whose making, does all of it.
    leader: Option<ObjectId>,
}

fn is_link(fact: &&Fact) -> bool {
    fact.id.kind == Kind::Inheritance
}

/// Whether a table above that is not left gets such a column.
fn stays_linked(column: &Fact, cut: &BTreeSet<ObjectId>, context: &Context<'_>) -> bool {
    let table = table_of(column);
    let links = context.to.children(&table).filter(is_link);
    let mut stay = links.filter(|link| context.from.contains(&link.id) && !cut.contains(&link.id));
    stay.any(|link| gives(link, column.id.last(), context))
}

/// Whether a link's parent has a column of this name.
fn gives(link: &Fact, column: &str, context: &Context<'_>) -> bool {
    let parent = link.text("_parent").unwrap_or_default();
    context.to.contains(&ObjectId::new(Kind::Column, [parent, column]))
}

impl<'a> Change<'a> {
    pub(super) fn of(table: &ObjectId, context: &Context<'a>) -> Self {
        let columns = context.to.children(table).filter(|fact| fact.id.kind == Kind::Column);
        let both: Vec<(&Fact, &Fact)> =
            columns.filter_map(|to| Some((context.from.get(&to.id)?, to))).collect();
        let differs = |(from, to): &&(&Fact, &Fact)| from.is("inherited") != to.is("inherited");
        let changed = both.iter().filter(differs);
        let links: BTreeSet<ObjectId> =
            changed.clone().flat_map(|(_, to)| lineage::links_from(to, context)).collect();
        let cut = |to: &Fact| {
            let mut links =
                context.to.children(table).filter(is_link).filter(|link| links.contains(&link.id));
            links.any(|link| gives(link, to.id.last(), context))
        };
        let anew =
            |(from, to): &&(&'a Fact, &'a Fact)| to.is("inherited") && (!from.is("inherited") || cut(to));
        let columns: Vec<&Fact> = both.iter().filter(anew).map(|(_, to)| *to).collect();
        let made: Vec<&Fact> = context
            .to
            .children(table)
            .filter(is_link)
            .filter(|link| links.contains(&link.id) || !context.from.contains(&link.id))
            .collect();
        let above = |to: &Fact| made.iter().any(|link| gives(link, to.id.last(), context));
        let shared = both.iter().map(|(_, to)| *to).filter(|to| above(to) && !columns.contains(to));
        let shared = shared.filter(|to| to.get("generated").is_none()).collect();
        let leader = changed.map(|(_, to)| to.id.clone()).next();
        let comes = |to: &&Fact| {
            context.from.contains(table)
                && !context.from.contains(&to.id)
                && to.is("inherited")
                && above(to)
                && !stays_linked(to, &links, context)
        };
        let mut created: Vec<&Fact> =
            context.to.children(table).filter(|fact| fact.id.kind == Kind::Column).filter(comes).collect();
        created.sort_by_key(|column| column.get("_position").and_then(serde_json::Value::as_i64));
        let checks = made
            .iter()
            .filter_map(|link| link.text("_parent"))
            .flat_map(|parent| context.to.children(&ObjectId::new(Kind::Table, [parent])).collect::<Vec<_>>())
            .filter(|fact| lineage::is_passed_on(fact))
            .filter(|check| {
                !context.to.contains(&ObjectId::new(Kind::Constraint, [table.first(), check.id.last()]))
            })
            .filter(|_| leader.is_some())
            .collect();
        let leader = leader.or_else(|| created.first().map(|column| column.id.clone()));
        Self { table: table.clone(), links, columns, created, shared, checks, leader }
    }

    fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.created.is_empty() && self.checks.is_empty()
    }

    /// Whether the alteration, or the making, of this column does all of it.
    pub(super) fn is_led_by(&self, column: &Fact) -> bool {
        self.leader.as_ref() == Some(&column.id)
    }

    /// Whether a column of both sides is made anew.
    pub(super) fn makes_anew(&self, column: &Fact) -> bool {
        self.columns.contains(&column)
    }

    /// What the statements work on besides: what rests on it goes before, and
    /// comes after.
    pub(super) fn reaches(&self) -> BTreeSet<ObjectId> {
        if self.is_empty() {
            return BTreeSet::new();
        }
        self.columns.iter().map(|column| column.id.clone()).chain([self.table.clone()]).collect()
    }

    /// What goes before and comes after: all that rests on the columns, and
    /// what would act when rows are written.
    pub(super) fn rebuilt(&self, context: &Context<'_>) -> BTreeSet<ObjectId> {
        let mut rebuilt = BTreeSet::new();
        if self.is_empty() {
            return rebuilt;
        }
        for column in &self.columns {
            rebuilt.extend(context.from.children(&column.id).map(|child| child.id.clone()));
            let dependents = context.from.dependents(&column.id).filter_map(|id| context.from.get(id));
            let goes = dependents.filter(|fact| !is_link(fact) && fact.id.kind != Kind::Table);
            rebuilt.extend(goes.map(|fact| fact.id.clone()));
        }
        let children = context.from.children(&self.table);
        let acts = children.filter(|fact| matches!(fact.id.kind, Kind::Trigger | Kind::Rule));
        rebuilt.extend(acts.map(|fact| fact.id.clone()));
        rebuilt
    }

    /// The statements that make the columns anew.
    ///
    /// # Errors
    /// When they are more than columns with values.
    pub(super) fn steps(&self, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let parent = occasional(&self.table, context);
        let (table, parent) = (Quoted(self.table.first()), Quoted(&parent));
        let declared = |column: &&Fact| -> Result<String, PlanError> {
            let column: (Attributes, Quoted<'_>) = (column.decode()?, Quoted(column.id.last()));
            let collate = column.0.collation.as_ref().map_or(String::new(), |c| format!(" COLLATE {c}"));
            Ok(format!("{} {}{collate}", column.1, column.0.data_type))
        };
        let shared: Vec<String> = self.shared.iter().map(declared).collect::<Result<_, _>>()?;
        let mut statements = vec![format!("CREATE TABLE {parent} ({})", shared.join(", "))];
        let (mut moved, mut gone) = (Vec::new(), Vec::new());
        for column in &self.columns {
            self.refuse_what_cannot(column, context)?;
            let (name, aside) = (Quoted(column.id.last()), retype::aside(column.id.last(), context));
            let aside = Quoted(&aside);
            statements.push(format!("ALTER TABLE {table} RENAME COLUMN {name} TO {aside}"));
            moved.push(format!("{name} = {aside}"));
            gone.push(format!("ALTER TABLE {table} DROP COLUMN {aside}"));
        }
        for check in &self.checks {
            // What a cut link left behind; the table's own went before.
            let name = Quoted(check.id.last());
            statements.push(format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"));
        }
        statements.push(format!("ALTER TABLE {table} INHERIT {parent}"));
        for column in &self.columns {
            statements.push(format!("ALTER TABLE {parent} ADD COLUMN {}", declared(column)?));
        }
        let step = |sql: String| {
            Step::new(&self.table, Verb::Alter, sql).locks(&self.table, LockMode::AccessExclusive)
        };
        let mut steps: Vec<Step> = statements.into_iter().map(step).collect();
        for column in &self.created {
            let made = step(format!("ALTER TABLE {parent} ADD COLUMN {}", self.made(column, context)?));
            steps.push(with_hazards(made, column, context)?);
        }
        if !moved.is_empty() {
            steps.push(step(format!("UPDATE ONLY {table} SET {}", moved.join(", "))).hazard(
                HazardKind::RewritesTable,
                &self.table,
                "every row is written anew, all the while locked",
            ));
        }
        steps.extend(gone.into_iter().map(step));
        for check in &self.checks {
            steps.push(step(format!("ALTER TABLE {parent} ADD {}", constraint::clause(check)?)));
        }
        for column in &self.columns {
            let attributes: Attributes = column.decode()?;
            if attributes.not_null && above_has(column, &attributes, context, |above| above.is("not_null")) {
                // By way of the one above, so that it too is only inherited (18).
                let (name, not_null) = (Quoted(column.id.last()), not_null::name(column, &attributes));
                let constraint = Quoted(&not_null);
                steps.push(step(if context.server.major() >= 18 {
                    format!("ALTER TABLE {parent} ADD CONSTRAINT {constraint} NOT NULL {name}")
                } else {
                    format!("ALTER TABLE {parent} ALTER COLUMN {name} SET NOT NULL")
                }));
            }
            steps.extend(extras(column, context)?);
        }
        for column in &self.created {
            steps.extend(extras(column, context)?);
            steps.extend(extras_below(column, context)?);
        }
        Ok(steps)
    }

    /// A column that comes, as it stands within `ADD COLUMN`.
    fn made(&self, column: &Fact, context: &Context<'_>) -> Result<String, PlanError> {
        let attributes: Attributes = column.decode()?;
        let given = above_has(column, &attributes, context, |above| above.is("not_null"));
        let named = Attributes {
            not_null: attributes.not_null && given,
            not_null_name: (context.server.major() >= 18).then(|| not_null::name(column, &attributes)),
            ..attributes
        };
        let mut clause = clause_of(column, &named, context)?;
        let defaults = context.to.children(&column.id).filter(|fact| fact.id.kind == Kind::Default);
        for default in defaults.filter(|default| !context.is_folded(&default.id)) {
            // Rows that are there get it too.
            clause.push_str(&format!(" DEFAULT {}", expression(default)?));
        }
        Ok(clause)
    }

    fn refuse_what_cannot(&self, column: &Fact, context: &Context<'_>) -> Result<(), PlanError> {
        let from = context.from.get(&column.id);
        let owns = |fact: &Fact| fact.id.kind == Kind::Sequence;
        let forced = |catalog: &tenantry_catalog::Catalog| {
            catalog.get(&self.table).is_some_and(|table| table.is("force_row_security"))
        };
        let reason = if from.is_some_and(|from| from.get("type") != column.get("type")) {
            "gets another type"
        } else if [Some(column), from]
            .into_iter()
            .flatten()
            .any(|c| c.get("generated").or(c.get("identity")).is_some())
        {
            "is computed"
        } else if context.from.children(&column.id).any(owns) {
            "owns a sequence"
        } else if stays_linked(column, &self.links, context) {
            "comes up in the table above at the same time"
        } else if !lineage::stay_below(self.table.first(), context).is_empty() {
            "has columns below it"
        } else if forced(context.from) || forced(context.to) {
            "has rows that row security hides"
        } else {
            return Ok(());
        };
        Err(Refusal::new(
            &column.id,
            format!("is the table's own, would only be inherited, and {reason}"),
            "Declare the column in the inheriting table too",
        )
        .into())
    }
}

/// The parent for the occasion.
fn occasional(table: &ObjectId, context: &Context<'_>) -> String {
    retype::aside(&format!("{}_parent", table.first()), context)
}

/// The statements that end it, once all links that are made give the table
/// what it has from above.
pub(in super::super) fn taken_over(link: &Fact, context: &Context<'_>) -> Vec<Step> {
    let table = ObjectId::new(Kind::Table, [link.id.first()]);
    if context.is_new(&table) || Change::of(&table, context).is_empty() {
        return Vec::new();
    }
    let place = |link: &Fact| link.get("order").and_then(serde_json::Value::as_i64);
    let made = context.to.children(&table).filter(is_link).filter(|link| context.is_new(&link.id));
    if made.max_by_key(|link| place(link)).is_none_or(|last| last.id != link.id) {
        return Vec::new();
    }
    let parent = occasional(&table, context);
    let parent = Quoted(&parent);
    let ends = [
        format!("ALTER TABLE {} NO INHERIT {parent}", Quoted(table.first())),
        format!("DROP TABLE {parent}"),
    ];
    let step = |sql| Step::new(&link.id, Verb::Create, sql).locks(&table, LockMode::AccessExclusive);
    ends.into_iter().map(step).collect()
}

/// The change of a column's table.
pub(super) fn change<'a>(column: &Fact, context: &Context<'a>) -> Change<'a> {
    Change::of(&table_of(column), context)
}

/// The column whose making makes this one too, below a parent for the occasion, if it is made like that.
pub(super) fn made_with(column: &Fact, context: &Context<'_>) -> Option<ObjectId> {
    if !column.is("inherited") {
        return None;
    }
    let change = change(column, context);
    change.leader.filter(|_| change.created.contains(&column))
}

/// The columns that come to a table before it is put below another one.
pub(in super::super) fn come_before(link: &Fact, context: &Context<'_>) -> Vec<ObjectId> {
    let table = ObjectId::new(Kind::Table, [link.id.first()]);
    Change::of(&table, context).created.iter().map(|column| column.id.clone()).collect()
}
