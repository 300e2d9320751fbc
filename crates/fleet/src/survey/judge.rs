//! What one tenant is, judged against the revision in force.

use tenantry_catalog::Fingerprint;
use tenantry_engine::TenantRecord;
use tenantry_planner::Digest;

use crate::TenantState;

/// What was found of a tenant's schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is not there.
    Absent,
    /// It is there, at this fingerprint.
    At {
        /// The fingerprint.
        fingerprint: Fingerprint,
        /// Its namespace's oid, where it was read just now.
        oid: Option<u32>,
    },
    /// Nobody knows: the database did not answer.
    Unreachable(String),
}

/// Everything that a tenant's state depends on.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// What was found.
    pub found: &'a Found,
    /// What the ledger says.
    pub record: Option<&'a TenantRecord>,
    /// The revision in force, and its fingerprint in this database; `None`
    /// before the first rollout.
    pub in_force: Option<(&'a Digest, &'a Fingerprint)>,
    /// Nothing of this set was ever written down: what differs is judged as
    /// changed, as nobody can say that it was not reached yet.
    pub unrecorded: bool,
    /// Why the last rollout failed on it.
    pub failure: Option<&'a str>,
    /// Why it is left alone.
    pub blocked: Option<&'a str>,
    /// Why it is not made where it is missing.
    pub not_provisioned: Option<&'a str>,
    /// A plan is being applied to it now.
    pub running: bool,
}

/// The state of a tenant, and why.
pub fn judge(case: &Case<'_>) -> (TenantState, Option<String>) {
    if let Some(reason) = case.blocked {
        return (TenantState::Blocked, Some(reason.to_owned()));
    }
    if case.running {
        return (TenantState::Migrating, None);
    }
    match case.found {
        Found::Unreachable(reason) => (TenantState::Unreachable, Some(reason.clone())),
        Found::Absent => judge_absent(case),
        Found::At { fingerprint, oid } => judge_found(case, fingerprint, *oid),
    }
}

fn judge_absent(case: &Case<'_>) -> (TenantState, Option<String>) {
    if let Some(aside) = case.record.and_then(|record| record.aside.as_ref()) {
        let message = format!(
            "its schema was put aside as {aside} when it left; the next apply renames it back, with all that is in it"
        );
        return (TenantState::Pending, Some(message));
    }
    if let Some(record) = case.record.filter(|record| record.revision.is_some()) {
        return (TenantState::Blocked, Some(dropped_by_hand(record)));
    }
    match (case.failure, case.not_provisioned) {
        (Some(failure), _) => (TenantState::Failed, Some(failure.to_owned())),
        (None, reason) => (TenantState::Pending, reason.map(str::to_owned)),
    }
}

/// An empty schema in the place of one that had rows would hide the loss.
pub(crate) fn dropped_by_hand(record: &TenantRecord) -> String {
    format!(
        "the schema {} was there and is gone; bring it back from a backup, or have an empty one made by a retry (--retry {})",
        record.schema, record.name
    )
}

/// Not the schema that the ledger knows, though it has its name.
pub(crate) fn made_again(record: &TenantRecord) -> String {
    format!(
        "the schema {} was dropped and made again by somebody else; take it over by spec.takeOver, or --take-over",
        record.schema
    )
}

fn judge_found(case: &Case<'_>, found: &Fingerprint, oid: Option<u32>) -> (TenantState, Option<String>) {
    let record = case.record;
    if let (Some(record), Some(oid)) = (record.filter(|record| record.revision.is_some()), oid)
        && record.oid != oid
    {
        return (TenantState::Blocked, Some(made_again(record)));
    }
    let at_force = case.in_force.is_some_and(|(revision, fingerprint)| {
        found == fingerprint || record.is_some_and(|record| confirmed_equal(record, revision, found))
    });
    if at_force {
        return (TenantState::InSync, None);
    }
    if let Some(failure) = case.failure {
        return (TenantState::Failed, Some(failure.to_owned()));
    }
    let revision = record.and_then(|record| record.revision.as_ref());
    match (revision, case.in_force) {
        (Some(revision), Some((in_force, _))) if revision == in_force => match record {
            Some(record) if record.unfinished.is_some() => {
                (TenantState::Outdated, Some("a plan of several steps did not come to its end".to_owned()))
            }
            _ => (TenantState::Drifted, None),
        },
        (None, Some(_)) if case.unrecorded => (TenantState::Drifted, None),
        (None, _) => {
            (TenantState::Outdated, Some("it was not made by Tenantry, and is not adopted yet".to_owned()))
        }
        _ => (TenantState::Outdated, None),
    }
}

