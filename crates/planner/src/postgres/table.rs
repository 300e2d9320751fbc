//! Tables, ordinary and partitioned. A new one is made with its columns, and
//! with the defaults and constraints that the order allows.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::address::{Address, owner_step};
use super::options::Options;
use super::{column, constraint, identity, sequence, slot};
use crate::rules::{Alteration, Context, Rebuild, Rules, Slot};
use crate::sql::Quoted;
use crate::{Destructive, HazardKind, LockMode, PlanError, Refusal, Step, Verb, reserved_name};

/// The rules of tables.
pub(super) struct Table;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    #[serde(default)]
    unlogged: bool,
    #[serde(default)]
    partition_key: Option<String>,
    #[serde(default)]
    of_type: Option<String>,
    /// Where it is not `heap`.
    #[serde(default)]
    access_method: Option<String>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default, rename = "_option_order")]
    option_order: Vec<String>,
    #[serde(default)]
    row_security: bool,
    #[serde(default)]
    force_row_security: bool,
    #[serde(default)]
    replica_identity: Option<String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
    #[serde(default, rename = "_reserved")]
    reserved: Option<String>,
}

impl Attributes {
    fn options(&self) -> Options<'_> {
        Options { values: &self.options, order: &self.option_order }
    }
}

/// `ALTER TABLE t ...`, locked.
fn alter_table(id: &ObjectId, verb: Verb, action: &str) -> Step {
    let sql = format!("ALTER TABLE {} {action}", Quoted(id.first()));
    Step::new(id, verb, sql).locks(id, LockMode::AccessExclusive)
}

/// What is said of a table after it was made, and may be said anew.
fn settings(id: &ObjectId, verb: Verb, before: Option<&Attributes>, table: &Attributes) -> Vec<Step> {
    let was = |flag: fn(&Attributes) -> bool| before.is_some_and(flag);
    let mut actions = Vec::new();
    if was(|t| t.row_security) != table.row_security {
        actions.push(if table.row_security {
            "ENABLE ROW LEVEL SECURITY"
        } else {
            "DISABLE ROW LEVEL SECURITY"
        });
    }
    if was(|t| t.force_row_security) != table.force_row_security {
        actions.push(if table.force_row_security {
            "FORCE ROW LEVEL SECURITY"
        } else {
            "NO FORCE ROW LEVEL SECURITY"
        });
    }
    if before.and_then(|t| t.replica_identity.as_deref()) != table.replica_identity.as_deref() {
        match table.replica_identity.as_deref() {
            None => actions.push("REPLICA IDENTITY DEFAULT"),
            Some("full") => actions.push("REPLICA IDENTITY FULL"),
            Some("nothing") => actions.push("REPLICA IDENTITY NOTHING"),
            // The index or constraint says so itself.
            Some(_) => {}
        }
    }
    actions.into_iter().map(|action| alter_table(id, verb, action)).collect()
}

/// The statement that makes a table with all that can be written within it.
fn create_sql(fact: &Fact, table: &Attributes, context: &Context<'_>) -> Result<String, PlanError> {
    let name = Quoted(fact.id.first());
    let unlogged = if table.unlogged { "UNLOGGED " } else { "" };
    let mut lines = Vec::new();
    if table.of_type.is_none() {
        let mut columns: Vec<&Fact> =
            context.to.children(&fact.id).filter(|child| child.id.kind == Kind::Column).collect();
        columns.sort_by_key(|column| column.get("_position").and_then(serde_json::Value::as_i64));
        for column in columns.into_iter().filter(|column| !column.is("inherited")) {
            lines.push(column::clause(column, context)?);
        }
    }
    for constraint in context.folded_into(&fact.id, Kind::Constraint) {
        lines.push(constraint::clause(constraint)?);
    }
    let body = match (lines.is_empty(), &table.of_type) {
        (true, Some(_)) => String::new(),
        (true, None) => " ()".to_owned(),
        (false, _) => format!(" (\n    {}\n)", lines.join(",\n    ")),
    };
    let of_type = table.of_type.as_ref().map_or(String::new(), |of| format!(" OF {of}"));
    let mut parents: Vec<&Fact> =
        context.to.children(&fact.id).filter(|child| child.id.kind == Kind::Inheritance).collect();
    parents.sort_by_key(|parent| parent.get("order").and_then(serde_json::Value::as_i64));
    let parents: Vec<&str> = parents.iter().map(|parent| parent.id.last()).collect();
    let inherits =
        if parents.is_empty() { String::new() } else { format!(" INHERITS ({})", parents.join(", ")) };
    let partition = table.partition_key.as_ref().map_or(String::new(), |key| format!(" PARTITION BY {key}"));
    let using = table.access_method.as_ref().map_or(String::new(), |m| format!(" USING {}", Quoted(m)));
    let with = table.options().with();
    Ok(format!("CREATE {unlogged}TABLE {name}{of_type}{body}{inherits}{partition}{using}{with}"))
}

