//! The engine on a corpus of real schema changes, judged by pg_dump.
//!
//! `TENANTRY_CORPUS` names a file of pairs; `histories.jsonl.gz` beside it is run too. Without it there is nothing to
//! judge, and the test says so. `TENANTRY_CORPUS_ONLY=text` runs the pairs whose names hold the text, and prints all.
//! The score stands in `corpus-score.json`: it may only rise. `TENANTRY_RENEW=1` writes it down.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy does not take the functions beside the tests for tests"
)]

#[path = "corpus/pair.rs"]
mod pair;
#[path = "corpus/score.rs"]
mod score;

mod judge;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use judge::{Change, Database, Judge, Judgement, Verdict};
use pair::Pair;
use score::{Count, HEADING, Score};
use tenantry_testkit::pg::Cluster;

/// How many pairs are judged at a time: most of the time is spent waiting for pg_dump and psql.
const WORKERS: usize = 4;
const EXTENSIONS: &[&str] =
    &["uuid-ossp", "citext", "intarray", "btree_gist", "pg_trgm", "hstore", "pgcrypto", "ltree"];

#[test]
fn the_corpus_converges() {
    let Some(path) = env::var_os("TENANTRY_CORPUS").map(PathBuf::from) else {
        println!("TENANTRY_CORPUS is not set: no corpus to judge by.");
        return;
    };
    let only = env::var("TENANTRY_CORPUS_ONLY").ok().filter(|text| !text.is_empty());
    let mut score = Score::default();
    let mut report = String::new();
    for (set, path) in files(&path) {
        let mut pairs = pair::read(&path).unwrap();
        pairs.retain(|pair| only.as_ref().is_none_or(|text| pair.name.contains(text.as_str())));
        let started = Instant::now();
        let judged = judge_all(&pairs);
        let (mut forward, mut reverse) = (Count::default(), Count::default());
        for (pair, judgement) in &judged {
            forward.add(&judgement.forward);
            reverse.add(&judgement.reverse);
            for (way, verdict) in [("forward", &judgement.forward), ("reverse", &judgement.reverse)] {
                if let Some(reason) = verdict.reason() {
                    let _ = writeln!(
                        report,
                        "==== {} {way}: {}\n{}\n",
                        pair.name,
                        verdict.word(),
                        reason.trim_end()
                    );
                }
            }
        }
        println!(
            "\n{set}: {} pairs in {:.0} s\n{:24}{HEADING}",
            pairs.len(),
            started.elapsed().as_secs_f64(),
            ""
        );
        println!("{:24}{forward}\n{:24}{reverse}", "forward", "reverse");
        print_kinds(&judged);
        score.0.insert(format!("{set} forward"), forward);
        score.0.insert(format!("{set} reverse"), reverse);
    }
    if only.is_some() {
        println!("\n{report}");
        return;
    }
    let failures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus-failures.txt");
    fs::write(&failures, report).unwrap();
    println!("\nWhat did not converge, and why: {}", failures.display());
    compare(&score);
}

/// The named file, and the histories beside it, with what each is called.
fn files(path: &Path) -> Vec<(String, PathBuf)> {
    let name =
        |path: &Path| path.file_name().unwrap().to_string_lossy().split('.').next().unwrap().to_owned();
    let histories = path.with_file_name("histories.jsonl.gz");
    [path.to_owned(), histories]
        .into_iter()
        .filter(|path| path.exists())
        .map(|path| (name(&path), path))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .collect()
}

fn judge_all(pairs: &[Pair]) -> Vec<(&Pair, Judgement)> {
    let cluster = Cluster::shared().unwrap();
    let next = AtomicUsize::new(0);
    let judged = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS.min(pairs.len()) {
            scope.spawn(|| {
                let judge = Judge::new(Database::new(cluster, "corpus", EXTENSIONS).unwrap());
                while let Some(pair) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let change = Change { noop: pair.noop, ..Change::new(&pair.old, &pair.new) };
                    let judgement = judge.judge(&change).unwrap_or_else(|error| {
                        let failed = Verdict::Failed(format!("does not load: {error}"));
                        Judgement { forward: failed.clone(), reverse: failed }
                    });
                    judged.lock().unwrap().push((pair, judgement));
                }
            });
        }
    });
    let mut judged = judged.into_inner().unwrap();
    judged.sort_by(|(left, _), (right, _)| left.name.cmp(&right.name));
    judged
}

/// The forward score by the kinds that a pair changes, the most frequent first.
fn print_kinds(judged: &[(&Pair, Judgement)]) {
    let mut kinds: BTreeMap<&str, Count> = BTreeMap::new();
    for (pair, judgement) in judged {
        for kind in &pair.kinds {
            kinds.entry(kind).or_default().add(&judgement.forward);
        }
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(count.all()), *kind));
    for (kind, count) in kinds {
        println!("  {kind:22}{count}");
    }
}

/// Compares with the score that is written down.
fn compare(score: &Score) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus-score.json");
    let before = Score::read(&path);
    let worse = score.worse_than(&before);
    if env::var_os("TENANTRY_RENEW").is_some() {
        let mut renewed = before;
        renewed.0.extend(score.0.clone());
        renewed.write(&path);
    } else {
        assert!(worse.is_empty(), "the score fell:\n{}", worse.join("\n"));
    }
}
