//! What people ordered in a SchemaRollout's spec and is not carried out yet. Pure: the ledger's record says what was.

use std::collections::HashSet;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use tenantry_api::SchemaRollout;
use tenantry_api::schema_rollout::TenantOrder;
use tenantry_engine::TenantName;
use tenantry_fleet::rollout::{Order, Paused};
use tenantry_fleet::{Correct, Options, Report, RolloutReport};
use tenantry_planner::Digest;

use super::publish::shown;

/// Orders that wait, each with what sets it apart from others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    /// The rollout that they are about.
    about: Option<String>,
    /// Digests of those who leave: only a new apply sees to them.
    departures: Vec<(String, Digest, Option<String>)>,
    orders: Vec<(String, Order)>,
    /// Who is to be brought back, and whether any of them was not told to an apply yet.
    corrections: Vec<(String, TenantName)>,
    newly: bool,
}

impl Orders {
    /// Whether a run that is over has to be followed by another.
    pub(super) fn is_empty(&self) -> bool {
        self.departures.is_empty() && self.orders.is_empty() && !self.newly
    }

    /// Those that a rollout takes while it runs.
    pub(super) fn live(self) -> Vec<(String, Order)> {
        self.orders
    }

    /// What an apply is told, and what was told by it.
    pub(super) fn options(self) -> (Options, HashSet<String>) {
        let mut options = Options { about: self.about, ..Options::default() };
        let mut told = HashSet::new();
        for (key, digest, by) in self.departures {
            approve(&mut options, &mut told, key, &digest, by);
        }
        for (key, order) in self.orders {
            match order {
                Order::Approve { digest, by } => approve(&mut options, &mut told, key, &digest, by),
                order => {
                    told.insert(key);
                    options.orders.push(order);
                }
            }
        }
        if !self.corrections.is_empty() {
            let (keys, names): (Vec<String>, Vec<TenantName>) = self.corrections.into_iter().unzip();
            told.extend(keys);
            options.correct = Correct::Tenants(names);
        }
        (options, told)
    }
}

/// One apply knows one person: what another one approved comes with the next.
fn approve(
    options: &mut Options,
    told: &mut HashSet<String>,
    key: String,
    digest: &Digest,
    by: Option<String>,
) {
    if options.approve.is_empty() || options.by == by {
        options.approve.push(digest.to_string());
        options.by = by;
        told.insert(key);
    }
}

/// What waits of the orders in the newest rollout's object. `given`: those that were carried out, or made no sense.
pub(super) fn pending(report: &Report, objects: &[SchemaRollout], given: &HashSet<String>) -> Orders {
    let Some(rollout) = shown(report).next() else { return Orders::default() };
    let Some(object) = objects.iter().find(|object| object.name_any() == rollout.id) else {
        return Orders::default();
    };
    let corrections = corrections(report, objects);
    let mut found = Orders {
        about: Some(rollout.id.clone()),
        newly: corrections.iter().any(|(key, _)| !given.contains(key)),
        corrections,
        ..Orders::default()
    };
    approvals(report, rollout, object, &mut found);
    if rollout.ended.is_none() {
        found.orders.extend(go_on(rollout, object));
        for skip in &object.spec.skips {
            if let Some(name) = named(skip).filter(|name| !rollout.skipped.contains(name)) {
                found.orders.push((key("skip", &rollout.id, skip), Order::Skip(name)));
            }
        }
    }
    for retry in &object.spec.retries {
        let failed = |name: &TenantName| rollout.failures.iter().find(|failure| failure.name == *name);
        if let Some(name) = named(retry)
            && failed(&name).is_none_or(|failure| failure.at < retry.at.0)
        {
            found.orders.push((key("retry", &rollout.id, retry), Order::Retry(name)));
        }
    }
    let new = |key: &String| !given.contains(key);
    found.departures.retain(|(key, ..)| new(key));
    found.orders.retain(|(key, _)| new(key));
    found
}

