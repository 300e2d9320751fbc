//! From what is wanted to a rollout that can run: look, claim, plan, offer.

use std::collections::BTreeSet;
use std::sync::Arc;

use tenantry_engine::{Engine, EngineError, Ledger, RevisionRecord, RolloutRecord, TenantName};
use tenantry_planner::Digest;

use super::claims::{claim_all, note_others};
use super::goal::{self, Goal, Next};
use super::ground::{Ground, NoTarget};
use super::look::{Look, Word, look};
use super::members::{has_work, kind_of_rest, members, starting_points};
use super::propose::{Task, propose_all};
use super::seen::Depth;
use super::settle::write_down;
use super::site::{Home, read_home, read_sites};
use super::{FleetError, Options};
use crate::rollout::{
    Group, Kind, Limits, Machine, Offer, Order, Rollout, RolloutState, Stage, Way, resolve_digest,
};
use crate::survey::Found;

/// What is wanted.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// To where the definition leads.
    Forward,
    /// Back, to a revision or to the one before.
    Back { to: Option<String>, automatic: bool },
}

/// A rollout that can run, or that nothing is to be done.
pub(super) struct Prepared {
    pub look: Look,
    pub to: Digest,
    /// `None` when there is nothing to do.
    pub machine: Option<Machine>,
    /// The version of its record; 0 for one that is not kept yet.
    pub version: i64,
    /// Whether an earlier run began it.
    pub resumed: bool,
    /// It failed, and is to be undone before anything else.
    pub undo: bool,
}

impl Prepared {
    /// There is nothing to do.
    fn idle(look: Look, to: Digest) -> Self {
        Self { look, to, machine: None, version: 0, resumed: false, undo: false }
    }

    /// An earlier run began it.
    fn taken_up(look: Look, to: Digest, machine: Machine, version: i64) -> Self {
        Self { machine: Some(machine), version, resumed: true, ..Self::idle(look, to) }
    }
}

impl<D: Engine> Ground<D> {
    pub(super) fn home_failed(&self, error: EngineError) -> FleetError {
        FleetError::Database { database: self.spec.home.clone(), error: Box::new(error) }
    }

    /// The revision that the definition makes, or that is pinned.
    pub(super) async fn wanted(&self) -> Result<Digest, FleetError> {
        match &self.spec.definition.pinned {
            None => Ok(self.declared.clone()),
            Some(digits) if self.declared.as_str().starts_with(digits.as_str()) => Ok(self.declared.clone()),
            Some(digits) => {
                goal::named(digits, self.revisions().await.map_err(|error| self.home_failed(error))?)
            }
        }
    }
}

/// Where the set is to go.
async fn goal<D: Engine>(
    ground: &Ground<D>,
    home: &Home,
    wish: &Wish,
    options: &Options,
) -> Result<Goal, FleetError> {
    let rollouts: Vec<&Rollout> = home.rollouts.iter().map(|kept| &kept.rollout).collect();
    let (to, automatic) = match wish {
        Wish::Forward => return goal::forward(home.latest(), &ground.wanted().await?, options.again),
        Wish::Back { to, automatic } => (to, *automatic),
    };
    let wanted = match to {
        None => None,
        Some(digits) => {
            let revisions = ground.revisions().await.map_err(|error| ground.home_failed(error))?;
            Some(goal::named(digits, revisions)?)
        }
    };
    goal::back(&rollouts, wanted.as_ref(), automatic)?
        .ok_or_else(|| FleetError::NoEarlierRevision(ground.spec.name.clone()))
}

