//! `retry`, `skip` and `correct`: orders about single tenants.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use serde_json::json;
use tenantry_api::schema_rollout::TenantOrder;
use tenantry_api::tenant_set::{DriftGroup, TenantStatus};
use tenantry_api::{SchemaRollout, TenantState};

use super::{Refused, Verdict, by, carry_out};
use crate::args::{CorrectArgs, OrderArgs, RetryArgs, SkipArgs};
use crate::cluster::client::Cluster;
use crate::cluster::drift::lettered;
use crate::cluster::scene::{self, Scene};
use crate::cluster::tenants::known;
use crate::output::text::{count, names};
use crate::{Failure, Outcome};

/// So many orders of a kind a rollout has at most.
const LIMIT: usize = 1000;

/// Tries tenants once more.
pub async fn run_retry(args: &RetryArgs) -> Result<Outcome, Failure> {
    let who = if args.failed { Who::Failed } else { Who::Named(&args.tenants) };
    run(&args.order, Kind::Retry, &who).await
}

/// Leaves tenants out.
pub async fn run_skip(args: &SkipArgs) -> Result<Outcome, Failure> {
    run(&args.order, Kind::Skip, &Who::Named(&args.tenants)).await
}

/// Brings drifted tenants back.
pub async fn run_correct(args: &CorrectArgs) -> Result<Outcome, Failure> {
    let who = match &args.group {
        Some(group) => Who::Group(group),
        None if args.all => Who::Drifted,
        None => Who::Named(&args.tenants),
    };
    run(&args.order, Kind::Correct, &who).await
}

async fn run(args: &OrderArgs, kind: Kind, who: &Who<'_>) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.set.cluster).await?;
    let by = by(args, &cluster);
    carry_out(&cluster, &args.set, async |scene| {
        let tenants = scene::tenants(&cluster, &args.set.set).await?;
        Ok(decide(scene, &tenants, kind, who, by.as_deref(), Timestamp::now())?)
    })
    .await
}

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Retry,
    Skip,
    Correct,
}

/// For whom.
enum Who<'a> {
    Named(&'a [String]),
    Failed,
    Drifted,
    Group(&'a str),
}

fn decide(
    scene: &Scene,
    tenants: &[TenantStatus],
    kind: Kind,
    who: &Who<'_>,
    by: Option<&str>,
    now: Timestamp,
) -> Result<Verdict, Refused> {
    let rollout = match kind {
        Kind::Skip => scene.for_orders_to("leave tenants out of")?,
        Kind::Retry | Kind::Correct => scene.for_orders()?,
    };
    let meant = meant(scene, tenants, who)?;
    let (fits, wanted): (fn(TenantState) -> bool, _) = match kind {
        Kind::Retry => {
            (|state| matches!(state, TenantState::Failed | TenantState::Blocked), "Failed or Blocked")
        }
        Kind::Skip => (|_| true, ""),
        Kind::Correct => (|state| state == TenantState::Drifted, "Drifted"),
    };
    let others: Vec<String> = meant
        .iter()
        .filter(|tenant| !fits(tenant.state))
        .map(|tenant| format!("{} is {}", tenant.name, tenant.state))
        .collect();
    if !others.is_empty() {
        return Err(Refused::Otherwise { tenants: names(&others, others.len()), wanted });
    }
    let all: Vec<String> = meant.iter().map(|tenant| tenant.name.clone()).collect();
    let whom = format!("{}: {}", count(all.len(), "tenant"), names(&all, all.len()));
    if all.is_empty() {
        return Ok(Verdict { spec: None, said: format!("No tenant is {wanted}."), tenants: all });
    }
    let orders = meant.iter().map(|tenant| order(tenant, by, now)).collect();
    let merged = merge(scene, rollout, kind, orders)?;
    let (field, said) = match kind {
        Kind::Retry => ("retries", format!("Tried once more: {whom}.")),
        Kind::Skip => ("skips", format!("Left out of schemarollout/{}: {whom}.", rollout.name_any())),
        Kind::Correct => {
            ("corrections", format!("To be brought back, without what somebody changed by hand: {whom}."))
        }
    };
    Ok(Verdict { spec: Some(json!({ field: merged })), said, tenants: all })
}

/// The tenants that are meant, as they are.
fn meant<'a>(
    scene: &Scene,
    tenants: &'a [TenantStatus],
    who: &Who<'_>,
) -> Result<Vec<&'a TenantStatus>, Refused> {
    let in_state = |state| tenants.iter().filter(|tenant| tenant.state == state).collect();
    Ok(match who {
        Who::Named(names) => {
            known(&scene.name(), names, tenants)?;
            tenants.iter().filter(|tenant| names.contains(&tenant.name)).collect()
        }
        Who::Failed => in_state(TenantState::Failed),
        Who::Drifted => in_state(TenantState::Drifted),
        Who::Group(typed) => {
            let drift = scene.status().drift;
            let group = group(&scene.name(), typed, &drift)?;
            let is_of_it = |tenant: &&TenantStatus| {
                tenant.state == TenantState::Drifted
                    && tenant.fingerprint.as_ref() == Some(&group.fingerprint)
            };
            tenants.iter().filter(is_of_it).collect()
        }
    })
}

