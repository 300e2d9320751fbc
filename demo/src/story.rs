//! The story, act by act.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::checks::{Checks, MIGRATED, Reference, digests, dump, lines, others, rows, set};
use crate::stage::{Failure, Stage};
use crate::timeline::Timeline;

const FIRST: &str = include_str!("../sql/v1.sql");
const NEXT: &str = include_str!("../sql/v2.sql");

/// Who changed what by hand, tenants alike together.
const DRIFTED: [&[&str]; 5] = [&["globex", "hooli"], &["initech"], &["umbrella"], &["stark"], &["wayne"]];
/// Whose rows do not allow the next version.
const STUBBORN: &str = "wonka";
/// What the stubborn tenant's rows violate.
const CONSTRAINT: &str = "invoice_currency_known";
/// A rollout that does nothing for so long will not do anything any more.
const PATIENCE: Duration = Duration::from_secs(600);

/// Tells all of it.
///
/// # Errors
/// When it cannot go on. A claim that is false is no error: it stands in `checks`.
pub fn tell(
    stage: &Stage,
    tenants: usize,
    checks: &mut Checks,
    timeline: &mut Timeline,
) -> Result<(), Failure> {
    let teller = Teller { stage, tenants };
    let first = Reference::of(stage, FIRST)?;
    let next = Reference::of(stage, NEXT)?;
    timeline.time("schemas provisioned from the definition", tenants, || teller.provision(&first, checks))?;
    timeline.time("drift made by hand, found and grouped", 6, || teller.drift(&first, checks))?;
    timeline.time("one drifted tenant corrected", 1, || teller.correct(&first, checks))?;
    timeline.time("next version: planned, and waits for approval", tenants, || teller.plan(checks))?;
    timeline.time("approved, rolled out in waves, killed half way", tenants, || {
        teller.kill(&first, &next, checks)
    })?;
    timeline.time("started again, finished", tenants, || teller.finish(&next, checks))?;
    timeline.time("the stubborn tenant's rows mended, retried", 1, || teller.retry(&next, checks))?;
    timeline.time("rolled back, put-aside rows brought back", tenants, || teller.roll_back(&first, checks))
}

/// Who tells it, and of how many.
struct Teller<'a> {
    stage: &'a Stage,
    tenants: usize,
}