/// Prepares a rollout. With `claims` the schemas are claimed.
pub(super) async fn prepare<D: Engine>(
    ground: &Arc<Ground<D>>,
    wish: &Wish,
    options: &Options,
    claims: bool,
) -> Result<Prepared, FleetError> {
    let sites = read_sites(ground, ground.writes).await?;
    let home = read_home(ground, &sites).await?;
    if let Some(reason) = home.trouble.clone() {
        return Err(FleetError::Home { database: ground.spec.home.clone(), reason });
    }
    let goal = goal(ground, &home, wish, options).await?;
    let word = Word {
        let_go: options.let_go,
        brings_back: claims && ground.writes && matches!(wish, Wish::Forward),
    };
    let mut look = look(ground, sites, home, &goal.to, word, Depth::Whole).await?;
    not_emptied(ground, &look, &goal.to)?;
    write(ground, &mut look, &goal.to).await?;
    if goal.next == Next::Undo {
        return Ok(Prepared { resumed: true, undo: true, ..Prepared::idle(look, goal.to) });
    }
    if claims {
        claim(ground, &mut look, &goal.to, options).await?;
    } else {
        note_others(ground, &mut look).await;
    }
    rollout(ground, look, goal, options).await
}

/// A definition without any object is taken at its word only when told to.
pub(super) fn not_emptied<D: Engine>(ground: &Ground<D>, look: &Look, to: &Digest) -> Result<(), FleetError> {
    let definition = &ground.spec.definition;
    let is_empty = |environment: &str| {
        ground.made_target(environment, to).is_some_and(|target| target.catalog.is_empty())
    };
    let emptied = look.sites.keys().filter_map(|name| look.environment(name)).any(is_empty);
    if emptied && !definition.allow_empty && *to == ground.declared {
        return Err(FleetError::EmptyDefinition(definition.name.clone()));
    }
    Ok(())
}

/// Writes down what was found. A database that cannot be written to is told,
/// and holds up none of the others.
async fn write<D: Engine>(ground: &Ground<D>, look: &mut Look, to: &Digest) -> Result<(), FleetError> {
    if let Err((name, error)) = write_down(ground, look, to).await {
        look.notes.push(format!("{name}: what was found could not be written down: {error}"));
    }
    Ok(())
}

/// Claims what is about to be changed, and what no ledger knows yet.
async fn claim<D: Engine>(
    ground: &Ground<D>,
    look: &mut Look,
    to: &Digest,
    options: &Options,
) -> Result<(), FleetError> {
    let fingerprints = look.revisions.clone();
    let environments: std::collections::BTreeMap<_, _> = look
        .sites
        .keys()
        .filter_map(|name| Some((name.clone(), look.environment(name)?.to_owned())))
        .collect();
    let wanted = |subject: &super::look::Subject| match &subject.found {
        Found::Unreachable(_) => false,
        Found::Absent => true,
        Found::At { fingerprint, .. } => {
            let environment = environments.get(&subject.tenant.key.database);
            let target =
                environment.and_then(|environment| fingerprints.get(&(environment.clone(), to.clone())));
            target != Some(fingerprint)
        }
    };
    for (name, error) in claim_all(ground, look, options.take_over, wanted).await {
        let message = format!("its tenants could not be claimed: {error}");
        look.notes.push(format!("{name}: {message}"));
        look.unreachable(&name, &message);
    }
    write(ground, look, to).await
}

/// The rollout that leads to the goal: the one that is kept, or a new one.
async fn rollout<D: Engine>(
    ground: &Arc<Ground<D>>,
    look: Look,
    goal: Goal,
    options: &Options,
) -> Result<Prepared, FleetError> {
    let latest = look.home.rollouts.first().cloned();
    let started = latest.as_ref().is_some_and(|kept| kept.rollout.started.is_some());
    let to = goal.to.clone();
    if let (Next::TakeUp, Some(kept), true) = (&goal.next, &latest, started) {
        let course = ground.course(&to, &to, options);
        let members = members(&look, &course);
        let machine = machine(ground, kept.rollout.clone(), members, &look);
        return Ok(Prepared::taken_up(look, to, machine, kept.version));
    }
    let kind = match (&goal.next, &latest) {
        (Next::Begin(kind), _) => kind.clone(),
        (_, Some(kept)) => kept.rollout.kind.clone(),
        (_, None) => Kind::Forward,
    };
    let Some(fresh) = fresh(ground, &look, &goal, kind, options).await? else {
        return Ok(Prepared::idle(look, to));
    };
    if let (Next::TakeUp, Some(kept)) = (&goal.next, &latest)
        && stands(ground, &kept.rollout, fresh.rollout(), options)
    {
        let members = fresh
            .members()
            .iter()
            .filter_map(|member| look.subjects.get(&member.tenant.key))
            .filter_map(|subject| {
                let made_at = made_at(&goal, fresh.rollout());
                let course = ground.course(&to, &made_at, options);
                Some((subject.tenant.clone(), super::members::place_of(&look, &course, subject)?))
            })
            .collect();
        let machine = machine(ground, kept.rollout.clone(), members, &look);
        return Ok(Prepared::taken_up(look, to, machine, kept.version));
    }
    Ok(Prepared { machine: Some(fresh), ..Prepared::idle(look, to) })
}

