//! Which tenants have something to do, and from where they start. Pure.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_catalog::ObjectId;
use tenantry_engine::{DatabaseName, Tenant, TenantKey};
use tenantry_planner::Digest;

use super::Options;
use super::ground::Ground;
use super::look::{Look, Subject};
use crate::DriftMode;
use crate::rollout::{self as machine, Aim, GroupKey, Kind, Place, place};
use crate::survey::Found;

/// What all places of a rollout depend on, beside the tenants.
pub(super) struct Course<'a> {
    /// The rollout's revision.
    pub to: &'a Digest,
    /// The revision at which missing schemas are made.
    pub made_at: &'a Digest,
    pub drift: DriftMode,
    pub options: &'a Options,
}

/// Where a tenant stands; `None` for one that nothing is done about.
pub(super) fn place_of(look: &Look, course: &Course<'_>, subject: &Subject) -> Option<Place> {
    let database = &subject.tenant.key.database;
    subject.entry?;
    if let Some(reason) = &subject.blocked {
        return Some(Place::Blocked(reason.clone()));
    }
    // Its schema is put aside: that comes back before anything is done with it.
    if subject.record.as_ref().is_some_and(|record| record.aside.is_some()) {
        return None;
    }
    if matches!(subject.found, Found::Unreachable(_)) {
        return Some(Place::Unknown);
    }
    let (Some(environment), Some(target)) =
        (look.environment(database), look.fingerprint(database, course.to))
    else {
        return Some(Place::Unknown);
    };
    let record = subject.record.as_ref();
    let revision = record.and_then(|record| record.revision.as_ref());
    let was_there = revision.is_some();
    if subject.found == Found::Absent && subject.not_provisioned.is_some() && !was_there {
        return None;
    }
    let aim = Aim {
        to: course.to,
        target,
        environment,
        made_at: course.made_at,
        correct: course.drift == DriftMode::Correct,
    };
    let name = &subject.tenant.name;
    Some(place(
        &aim,
        &machine::Subject {
            found: &subject.found,
            record,
            base: revision.and_then(|revision| look.fingerprint(database, revision)),
            correct: course.options.corrects(name),
            remake: course.options.remakes(name),
        },
    ))
}

/// The tenants that have something to do.
pub(super) fn members(look: &Look, course: &Course<'_>) -> Vec<(Tenant, Place)> {
    look.subjects
        .values()
        .filter_map(|subject| Some((subject.tenant.clone(), place_of(look, course, subject)?)))
        .filter(|(_, place)| !matches!(place, Place::Done { .. }))
        .collect()
}

/// A group that needs a plan, with one of its tenants and what is put aside
/// in them.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub key: GroupKey,
    pub example: TenantKey,
    pub renamed: Vec<(ObjectId, String)>,
    /// The databases that its tenants are in.
    pub databases: BTreeSet<DatabaseName>,
    pub tenants: u32,
}

/// The distinct starting points of some tenants.
pub(super) fn starting_points(look: &Look, members: &[(Tenant, Place)]) -> Vec<Wanted> {
    let mut wanted: BTreeMap<&GroupKey, Wanted> = BTreeMap::new();
    for (tenant, place) in members {
        let Place::Start(key) = place else { continue };
        let group = wanted.entry(key).or_insert_with(|| want(look, key, &tenant.key));
        group.databases.insert(tenant.key.database.clone());
        group.tenants += 1;
    }
    wanted.into_values().collect()
}

/// A group by one of its tenants.
pub(super) fn want(look: &Look, key: &GroupKey, example: &TenantKey) -> Wanted {
    let record = look.subjects.get(example).and_then(|subject| subject.record.as_ref());
    Wanted {
        key: key.clone(),
        example: example.clone(),
        renamed: record.map(|record| record.renamed.clone()).unwrap_or_default(),
        databases: BTreeSet::from([example.database.clone()]),
        tenants: 0,
    }
}

/// What a rollout to the revision in force is for: to correct, when all that
/// it does is to bring drifted tenants back.
pub(super) fn kind_of_rest(look: &Look, to: &Digest, members: &[(Tenant, Place)]) -> Kind {
    let starts = || members.iter().filter(|(_, place)| matches!(place, Place::Start(_)));
    let corrects = |(tenant, _): &(Tenant, Place)| {
        let record = look.subjects.get(&tenant.key).and_then(|subject| subject.record.as_ref());
        record.is_some_and(|record| record.revision.as_ref() == Some(to) && record.unfinished.is_none())
    };
    if starts().next().is_some() && starts().all(corrects) { Kind::Correction } else { Kind::Rest }
}

/// Whether a rollout would change anything.
pub(super) fn has_work(members: &[(Tenant, Place)], skipped: &[tenantry_engine::TenantName]) -> bool {
    members.iter().any(|(tenant, place)| matches!(place, Place::Start(_)) && !skipped.contains(&tenant.name))
}

impl<D> Ground<D> {
    /// The course of a rollout.
    pub(super) fn course<'a>(
        &'a self,
        to: &'a Digest,
        made_at: &'a Digest,
        options: &'a Options,
    ) -> Course<'a> {
        Course { to, made_at, drift: self.spec.drift, options }
    }
}
