//! Renames that hints ask for, done on the shadow before anything is compared: the server itself says then how all that
//! mentions the names reads.

use std::collections::BTreeSet;

use tenantry_catalog::{Catalog, Fingerprint, Kind, ObjectId};
use tenantry_engine::EngineError;
use tenantry_planner::postgres::{followers, renames};
use tenantry_planner::{Plan, Policy, Rename, Step, part_aside};

use super::lines;
use crate::shadow::Shadow;

/// What was renamed, and everything that is there since.
pub(super) struct Renamed {
    pub(super) steps: Vec<Step>,
    pub(super) there: Catalog,
}

impl Renamed {
    /// The plan that renames first; `rest` starts from what is there then.
    pub(super) fn before(&self, rest: Plan) -> Plan {
        let first = self.steps.len();
        let commits = rest.commits.iter().map(|at| at + first).collect();
        let steps = self.steps.iter().cloned().chain(rest.steps).collect();
        Plan { steps, commits, ..rest }
    }
}

/// Renames on the shadow what the hints are about; nothing where none applies.
///
/// # Errors
/// What a server says that is not about the schema. Why it cannot be done is an answer.
pub(super) async fn rename(
    shadow: &Shadow,
    here: &Catalog,
    aside: &[(ObjectId, String)],
    to: &Catalog,
    policy: &Policy,
    hints: &[Rename],
) -> Result<Result<Option<Renamed>, Vec<String>>, EngineError> {
    if hints.is_empty() {
        return Ok(Ok(None));
    }
    let (from, _) = part_aside(here, aside);
    let mut steps = match renames(&from, to, hints) {
        Ok(steps) if steps.is_empty() => return Ok(Ok(None)),
        Ok(steps) => steps,
        Err(error) => return Ok(Err(lines(&error))),
    };
    if let Some(reason) = loses_track(&from, to, aside) {
        return Ok(Err(vec![reason]));
    }
    let mut there = match run(shadow, &from, &steps, policy).await? {
        Ok(there) => there,
        Err(reason) => return Ok(Err(vec![reason])),
    };
    let more = followers(&part_aside(&there, aside).0, to, &steps);
    if !more.is_empty() {
        there = match run(shadow, &from, &more, policy).await? {
            Ok(there) => there,
            Err(reason) => return Ok(Err(vec![reason])),
        };
        steps.extend(more);
    }
    Ok(Ok(Some(Renamed { steps, there })))
}

/// What is put aside in a table is known by the table's name.
fn loses_track(from: &Catalog, to: &Catalog, aside: &[(ObjectId, String)]) -> Option<String> {
    let goes = |table: &ObjectId| from.contains(table) && !to.contains(table);
    let (object, _) = aside
        .iter()
        .find(|(object, _)| object.name.len() > 1 && goes(&ObjectId::new(Kind::Table, [object.first()])))?;
    Some(format!(
        "{object} is put aside in a table that is to be renamed: bring it back or drop it first, then rename the table"
    ))
}

async fn run(
    shadow: &Shadow,
    from: &Catalog,
    steps: &[Step],
    policy: &Policy,
) -> Result<Result<Catalog, String>, EngineError> {
    let fingerprint = Fingerprint::of(from);
    let plan =
        Plan { from: fingerprint.clone(), to: fingerprint, steps: steps.to_vec(), commits: BTreeSet::new() };
    match super::run(shadow, &plan).await? {
        Ok(()) => Ok(Ok(policy.project(&shadow.read().await?))),
        Err(reason) => Ok(Err(reason)),
    }
}
