//! What must hold of every pair.

use tenantry_planner::sql::Identifier;
use tenantry_planner::{Destructive, HazardKind, Plan};
use tenantry_testkit::pg::Error;

use super::model::Schema;
use crate::judge::{Judge, NEW, NoPlan, OLD, Verdict, difference, script};

/// A schema and what became of it.
pub struct Pair<'a> {
    pub old: &'a Schema,
    pub new: &'a Schema,
}

/// A schema that is made from nothing by a plan.
const RENDERED: &str = "rendered";

/// Why a trial ended early.
struct Ended(Verdict);

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Ended(Verdict::Failed(error.to_string()))
    }
}

/// Tries a pair, and the old schema by itself if that is wanted.
pub fn try_pair(judge: &Judge, pair: &Pair<'_>, alone: bool) -> Verdict {
    let tried = load(judge, pair, alone).and_then(|loaded| {
        if let Some(old_dump) = &loaded.old_dump {
            stays_and_is_made_anew(judge, pair.old, old_dump)?;
        }
        changes(judge, pair, &loaded, alone)
    });
    match tried {
        Ok(()) => Verdict::Converged,
        Err(Ended(verdict)) => verdict,
    }
}

/// Both schemas are there, made by psql.
struct Loaded {
    /// Where the old one is tried by itself: pg_dump is a good part of a trial.
    old_dump: Option<String>,
    new_dump: String,
}

fn load(judge: &Judge, pair: &Pair<'_>, alone: bool) -> Result<Loaded, Ended> {
    let database = judge.database();
    database.load_all(&[(OLD, &pair.old.sql()), (NEW, &pair.new.sql())])?;
    let old_dump = alone.then(|| database.dump(OLD)).transpose()?;
    Ok(Loaded { old_dump, new_dump: database.dump(NEW)? })
}

/// A schema is equal to its own definition, and to the definition that is written out of it; made from nothing by a plan it
/// is the same schema.
fn stays_and_is_made_anew(judge: &Judge, schema: &Schema, dump: &str) -> Result<(), Ended> {
    let (engine, database) = (judge.engine(), judge.database());
    let target = answered("the old definition", engine.compile(&schema.sql(), Destructive::Allow))?;
    let itself = answered("the schema itself", engine.plan(OLD, &target))?.plan;
    empty(&itself, "a plan to its own definition")?;
    let written = engine.definition(&target);
    let again = answered("the written definition", engine.compile(&written, Destructive::Allow))?;
    if again.fingerprint != target.fingerprint {
        return Err(wrong(format!("what was written out of the schema declares something else:\n{written}")));
    }
    database.load(RENDERED, "")?;
    let whole = answered("from nothing", engine.plan(RENDERED, &target))?.plan;
    database.run(&script(&whole, RENDERED))?;
    same(&database.dump(RENDERED)?, dump, "made from nothing")
}

/// The plan converges, is the same one `again`, keeps the rows of what stays, and leaves nothing to do.
fn changes(judge: &Judge, pair: &Pair<'_>, loaded: &Loaded, again: bool) -> Result<(), Ended> {
    let (engine, database) = (judge.engine(), judge.database());
    let target = answered("the new definition", engine.compile(&pair.new.sql(), Destructive::Allow))?;
    let name = Identifier::new(OLD).unwrap();
    let queries = pair.old.surviving(pair.new);
    let before = rows(judge, &pair.old.inserts(&name), &queries)?;
    let plan = answered("the change", engine.plan(OLD, &target))?.plan;
    if loaded.old_dump.as_ref() == Some(&loaded.new_dump) {
        empty(&plan, "a plan between equal schemas")?;
    }
    let text = script(&plan, OLD);
    if again && text != script(&answered("the change", engine.plan(OLD, &target))?.plan, OLD) {
        return Err(wrong(format!("planned again, it is another plan:\n{text}")));
    }
    match database.run(&text) {
        Ok(_) => {}
        // Rows that the new schema does not allow: it says so, the plan said that this may be, and nothing is lost.
        Err(error) if is_about_rows(&error.to_string()) => {
            return if plan.hazards().any(|hazard| hazard.kind == HazardKind::DependsOnRows) {
                Ok(())
            } else {
                Err(wrong(format!("{error}\nof a plan that does not say that it depends on rows\n{text}")))
            };
        }
        Err(error) => return Err(Ended(Verdict::Failed(format!("{error}\nof the plan\n{text}")))),
    }
    same(&database.dump(OLD)?, &loaded.new_dump, &format!("after the plan\n{text}"))?;
    let after = rows(judge, "", &queries)?;
    if before != after {
        return Err(wrong(format!("rows changed:\n{before:?}\n{after:?}\nby the plan\n{text}")));
    }
    let second = answered("a second plan", engine.plan(OLD, &target))?.plan;
    empty(&second, "a second plan")
}

fn answered<T>(what: &str, answer: Result<T, NoPlan>) -> Result<T, Ended> {
    answer.map_err(|no_plan| {
        Ended(match no_plan {
            NoPlan::Refused(reason) => Verdict::Refused(format!("{what}: {reason}")),
            NoPlan::Failed(reason) => Verdict::Failed(format!("{what}: {reason}")),
        })
    })
}

fn wrong(reason: String) -> Ended {
    Ended(Verdict::Wrong(reason))
}

fn empty(plan: &Plan, what: &str) -> Result<(), Ended> {
    if plan.is_empty() { Ok(()) } else { Err(wrong(format!("{what} is not empty:\n{}", script(plan, OLD)))) }
}

fn same(found: &str, expected: &str, when: &str) -> Result<(), Ended> {
    if found == expected { Ok(()) } else { Err(wrong(format!("{}\n{when}", difference(found, expected)))) }
}

/// What the queries return on the old schema, after these statements.
fn rows(judge: &Judge, statements: &str, queries: &[String]) -> Result<String, Error> {
    let name = Identifier::new(OLD).unwrap();
    let filled = queries.iter().map(|query| {
        let query = tenantry_planner::sql::SqlTemplate::parse(query.as_str()).fill(&name);
        format!("\\echo\n{query};\n")
    });
    judge
        .database()
        .run(&format!("{statements}SET search_path = {name}, pg_catalog;\n{}", filled.collect::<String>()))
}

/// Whether a server's complaint is that rows are in the way of a constraint, a type or a partition.
fn is_about_rows(error: &str) -> bool {
    [
        "violates",
        "contains null values",
        "could not create unique index",
        "invalid input",
        "malformed record literal",
        "malformed array literal",
        "cannot cast jsonb ",
        "value too long",
        "out of range",
        "violated by some row",
        "could not create exclusion constraint",
        "cannot be cast automatically",
        "numeric field overflow",
        "does not allow null values",
    ]
    .iter()
    .any(|text| error.contains(text))
}
