//! A TenantSet with what belongs to it, as it was read, and how it stands.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use serde::Serialize;
use tenantry_api::conditions::{reasons, types};
use tenantry_api::schema_rollout::{RolloutState, SchemaRolloutStatus};
use tenantry_api::tenant_set::{TenantCounts, TenantSetStatus, TenantStatus};
use tenantry_api::{SchemaRevision, SchemaRollout, TenantSet, TenantSlice};

use super::client::Cluster;
use super::error::ClusterError;
use super::words::revision;

/// A TenantSet, and the rollout that goes on or was the last one.
pub struct Scene {
    /// The set.
    pub set: TenantSet,
    /// Its rollout, if it has had one.
    pub rollout: Option<SchemaRollout>,
}

/// How a set stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Standing {
    /// All is as its spec wants it.
    Ready,
    /// Something is being done, or is about to be.
    Working,
    /// Nothing goes on until a person does something.
    NeedsPerson,
    /// The operator has never said anything about it.
    NotLookedAt,
}

impl Scene {
    /// Reads the set of that name.
    pub async fn read(cluster: &Cluster, name: &str) -> Result<Self, ClusterError> {
        Self::of(cluster, cluster.one(name).await?).await
    }

    /// Reads what belongs to a set.
    pub async fn of(cluster: &Cluster, set: TenantSet) -> Result<Self, ClusterError> {
        let named = set.status.as_ref().and_then(|status| status.rollout_ref.as_ref());
        let rollout = match named {
            Some(named) => cluster.find(&named.name).await?,
            None => None,
        };
        Ok(Self { set, rollout })
    }

    /// The set's name.
    pub fn name(&self) -> String {
        self.set.name_any()
    }

    /// What the operator says of the set.
    pub fn status(&self) -> TenantSetStatus {
        self.set.status.clone().unwrap_or_default()
    }

    /// What the operator says of the rollout.
    pub fn rollout_status(&self) -> Option<&SchemaRolloutStatus> {
        self.rollout.as_ref().and_then(|rollout| rollout.status.as_ref())
    }

    /// How many tenants are in which state.
    pub fn counts(&self) -> TenantCounts {
        self.set.status.as_ref().and_then(|status| status.tenants).unwrap_or_default()
    }

    /// Whether the operator has seen the spec of the set as it is.
    pub fn is_seen(&self) -> bool {
        let seen = self.set.status.as_ref().and_then(|status| status.observed_generation);
        seen >= self.set.metadata.generation
    }

    /// Whether the operator has seen all orders to the rollout.
    pub fn orders_are_seen(&self) -> bool {
        self.rollout.as_ref().is_none_or(|rollout| {
            let seen = rollout.status.as_ref().and_then(|status| status.observed_generation);
            seen >= rollout.metadata.generation
        })
    }

    /// Whether what was ordered may be about to begin: the operator sees an order first and carries it out then, and what it says
    /// of the set in between is about the time before.
    pub fn may_be_about_to_begin(&self) -> bool {
        self.is_order_fresh() || self.is_revision_to_come()
    }

    /// Whether somebody gave the rollout an order after the set came to where it stands.
    fn is_order_fresh(&self) -> bool {
        let Some(rollout) = &self.rollout else { return false };
        let answers = [types::STALLED, types::AWAITING_APPROVAL, types::PAUSED, types::DRIFTED];
        let status = self.status();
        let since = status
            .conditions
            .iter()
            .filter(|condition| condition.status == "True" && answers.contains(&condition.type_.as_str()))
            .map(|condition| condition.last_transition_time.0)
            .max();
        // Statuses are the operator's; what else is written into a rollout after it was made is an order.
        let fields =
            rollout.metadata.managed_fields.iter().flatten().filter(|entry| entry.subresource.is_none());
        let written = fields.filter_map(|entry| entry.time.as_ref()).map(|time| time.0);
        let ordered = written.filter(|at| Some(*at) > made(rollout)).max();
        since.is_some_and(|since| ordered >= Some(since))
    }

    /// Whether the set is to get a revision that no rollout has begun to bring.
    fn is_revision_to_come(&self) -> bool {
        let (pin, status) = (self.set.spec.schema_ref.revision.as_deref(), self.status());
        let Some(wanted) = pin.or(status.target_revision.as_deref()).map(revision) else { return false };
        let brings = self.rollout.as_ref().map(|rollout| revision(&rollout.spec.to));
        status.revision.as_deref().map(revision) != Some(wanted) && brings != Some(wanted)
    }

    /// A condition of the set that is True.
    pub fn holds(&self, type_: &str) -> bool {
        self.set.status.as_ref().is_some_and(|status| is(&status.conditions, type_, "True"))
    }

    /// How the set stands. What was ordered and not seen yet is about to be done.
    pub fn standing(&self) -> Standing {
        let conditions =
            self.set.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let Some(ready) = conditions.iter().find(|condition| condition.type_ == types::READY) else {
            return Standing::NotLookedAt;
        };
        let waits = [types::STALLED, types::AWAITING_APPROVAL, types::PAUSED];
        if !self.is_seen() || !self.orders_are_seen() || ready.status == "Unknown" {
            Standing::Working
        } else if ready.status == "True" {
            Standing::Ready
        } else if ready.reason == reasons::DATABASE_UNREACHABLE {
            // It is tried again by itself: most outages end without anybody who looks at this set.
            Standing::Working
        } else if waits.iter().any(|type_| self.holds(type_)) || !self.holds(types::RECONCILING) {
            Standing::NeedsPerson
        } else {
            Standing::Working
        }
    }
}

