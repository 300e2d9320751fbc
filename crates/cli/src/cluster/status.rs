//! `status`: how a set is, what it waits for, and the next command.

use std::fmt::Write as _;

use kube::ResourceExt as _;
use serde_json::{Value, json};
use tenantry_api::conditions::types;
use tenantry_api::schema_rollout::{RolloutState, SchemaRolloutStatus, WaveStatus};
use tenantry_api::{SchemaRollout, TenantSet};

use super::client::Cluster;
use super::scene::{Scene, Standing};
use super::words::{self, Kubectl, counted, judged_against, revision, short};
use super::{answer, watch};
use crate::args::{Output, StatusArgs};
use crate::output::table::table;
use crate::output::text::{count, grouped};
use crate::output::{Next, status as fleet_status};
use crate::{Failure, Outcome};

/// Says how one set is, or all.
pub async fn run(args: &StatusArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.cluster).await?;
    let kubectl = Kubectl::new(&args.cluster);
    if let Some(name) = &args.set {
        let scene = if args.watch {
            let Some(scene) = watch::follow(&cluster, name).await? else { return Ok(Outcome::Interrupted) };
            scene
        } else {
            Scene::read(&cluster, name).await?
        };
        answer(args.output, || self::json(&scene), || one(&scene, &kubectl))?;
        return Ok(outcome(scene.standing()));
    }
    let sets: Vec<TenantSet> = match args.all_namespaces {
        true => cluster.list_everywhere().await?,
        false => cluster.list(None).await?,
    };
    if args.output == Output::Json {
        let mut values = Vec::new();
        for set in &sets {
            values.push(self::json(&Scene::of(&cluster.within(set), set.clone()).await?));
        }
        answer(args.output, || Value::from(values), String::new)?;
    } else {
        let place = (!args.all_namespaces).then_some(cluster.namespace.as_str());
        answer(args.output, || Value::Null, || several(&sets, place, &kubectl))?;
    }
    let standings = sets.into_iter().map(|set| Scene { set, rollout: None }.standing());
    Ok(standings.map(outcome).max().unwrap_or(Outcome::Fine))
}

fn outcome(standing: Standing) -> Outcome {
    if standing == Standing::Ready { Outcome::Fine } else { Outcome::Differs }
}

fn json(scene: &Scene) -> Value {
    let rollout = scene
        .rollout
        .as_ref()
        .map(|rollout| json!({ "name": rollout.name_any(), "spec": rollout.spec, "status": rollout.status }));
    json!({
        "namespace": scene.set.namespace(),
        "name": scene.name(),
        "definition": scene.set.spec.schema_ref.name,
        "standing": scene.standing(),
        "status": scene.set.status,
        "rollout": rollout,
    })
}

/// All of one set.
fn one(scene: &Scene, kubectl: &Kubectl) -> String {
    let name = scene.name();
    if scene.standing() == Standing::NotLookedAt {
        return not_looked_at(&name);
    }
    let (status, counts) = (scene.status(), counted(&scene.counts()));
    let mut text = format!("{}\n", fleet_status::counted(&name, &judged_against(&scene.set), &counts));
    if let Some(target) =
        status.target_revision.as_deref().filter(|target| status.revision.as_deref() != Some(target))
        && status.revision.is_some()
    {
        let _ = writeln!(text, "The definition makes {}, which is not in force yet.", revision(target));
    }
    if !scene.is_seen() {
        let _ = writeln!(text, "Its spec was changed; the operator has not looked at that yet.");
    }
    if !scene.orders_are_seen() {
        let _ = writeln!(text, "Its rollout was given orders; the operator has not taken them up yet.");
    }
    if counts.total > 0 {
        let _ = write!(text, "\n{}", fleet_status::states(&counts));
    }
    if let Some(rollout) = &scene.rollout {
        let _ = write!(text, "\n{}", self::rollout(rollout));
    }
    let conditions = words::conditions(&status.conditions);
    if !conditions.is_empty() {
        let _ = write!(text, "\n{conditions}");
    }
    text.push_str(&words::troubles(&status.attention));
    if let Some(leaving) = &status.leaving {
        let _ = writeln!(text, "\n{}", waits_to_leave(leaving));
    }
    for (at, note) in status.notes.iter().enumerate() {
        let _ = writeln!(text, "{}note: {note}", if at == 0 { "\n" } else { "" });
    }
    let next = next(scene, kubectl).text();
    if !next.is_empty() {
        let _ = write!(text, "\n{next}");
    }
    text
}

