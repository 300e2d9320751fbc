//! All conditions of a TenantSet. Decides only.

use tenantry_api::conditions::{Observation, Truth, reasons, types};
use tenantry_fleet::rollout::RolloutState;
use tenantry_fleet::{DepartureState, DriftMode, Report, TenantState};

use super::decide::only_another_spec_helps;
use super::observe::Seen;
use super::situation::{Going, Situation, approve, paused_at, situation};
use super::words::{count, grouped, list, tenants};
use super::worker::View;

/// All conditions of a set. `set` is its name, `is_news` whether what was found is about another spec or revision than
/// what is wanted now.
pub(super) fn observations(set: &str, seen: &Seen, view: &View, is_news: bool) -> Vec<Observation> {
    let report = view.report.as_ref().map(|(_, report)| report.as_ref());
    let situation = situation(set, seen, view, report, is_news);
    let one = |type_, status| Observation::new(type_, status, situation.reason, situation.message.as_str());
    let so = match situation.going {
        Going::On => Some(types::RECONCILING),
        Going::Nowhere => Some(types::STALLED),
        Going::Still => None,
    };
    let mut all = vec![one(types::READY, situation.ready)];
    all.extend(so.map(|type_| one(type_, Truth::True)));
    all.push(accepted(seen, view, &situation));
    all.push(reachable(report));
    all.push(drifted(set, report));
    all.push(awaiting(set, seen, report));
    all.push(paused(set, seen, report));
    all
}

fn accepted(seen: &Seen, view: &View, situation: &Situation) -> Observation {
    match seen {
        Seen::Refused(refusal) => {
            Observation::new(types::ACCEPTED, Truth::False, refusal.reason, &refusal.message)
        }
        Seen::Deleting | Seen::Suspended => {
            Observation::new(types::ACCEPTED, Truth::Unknown, situation.reason, "nobody looks")
        }
        Seen::Wanted(_) => match view.ended.as_ref().and_then(|ended| ended.error.as_deref()) {
            Some(error) if only_another_spec_helps(error) => {
                Observation::new(types::ACCEPTED, Truth::False, situation.reason, &situation.message)
            }
            _ if view.report.is_none() => Observation::new(
                types::ACCEPTED,
                Truth::Unknown,
                reasons::PLANNING,
                "nothing was looked at yet",
            ),
            _ => Observation::new(
                types::ACCEPTED,
                Truth::True,
                reasons::SPEC_ACCEPTED,
                "the spec is carried out",
            ),
        },
    }
}

fn reachable(report: Option<&Report>) -> Observation {
    let Some(report) = report else {
        return Observation::new(
            types::DATABASES_REACHABLE,
            Truth::Unknown,
            reasons::PLANNING,
            "none was asked yet",
        );
    };
    let silent: Vec<_> = report.databases.iter().filter(|database| database.trouble.is_some()).collect();
    match silent.first() {
        None => Observation::new(
            types::DATABASES_REACHABLE,
            Truth::True,
            reasons::REACHABLE,
            format!("{} reached", count(report.databases.len(), "database")),
        ),
        Some(first) => Observation::new(
            types::DATABASES_REACHABLE,
            Truth::False,
            reasons::DATABASE_UNREACHABLE,
            format!(
                "{} of {} can not be worked with: {}",
                silent.len(),
                count(report.databases.len(), "database"),
                first.trouble.as_deref().unwrap_or_default()
            ),
        ),
    }
}

fn drifted(set: &str, report: Option<&Report>) -> Observation {
    let Some(report) = report else {
        return Observation::new(types::DRIFTED, Truth::Unknown, reasons::PLANNING, "nobody looked yet");
    };
    if report.counts.drifted == 0 || report.drift_mode == DriftMode::Ignore {
        return Observation::new(
            types::DRIFTED,
            Truth::False,
            reasons::NO_DRIFT,
            "nobody changed a tenant by hand",
        );
    }
    let message = format!(
        "{} of {} differ: {}. Look: kubectl tenantry drift {set}",
        grouped(report.counts.drifted),
        tenants(report.counts.total),
        list(report, TenantState::Drifted)
    );
    Observation::new(types::DRIFTED, Truth::True, reasons::TENANTS_DRIFTED, message)
}

