//! What happened to a set.

use std::fmt::Write as _;

use tenantry_fleet::History;
use tenantry_fleet::rollout::Kind;

use super::commands::{Commands, Next};
use super::rollout::progress;
use super::table::table;
use super::text::{count, moment, took};

/// What `fleet history` says.
pub fn history(history: &History, commands: &Commands) -> String {
    let mut text = format!(
        "{}: {}, {}\n",
        history.set,
        count(history.rollouts.len(), "rollout"),
        count(history.revisions.len(), "revision")
    );
    if !history.rollouts.is_empty() {
        let _ = write!(text, "\n{}", rollouts(history));
    }
    if !history.revisions.is_empty() {
        let rows = history.revisions.iter().map(|kept| {
            let force = if kept.in_force { "yes" } else { "no" };
            vec![kept.revision.revision().to_owned(), force.to_owned(), moment(kept.at)]
        });
        let _ = write!(text, "\n{}", table(&["REVISION", "IN-FORCE", "FIRST-ROLLED-OUT"], &[], rows));
    }
    if !history.events.is_empty() {
        let _ = write!(text, "\n{}", events(history));
    }
    for (at, note) in history.notes.iter().enumerate() {
        let _ = writeln!(text, "{}note: {note}", if at == 0 { "\n" } else { "" });
    }
    let mut next = Next::default();
    if let Some(earlier) = history.revisions.iter().find(|kept| !kept.in_force) {
        next.add("back", commands.fleet("rollback", &format!("--to {}", earlier.revision.revision())));
        let _ = write!(text, "\n{}", next.text());
    }
    text
}

fn rollouts(history: &History) -> String {
    let rows = history.rollouts.iter().map(|rollout| {
        let kind = match rollout.kind {
            Kind::Forward => "forward",
            Kind::Rest => "rest",
            Kind::Correction => "correction",
            Kind::RollBack { automatic: false, .. } => "rollback",
            Kind::RollBack { automatic: true, .. } => "automatic-rollback",
        };
        let (done, of) = progress(rollout);
        let lasted = rollout.started.zip(rollout.ended).map(|(from, to)| to.duration_since(from).as_secs());
        vec![
            rollout.id.clone(),
            kind.to_owned(),
            rollout.from.as_ref().map(|from| from.revision().to_owned()).unwrap_or_default(),
            rollout.to.revision().to_owned(),
            rollout.state.to_string(),
            format!("{done}/{of}"),
            rollout.failures.len().to_string(),
            rollout.approvals.iter().filter_map(|one| one.by.clone()).collect::<Vec<_>>().join(","),
            moment(rollout.started.unwrap_or(rollout.planned)),
            lasted.map(|seconds| format!("{seconds}s")).unwrap_or_default(),
        ]
    });
    let headings =
        ["ROLLOUT", "KIND", "FROM", "TO", "STATE", "DONE", "FAILED", "APPROVED-BY", "STARTED", "TOOK"];
    table(&headings, &[6], rows)
}

/// The outcome last: it may be a sentence.
fn events(history: &History) -> String {
    let rows = history.events.iter().map(|event| {
        let (database, event) = (&event.database, &event.event);
        vec![
            moment(event.at),
            event.tenant.to_string(),
            database.to_string(),
            event.revision.as_ref().map(|done| done.revision().to_owned()).unwrap_or_default(),
            event.rollout.clone(),
            took(event.took_ms).replace(' ', ""),
            event.outcome.clone(),
        ]
    });
    table(&["AT", "TENANT", "DATABASE", "REVISION", "ROLLOUT", "TOOK", "OUTCOME"], &[], rows)
}
