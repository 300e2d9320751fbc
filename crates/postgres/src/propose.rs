//! From one starting point to a target: a plan that was run on a shadow and led there, and the way back (D5, D9).

mod expected;
mod renaming;

use tenantry_catalog::{Catalog, Fact, Fingerprint, Kind, ObjectId, Reference, merge};
use tenantry_engine::{EngineError, Proposal, Start, Target};
use tenantry_planner::postgres::{POPULATED, Postgres};
use tenantry_planner::{
    Difference, HazardKind, Plan, PlanError, Rename, ServerVersion, explain, part_aside, plan_restoring,
};

use self::renaming::rename;
use crate::compile::{Unsettled, refused, settle};
use crate::shadow::{RunError, Shadow, Shadows, Wanted};

/// Plans and proves the way from one starting point, and the way back.
///
/// # Errors
/// What a server says, and where there is no place to prove a plan. That there is no plan is an answer.
pub(crate) async fn propose(
    shadows: &Shadows,
    start: Start<'_>,
    target: &Target,
) -> Result<Proposal, EngineError> {
    let found = target.policy.project(start.catalog);
    let (in_use, _) = part_aside(&found, start.renamed);
    if Fingerprint::of(&in_use) == target.fingerprint {
        return Ok(Proposal::InSync);
    }
    let journey =
        Journey { found: &found, in_use: &in_use, renamed: start.renamed, base: start.base, target };
    let wanted = Wanted::for_schema(&found).and(Wanted::for_schema(&target.catalog));
    match on_shadow(shadows, &wanted, &journey).await? {
        Outcome::Proposed(proposal) => Ok(*proposal),
        Outcome::Commits(without) => {
            let wanted = Wanted { commits: true, ..wanted };
            match (on_shadow(shadows, &wanted, &journey).await, without) {
                (Ok(Outcome::Proposed(proposal)), _) => Ok(*proposal),
                (Ok(Outcome::Commits(_)), _) => {
                    Ok(blocked(["the plan needs commits that its shadow cannot have"]))
                }
                // Only the way back needs them: the way there is proved.
                (Err(EngineError::NoShadow { .. }), Some(proposal)) => Ok(*proposal),
                (Err(error), _) => Err(error),
            }
        }
    }
}

/// Where from and where to.
struct Journey<'a> {
    /// Everything that is there, as the policy sees it.
    found: &'a Catalog,
    /// That without what was renamed aside.
    in_use: &'a Catalog,
    renamed: &'a [(ObjectId, String)],
    base: Option<&'a Catalog>,
    target: &'a Target,
}

/// What came of a try on one shadow.
enum Outcome {
    Proposed(Box<Proposal>),
    /// Something must be committed in between, and this shadow is rolled back. What can be said without that.
    Commits(Option<Box<Proposal>>),
}

async fn on_shadow(
    shadows: &Shadows,
    wanted: &Wanted,
    journey: &Journey<'_>,
) -> Result<Outcome, EngineError> {
    let externals = journey.found.externals().into_iter().chain(journey.target.catalog.externals());
    let shadow = shadows.open(wanted, externals).await?;
    let outcome = journey.travel(&shadow).await;
    match outcome {
        Ok(outcome) => {
            shadow.close().await?;
            Ok(outcome)
        }
        Err(error) => Err(error),
    }
}

