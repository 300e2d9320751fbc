//! Changes of every kind that histories hold, one after the other by theme, with rows where values are at stake: planned,
//! run by psql and compared by pg_dump, in both directions, and what is stored outlives them.
//!
//! A file of `changes/` holds cases: `==== name`, then the definition before, `---- new`, the one after, and, where it has rows,
//! `---- rows` (of the one before) and `---- rows of new` (for the way in reverse). Behind the name may stand `(from 15)`, the
//! oldest server that knows what it uses; `(refused)` or `(refused in reverse)`, where no plan can be made,
//! with ` from 18` where that is so from a version on; `(put aside)`, where a plan that renames aside must be made too, and the way back.
//! `TENANTRY_CHANGES=DIR` judges other files, `TENANTRY_CHANGES_ONLY=text` cases whose names hold the text.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy does not take the functions beside the tests for tests"
)]

mod judge;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use judge::{Change, Database, Judge, Judgement, NEW, OLD, Verdict};
use tenantry_planner::Destructive;
use tenantry_planner::sql::Quoted;
use tenantry_testkit::pg::{Cluster, Error};

const WORKERS: usize = 4;
const EXTENSIONS: &[&str] = &["citext", "btree_gist", "pg_trgm", "hstore"];

/// One change.
#[derive(Default)]
struct Case {
    name: String,
    /// The oldest major version that it runs on.
    from: u16,
    /// From which major version on it is refused, forward and in reverse.
    refused: [Option<u16>; 2],
    /// Whether what holds data can be renamed aside, and comes back.
    put_aside: bool,
    old: String,
    new: String,
    rows: [String; 2],
}

impl Case {
    /// Reads what follows `====`.
    fn read(file: &str, text: &str) -> Self {
        let (heading, body) = text.split_once('\n').unwrap();
        let mut words = heading.trim().split(" (");
        let mut case = Case { name: format!("{file}: {}", words.next().unwrap()), ..Case::default() };
        for word in words {
            let (word, from) = match word.trim_end_matches(')').split_once("from ") {
                Some((word, from)) => (word.trim_end(), from.parse().unwrap()),
                None => (word.trim_end_matches(')'), 0),
            };
            match word {
                "refused" => case.refused = [Some(from); 2],
                "refused forward" => case.refused[0] = Some(from),
                "refused in reverse" => case.refused[1] = Some(from),
                "put aside" => case.put_aside = true,
                "" => case.from = from,
                word => panic!("{word}: what is that?"),
            }
        }
        let mut into = &mut case.old;
        for line in body.lines() {
            match line {
                "---- new" => into = &mut case.new,
                "---- rows" => into = &mut case.rows[0],
                "---- rows of new" => into = &mut case.rows[1],
                line => {
                    into.push_str(line);
                    into.push('\n');
                }
            }
        }
        case
    }

    fn change(&self) -> Change<'_> {
        Change { rows: [&self.rows[0], &self.rows[1]], ..Change::new(&self.old, &self.new) }
    }
}

fn cases(dir: &Path) -> Vec<Case> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let only = env::var("TENANTRY_CHANGES_ONLY").unwrap_or_default();
    let version = Cluster::shared().unwrap().version();
    let of_file = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        let cases: Vec<Case> = text.split("\n==== ").skip(1).map(|text| Case::read(&name, text)).collect();
        cases
    };
    files.iter().flat_map(of_file).filter(|case| case.from <= version && case.name.contains(&only)).collect()
}

fn chosen() -> Vec<Case> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/changes");
    cases(&env::var_os("TENANTRY_CHANGES").map_or(kept, PathBuf::from))
}

