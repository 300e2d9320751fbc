//! A column that is a table's own and shall only be inherited, or the other
//! way round. PostgreSQL has no statement for it.
//!
//! Cutting the link to the table above leaves what came by it as the table's
//! own. What shall be inherited only is made anew: a parent for the occasion
//! gets the columns and checks, so the table has them from there; the values
//! are moved, and the links to the real parents take over. No row is lost.

use std::collections::BTreeSet;

use tenantry_catalog::{Fact, Kind, ObjectId};

use super::super::{constraint, lineage, retype};
use super::write::{alter, extras};
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
    /// The other columns that the table shares with those above.
    shared: Vec<&'a Fact>,
    /// The checks of the tables above that the table has from there alone.
    checks: Vec<&'a Fact>,
    /// The column whose alteration does all of it.
    leader: Option<ObjectId>,
}

fn is_link(fact: &&Fact) -> bool {
    fact.id.kind == Kind::Inheritance
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
        let shared = both.iter().map(|(_, to)| *to).filter(|to| above(to) && !columns.contains(to)).collect();
        let leader = changed.map(|(_, to)| to.id.clone()).next();
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
        Self { table: table.clone(), links, columns, shared, checks, leader }
    }

    fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.checks.is_empty()
    }

    /// Whether the alteration of this column does all of it.
    pub(super) fn is_led_by(&self, column: &Fact) -> bool {
        self.leader.as_ref() == Some(&column.id)
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
            if column.decode::<Attributes>()?.not_null {
                steps.push(alter(column, Verb::Alter, "SET NOT NULL"));
            }
            steps.extend(extras(column, context)?);
        }
        Ok(steps)
    }

    /// Whether a table above that is not left gets such a column.
    fn stays_linked(&self, column: &Fact, context: &Context<'_>) -> bool {
        let stay = context
            .to
            .children(&self.table)
            .filter(is_link)
            .filter(|link| context.from.contains(&link.id) && !self.links.contains(&link.id));
        stay.into_iter().any(|link| gives(link, column.id.last(), context))
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
        } else if self.stays_linked(column, context) {
            "comes up in the table above at the same time"
        } else if !lineage::stay_below(self.table.first(), context).is_empty() {
            "has columns below it"
        } else if context.server.major() >= 18 && column.is("not_null") {
            // There NOT NULL is a constraint, which would stay the table's own.
            "is NOT NULL"
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