fn not_looked_at(name: &str) -> String {
    format!(
        "{name}: no operator has looked at it yet.\n\n  see to it:  kubectl get pods -A | grep tenantry-operator\n"
    )
}

/// `2 schemas of tenants that left (acme, umbrella) wait for an approval ...`
pub fn waits_to_leave(leaving: &tenantry_api::tenant_set::Leaving) -> String {
    format!(
        "What becomes of {} that left ({}) waits for an approval, and never happens without. It has the digest {}.",
        count(leaving.tenants, "tenant"),
        words::some_of(&leaving.examples, leaving.tenants),
        short(&leaving.digest)
    )
}

/// `rollout customers-9d02e61f7c (7f3c2a91b0 -> 9d02e61f7c): Running, 163 of 1,500 tenants done, 1 failed`, and its waves.
fn rollout(rollout: &SchemaRollout) -> String {
    let status = rollout.status.clone().unwrap_or_default();
    let mut text = format!("rollout {} ({}): {}\n", rollout.name_any(), way(rollout), progress(&status));
    if rollout.spec.paused {
        text.push_str("somebody paused it\n");
    }
    text.push_str(&waves(&status.waves));
    text
}

/// `7f3c2a91b0 -> 9d02e61f7c`.
pub fn way(rollout: &SchemaRollout) -> String {
    let to = revision(&rollout.spec.to);
    match rollout.spec.from.as_deref().map(revision).filter(|from| *from != to) {
        Some(from) => format!("{from} -> {to}"),
        None => to.to_owned(),
    }
}

/// `Running, wave 2/3 first, 163 of 1,500 tenants done, 1 failed`.
pub fn progress(status: &SchemaRolloutStatus) -> String {
    let mut text = status.state.map_or_else(|| "not begun".to_owned(), |state| format!("{state:?}"));
    if let Some(wave) = status.wave.as_deref().filter(|wave| *wave != "-") {
        let _ = write!(text, ", wave {wave}");
    }
    if let Some(done) = &status.done {
        let parts =
            done.split_once('/').and_then(|(done, all)| Some((done.parse().ok()?, all.parse().ok()?)));
        let _ = match parts {
            Some::<(usize, usize)>((done, all)) => {
                write!(text, ", {} of {} done", grouped(done), count(all, "tenant"))
            }
            None => write!(text, ", {done} done"),
        };
    }
    if let Some(failed) = status.failed.filter(|failed| *failed > 0) {
        let _ = write!(text, ", {} failed", grouped(failed));
    }
    text
}

/// The waves as a table; nothing where there are none.
pub fn waves(waves: &[WaveStatus]) -> String {
    if waves.is_empty() {
        return String::new();
    }
    let rows = waves.iter().map(|wave| {
        let numbers = [wave.tenants, wave.done, wave.failed];
        let mut row = vec![wave.name.clone()];
        row.extend(numbers.map(|number| number.to_string()));
        row.push(wave.failure_budget.map(|budget| budget.to_string()).unwrap_or_default());
        row
    });
    table(&["WAVE", "TENANTS", "DONE", "FAILED", "BUDGET"], &[1, 2, 3, 4], rows)
}

/// What can be done now.
fn next(scene: &Scene, kubectl: &Kubectl) -> Next {
    let mut next = Next::default();
    let (name, status, counts) = (scene.name(), scene.status(), scene.counts());
    let mut add = |what: &str, verb: &str, more: &str| next.add(what, kubectl.tenantry(verb, &name, more));
    let waits = scene.holds(types::AWAITING_APPROVAL);
    if let Some(digest) = scene.rollout_status().and_then(|status| status.digest.as_deref()).filter(|_| waits)
    {
        add("look", "plan", "");
        if scene.orders_are_seen()
            && scene.rollout_status().and_then(|status| status.state) == Some(RolloutState::AwaitingApproval)
        {
            add("approve", "approve", short(digest));
        }
    }
    if let Some(leaving) = &status.leaving {
        add("let go", "approve", short(&leaving.digest));
    }
    let paused = scene.rollout_status().and_then(|status| status.state) == Some(RolloutState::Paused);
    if paused || scene.rollout.as_ref().is_some_and(|rollout| rollout.spec.paused) {
        add("go on", "resume", "");
    }
    if counts.failed > 0 {
        add("who failed", "tenants", "--failed");
        add("once more", "retry", "--failed");
    }
    if counts.blocked > 0 {
        add("who is blocked", "tenants", "--state Blocked");
    }
    if counts.drifted > 0 {
        add("drift", "drift", "");
    }
    if scene.standing() == Standing::Working {
        add("follow", "status", "--watch");
    }
    let trouble = |type_| super::scene::is(&status.conditions, type_, "False");
    if trouble(types::ACCEPTED) || trouble(types::DATABASES_REACHABLE) {
        next.add("databases", kubectl.of_all("doctor"));
    }
    next
}

