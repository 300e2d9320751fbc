//! The first acts: tenants get their schemas, drift, come.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{REPLICAS, Teller};
use crate::checks::{Checks, Reference, digests, others};
use crate::claims::{CORRECTED, DRIFTED, FIRST, PATIENCE, drifted_but, dumps, names, provisioned};
use crate::stage::Failure;

/// Who comes later.
pub const NEWCOMER: &str = "newcomer";

impl Teller<'_> {
    /// What `deploy/base` has, and two operators, one of which leads.
    pub fn install(&mut self, checks: &mut Checks) -> Result<(), Failure> {
        self.kubernetes.install()?;
        println!(
            "There are no nodes here: two operators run as processes, with the rights of that service account."
        );
        for name in REPLICAS {
            self.kubernetes.start_operator(name)?;
        }
        let leader = self.kubernetes.leads_after("")?;
        self.kubernetes.show(&["get", "lease", super::kubernetes::OPERATOR])?;
        checks.claim("one of the two operators leads", REPLICAS.contains(&leader.as_str()));
        Ok(())
    }

    /// From no schema at all to one for each customer; the revision that they have then.
    pub fn provision(&mut self, first: &Reference, checks: &mut Checks) -> Result<String, Failure> {
        self.stage.write("app.sql", FIRST)?;
        self.kubernetes.apply()?;
        let set = self.kubernetes.wait("all tenants have their schemas", |set| set.is("Ready"))?;
        self.show_set()?;
        checks.equal("kubectl counts all of them in sync", &set.count("inSync"), &self.tenants);
        provisioned(self.stage, self.tenants, first, checks)?;
        Ok(set.revision().to_owned())
    }

    /// Five people change six tenants in five ways; the set names them.
    pub fn drift(&mut self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.stage.psql(include_str!("../../sql/drift.sql"))?;
        let all = drifted_but("").len();
        let set = self.kubernetes.wait("drift is found", |set| set.count("drifted") == all)?;
        println!("{}", set.message("Drifted"));
        self.show_set()?;
        let ended = self.kubernetes.tenantry(&["drift", "customers"])?;
        checks.equal("`kubectl tenantry drift` ends with 1", &ended, &Some(1));
        let made: BTreeSet<BTreeSet<String>> = DRIFTED.iter().map(|group| names(group)).collect();
        checks.equal("it names these tenants, those that are alike together", &set.drift(), &made);
        let by_sql = others(&digests(self.stage)?, &first.digest);
        checks.equal("catalog SQL finds the same tenants changed, and no other", &by_sql, &drifted_but(""));
        checks.claim("the set is Ready all the same, as drift is only reported", set.is("Ready"));
        Ok(())
    }

    /// One of them is brought back, the others keep what they have.
    pub fn correct(&mut self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.kubernetes.tenantry(&["correct", "customers", CORRECTED])?;
        let left = drifted_but(CORRECTED);
        self.kubernetes
            .wait("the correction is done", |set| set.count("drifted") == left.len() && set.is("Ready"))?;
        dumps(self.stage, &[CORRECTED], "it", first, checks)?;
        let by_sql = others(&digests(self.stage)?, &first.digest);
        checks.equal("the other five are as they were", &by_sql, &left);
        Ok(())
    }

    /// A row more is a tenant more.
    pub fn arrive(&mut self, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        println!("$ psql -c \"INSERT INTO customer (slug) VALUES ('{NEWCOMER}')\"");
        self.stage.psql(&format!("INSERT INTO public.customer (slug) VALUES ('{NEWCOMER}')"))?;
        let (began, schema) =
            (Instant::now(), format!("SELECT to_regnamespace('tenant_{NEWCOMER}') IS NOT NULL"));
        while self.stage.psql(&schema)?.trim() != "t" && began.elapsed() < PATIENCE {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        println!("  {:>5.1} s  PostgreSQL has its schema", began.elapsed().as_secs_f64());
        let all = self.tenants + 1;
        self.kubernetes
            .wait("the new tenant is counted", |set| set.count("total") == all && set.is("Ready"))?;
        self.show_set()?;
        dumps(self.stage, &[NEWCOMER], "it", first, checks)
    }

    /// The table that answers most questions.
    pub fn show_set(&self) -> Result<(), Failure> {
        self.kubernetes.show(&["get", "tenantsets"])
    }
}