impl Teller<'_> {
    fn heading(&self, text: &str) {
        println!("\n== {text}");
    }

    /// From no schema at all to one for each customer.
    fn provision(&self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.heading(&format!("{} customers get their schemas", self.tenants));
        self.stage.write("app.sql", FIRST)?;
        let ran = self.stage.run(&["fleet", "apply"])?;
        checks.equal("`fleet apply` ends with 0", &ran, &Some(0));
        let found = digests(self.stage)?;
        checks.equal("every customer has a schema", &found.len(), &self.tenants);
        checks.equal(
            "catalog SQL finds all of them as psql makes them",
            &others(&found, &first.digest),
            &BTreeSet::new(),
        );
        for schema in ["tenant_house", "tenant_acme", "tenant_wonka"] {
            checks.dump(
                &format!("pg_dump finds {schema} as psql makes it"),
                &dump(self.stage, schema)?,
                &first.dump,
            );
        }
        println!("The product writes its rows into all of them ...");
        self.stage.psql(include_str!("../sql/rows.sql"))?;
        Ok(())
    }

    /// Five people change six tenants in five ways; Tenantry names them.
    fn drift(&self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.heading("Somebody changes six tenants by hand, in five ways");
        self.stage.psql(include_str!("../sql/drift.sql"))?;
        let ran = self.stage.run(&["fleet", "drift"])?;
        checks.equal("`fleet drift` ends with 1", &ran, &Some(1));
        let named = groups(&self.stage.json(&["fleet", "drift"])?);
        let made: BTreeSet<BTreeSet<String>> = DRIFTED.iter().map(|group| names(group)).collect();
        checks.equal("it names these tenants, those that are alike together", &named, &made);
        let by_sql = others(&digests(self.stage)?, &first.digest);
        let schemas =
            DRIFTED.iter().flat_map(|group| group.iter().map(|name| format!("tenant_{name}"))).collect();
        checks.equal("catalog SQL finds the same tenants changed, and no other", &by_sql, &schemas);
        Ok(())
    }

    /// One of them is brought back, the others keep what they have.
    fn correct(&self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.heading("One of them is brought back to the definition");
        let ran = self.stage.run(&["fleet", "apply", "--correct", "umbrella"])?;
        // The others are drifted still.
        checks.equal("`fleet apply --correct umbrella` ends with 0", &ran, &Some(0));
        checks.dump(
            "pg_dump finds tenant_umbrella as psql makes it",
            &dump(self.stage, "tenant_umbrella")?,
            &first.dump,
        );
        checks.equal(
            "the other five are as they were",
            &others(&digests(self.stage)?, &first.digest).len(),
            &5,
        );
        Ok(())
    }

    /// The next version would put a column aside: a person has to say yes.
    fn plan(&self, checks: &mut Checks) -> Result<(), Failure> {
        self.heading(
            "The next version of the definition: contact.fax goes, and a person has to approve that",
        );
        let currency = format!("UPDATE tenant_{STUBBORN}.invoice SET currency = 'DEM' WHERE id = 2");
        self.stage.psql(&currency)?;
        self.stage.write("app.sql", NEXT)?;
        self.stage.run(&["fleet", "plan"])?;
        let ran = self.stage.run(&["fleet", "apply"])?;
        checks.equal("`fleet apply` without approval ends with 1", &ran, &Some(1));
        checks.equal("and no tenant was touched", &set(self.stage, MIGRATED)?, &BTreeSet::new());
        Ok(())
    }

    /// The rollout begins, and its process is killed with -9 when it is half way.
    fn kill(&self, first: &Reference, next: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.heading("Approved; the rollout is killed with -9 when it is half way");
        let before = digests(self.stage)?;
        let digest = self.stage.offered()?;
        let mut run = self.stage.start(&["fleet", "apply", "--approve", &digest])?;
        let began = Instant::now();
        let half = self.tenants * 2 / 5;
        while set(self.stage, MIGRATED)?.len() < half {
            if began.elapsed() > PATIENCE
                || run.try_wait().map_err(crate::stage::file("look after the run"))?.is_some()
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        run.kill().map_err(crate::stage::file("kill the run"))?;
        run.wait().map_err(crate::stage::file("wait for the killed run"))?;
        self.stage.quiet()?;
        let after = digests(self.stage)?;
        let migrated = set(self.stage, MIGRATED)?;
        println!("killed with {} of {} tenants migrated", migrated.len(), self.tenants);
        checks
            .claim("it was killed half way", migrated.len() >= half.min(1) && migrated.len() < self.tenants);
        let own: BTreeSet<String> = others(&before, &first.digest);
        let half_done: BTreeSet<&String> = after
            .iter()
            .filter(|(schema, digest)| {
                !own.contains(*schema) && **digest != first.digest && **digest != next.digest
            })
            .map(|(schema, _)| schema)
            .collect();
        checks.equal(
            "every tenant is at one version or the other, none in between",
            &half_done,
            &BTreeSet::new(),
        );
        let told = set(
            self.stage,
            "SELECT schema FROM tenantry.tenant WHERE revision = (SELECT revision FROM tenantry.event ORDER BY id DESC LIMIT 1)",
        )?;
        checks.equal("the ledger names exactly those that were migrated", &told, &migrated);
        Ok(())
    }

    /// A second start goes on where the first one was.
    fn finish(&self, next: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.heading("Started again: it goes on where it was");
        let migrated = set(self.stage, MIGRATED)?;
        let ran = self.stage.run(&["fleet", "apply"])?;
        checks.equal("`fleet apply` ends with 1: one tenant failed", &ran, &Some(1));
        let status = self.stage.json(&["fleet", "status"])?;
        checks.equal("it says that one tenant failed", &status["counts"]["failed"], &Value::from(1));
        let failed =
            status["tenants"].as_array().into_iter().flatten().find(|tenant| tenant["state"] == "Failed");
        let (name, message) = failed.map_or((String::new(), String::new()), |tenant| {
            let text = |field: &str| tenant[field].as_str().unwrap_or_default().to_owned();
            (text("name"), text("message"))
        });
        checks.equal("which one", &name.as_str(), &STUBBORN);
        checks.claim("and what stands in the way", message.contains(CONSTRAINT));
        let missing: BTreeSet<String> = digests(self.stage)?.into_keys().collect();
        let missing: BTreeSet<String> = missing.difference(&set(self.stage, MIGRATED)?).cloned().collect();
        checks.equal("all others were migrated", &missing, &names(&["tenant_wonka"]));
        let twice = "SELECT tenant FROM tenantry.event WHERE outcome = 'applied' AND revision = (SELECT revision FROM tenantry.event ORDER BY id DESC LIMIT 1) GROUP BY tenant HAVING count(*) > 1";
        checks.equal("nobody was migrated twice", &set(self.stage, twice)?, &BTreeSet::new());
        checks.claim("some were migrated before the kill", !migrated.is_empty());
        for schema in ["tenant_house", "tenant_acme"] {
            checks.dump(
                &format!("pg_dump finds {schema} as psql makes the next version"),
                &dump(self.stage, schema)?,
                &next.dump,
            );
        }
        let kept = r"SELECT schemaname FROM pg_indexes WHERE indexname = 'invoice_total_idx'";
        checks.equal(
            "what two tenants had of their own, they have still",
            &set(self.stage, kept)?,
            &names(&["tenant_globex", "tenant_hooli"]),
        );
        Ok(())
    }

    /// Its people mend the rows.
    fn retry(&self, next: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.heading("The stubborn tenant's rows are mended");
        self.stage.psql(&format!("UPDATE tenant_{STUBBORN}.invoice SET currency = 'EUR' WHERE id = 2"))?;
        self.stage.run(&["fleet", "apply", "--retry", STUBBORN])?;
        let schema = format!("tenant_{STUBBORN}");
        checks.dump(
            &format!("pg_dump finds {schema} as psql makes the next version"),
            &dump(self.stage, &schema)?,
            &next.dump,
        );
        Ok(())
    }

    /// The whole way back: rows that were put aside too.
    fn roll_back(&self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.heading("The next version was a mistake: back");
        self.stage.run(&["fleet", "rollback"])?;
        let digest = self.stage.offered()?;
        self.stage.run(&["fleet", "rollback", "--approve", &digest])?;
        checks.equal(
            "no tenant has the next version's column",
            &set(self.stage, MIGRATED)?,
            &BTreeSet::new(),
        );
        let found = digests(self.stage)?;
        let own: BTreeSet<String> =
            names(&["tenant_globex", "tenant_hooli", "tenant_initech", "tenant_stark", "tenant_wayne"]);
        checks.equal(
            "catalog SQL finds all but the drifted ones as they were",
            &others(&found, &first.digest),
            &own,
        );
        if let Some(odd) = others(&found, &first.digest).difference(&own).next() {
            checks.dump(&format!("{odd} line by line"), &lines(self.stage, odd)?, &first.lines);
        }
        for schema in ["tenant_house", "tenant_wonka"] {
            checks.dump(
                &format!("pg_dump finds {schema} as psql makes it"),
                &dump(self.stage, schema)?,
                &first.dump,
            );
        }
        let schemas: BTreeSet<String> = found.into_keys().collect();
        let rows: BTreeSet<String> = rows(self.stage, &schemas, &["fax"])?.into_values().collect();
        checks.equal("every row and every fax number is there", &rows, &names(&["1 1 1 3 3 1 1 2 030 123"]));
        self.stage.run(&["fleet", "status"])?;
        Ok(())
    }
}

/// The drift groups of a report: the tenants' names.
fn groups(report: &Value) -> BTreeSet<BTreeSet<String>> {
    let texts = |group: &Value| {
        group["tenants"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    report["drift"].as_array().into_iter().flatten().map(texts).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
