//! What is stored must outlive a change: a plan loses only what it says that it loses.

use serde::Deserialize;
use tenantry_catalog::Kind;
use tenantry_planner::sql::Literal;
use tenantry_planner::{Hazard, HazardKind, Plan, Step};
use tenantry_testkit::pg::Error;

use super::Database;

/// One thing that survives, as `values.sql` tells of it.
#[derive(Clone, Debug, Deserialize)]
struct Survivor {
    relation: String,
    /// Empty for a sequence.
    column: String,
    same_type: bool,
    /// Reads it as it will be.
    before: String,
    /// Reads it as it is.
    now: String,
}

/// What survives a change from one schema to another, and what was stored there.
#[derive(Default)]
pub struct Values {
    survivors: Vec<Survivor>,
    before: Vec<String>,
    at_first: Vec<String>,
}

impl Values {
    /// Reads what is stored in `old` and is to survive into `new`.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn read(database: &Database, old: &str, new: &str) -> Result<Self, Error> {
        let sql = include_str!("values.sql")
            .replace(":'old'", &Literal(old).to_string())
            .replace(":'new'", &Literal(new).to_string());
        let survivors: Vec<Survivor> =
            database.run(&sql)?.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let queries = |query: fn(&Survivor) -> &str| -> Vec<String> {
            survivors.iter().map(|survivor| query(survivor).to_owned()).collect()
        };
        let before = read(database, &queries(|survivor| &survivor.before))?;
        let at_first = read(database, &queries(|survivor| &survivor.now))?;
        Ok(Self { survivors, before, at_first })
    }

    /// What is lost or changed after a plan, unless the plan says so; a line each.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn lost(&self, database: &Database, plan: &Plan) -> Result<Vec<String>, Error> {
        self.compare(database, &self.before, |survivor| !admits(plan, survivor))
    }

    /// What is lost or changed after a plan and the one that leads back, unless one of them says so.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn lost_on_return(
        &self,
        database: &Database,
        plan: &Plan,
        back: &Plan,
    ) -> Result<Vec<String>, Error> {
        let counts =
            |survivor: &Survivor| survivor.same_type && !admits(plan, survivor) && !admits(back, survivor);
        self.compare(database, &self.at_first, counts)
    }

    fn compare(
        &self,
        database: &Database,
        before: &[String],
        counts: impl Fn(&Survivor) -> bool,
    ) -> Result<Vec<String>, Error> {
        let counted: Vec<usize> =
            (0..self.survivors.len()).filter(|at| counts(&self.survivors[*at])).collect();
        let queries: Vec<String> = counted.iter().map(|at| self.survivors[*at].now.clone()).collect();
        let now = read(database, &queries)?;
        let pairs = counted.iter().zip(&now).filter(|(at, now)| {
            let sequence = self.survivors[**at].column.is_empty();
            before[**at] != **now && !(sequence && counts_on(&before[**at], now))
        });
        Ok(pairs.map(|(at, now)| format!("was {}, is {now}", before[*at])).collect())
    }
}

/// Whether a sequence has only given out more numbers: to rows that are there, for a new column.
fn counts_on(before: &str, now: &str) -> bool {
    let last = |line: &str| -> (String, String, (i64, bool)) { serde_json::from_str(line).unwrap() };
    last(now).2 > last(before).2
}

/// Runs the queries, each of which answers one line.
fn read(database: &Database, queries: &[String]) -> Result<Vec<String>, Error> {
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    let path = "SET search_path = pg_catalog; SET timezone = 'UTC';";
    let answers = database.run(&format!("{path}\n{};", queries.join(";\n")))?;
    Ok(answers.lines().map(str::to_owned).collect())
}

/// Whether a plan says of something that its values go, or are not what they were.
fn admits(plan: &Plan, survivor: &Survivor) -> bool {
    let loses = |hazard: &&Hazard| matches!(hazard.kind, HazardKind::DropsData | HazardKind::ChangesValues);
    let about = |step: &Step, hazard: &Hazard| {
        let (object, relation) = (&hazard.object, survivor.relation.as_str());
        let whole = matches!(object.kind, Kind::Table | Kind::Sequence) && object.first() == relation;
        // A change of one column of a table names the table as what is hurt.
        let other = object.kind == Kind::Table
            && step.object.kind == Kind::Column
            && step.object.last() != survivor.column;
        whole && !other
            || object.kind == Kind::Column && object.first() == relation && object.last() == survivor.column
    };
    plan.steps.iter().any(|step| step.hazards.iter().filter(loses).any(|hazard| about(step, hazard)))
}
