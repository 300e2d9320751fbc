//! A rollout in a few lines: what it is for, how far it is, its waves.

use std::fmt::Write as _;

use tenantry_fleet::rollout::{Kind, RolloutState, WaveProgress};
use tenantry_fleet::{GroupReport, RolloutReport};
use tenantry_planner::Digest;

use super::table::table;
use super::text::{count, grouped};

/// What a rollout is, how far, and its waves.
pub fn rollout(rollout: &RolloutReport) -> String {
    let failed = match rollout.failures.len() {
        0 => String::new(),
        n => format!(", {} failed ({} may)", grouped(n), grouped(rollout.budget)),
    };
    let (done, of) = progress(rollout);
    let mut text = format!(
        "rollout {} ({}): {}, {} of {} done{failed}\n",
        rollout.id,
        way(rollout),
        rollout.state,
        grouped(done),
        count(of, "tenant")
    );
    if let Some(message) = &rollout.message {
        let _ = writeln!(text, "{message}");
    }
    if !rollout.skipped.is_empty() {
        let _ = writeln!(text, "left out: {}", super::text::names(&rollout.skipped, rollout.skipped.len()));
    }
    if rollout.waves.iter().any(|wave| wave.tenants > 0) {
        text.push_str(&waves(&rollout.waves));
    }
    text
}

/// How many tenants have the target, and how many shall have it: those of the waves, and those that are made. How many of
/// these are made is known when all are.
pub fn progress(rollout: &RolloutReport) -> (u32, u32) {
    let made: u32 = rollout.groups.iter().filter(|group| group.way.makes()).map(|group| group.tenants).sum();
    let of: u32 = rollout.waves.iter().map(|wave| wave.tenants).sum();
    let done = if rollout.state == RolloutState::Succeeded { made } else { 0 };
    (rollout.done + done, of + made)
}

/// What has to be approved before all of a rollout can run: the whole, or the one group that is left of it.
pub fn unapproved(rollout: &RolloutReport) -> Option<&Digest> {
    let whole = rollout.digest.as_ref()?;
    let is_approved = |digest: &Digest| rollout.approvals.iter().any(|approved| approved.digest == *digest);
    let waits =
        |group: &&GroupReport| group.needs_approval && !group.digest.as_ref().is_some_and(is_approved);
    let mut waiting = rollout.groups.iter().filter(waits).filter(|_| !is_approved(whole));
    match (waiting.next(), waiting.next()) {
        (None, _) => None,
        (Some(one), None) if rollout.groups.len() > 1 => one.digest.as_ref(),
        _ => Some(whole),
    }
}

/// `7f3c2a91b0 -> 9d02e61f7c`, and what for where it is not simply forward.
pub fn way(rollout: &RolloutReport) -> String {
    let to = rollout.to.revision();
    let from = rollout.from.as_ref().filter(|from| **from != rollout.to);
    let way = from.map_or_else(|| to.to_owned(), |from| format!("{} -> {to}", from.revision()));
    match &rollout.kind {
        Kind::Forward => way,
        Kind::Rest => format!("{way}, what is left of it"),
        Kind::Correction => format!("{way}, drifted tenants back to it"),
        Kind::RollBack { of, automatic: false } => format!("{way}, back from {of}"),
        Kind::RollBack { of, automatic: true } => format!("{way}, back from {of}, which failed"),
    }
}

fn waves(waves: &[WaveProgress]) -> String {
    let rows = waves.iter().map(|wave| {
        let numbers = [wave.tenants, wave.done, wave.failed, wave.running, wave.aside, wave.budget];
        let mut row = vec![wave.name.clone()];
        row.extend(numbers.map(|number| number.to_string()));
        row
    });
    table(&["WAVE", "TENANTS", "DONE", "FAILED", "RUNNING", "ASIDE", "BUDGET"], &[1, 2, 3, 4, 5, 6], rows)
}

/// The waves before anything runs: who is in them, and how many may fail. Nothing where all tenants are made.
pub fn layout(waves: &[WaveProgress]) -> String {
    if waves.iter().all(|wave| wave.tenants == 0) {
        return String::new();
    }
    let rows =
        waves.iter().map(|wave| vec![wave.name.clone(), wave.tenants.to_string(), wave.budget.to_string()]);
    table(&["WAVE", "TENANTS", "MAY-FAIL"], &[1, 2], rows)
}
