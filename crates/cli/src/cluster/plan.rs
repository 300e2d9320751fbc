//! `plan`: what the newest rollout does to which tenants, and what it waits for.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tenantry_api::SchemaRollout;
use tenantry_api::conditions::types;
use tenantry_api::schema_rollout::{GroupStatus, RolloutState, SchemaRolloutStatus};

use super::answer;
use super::client::Cluster;
use super::scene::{Scene, is, is_over};
use super::status::{progress, waits_to_leave, waves, way};
use super::words::{self, Kubectl, short};
use crate::args::SetArgs;
use crate::output::Next;
use crate::output::text::{count, indented};
use crate::{Failure, Outcome};

/// So wide is a group's line before its digest.
const WIDTH: usize = 88;

/// Says what the newest rollout does.
pub async fn run(args: &SetArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.cluster).await?;
    let scene = Scene::read(&cluster, &args.set).await?;
    answer(args.output, || self::json(&scene), || text(&scene, &Kubectl::new(&args.cluster)))?;
    let is_blocked = |status: &SchemaRolloutStatus| status.groups.iter().any(|group| group.blocked.is_some());
    Ok(if scene.rollout_status().is_some_and(is_blocked) { Outcome::Differs } else { Outcome::Fine })
}

fn json(scene: &Scene) -> Value {
    let status = scene.rollout_status().cloned().unwrap_or_default();
    json!({
        "set": scene.name(),
        "definition": scene.set.spec.schema_ref.name,
        "rollout": scene.rollout.as_ref().map(kube::ResourceExt::name_any),
        "from": scene.rollout.as_ref().and_then(|rollout| rollout.spec.from.clone()),
        "to": scene.rollout.as_ref().map(|rollout| rollout.spec.to.clone()),
        "state": status.state,
        "digest": status.digest,
        "approvals": scene.rollout.as_ref().map(|rollout| rollout.spec.approvals.clone()).unwrap_or_default(),
        "groups": status.groups,
        "groupsTotal": status.groups_total,
        "waves": status.waves,
        "leaving": scene.status().leaving,
    })
}

fn text(scene: &Scene, kubectl: &Kubectl) -> String {
    let Some(rollout) = &scene.rollout else {
        let conditions = words::conditions(&scene.status().conditions);
        return format!("{} has no rollout: nothing was planned yet.\n{conditions}", scene.name());
    };
    let status = rollout.status.clone().unwrap_or_default();
    let mut text = format!("{}\n", sentence(scene, rollout, &status));
    let mut shown: Vec<(usize, &GroupStatus)> = Vec::new();
    for (number, group) in (1..).zip(&status.groups) {
        let same = shown.iter().find(|(_, before)| {
            before.statements == group.statements && before.statements_total == group.statements_total
        });
        text.push_str(&self::group(number, group, same.map(|(number, _)| *number), rollout));
        shown.push((number, group));
    }
    let hidden =
        status.groups_total.unwrap_or_default() - i32::try_from(status.groups.len()).unwrap_or(i32::MAX);
    if hidden > 0 {
        let _ = writeln!(text, "\n{} with fewer tenants are not shown here.", count(hidden, "more group"));
    }
    if !status.waves.is_empty() {
        let _ = write!(text, "\n{}", waves(&status.waves));
    }
    let mut next = Next::default();
    let _ = writeln!(text, "\n{}", waits(scene, rollout, &status, kubectl, &mut next));
    if let Some(leaving) = &scene.status().leaving {
        let _ = writeln!(text, "{}", waits_to_leave(leaving));
        next.add("let go", kubectl.tenantry("approve", &scene.name(), short(&leaving.digest)));
    }
    text + &next.text()
}

/// `app 7f3c2a91b0 -> 9d02e61f7c: 1,500 tenants in 3 groups, all proved`
fn sentence(scene: &Scene, rollout: &SchemaRollout, status: &SchemaRolloutStatus) -> String {
    let head = format!("{} {}", scene.set.spec.schema_ref.name, way(rollout));
    if status.groups.is_empty() {
        let state = status.state.map_or_else(|| "not begun".to_owned(), |state| format!("{state:?}"));
        return format!("{head}: {state}, no groups of tenants yet");
    }
    let tenants: i32 = status.groups.iter().map(|group| group.tenants).sum();
    let total = status.groups_total.map_or(status.groups.len(), |n| usize::try_from(n).unwrap_or_default());
    let blocked: i32 =
        status.groups.iter().filter(|group| group.blocked.is_some()).map(|group| group.tenants).sum();
    let proved = match blocked {
        0 if !is(&status.conditions, types::PROVED, "True") => "not all proved".to_owned(),
        0 if total == 1 => "proved".to_owned(),
        0 => "all proved".to_owned(),
        n => {
            format!("proved but for {} that get{} no plan", count(n, "tenant"), if n == 1 { "s" } else { "" })
        }
    };
    let more = if total > status.groups.len() { "more than " } else { "" };
    format!("{head}: {more}{} in {}, {proved}", count(tenants, "tenant"), count(total, "group"))
}