fn machine<D: Engine>(
    ground: &Ground<D>,
    rollout: Rollout,
    members: Vec<(tenantry_engine::Tenant, crate::rollout::Place)>,
    look: &Look,
) -> Machine {
    Machine::new(rollout, Limits::of(&ground.spec.rollout), members, look.total(), ground.now())
}

/// At which revision missing schemas are made: at the one in force as long as
/// a person has to approve the next one.
fn made_at(goal: &Goal, rollout: &Rollout) -> Digest {
    let waits = rollout.offer.is_some() && rollout.approvals.is_empty() && rollout.started.is_none();
    match &goal.from {
        Some(from) if waits => from.clone(),
        _ => goal.to.clone(),
    }
}

/// A rollout that has not begun, with everything planned; `None` when there is
/// nothing to do.
async fn fresh<D: Engine>(
    ground: &Arc<Ground<D>>,
    look: &Look,
    goal: &Goal,
    kind: Kind,
    options: &Options,
) -> Result<Option<Machine>, FleetError> {
    let taken: Vec<&Rollout> = look.home.rollouts.iter().map(|kept| &kept.rollout).collect();
    let id = goal::name(&ground.spec.name, &goal.to, &taken, look.home.all, ground.now());
    let skipped = carried(look, &goal.to);
    let first = members(look, &ground.course(&goal.to, &goal.to, options));
    let idle = !has_work(&first, &skipped);
    let kind = match kind {
        Kind::Rest | Kind::Correction if idle => return Ok(None),
        Kind::Rest | Kind::Correction => kind_of_rest(look, &goal.to, &first),
        kind => kind,
    };
    if look.total() == 0 {
        return Ok(None);
    }
    let mut rollout = Rollout::new(id, kind, goal.from.clone(), goal.to.clone(), ground.now());
    rollout.skipped = skipped;
    if let Some(approved) = approved_before(look, &goal.to).filter(|_| rollout.kind == Kind::Rest) {
        rollout.offer.clone_from(&approved.offer);
        rollout.approvals.clone_from(&approved.approvals);
    }
    rollout.groups = plan(ground, look, &first, &rollout).await?;
    let machine = machine(ground, rollout.clone(), first.clone(), look);
    let made_at = match approving(machine.rollout().offer.as_ref(), ground, options) {
        true => goal.to.clone(),
        false => made_at(goal, machine.rollout()),
    };
    let makes = first.iter().any(|(_, place)| {
        matches!(place, crate::rollout::Place::Start(key) if matches!(key.way, Way::Provision { .. }))
    });
    if made_at == goal.to || !makes {
        return Ok(Some(machine));
    }
    let second = members(look, &ground.course(&goal.to, &made_at, options));
    rollout.groups = plan(ground, look, &second, &rollout).await?;
    Ok(Some(self::machine(ground, rollout, second, look)))
}

/// Who was left out of the last rollout to the same revision stays so.
fn carried(look: &Look, to: &Digest) -> Vec<TenantName> {
    look.home
        .latest()
        .filter(|latest| latest.to == *to)
        .map(|latest| latest.skipped.clone())
        .unwrap_or_default()
}

