//! Judges the engine by something that is not the engine: schemas made by psql, and the dumps of pg_dump.

#![allow(dead_code, reason = "each test uses a part of it")]

mod database;
mod engine;
mod values;
mod verdict;

use std::fmt::Write as _;

use tenantry_engine::Target;
use tenantry_planner::sql::{Identifier, Quoted, SqlTemplate};
use tenantry_planner::{Destructive, Plan, Segment};
use tenantry_testkit::pg::Error;

pub use database::Database;
pub use engine::{Engine, NoPlan, Ways};
use values::Values;
pub use verdict::{Judgement, Verdict, difference};

/// The schemas that are compared. One of them has a name that must be quoted.
pub const OLD: &str = "judged old \"é\"";
pub const NEW: &str = "judged_new";

/// A database, and the engine on it.
pub struct Judge {
    database: Database,
    engine: Engine,
}

/// What is known of a change beforehand.
pub struct Change<'a> {
    /// The definition before.
    pub old: &'a str,
    /// The definition after.
    pub new: &'a str,
    /// Whether both are said to be the same.
    pub noop: bool,
    /// Statements that fill the schema before, and those that fill the one after for the way in reverse.
    pub rows: [&'a str; 2],
}

impl<'a> Change<'a> {
    /// A change of schemas without rows.
    pub fn new(old: &'a str, new: &'a str) -> Self {
        Self { old, new, noop: false, rows: [""; 2] }
    }
}

/// One way of a change: from a schema that psql made to what the other definition says.
struct Way<'a> {
    schema: &'a str,
    /// What pg_dump shows of it.
    before: &'a str,
    /// What it shall show afterwards.
    after: &'a str,
    noop: bool,
    /// What is stored in it.
    values: Values,
}

impl Judge {
    /// A judge with a database of its own.
    pub fn new(database: Database) -> Self {
        let engine = Engine::new(&database.url());
        Self { database, engine }
    }

    /// The database in which it judges.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The engine that is judged.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Has both ways planned, runs the plans by psql, and compares the dumps.
    ///
    /// # Errors
    /// When a definition cannot be loaded: no fault of the engine.
    pub fn judge(&self, change: &Change<'_>) -> Result<Judgement, Error> {
        self.database.load_all(&[(OLD, change.old), (NEW, change.new)])?;
        let (old, new) = (self.database.dump(OLD)?, self.database.dump(NEW)?);
        let noop = change.noop || old == new;
        let values = self.filled(OLD, NEW, change.rows[0])?;
        let forward = Way { schema: OLD, before: &old, after: &new, noop, values };
        let values = self.filled(NEW, OLD, change.rows[1])?;
        let reverse = Way { schema: NEW, before: &new, after: &old, noop, values };
        let judgement = Judgement {
            forward: self.travel(&forward, change.new),
            reverse: self.travel(&reverse, change.old),
        };
        self.database.drop_schemas(&[OLD, NEW])?;
        Ok(judgement)
    }

    /// Has the way forward planned so that what holds data is renamed aside, runs the plan and the one that leads back: nothing is
    /// lost.
    ///
    /// # Errors
    /// When a definition cannot be loaded: no fault of the engine.
    pub fn judge_putting_aside(&self, change: &Change<'_>) -> Result<Verdict, Error> {
        self.database.load(OLD, change.old)?;
        let before = self.database.dump(OLD)?;
        let values = self.filled(OLD, OLD, change.rows[0])?;
        Ok(self.put_aside(change.new, &before, &values).unwrap_or_else(|verdict| verdict))
    }

    fn put_aside(&self, definition: &str, before: &str, values: &Values) -> Result<Verdict, Verdict> {
        let no_plan = |what: &str, no_plan| match no_plan {
            NoPlan::Refused(reason) => Verdict::Refused(format!("{what}: {reason}")),
            NoPlan::Failed(reason) => Verdict::Failed(format!("{what}: {reason}")),
        };
        let target = self.engine.compile(definition, Destructive::Quarantine);
        let target = target.map_err(|error| no_plan("the definition", error))?;
        let Ways { plan, back } =
            self.engine.plan(OLD, &target).map_err(|error| no_plan("the plan", error))?;
        let script = script(&plan, OLD);
        if let Err(error) = self.database.run(&script) {
            return Err(Verdict::Failed(format!("{error}\nof the plan\n{script}")));
        }
        let again = self.engine.plan_beside(OLD, &target, &plan.renamed());
        let again = again.map_err(|error| no_plan("a second plan", error))?.plan;
        if !again.is_empty() {
            let again = self::script(&again, OLD);
            return Err(Verdict::Failed(format!(
                "a second plan is not empty:\n{again}\nafter the plan\n{script}"
            )));
        }
        let back = back.map_err(|reason| Verdict::Refused(format!("the way back: {reason}")))?;
        let scripts = format!("{script}\nand back\n{}", self::script(&back, OLD));
        if let Err(error) = self.database.run(&self::script(&back, OLD)) {
            return Err(Verdict::Failed(format!("{error}\nof the plans\n{scripts}")));
        }
        // What the new schema had besides is put aside in turn.
        let found = self.database.dump(OLD).map_err(|error| Verdict::Failed(error.to_string()))?;
        if back.renamed().is_empty() && found != before {
            let difference = difference(&found, before);
            return Err(Verdict::Wrong(format!("the way back: {difference}\nafter\n{scripts}")));
        }
        let lost = values.lost_on_return(&self.database, &plan, &back);
        Ok(changed(lost, &scripts).unwrap_or(Verdict::Converged))
    }

