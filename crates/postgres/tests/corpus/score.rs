//! How many pairs converge, and that it never becomes fewer.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::judge::Verdict;

/// How many of some pairs came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The dumps are equal.
    pub converged: u32,
    /// Refused, with a reason.
    pub refused: u32,
    /// Something failed, and said so.
    pub failed: u32,
    /// Said to be done, and is not.
    pub wrong: u32,
}

impl Count {
    /// Counts one more.
    pub fn add(&mut self, verdict: &Verdict) {
        *match verdict {
            Verdict::Converged => &mut self.converged,
            Verdict::Refused(_) => &mut self.refused,
            Verdict::Failed(_) => &mut self.failed,
            Verdict::Wrong(_) => &mut self.wrong,
        } += 1;
    }

    /// All of them.
    pub fn all(&self) -> u32 {
        self.converged + self.refused + self.failed + self.wrong
    }

    /// Whether it is worse than another count of the same pairs.
    fn is_worse_than(&self, before: &Count) -> bool {
        self.all() == before.all() && (self.converged < before.converged || self.wrong > before.wrong)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = f64::from(self.converged) * 100.0 / f64::from(self.all().max(1));
        write!(
            f,
            "{:>5} {:>6} {:>6.1} % {:>7} {:>7} {:>15}",
            self.all(),
            self.converged,
            percent,
            self.refused,
            self.failed,
            self.wrong
        )
    }
}

/// The heading over counts.
pub const HEADING: &str = " pairs  converged      refused  failed  silently wrong";

/// The counts by what was counted: `dev forward`, `histories reverse`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(pub BTreeMap<String, Count>);

impl Score {
    /// The score that a file holds; an empty one if there is none yet.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|_| "{}".to_owned());
        serde_json::from_str(&text).unwrap()
    }

    /// Writes it down.
    pub fn write(&self, path: &Path) {
        fs::write(path, serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
    }

    /// What became worse since that score, a line each.
    pub fn worse_than(&self, before: &Score) -> Vec<String> {
        let both = self.0.iter().filter_map(|(name, now)| Some((name, now, before.0.get(name)?)));
        both.filter(|(_, now, before)| now.is_worse_than(before))
            .map(|(name, now, before)| format!("{name}: now {now:?}, before {before:?}"))
            .collect()
    }
}
