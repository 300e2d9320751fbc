//! What the judge says.

use std::fmt::Write as _;

use similar::TextDiff;

/// What came of going from one schema to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The dumps are equal and a second plan is empty.
    Converged,
    /// No plan, and the objects and reasons.
    Refused(String),
    /// Something failed, and said so.
    Failed(String),
    /// The engine says that all is well, and it is not.
    Wrong(String),
}

impl Verdict {
    /// The word for it in a table.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Converged => "converged",
            Verdict::Refused(_) => "refused",
            Verdict::Failed(_) => "failed",
            Verdict::Wrong(_) => "SILENTLY WRONG",
        }
    }

    /// Why it is not converged.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Verdict::Converged => None,
            Verdict::Refused(reason) | Verdict::Failed(reason) | Verdict::Wrong(reason) => Some(reason),
        }
    }
}

/// The verdicts on both ways of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// From old to new.
    pub forward: Verdict,
    /// From new to old.
    pub reverse: Verdict,
}

/// The lines in which two texts differ, with what stands around them.
pub fn difference(found: &str, expected: &str) -> String {
    let mut text = String::new();
    let diff = TextDiff::from_lines(found, expected);
    for hunk in diff.unified_diff().context_radius(1).header("found", "expected").iter_hunks() {
        let _ = write!(text, "{hunk}");
    }
    text
}
