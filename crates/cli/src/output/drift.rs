//! The tenants that somebody changed by hand: how many, in which ways, and what can be done.

use std::fmt::Write as _;

use jiff::Timestamp;
use tenantry_engine::TenantName;
use tenantry_fleet::{DriftGroup, DriftMode, Report};

use super::commands::{Commands, Next};
use super::status;
use super::text::{ago, count, grouped, moment, names, quoted};

/// So wide is a line before what stands at its right.
const WIDTH: usize = 76;
/// So many lines of one side of a difference are shown.
const LINES: usize = 20;

/// What `fleet drift` says, of all or of one tenant.
pub fn drift(report: &Report, tenant: Option<&TenantName>, commands: &Commands, now: Timestamp) -> String {
    let groups: Vec<&DriftGroup> = of(&report.drift, tenant).collect();
    let against = report.revision.as_ref().unwrap_or(&report.target);
    let against = format!("{} {}", report.definition, against.revision());
    if groups.is_empty() {
        let who = tenant
            .map_or_else(|| "No tenant".to_owned(), |tenant| format!("{tenant} is not drifted: nothing"));
        let first = match tenant {
            Some(_) => format!("{who} differs from {against} by hand.\n"),
            None => format!("{who} of {} differs from {against} by hand.\n", grouped(report.counts.total)),
        };
        return first + &rest(report);
    }
    let drifted: usize = groups.iter().map(|group| group.tenants.len()).sum();
    let mut text = match tenant {
        Some(tenant) => format!("{tenant} differs from {against}.\n"),
        None => format!(
            "{} of {} {} from {against}, in {}.\n",
            grouped(drifted),
            count(report.counts.total, "tenant"),
            if drifted == 1 { "differs" } else { "differ" },
            count(groups.len(), "way")
        ),
    };
    text.push_str(&self::groups(&report.drift, tenant, now));
    text.push_str(&rest(report));
    let _ = write!(text, "\n{}\n{}", doing(report.drift_mode), next(report, &groups, commands).text());
    text
}

/// The groups, each with who is in it and how they differ.
pub fn groups(all: &[DriftGroup], tenant: Option<&TenantName>, now: Timestamp) -> String {
    let mut text = String::new();
    for group in of(all, tenant) {
        let who = format!(
            "{}: {}",
            count(group.tenants.len(), "tenant"),
            names(&group.tenants, group.tenants.len())
        );
        let head = format!("{}  {who}", group.label);
        let seen = group.since.map(|since| format!("first seen {}, {}", moment(since), ago(since, now)));
        let _ = match seen {
            Some(seen) => writeln!(text, "\n{head:WIDTH$} {seen}"),
            None => writeln!(text, "\n{head}"),
        };
        if let Some(reason) = &group.unexplained {
            let _ = writeln!(text, "   how they differ is not known: {reason}");
        }
        for difference in &group.differences {
            let _ = writeln!(text, "   {}", difference.sentence);
            match (difference.declared.as_slice(), difference.found.as_slice()) {
                ([declared], [found]) if !declared.contains('\n') && !found.contains('\n') => {
                    let width = declared.chars().count().max(found.chars().count());
                    let _ = writeln!(text, "   - {declared:width$}  declared\n   + {found:width$}  found");
                }
                (declared, found) => {
                    side(&mut text, '-', declared);
                    side(&mut text, '+', found);
                }
            }
        }
    }
    text
}

fn side(text: &mut String, mark: char, lines: &[String]) {
    let lines: Vec<&str> = lines.iter().flat_map(|line| line.lines()).collect();
    for line in lines.iter().take(LINES) {
        let _ = writeln!(text, "   {mark} {line}");
    }
    if lines.len() > LINES {
        let _ =
            writeln!(text, "   {mark} ... and {} (-o json has all)", count(lines.len() - LINES, "more line"));
    }
}

fn of<'a>(groups: &'a [DriftGroup], tenant: Option<&TenantName>) -> impl Iterator<Item = &'a DriftGroup> {
    groups.iter().filter(move |group| tenant.is_none_or(|tenant| group.tenants.contains(tenant)))
}

/// Those about whom nothing can be said.
fn rest(report: &Report) -> String {
    let counts = &report.counts;
    let silent = counts.unreachable;
    let mut text = String::new();
    if silent > 0 {
        let _ = writeln!(
            text,
            "\n{} could not be looked at: their database does not answer.",
            count(silent, "tenant")
        );
    }
    text + &status::notes(report)
}

fn doing(mode: DriftMode) -> &'static str {
    match mode {
        DriftMode::Report => "Nothing is being corrected (drift.mode: Report).",
        DriftMode::Ignore => "Nothing is being corrected, and nobody is told (drift.mode: Ignore).",
        DriftMode::Correct => "The next fleet apply corrects them (drift.mode: Correct).",
    }
}

fn next(report: &Report, groups: &[&DriftGroup], commands: &Commands) -> Next {
    let mut next = Next::default();
    if report.drift_mode == DriftMode::Correct {
        next.add("correct", commands.fleet("apply", ""));
    }
    for group in groups.iter().take(5) {
        let names: Vec<String> = group.tenants.iter().map(|tenant| quoted(tenant.as_str())).collect();
        if report.drift_mode != DriftMode::Correct && names.len() <= 5 {
            let which = format!("correct {}", group.label);
            next.add(which, commands.fleet("apply", &format!("--correct {}", names.join(" "))));
        }
        if !group.allow.is_empty() {
            let patterns: Vec<String> = group.allow.iter().map(|pattern| format!("{pattern:?}")).collect();
            next.add(
                format!("allow {}", group.label),
                format!(
                    "add {} to spec.ignore of schemadefinition/{}",
                    patterns.join(", "),
                    report.definition
                ),
            );
        }
    }
    if report.drift_mode != DriftMode::Correct {
        next.add("correct all", commands.fleet("apply", "--correct"));
    }
    next
}
