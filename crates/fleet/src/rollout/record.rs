//! What of a rollout survives a kill: what people decided, what failed, and
//! how far the waves are.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenantry_engine::{TenantKey, TenantName};
use tenantry_planner::Digest;

use super::approval::{Approved, Offer};
use super::group::Group;
use super::wave::Wave;

/// The layout that this program writes and reads.
const FORMAT: u32 = 1;

/// What a rollout is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// To a new revision.
    Forward,
    /// What is left over from an earlier rollout to the same revision.
    Rest,
    /// Drifted tenants back to the revision in force.
    Correction,
    /// Back to an earlier revision.
    RollBack {
        /// The rollout that is undone.
        of: String,
        /// Because it failed, and `onFailure: RollBack` says so.
        automatic: bool,
    },
}

/// Why nothing further is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Paused {
    /// Somebody said so.
    ByPerson {
        /// Who.
        by: Option<String>,
    },
    /// The wave says so.
    AfterWave {
        /// Which.
        wave: String,
    },
    /// More tenants failed than may.
    BudgetSpent {
        /// In which wave; `None` for all together.
        wave: Option<String>,
        /// How many failed.
        failed: u32,
        /// How many may.
        budget: u32,
    },
}

impl fmt::Display for Paused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Paused::ByPerson { by: Some(by) } => write!(f, "paused by {by}"),
            Paused::ByPerson { by: None } => f.write_str("paused by a person"),
            Paused::AfterWave { wave } => write!(f, "wave {wave} is over, and says to wait for a person"),
            Paused::BudgetSpent { wave, failed, budget } => {
                let s = if *failed == 1 { "" } else { "s" };
                write!(f, "{failed} tenant{s} failed")?;
                if let Some(wave) = wave {
                    write!(f, " in wave {wave}")?;
                }
                write!(f, " (budget {budget})")
            }
        }
    }
}

/// How far a rollout is, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Nothing was touched; a person has to approve it.
    AwaitingApproval,
    /// Under way.
    Running,
    /// Nothing further is started.
    Paused(Paused),
    /// Too much failed; what was changed is brought back by another rollout.
    RollingBack,
    /// It ended, and this is how.
    Ended(RolloutState),
}

/// Where a rollout is, in the words that people see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RolloutState {
    /// Somebody has to approve it.
    AwaitingApproval,
    /// Tenants are being changed.
    Running,
    /// Nothing further is started until somebody resumes.
    Paused,
    /// Tenants are being brought back.
    RollingBack,
    /// Every tenant that was not skipped has the target.
    Succeeded,
    /// It ended, and some tenants have not got the target.
    Failed,
    /// Tenants were brought back.
    RolledBack,
    /// A newer target took its place.
    Superseded,
}

impl fmt::Display for RolloutState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A tenant that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Where it lives.
    #[serde(flatten)]
    pub key: TenantKey,
    /// Its name.
    pub name: TenantName,
    /// In which wave, by index; `None` when its schema was to be made.
    pub wave: Option<usize>,
    /// In a few words, the same for equal causes.
    pub cause: String,
    /// In full.
    pub message: String,
    /// When.
    pub at: Timestamp,
    /// Somebody said to go on in spite of it: no budget counts it any more.
    #[serde(default)]
    pub forgiven: bool,
}