/// Whether a condition has that status.
pub fn is(conditions: &[Condition], type_: &str, status: &str) -> bool {
    conditions.iter().any(|condition| condition.type_ == type_ && condition.status == status)
}

/// Whether nothing more comes of a rollout in this state.
pub fn is_over(state: RolloutState) -> bool {
    use RolloutState::{Failed, RolledBack, Succeeded, Superseded};
    matches!(state, Succeeded | Failed | RolledBack | Superseded)
}

/// All tenants of a set, by name.
pub async fn tenants(cluster: &Cluster, set: &str) -> Result<Vec<TenantStatus>, ClusterError> {
    let slices: Vec<TenantSlice> = cluster.list(Some(&format!("tenantSetRef.name={set}"))).await?;
    let mut tenants: Vec<TenantStatus> = slices.into_iter().flat_map(|slice| slice.spec.tenants).collect();
    tenants.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(tenants)
}

/// All rollouts of a set, newest first.
pub async fn rollouts(cluster: &Cluster, set: &str) -> Result<Vec<SchemaRollout>, ClusterError> {
    let mut rollouts: Vec<SchemaRollout> =
        cluster.list(Some(&format!("spec.tenantSetRef.name={set}"))).await?;
    rollouts.sort_by_key(|rollout| std::cmp::Reverse((made(rollout), rollout.name_any())));
    Ok(rollouts)
}

/// All revisions of a definition that are kept, newest first.
pub async fn revisions(cluster: &Cluster, definition: &str) -> Result<Vec<SchemaRevision>, ClusterError> {
    let mut revisions: Vec<SchemaRevision> =
        cluster.list(Some(&format!("spec.definitionRef.name={definition}"))).await?;
    revisions.sort_by_key(|revision| std::cmp::Reverse(revision.spec.number));
    Ok(revisions)
}

/// When an object was made.
pub fn made<K: kube::Resource>(object: &K) -> Option<Timestamp> {
    object.meta().creation_timestamp.as_ref().map(|time| time.0)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::json;

    use super::*;
    use crate::cluster::sample::{NEW, OLD, at, awaiting, failed, running, stopped, well};

    #[test]
    fn an_order_is_fresh_until_the_set_stands_elsewhere() {
        let given = |minutes: i64, subresource: Option<&str>| {
            let mut scene = awaiting();
            let metadata = &mut scene.rollout.as_mut().unwrap().metadata;
            let entry =
                json!([{ "manager": "kubectl-tenantry", "time": at(minutes), "subresource": subresource }]);
            metadata.managed_fields = serde_json::from_value(entry).unwrap();
            metadata.creation_timestamp = Some(Time(at(3)));
            scene.set.status.as_mut().unwrap().conditions[1].last_transition_time = Time(at(5));
            scene.may_be_about_to_begin()
        };
        assert_eq!([3, 4, 5, 6].map(|minutes| given(minutes, None)), [false, false, true, true]);
        assert!(!given(6, Some("status")), "the operator's own writes are no orders");
        assert!(!well().may_be_about_to_begin() && !awaiting().may_be_about_to_begin());
    }

    #[test]
    fn a_pin_is_about_to_begin_until_a_rollout_brings_it() {
        let pinned = |mut scene: Scene, digits: &str| {
            scene.set.spec.schema_ref.revision = Some(digits.to_owned());
            scene.may_be_about_to_begin()
        };
        assert!(pinned(failed(), OLD), "the failed rollout brought another one");
        assert!(!pinned(failed(), &format!("{NEW}00")), "it is in force");
        assert!(!pinned(awaiting(), NEW), "its rollout waits for an approval");
    }

    #[test]
    fn how_a_set_stands() {
        fn with(mut scene: Scene, change: impl FnOnce(&mut Scene)) -> Scene {
            change(&mut scene);
            scene
        }
        let reason = |scene: &mut Scene, reason: &str| {
            scene.set.status.as_mut().unwrap().conditions[0].reason = reason.to_owned();
        };
        let ordered = |scene: &mut Scene| scene.rollout.as_mut().unwrap().metadata.generation = Some(3);
        for (what, scene, expected) in [
            ("all is well", well(), Standing::Ready),
            ("nobody looked", with(well(), |scene| scene.set.status = None), Standing::NotLookedAt),
            ("a new spec", with(well(), |scene| scene.set.metadata.generation = Some(5)), Standing::Working),
            ("under way", running(), Standing::Working),
            ("waits for an approval", awaiting(), Standing::NeedsPerson),
            ("approved, not seen", with(awaiting(), ordered), Standing::Working),
            ("paused", stopped(reasons::WAVE_PAUSE, "2/3 first"), Standing::NeedsPerson),
            ("over, some failed", failed(), Standing::NeedsPerson),
            ("to be retried, not seen", with(failed(), ordered), Standing::Working),
            (
                "a database is down",
                with(failed(), |scene| reason(scene, reasons::DATABASE_UNREACHABLE)),
                Standing::Working,
            ),
            (
                "a Secret is missing",
                with(failed(), |scene| reason(scene, reasons::REFERENCE_MISSING)),
                Standing::NeedsPerson,
            ),
        ] {
            assert_eq!(scene.standing(), expected, "{what}");
        }
    }
}