/// Several sets: how many are ready, a table, and why the others are not.
fn several(sets: &[TenantSet], namespace: Option<&str>, kubectl: &Kubectl) -> String {
    let place =
        namespace.map_or_else(|| "the cluster".to_owned(), |namespace| format!("namespace {namespace}"));
    if sets.is_empty() {
        let hint = if namespace.is_some() { "; -A looks in all namespaces" } else { "" };
        return format!("No TenantSets in {place}{hint}.\n");
    }
    let scenes: Vec<Scene> = sets.iter().map(|set| Scene { set: set.clone(), rollout: None }).collect();
    let ready = scenes.iter().filter(|scene| scene.standing() == Standing::Ready).count();
    let is = if ready == 1 { "is" } else { "are" };
    let mut text = format!("{ready} of {} in {place} {is} ready.\n\n", count(sets.len(), "TenantSet"));
    let mut headings =
        vec!["NAME", "SCHEMA", "REVISION", "TENANTS", "SYNCED", "DRIFTED", "FAILED", "READY", "REASON"];
    let mut numbers = vec![3, 4, 5, 6];
    if namespace.is_none() {
        headings.insert(0, "NAMESPACE");
        numbers.iter_mut().for_each(|at| *at += 1);
    }
    let rows = scenes.iter().map(|scene| {
        let mut row = row(scene);
        if namespace.is_none() {
            row.insert(0, scene.set.namespace().unwrap_or_default());
        }
        row
    });
    text.push_str(&table(&headings, &numbers, rows));
    let mut next = Next::default();
    for scene in scenes.iter().filter(|scene| scene.standing() != Standing::Ready) {
        let name = scene.name();
        let said = match scene.standing() {
            Standing::NotLookedAt => "no operator has looked at it yet\n".to_owned(),
            _ => words::conditions(&scene.status().conditions),
        };
        let (label, kubectl) = match (namespace, scene.set.namespace()) {
            (None, Some(namespace)) => (format!("{namespace}/{name}"), kubectl.within(&namespace)),
            _ => (name.clone(), kubectl.clone()),
        };
        let _ = write!(text, "\n{label}\n{}", crate::output::text::indented(&said, 2));
        next.add(label, kubectl.tenantry("status", &name, ""));
    }
    let next = next.text();
    if next.is_empty() { text } else { format!("{text}\n{next}") }
}

fn row(scene: &Scene) -> Vec<String> {
    let (status, counts) = (scene.status(), scene.counts());
    let ready = status.conditions.iter().find(|condition| condition.type_ == types::READY);
    let mut row = vec![
        scene.name(),
        scene.set.spec.schema_ref.name.clone(),
        status.revision.as_deref().map(revision).unwrap_or_default().to_owned(),
    ];
    row.extend([counts.total, counts.in_sync, counts.drifted, counts.failed].map(|n| n.to_string()));
    row.push(ready.map(|ready| ready.status.clone()).unwrap_or_default());
    row.push(ready.map(|ready| ready.reason.clone()).unwrap_or_default());
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::{awaiting, failed, kubectl, running, well};

    #[test]
    fn goldens() {
        for (name, scene) in
            [("well", well()), ("running", running()), ("awaiting", awaiting()), ("failed", failed())]
        {
            insta::assert_snapshot!(format!("status_{name}"), one(&scene, &kubectl()));
        }
        let sets = [well(), awaiting(), failed()].map(|scene| scene.set);
        insta::assert_snapshot!("status_of_several", several(&sets, None, &Kubectl::default()));
    }

    #[test]
    fn nobody_looked() {
        let mut scene = well();
        scene.set.status = None;
        assert_eq!(scene.standing(), Standing::NotLookedAt);
        assert!(one(&scene, &kubectl()).contains("no operator has looked at it yet"));
    }
}
