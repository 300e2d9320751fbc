//! Random schemas and random changes of them, judged by pg_dump and by their rows.
//!
//! A few pairs are tried each time, the same ones: a change is not held up by what it has nothing to do with.
//! `TENANTRY_PAIRS=3000` tries as many of a new seed, `TENANTRY_SEED` says which: each pair follows from the seed and its
//! number alone. `make properties` tries 2,000 of a seed that stays. A pair that fails is made as small as it can be and written to a file, with its seed; kept in `properties/cases`, it
//! is tried each time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy does not take the functions beside the tests for tests"
)]

mod judge;
mod properties {
    pub mod model;
    pub mod names;
    pub mod op;
    pub mod rows;
    pub mod sql;
    pub mod sweep;
    pub mod trial;
}

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use judge::{Change, Database, Judge, Verdict};
use properties::model::Schema;
use properties::op::{self, Op};
use properties::trial::{Pair, try_pair};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tenantry_testkit::pg::Cluster;

const WORKERS: usize = 4;
/// How long a failure is made smaller.
const SHRINKING: Duration = Duration::from_secs(90);

fn number(variable: &str, default: usize) -> usize {
    env::var(variable).ok().map_or(default, |text| text.parse().unwrap())
}

/// Seeds of which the first pairs are tried each time.
const SEEDS: &[usize] = &[1, 2, 3];
/// How many of each.
const PAIRS_A_SEED: usize = 20;
/// Of so many pairs one is tried in all ways; of the others only the change is.
const ALONE_EVERY: usize = 4;

/// The pairs to be tried: seeds and numbers.
fn chosen() -> Vec<(usize, usize)> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number("TENANTRY_SEED", usize::try_from(since.as_secs() % 1_000_000).unwrap());
    let first = number("TENANTRY_FIRST", 0);
    let of = |seed, first, pairs| (first..first + pairs).map(move |at| (seed, at));
    if env::var_os("TENANTRY_PAIRS").is_some() || env::var_os("TENANTRY_SEED").is_some() {
        return of(seed, first, number("TENANTRY_PAIRS", PAIRS_A_SEED)).collect();
    }
    SEEDS.iter().flat_map(|seed| of(*seed, 0, PAIRS_A_SEED)).collect()
}

#[test]
fn random_changes_converge_and_keep_rows() {
    let pairs = chosen();
    let cluster = Cluster::shared().unwrap();
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS.min(pairs.len()) {
            scope.spawn(|| {
                let judge = Judge::new(Database::new(cluster, "properties", &[]).unwrap());
                while let Some((seed, at)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = try_number(&judge, *seed, *at);
                    outcomes.lock().unwrap().insert((*seed, *at), outcome);
                }
            });
        }
    });
    report(&outcomes.into_inner().unwrap());
}

/// A pair that was tried.
struct Outcome {
    verdict: Verdict,
    old: String,
    new: String,
}

/// Tries the pair of this number, and a smaller one as long as that fails too.
fn try_number(judge: &Judge, seed: usize, at: usize) -> Outcome {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&at.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tree = (op::building(), op::changing()).new_tree(&mut runner).unwrap();
    let alone = at.is_multiple_of(ALONE_EVERY);
    let mut outcome = tried(judge, &tree.current(), alone);
    let started = Instant::now();
    let fails = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Wrong(_) | Verdict::Failed(_));
    if !fails(&outcome) {
        return outcome;
    }
    while started.elapsed() < SHRINKING && tree.simplify() {
        let mut smaller = tried(judge, &tree.current(), alone);
        while !fails(&smaller) {
            if started.elapsed() > SHRINKING || !tree.complicate() {
                return outcome;
            }
            smaller = tried(judge, &tree.current(), alone);
        }
        outcome = smaller;
    }
    outcome
}

fn tried(judge: &Judge, (build, change): &(Vec<Op>, Vec<Op>), alone: bool) -> Outcome {
    let old = op::apply(&Schema::default(), build);
    let new = op::apply(&old, change);
    let verdict = try_pair(judge, &Pair { old: &old, new: &new }, alone);
    Outcome { verdict, old: old.sql(), new: new.sql() }
}

/// Prints how many came to what and why, writes down what failed, and fails if something did.
fn report(outcomes: &BTreeMap<(usize, usize), Outcome>) {
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut failures, mut refused) = (Vec::new(), String::new());
    for ((seed, at), outcome) in outcomes {
        *words.entry(outcome.verdict.word()).or_default() += 1;
        let told = |reason: &str| {
            format!(
                "-- {}: TENANTRY_SEED={seed} TENANTRY_FIRST={at} TENANTRY_PAIRS=1\n---- old\n{}---- new\n{}---- why\n{reason}\n",
                outcome.verdict.word(),
                outcome.old,
                outcome.new
            )
        };
        match &outcome.verdict {
            Verdict::Converged => {}
            Verdict::Refused(reason) => {
                *reasons.entry(reason.lines().next().unwrap_or_default().to_owned()).or_default() += 1;
                refused.push_str(&told(reason));
            }
            Verdict::Failed(reason) | Verdict::Wrong(reason) => failures.push(told(reason)),
        }
    }
    println!("{words:?}");
    for (reason, count) in reasons {
        println!("  refused {count}: {reason}");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("properties-refused.txt"), refused).unwrap();
    let path = folder.join("properties-failures.txt");
    fs::write(&path, failures.join("\n")).unwrap();
    let shown: Vec<_> = failures.iter().take(5).cloned().collect();
    assert!(
        failures.is_empty(),
        "{} pairs failed, all in {}:\n{}",
        failures.len(),
        path.display(),
        shown.join("\n")
    );
}

#[test]
fn pairs_that_failed_once_converge() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/properties/cases");
    let judge = Judge::new(Database::new(Cluster::shared().unwrap(), "cases", &[]).unwrap());
    let mut failures = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (old, new) = text.split_once("---- new\n").unwrap();
        let (_, old) = old.split_once("---- old\n").unwrap();
        let verdict = judge.judge(&Change::new(old, new)).unwrap();
        for (way, verdict) in [("forward", verdict.forward), ("reverse", verdict.reverse)] {
            if let Some(reason) = verdict.reason() {
                failures.push(format!("{} {way}: {}: {reason}", path.display(), verdict.word()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
