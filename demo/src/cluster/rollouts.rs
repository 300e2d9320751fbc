//! The later acts: new versions, in waves, approved, killed, mended, taken back.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::tenants::NEWCOMER;
use super::{LABELS, Teller, Versions};
use crate::checks::{Checks, MIGRATED, Reference, digests, set};
use crate::claims::{CONSTRAINT, NEXT, PATIENCE, STUBBORN, back, dumps, names, own_is_kept, set_currency};
use crate::stage::{DATABASE, Failure, file};
use crate::timeline::number;

/// The wave of the product's own people.
const CANARY: &str = "tenant_house";
/// Whose application is in a long transaction while the rollout goes on: so it has a middle, however few tenants there are.
const BUSY: &str = "tenant_wayne";

impl Teller<'_> {
    /// Nothing of it needs a word: it goes by its waves.
    pub fn label(&mut self, versions: &Versions, checks: &mut Checks) -> Result<(), Failure> {
        self.stage.write("labels.sql", LABELS)?;
        let both =
            include_str!("../../manifests/kustomization.yaml").replace("[app.sql]", "[app.sql, labels.sql]");
        self.stage.write("kustomization.yaml", &both)?;
        let before = self.kubernetes.set()?.revision().to_owned();
        self.kubernetes.apply()?;
        let after =
            self.kubernetes.wait("the rollout is done", |set| set.revision() != before && set.is("Ready"))?;
        self.kubernetes.show(&["get", "schemarollout", after.rollout()])?;
        let waves = r#"jsonpath={range .status.waves[*]}{.name}: {.done} of {.tenants}, from {.startTime} to {.readyTime}{"\n"}{end}"#;
        print!("{}", self.kubernetes.run(&["get", "schemarollout", after.rollout(), "-o", waves])?);
        let have = set(
            self.stage,
            r"SELECT nspname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'invoice_label' AND nspname LIKE 'tenant\_%'",
        )?;
        checks.equal("every tenant has the new tables", &have.len(), &(self.tenants + 1));
        let oldest = r"SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'invoice_label' AND nspname LIKE 'tenant\_%' ORDER BY c.oid LIMIT 1";
        checks.equal("the canary got them before all others", &set(self.stage, oldest)?, &names(&[CANARY]));
        dumps(self.stage, &["house", "acme", NEWCOMER], "this version", &versions.labelled, checks)?;
        own_is_kept(self.stage, checks)
    }

    /// The next version would put a column aside: a person has to say yes.
    pub fn offer(&mut self, checks: &mut Checks) -> Result<(), Failure> {
        set_currency(self.stage, "DEM")?;
        self.stage.write("app.sql", NEXT)?;
        self.kubernetes.apply()?;
        let waits = self.kubernetes.wait("it waits for an approval", |set| set.is("AwaitingApproval"))?;
        self.show_set()?;
        self.kubernetes.show(&["get", "schemarollout", waits.rollout()])?;
        self.show_plan()?;
        checks.equal("without approval no tenant is touched", &set(self.stage, MIGRATED)?, &BTreeSet::new());
        Ok(())
    }

    /// The rollout begins, and the operator that works is killed with -9 in its middle; who that was.
    pub fn kill(&mut self, checks: &mut Checks) -> Result<String, Failure> {
        let rollout = self.kubernetes.set()?.rollout().to_owned();
        let digest = self.offered(&rollout)?;
        let leader = self.kubernetes.leader()?;
        let busy = self.long_transaction()?;
        self.kubernetes.tenantry(&["approve", "customers", &digest[..12]])?;
        let (began, half) = (Instant::now(), self.tenants * 2 / 5);
        while set(self.stage, MIGRATED)?.len() < half && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        let process = self.kubernetes.kill_operator(&leader)?;
        let told = self.at_this_moment()?;
        drop(busy);
        println!("$ kill -9 {process}    # {leader}, which works");
        println!("killed with {} of {} tenants migrated", number(told.migrated), number(self.tenants + 1));
        checks.claim("it was killed in the middle", told.migrated > 0 && told.migrated <= self.tenants);
        checks.equal("every tenant is at one version or the other, none in between", &told.between, &0);
        checks.equal("the ledger names exactly those that were migrated", &told.ledger_is_wrong, &0);
        Ok(leader)
    }

    /// Another operator goes on where the first one was.
    pub fn finish(&mut self, former: &str, next: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        let began = Instant::now();
        let leader = self.kubernetes.leads_after(former)?;
        println!("  {:>5.1} s  {leader} leads", began.elapsed().as_secs_f64());
        let done = self.kubernetes.wait("the rollout ends", |set| {
            set.count("outdated") + set.count("migrating") == 0
                && ["TenantsFailed", "TenantsBlocked", "InSync"].contains(&set.reason("Ready"))
        })?;
        self.show_set()?;
        self.kubernetes.tenantry(&["tenants", "customers", "--failed"])?;
        checks.equal("kubectl counts one tenant that failed", &done.count("failed"), &1);
        let attention = done.attention();
        let (name, why) = attention.first().cloned().unwrap_or_default();
        checks.equal("it names that tenant", &name.as_str(), &STUBBORN);
        checks.claim("and what stands in the way", why.contains(CONSTRAINT));
        let all: BTreeSet<String> = digests(self.stage)?.into_keys().collect();
        let without: BTreeSet<String> = all.difference(&set(self.stage, MIGRATED)?).cloned().collect();
        checks.equal("all others were migrated", &without, &names(&[&format!("tenant_{STUBBORN}")]));
        let twice = "SELECT tenant FROM tenantry.event WHERE outcome = 'applied' AND revision = (SELECT revision FROM tenantry.event ORDER BY id DESC LIMIT 1) GROUP BY tenant HAVING count(*) > 1";
        checks.equal("nobody was migrated twice", &set(self.stage, twice)?, &BTreeSet::new());
        dumps(self.stage, &["house", "acme", NEWCOMER], "the next version", next, checks)?;
        own_is_kept(self.stage, checks)
    }

    /// Its people mend the rows.
    pub fn retry(&mut self, next: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        set_currency(self.stage, "EUR")?;
        self.kubernetes.tenantry(&["retry", "customers", STUBBORN])?;
        self.kubernetes.wait("the retry is done", |set| set.is("Ready"))?;
        dumps(self.stage, &[STUBBORN], "the next version", next, checks)
    }

    /// The whole way back, as Git would have it: a pin, then the digest that is approved. The definition stays as it is.
    pub fn roll_back(&mut self, to: &str, first: &Reference, checks: &mut Checks) -> Result<(), Failure> {
        self.kubernetes.show(&["get", "schemarevisions"])?;
        self.kubernetes.tenantry(&["rollback", "customers", "--to", to])?;
        println!("The pin goes into tenants.yaml:");
        let pinned = include_str!("../../manifests/tenants.yaml")
            .replace("{name: app}", &format!("{{name: app, revision: {to}}}"));
        self.stage.write("tenants.yaml", &pinned)?;
        self.kubernetes.apply()?;
        let waits =
            self.kubernetes.wait("the way back waits for an approval", |set| set.is("AwaitingApproval"))?;
        let digest = self.offered(waits.rollout())?;
        println!("Approved in tenants.yaml too: spec.rollout.approvedDigest: {digest}");
        let approved = pinned.replace("  rollout:\n", &format!("  rollout:\n    approvedDigest: {digest}\n"));
        self.stage.write("tenants.yaml", &approved)?;
        self.kubernetes.apply()?;
        let is_back = self.kubernetes.wait("all are back", |set| set.revision() == to && set.is("Ready"))?;
        self.show_set()?;
        self.kubernetes.tenantry(&["history", "customers"])?;
        checks.equal(
            "kubectl counts all of them, the drifted ones apart",
            &is_back.count("inSync"),
            &(self.tenants - 4),
        );
        checks.equal(
            "no tenant has the next version's column",
            &set(self.stage, MIGRATED)?,
            &BTreeSet::new(),
        );
        back(self.stage, first, &names(&[&format!("tenant_{NEWCOMER}")]), checks)
    }

    /// The plan, of its groups only the largest: the others are alike.
    fn show_plan(&self) -> Result<(), Failure> {
        println!("$ kubectl tenantry plan customers");
        let plan = self.kubernetes.tenantry_says(&["plan", "customers"])?;
        let lines: Vec<&str> = plan.lines().collect();
        let at = |begin: &str| lines.iter().position(|line| line.starts_with(begin));
        let (second, waves) = (at("2  "), at("WAVE"));
        match second.zip(waves).filter(|(second, waves)| second < waves) {
            Some((second, waves)) => {
                println!("{}", lines[..second].join("\n"));
                println!(
                    "(and so on: groups of tenants that somebody changed, with nearly the same statements)\n"
                );
                println!("{}", lines[waves..].join("\n"));
            }
            None => println!("{plan}"),
        }
        Ok(())
    }

    /// The digest that a rollout offers.
    fn offered(&self, rollout: &str) -> Result<String, Failure> {
        let rollout = self.kubernetes.json(&["get", "schemarollout", rollout])?;
        let digest = rollout["status"]["digest"].as_str().map(str::to_owned);
        digest.ok_or_else(|| Failure::Claim("nothing waits for an approval".to_owned()))
    }

    /// A tenant's application that has written and not yet committed. It goes on until the value is dropped.
    fn long_transaction(&self) -> Result<LongTransaction, Failure> {
        let sql = format!("BEGIN; LOCK TABLE {BUSY}.invoice IN ROW EXCLUSIVE MODE;\n");
        let mut psql = self.stage.cluster.command("psql", DATABASE);
        psql.args(["-X", "-q"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = psql.spawn().map_err(file("start psql"))?;
        if let Some(input) = &mut process.stdin {
            std::io::Write::write_all(input, sql.as_bytes()).map_err(file("write to psql"))?;
        }
        let held = format!(
            "SELECT count(*) FROM pg_locks WHERE relation = '{BUSY}.invoice'::regclass AND mode = 'RowExclusiveLock' AND granted"
        );
        let began = Instant::now();
        while self.stage.psql(&held)?.trim() == "0" && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(LongTransaction(process))
    }

    /// What one statement sees of the catalogs and of the ledger at one moment, whoever works meanwhile.
    fn at_this_moment(&self) -> Result<Moment, Failure> {
        let counts = self.stage.psql(include_str!("../../sql/moment.sql"))?;
        let counts: Vec<usize> = counts.trim().split('|').filter_map(|count| count.parse().ok()).collect();
        match counts[..] {
            [migrated, between, ledger_is_wrong] => Ok(Moment { migrated, between, ledger_is_wrong }),
            _ => Err(Failure::Claim(format!("the catalogs cannot be read: {counts:?}"))),
        }
    }
}

/// How many tenants are how.
struct Moment {
    migrated: usize,
    between: usize,
    ledger_is_wrong: usize,
}

/// Ends with this value, or with this process.
struct LongTransaction(Child);

impl Drop for LongTransaction {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It ends when its input does.
        let _ = self.0.wait();
    }
}
