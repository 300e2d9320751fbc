//! What a rollout would do: groups with their statements, waves, and what it waits for.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tenantry_fleet::rollout::{RolloutState, Way};
use tenantry_fleet::{DepartureState, GroupOutcome, GroupReport, PlanReport, PlanText, RolloutReport};
use tenantry_planner::{Plan, RESERVED};

use super::commands::{Commands, Next};
use super::text::{count, grouped, indented, names};
use super::{departures, plan, rollout, status};

/// So wide is a group's line before its digest.
const WIDTH: usize = 88;

/// What `fleet plan` says, of a set that only `observes` or is changed. With `all` also the statements that make tenants.
pub fn plan_report(report: &PlanReport, commands: &Commands, observes: bool, all: bool) -> String {
    let Some(planned) = &report.planned else {
        let sentence = status::sentence(&report.report);
        let some = report.report.departures.any(&[DepartureState::Due, DepartureState::AwaitingApproval]);
        let nothing = if some { "No tenant of the set has anything to do." } else { "Nothing to do." };
        let mut text = format!("{nothing} {sentence}\n");
        text.push_str(&status::troubles(&report.report));
        text.push_str(&status::notes(&report.report));
        text.push_str(&leaving(report, observes));
        if !observes {
            let mut next = Next::default();
            departures::next(&report.report, commands, &mut next);
            text.push_str(&next.text());
        }
        return text;
    };
    let mut text = format!("{}\n", sentence(report, planned));
    let mut shown = BTreeMap::new();
    for group in &planned.groups {
        text.push_str(&self::group(group, &report.plans, &mut shown, all));
    }
    let waves = rollout::layout(&planned.waves);
    if !waves.is_empty() {
        let _ = write!(text, "\n{waves}");
    }
    text.push_str(&status::troubles(&report.report));
    text.push_str(&status::notes(&report.report));
    text.push_str(&leaving(report, observes));
    let (waits, mut next) = next(report, planned, observes, commands);
    if report.report.departures.digest.is_some() && !observes {
        departures::next(&report.report, commands, &mut next);
    }
    let _ = write!(text, "\n{waits}\n{}", next.text());
    text
}

/// What becomes of those who left; nothing where the set only `observes`.
fn leaving(report: &PlanReport, observes: bool) -> String {
    if observes {
        return String::new();
    }
    let departures = &report.report.departures;
    departures::departures(&report.report) + &departures::waits(departures).unwrap_or_default()
}

/// `app 7f3c2a91b0 -> 9d02e61f7c: 1,500 tenants in 3 groups, all proved`
fn sentence(report: &PlanReport, planned: &RolloutReport) -> String {
    let tenants: u32 = planned.groups.iter().map(|group| group.tenants).sum();
    let blocked: Vec<&GroupReport> =
        planned.groups.iter().filter(|group| group.outcome == GroupOutcome::Blocked).collect();
    let proved = match blocked.as_slice() {
        [] if planned.groups.len() == 1 => ", proved".to_owned(),
        [] => ", all proved".to_owned(),
        some => {
            let without: u32 = some.iter().map(|group| group.tenants).sum();
            format!(
                ", proved but for {} that get{} no plan",
                count(without, "tenant"),
                if without == 1 { "s" } else { "" }
            )
        }
    };
    format!(
        "{} {}: {} in {}{proved}",
        report.report.definition,
        rollout::way(planned),
        count(tenants, "tenant"),
        count(planned.groups.len(), "group")
    )
}

fn group(
    group: &GroupReport,
    plans: &[PlanText],
    shown: &mut BTreeMap<Vec<String>, u32>,
    all: bool,
) -> String {
    let text = plans.iter().find(|text| Some(&text.digest) == group.plan.as_ref());
    let who = if group.tenants <= 5 {
        let examples = names(&group.examples, usize::try_from(group.tenants).unwrap_or(usize::MAX));
        format!("{} ({examples})", count(group.tenants, "tenant"))
    } else {
        count(group.tenants, "tenant")
    };
    let what = match group.outcome {
        GroupOutcome::InSync => {
            "nothing to do: equal to the definition, though it prints differently".to_owned()
        }
        GroupOutcome::Blocked => "no plan".to_owned(),
        GroupOutcome::Migrate => doing(group, text),
    };
    let mut lines = format!("{}  {who}: {what}", group.number);
    if let Some(digest) = &group.digest {
        lines = format!("{lines:WIDTH$}  digest {}", digest.short());
    }
    lines = format!("\n{lines}\n");
    for reason in &group.reasons {
        lines.push_str(&indented(reason, 3));
    }
    if let Some(reason) = &group.no_back {
        lines.push_str(&indented(&format!("cannot be undone: {reason}"), 3));
    }
    let Some(text) = text else { return lines };
    let same = shown.entry(unreserved(&text.plan)).or_insert(group.number);
    if *same != group.number {
        let _ = writeln!(lines, "   the same statements as group {same}");
    } else if group.way.makes() && !all {
        lines.push_str("   all of the definition's (-v shows them)\n");
    } else {
        lines.push_str(&statements(&text.plan));
    }
    lines
}

