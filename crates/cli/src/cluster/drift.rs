//! `drift` and `diff`: which tenants somebody changed by hand, and how.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};
use tenantry_api::tenant_set::{DriftGroup, DriftMode, TenantStatus};
use tenantry_api::{TenantSet, TenantState};

use super::client::Cluster;
use super::scene::{self, Scene};
use super::words::{self, Kubectl, judged_against, revision};
use super::{ClusterError, answer, tenants};
use crate::args::{DiffArgs, DriftArgs, SetArgs};
use crate::output::Next;
use crate::output::text::{ago, count, grouped, indented, moment, quoted};
use crate::{Failure, Outcome};

/// So wide is a line before what stands at its right.
const WIDTH: usize = 76;
/// So many groups get a command of their own.
const COMMANDS: usize = 5;

/// Says who drifted, and how.
pub async fn run(args: &DriftArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.set.cluster).await?;
    let kubectl = Kubectl::new(&args.set.cluster);
    if let Some(tenant) = &args.tenant {
        let (set, tenant) = one(&cluster, &args.set, tenant).await?;
        show_one(&args.set, &set, &tenant, &kubectl)?;
        let drifted = tenant.state == TenantState::Drifted;
        return Ok(if drifted { Outcome::Differs } else { Outcome::Fine });
    }
    let scene = Scene { set: cluster.one(&args.set.set).await?, rollout: None };
    let status = scene.status();
    let drifted = scene.counts().drifted;
    let json = || {
        let groups: Vec<Value> = lettered(&status.drift)
            .map(|(letter, group)| json!({ "group": letter, "differs": group }))
            .collect();
        json!({ "set": scene.name(), "tenants": scene.counts().total, "drifted": drifted, "groups": groups })
    };
    answer(args.set.output, json, || all(&scene, &kubectl, Timestamp::now()))?;
    Ok(if drifted > 0 { Outcome::Differs } else { Outcome::Fine })
}

/// Says how one tenant differs.
pub async fn run_diff(args: &DiffArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.set.cluster).await?;
    let (set, tenant) = one(&cluster, &args.set, &args.tenant).await?;
    show_one(&args.set, &set, &tenant, &Kubectl::new(&args.set.cluster))?;
    Ok(if tenant.state == TenantState::InSync { Outcome::Fine } else { Outcome::Differs })
}

async fn one(
    cluster: &Cluster,
    args: &SetArgs,
    name: &str,
) -> Result<(TenantSet, TenantStatus), ClusterError> {
    let set = cluster.one(&args.set).await?;
    let all = scene::tenants(cluster, &args.set).await?;
    tenants::known(&args.set, &[name.to_owned()], &all)?;
    let found = all.into_iter().find(|tenant| tenant.name == name);
    let absent =
        || super::order::Refused::NoTenant { set: args.set.clone(), unknown: name.to_owned(), all: 0 };
    Ok((set, found.ok_or_else(absent)?))
}

fn show_one(
    args: &SetArgs,
    set: &TenantSet,
    tenant: &TenantStatus,
    kubectl: &Kubectl,
) -> Result<(), Failure> {
    let groups = set.status.as_ref().map(|status| status.drift.as_slice()).unwrap_or_default();
    let json = || json!({ "set": args.set, "tenant": tenant, "differs": group_of(groups, tenant) });
    answer(args.output, json, || of_tenant(set, tenant, kubectl, Timestamp::now()))
}

/// The groups with the letters that name them.
pub fn lettered(groups: &[DriftGroup]) -> impl Iterator<Item = (char, &DriftGroup)> {
    ('A'..='Z').zip(groups)
}

/// The group that a drifted tenant is in.
fn group_of<'a>(groups: &'a [DriftGroup], tenant: &TenantStatus) -> Option<&'a DriftGroup> {
    groups.iter().find(|group| {
        tenant.state == TenantState::Drifted
            && tenant.fingerprint.as_deref() == Some(group.fingerprint.as_str())
    })
}

fn all(scene: &Scene, kubectl: &Kubectl, now: Timestamp) -> String {
    let (status, counts) = (scene.status(), scene.counts());
    let against = judged_against(&scene.set);
    if counts.drifted == 0 {
        return format!(
            "No tenant of {} differs from {against} by hand.\n{}",
            grouped(counts.total),
            silent(counts.unreachable)
        );
    }
    let told: i32 = status.drift.iter().map(|group| group.tenants).sum();
    let differ = if counts.drifted == 1 { "differs" } else { "differ" };
    let ways = match (status.drift.len(), counts.drifted - told) {
        (0, _) => String::new(),
        (ways, ..=0) => format!(", in {}", count(ways, "way")),
        (ways, _) => format!(", in more than {}", count(ways, "way")),
    };
    let of = count(counts.total, "tenant");
    let mut text = format!("{} of {of} {differ} from {against}{ways}.\n", grouped(counts.drifted));
    for (letter, group) in lettered(&status.drift) {
        text.push_str(&self::group(letter, group, now));
    }
    if counts.drifted > told {
        let _ = writeln!(
            text,
            "\n{} in other ways: not shown here.",
            count(counts.drifted - told, "more tenant")
        );
    }
    text.push_str(&silent(counts.unreachable));
    let mode = scene.set.spec.drift.mode;
    let _ = write!(text, "\n{}\n{}", doing(mode), next(scene, mode, kubectl).text());
    text
}