impl Journey<'_> {
    /// Makes the starting point on the shadow, plans, runs the plan there, and goes back.
    async fn travel(&self, shadow: &Shadow) -> Result<Outcome, EngineError> {
        let policy = &self.target.policy;
        let server = ServerVersion(shadow.session().server().version_num);
        let made = match self.make(shadow, server).await? {
            Ok(made) => made,
            Err(reasons) => return Ok(proposed(blocked(reasons))),
        };
        let renaming =
            rename(shadow, &made, self.renamed, &self.target.catalog, policy, &policy.renames).await?;
        let renaming = match renaming {
            Ok(renaming) => renaming,
            Err(reasons) => return Ok(proposed(blocked(reasons))),
        };
        let before = renaming.as_ref().map(|_| part_aside(&made, self.renamed).0);
        let made = renaming.as_ref().map_or(made, |renaming| self.as_found(renaming.there.clone()));
        let (from, aside) = part_aside(&made, self.renamed);
        let before = before.as_ref().unwrap_or(&from);
        let to = match self.destination(&from) {
            Ok(to) => to,
            Err(reasons) => return Ok(proposed(blocked(reasons))),
        };
        if renaming.is_none() && Fingerprint::of(&from) == Fingerprint::of(&to) {
            return Ok(proposed(Proposal::InSync));
        }
        let mut plan = match plan_restoring(&Postgres, &from, &aside, &to, policy, server) {
            Ok(plan) => plan,
            Err(error) => return Ok(proposed(blocked(lines(&error)))),
        };
        if let Some(renaming) = &renaming {
            plan = renaming.before(plan);
            // The proof runs what the plan runs, from where that starts (D9).
            if let Err(reasons) = self.make(shadow, server).await? {
                return Ok(proposed(blocked(reasons)));
            }
        }
        let plan = Plan { from: Fingerprint::of(self.in_use), ..plan };
        if !plan.is_atomic() && !shadow.commits() {
            return Ok(Outcome::Commits(None));
        }
        let renamed = [self.renamed, plan.renamed().as_slice()].concat();
        let there = match self.prove(shadow, &plan, &renamed, &to).await? {
            Ok(there) => there,
            Err(reasons) => return Ok(proposed(blocked(reasons))),
        };
        let expected = expected::after(self.in_use, before, &from, &to, &plan);
        let proposal = |plan, back| Proposal::Migrate {
            plan,
            back,
            to: Fingerprint::of(&expected),
            reaches_target: Fingerprint::of(&to) == self.target.fingerprint,
        };
        match self.back(shadow, &plan, &there, &renamed, before, server).await? {
            Back::Proved(back) => Ok(proposed(proposal(plan, Ok(back)))),
            Back::None(reason) => Ok(proposed(proposal(plan, Err(reason)))),
            Back::Commits => {
                let reason =
                    "it takes several transactions, and there is no database in which they could be tried";
                Ok(Outcome::Commits(Some(Box::new(proposal(plan, Err(reason.to_owned()))))))
            }
        }
    }

    /// Makes the starting point on the shadow; or why it cannot be made.
    async fn make(
        &self,
        shadow: &Shadow,
        server: ServerVersion,
    ) -> Result<Result<Catalog, Vec<String>>, EngineError> {
        Ok(match settle(shadow, self.found.clone(), server).await? {
            Ok(made) => Ok(self.as_found(made)),
            Err(Unsettled(reasons)) => {
                let told = |reason| format!("the starting point cannot be reproduced: {reason}");
                Err(reasons.iter().map(told).collect())
            }
        })
    }

    /// What was read on the shadow, with what only the living schema tells.
    fn as_found(&self, made: Catalog) -> Catalog {
        with_references(filled_as(made, self.found), self.found)
    }

    /// The target, or its merge with what is the tenant's own (D20a).
    fn destination(&self, from: &Catalog) -> Result<Catalog, Vec<String>> {
        match self.base {
            None => Ok(self.target.catalog.clone()),
            Some(base) => merge(base, &self.target.catalog, from)
                .map_err(|collisions| collisions.iter().map(ToString::to_string).collect()),
        }
    }

    /// Runs a plan and looks where it led. Everything that is there afterwards; or why it is not what was wanted.
    async fn prove(
        &self,
        shadow: &Shadow,
        plan: &Plan,
        renamed: &[(ObjectId, String)],
        wanted: &Catalog,
    ) -> Result<Result<Catalog, Vec<String>>, EngineError> {
        if let Err(reason) = run(shadow, plan).await? {
            return Ok(Err(vec![reason]));
        }
        let policy = &self.target.policy;
        let there = policy.project(&shadow.read().await?);
        let (in_use, _) = part_aside(&there, renamed);
        if Fingerprint::of(&in_use) == Fingerprint::of(wanted) {
            return Ok(Ok(there));
        }
        let server = ServerVersion(shadow.session().server().version_num);
        let differences = explain(&Postgres, wanted, &in_use, policy, server);
        let mut reasons = vec!["the plan was tried, and does not lead where it should".to_owned()];
        reasons.extend(differences.iter().map(told));
        Ok(Err(reasons))
    }

    /// The way back, from where the plan led.
    async fn back(
        &self,
        shadow: &Shadow,
        plan: &Plan,
        there: &Catalog,
        renamed: &[(ObjectId, String)],
        from: &Catalog,
        server: ServerVersion,
    ) -> Result<Back, EngineError> {
        if let Some(loss) = plan.hazards().find(|hazard| loses(hazard.kind)) {
            return Ok(Back::None(format!("{}: {}", loss.object, loss.detail)));
        }
        let there = filled_as(there.clone(), self.found);
        let policy = &self.target.policy;
        let hints: Vec<Rename> = policy.renames.iter().map(Rename::reversed).collect();
        let renaming = match rename(shadow, &there, renamed, from, policy, &hints).await? {
            Ok(renaming) => renaming,
            Err(reasons) => return Ok(Back::None(reasons.join("; "))),
        };
        let start = renaming.as_ref().map(|_| Fingerprint::of(&part_aside(&there, renamed).0));
        let there = renaming.as_ref().map_or(there, |done| filled_as(done.there.clone(), self.found));
        let (here, aside) = part_aside(&there, renamed);
        let mut back = match plan_restoring(&Postgres, &here, &aside, from, policy, server) {
            Ok(back) => back,
            Err(error) => return Ok(Back::None(lines(&error).join("; "))),
        };
        if let (Some(renaming), Some(start)) = (&renaming, start) {
            back = Plan { from: start, ..renaming.before(back) };
            if let Err(reason) = self.go_again(shadow, plan, server).await? {
                return Ok(Back::None(reason));
            }
        }
        if !back.is_atomic() && !shadow.commits() {
            return Ok(Back::Commits);
        }
        let renamed = [renamed, back.renamed().as_slice()].concat();
        Ok(match self.prove(shadow, &back, &renamed, from).await? {
            Ok(_) => Back::Proved(back),
            Err(reasons) => Back::None(reasons.join("; ")),
        })
    }
}

