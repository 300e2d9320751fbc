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

    /// Checks that a dump is as it should be, and shows the lines that differ where it is not.
    pub fn dump(&mut self, claim: &str, found: &str, expected: &str) {
        self.claim(claim, found == expected);
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
        let (found, expected) = (lines(found), lines(expected));
        found.difference(&expected).for_each(|line| println!("         found    {line}"));
        expected.difference(&found).for_each(|line| println!("         expected {line}"));
    }

    /// How many claims are true, and which are false.
    pub fn result(&self) -> (usize, &[String]) {
        (self.true_ones, &self.false_ones)
    }
}

/// What every tenant's schema is, as a digest by catalog SQL.
pub type Digests = BTreeMap<String, String>;

/// The digest of each tenant's schema.
///
/// # Errors
/// When the server does not answer.
pub fn digests(stage: &Stage) -> Result<Digests, Failure> {
    let rows = stage.psql(include_str!("../sql/digests.sql"))?;
    let pair =
        |line: &str| line.split_once('|').map(|(schema, digest)| (schema.to_owned(), digest.to_owned()));
    Ok(rows.lines().filter_map(pair).collect())
}

/// What the digest of one schema is made of.
///
/// # Errors
/// When the server does not answer.
pub fn lines(stage: &Stage, schema: &str) -> Result<String, Failure> {
    let sql = include_str!("../sql/digests.sql").replace("md5(", "(");
    let rows =
        stage.psql(&sql.replace(r"LIKE 'tenant\_%' OR nspname = 'reference'", &format!("= '{schema}'")))?;
    Ok(rows.replace(&format!("{schema}|"), ""))
}

/// The schemas that do not have this digest.
pub fn others(digests: &Digests, digest: &str) -> BTreeSet<String> {
    digests.iter().filter(|(_, found)| *found != digest).map(|(schema, _)| schema.clone()).collect()
}

/// What psql makes of a definition, without Tenantry: what every tenant has to look like.
pub struct Reference {
    /// By catalog SQL.
    pub digest: String,
    /// What the digest is made of.
    pub lines: String,
    /// By pg_dump.
    pub dump: String,
}

impl Reference {
    /// Makes a schema out of a definition, looks at it, and drops it.
    ///
    /// # Errors
    /// When the definition does not run.
    pub fn of(stage: &Stage, definition: &str) -> Result<Self, Failure> {
        let sql = definition.replace("__TENANT__", "reference");
        stage
            .psql_as_login(&format!("CREATE SCHEMA reference; SET search_path = reference, public; {sql}"))?;
        let dump = dump(stage, "reference")?;
        let digest = digests(stage)?.remove("reference").unwrap_or_default();
        let lines = lines(stage, "reference")?;
        stage.psql("DROP SCHEMA reference CASCADE")?;
        Ok(Self { digest, lines, dump })
    }
}

/// The dump of one schema, its name and what stands aside in it taken out: whole statements about a table that was
/// renamed aside, and the lines of others that name something aside.
///
/// # Errors
/// When pg_dump fails.
pub fn dump(stage: &Stage, schema: &str) -> Result<String, Failure> {
    let dump = stage.cluster.normalised_dump(DATABASE, schema, Owners::LeftAlone)?;
    let (mut kept, mut statement) = (String::new(), Vec::new());
    for line in dump.lines().filter(|line| !line.is_empty()) {
        statement.push(line);
        if !line.ends_with(';') {
            continue;
        }
        let lines: Vec<&str> = std::mem::take(&mut statement);
        if !lines[0].contains(ASIDE) {
            // What follows the last column of a table stands without a comma.
            let in_use = lines.into_iter().filter(|line| !line.contains(ASIDE));
            kept.extend(in_use.map(|line| format!("{}\n", line.trim_end_matches(','))));
        }
    }
    Ok(kept)
}

/// How the names begin of what was renamed aside.
const ASIDE: &str = "tenantry_q_";

/// One column of text, as a set.
///
/// # Errors
/// When the server does not answer.
pub fn set(stage: &Stage, sql: &str) -> Result<BTreeSet<String>, Failure> {
    Ok(stage.psql(sql)?.lines().map(str::to_owned).collect())
}

/// The tenants whose table `invoice` has the column that the next version adds.
pub const MIGRATED: &str = r"SELECT n.nspname FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relname = 'invoice'
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname LIKE 'tenant\_%' AND a.attname = 'paid_at' AND NOT a.attisdropped";

/// The rows of every tenant, counted: all tables together, and the fax numbers that the next version puts aside.
///
/// # Errors
/// When the server does not answer.
pub fn rows(
    stage: &Stage,
    schemas: &BTreeSet<String>,
    columns: &[&str],
) -> Result<BTreeMap<String, String>, Failure> {
    let count = |schema: &String| {
        let tables =
            ["account", "member", "contact", "invoice", "invoice_line", "payment", "setting", "audit_log"];
        let mut counts: Vec<String> =
            tables.iter().map(|table| format!("(SELECT count(*) FROM \"{schema}\".{table})")).collect();
        counts.extend(columns.iter().map(|column| {
            format!("(SELECT string_agg({column}::text, ',' ORDER BY 1) FROM \"{schema}\".contact)")
        }));
        format!("SELECT '{schema}', concat_ws(' ', {})", counts.join(", "))
    };
    let sql: Vec<String> = schemas.iter().map(count).collect();
    let rows = stage.psql(&format!("{};", sql.join(";\n")))?;
    Ok(rows
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(s, n)| (s.to_owned(), n.to_owned()))
        .collect())
}