/// One change of a set to a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// The layout of this record.
    pub format: u32,
    /// Its name, unique within the set.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// The revision in force before.
    pub from: Option<Digest>,
    /// The revision that tenants get.
    pub to: Digest,
    /// How far it is.
    pub stage: Stage,
    /// How many tenants the set had when it began.
    pub total: u32,
    /// How many tenants may fail in all.
    pub budget: u32,
    /// The waves.
    pub waves: Vec<Wave>,
    /// The wave that is being worked on, by index; as many as there are waves
    /// when all are done.
    pub current: usize,
    /// Whether a tenant of an earlier wave has the target and was read back.
    pub proven: bool,
    /// The groups.
    pub groups: Vec<Group>,
    /// What was offered for approval; `None` when nobody has to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// What was approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approved>,
    /// Who failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// Who is left out, by a person's word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<TenantName>,
    /// How many tenants have the target, as far as was known when this was
    /// written.
    pub done: u32,
    /// When it was planned.
    pub planned: Timestamp,
    /// When its first tenant might be touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// A record that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Written by a newer program.
    #[error(
        "rollout {id} was written by a newer Tenantry (layout {format}, this one reads {FORMAT}): use that one"
    )]
    Newer {
        /// The rollout.
        id: String,
        /// Its layout.
        format: u64,
    },
    /// Not a rollout's state.
    #[error("the ledger's record of rollout {id} cannot be read: {source}")]
    Broken {
        /// The rollout.
        id: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Rollout {
    /// The revision that it goes back from.
    pub fn undone(&self) -> Option<&Digest> {
        self.from.as_ref().filter(|_| matches!(self.kind, Kind::RollBack { .. }))
    }

    /// A rollout of which nothing has happened yet.
    pub fn new(id: String, kind: Kind, from: Option<Digest>, to: Digest, planned: Timestamp) -> Self {
        Self {
            format: FORMAT,
            id,
            kind,
            from,
            to,
            stage: Stage::AwaitingApproval,
            total: 0,
            budget: 0,
            waves: Vec::new(),
            current: 0,
            proven: false,
            groups: Vec::new(),
            offer: None,
            approvals: Vec::new(),
            failures: Vec::new(),
            skipped: Vec::new(),
            done: 0,
            planned,
            started: None,
            ended: None,
        }
    }

    /// Reads what the ledger kept.
    ///
    /// # Errors
    /// When a newer program wrote it, or it is none.
    pub fn read(id: &str, state: &serde_json::Value) -> Result<Self, StateError> {
        let format = state.get("format").and_then(serde_json::Value::as_u64).unwrap_or_default();
        if format > u64::from(FORMAT) {
            return Err(StateError::Newer { id: id.to_owned(), format });
        }
        serde_json::from_value(state.clone())
            .map_err(|source| StateError::Broken { id: id.to_owned(), source })
    }

    /// What the ledger keeps.
    ///
    /// # Errors
    /// Never for what this program made; serde cannot know.
    pub fn write(&self) -> Result<serde_json::Value, StateError> {
        serde_json::to_value(self).map_err(|source| StateError::Broken { id: self.id.clone(), source })
    }

    /// Where it is, in the words that people see.
    pub fn state(&self) -> RolloutState {
        match &self.stage {
            Stage::AwaitingApproval => RolloutState::AwaitingApproval,
            Stage::Running if matches!(self.kind, Kind::RollBack { .. }) => RolloutState::RollingBack,
            Stage::Running => RolloutState::Running,
            Stage::Paused(_) => RolloutState::Paused,
            Stage::RollingBack => RolloutState::RollingBack,
            Stage::Ended(state) => *state,
        }
    }

    /// Whether nothing more happens in it.
    pub fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended(_))
    }

    /// The revision in force: this rollout's own, once it could start.
    pub fn in_force(&self) -> Option<&Digest> {
        if self.started.is_some() { Some(&self.to) } else { self.from.as_ref() }
    }

    /// The wave that is being worked on, or the last one when all are over.
    pub fn current_or_last(&self) -> usize {
        self.current.min(self.waves.len().saturating_sub(1))
    }

    /// The failures that budgets count, of one wave or of all. Those of tenants
    /// that were to be made have a budget of their own.
    pub fn counted(&self, wave: Option<usize>) -> u32 {
        let counts = |failure: &&Failure| {
            !failure.forgiven && failure.wave.is_some() && (wave.is_none() || failure.wave == wave)
        };
        u32::try_from(self.failures.iter().filter(counts).count()).unwrap_or(u32::MAX)
    }

    /// The failures of tenants whose schemas were to be made.
    pub fn not_made(&self) -> u32 {
        let counts = |failure: &&Failure| !failure.forgiven && failure.wave.is_none();
        u32::try_from(self.failures.iter().filter(counts).count()).unwrap_or(u32::MAX)
    }

    /// How many of a wave's tenants may fail.
    pub fn budget_of(&self, wave: usize) -> u32 {
        let explicit = self.waves.get(wave).and_then(|wave| wave.budget);
        explicit.unwrap_or(if self.proven { self.budget } else { 0 })
    }

    /// The budget that is spent: in which wave, how many failed, how many may.
    pub fn spent(&self) -> Option<(Option<usize>, u32, u32)> {
        let current = self.current_or_last();
        let (wave, all) = (self.counted(Some(current)), self.counted(None));
        let allowed = self.budget_of(current);
        if wave > allowed {
            return Some((Some(current), wave, allowed));
        }
        (all > self.budget).then_some((None, all, self.budget))
    }
}
