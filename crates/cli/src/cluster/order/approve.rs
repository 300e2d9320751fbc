//! `approve`: one digest of what is offered.

use std::fmt::Write as _;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;
use tenantry_api::schema_rollout::ApprovalRecord;
use tenantry_fleet::rollout::PLAN_DIGITS;

use super::{Refused, Verdict, by, carry_out};
use crate::args::ApproveArgs;
use crate::cluster::client::Cluster;
use crate::cluster::scene::{Scene, is_over};
use crate::cluster::words::short;
use crate::output::text::count;
use crate::{Failure, Outcome};

/// So many approvals a rollout has at most.
const LIMIT: usize = 32;

/// Approves what has the digest.
pub async fn run(args: &ApproveArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.order.set.cluster).await?;
    let by = by(&args.order, &cluster);
    carry_out(&cluster, &args.order.set, async |scene| {
        Ok(decide(scene, &args.digest, by.as_deref(), Timestamp::now())?)
    })
    .await
}

/// Something that can be approved, and what it is.
struct Offer {
    digest: String,
    what: String,
}

fn decide(scene: &Scene, typed: &str, by: Option<&str>, now: Timestamp) -> Result<Verdict, Refused> {
    let digits = typed.trim().to_ascii_lowercase();
    let is_digest =
        (PLAN_DIGITS..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_digest {
        return Err(Refused::NoDigest(typed.to_owned()));
    }
    let rollout = scene.for_orders()?;
    let offers = offers(scene);
    let mut meant: Vec<&Offer> = offers.iter().filter(|offer| offer.digest.starts_with(&digits)).collect();
    meant.dedup_by(|one, other| one.digest == other.digest);
    let offer = match meant.as_slice() {
        [one] => one,
        [] => return Err(Refused::NotOffered { digest: short(&digits).to_owned(), offered: told(&offers) }),
        _ => return Err(Refused::Ambiguous(digits)),
    };
    let mut approvals = rollout.spec.approvals.clone();
    if let Some(before) = approvals.iter().find(|approval| approval.digest == offer.digest) {
        let who = before.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        let said = format!("{} is approved already{who}.", offer.what);
        return Ok(Verdict { spec: None, said, tenants: Vec::new() });
    }
    approvals.push(ApprovalRecord {
        digest: offer.digest.clone(),
        by: by.map(str::to_owned),
        at: Some(Time(now)),
    });
    // What is not offered any more has no effect; the ledger keeps who approved it.
    while approvals.len() > LIMIT
        && let Some(at) =
            approvals.iter().position(|old| offers.iter().all(|offer| offer.digest != old.digest))
    {
        approvals.remove(at);
    }
    let who = by.map(|by| format!(" as {by}")).unwrap_or_default();
    let said = format!("Approved{who}: {}, digest {}.", offer.what, short(&offer.digest));
    Ok(Verdict { spec: Some(json!({ "approvals": approvals })), said, tenants: Vec::new() })
}

/// What can be approved now.
fn offers(scene: &Scene) -> Vec<Offer> {
    let mut offers = Vec::new();
    if let Some(status) = scene.rollout_status().filter(|status| !status.state.is_some_and(is_over)) {
        if let Some(digest) = &status.digest {
            offers.push(Offer { digest: digest.clone(), what: "the whole rollout".to_owned() });
        }
        for (number, group) in (1..).zip(&status.groups) {
            if let Some(digest) = &group.digest {
                let what = format!("group {number} of the rollout, {}", count(group.tenants, "tenant"));
                offers.push(Offer { digest: digest.clone(), what });
            }
        }
    }
    if let Some(leaving) = scene.status().leaving {
        let what = format!("what becomes of {} that left", count(leaving.tenants, "tenant"));
        offers.push(Offer { digest: leaving.digest, what });
    }
    offers
}

fn told(offers: &[Offer]) -> String {
    let mut text = String::new();
    for offer in offers {
        let between = if text.is_empty() { "there is" } else { "," };
        let _ = write!(text, "{between} {} ({})", short(&offer.digest), offer.what);
    }
    if text.is_empty() { "nothing is offered".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::{at, awaiting, digest, failed, leaving, well};

    fn outcome(scene: &Scene, typed: &str) -> String {
        match decide(scene, typed, Some("ada"), at(0)) {
            Ok(Verdict { spec, said, .. }) => {
                let approvals = spec.map(|spec| spec["approvals"].to_string()).unwrap_or_default();
                format!("{said} {approvals}")
            }
            Err(refused) => format!("refused: {refused}"),
        }
    }

    #[test]
    fn what_a_digest_approves() {
        let whole = digest("4be1c0d29a77");
        let written =
            |digest: &str| format!(r#"[{{"at":"2026-11-25T14:02:00Z","by":"ada","digest":"{digest}"}}]"#);
        let offered = "nothing that waits for an approval has the digest 000000000000; there is 4be1c0d29a77 (the whole \
                       rollout), 90ab7731c2d4 (group 1 of the rollout, 310 tenants), c5530e1f88b0 (group 2 of the rollout, 2 \
                       tenants). Nothing was approved";
        for (scene, typed, expected) in [
            (
                awaiting(),
                "4be1c0d29a77",
                format!("Approved as ada: the whole rollout, digest 4be1c0d29a77. {}", written(&whole)),
            ),
            (
                awaiting(),
                whole.as_str(),
                format!("Approved as ada: the whole rollout, digest 4be1c0d29a77. {}", written(&whole)),
            ),
            (
                awaiting(),
                " 90AB7731C2D400",
                format!(
                    "Approved as ada: group 1 of the rollout, 310 tenants, digest 90ab7731c2d4. {}",
                    written(&digest("90ab7731c2d4"))
                ),
            ),
            (awaiting(), "000000000000", format!("refused: {offered}")),
            (awaiting(), "4be1c0d29a7", format!("refused: {}", Refused::NoDigest("4be1c0d29a7".to_owned()))),
            (awaiting(), "4be1c0d29a7x", format!("refused: {}", Refused::NoDigest("4be1c0d29a7x".to_owned()))),
            (
                failed(),
                "4be1c0d29a77",
                "refused: nothing that waits for an approval has the digest 4be1c0d29a77; nothing is offered. Nothing was \
                 approved"
                    .to_owned(),
            ),
            (
                leaving(),
                "aa11bb22cc33",
                format!(
                    "Approved as ada: what becomes of 2 tenants that left, digest aa11bb22cc33. {}",
                    written(&digest("aa11bb22cc33"))
                ),
            ),
            (
                Scene { rollout: None, ..well() },
                "4be1c0d29a77",
                format!("refused: {}", Refused::NoRollout("customers".to_owned())),
            ),
        ] {
            assert_eq!(outcome(&scene, typed), expected, "{typed}");
        }
    }

    #[test]
    fn two_that_begin_alike_need_more_digits() {
        let mut scene = awaiting();
        let status = scene.rollout.as_mut().unwrap().status.as_mut().unwrap();
        status.groups[0].digest = Some(digest("4be1c0d29a771"));
        assert!(outcome(&scene, "4be1c0d29a77").contains("begins more than one digest"));
        assert!(outcome(&scene, "4be1c0d29a771").starts_with("Approved as ada: group 1"));
    }

    #[test]
    fn an_approval_is_written_once_and_old_ones_make_room() {
        let mut scene = awaiting();
        let approval = |digest: String| ApprovalRecord { digest, by: Some("bob".to_owned()), at: None };
        let rollout = scene.rollout.as_mut().unwrap();
        rollout.spec.approvals = vec![approval(digest("4be1c0d29a77"))];
        assert_eq!(outcome(&scene, "4be1c0d29a77"), "the whole rollout is approved already by bob. ");

        let rollout = scene.rollout.as_mut().unwrap();
        rollout.spec.approvals.extend((0..31).map(|n| approval(digest(&format!("{n:02}")))));
        let spec = decide(&scene, "90ab7731c2d4", None, at(0)).unwrap().spec.unwrap();
        let digests: Vec<&str> = spec["approvals"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["digest"].as_str().unwrap()[..4])
            .collect();
        assert_eq!(digests.len(), 32);
        assert_eq!((digests[0], digests[1], digests[31]), ("4be1", "0100", "90ab"));
    }
}