/// The last rollout of this revision that somebody approved: that holds for those that it did not reach (D18).
fn approved_before<'a>(look: &'a Look, to: &Digest) -> Option<&'a Rollout> {
    let rollouts = look.home.rollouts.iter().map(|kept| &kept.rollout);
    rollouts.take_while(|rollout| rollout.to == *to).find(|rollout| !rollout.approvals.is_empty())
}

/// Plans the starting points of some tenants that the rollout has no group for.
async fn plan<D: Engine>(
    ground: &Arc<Ground<D>>,
    look: &Look,
    members: &[(tenantry_engine::Tenant, crate::rollout::Place)],
    rollout: &Rollout,
) -> Result<Vec<Group>, FleetError> {
    let mut groups = Vec::new();
    let mut tasks = Vec::new();
    for wanted in starting_points(look, members) {
        if let Some(group) = rollout.groups.iter().find(|group| group.key == wanted.key) {
            groups.push(group.clone());
            continue;
        }
        let site = look.sites.get(&wanted.example.database);
        if let Some(environment) = site.and_then(|site| site.environment.clone()) {
            tasks.push(Task {
                wanted,
                environment,
                to: rollout.to.clone(),
                undone: rollout.undone().cloned(),
            });
        }
    }
    groups.extend(propose_all(ground, tasks).await?);
    groups.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(groups)
}

/// Whether a rollout that was offered is gone on with: what was offered still
/// stands, or a person approves it as it was. Then those who came later, or are
/// somewhere else by now, wait for an approval of their own.
fn stands<D: Engine>(ground: &Ground<D>, kept: &Rollout, fresh: &Rollout, options: &Options) -> bool {
    let same_statements = kept.groups.iter().all(|group| {
        let now = fresh.groups.iter().find(|other| other.key == group.key);
        now.is_none_or(|now| now.verdict == group.verdict)
    });
    still_offered(kept.offer.as_ref(), fresh.offer.as_ref())
        || same_statements && approving(kept.offer.as_ref(), ground, options)
}

/// Whether what was offered still stands: the same statements for the same
/// tenants, or for fewer (D18).
fn still_offered(old: Option<&Offer>, new: Option<&Offer>) -> bool {
    let (old, new) = match (old, new) {
        (None, None) => return true,
        (Some(old), Some(new)) => (old, new),
        _ => return false,
    };
    new.groups.iter().filter(|group| group.from.is_some()).all(|group| {
        let before = old.groups.iter().find(|other| other.plan == group.plan && other.from == group.from);
        before.is_some_and(|before| {
            group.tenants.iter().all(|(database, names)| {
                before.tenants.get(database).is_some_and(|others| names.is_subset(others))
            })
        })
    })
}

/// Whether a person approves in this call something that is offered.
fn approving<D: Engine>(offer: Option<&Offer>, ground: &Ground<D>, options: &Options) -> bool {
    let Some(offer) = offer else { return false };
    let in_git = ground.spec.rollout.approved_digest.as_ref().is_some_and(|digest| offer.knows(digest));
    in_git || options.approve.iter().any(|typed| resolve_digest(typed, offer.digests()).is_ok())
}

