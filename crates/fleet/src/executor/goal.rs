//! Where the set is to go next, and by which rollout. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenantry_engine::RevisionRecord;
use tenantry_planner::Digest;

use super::FleetError;
use crate::rollout::{Kind, Rollout, Stage};

/// Whether a rollout is begun or gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The newest one goes on.
    TakeUp,
    /// The newest one goes on backwards: it failed, and says so.
    Undo,
    /// A new one begins; the newest one, if it is still open, is superseded.
    Begin(Kind),
}

/// Where the set is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    /// The revision.
    pub to: Digest,
    /// The revision in force before.
    pub from: Option<Digest>,
    /// By which rollout.
    pub next: Next,
}

/// Where the definition leads. `again`: a person said that what was rolled
/// back goes out once more.
pub(super) fn forward(latest: Option<&Rollout>, declared: &Digest, again: bool) -> Result<Goal, FleetError> {
    let Some(latest) = latest else {
        return Ok(Goal { to: declared.clone(), from: None, next: Next::Begin(Kind::Forward) });
    };
    let in_force = latest.in_force().cloned();
    let goes_back = matches!(latest.kind, Kind::RollBack { .. });
    if latest.stage == Stage::RollingBack && latest.to == *declared {
        return Ok(Goal { to: latest.to.clone(), from: latest.from.clone(), next: Next::Undo });
    }
    if !latest.has_ended() && latest.to == *declared {
        return Ok(Goal { to: latest.to.clone(), from: latest.from.clone(), next: Next::TakeUp });
    }
    if goes_back && latest.from.as_ref() == Some(declared) && !again {
        if latest.has_ended() {
            return Err(FleetError::RolledBack {
                revision: declared.short().to_owned(),
                rollout: latest.id.clone(),
            });
        }
        return Ok(Goal { to: latest.to.clone(), from: latest.from.clone(), next: Next::TakeUp });
    }
    let kind = if in_force.as_ref() == Some(declared) { Kind::Rest } else { Kind::Forward };
    Ok(Goal { to: declared.clone(), from: in_force, next: Next::Begin(kind) })
}

/// Where a rollback leads: to `wanted`, or to the revision that was in force
/// before the newest one.
pub(super) fn back(
    rollouts: &[&Rollout],
    wanted: Option<&Digest>,
    automatic: bool,
) -> Result<Option<Goal>, FleetError> {
    let Some(latest) = rollouts.first() else { return Ok(None) };
    if let Kind::RollBack { .. } = latest.kind
        && !latest.has_ended()
        && wanted.is_none_or(|wanted| *wanted == latest.to)
    {
        return Ok(Some(Goal { to: latest.to.clone(), from: latest.from.clone(), next: Next::TakeUp }));
    }
    let in_force = latest.in_force();
    let undone = undone(rollouts);
    let to = match wanted {
        Some(wanted) => Some(wanted),
        None => rollouts
            .iter()
            .filter_map(|rollout| rollout.from.as_ref())
            .find(|from| Some(*from) != in_force && !undone.contains(*from)),
    };
    let kind = Kind::RollBack { of: latest.id.clone(), automatic };
    Ok(to.map(|to| Goal { to: to.clone(), from: in_force.cloned(), next: Next::Begin(kind) }))
}

/// The revisions that somebody went back from: no way back leads to them.
fn undone<'a>(rollouts: &[&'a Rollout]) -> BTreeSet<&'a Digest> {
    rollouts
        .iter()
        .filter(|rollout| matches!(rollout.kind, Kind::RollBack { .. }))
        .filter_map(|rollout| rollout.from.as_ref())
        .collect()
}

/// The revision that a person means by its first digits.
pub(super) fn named(digits: &str, revisions: &[RevisionRecord]) -> Result<Digest, FleetError> {
    let digits = digits.trim().to_ascii_lowercase();
    if digits.len() < 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(FleetError::Revision(format!("{digits:?} are not at least six hex digits")));
    }
    let found: BTreeSet<&Digest> = revisions
        .iter()
        .map(|known| &known.revision)
        .filter(|revision| revision.as_str().starts_with(&digits))
        .collect();
    match found.iter().collect::<Vec<_>>().as_slice() {
        [one] => Ok((**one).clone()),
        [] => Err(FleetError::Revision(format!(
            "the home ledger keeps none that begins with {digits}: fleet history lists them"
        ))),
        _ => Err(FleetError::Revision(format!("more than one begins with {digits}: give more digits"))),
    }
}

