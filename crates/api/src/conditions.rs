//! The types and reasons of conditions, and the one way to merge them into a status.
//!
//! `Ready`, `Reconciling` and `Stalled` mean what kstatus takes them for; `Reconciling` and `Stalled` are
//! there only while they are True, and never both. Every condition says the generation that it is about.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// The most characters that a condition's message has: one line that a terminal shows.
pub const MESSAGE_LENGTH: usize = 200;

/// The types of conditions.
pub mod types {
    /// All is as the spec wants it. On a TenantSet: every tenant is InSync, or Drifted under `Report` or
    /// `Ignore`.
    pub const READY: &str = "Ready";
    /// Something is being done about it. Only there while it is True.
    pub const RECONCILING: &str = "Reconciling";
    /// Nothing will happen until somebody changes something. Only there while it is True.
    pub const STALLED: &str = "Stalled";
    /// What the spec says, and what it refers to, can be carried out.
    pub const ACCEPTED: &str = "Accepted";
    /// Every database of the set answers.
    pub const DATABASES_REACHABLE: &str = "DatabasesReachable";
    /// Somebody changed tenants by hand.
    pub const DRIFTED: &str = "Drifted";
    /// A plan waits for somebody to approve it.
    pub const AWAITING_APPROVAL: &str = "AwaitingApproval";
    /// Somebody paused the rollout, or a wave says `pause`.
    pub const PAUSED: &str = "Paused";
    /// On a TenantDatabase: the server answers and takes the login.
    pub const REACHABLE: &str = "Reachable";
    /// On a TenantDatabase: the login may do what is asked of it, and not too much.
    pub const PRIVILEGES_SUFFICIENT: &str = "PrivilegesSufficient";
    /// On a SchemaRollout: every group's plan was proved on a shadow.
    pub const PROVED: &str = "Proved";
}

/// The reasons, in one list for all types: the same word means the same everywhere.
pub mod reasons {
    /// Every tenant equals the revision in force.
    pub const IN_SYNC: &str = "InSync";
    /// Schemas of new tenants are being made.
    pub const PROVISIONING: &str = "Provisioning";
    /// A change is on its way through the waves.
    pub const ROLLING_OUT: &str = "RollingOut";
    /// Tenants are being brought back.
    pub const ROLLING_BACK: &str = "RollingBack";
    /// Plans are being made and proved.
    pub const PLANNING: &str = "Planning";
    /// A wave's `minReady` passes.
    pub const SOAKING: &str = "Soaking";
    /// No window is open.
    pub const OUTSIDE_WINDOW: &str = "OutsideWindow";
    /// A plan waits for somebody to approve it.
    pub const AWAITING_APPROVAL: &str = "AwaitingApproval";
    /// Nothing waits for approval.
    pub const NOTHING_TO_APPROVE: &str = "NothingToApprove";
    /// Somebody paused it.
    pub const PAUSED: &str = "Paused";
    /// The wave that was finished says `pause`.
    pub const WAVE_PAUSE: &str = "WavePause";
    /// `suspend` is set.
    pub const SUSPENDED: &str = "Suspended";
    /// It goes on.
    pub const RUNNING: &str = "Running";
    /// More tenants failed than may.
    pub const BUDGET_SPENT: &str = "BudgetSpent";
    /// An apply failed on some tenants.
    pub const TENANTS_FAILED: &str = "TenantsFailed";
    /// No plan can be made for some tenants, or rows are in the way.
    pub const TENANTS_BLOCKED: &str = "TenantsBlocked";
    /// Somebody changed tenants by hand.
    pub const TENANTS_DRIFTED: &str = "TenantsDrifted";
    /// Nobody changed a tenant by hand.
    pub const NO_DRIFT: &str = "NoDrift";
    /// Tenants left the set, more at once than is believed.
    pub const TOO_MANY_REMOVED: &str = "TooManyRemoved";
    /// A schema belongs to somebody else.
    pub const CLAIMED_ELSEWHERE: &str = "ClaimedElsewhere";
    /// No plan can be made for any tenant.
    pub const NO_PLAN_POSSIBLE: &str = "NoPlanPossible";
    /// The proof of a plan did not come out equal to the target.
    pub const PROOF_FAILED: &str = "ProofFailed";
    /// The plans were proved.
    pub const PROVED: &str = "Proved";
    /// The definition was taken by a server.
    pub const COMPILED: &str = "Compiled";
    /// No TenantSet has given the definition a database yet.
    pub const NOT_COMPILED: &str = "NotCompiled";
    /// The definition has an error.
    pub const DEFINITION_REFUSED: &str = "DefinitionRefused";
    /// The spec is carried out.
    pub const SPEC_ACCEPTED: &str = "SpecAccepted";
    /// The spec contradicts itself in a way that the schema cannot see.
    pub const SPEC_REFUSED: &str = "SpecRefused";
    /// An object that is referred to is not there.
    pub const REFERENCE_MISSING: &str = "ReferenceMissing";
    /// A Secret lacks what a connection needs.
    pub const SECRET_INCOMPLETE: &str = "SecretIncomplete";
    /// The pinned revision is not known.
    pub const REVISION_UNKNOWN: &str = "RevisionUnknown";
    /// The tenant query failed, or returned nothing where there were tenants.
    pub const TENANT_QUERY_FAILED: &str = "TenantQueryFailed";
    /// The server answers and takes the login.
    pub const REACHABLE: &str = "Reachable";
    /// A database does not answer or does not take the login.
    pub const DATABASE_UNREACHABLE: &str = "DatabaseUnreachable";
    /// The login may do what is asked of it.
    pub const PRIVILEGES_SUFFICIENT: &str = "PrivilegesSufficient";
    /// The login lacks privileges.
    pub const PRIVILEGES_MISSING: &str = "PrivilegesMissing";
    /// The login may more than it should, such as a superuser.
    pub const PRIVILEGES_EXCESSIVE: &str = "PrivilegesExcessive";
    /// The rollout brought every tenant to the target.
    pub const SUCCEEDED: &str = "Succeeded";
    /// The rollout ended, and some tenants have not got the target.
    pub const FAILED: &str = "Failed";
    /// A newer target took the rollout's place.
    pub const SUPERSEDED: &str = "Superseded";
    /// The object is being deleted.
    pub const DELETING: &str = "Deleting";
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows.
    Unknown,
}

