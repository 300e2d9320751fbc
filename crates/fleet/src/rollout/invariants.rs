//! What must never be done, checked apart from the deciding, on what was
//! decided: in tests after each step, and in the program before anything of
//! it is done.

use std::fmt;

use jiff::Timestamp;

use super::decide::Action;
use super::group::{Verdict, Way};
use super::machine::Machine;
use super::member::{Member, Phase};
use super::record::Stage;
use crate::{OnFailure, window};

/// Something that must never be done, and was decided. A fault of the program:
/// it stops rather than do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "refusing to go on: {}. Nothing was done; this is a fault of the program, please report it",
            self.0
        )
    }
}

impl std::error::Error for Violation {}

/// Checks what was just decided, before it is done.
///
/// # Errors
/// The first rule that it would break.
pub fn check(machine: &Machine, actions: &[Action], now: Timestamp) -> Result<(), Violation> {
    let applies: Vec<&Member> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Apply(key) => machine.roster.find(key).map(|at| machine.roster.get(at)),
            _ => None,
        })
        .collect();
    if applies.is_empty() {
        return Ok(());
    }
    concurrency(machine, actions)?;
    for member in &applies {
        one(machine, member).map_err(|rule| Violation(format!("{} {rule}", member.tenant.name)))?;
    }
    if applies.iter().any(|member| member.wave.is_some()) {
        waves(machine, now)?;
    }
    Ok(())
}

/// Never more at once than may be, never one twice.
fn concurrency(machine: &Machine, actions: &[Action]) -> Result<(), Violation> {
    let running = machine.members().iter().filter(|member| member.phase == Phase::Running).count();
    if running > usize::try_from(machine.limits.spec.max_concurrent).unwrap_or(usize::MAX) {
        return Err(Violation(format!("{running} tenants would be changed at once")));
    }
    let mut keys: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Apply(key) => Some(key),
            _ => None,
        })
        .collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() < all {
        return Err(Violation("a tenant would be changed by two at once".to_owned()));
    }
    Ok(())
}

/// Never without a proved plan, an approval where one is needed, or against a
/// person's word.
fn one(machine: &Machine, member: &Member) -> Result<(), String> {
    let rollout = machine.rollout();
    let group = machine.group_of(member).ok_or("has no group")?;
    let Verdict::Migrate(route) = &group.verdict else { return Err("has no proved plan".to_owned()) };
    if member.phase != Phase::Running {
        return Err("is not taken as begun".to_owned());
    }
    if rollout.skipped.contains(&member.tenant.name) {
        return Err("was left out by a person".to_owned());
    }
    if machine.stopping || rollout.has_ended() {
        return Err("would be started though somebody asked to stop".to_owned());
    }
    if member.attempts > machine.limits.spec.retry.attempts {
        return Err(format!("was tried {} times", member.attempts));
    }
    let spec = &machine.limits.spec;
    if group.needs_approval(spec.approval, &rollout.kind, rollout.from.is_none()) {
        let offer = rollout.offer.as_ref().ok_or("was never offered for approval")?;
        let approved = match group.key.way {
            Way::Provision { .. } => offer.making_approved_by(&rollout.approvals, &route.plan),
            _ => offer.approved_by(&rollout.approvals, &route.plan, group.key.from.as_ref(), &member.tenant),
        };
        approved.ok_or("has a plan that nobody approved")?;
    }
    match (&group.key.way, member.wave) {
        (Way::Provision { .. }, None) if Some(&group.revision) == rollout.in_force() => Ok(()),
        (Way::Provision { .. }, None) => Err("would be made at a revision that is not in force".to_owned()),
        (Way::Provision { .. }, Some(_)) | (_, None) => Err("is in the wrong queue".to_owned()),
        _ if group.revision != rollout.to => Err("would get another revision than the rollout's".to_owned()),
        _ => Ok(()),
    }
}

/// Never outside of a running wave, never a later wave before an earlier one
/// is settled and has soaked, never after a budget is spent.
fn waves(machine: &Machine, now: Timestamp) -> Result<(), Violation> {
    let rollout = machine.rollout();
    if rollout.stage != Stage::Running || rollout.started.is_none() {
        return Err(Violation("tenants would be changed though the rollout does not run".to_owned()));
    }
    if !window::open(&machine.limits.spec.windows, now) {
        return Err(Violation("tenants would be changed outside of the windows".to_owned()));
    }
    if machine.limits.spec.on_failure != OnFailure::Continue
        && let Some((_, failed, budget)) = rollout.spent()
    {
        return Err(Violation(format!(
            "{failed} tenants failed where {budget} may, and more would be changed"
        )));
    }
    let running =
        |member: &&Member| matches!(member.phase, Phase::Running | Phase::Applied | Phase::ReadingBack);
    let started = machine.members().iter().filter(running).filter_map(|member| member.wave).max();
    for (at, wave) in rollout.waves.iter().enumerate().take(started.unwrap_or_default()) {
        let open = machine.members().iter().find(|member| member.wave == Some(at) && member.phase.is_open());
        // Those that arrive late, or are tried again, in a wave that is over go
        // along with the current one; none may be there when that begins.
        let begins = rollout.waves.get(rollout.current).is_some_and(|wave| wave.started == Some(now));
        if let Some(open) = open.filter(|_| at >= rollout.current || begins) {
            return Err(Violation(format!(
                "wave {} would begin before {} of wave {} is done",
                rollout.waves.get(at + 1).map_or("", |next| next.name.as_str()),
                open.tenant.name,
                wave.name
            )));
        }
        if wave.tenants > 0 && wave.soaked().is_none_or(|soaked| now < soaked) {
            return Err(Violation(format!("wave {} has not been in sync long enough", wave.name)));
        }
        if wave.tenants > 0 && wave.pause && !wave.resumed {
            return Err(Violation(format!("nobody resumed after wave {}", wave.name)));
        }
    }
    cautious(machine)
}

/// While nothing is proven, never more unconfirmed tenants than
/// may be changed at once: so many may fail beyond the budget, and no more.
fn cautious(machine: &Machine) -> Result<(), Violation> {
    let unconfirmed = machine
        .members()
        .iter()
        .filter(|member| {
            member.wave.is_some()
                && matches!(member.phase, Phase::Running | Phase::Applied | Phase::ReadingBack)
        })
        .count();
    let most = usize::try_from(machine.limits.spec.max_concurrent).unwrap_or(usize::MAX);
    let in_sync = |member: &&Member| {
        machine.group_of(member).is_some_and(|group| group.verdict == Verdict::InSync)
            && matches!(member.phase, Phase::Applied | Phase::ReadingBack)
    };
    let only_looked_at = machine.members().iter().filter(in_sync).count();
    if machine.is_cautious() && unconfirmed.saturating_sub(only_looked_at) > most {
        return Err(Violation(format!(
            "{unconfirmed} tenants would be unconfirmed at once though nothing is proven"
        )));
    }
    Ok(())
}

#[cfg(test)]
impl Machine {
    /// The invariants that hold between steps, whatever is decided.
    pub(crate) fn assert_consistent(&self) {
        use super::member::PhaseKind;
        let mut counted = std::collections::BTreeMap::<PhaseKind, usize>::new();
        for member in self.members() {
            *counted.entry(member.phase.kind()).or_default() += 1;
        }
        for kind in PhaseKind::OPEN {
            let counted = counted.get(&kind).copied().unwrap_or_default();
            assert_eq!(self.roster.count(kind), counted, "the index of {kind:?}");
        }
    }
}