impl Journey<'_> {
    /// Makes the starting point anew, and goes where the plan leads.
    async fn go_again(
        &self,
        shadow: &Shadow,
        plan: &Plan,
        server: ServerVersion,
    ) -> Result<Result<(), String>, EngineError> {
        if let Err(reasons) = self.make(shadow, server).await? {
            return Ok(Err(reasons.join("; ")));
        }
        run(shadow, plan).await
    }
}

/// Runs a plan on the shadow; or what the server refused.
async fn run(shadow: &Shadow, plan: &Plan) -> Result<Result<(), String>, EngineError> {
    match shadow.run_plan(plan).await {
        Ok(()) => Ok(Ok(())),
        Err(RunError::Engine(error)) => Err(error),
        Err(RunError::Statement(failed)) => Ok(Err(refused(plan, &failed))),
    }
}

/// What was made, resting on what the schema that was found rests on too: where a foreign key has several indexes to choose
/// from, the living one may rest on another than the one that was made after it.
fn with_references(made: Catalog, found: &Catalog) -> Catalog {
    let mut made = made;
    let known: Vec<ObjectId> = made.facts().map(|fact| fact.id.clone()).collect();
    for id in known {
        for on in found.depends_on(&id).filter(|on| found.contains(on)) {
            if made.contains(on) {
                made.refer(id.clone(), Reference::Inside(on.clone()));
            }
        }
    }
    made
}

/// What was made on a shadow, where no materialized view is filled, with those filled that are so where it was found, and
/// those that only a plan makes.
fn filled_as(made: Catalog, found: &Catalog) -> Catalog {
    let mut made = made;
    let views: Vec<Fact> = made.of_kind(Kind::MaterializedView).cloned().collect();
    for mut view in views {
        let filled = found.get(&view.id).is_none_or(|view| view.is(POPULATED));
        view.attributes.insert(POPULATED.to_owned(), filled.into());
        made.insert(view);
    }
    made
}

fn proposed(proposal: Proposal) -> Outcome {
    Outcome::Proposed(Box::new(proposal))
}

/// Whether there is a way back.
enum Back {
    Proved(Plan),
    /// There is none, and why.
    None(String),
    /// It must be committed in between.
    Commits,
}

/// Whether what was there does not come back, whatever a plan does.
fn loses(kind: HazardKind) -> bool {
    matches!(kind, HazardKind::DropsData | HazardKind::ChangesValues | HazardKind::Irreversible)
}

fn blocked<S: Into<String>>(reasons: impl IntoIterator<Item = S>) -> Proposal {
    Proposal::Blocked { reasons: reasons.into_iter().map(Into::into).collect() }
}

/// Why there is no plan, a line an object.
fn lines(error: &PlanError) -> Vec<String> {
    error.to_string().lines().map(str::to_owned).collect()
}

/// A difference in one line.
fn told(difference: &Difference) -> String {
    let side = |lines: &[String]| lines.join(" ");
    match (side(&difference.declared), side(&difference.found)) {
        (wanted, found) if wanted.is_empty() && found.is_empty() => difference.sentence.clone(),
        (wanted, found) => format!("{} (wanted: {wanted}; found: {found})", difference.sentence),
    }
}