fn group(number: usize, group: &GroupStatus, same: Option<usize>, rollout: &SchemaRollout) -> String {
    let who = count(group.tenants, "tenant");
    let who = match group.examples.as_slice() {
        [] => who,
        _ if group.tenants > 5 => who,
        some => format!("{who} ({})", words::some_of(some, group.tenants)),
    };
    let statements =
        group.statements_total.map_or(group.statements.len(), |n| usize::try_from(n).unwrap_or_default());
    let what = match (&group.blocked, &group.from) {
        (Some(_), _) => "no plan".to_owned(),
        (None, None) => format!("{}, schemas are made", count(statements, "statement")),
        (None, Some(_)) if statements == 0 => "nothing to do".to_owned(),
        (None, Some(_)) => count(statements, "statement"),
    };
    let mut text = format!("{number}  {who}: {what}");
    if let Some(digest) = &group.digest {
        text = format!("{text:WIDTH$}  digest {}", short(digest));
        if let Some(approval) = rollout.spec.approvals.iter().find(|approval| approval.digest == *digest) {
            let _ = write!(text, ", approved{}", by(approval.by.as_deref()));
        }
    }
    text = format!("\n{text}\n");
    text.push_str(&indented(group.blocked.as_deref().unwrap_or_default(), 3));
    match same {
        Some(same) if statements > 0 => {
            let _ = writeln!(text, "   the same statements as group {same}");
        }
        _ => {
            for statement in &group.statements {
                text.push_str(&indented(&format!("{};", statement.trim_end().trim_end_matches(';')), 3));
            }
            if statements > group.statements.len() {
                let hidden = count(statements - group.statements.len(), "more statement");
                let _ = writeln!(text, "   ... and {hidden}");
            }
        }
    }
    if !group.locks.is_empty() {
        text.push_str(&indented(&format!("locks {}", group.locks.join("; ")), 7));
    }
    group.hazards.iter().for_each(|hazard| text.push_str(&indented(hazard, 7)));
    text
}

fn by(name: Option<&str>) -> String {
    name.map(|name| format!(" by {name}")).unwrap_or_default()
}

/// What the rollout waits for, and the next command.
fn waits(
    scene: &Scene,
    rollout: &SchemaRollout,
    status: &SchemaRolloutStatus,
    kubectl: &Kubectl,
    next: &mut Next,
) -> String {
    let name = scene.name();
    let approved =
        rollout.spec.approvals.iter().find(|approval| Some(&approval.digest) == status.digest.as_ref());
    match (status.state, &status.digest) {
        (Some(RolloutState::AwaitingApproval), Some(_)) if let Some(approval) = approved => {
            next.add("follow", kubectl.tenantry("status", &name, "--watch"));
            format!(
                "The whole is approved{}; the operator has not taken that up yet.",
                by(approval.by.as_deref())
            )
        }
        (Some(RolloutState::AwaitingApproval), Some(digest)) => {
            next.add("approve", kubectl.tenantry("approve", &name, short(digest)));
            format!(
                "Waits for an approval, and nothing of it starts before. The whole has the digest {}.",
                short(digest)
            )
        }
        (None | Some(RolloutState::Planning | RolloutState::AwaitingApproval), _) => {
            next.add("follow", kubectl.tenantry("status", &name, "--watch"));
            "Plans are being made and proved; no tenant is touched before.".to_owned()
        }
        (Some(RolloutState::Paused), _) => {
            next.add("go on", kubectl.tenantry("resume", &name, ""));
            let why = status
                .conditions
                .iter()
                .find(|condition| condition.type_ == types::PAUSED && condition.status == "True");
            let why = why.map(|condition| format!(": {}", condition.message)).unwrap_or_default();
            format!("{}{why}", progress(status))
        }
        (Some(state), _) if is_over(state) => {
            next.add("all rollouts", kubectl.tenantry("history", &name, ""));
            format!("It is over: {}.", progress(status))
        }
        (Some(_), _) => {
            next.add("follow", kubectl.tenantry("status", &name, "--watch"));
            format!("It goes by its waves: {}.", progress(status))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::{awaiting, failed, kubectl, running};

    #[test]
    fn goldens() {
        for (name, scene) in [("awaiting", awaiting()), ("running", running()), ("over", failed())] {
            insta::assert_snapshot!(format!("plan_{name}"), text(&scene, &kubectl()));
        }
        let mut approved = awaiting();
        let rollout = approved.rollout.as_mut().unwrap();
        let digest = rollout.status.as_ref().unwrap().digest.clone().unwrap();
        rollout.spec.approvals = serde_json::from_value(json!([{ "digest": digest, "by": "ada" }])).unwrap();
        assert!(
            text(&approved, &kubectl()).contains("The whole is approved by ada; the operator has not taken")
        );
    }
}