/// Who is to be brought back. That holds as long as the drift does, also while its own rollout waits for an approval; so it may
/// stand in an earlier rollout's object.
fn corrections(report: &Report, objects: &[SchemaRollout]) -> Vec<(String, TenantName)> {
    let mut found = Vec::new();
    for object in objects {
        for correction in &object.spec.corrections {
            let drifted = |name: &TenantName| report.drift.iter().find(|group| group.tenants.contains(name));
            if let Some(name) = named(correction)
                && drifted(&name).is_some_and(|group| group.since.is_none_or(|since| since < correction.at.0))
            {
                found.push((key("correct", &object.name_any(), correction), name));
            }
        }
    }
    found
}

fn key(what: &str, rollout: &str, order: &TenantOrder) -> String {
    format!("{what} {rollout} {} {}", order.tenant, order.at.0)
}

fn named(order: &TenantOrder) -> Option<TenantName> {
    TenantName::new(&order.tenant).ok()
}

fn approvals(report: &Report, rollout: &RolloutReport, object: &SchemaRollout, found: &mut Orders) {
    let groups = rollout.groups.iter().filter_map(|group| group.digest.as_ref());
    let offered: Vec<&Digest> = rollout.digest.iter().chain(groups).collect();
    for approval in &object.spec.approvals {
        let Ok(digest) = approval.digest.parse::<Digest>() else { continue };
        let key = format!("approve {} {digest}", rollout.id);
        if report.departures.digest.as_ref() == Some(&digest) {
            found.departures.push((key, digest, approval.by.clone()));
        } else if rollout.ended.is_none()
            && offered.contains(&&digest)
            && !rollout.approvals.iter().any(|approved| approved.digest == digest)
        {
            found.orders.push((key, Order::Approve { digest, by: approval.by.clone() }));
        }
    }
}