/// The group with that letter, or whose fingerprint begins with these digits.
fn group<'a>(set: &str, typed: &str, drift: &'a [DriftGroup]) -> Result<&'a DriftGroup, Refused> {
    let is_meant = |(letter, group): &(char, &DriftGroup)| {
        typed.eq_ignore_ascii_case(&letter.to_string())
            || (typed.len() >= 10 && group.fingerprint.starts_with(&typed.to_ascii_lowercase()))
    };
    let mut meant = lettered(drift).filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some((_, one)), None) => Ok(one),
        _ => {
            let letters: Vec<String> = lettered(drift).map(|(letter, _)| letter.to_string()).collect();
            let found = match letters.as_slice() {
                [] => "there is no group: nobody drifted".to_owned(),
                some => format!("there are {}: kubectl tenantry drift {set} shows them", some.join(", ")),
            };
            Err(Refused::NoGroup { group: typed.to_owned(), found })
        }
    }
}

/// The order for one tenant. It counts only when it is later than what it is about, whatever the clock here says.
fn order(tenant: &TenantStatus, by: Option<&str>, now: Timestamp) -> TenantOrder {
    let after =
        tenant.since.as_ref().and_then(|since| since.0.checked_add(SignedDuration::from_secs(1)).ok());
    let at = Time(after.map_or(now, |after| now.max(after)));
    TenantOrder { tenant: tenant.name.clone(), by: by.map(str::to_owned), at }
}