/// Judges all cases: what is wrong, a text each, by the cases' names.
fn judge_all(
    cases: &[Case],
    wrong: impl Fn(&Judge, &Case) -> Result<Vec<String>, Error> + Sync,
) -> Vec<String> {
    let cluster = Cluster::shared().unwrap();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS.min(cases.len()) {
            scope.spawn(|| {
                let judge = Judge::new(Database::new(cluster, "changes", EXTENSIONS).unwrap());
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let texts =
                        wrong(&judge, case).unwrap_or_else(|error| vec![format!("does not load: {error}")]);
                    let named = texts.iter().map(|text| format!("==== {}: {text}", case.name));
                    failures.lock().unwrap().extend(named);
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    println!("{} changes, {} not as they should be", cases.len(), failures.len());
    failures.into_iter().collect()
}

#[test]
fn changes_converge_in_both_directions_and_keep_values() {
    let cases = chosen();
    let failures = judge_all(&cases, |judge, case| Ok(unexpected(case, &judge.judge(&case.change())?)));
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The same, where there are rows, with what holds data renamed aside: refused here and there, as drops are not allowed, but
/// never wrong.
#[test]
fn what_is_put_aside_comes_back() {
    let mut cases = chosen();
    cases.retain(|case| !case.rows[0].is_empty());
    let failures = judge_all(&cases, |judge, case| {
        Ok(match judge.judge_putting_aside(&case.change())? {
            Verdict::Converged => Vec::new(),
            Verdict::Refused(_) if !case.put_aside => Vec::new(),
            verdict => vec![format!("{}: {}", verdict.word(), verdict.reason().unwrap_or_default())],
        })
    });
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_partition_comes_after_a_column_was_put_aside_and_all_of_it_comes_back() {
    let judge = Judge::new(Database::new(Cluster::shared().unwrap(), "aside", &[]).unwrap());
    let (engine, database) = (judge.engine(), judge.database());
    let table = |columns: &str, partitions: u16| {
        let of = |n| format!("CREATE TABLE m{n} PARTITION OF m FOR VALUES FROM ({n}) TO ({});\n", n + 1);
        let partitions: String = (0..partitions).map(of).collect();
        format!("CREATE TABLE m (id integer NOT NULL{columns}) PARTITION BY RANGE (id);\n{partitions}")
    };
    let all = ", a text DEFAULT 'a' NOT NULL";
    database.load(OLD, &table(all, 1)).unwrap();
    let insert = |row: &str| database.run(&format!("INSERT INTO {}.m VALUES ({row})", Quoted(OLD))).unwrap();
    insert("0, 'kept'");
    let mut renamed = Vec::new();
    for (columns, partitions) in [("", 1), ("", 2), (all, 2)] {
        let target = engine.compile(&table(columns, partitions), Destructive::Quarantine).unwrap();
        let plan = engine.plan_beside(OLD, &target, &renamed).unwrap().plan;
        database.run(&judge::script(&plan, OLD)).unwrap();
        renamed.extend(plan.renamed());
        assert!(engine.plan_beside(OLD, &target, &renamed).unwrap().plan.is_empty());
    }
    insert("1, 'new'");
    database.load(NEW, &table(all, 2)).unwrap();
    assert_eq!(database.dump(OLD).unwrap(), database.dump(NEW).unwrap());
    let rows = format!("SELECT id, a FROM {}.m ORDER BY id", Quoted(OLD));
    assert_eq!(database.run(&rows).unwrap().trim(), "0|kept\n1|new");
}

/// What is not as the case says, a text each.
fn unexpected(case: &Case, judgement: &Judgement) -> Vec<String> {
    let ways = [("forward", &judgement.forward), ("reverse", &judgement.reverse)];
    let version = Cluster::shared().unwrap().version();
    let refused = case.refused.map(|from| from.is_some_and(|from| from <= version));
    let wrong = ways.iter().zip(refused).filter_map(|((way, verdict), refused)| match verdict {
        Verdict::Converged if !refused => None,
        Verdict::Refused(_) if refused => None,
        verdict => Some(format!("{way}: {}: {}", verdict.word(), verdict.reason().unwrap_or("not refused"))),
    });
    wrong.collect()
}
