//! The state of a set: the answer, counts, the rollout, who needs somebody to look, what to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use tenantry_engine::TenantName;
use tenantry_fleet::rollout::{Kind, RolloutState};
use tenantry_fleet::{Report, RolloutReport, TenantCounts, TenantState, TenantStatus};

use super::commands::{Commands, Next};
use super::table::table;
use super::text::{count, grouped, names};
use super::{departures, drift, rollout};

/// What `fleet status` says.
pub fn status(report: &Report, commands: &Commands) -> String {
    let rollout = report.rollout.as_ref().map(|rollout| format!("\n{}", rollout::rollout(rollout)));
    whole(report, commands, &rollout.unwrap_or_default())
}

/// What `fleet check` says: the same, and how the drifted ones differ.
pub fn check(report: &Report, commands: &Commands, now: Timestamp) -> String {
    whole(report, commands, &drift::groups(&report.drift, None, now))
}

/// A report, with what it is about in its middle.
fn whole(report: &Report, commands: &Commands, middle: &str) -> String {
    let mut text = head(report) + middle;
    text.push_str(&troubles(report));
    text.push_str(&databases(report));
    text.push_str(&departures::departures(report));
    text.push_str(&notes(report));
    let next = next(report, commands).text();
    if !next.is_empty() {
        let _ = write!(text, "\n{next}");
    }
    text
}

/// The answer, and how many tenants are in which state.
fn head(report: &Report) -> String {
    let ahead = report.revision.as_ref().filter(|force| **force != report.target).map(|_| {
        let undone = report.rollout.as_ref().is_some_and(|rollout| is_undone(report, rollout));
        let what = if undone { "was rolled back" } else { "is not rolled out yet" };
        format!("The definition makes {}, which {what}.\n", report.target.revision())
    });
    format!("{}\n{}\n{}", sentence(report), ahead.unwrap_or_default(), states(&report.counts))
}

/// `customers: 1,497 of 1,500 tenants are in sync with app 9d02e61f7c; 2 drifted, 1 failed.`
pub fn sentence(report: &Report) -> String {
    let against = report.revision.as_ref().unwrap_or(&report.target);
    let revision = format!("{} {}", report.definition, against.revision());
    counted(&report.set, &revision, &report.counts)
}

/// How many tenants of a set are in sync with a revision, and how the others are.
pub fn counted(set: &str, revision: &str, counts: &TenantCounts) -> String {
    let others = others(counts);
    let removed = match counts.removed {
        0 => String::new(),
        n => format!(" {} left the set.", count(n, "tenant")),
    };
    if counts.total == 0 {
        return format!("{set}: no tenants.{removed}");
    }
    let sync = if counts.in_sync == counts.total {
        let all = if counts.total == 1 {
            "the 1 tenant is".to_owned()
        } else {
            format!("all {} are", count(counts.total, "tenant"))
        };
        format!("{all} in sync with {revision}")
    } else {
        let are = if counts.in_sync == 1 { "is" } else { "are" };
        let (some, all) = (grouped(counts.in_sync), count(counts.total, "tenant"));
        format!("{some} of {all} {are} in sync with {revision}; {others}")
    };
    format!("{set}: {sync}.{removed}")
}

/// The states that want attention, those first that want most: `2 drifted, 1 failed`.
pub fn others(counts: &TenantCounts) -> String {
    let all = [
        (counts.failed, "failed"),
        (counts.blocked, "blocked"),
        (counts.unreachable, "unreachable"),
        (counts.drifted, "drifted"),
        (counts.migrating, "migrating"),
        (counts.outdated, "outdated"),
        (counts.pending, "pending"),
    ];
    let some = all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", grouped(*n)));
    some.collect::<Vec<String>>().join(", ")
}

/// How many tenants are in which state, as a table.
pub fn states(counts: &TenantCounts) -> String {
    let number = |state: TenantState| match state {
        TenantState::Pending => counts.pending,
        TenantState::InSync => counts.in_sync,
        TenantState::Outdated => counts.outdated,
        TenantState::Migrating => counts.migrating,
        TenantState::Drifted => counts.drifted,
        TenantState::Failed => counts.failed,
        TenantState::Blocked => counts.blocked,
        TenantState::Unreachable => counts.unreachable,
        TenantState::Removed => counts.removed,
    };
    let rows = TenantState::ALL.iter().filter(|state| number(**state) > 0);
    table(&["STATE", "TENANTS"], &[1], rows.map(|state| vec![state.to_string(), number(*state).to_string()]))
}

