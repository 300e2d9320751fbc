//! The pairs of the corpus, as its files hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

/// One schema before and after a change.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Where it is from and what it is called there: unique.
    pub name: String,
    /// The kinds of objects that the change touches, or, where that is not known, that both schemas hold.
    pub kinds: BTreeSet<String>,
    /// Whether both sides are one schema, so that a plan must be empty.
    pub noop: bool,
    /// The definition before.
    pub old: String,
    /// The definition after.
    pub new: String,
}

#[derive(Deserialize)]
struct Row {
    source: String,
    case: String,
    #[serde(default)]
    noop: bool,
    #[serde(default)]
    tags: Value,
    #[serde(default)]
    kinds: Words,
    #[serde(default)]
    changes: Words,
    old: String,
    new: String,
}

/// A list of words, or an object whose keys they are.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    List(BTreeSet<String>),
    Counted(BTreeMap<String, Value>),
}

impl Default for Words {
    fn default() -> Self {
        Words::List(BTreeSet::new())
    }
}

impl From<Words> for BTreeSet<String> {
    fn from(words: Words) -> Self {
        match words {
            Words::List(words) => words,
            Words::Counted(words) => words.into_keys().collect(),
        }
    }
}

impl From<Row> for Pair {
    fn from(row: Row) -> Self {
        let tagged = row.tags.as_array().is_some_and(|tags| tags.iter().any(|tag| tag == "noop"));
        let changed: BTreeSet<String> = row.changes.into();
        Pair {
            name: format!("{}: {}", row.source, row.case),
            kinds: if changed.is_empty() { row.kinds.into() } else { changed },
            noop: row.noop || tagged,
            old: row.old,
            new: row.new,
        }
    }
}

/// Reads a file of pairs, one a line; gzipped if its name says so.
pub fn read(path: &Path) -> io::Result<Vec<Pair>> {
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
    } else {
        text = fs::read_to_string(path)?;
    }
    text.lines().map(|line| Ok(serde_json::from_str::<Row>(line)?.into())).collect()
}