/// A name for a new rollout that no other of the set has. `all`: `known` are
/// all that there ever were.
pub(super) fn name(set: &str, to: &Digest, known: &[&Rollout], all: bool, now: Timestamp) -> String {
    let plain = format!("{set}-{}", to.revision());
    if !all {
        return format!("{plain}-{}", now.as_second());
    }
    let is_taken = |name: &str| known.iter().any(|rollout| rollout.id == name);
    if !is_taken(&plain) {
        return plain;
    }
    (2_u32..).map(|number| format!("{plain}-{number}")).find(|name| !is_taken(name)).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::RolloutState;
    use crate::testing::{digest, noon};

    fn rollout(kind: Kind, from: &str, to: &str, stage: Stage, started: bool) -> Rollout {
        let from = (!from.is_empty()).then(|| digest(from));
        let mut rollout = Rollout::new(format!("set-{to}"), kind, from, digest(to), noon(0));
        rollout.stage = stage;
        rollout.started = started.then(|| noon(1));
        rollout
    }

    fn backwards(automatic: bool) -> Kind {
        Kind::RollBack { of: "set-r2".to_owned(), automatic }
    }

    fn told(goal: Result<Goal, FleetError>) -> String {
        match goal {
            Ok(goal) => {
                let word = |revision: &Digest| {
                    ["r1", "r2", "r3"].into_iter().find(|word| digest(word) == *revision).unwrap()
                };
                let from = goal.from.as_ref().map_or("nothing", word);
                let next = match goal.next {
                    Next::TakeUp => "take up".to_owned(),
                    Next::Undo => "undo".to_owned(),
                    Next::Begin(Kind::RollBack { .. }) => "begin back".to_owned(),
                    Next::Begin(kind) => format!("begin {kind:?}"),
                };
                format!("{next} {from} -> {}", word(&goal.to))
            }
            Err(error) => format!("refused: {}", error.to_string().split(':').next().unwrap()),
        }
    }

    #[test]
    fn where_the_definition_leads() {
        use Kind::{Forward, Rest};
        let ended = Stage::Ended(RolloutState::Succeeded);
        for (name, latest, declared, expected) in [
            ("first", None, "r1", "begin Forward nothing -> r1"),
            (
                "waits",
                Some(rollout(Forward, "r1", "r2", Stage::AwaitingApproval, false)),
                "r2",
                "take up r1 -> r2",
            ),
            ("runs", Some(rollout(Forward, "r1", "r2", Stage::Running, true)), "r2", "take up r1 -> r2"),
            (
                "newer while it waits",
                Some(rollout(Forward, "r1", "r2", Stage::AwaitingApproval, false)),
                "r3",
                "begin Forward r1 -> r3",
            ),
            (
                "newer while it runs",
                Some(rollout(Forward, "r1", "r2", Stage::Running, true)),
                "r3",
                "begin Forward r2 -> r3",
            ),
            (
                "left over",
                Some(rollout(Forward, "r1", "r2", ended.clone(), true)),
                "r2",
                "begin Rest r2 -> r2",
            ),
            ("next", Some(rollout(Rest, "r2", "r2", ended.clone(), true)), "r3", "begin Forward r2 -> r3"),
            (
                "failed, to be undone",
                Some(rollout(Forward, "r1", "r2", Stage::RollingBack, true)),
                "r2",
                "undo r1 -> r2",
            ),
            (
                "undone",
                Some(rollout(backwards(true), "r2", "r1", ended.clone(), true)),
                "r2",
                "refused: revision",
            ),
            (
                "being undone",
                Some(rollout(backwards(false), "r2", "r1", Stage::Running, true)),
                "r2",
                "take up r2 -> r1",
            ),
            (
                "undone, then newer",
                Some(rollout(backwards(true), "r2", "r1", ended.clone(), true)),
                "r3",
                "begin Forward r1 -> r3",
            ),
            (
                "undone, and pinned",
                Some(rollout(backwards(false), "r2", "r1", ended, true)),
                "r1",
                "begin Rest r1 -> r1",
            ),
        ] {
            let refused = digest(declared).short().to_owned();
            let told = told(forward(latest.as_ref(), &digest(declared), false))
                .replace(&format!(" {refused} was rolled back by rollout set-r1"), "");
            assert_eq!(told, expected, "{name}");
        }
        let undone = rollout(backwards(true), "r2", "r1", Stage::Ended(RolloutState::RolledBack), true);
        assert_eq!(told(forward(Some(&undone), &digest("r2"), true)), "begin Forward r1 -> r2");
    }

    #[test]
    fn where_a_rollback_leads() {
        use Kind::{Forward, Rest};
        let ended = || Stage::Ended(RolloutState::Succeeded);
        let first = rollout(Forward, "", "r1", ended(), true);
        let second = rollout(Forward, "r1", "r2", ended(), true);
        let rest = rollout(Rest, "r2", "r2", ended(), true);
        let back_again = rollout(backwards(false), "r2", "r1", ended(), true);
        let running = rollout(backwards(false), "r2", "r1", Stage::Running, true);
        for (name, rollouts, wanted, expected) in [
            ("nothing before", vec![&first], None, None),
            ("the one before", vec![&second, &first], None, Some("begin back r2 -> r1")),
            ("past what was left over", vec![&rest, &second, &first], None, Some("begin back r2 -> r1")),
            ("never to what was undone", vec![&back_again, &second, &first], None, None),
            ("goes on", vec![&running, &second, &first], None, Some("take up r2 -> r1")),
            ("as said", vec![&second, &first], Some(digest("r3")), Some("begin back r2 -> r3")),
        ] {
            let goal = back(&rollouts, wanted.as_ref(), false).transpose().map(told);
            assert_eq!(goal.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn each_rollout_has_a_name_of_its_own() {
        let mut first = rollout(Kind::Forward, "", "r1", Stage::Running, true);
        let plain = name("customers", &digest("r1"), &[], true, noon(0));
        first.id.clone_from(&plain);
        assert_eq!(name("customers", &digest("r1"), &[&first], true, noon(0)), format!("{plain}-2"));
        assert_ne!(name("customers", &digest("r2"), &[&first], true, noon(0)), plain);
        let late = name("customers", &digest("r2"), &[&first], false, noon(0));
        assert_ne!(late, name("customers", &digest("r2"), &[&first], false, noon(1)));
    }
}
