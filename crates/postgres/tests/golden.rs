//! Plans as files that a person can read: `golden/CASE/` holds the definitions `before.sql` and `after.sql`, and what the
//! engine makes of them: `plan.sql`, `hazards`. A case may say how in `policy` (`destructive: Allow`), and what was renamed in
//! `renames` (a line each: `column t.a -> column t.b`).
//! `TENANTRY_RENEW=1` writes the plans anew.
//!
//! The files hold what servers up to 15 print: 16 leaves qualifiers out of views, 18 gives a NOT NULL a name. On newer ones
//! there is nothing to compare; that plans are right there too is for the corpus, the kinds and the properties to say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy does not take the functions beside the tests for tests"
)]

mod judge;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use judge::{Database, Engine, NoPlan, Ways};
use tenantry_catalog::{Kind, ObjectId};
use tenantry_planner::{Destructive, LockTarget, Plan, Policy, Rename};
use tenantry_testkit::pg::Cluster;

const SCHEMA: &str = "acme";
/// The newest major version whose words the files hold.
const NEWEST: u16 = 15;

#[test]
fn plans_are_what_they_were() {
    let cluster = Cluster::shared().unwrap();
    if cluster.version() > NEWEST {
        println!(
            "PostgreSQL {} words plans differently than the files: nothing to compare.",
            cluster.version()
        );
        return;
    }
    let database = Database::new(cluster, "golden", &["citext"]).unwrap();
    database.run("CREATE TABLE public.customer (id bigint PRIMARY KEY, name text NOT NULL)").unwrap();
    let engine = Engine::new(&database.url());
    let mut changed = Vec::new();
    for case in cases() {
        let read = |file: &str| fs::read_to_string(case.join(file)).unwrap_or_default();
        database.load(SCHEMA, &read("before.sql")).unwrap();
        let policy = policy(&read("policy"), &read("renames"));
        let (plan, hazards) = planned(&engine, &read("after.sql"), &policy);
        for (file, now) in [("plan.sql", plan), ("hazards", hazards)] {
            if read(file) == now {
                continue;
            }
            if std::env::var_os("TENANTRY_RENEW").is_some() {
                fs::write(case.join(file), &now).unwrap();
            }
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            changed.push(format!("{name}/{file}:\n{}", judge::difference(&now, &read(file))));
        }
    }
    let renewed = std::env::var_os("TENANTRY_RENEW").is_some();
    assert!(
        changed.is_empty() || renewed,
        "these differ (TENANTRY_RENEW=1 renews them):\n{}",
        changed.join("\n")
    );
}

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    cases
}

fn policy(policy: &str, renames: &str) -> Policy {
    let destructive = match policy.trim() {
        "" => Destructive::Quarantine,
        "destructive: Allow" => Destructive::Allow,
        "destructive: Deny" => Destructive::Deny,
        other => panic!("what is {other:?}?"),
    };
    let object = |text: &str| {
        let (kind, name) = text.trim().split_once(' ').unwrap();
        let kind = *Kind::ALL.iter().find(|known| known.word() == kind).unwrap();
        ObjectId::new(kind, name.split('.'))
    };
    let hint = |line: &str| {
        let (from, to) = line.split_once("->").unwrap();
        Rename { from: object(from), to: object(to) }
    };
    Policy { destructive, renames: renames.lines().map(hint).collect(), ..Policy::default() }
}

/// The plan and its hazards, or why there is none.
fn planned(engine: &Engine, after: &str, policy: &Policy) -> (String, String) {
    let ways = engine.compile_by(after, policy).and_then(|target| engine.plan(SCHEMA, &target));
    match ways {
        Ok(Ways { plan, back }) => (statements(&plan), told(&plan, &back)),
        Err(NoPlan::Refused(reason)) => {
            (format!("-- No plan.\n-- {}\n", reason.replace('\n', "\n-- ")), String::new())
        }
        Err(NoPlan::Failed(reason)) => panic!("{reason}"),
    }
}

/// The statements, an empty line between transactions.
fn statements(plan: &Plan) -> String {
    let segments = plan.segments();
    let texts = segments.iter().map(|segment| {
        segment.steps().iter().fold(String::new(), |text, step| format!("{text}{};\n", step.sql))
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// What each step locks and risks, and whether there is a way back.
fn told(plan: &Plan, back: &Result<Plan, String>) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let locks = step.locks.iter().map(|lock| match &lock.on {
            LockTarget::Own(id) => format!("{id} in {}", lock.mode.sql()),
            LockTarget::Shared(external) => format!("shared {} in {}", external.identity, lock.mode.sql()),
        });
        let locks: Vec<String> = locks.collect();
        let _ = writeln!(text, "{:?} {}", step.verb, step.object);
        if !locks.is_empty() {
            let _ = writeln!(text, "  locks {}", locks.join(", "));
        }
        for hazard in &step.hazards {
            let _ = writeln!(text, "  {hazard}");
        }
    }
    match back {
        Ok(back) => {
            let _ = writeln!(text, "\nThe way back:");
            for step in &back.steps {
                let _ = writeln!(text, "{}", step.sql);
            }
        }
        Err(reason) => {
            let _ = writeln!(text, "\nNo way back: {reason}");
        }
    }
    text
}