/// Whether a rollout is to pause, or to go on.
fn go_on(rollout: &RolloutReport, object: &SchemaRollout) -> Option<(String, Order)> {
    let by_person = matches!(rollout.paused, Some(Paused::ByPerson { .. }));
    let generation = object.metadata.generation.unwrap_or_default();
    if object.spec.paused {
        let key = format!("pause {} {generation}", rollout.id);
        return (!by_person).then_some((key, Order::Pause { by: None }));
    }
    let last_failure =
        rollout.failures.iter().filter(|failure| !failure.forgiven).map(|failure| failure.at).max();
    let said = |wave: Option<&String>| {
        let words = object.spec.resumed.iter().filter(|word| wave.is_none_or(|wave| word.wave == *wave));
        words.map(|word| &word.at).max_by_key(|at| at.0)
    };
    let later = |at: &&Time, than: Option<Timestamp>| than.is_none_or(|than| at.0 > than);
    let key = |what: &str| format!("resume {} {what}", rollout.id);
    match rollout.paused.as_ref()? {
        Paused::ByPerson { .. } => Some((key(&generation.to_string()), Order::Resume)),
        Paused::AfterWave { wave } => {
            said(Some(wave)).map(|at| (key(&format!("{wave} {}", at.0)), Order::Resume))
        }
        Paused::BudgetSpent { wave, .. } => said(wave.as_ref())
            .filter(|at| later(at, last_failure))
            .map(|at| (key(&at.0.to_string()), Order::Resume)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenantry_fleet::TenantState::{Failed, InSync};
    use tenantry_fleet::rollout::RolloutState;

    use super::super::testing::{at, digest, failure, report, rollout};
    use super::*;

    /// What waits, of orders in the object of a rollout that is so.
    fn told(of: RolloutReport, spec: &serde_json::Value) -> Vec<String> {
        let mut object = json!({
            "apiVersion": "tenantry.dev/v1alpha1",
            "kind": "SchemaRollout",
            "metadata": {"name": "customers-new", "generation": 4},
            "spec": {"tenantSetRef": {"name": "customers"}, "to": "0123456789"}
        });
        for (field, value) in spec.as_object().unwrap() {
            object["spec"][field] = value.clone();
        }
        let object: SchemaRollout = serde_json::from_value(object).unwrap();
        let report = Report { rollout: Some(of), ..report(&[InSync, Failed]) };
        let found = pending(&report, std::slice::from_ref(&object), &HashSet::new());
        let keys: HashSet<String> = found.orders.iter().map(|(key, _)| key.clone()).collect();
        assert!(
            pending(&report, std::slice::from_ref(&object), &keys).is_empty(),
            "what was given is not given again"
        );
        found
            .orders
            .iter()
            .map(|(_, order)| format!("{order:?}").split([' ', '(']).next().unwrap().to_owned())
            .collect()
    }

    fn time(second: i64) -> String {
        at(second).to_string()
    }

    #[test]
    fn an_approval_counts_for_what_is_offered_and_once() {
        let spec = |of: &str| json!({"approvals": [{"digest": digest(of).to_string(), "by": "eve"}]});
        let awaiting = || rollout(RolloutState::AwaitingApproval, None);
        assert_eq!(told(awaiting(), &spec("offer")), ["Approve"]);
        assert_eq!(told(awaiting(), &spec("another")), [""; 0]);
        assert_eq!(told(rollout(RolloutState::Superseded, None), &spec("offer")), [""; 0]);
        let approved = tenantry_fleet::rollout::Approved { digest: digest("offer"), by: None, at: at(1) };
        let already = RolloutReport { approvals: vec![approved], ..awaiting() };
        assert_eq!(told(already, &spec("offer")), [""; 0]);
    }

    #[test]
    fn pausing_is_a_state_and_resuming_a_word() {
        let by_person = || Some(Paused::ByPerson { by: None });
        let after_wave = || Some(Paused::AfterWave { wave: "canary".to_owned() });
        let spent = || Some(Paused::BudgetSpent { wave: Some("all".to_owned()), failed: 1, budget: 0 });
        let paused = |why| rollout(RolloutState::Paused, why);
        let running = || rollout(RolloutState::Running, None);
        assert_eq!(told(running(), &json!({"paused": true})), ["Pause"]);
        assert_eq!(told(running(), &json!({})), [""; 0]);
        assert_eq!(told(paused(by_person()), &json!({"paused": true})), [""; 0]);
        assert_eq!(told(paused(by_person()), &json!({})), ["Resume"]);
        assert_eq!(told(paused(after_wave()), &json!({})), [""; 0]);
        let word = |wave: &str, second| json!({"resumed": [{"wave": wave, "at": time(second)}]});
        assert_eq!(told(paused(after_wave()), &word("canary", 5)), ["Resume"]);
        assert_eq!(told(paused(after_wave()), &word("another", 5)), [""; 0]);
        // A word that is older than the failure was about another one.
        let failed = |second| RolloutReport { failures: vec![failure(2, second)], ..paused(spent()) };
        assert_eq!(told(failed(3), &word("all", 5)), ["Resume"]);
        assert_eq!(told(failed(7), &word("all", 5)), [""; 0]);
    }

    #[test]
    fn a_retry_is_about_failures_before_it() {
        let spec = json!({"retries": [{"tenant": "t2", "at": time(5)}]});
        let failed = |second| RolloutReport {
            failures: vec![failure(2, second)],
            ..rollout(RolloutState::Failed, None)
        };
        assert_eq!(told(failed(3), &spec), ["Retry"]);
        assert_eq!(told(failed(7), &spec), [""; 0]);
        let skip = json!({"skips": [{"tenant": "t2", "at": time(5)}]});
        assert_eq!(told(rollout(RolloutState::Running, None), &skip), ["Skip"]);
        assert_eq!(told(rollout(RolloutState::Failed, None), &skip), [""; 0]);
    }
}
