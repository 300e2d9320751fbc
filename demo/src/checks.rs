//! Claims, checked by pg_dump and catalog SQL: nothing here calls Tenantry.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_testkit::pg::Owners;

use crate::stage::{DATABASE, Failure, Stage};

/// The claims that were checked, and those that are false.
#[derive(Default)]
pub struct Checks {
    true_ones: usize,
    false_ones: Vec<String>,
}

impl Checks {
    /// Checks one claim, and says what came of it.
    pub fn claim(&mut self, claim: &str, holds: bool) {
        println!("  {} {claim}", if holds { "true: " } else { "FALSE:" });
        if holds {
            self.true_ones += 1;
        } else {
            self.false_ones.push(claim.to_owned());
        }
    }

    /// Checks that two things are equal, and shows them where they are not.
    pub fn equal<T: PartialEq + std::fmt::Debug>(&mut self, claim: &str, found: &T, expected: &T) {
        self.claim(claim, found == expected);
        if found != expected {
            println!("         found    {found:?}\n         expected {expected:?}");
        }
    }

    /// How many claims are true, and which are false.
    pub fn result(&self) -> (usize, &[String]) {
        (self.true_ones, &self.false_ones)
    }
}

/// The schemas of the tenants that are there, by catalog SQL.
///
/// # Errors
/// When the server does not answer.
pub fn schemas(stage: &Stage) -> Result<BTreeSet<String>, Failure> {
    let rows = stage.psql(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\_%'")?;
    Ok(rows.lines().map(str::to_owned).collect())
}

/// The tenants whose table `invoice` has a column, by catalog SQL.
///
/// # Errors
/// When the server does not answer.
pub fn with_column(stage: &Stage, column: &str) -> Result<BTreeSet<String>, Failure> {
    let rows = stage.psql(&format!(
        "SELECT n.nspname FROM pg_attribute a
         JOIN pg_class c ON c.oid = a.attrelid AND c.relname = 'invoice'
         JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname LIKE 'tenant\\_%' AND a.attname = '{column}' AND NOT a.attisdropped"
    ))?;
    Ok(rows.lines().map(str::to_owned).collect())
}

/// The dump of one schema, its name taken out.
///
/// # Errors
/// When pg_dump fails.
pub fn dump(stage: &Stage, schema: &str) -> Result<String, Failure> {
    Ok(stage.cluster.normalised_dump(DATABASE, schema, Owners::LeftAlone)?)
}

/// The dump of what psql makes of a definition, without Tenantry: what every
/// tenant has to look like.
///
/// # Errors
/// When the definition does not run.
pub fn reference(stage: &Stage, definition: &str) -> Result<String, Failure> {
    let sql = definition.replace("__TENANT__", "reference");
    stage.psql(&format!(
        "DROP SCHEMA IF EXISTS reference CASCADE; CREATE SCHEMA reference; SET search_path = reference; {sql}"
    ))?;
    let dump = dump(stage, "reference")?;
    stage.psql("DROP SCHEMA reference CASCADE")?;
    Ok(dump)
}

/// How many rows each tenant has, over all of its ordinary tables' main ones.
///
/// # Errors
/// When the server does not answer.
pub fn rows(stage: &Stage, schemas: &BTreeSet<String>) -> Result<BTreeMap<String, String>, Failure> {
    let count = |schema: &String| {
        let tables = ["account", "member", "contact", "invoice", "invoice_line", "payment", "setting", "audit_log"];
        let counts: Vec<String> =
            tables.iter().map(|table| format!("(SELECT count(*) FROM \"{schema}\".{table})")).collect();
        format!("SELECT '{schema}', concat_ws(' ', {})", counts.join(", "))
    };
    let sql: Vec<String> = schemas.iter().map(count).collect();
    let rows = stage.psql(&format!("{};", sql.join(";\n")))?;
    Ok(rows.lines().filter_map(|line| line.split_once('|')).map(|(s, n)| (s.to_owned(), n.to_owned())).collect())
}