impl Truth {
    /// As the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// A condition as it was found just now, without any history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// One of [`types`].
    pub type_: &'static str,
    /// Whether it holds.
    pub status: Truth,
    /// One of [`reasons`].
    pub reason: &'static str,
    /// What is, what it waits for, and what to do: one line. Cut at [`MESSAGE_LENGTH`] characters.
    pub message: String,
}

impl Observation {
    /// A condition as it was found just now.
    pub fn new(type_: &'static str, status: Truth, reason: &'static str, message: impl Into<String>) -> Self {
        Self { type_, status, reason, message: message.into() }
    }
}

/// The conditions to write: those observed, in their order, each with the time at which its status last
/// changed.
///
/// `current` is what the status holds; a condition in it that is not observed any more is left out, so that
/// `Reconciling` and `Stalled` go when they are over. With nothing new the result equals `current`, up to the
/// order, and needs no write.
#[must_use]
pub fn merge(
    current: &[Condition],
    observed: &[Observation],
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let merge_one = |observation: &Observation| {
        let unchanged = current
            .iter()
            .find(|old| old.type_ == observation.type_ && old.status == observation.status.as_str())
            .map(|old| old.last_transition_time.clone());
        Condition {
            type_: observation.type_.to_owned(),
            status: observation.status.as_str().to_owned(),
            reason: observation.reason.to_owned(),
            message: one_line(&observation.message),
            observed_generation: Some(generation),
            last_transition_time: unchanged.unwrap_or(Time(now)),
        }
    };
    observed.iter().map(merge_one).collect()
}

/// One line of at most [`MESSAGE_LENGTH`] characters.
fn one_line(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= MESSAGE_LENGTH {
        return words;
    }
    words.chars().take(MESSAGE_LENGTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLIER: i64 = 1_700_000_000;
    const NOW: i64 = 1_700_003_600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn observed(type_: &'static str, status: Truth, reason: &'static str) -> Observation {
        Observation { type_, status, reason, message: format!("{type_} because {reason}") }
    }

    fn times(conditions: &[Condition]) -> Vec<(&str, &str, i64)> {
        let time = |condition: &Condition| condition.last_transition_time.0.as_second();
        conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str(), time(c))).collect()
    }

    #[test]
    fn the_time_moves_only_when_the_status_does() {
        let first = merge(
            &[],
            &[
                observed(types::READY, Truth::False, reasons::PROVISIONING),
                observed(types::RECONCILING, Truth::True, reasons::PROVISIONING),
                observed(types::DRIFTED, Truth::Unknown, reasons::PROVISIONING),
            ],
            1,
            at(EARLIER),
        );
        assert_eq!(
            times(&first),
            [("Ready", "False", EARLIER), ("Reconciling", "True", EARLIER), ("Drifted", "Unknown", EARLIER)]
        );

        // Another reason and generation: no transition. Another status: one. Not observed any more: gone.
        let second = merge(
            &first,
            &[
                observed(types::READY, Truth::False, reasons::TENANTS_FAILED),
                observed(types::DRIFTED, Truth::False, reasons::NO_DRIFT),
            ],
            2,
            at(NOW),
        );
        assert_eq!(times(&second), [("Ready", "False", EARLIER), ("Drifted", "False", NOW)]);
        assert_eq!(second[0].reason, reasons::TENANTS_FAILED);
        assert_eq!(second[0].message, "Ready because TenantsFailed");
        assert!(second.iter().all(|condition| condition.observed_generation == Some(2)));
    }

    #[test]
    fn nothing_new_is_nothing_to_write() {
        let observations = [
            observed(types::READY, Truth::True, reasons::IN_SYNC),
            observed(types::DRIFTED, Truth::from(false), reasons::NO_DRIFT),
        ];
        let first = merge(&[], &observations, 3, at(EARLIER));
        assert_eq!(merge(&first, &observations, 3, at(NOW)), first);
    }

    #[test]
    fn there_and_back_is_two_transitions() {
        let up = [observed(types::READY, Truth::True, reasons::IN_SYNC)];
        let down = [observed(types::READY, Truth::False, reasons::TENANTS_FAILED)];
        let first = merge(&[], &up, 1, at(EARLIER));
        let second = merge(&first, &down, 1, at(EARLIER + 10));
        let third = merge(&second, &up, 1, at(NOW));
        assert_eq!(times(&third), [("Ready", "True", NOW)]);
    }

    #[test]
    fn a_message_is_one_line_that_fits() {
        let long = "ünïcödé ".repeat(100);
        let observation = Observation {
            type_: types::STALLED,
            status: Truth::True,
            reason: reasons::BUDGET_SPENT,
            message: format!("two\nlines\t and {long}"),
        };
        let merged = merge(&[], &[observation], 1, at(NOW));
        let message = &merged[0].message;
        assert_eq!(message.chars().count(), MESSAGE_LENGTH);
        assert!(message.starts_with("two lines and ünïcödé") && message.ends_with('…'), "{message}");
    }
}