/// Whether the ledger says that this very fingerprint was proved equal to a
/// revision, though it prints differently (D5).
pub(crate) fn confirmed_equal(record: &TenantRecord, revision: &Digest, found: &Fingerprint) -> bool {
    record.revision.as_ref() == Some(revision)
        && record.fingerprint.as_ref() == Some(found)
        && record.watermark.is_some()
        && record.drifted_since.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digest, fingerprint, record};

    #[derive(Default)]
    struct Told {
        revision: Option<&'static str>,
        recorded: &'static str,
        unsettled: bool,
        drifted: bool,
        unfinished: bool,
        failure: bool,
        oid: Option<u32>,
    }

    fn state(found: &str, told: &Told) -> TenantState {
        let mut record = record("acme", told.recorded, Some("w1"));
        record.revision = told.revision.map(digest);
        record.oid = 7;
        if told.unsettled {
            record.watermark = None;
        }
        if told.drifted {
            record.drifted_since = Some("2026-01-05T12:00:00Z".parse().unwrap());
        }
        record.unfinished = told.unfinished.then(|| digest("plan"));
        let found = match found {
            "absent" => Found::Absent,
            "silent" => Found::Unreachable("eu-1 cannot be reached".to_owned()),
            at => Found::At { fingerprint: fingerprint(at), oid: told.oid },
        };
        let case = Case {
            found: &found,
            record: (!told.recorded.is_empty()).then_some(&record),
            in_force: Some((&digest("r2"), &fingerprint("f2"))),
            unrecorded: false,
            failure: told.failure.then_some("unique_violation on app_user_email_key"),
            blocked: None,
            not_provisioned: None,
            running: false,
        };
        judge(&case).0
    }

    #[test]
    fn each_state_has_its_reason() {
        use TenantState::{Blocked, Drifted, Failed, InSync, Outdated, Pending, Unreachable};
        let at = |revision, recorded| Told { revision: Some(revision), recorded, ..Told::default() };
        for (name, found, told, expected) in [
            ("never seen", "absent", Told::default(), Pending),
            ("claimed, not made", "absent", Told { recorded: "f0", ..Told::default() }, Pending),
            ("making it failed", "absent", Told { failure: true, ..Told::default() }, Failed),
            ("dropped by hand", "absent", at("r2", "f2"), Blocked),
            ("no answer", "silent", at("r2", "f2"), Unreachable),
            ("equal", "f2", at("r2", "f2"), InSync),
            ("equal, whoever made it", "f2", Told::default(), InSync),
            ("equal, though its last apply failed", "f2", Told { failure: true, ..at("r1", "f1") }, InSync),
            ("prints differently, proved equal", "f2b", at("r2", "f2b"), InSync),
            (
                "prints differently, not read back",
                "f2b",
                Told { unsettled: true, ..at("r2", "f2b") },
                Drifted,
            ),
            ("changed by hand", "f2c", at("r2", "f2"), Drifted),
            ("changed by hand, known", "f2c", Told { drifted: true, ..at("r2", "f2c") }, Drifted),
            ("not reached", "f1", at("r1", "f1"), Outdated),
            ("not reached and changed", "f1c", at("r1", "f1"), Outdated),
            ("half way", "f1c", Told { unfinished: true, ..at("r2", "f2") }, Outdated),
            ("failed", "f1", Told { failure: true, ..at("r1", "f1") }, Failed),
            ("somebody else's", "f9", Told::default(), Outdated),
            ("made again by hand", "f2", Told { oid: Some(8), ..at("r2", "f2") }, Blocked),
            ("the same schema", "f2", Told { oid: Some(7), ..at("r2", "f2") }, InSync),
        ] {
            assert_eq!(state(found, &told), expected, "{name}");
        }
    }

    #[test]
    fn without_any_record_what_differs_is_drift() {
        let found = Found::At { fingerprint: fingerprint("f1"), oid: None };
        let case = Case {
            found: &found,
            record: None,
            in_force: Some((&digest("r2"), &fingerprint("f2"))),
            unrecorded: true,
            failure: None,
            blocked: None,
            not_provisioned: None,
            running: false,
        };
        assert_eq!(judge(&case).0, TenantState::Drifted);
        let refused = Case { blocked: Some("it is named twice"), ..case };
        assert_eq!(judge(&refused), (TenantState::Blocked, Some("it is named twice".to_owned())));
    }
}