/// Those that somebody has to look at, equal reasons together.
pub fn troubles(report: &Report) -> String {
    let mut text = String::new();
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for message in report.tenants.iter().filter_map(|tenant| tenant.message.as_deref()) {
        *said.entry(message).or_default() += 1;
    }
    let states = [
        TenantState::Failed,
        TenantState::Blocked,
        TenantState::Unreachable,
        TenantState::Outdated,
        TenantState::Pending,
    ];
    for state in states {
        let mut reasons: BTreeMap<String, Vec<&TenantStatus>> = BTreeMap::new();
        for tenant in report.tenants.iter().filter(|tenant| tenant.state == state) {
            if let Some(message) = &tenant.message {
                let reason =
                    if said[message.as_str()] > 1 { message.clone() } else { without_tenant(tenant) };
                reasons.entry(reason).or_default().push(tenant);
            }
        }
        let mut reasons: Vec<(String, Vec<&TenantStatus>)> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, tenants)| std::cmp::Reverse(tenants.len()));
        if !reasons.is_empty() {
            let _ = writeln!(text, "\n{state}");
        }
        for (reason, tenants) in reasons {
            let all: Vec<&TenantName> = tenants.iter().map(|tenant| &tenant.name).collect();
            let _ = writeln!(text, "  {}: {}", count(all.len(), "tenant"), names(&all, all.len()));
            let reason = match tenants.as_slice() {
                [one] => own_reason(one).to_owned(),
                _ => reason,
            };
            text.push_str(&super::text::indented(&reason, 4));
        }
    }
    text
}

/// Why a tenant is in its state. That it is about its own schema goes without saying.
fn own_reason(tenant: &TenantStatus) -> &str {
    let message = tenant.message.as_deref().unwrap_or_default();
    let own = tenant.schema.as_ref().and_then(|schema| message.strip_prefix(&format!("schema {schema}: ")));
    own.unwrap_or(message)
}

/// The reason without whom it is about, so that equal ones are equal.
fn without_tenant(tenant: &TenantStatus) -> String {
    let reason = own_reason(tenant);
    let reason = match &tenant.schema {
        Some(schema) => reason.replace(schema.as_str(), "..."),
        None => reason.to_owned(),
    };
    let other = |word| if word == tenant.name.as_str() { "TENANT" } else { word };
    reason.split(' ').map(other).collect::<Vec<&str>>().join(" ")
}

fn databases(report: &Report) -> String {
    let mut text = String::new();
    for database in &report.databases {
        let told = |trouble: &String| {
            let same = |tenant: &TenantStatus| tenant.message.as_ref() == Some(trouble);
            report.tenants.iter().any(|tenant| tenant.database == database.name && same(tenant))
        };
        if let Some(trouble) = database.trouble.as_ref().filter(|trouble| !told(trouble)) {
            let tenants = count(database.tenants, "tenant");
            let _ = write!(
                text,
                "\n{} ({tenants}) cannot be worked with:\n{}",
                database.name,
                super::text::indented(trouble, 4)
            );
        }
    }
    text
}

/// What is worth knowing.
pub fn notes(report: &Report) -> String {
    let mut text = String::new();
    for (at, note) in report.notes.iter().enumerate() {
        let _ = writeln!(text, "{}note: {note}", if at == 0 { "\n" } else { "" });
    }
    text
}

/// What can be done about what the report says.
pub fn next(report: &Report, commands: &Commands) -> Next {
    let mut next = Next::default();
    let counts = &report.counts;
    let state = report.rollout.as_ref().map(|rollout| rollout.state);
    match (state, &report.rollout) {
        (Some(state), Some(rollout)) if !is_over(state) && rollout::unapproved(rollout).is_some() => {
            next.add("plan", commands.fleet("plan", ""));
            if let Some(digest) = rollout::unapproved(rollout) {
                next.add("approve", commands.fleet("apply", &format!("--approve {}", digest.short())));
            }
        }
        (Some(RolloutState::RolledBack | RolloutState::Succeeded), Some(rollout))
            if is_undone(report, rollout) =>
        {
            let pin = rollout.to.revision();
            next.add("stay", format!("set spec.schemaRef.revision: {pin} of tenantset/{}", report.set));
            next.add("go out again", commands.fleet("apply", "--again"));
        }
        (Some(RolloutState::Paused), _) => next.add("go on", commands.fleet("apply", "--resume")),
        (Some(RolloutState::Running | RolloutState::RollingBack), _) => {
            next.add("go on", commands.fleet("apply", ""));
        }
        _ if counts.outdated + counts.pending > 0 || report.revision.as_ref() != Some(&report.target) => {
            next.add("plan", commands.fleet("plan", ""));
            next.add("apply", commands.fleet("apply", ""));
        }
        _ => {}
    }
    if let Some(failed) = one(report, TenantState::Failed) {
        let name = super::text::quoted(failed.as_str());
        next.add("once more", commands.fleet("apply", &format!("--retry {name}")));
        next.add("leave out", commands.fleet("apply", &format!("--skip {name}")));
    }
    if counts.drifted > 0 {
        next.add("drift", commands.fleet("drift", ""));
    }
    departures::next(report, commands, &mut next);
    next
}

fn is_over(state: RolloutState) -> bool {
    use RolloutState::{Failed, RolledBack, Succeeded, Superseded};
    matches!(state, Succeeded | Failed | RolledBack | Superseded)
}

/// Whether the rollout went back from what the definition makes.
fn is_undone(report: &Report, rollout: &RolloutReport) -> bool {
    matches!(rollout.kind, Kind::RollBack { .. }) && rollout.from.as_ref() == Some(&report.target)
}

/// The first tenant in a state, as an example.
fn one(report: &Report, state: TenantState) -> Option<&TenantName> {
    report.tenants.iter().find(|tenant| tenant.state == state).map(|tenant| &tenant.name)
}
