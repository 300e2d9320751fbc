//! `history`: rollouts, and the revisions that one can go back to, newest first.

use std::fmt::Write as _;

use kube::ResourceExt as _;
use serde_json::{Value, json};
use tenantry_api::{SchemaRevision, SchemaRollout, TenantSet};

use super::client::Cluster;
use super::scene::{made, revisions, rollouts};
use super::words::{Kubectl, revision};
use super::{answer, rollback};
use crate::args::SetArgs;
use crate::output::Next;
use crate::output::table::table;
use crate::output::text::{count, moment, took};
use crate::{Failure, Outcome};

/// What is kept of a set's past, newest first.
pub struct Past {
    /// The set.
    pub set: TenantSet,
    /// Its rollouts.
    pub rollouts: Vec<SchemaRollout>,
    /// Its definition's revisions.
    pub revisions: Vec<SchemaRevision>,
}

impl Past {
    /// Reads it.
    pub async fn read(cluster: &Cluster, name: &str) -> Result<Self, super::ClusterError> {
        let set: TenantSet = cluster.one(name).await?;
        let rollouts = rollouts(cluster, name).await?;
        let revisions = revisions(cluster, &set.spec.schema_ref.name).await?;
        Ok(Self { set, rollouts, revisions })
    }

    /// The revision in force.
    pub fn in_force(&self) -> Option<&str> {
        self.set.status.as_ref().and_then(|status| status.revision.as_deref()).map(revision)
    }
}

/// Says what happened to a set.
pub async fn run(args: &SetArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.cluster).await?;
    let past = Past::read(&cluster, &args.set).await?;
    answer(args.output, || self::json(&past), || text(&past, &Kubectl::new(&args.cluster)))?;
    Ok(Outcome::Fine)
}

fn json(past: &Past) -> Value {
    let rollouts: Vec<Value> = past
        .rollouts
        .iter()
        .map(|one| {
            json!({ "name": one.name_any(), "made": made(one), "spec": one.spec, "status": one.status })
        })
        .collect();
    let revisions: Vec<Value> = past
        .revisions
        .iter()
        .map(|one| {
            let spec = &one.spec;
            let in_force = Some(revision(&spec.revision)) == past.in_force();
            json!({ "revision": spec.revision, "contentHash": spec.content_hash, "number": spec.number,
                "made": made(one), "inForce": in_force })
        })
        .collect();
    json!({ "set": past.set.name_any(), "rollouts": rollouts, "revisions": revisions })
}

fn text(past: &Past, kubectl: &Kubectl) -> String {
    let name = past.set.name_any();
    let (rollouts, revisions) = (past.rollouts.len(), past.revisions.len());
    let mut text = format!("{name}: {}, {}\n", count(rollouts, "rollout"), count(revisions, "revision"));
    if rollouts > 0 {
        let headings = ["ROLLOUT", "FROM", "TO", "STATE", "DONE", "FAILED", "APPROVED-BY", "STARTED", "TOOK"];
        let _ = write!(text, "\n{}", table(&headings, &[5], past.rollouts.iter().map(rollout)));
    }
    if revisions > 0 {
        let rows = past.revisions.iter().map(|one| {
            let digits = revision(&one.spec.revision);
            let force = if Some(digits) == past.in_force() { "yes" } else { "no" };
            let made = made(one).map(moment).unwrap_or_default();
            vec![digits.to_owned(), one.spec.number.to_string(), force.to_owned(), made]
        });
        let _ = write!(text, "\n{}", table(&["REVISION", "NUMBER", "IN-FORCE", "MADE"], &[1], rows));
    }
    if let Some(before) = rollback::before(past) {
        let mut next = Next::default();
        next.add("back", kubectl.tenantry("rollback", &name, &format!("--to {before}")));
        let _ = write!(text, "\n{}", next.text());
    }
    text
}

fn rollout(rollout: &SchemaRollout) -> Vec<String> {
    let status = rollout.status.clone().unwrap_or_default();
    let started = status.start_time.as_ref().map(|time| time.0);
    let lasted = started.zip(status.completion_time.as_ref().map(|time| time.0));
    let lasted =
        lasted.map(|(from, to)| i64::try_from(to.duration_since(from).as_millis()).unwrap_or(i64::MAX));
    vec![
        rollout.name_any(),
        rollout.spec.from.as_deref().map(revision).unwrap_or_default().to_owned(),
        revision(&rollout.spec.to).to_owned(),
        status.state.map(|state| format!("{state:?}")).unwrap_or_default(),
        status.done.unwrap_or_default(),
        status.failed.unwrap_or_default().to_string(),
        rollout.spec.approvals.iter().filter_map(|one| one.by.clone()).collect::<Vec<_>>().join(","),
        started.map(moment).unwrap_or_default(),
        lasted.map(|ms| took(ms).replace(' ', "")).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::{kubectl, past};

    #[test]
    fn golden() {
        insta::assert_snapshot!("history", text(&past(), &kubectl()));
    }
}