fn awaiting(set: &str, seen: &Seen, report: Option<&Report>) -> Observation {
    let none = || {
        Observation::new(
            types::AWAITING_APPROVAL,
            Truth::False,
            reasons::NOTHING_TO_APPROVE,
            "nothing waits for an approval",
        )
    };
    let (Seen::Wanted(_), Some(report)) = (seen, report) else { return none() };
    let rollout = report.rollout.as_ref().filter(|rollout| rollout.state == RolloutState::AwaitingApproval);
    if let Some(rollout) = rollout {
        return Observation::new(
            types::AWAITING_APPROVAL,
            Truth::True,
            reasons::AWAITING_APPROVAL,
            approve(set, rollout),
        );
    }
    let leaving = report.departures.in_state(DepartureState::AwaitingApproval).count();
    match &report.departures.digest {
        Some(digest) if leaving > 0 => {
            let digits = digest.short();
            let message = format!(
                "{} left, and their schemas wait for a word. Approve: kubectl tenantry approve {set} {digits}",
                count(leaving, "tenant")
            );
            Observation::new(types::AWAITING_APPROVAL, Truth::True, reasons::AWAITING_APPROVAL, message)
        }
        _ => none(),
    }
}

fn paused(set: &str, seen: &Seen, report: Option<&Report>) -> Observation {
    if matches!(seen, Seen::Suspended) {
        return Observation::new(types::PAUSED, Truth::True, reasons::SUSPENDED, "spec.suspend is true");
    }
    let rollout = report.and_then(|report| Some((report, report.rollout.as_ref()?)));
    match rollout.and_then(|(report, rollout)| Some((report, rollout, rollout.paused.as_ref()?))) {
        Some((report, rollout, paused)) => {
            let situation = paused_at(set, report, rollout, paused);
            Observation::new(types::PAUSED, Truth::True, situation.reason, situation.message)
        }
        None => Observation::new(types::PAUSED, Truth::False, reasons::RUNNING, "nothing is paused"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenantry_fleet::rollout::{Outcome, Paused, Waiting};
    use tenantry_fleet::{FleetError, RolloutReport};

    use super::super::observe::{Refusal, Wanted};
    use super::super::testing::{at, digest, failure, report, rollout, spec};
    use super::super::worker::{Doing, Ended, Job};
    use super::*;

    use TenantState::{Blocked, Drifted, Failed, InSync, Outdated, Pending, Unreachable};

    fn wanted() -> Seen {
        let (databases, origin) = (std::collections::BTreeMap::new(), vec!["now".to_owned()]);
        Seen::Wanted(Box::new(Wanted { spec: spec(), databases, origin, revision: digest("new") }))
    }

    fn found(report: Report) -> View {
        View {
            report: Some((vec!["now".to_owned()], Arc::new(report))),
            settled: None,
            ended: Some(Ended { at: at(0), outcome: None, error: None, errors: 0 }),
            ..View::default()
        }
    }

    fn with(states: &[TenantState], rollout: RolloutReport) -> View {
        found(Report { rollout: Some(rollout), ..report(states) })
    }

    /// `Ready=False Paused, Paused`: Ready, and which others are True beside Accepted and DatabasesReachable.
    fn told(seen: &Seen, view: &View) -> String {
        let all = observations("customers", seen, view, view.report.is_none());
        assert!(!all.iter().any(|one| one.message.is_empty()), "each says something");
        let ready = &all[0];
        let others = all[1..].iter().filter(|one| {
            one.status == Truth::True && ![types::ACCEPTED, types::DATABASES_REACHABLE].contains(&one.type_)
        });
        let others: Vec<&str> = others.map(|one| one.type_).collect();
        format!("{} {}; {}", ready.status.as_str(), ready.reason, others.join(" "))
    }

    fn message(view: &View) -> String {
        observations("customers", &wanted(), view, false)[0].message.clone()
    }

    #[test]
    fn each_situation_has_its_conditions() {
        let running = |waiting| View {
            running: Some((Job::Apply, Doing::Rollout { waiting, stopping: false })),
            ..with(&[InSync, Outdated], rollout(RolloutState::Running, None))
        };
        let provisioning =
            RolloutReport { waves: Vec::new(), made: 1, to_make: 2, ..rollout(RolloutState::Running, None) };
        let paused = |why| with(&[InSync, Outdated], rollout(RolloutState::Paused, Some(why)));
        let ended = |outcome| Some(Ended { at: at(0), outcome: Some(outcome), error: None, errors: 0 });
        let broken =
            |error| Some(Ended { at: at(0), outcome: None, error: Some(Arc::new(error)), errors: 1 });
        let home = FleetError::Home {
            database: tenantry_engine::DatabaseName::new("main"),
            reason: "down".to_owned(),
        };
        let refusal = |reason, stalled| Seen::Refused(Refusal { reason, message: "no".to_owned(), stalled });
        for (seen, view, expected) in [
            (wanted(), View::default(), "False Planning; Reconciling"),
            (Seen::Suspended, View::default(), "False Suspended; Paused"),
            (Seen::Deleting, View::default(), "False Deleting; "),
            (refusal(reasons::REFERENCE_MISSING, false), View::default(), "False ReferenceMissing; "),
            (refusal(reasons::SPEC_REFUSED, true), View::default(), "False SpecRefused; Stalled"),
            (wanted(), found(report(&[InSync, InSync])), "True InSync; "),
            (wanted(), found(report(&[InSync, Drifted])), "True InSync; Drifted"),
            (
                wanted(),
                found(Report { drift_mode: DriftMode::Ignore, ..report(&[InSync, Drifted]) }),
                "True InSync; ",
            ),
            (wanted(), running(None), "False RollingOut; Reconciling"),
            (
                wanted(),
                running(Some((Waiting::Soak("canary".to_owned()), Some(at(9))))),
                "False Soaking; Reconciling",
            ),
            (
                wanted(),
                View {
                    running: Some((Job::Apply, Doing::Rollout { waiting: None, stopping: false })),
                    ..with(&[InSync, Pending], provisioning)
                },
                "False Provisioning; Reconciling",
            ),
            (
                wanted(),
                with(&[Outdated], rollout(RolloutState::AwaitingApproval, None)),
                "False AwaitingApproval; AwaitingApproval",
            ),
            (wanted(), paused(Paused::ByPerson { by: None }), "False Paused; Paused"),
            (wanted(), paused(Paused::AfterWave { wave: "a".to_owned() }), "False WavePause; Paused"),
            (
                wanted(),
                paused(Paused::BudgetSpent { wave: None, failed: 2, budget: 1 }),
                "False BudgetSpent; Stalled Paused",
            ),
            (
                wanted(),
                View {
                    ended: ended(Outcome::OutsideWindow(Some(at(9)))),
                    ..with(&[Outdated], rollout(RolloutState::Running, None))
                },
                "False OutsideWindow; Reconciling",
            ),
            (wanted(), found(report(&[InSync, Unreachable])), "False DatabaseUnreachable; "),
            (wanted(), found(report(&[InSync, Failed])), "False TenantsFailed; Stalled"),
            (wanted(), found(report(&[InSync, Blocked])), "False TenantsBlocked; Stalled"),
            (wanted(), found(report(&[Blocked, Blocked])), "False NoPlanPossible; Stalled"),
            (wanted(), found(report(&[InSync, Outdated])), "False RollingOut; Reconciling"),
            (wanted(), found(report(&[InSync, Pending])), "False Provisioning; "),
            (
                wanted(),
                View { ended: broken(home), ..found(report(&[InSync])) },
                "False DatabaseUnreachable; ",
            ),
            (
                wanted(),
                View {
                    ended: broken(FleetError::EmptyDefinition("app".to_owned())),
                    ..found(report(&[InSync]))
                },
                "False DefinitionRefused; Stalled",
            ),
        ] {
            assert_eq!(told(&seen, &view), expected);
        }
    }

    #[test]
    fn messages_have_numbers_first_and_what_to_do_at_the_end() {
        let failed = RolloutReport { failures: vec![failure(2, 1)], ..rollout(RolloutState::Failed, None) };
        let new: String = digest("new").as_str().chars().take(10).collect();
        let offer: String = digest("offer").as_str().chars().take(12).collect();
        for (view, expected) in [
            (found(report(&[InSync, InSync])), format!("all 2 tenants are at {new}")),
            (found(report(&[InSync, Drifted])), format!("1 of 2 tenants are at {new}, 1 drifted")),
            (
                with(&[InSync, Failed], failed),
                "1 of 2 tenants failed (check_violation on total_check): t2. \
                 Look: kubectl tenantry tenants customers --state Failed"
                    .to_owned(),
            ),
            (
                with(&[Outdated], rollout(RolloutState::AwaitingApproval, None)),
                format!(
                    "0 tenants would change. Approve: kubectl tenantry approve customers {offer}. \
                     Look: kubectl tenantry plan customers"
                ),
            ),
            (
                with(
                    &[InSync, Outdated],
                    rollout(RolloutState::Paused, Some(Paused::ByPerson { by: Some("eve".to_owned()) })),
                ),
                "paused by eve; 1 tenant to go. Go on: kubectl tenantry resume customers".to_owned(),
            ),
        ] {
            assert_eq!(message(&view), expected);
        }
    }
}