impl Rules for Table {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let table: Attributes = fact.decode()?;
        let columns: Vec<&Fact> =
            context.to.children(&fact.id).filter(|child| child.id.kind == Kind::Column).collect();
        let sequences: Vec<&Fact> =
            columns.iter().flat_map(|c| sequence::made_with(&c.id, context)).collect();
        let mut steps = Vec::new();
        for sequence in &sequences {
            steps.extend(sequence::make(sequence)?);
        }
        steps.push(Step::new(&fact.id, Verb::Create, create_sql(fact, &table, context)?));
        steps.extend(owner_step(fact, Verb::Create));
        steps.extend(sequences.into_iter().map(|sequence| sequence::own(sequence, Verb::Create)));
        for column in columns {
            steps.extend(column::extras(column, context)?);
        }
        for constraint in context.folded_into(&fact.id, Kind::Constraint) {
            steps.extend(constraint::extras(constraint, None)?);
        }
        steps.extend(settings(&fact.id, Verb::Create, None, &table));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let step = Step::new(&fact.id, Verb::Drop, format!("DROP {}", Address(&fact.id)));
        Ok(vec![
            step.locks(&fact.id, LockMode::AccessExclusive)
                .hazard(HazardKind::DropsData, &fact.id, "all of its rows are lost")
                .hazard(HazardKind::ChangesContract, &fact.id, "whoever uses it will fail"),
        ])
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
                "partition_key" if context.policy.destructive == Destructive::Allow => {
                    return Ok(Alteration::Replace);
                }
                "partition_key" => {
                    return Err(Refusal::new(
                        &to.id,
                        "would be partitioned in another way, for which its rows must be moved",
                        "Declare a new table beside it, move the rows, and drop the old one in a later revision; or allow drops",
                    )
                    .into());
                }
                "unlogged" if after.partition_key.is_some() => {
                    return Err(Refusal::new(
                        &to.id,
                        "is partitioned, and the server cannot change whether such a table is logged",
                        "Leave it as it is, and say of its partitions whether they are logged; or declare a new table",
                    )
                    .into());
                }
                "unlogged" => {
                    let action = if after.unlogged { "SET UNLOGGED" } else { "SET LOGGED" };
                    steps.push(alter_table(&to.id, Verb::Alter, action).hazard(
                        HazardKind::RewritesTable,
                        &to.id,
                        "is written anew, all the while locked",
                    ));
                    steps.extend(sequence::left_as_they_are(&to.id, after.unlogged, context));
                }
                "of_type" => steps.push(match &after.of_type {
                    Some(of) => alter_table(&to.id, Verb::Alter, &format!("OF {of}")),
                    None => alter_table(&to.id, Verb::Alter, "NOT OF"),
                }),
                "access_method" => {
                    let method = after.access_method.as_deref().unwrap_or("heap");
                    let action = format!("SET ACCESS METHOD {}", Quoted(method));
                    steps.push(alter_table(&to.id, Verb::Alter, &action).hazard(
                        HazardKind::RewritesTable,
                        &to.id,
                        "is written anew, all the while locked",
                    ));
                }
                "options" => {
                    let clauses = before.options().way_to(after.options());
                    steps.extend(clauses.iter().map(|clause| alter_table(&to.id, Verb::Alter, clause)));
                }
                "owner" => steps.extend(owner_step(to, Verb::Alter)),
                _ => {}
            }
        }
        steps.extend(settings(&to.id, Verb::Alter, Some(&before), &after));
        Ok(Alteration::in_place(steps))
    }

    /// A logged table never refers to an unlogged one: the one that is referred to is logged first, and last no longer.
    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        let unlogged = fact.is("unlogged");
        let changes = context.from.get(&fact.id).is_some_and(|from| from.is("unlogged") != unlogged);
        if verb != Verb::Alter || !changes {
            return Vec::new();
        }
        let table = |name: &str| ObjectId::new(Kind::Table, [name]);
        let others: Vec<ObjectId> = if unlogged {
            let keys = context.to.of_kind(Kind::Constraint);
            let keys = keys.filter(|key| key.text("_references") == Some(fact.id.first()));
            keys.map(|key| table(key.id.first())).collect()
        } else {
            let keys = context.to.children(&fact.id);
            keys.filter_map(|key| key.text("_references")).map(table).collect()
        };
        let changed_too = |other: &ObjectId| {
            let sides = context.from.get(other).zip(context.to.get(other));
            *other != fact.id && sides.is_some_and(|(from, to)| from.is("unlogged") != to.is("unlogged"))
        };
        others.into_iter().filter(changed_too).map(|other| (Verb::Alter, other)).collect()
    }

    /// A table holds rows: it never goes because of what it rests on.
    fn rebuild(&self, fact: &Fact, because: &ObjectId, context: &Context<'_>) -> Rebuild {
        if because.kind == Kind::Table || !context.to.depends_on(&fact.id).any(|on| on == because) {
            return Rebuild::Keep;
        }
        Rebuild::Refuse {
            reason: format!("rests on {because}, which has to be made anew"),
            remedy: "Change the table so that it does not, and change it back in a later revision".to_owned(),
        }
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::relation(fact)
    }

    fn holds_data(&self, _: &Fact, _: &Context<'_>) -> bool {
        true
    }

    /// It, and what would take the names of its successors, is renamed; its
    /// triggers go, as they could go on acting. Foreign keys go by themselves.
    fn quarantine(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let reserved = reserved_name(&fact.id, context.from);
        let table = Quoted(fact.id.first());
        let mut steps = Vec::new();
        for child in context.from.children(&fact.id) {
            match child.id.kind {
                Kind::Trigger => {
                    let sql = format!("DROP {}", Address(&child.id));
                    steps.push(
                        Step::new(&child.id, Verb::Drop, sql).locks(&fact.id, LockMode::AccessExclusive),
                    );
                }
                Kind::Index => {
                    let name = reserved_name(&child.id, context.from);
                    let sql = format!("ALTER {} RENAME TO {}", Address(&child.id), Quoted(&name));
                    steps.push(Step::new(&child.id, Verb::Quarantine, sql).aside(name));
                }
                Kind::Constraint if constraint::has_index(child) => {
                    let name = reserved_name(&child.id, context.from);
                    let sql = format!(
                        "ALTER TABLE {table} RENAME CONSTRAINT {} TO {}",
                        Quoted(child.id.last()),
                        Quoted(&name)
                    );
                    steps.push(Step::new(&child.id, Verb::Quarantine, sql).aside(name));
                }
                Kind::Column => {
                    steps.extend(identity::put_aside(child, context));
                    for owned in context.from.children(&child.id).filter(|f| f.id.kind == Kind::Sequence) {
                        let name = reserved_name(&owned.id, context.from);
                        let sql = format!("ALTER {} RENAME TO {}", Address(&owned.id), Quoted(&name));
                        steps.push(Step::new(&owned.id, Verb::Quarantine, sql).aside(name));
                    }
                }
                _ => {}
            }
        }
        let rename = alter_table(&fact.id, Verb::Quarantine, &format!("RENAME TO {}", Quoted(&reserved)));
        steps.push(
            rename
                .aside(reserved)
                .hazard(HazardKind::QuarantinesData, &fact.id, "is renamed aside, and can be brought back")
                .hazard(HazardKind::ChangesContract, &fact.id, "whoever uses it will fail"),
        );
        Ok(steps)
    }

    fn restore(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let table: Attributes = fact.decode()?;
        let now = table.reserved.unwrap_or_default();
        let sql = format!("ALTER TABLE {} RENAME TO {}", Quoted(&now), Quoted(fact.id.first()));
        Ok(vec![Step::new(&fact.id, Verb::Restore, sql)])
    }
}