/// Carries out what a person says about a rollout: approvals first.
pub(super) fn give_orders<D: Engine>(
    ground: &Ground<D>,
    machine: &mut Machine,
    options: &Options,
) -> Result<Option<String>, FleetError> {
    let now = ground.now();
    let mut note = None;
    let offer = machine.rollout().offer.clone();
    let mut approved = BTreeSet::new();
    let is_meant = options.about.as_ref().is_none_or(|about| *about == machine.rollout().id);
    let (approve, orders) = match is_meant {
        true => (options.approve.as_slice(), options.orders.as_slice()),
        false => Default::default(),
    };
    for typed in approve {
        let Some(offer) = &offer else {
            let id = &machine.rollout().id;
            return Err(FleetError::NothingToApprove(format!("rollout {id} goes without one")));
        };
        approved.insert((resolve_digest(typed, offer.digests())?, options.by.clone()));
    }
    if let Some(digest) = &ground.spec.rollout.approved_digest
        && let Some(offer) = &offer
    {
        if offer.knows(digest) {
            approved.insert((digest.clone(), Some("spec.rollout.approvedDigest".to_owned())));
        } else {
            note = Some(format!(
                "spec.rollout.approvedDigest {} approves nothing that is offered; what is offered is {}",
                digest.short(),
                offer.digest.short()
            ));
        }
    }
    for (digest, by) in approved {
        machine.order(Order::Approve { digest, by }, now).map_err(FleetError::Order)?;
    }
    for order in orders {
        machine.order(order.clone(), now).map_err(FleetError::Order)?;
    }
    Ok(note)
}

/// Writes down that a rollout begins, and that those before it are over. With
/// `record` its own record is written too.
pub(super) async fn keep<D: Engine>(
    ground: &Ground<D>,
    prepared: &mut Prepared,
    record: bool,
) -> Result<(), FleetError> {
    let beginning = prepared.machine.as_ref().filter(|_| !prepared.resumed).map(Machine::rollout).cloned();
    let failed = |error| ground.home_failed(error);
    let ledger = ground.database(&ground.spec.home).map_err(failed)?.ledger();
    if let Some(rollout) = &beginning {
        let (sources, policy) = ground.text(&rollout.to).await.map_err(|error| match error {
            NoTarget::Engine(error) => ground.home_failed(error),
            NoTarget::Unknown(revision) => FleetError::Revision(NoTarget::Unknown(revision).to_string()),
        })?;
        let revision = RevisionRecord { revision: rollout.to.clone(), sources, policy, at: ground.now() };
        ledger.keep_revision(ground.set(), &revision).await.map_err(failed)?;
    }
    close_older(
        ground,
        &mut prepared.look.home,
        prepared.machine.as_ref().map(Machine::rollout),
        prepared.resumed,
    )
    .await?;
    if let Some(rollout) = beginning.filter(|_| record) {
        save(ground, &rollout, 1).await?;
        prepared.version = 1;
    }
    Ok(())
}

/// Ends the records of rollouts that another one took the place of.
pub(super) async fn close_older<D: Engine>(
    ground: &Ground<D>,
    home: &mut Home,
    current: Option<&Rollout>,
    resumed: bool,
) -> Result<(), FleetError> {
    let undone = current.and_then(|current| match &current.kind {
        Kind::RollBack { of, .. } => {
            Some((of.clone(), current.stage == Stage::Ended(RolloutState::RolledBack)))
        }
        _ => None,
    });
    let going_on = current.filter(|_| resumed).map(|current| current.id.clone());
    for kept in &mut home.rollouts {
        if kept.rollout.has_ended() || going_on.as_ref() == Some(&kept.rollout.id) {
            continue;
        }
        let state = match &undone {
            Some((of, ended)) if *of == kept.rollout.id && kept.rollout.stage == Stage::RollingBack => {
                if !ended {
                    continue;
                }
                RolloutState::RolledBack
            }
            _ => RolloutState::Superseded,
        };
        kept.rollout.stage = Stage::Ended(state);
        kept.rollout.ended = Some(ground.now());
        save(ground, &kept.rollout, kept.version + 1).await?;
        kept.version += 1;
    }
    Ok(())
}

async fn save<D: Engine>(ground: &Ground<D>, rollout: &Rollout, version: i64) -> Result<(), FleetError> {
    let record = RolloutRecord {
        id: rollout.id.clone(),
        set: ground.set().to_owned(),
        version,
        state: rollout.write()?,
        at: ground.now(),
    };
    let failed = |error| ground.home_failed(error);
    ground.database(&ground.spec.home).map_err(failed)?.ledger().save_rollout(&record).await.map_err(failed)
}
