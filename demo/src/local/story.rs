//! The story, act by act.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::program::Program;
use crate::checks::{Checks, MIGRATED, Reference, digests, others, set};
use crate::claims::{
    CONSTRAINT, CORRECTED, DRIFTED, FIRST, NEXT, PATIENCE, STUBBORN, back, drifted_but, dumps, names,
    own_is_kept, provisioned, set_currency,
};
use crate::stage::{Failure, Stage, file, kill};
use crate::timeline::{Timeline, number};

/// Tells all of it.
///
/// # Errors
/// When it cannot go on. A claim that is false is no error: it stands in `checks`.
pub fn tell(
    stage: &Stage,
    program: &Program,
    tenants: usize,
    checks: &mut Checks,
    timeline: &mut Timeline,
) -> Result<(), Failure> {
    let teller = Teller { stage, program, tenants };
    let first = Reference::of(stage, FIRST)?;
    let next = Reference::of(stage, NEXT)?;
    timeline.act(
        &format!("{} customers get their schemas", number(tenants)),
        "schemas provisioned from the definition",
        tenants,
        || teller.provision(&first, checks),
    )?;
    timeline.act(
        "Somebody changes six tenants by hand, in five ways",
        "drift made by hand, found and grouped",
        6,
        || teller.drift(&first, checks),
    )?;
    timeline.act(
        "One of them is brought back to the definition",
        "one drifted tenant corrected",
        1,
        || teller.correct(&first, checks),
    )?;
    timeline.act(
        "The next version of the definition: contact.fax goes, and a person has to approve that",
        "next version: planned, and waits for approval",
        tenants,
        || teller.plan(checks),
    )?;
    timeline.act(
        "Approved; the rollout is killed with -9 when it is half way",
        "approved, rolled out in waves, killed half way",
        tenants,
        || teller.kill(&first, &next, checks),
    )?;
    timeline.act("Started again: it goes on where it was", "started again, finished", tenants, || {
        teller.finish(&next, checks)
    })?;
    timeline.act(
        "The stubborn tenant's rows are mended",
        "the stubborn tenant's rows mended, retried",
        1,
        || teller.retry(&next, checks),
    )?;
    timeline.act(
        "The next version was a mistake: back",
        "rolled back, put-aside rows brought back",
        tenants,
        || teller.roll_back(&first, checks),
    )
}

/// Who tells it, and of how many.
struct Teller<'a> {
    stage: &'a Stage,
    program: &'a Program,
    tenants: usize,
}

impl Teller<'_> {
    /// From no schema at all to one for each customer.
    fn provision(&self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.stage.write("app.sql", FIRST)?;
        let ran = self.program.run(&["fleet", "apply"])?;
        checks.equal("`fleet apply` ends with 0", &ran, &Some(0));
        provisioned(self.stage, self.tenants, first, checks)
    }

    /// Five people change six tenants in five ways; Tenantry names them.
    fn drift(&self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.stage.psql(include_str!("../../sql/drift.sql"))?;
        let ran = self.program.run(&["fleet", "drift"])?;
        checks.equal("`fleet drift` ends with 1", &ran, &Some(1));
        let named = groups(&self.program.json(&["fleet", "drift"])?);
        let made: BTreeSet<BTreeSet<String>> = DRIFTED.iter().map(|group| names(group)).collect();
        checks.equal("it names these tenants, those that are alike together", &named, &made);
        let by_sql = others(&digests(self.stage)?, &first.digest);
        checks.equal("catalog SQL finds the same tenants changed, and no other", &by_sql, &drifted_but(""));
        Ok(())
    }

    /// One of them is brought back, the others keep what they have.
    fn correct(&self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        let ran = self.program.run(&["fleet", "apply", "--correct", CORRECTED])?;
        // The others are drifted still.
        checks.equal("`fleet apply --correct umbrella` ends with 0", &ran, &Some(0));
        dumps(self.stage, &[CORRECTED], "it", first, checks)?;
        checks.equal(
            "the other five are as they were",
            &others(&digests(self.stage)?, &first.digest),
            &drifted_but(CORRECTED),
        );
        Ok(())
    }

    /// The next version would put a column aside: a person has to say yes.
    fn plan(&self, checks: &mut Checks) -> Result<(), Failure> {
        set_currency(self.stage, "DEM")?;
        self.stage.write("app.sql", NEXT)?;
        self.program.run(&["fleet", "plan"])?;
        let ran = self.program.run(&["fleet", "apply"])?;
        checks.equal("`fleet apply` without approval ends with 1", &ran, &Some(1));
        checks.equal("and no tenant was touched", &set(self.stage, MIGRATED)?, &BTreeSet::new());
        Ok(())
    }

    /// The rollout begins, and its process is killed with -9 when it is half way.
    fn kill(&self, first: &Reference, next: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        let before = digests(self.stage)?;
        let digest = self.program.offered()?;
        let mut run = self.program.start(&["fleet", "apply", "--approve", &digest])?;
        let began = Instant::now();
        let half = self.tenants * 2 / 5;
        while set(self.stage, MIGRATED)?.len() < half {
            if began.elapsed() > PATIENCE || run.try_wait().map_err(file("look after the run"))?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        kill(&mut run)?;
        self.quiet()?;
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
        let migrated = set(self.stage, MIGRATED)?;
        let ran = self.program.run(&["fleet", "apply"])?;
        checks.equal("`fleet apply` ends with 1: one tenant failed", &ran, &Some(1));
        let status = self.program.json(&["fleet", "status"])?;
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
        dumps(self.stage, &["house", "acme"], "the next version", next, checks)?;
        own_is_kept(self.stage, checks)
    }

    /// Its people mend the rows.
    fn retry(&self, next: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        set_currency(self.stage, "EUR")?;
        self.program.run(&["fleet", "apply", "--retry", STUBBORN])?;
        dumps(self.stage, &[STUBBORN], "the next version", next, checks)
    }

    /// The whole way back: rows that were put aside too.
    fn roll_back(&self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.program.run(&["fleet", "rollback"])?;
        let digest = self.program.offered()?;
        self.program.run(&["fleet", "rollback", "--approve", &digest])?;
        checks.equal(
            "no tenant has the next version's column",
            &set(self.stage, MIGRATED)?,
            &BTreeSet::new(),
        );
        back(self.stage, first, &BTreeSet::new(), checks)?;
        self.program.run(&["fleet", "status"]).map(drop)
    }

    /// Waits until the server has noticed that a client is gone.
    fn quiet(&self) -> Result<(), Failure> {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tenantry'";
        for _ in 0..300 {
            if self.stage.psql(sql)?.trim() == "0" {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(Failure::Claim("connections of a killed process stay open".to_owned()))
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
