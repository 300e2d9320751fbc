//! The plan: every statement, in order, with what it does. Nothing is left to
//! choose when it runs.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenantry_catalog::{Fingerprint, ObjectId};

use crate::{Hazard, Lock};

/// What a step does with its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verb {
    /// Makes it.
    Create,
    /// Changes it where it is.
    Alter,
    /// Removes it.
    Drop,
    /// Renames it aside.
    Quarantine,
    /// Renames it back.
    Restore,
    /// Computes what it holds, and changes nothing of the schema: a proof
    /// leaves it out.
    Fill,
}

/// How a statement stands to transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Transaction {
    /// Runs in one, with others.
    #[default]
    Within,
    /// Runs in one, which must commit before what it made is used
    /// (`ALTER TYPE ... ADD VALUE`).
    CommitAfter,
    /// Cannot run in one (`CREATE INDEX CONCURRENTLY`).
    Outside,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it is about.
    pub object: ObjectId,
    /// What it does with it.
    pub verb: Verb,
    /// The statement, without a semicolon at its end; `__TENANT__` where it
    /// has to name the schema.
    pub sql: String,
    /// How it stands to transactions.
    #[serde(default)]
    pub transaction: Transaction,
    /// The locks that it takes and that are felt.
    #[serde(default)]
    pub locks: BTreeSet<Lock>,
    /// What is bad about it.
    #[serde(default)]
    pub hazards: Vec<Hazard>,
    /// What the object is called from now on, where it is renamed aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<String>,
}

/// Steps that run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// In one transaction.
    Transaction(&'a [Step]),
    /// One statement outside of any.
    Alone(&'a Step),
}

impl<'a> Segment<'a> {
    /// The steps of the segment.
    pub fn steps(&self) -> &'a [Step] {
        match self {
            Segment::Transaction(steps) => steps,
            Segment::Alone(step) => std::slice::from_ref(step),
        }
    }
}

/// How to come from one state of a schema to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Where it starts.
    pub from: Fingerprint,
    /// Where it ends.
    pub to: Fingerprint,
    /// What it runs, in order.
    pub steps: Vec<Step>,
    /// The steps after which a commit must come, by index.
    pub commits: BTreeSet<usize>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps as they run: as few transactions as there can be.
    pub fn segments(&self) -> Vec<Segment<'_>> {
        let mut segments = Vec::new();
        let mut start = 0;
        for (at, step) in self.steps.iter().enumerate() {
            if step.transaction == Transaction::Outside {
                if start < at {
                    segments.push(Segment::Transaction(&self.steps[start..at]));
                }
                segments.push(Segment::Alone(step));
                start = at + 1;
            } else if self.commits.contains(&at) {
                segments.push(Segment::Transaction(&self.steps[start..=at]));
                start = at + 1;
            }
        }
        if start < self.steps.len() {
            segments.push(Segment::Transaction(&self.steps[start..]));
        }
        segments
    }

    /// Whether it runs in one transaction, or needs none at all.
    pub fn is_atomic(&self) -> bool {
        matches!(self.segments().as_slice(), [] | [Segment::Transaction(_)])
    }

    /// All hazards of all steps, in order.
    pub fn hazards(&self) -> impl Iterator<Item = &Hazard> {
        self.steps.iter().flat_map(|step| &step.hazards)
    }

    /// What it renames aside: what each object was, and its reserved name. For
    /// the ledger, and for [`crate::part_aside`].
    pub fn renamed(&self) -> Vec<(ObjectId, String)> {
        let reserved = |step: &Step| Some((step.object.clone(), step.reserved.clone()?));
        self.steps.iter().filter_map(reserved).collect()
    }

    /// Whether `approval: Destructive` waits for a person.
    pub fn is_destructive(&self) -> bool {
        self.hazards().any(|hazard| hazard.kind.destructive())
    }

    /// The digest of the statements, with their commits, and of the target.
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update(self.to.as_str());
        for (at, step) in self.steps.iter().enumerate() {
            hash.update(step.sql.len().to_be_bytes());
            hash.update(step.sql.as_bytes());
            let commits = self.commits.contains(&at);
            hash.update([u8::from(step.transaction == Transaction::Outside), u8::from(commits)]);
        }
        Digest::of(hash)
    }
}

/// How many digits of a revision people see.
pub const REVISION_DIGITS: usize = 10;

/// A sha256 as 64 hex digits: of a plan, of an approval, of a definition.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// Text that is no digest.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no digest: expected 64 hex digits")]
pub struct NotADigest(String);

impl Digest {
    /// The digest of what was fed to a hash.
    pub fn of(hash: Sha256) -> Self {
        Self(
            hash.finalize()
                .iter()
                .fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}")),
        )
    }

    /// The digest of some texts, each fed with its length, so that no two lists run together.
    pub fn of_texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut hash = Sha256::new();
        for text in texts {
            hash.update(text.as_ref().len().to_be_bytes());
            hash.update(text.as_ref());
        }
        Self::of(hash)
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits of a revision, as people see and type it, and as it stands in the names of objects.
    pub fn revision(&self) -> &str {
        &self.0[..REVISION_DIGITS]
    }

    /// The twelve digits that people see and may type.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotADigest(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use tenantry_catalog::{Catalog, Kind};

    use super::*;

    fn plan(steps: &[(&str, Transaction)], commits: &[usize]) -> Plan {
        let fingerprint = Fingerprint::of(&Catalog::empty());
        let step = |(sql, transaction): &(&str, Transaction)| Step {
            object: ObjectId::new(Kind::Table, ["t"]),
            verb: Verb::Alter,
            sql: (*sql).to_owned(),
            transaction: *transaction,
            locks: BTreeSet::new(),
            hazards: Vec::new(),
            reserved: None,
        };
        Plan {
            from: fingerprint.clone(),
            to: fingerprint,
            steps: steps.iter().map(step).collect(),
            commits: commits.iter().copied().collect(),
        }
    }

    #[test]
    fn segments_never_reorder() {
        use Transaction::{CommitAfter, Outside, Within};
        let plan = plan(&[("a", Within), ("b", Outside), ("c", CommitAfter), ("d", Within)], &[2]);
        let shape: Vec<Vec<&str>> = plan
            .segments()
            .into_iter()
            .map(|segment| segment.steps().iter().map(|step| step.sql.as_str()).collect())
            .collect();
        assert_eq!(shape, [vec!["a"], vec!["b"], vec!["c"], vec!["d"]]);
        assert!(!plan.is_atomic());
    }

    #[test]
    fn the_digest_sees_statements_and_commits() {
        use Transaction::Within;
        let one = plan(&[("a", Within), ("b", Within)], &[]);
        assert_eq!(one.digest(), one.clone().digest());
        assert_ne!(one.digest(), plan(&[("a", Within), ("c", Within)], &[]).digest());
        assert_ne!(one.digest(), plan(&[("a", Within), ("b", Within)], &[0]).digest());
        assert_eq!(one.digest().short().len(), 12);
    }
}
