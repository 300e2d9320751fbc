//! From starting points to proved plans: once for each group, some at a time.

use std::sync::Arc;

use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::{DatabaseName, Engine, EngineError, Ledger, Proposal, Start, Target};
use tenantry_planner::{Digest, Policy, Rename};
use tokio::task::JoinSet;

use super::ground::{Ground, NoTarget};
use super::members::Wanted;
use super::seen::{self, Seen};
use super::site::next;
use super::{FleetError, Progress};
use crate::rollout::{Group, Verdict, Way};

/// So many plans are proved at once: each holds a shadow.
const AT_ONCE: usize = 2;

/// Where one group shall go.
#[derive(Clone)]
pub(super) struct Task {
    pub wanted: Wanted,
    /// What its databases have in common.
    pub environment: tenantry_engine::Environment,
    /// The rollout's revision.
    pub to: Digest,
    /// The revision that is undone: its names are changed back.
    pub undone: Option<Digest>,
}

/// The groups that could be planned. What could not be tried because of its
/// database is left out: the machine asks for it again.
pub(super) async fn propose_all<D: Engine>(
    ground: &Arc<Ground<D>>,
    tasks: Vec<Task>,
) -> Result<Vec<Group>, FleetError> {
    let of = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
    let mut waiting = tasks.into_iter();
    let mut running = JoinSet::new();
    let mut groups = Vec::new();
    for task in waiting.by_ref().take(AT_ONCE) {
        spawn(ground, &mut running, task);
    }
    let mut planned = 0;
    while let Some((tenants, proposed)) = next(&mut running, ground).await? {
        planned += 1;
        ground.tell(Progress::Planned { group: planned, of, tenants });
        groups.extend(proposed.ok());
        if let Some(task) = waiting.next() {
            spawn(ground, &mut running, task);
        }
    }
    groups.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(groups)
}

fn spawn<D: Engine>(
    ground: &Arc<Ground<D>>,
    running: &mut JoinSet<(u32, Result<Group, EngineError>)>,
    task: Task,
) {
    let ground = Arc::clone(ground);
    running.spawn(async move { (task.wanted.tenants, propose(&ground, &task).await) });
}

/// Plans and proves one group.
///
/// # Errors
/// When it could not be tried, because of the database; everything else is a
/// group that is blocked.
pub(super) async fn propose<D: Engine>(ground: &Ground<D>, task: &Task) -> Result<Group, EngineError> {
    let verdict = match make(ground, task).await {
        Ok(verdict) => verdict,
        Err(NoTarget::Engine(error)) if error.is_transient() => return Err(error),
        Err(error) => Verdict::Blocked(vec![error.to_string()]),
    };
    Ok(Group {
        key: task.wanted.key.clone(),
        revision: task.revision().clone(),
        verdict,
        tenants: task.wanted.tenants,
        examples: Vec::new(),
    })
}

impl Task {
    /// The revision that the group gets.
    fn revision(&self) -> &Digest {
        match &self.wanted.key.way {
            Way::Provision { revision } => revision,
            _ => &self.to,
        }
    }
}

async fn make<D: Engine>(ground: &Ground<D>, task: &Task) -> Result<Verdict, NoTarget> {
    let Wanted { key, example, renamed, databases, .. } = &task.wanted;
    let at = &example.database;
    let target = ground.target(&task.environment, task.revision(), at, true).await?;
    let catalog = match &key.from {
        None => Arc::new(Catalog::empty()),
        Some(from) => starting_catalog(ground, task, from, &target.policy).await?,
    };
    let base = match &key.way {
        Way::Keep { base } => {
            let base = ground.target(&task.environment, base, at, true).await?;
            Some(target.policy.project(&base.catalog))
        }
        _ => None,
    };
    let target = match &task.undone {
        Some(undone) => changing_back(&target, &ground.text(undone).await?.1),
        None => target,
    };
    let start = Start { catalog: &catalog, renamed, base: base.as_ref() };
    let proposal = ground.database(at)?.propose(start, &target).await?;
    // The ledger knows a catalog by its fingerprint alone.
    let from = key.from.as_ref().filter(|_| key.aside.is_none());
    keep(ground, &proposal, databases, from.map(|from| (from, catalog.as_ref()))).await?;
    Ok(Verdict::of(&proposal))
}

/// A target whose hints also change back the names that another revision's hints changed.
fn changing_back(target: &Arc<Target>, undone: &Policy) -> Arc<Target> {
    let mut target = Arc::clone(target);
    if !undone.renames.is_empty() {
        Arc::make_mut(&mut target).policy.renames.extend(undone.renames.iter().map(Rename::reversed));
    }
    target
}

async fn starting_catalog<D: Engine>(
    ground: &Ground<D>,
    task: &Task,
    from: &Fingerprint,
    policy: &Policy,
) -> Result<Arc<Catalog>, EngineError> {
    let example = &task.wanted.example;
    let place = (from.clone(), task.wanted.key.aside.clone());
    if let Some(catalog) = ground.catalog(&place, &example.database).await? {
        return Ok(catalog);
    }
    let mut seen = Seen::default();
    let schema = std::slice::from_ref(&example.schema);
    let keep = |_: &_| Some(place.1.clone());
    seen::inspect(ground, &example.database, schema, policy, &keep, &mut seen).await?;
    let catalog = ground.catalog(&place, &example.database).await?;
    catalog.ok_or_else(|| EngineError::Moved { schema: example.schema.clone() })
}

/// Keeps the plan and its way back where tenants may need them, and the
/// starting point.
async fn keep<D: Engine>(
    ground: &Ground<D>,
    proposal: &Proposal,
    databases: &std::collections::BTreeSet<DatabaseName>,
    from: Option<(&Fingerprint, &Catalog)>,
) -> Result<(), EngineError> {
    let Proposal::Migrate { plan, back, .. } = proposal else { return Ok(()) };
    ground.proved(plan);
    if let Ok(back) = back {
        ground.proved(back);
    }
    if !ground.writes {
        return Ok(());
    }
    for name in databases.iter().chain([&ground.spec.home]) {
        ground.keep(&plan.digest(), plan, name).await?;
        if let Ok(back) = back {
            ground.keep(&back.digest(), back, name).await?;
        }
        if let Some((fingerprint, catalog)) = from {
            ground.database(name)?.ledger().keep_catalog(fingerprint, catalog).await?;
        }
    }
    Ok(())
}
