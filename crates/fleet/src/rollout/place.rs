//! Where a tenant stands in a rollout, by what was found and what its ledger
//! says.

use tenantry_catalog::Fingerprint;
use tenantry_engine::TenantRecord;
use tenantry_planner::Digest;

use super::group::{GroupKey, Way, aside};
use super::member::Place;
use crate::survey::{Found, confirmed_equal, dropped_by_hand, made_again};

/// What is the same for all tenants of a database.
#[derive(Clone, Copy, Debug)]
pub struct Aim<'a> {
    /// The rollout's revision.
    pub to: &'a Digest,
    /// Its fingerprint in this environment.
    pub target: &'a Fingerprint,
    /// The database's environment.
    pub environment: &'a str,
    /// The revision at which missing schemas are made.
    pub made_at: &'a Digest,
    /// Whether what was changed by hand is brought back.
    pub correct: bool,
}

/// What is known of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What was found.
    pub found: &'a Found,
    /// What its ledger says.
    pub record: Option<&'a TenantRecord>,
    /// The fingerprint, in this environment, of the revision that the record
    /// names; `None` when nobody knows that revision any more.
    pub base: Option<&'a Fingerprint>,
    /// A person said that this one is brought back.
    pub correct: bool,
    /// A person said that an empty schema is made in the place of a lost one.
    pub remake: bool,
}

/// Where a tenant stands.
pub fn place(aim: &Aim<'_>, subject: &Subject<'_>) -> Place {
    let record = subject.record;
    match subject.found {
        Found::Unreachable(_) => Place::Unknown,
        Found::Absent => match record.filter(|record| record.revision.is_some() && !subject.remake) {
            Some(record) => Place::Blocked(dropped_by_hand(record)),
            None => start(aim, subject, None, Way::Provision { revision: aim.made_at.clone() }),
        },
        Found::At { fingerprint, oid } => {
            if let (Some(record), Some(oid)) = (record.filter(|record| record.revision.is_some()), oid)
                && record.oid != *oid
            {
                return Place::Blocked(made_again(record));
            }
            if fingerprint == aim.target {
                return Place::Done { own: false };
            }
            there(aim, subject, fingerprint)
        }
    }
}

/// Where a tenant stands that is there and is not equal to the target.
fn there(aim: &Aim<'_>, subject: &Subject<'_>, found: &Fingerprint) -> Place {
    let correct = aim.correct || subject.correct;
    let Some(record) = subject.record else { return start(aim, subject, Some(found), Way::Adopt) };
    if let Some(plan) = &record.unfinished {
        return start(aim, subject, Some(found), Way::Finish { plan: plan.clone() });
    }
    match &record.revision {
        None => start(aim, subject, Some(found), Way::Adopt),
        Some(revision) if revision == aim.to => {
            let equal = confirmed_equal(record, revision, found);
            if equal || !correct {
                Place::Done { own: !equal }
            } else {
                start(aim, subject, Some(found), Way::Plain)
            }
        }
        Some(revision) => {
            let clean = subject.base == Some(found) || confirmed_equal(record, revision, found);
            let way = match subject.base {
                _ if clean || correct => Way::Plain,
                Some(_) => Way::Keep { base: revision.clone() },
                // Nobody can say what of it is the tenant's own.
                None => Way::Adopt,
            };
            start(aim, subject, Some(found), way)
        }
    }
}

fn start(aim: &Aim<'_>, subject: &Subject<'_>, from: Option<&Fingerprint>, way: Way) -> Place {
    let aside = subject.record.and_then(|record| aside(&record.renamed));
    Place::Start(GroupKey { environment: aim.environment.to_owned(), from: from.cloned(), way, aside })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digest, fingerprint, record};

    struct Told {
        revision: &'static str,
        recorded: &'static str,
        unfinished: bool,
        correct: bool,
        base: bool,
        remake: bool,
    }

    impl Default for Told {
        fn default() -> Self {
            Self {
                revision: "r1",
                recorded: "f1",
                unfinished: false,
                correct: false,
                base: true,
                remake: false,
            }
        }
    }

    /// In a few words, for the table.
    fn placed(found: &str, told: &Told) -> String {
        let mut record = record("acme", told.recorded, Some("w1"));
        record.revision = (!told.revision.is_empty()).then(|| digest(told.revision));
        record.unfinished = told.unfinished.then(|| digest("plan"));
        let found = match found {
            "" => Found::Absent,
            at => Found::At { fingerprint: fingerprint(at), oid: None },
        };
        let (to, target) = (digest("r2"), fingerprint("f2"));
        let aim = Aim { to: &to, target: &target, environment: "e1", made_at: &to, correct: false };
        let base = fingerprint("f1");
        let subject = Subject {
            found: &found,
            record: (!told.recorded.is_empty()).then_some(&record),
            base: told.base.then_some(&base),
            correct: told.correct,
            remake: told.remake,
        };
        match place(&aim, &subject) {
            Place::Start(key) => match key.way {
                Way::Provision { .. } => "make".to_owned(),
                Way::Plain => "plain".to_owned(),
                Way::Keep { .. } => "keep".to_owned(),
                Way::Finish { .. } => "finish".to_owned(),
                Way::Adopt => "adopt".to_owned(),
            },
            Place::Done { own: true } => "done, drifted".to_owned(),
            Place::Done { own: false } => "done".to_owned(),
            Place::Blocked(_) => "blocked".to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn everyone_has_a_place() {
        let none = || Told { recorded: "", ..Told::default() };
        for (name, found, told, expected) in [
            ("new", "", none(), "make"),
            ("claimed, not made", "", Told { revision: "", ..Told::default() }, "make"),
            ("lost", "", Told::default(), "blocked"),
            ("lost, and made anew", "", Told { remake: true, ..Told::default() }, "make"),
            ("equal already", "f2", Told::default(), "done"),
            ("equal, whoever made it", "f2", none(), "done"),
            ("as it was", "f1", Told::default(), "plain"),
            ("prints differently, proved equal", "f1b", Told { recorded: "f1b", ..Told::default() }, "plain"),
            ("drifted", "f1c", Told::default(), "keep"),
            ("drifted, to be corrected", "f1c", Told { correct: true, ..Told::default() }, "plain"),
            ("drifted from what nobody knows", "f1c", Told { base: false, ..Told::default() }, "adopt"),
            ("half way", "f1h", Told { unfinished: true, ..Told::default() }, "finish"),
            ("somebody else's", "f9", none(), "adopt"),
            (
                "merged before",
                "f2m",
                Told { revision: "r2", recorded: "f2", ..Told::default() },
                "done, drifted",
            ),
            (
                "proved equal to the target",
                "f2m",
                Told { revision: "r2", recorded: "f2m", ..Told::default() },
                "done",
            ),
            (
                "drifted from the target, to be corrected",
                "f2m",
                Told { revision: "r2", recorded: "f2", correct: true, ..Told::default() },
                "plain",
            ),
        ] {
            assert_eq!(placed(found, &told), expected, "{name}");
        }
    }
}