/// The statements of a plan without what tells reserved names apart: a person reads the same.
fn unreserved(plan: &Plan) -> Vec<String> {
    let shorten = |sql: &str| {
        let mut parts = sql.split(RESERVED);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            text + RESERVED + part.trim_start_matches(|c: char| c.is_ascii_hexdigit())
        })
    };
    plan.steps.iter().map(|step| shorten(&step.sql)).collect()
}

/// `3 statements, one transaction; locks; can be undone`
fn doing(group: &GroupReport, text: Option<&PlanText>) -> String {
    let mut what =
        text.map_or_else(|| count(group.statements, "statement"), |text| plan::summary(&text.plan));
    let how = match &group.way {
        Way::Provision { .. } => Some("schemas are made"),
        Way::Plain => None,
        Way::Keep { .. } if group.reaches_target => None,
        Way::Keep { .. } => Some("what they have of their own stays"),
        Way::Finish { .. } => Some("a plan that stopped half-way is finished"),
        Way::Adopt => Some("schemas that Tenantry did not make"),
    };
    if let Some(how) = how {
        let _ = write!(what, "; {how}");
    }
    if group.no_back.is_none() && !group.way.makes() {
        what.push_str("; can be undone");
    }
    if group.needs_approval {
        what.push_str("; needs an approval");
    }
    what
}

fn statements(plan: &Plan) -> String {
    let mut text = String::new();
    for (at, segment) in plan.segments().iter().enumerate() {
        if at > 0 {
            text.push_str("   -- and when that is committed:\n");
        }
        for step in segment.steps() {
            text.push_str(&indented(&plan::statement(step), 3));
        }
    }
    text
}

/// What the rollout waits for, and the next command.
fn next(report: &PlanReport, planned: &RolloutReport, observes: bool, commands: &Commands) -> (String, Next) {
    let mut next = Next::default();
    let digest = planned.digest.as_ref();
    let needing: Vec<String> = planned
        .groups
        .iter()
        .filter(|group| group.needs_approval)
        .map(|group| group.number.to_string())
        .collect();
    let approved = digest.is_some() && !planned.approvals.is_empty();
    let waits = if observes {
        "Nothing of it happens: the set only observes (mode: Observe).".to_owned()
    } else if planned.state == RolloutState::Paused {
        next.add("go on", commands.fleet("apply", "--resume"));
        planned.message.clone().unwrap_or_else(|| "It is paused.".to_owned())
    } else if let (Some(digest), false, false) = (digest, needing.is_empty(), approved) {
        next.add("approve", commands.fleet("apply", &format!("--approve {}", digest.short())));
        let which = if planned.groups.len() == needing.len() {
            String::new()
        } else {
            format!(" (group{} {})", if needing.len() == 1 { "" } else { "s" }, needing.join(", "))
        };
        format!(
            "Waits for an approval{which}, and nothing of it starts before. The whole has the digest {}.",
            digest.short()
        )
    } else if planned.started.is_some() {
        next.add("go on", commands.fleet("apply", ""));
        format!("Under way: {} of {} done.", grouped(planned.done), count(planned.total, "tenant"))
    } else {
        next.add("apply", commands.fleet("apply", ""));
        "Goes by its waves without asking.".to_owned()
    };
    let drifted = report.report.counts.drifted;
    let stays = match drifted {
        0 => String::new(),
        n => format!(
            " {} drifted from {}.",
            count(n, "tenant"),
            report.report.revision.as_ref().map_or("it", |revision| revision.revision())
        ),
    };
    (format!("{waits}{stays}"), next)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tenantry_catalog::{Catalog, Fingerprint, Kind, ObjectId};
    use tenantry_planner::{Step, Verb};

    use super::*;

    #[test]
    fn plans_that_differ_in_reserved_names_only_read_the_same() {
        let nowhere = Fingerprint::of(&Catalog::empty());
        let plan = |sql: &str| {
            let steps = vec![Step::new(&ObjectId::new(Kind::Column, ["t", "fax"]), Verb::Quarantine, sql)];
            Plan { from: nowhere.clone(), to: nowhere.clone(), steps, commits: BTreeSet::new() }
        };
        let aside =
            |digits: &str| plan(&format!("ALTER TABLE t RENAME COLUMN fax TO tenantry_q_{digits}_fax"));
        assert_eq!(unreserved(&aside("0a9d6975")), unreserved(&aside("c44a304c")));
        assert_ne!(unreserved(&aside("0a9d6975")), unreserved(&plan("ALTER TABLE t DROP COLUMN fax")));
    }
}