fn of_tenant(set: &TenantSet, tenant: &TenantStatus, kubectl: &Kubectl, now: Timestamp) -> String {
    let (name, against) = (&tenant.name, judged_against(set));
    let groups = set.status.as_ref().map(|status| status.drift.as_slice()).unwrap_or_default();
    if tenant.state == TenantState::InSync {
        return format!("{name} is in sync with {against}.\n");
    }
    if tenant.state != TenantState::Drifted {
        let since =
            tenant.since.as_ref().map(|since| format!(" since {}", moment(since.0))).unwrap_or_default();
        let mut text = format!("{name} is {}{since}.\n", tenant.state);
        text.push_str(&indented(tenant.message.as_deref().unwrap_or_default(), 2));
        return text;
    }
    let mut text = format!("{name} differs from {against}.\n");
    let Some((letter, group)) =
        lettered(groups).find(|(_, group)| tenant.fingerprint.as_ref() == Some(&group.fingerprint))
    else {
        let _ = writeln!(
            text,
            "\nHow is not shown here: the set's status has the {} ways that most tenants have.\n  see:  kubectl-tenantry \
             schema diff --database URL --schema {} --definition FILE",
            groups.len(),
            quoted(&tenant.schema)
        );
        return text;
    };
    text.push_str(&self::group(letter, group, now));
    let mode = set.spec.drift.mode;
    let set_name = set.metadata.name.clone().unwrap_or_default();
    let mut next = Next::default();
    if mode != DriftMode::Correct {
        next.add("correct", kubectl.tenantry("correct", &set_name, &quoted(name)));
    }
    allow(&mut next, "allow", group, set);
    let _ = write!(text, "\n{}\n{}", doing(mode), next.text());
    text
}

/// A group: who, since when, and how they differ.
fn group(letter: char, group: &DriftGroup, now: Timestamp) -> String {
    let who = words::some_of(&group.examples, group.tenants);
    let head = format!("{letter}  {}: {who}", count(group.tenants, "tenant"));
    let seen =
        group.since.as_ref().map(|since| format!("first seen {}, {}", moment(since.0), ago(since.0, now)));
    let mut text = match seen {
        Some(seen) => format!("\n{head:WIDTH$} {seen}\n"),
        None => format!("\n{head}\n"),
    };
    for difference in &group.differences {
        text.push_str(&indented(difference, 3));
    }
    let lines: usize = group.differences.iter().map(|difference| difference.lines().count()).sum();
    let hidden = usize::try_from(group.differences_total).unwrap_or_default().saturating_sub(lines);
    if hidden > 0 {
        let _ = writeln!(text, "   ... and {}", count(hidden, "more line"));
    }
    text
}

fn silent(unreachable: i32) -> String {
    match unreachable {
        0 => String::new(),
        n => format!("\n{} could not be looked at: their database does not answer.\n", count(n, "tenant")),
    }
}

fn doing(mode: DriftMode) -> &'static str {
    match mode {
        DriftMode::Report => "Nothing is being corrected (drift.mode: Report).",
        DriftMode::Ignore => "Nothing is being corrected, and nobody is told (drift.mode: Ignore).",
        DriftMode::Correct => "They are corrected without being asked for (drift.mode: Correct).",
    }
}

/// What can be done. A group is named by its fingerprint: its letter may be another group's by then.
fn next(scene: &Scene, mode: DriftMode, kubectl: &Kubectl) -> Next {
    let (name, status) = (scene.name(), scene.status());
    let mut next = Next::default();
    for (letter, group) in lettered(&status.drift).take(COMMANDS) {
        if mode != DriftMode::Correct {
            let which = format!("--group {}", revision(&group.fingerprint));
            next.add(format!("correct {letter}"), kubectl.tenantry("correct", &name, &which));
        }
        allow(&mut next, &format!("allow {letter}"), group, &scene.set);
    }
    if mode != DriftMode::Correct {
        next.add("correct all", kubectl.tenantry("correct", &name, "--all"));
    }
    next
}

fn allow(next: &mut Next, what: &str, group: &DriftGroup, set: &TenantSet) {
    if !group.allow.is_empty() {
        let patterns: Vec<String> = group.allow.iter().map(|pattern| format!("{pattern:?}")).collect();
        let definition = &set.spec.schema_ref.name;
        next.add(
            what,
            format!("add {} to spec.ignore of schemadefinition/{definition}", patterns.join(", ")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::{at, drifted, kubectl, tenants, well};

    #[test]
    fn goldens() {
        insta::assert_snapshot!("drift", all(&drifted(), &kubectl(), at(184)));
        insta::assert_snapshot!("drift_of_none", all(&well(), &kubectl(), at(184)));
        let mut unlisted = drifted();
        unlisted.set.status.as_mut().unwrap().drift.truncate(1);
        insta::assert_snapshot!("drift_not_all_shown", all(&unlisted, &kubectl(), at(184)));
    }

    #[test]
    fn of_one_tenant() {
        let set = drifted().set;
        let texts: Vec<String> =
            tenants().iter().map(|tenant| of_tenant(&set, tenant, &kubectl(), at(184))).collect();
        insta::assert_snapshot!("diff", texts.join("----\n"));
    }
}