/// The orders that there were, with the new ones in place of those about the same tenants. Where there is no room, the oldest go
/// that the operator has seen; not those to leave tenants out, which hold as long as they stand there.
fn merge(
    scene: &Scene,
    rollout: &SchemaRollout,
    kind: Kind,
    new: Vec<TenantOrder>,
) -> Result<Vec<TenantOrder>, Refused> {
    let before = match kind {
        Kind::Retry => &rollout.spec.retries,
        Kind::Skip => &rollout.spec.skips,
        Kind::Correct => &rollout.spec.corrections,
    };
    let mut all: Vec<TenantOrder> =
        before.iter().filter(|old| new.iter().all(|one| one.tenant != old.tenant)).cloned().collect();
    let full = |wanted, remedy| Refused::Full { rollout: rollout.name_any(), limit: LIMIT, wanted, remedy };
    let wanted = all.len() + new.len();
    if new.len() > LIMIT {
        return Err(full(wanted, "name fewer tenants at a time"));
    }
    if wanted > LIMIT {
        if kind == Kind::Skip {
            return Err(full(
                wanted,
                "a rollout that leaves so many out is better ended by another revision",
            ));
        }
        if !scene.orders_are_seen() {
            return Err(full(
                wanted,
                "the operator has not taken up the earlier ones yet: try again when it has",
            ));
        }
        all.sort_by_key(|order| order.at.0);
        all.drain(..wanted - LIMIT);
    }
    all.extend(new);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::{at, drifted, failed, running, tenants};

    fn outcome(scene: &Scene, kind: Kind, who: &Who<'_>) -> String {
        match decide(scene, &tenants(), kind, who, Some("ada"), at(200)) {
            Ok(Verdict { spec, said, .. }) => {
                let spec = spec.map(|spec| spec.to_string()).unwrap_or_default();
                format!("{said} {spec}")
            }
            Err(refused) => format!("refused: {refused}"),
        }
    }

    #[test]
    fn who_gets_which_order() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        let (initech, globex, acme) = (list(&["initech"]), list(&["globex"]), list(&["acme", "globex"]));
        let order =
            |tenant: &str| format!(r#"{{"at":"2026-11-25T17:22:00Z","by":"ada","tenant":"{tenant}"}}"#);
        let both = format!(r#"{{"corrections":[{},{}]}}"#, order("globex"), order("hooli"));
        let back = "To be brought back, without what somebody changed by hand: 2 tenants: globex, hooli.";
        for (scene, kind, who, expected) in [
            (
                failed(),
                Kind::Retry,
                Who::Failed,
                format!(r#"Tried once more: 1 tenant: initech. {{"retries":[{}]}}"#, order("initech")),
            ),
            (
                failed(),
                Kind::Retry,
                Who::Named(&initech),
                format!(r#"Tried once more: 1 tenant: initech. {{"retries":[{}]}}"#, order("initech")),
            ),
            (
                failed(),
                Kind::Retry,
                Who::Named(&acme),
                "refused: acme is InSync, globex is Drifted: only tenants that are Failed or Blocked can be given that \
                 order. Nothing was ordered"
                    .to_owned(),
            ),
            (
                running(),
                Kind::Skip,
                Who::Named(&globex),
                format!(
                    r#"Left out of schemarollout/customers-9d02e61f7c: 1 tenant: globex. {{"skips":[{}]}}"#,
                    order("globex")
                ),
            ),
            (
                failed(),
                Kind::Skip,
                Who::Named(&globex),
                "refused: schemarollout/customers-9d02e61f7c is over (Failed): there is nothing to leave tenants out of"
                    .to_owned(),
            ),
            (drifted(), Kind::Correct, Who::Drifted, format!("{back} {both}")),
            (drifted(), Kind::Correct, Who::Group("a"), format!("{back} {both}")),
            (drifted(), Kind::Correct, Who::Group("aaaaaaaaaa"), format!("{back} {both}")),
            (
                drifted(),
                Kind::Correct,
                Who::Group("C"),
                "refused: no drifted tenants are group C; there are A, B: kubectl tenantry drift customers shows them"
                    .to_owned(),
            ),
        ] {
            assert_eq!(outcome(&scene, kind, &who), expected);
        }
    }

    #[test]
    fn an_order_comes_after_what_it_is_about() {
        let mut tenant = tenants().swap_remove(3);
        tenant.since = Some(Time(at(30)));
        assert_eq!(
            order(&tenant, None, at(0)).at.0,
            at(30).saturating_add(SignedDuration::from_secs(1)).unwrap()
        );
        assert_eq!(order(&tenant, None, at(31)).at.0, at(31));
    }

    #[test]
    fn orders_that_stand_there_stay() {
        let old = |n: usize| TenantOrder { tenant: format!("t{n:04}"), by: None, at: Time(at(-1)) };
        let new = |name: &str| TenantOrder { tenant: name.to_owned(), by: None, at: Time(at(1)) };
        let mut scene = failed();
        let merged = |scene: &Scene, kind, new| merge(scene, scene.rollout.as_ref().unwrap(), kind, new);

        scene.rollout.as_mut().unwrap().spec.retries = vec![old(1), old(2)];
        let all = merged(&scene, Kind::Retry, vec![new("t0001")]).unwrap();
        assert_eq!(all, [old(2), new("t0001")]);

        // No room: the oldest that were seen go.
        let spec = &mut scene.rollout.as_mut().unwrap().spec;
        spec.retries = (0..LIMIT).map(old).collect();
        spec.skips = spec.retries.clone();
        let all = merged(&scene, Kind::Retry, vec![new("acme")]).unwrap();
        assert_eq!((all.len(), &all[0], &all[LIMIT - 1]), (LIMIT, &old(1), &new("acme")));
        assert!(merged(&scene, Kind::Skip, vec![new("acme")]).is_err());
        scene.rollout.as_mut().unwrap().metadata.generation = Some(9);
        let refused = merged(&scene, Kind::Retry, vec![new("acme")]).unwrap_err();
        assert!(refused.to_string().contains("has not taken up the earlier ones"), "{refused}");
        let many = (0..=LIMIT).map(|n| new(&format!("n{n}"))).collect();
        assert!(merged(&scene, Kind::Correct, many).unwrap_err().to_string().contains("name fewer"));
    }
}