    /// Fills a schema by these statements: what is stored there that is to outlive the change into another one.
    fn filled(&self, schema: &str, other: &str, rows: &str) -> Result<Values, Error> {
        if rows.trim().is_empty() {
            return Ok(Values::default());
        }
        self.database.run(&format!("SET search_path = {}, public;\n{rows}", Quoted(schema)))?;
        Values::read(&self.database, schema, other)
    }

    /// Plans one way, runs the plan, and judges where it leads.
    fn travel(&self, way: &Way<'_>, definition: &str) -> Verdict {
        let target = match self.engine.compile(definition, Destructive::Allow) {
            Ok(target) => target,
            Err(NoPlan::Refused(reason)) => return Verdict::Refused(format!("the definition: {reason}")),
            Err(NoPlan::Failed(reason)) => return Verdict::Failed(format!("the definition: {reason}")),
        };
        let Ways { plan, back } = match self.engine.plan(way.schema, &target) {
            Ok(ways) => ways,
            Err(NoPlan::Refused(reason)) => return Verdict::Refused(reason),
            Err(NoPlan::Failed(reason)) => return Verdict::Failed(reason),
        };
        let script = script(&plan, way.schema);
        if way.noop && !plan.is_empty() {
            return Verdict::Wrong(format!("nothing is to be done, and the plan is\n{script}"));
        }
        let verdict = self.follow(way.schema, &plan, way.after);
        if verdict != Verdict::Converged {
            return verdict;
        }
        if let Some(verdict) = changed(way.values.lost(&self.database, &plan), &script) {
            return verdict;
        }
        if let Some(verdict) = self.plans_again(way.schema, &target) {
            return verdict;
        }
        match back {
            Ok(back) => match self.follow(way.schema, &back, way.before) {
                Verdict::Converged => {
                    let lost = way.values.lost_on_return(&self.database, &plan, &back);
                    changed(lost, &self::script(&back, way.schema)).unwrap_or(Verdict::Converged)
                }
                Verdict::Wrong(reason) => Verdict::Wrong(format!("the way back: {reason}")),
                verdict => Verdict::Failed(format!("the way back: {}", verdict.reason().unwrap_or_default())),
            },
            Err(_) => Verdict::Converged,
        }
    }

    /// Runs a plan by psql and compares what pg_dump shows then.
    fn follow(&self, schema: &str, plan: &Plan, expected: &str) -> Verdict {
        let script = script(plan, schema);
        if let Err(error) = self.database.run(&script) {
            return Verdict::Failed(format!("{error}\nof the plan\n{script}"));
        }
        match self.database.dump(schema) {
            Ok(found) if found == expected => Verdict::Converged,
            Ok(found) => {
                Verdict::Wrong(format!("{}\nafter the plan\n{script}", difference(&found, expected)))
            }
            Err(error) => Verdict::Failed(error.to_string()),
        }
    }

    /// What is wrong if a second plan is not empty.
    fn plans_again(&self, schema: &str, target: &Target) -> Option<Verdict> {
        match self.engine.plan(schema, target) {
            Ok(ways) if ways.plan.is_empty() => None,
            Ok(ways) => {
                let script = self::script(&ways.plan, schema);
                Some(Verdict::Failed(format!("a second plan is not empty:\n{script}")))
            }
            Err(NoPlan::Refused(reason) | NoPlan::Failed(reason)) => {
                Some(Verdict::Failed(format!("there is no second plan: {reason}")))
            }
        }
    }
}

/// What values that are not what they were come to.
fn changed(lost: Result<Vec<String>, Error>, script: &str) -> Option<Verdict> {
    match lost {
        Ok(lost) if lost.is_empty() => None,
        Ok(lost) => {
            Some(Verdict::Wrong(format!("values changed:\n{}\nby the plan\n{script}", lost.join("\n"))))
        }
        Err(error) => Some(Verdict::Failed(error.to_string())),
    }
}

/// A plan as psql runs it.
pub fn script(plan: &Plan, schema: &str) -> String {
    let name = Identifier::new(schema).unwrap();
    let mut script = format!(
        "SET client_min_messages = error; SET check_function_bodies = off;\n\
         SET search_path = {}, pg_catalog, pg_temp;\n",
        Quoted(schema)
    );
    for segment in plan.segments() {
        let mut statements = String::new();
        for step in segment.steps() {
            let _ = writeln!(statements, "{}\n;", SqlTemplate::parse(step.sql.as_str()).fill(&name));
        }
        let _ = match segment {
            Segment::Transaction(_) => write!(script, "BEGIN;\n{statements}COMMIT;\n"),
            Segment::Alone(_) => write!(script, "{statements}"),
        };
    }
    script
}
