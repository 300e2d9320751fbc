//! Databases, tenants and ledgers as far as a rollout can tell.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tenantry_catalog::Fingerprint;
use tenantry_engine::{
    DatabaseName, Labels, SchemaName, Tenant, TenantKey, TenantName, TenantRecord, Watermark,
};
use tenantry_planner::{Digest, HazardKind};

use super::{changes, revision};
use crate::rollout::{
    Action, Aim, Group, GroupKey, Machine, Observation, Place, Rollout, Route, Subject, Trouble, Verdict,
    Way, place,
};
use crate::survey::Found;
use crate::testing::{digest, fingerprint, record};

/// What goes wrong with a tenant.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Its rows are in the way, each time.
    Rows(&'static str),
    /// Something is in the way so many times.
    Passing(u32, &'static str),
    /// The connection is lost at the commit, once: it happened, or not.
    InDoubt(bool),
    /// Somebody changes it to this just before its turn.
    Changed(&'static str),
    /// An event trigger makes this of it.
    Altered(&'static str),
}

/// One tenant, and what its ledger says.
#[derive(Clone, Debug)]
pub(crate) struct Lodger {
    pub tenant: Tenant,
    pub found: Found,
    pub record: Option<TenantRecord>,
    pub faults: Vec<Fault>,
    /// How often a plan was committed on it.
    pub commits: u32,
}

/// Something that is under way.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Apply { key: TenantKey, from: Option<Fingerprint>, to: Fingerprint, revision: Digest },
    ReadBack(DatabaseName, Vec<TenantKey>),
    Reread(DatabaseName, Vec<TenantKey>),
    Plan(GroupKey),
    Ask(DatabaseName),
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub tenants: BTreeMap<TenantKey, Lodger>,
    pub from: Option<Digest>,
    pub to: Digest,
    /// What each starting point's plan is like; none: a harmless one.
    pub hazards: BTreeMap<Fingerprint, Vec<HazardKind>>,
    /// Starting points for which there is no plan.
    pub impossible: BTreeMap<Fingerprint, &'static str>,
    down: BTreeSet<DatabaseName>,
    kept: Option<serde_json::Value>,
    under_way: BTreeMap<(Timestamp, u64), Deed>,
    counter: u64,
    /// How many records were written.
    pub saves: u32,
    /// The most tenants that were read back at once while others were changed.
    pub read_beside: usize,
}

const ENVIRONMENT: &str = "postgresql-15";

impl World {
    pub(crate) fn new(from: Option<&str>, to: &str) -> Self {
        Self {
            tenants: BTreeMap::new(),
            from: from.map(revision),
            to: revision(to),
            hazards: BTreeMap::new(),
            impossible: BTreeMap::new(),
            down: BTreeSet::new(),
            kept: None,
            under_way: BTreeMap::new(),
            counter: 0,
            saves: 0,
            read_beside: 0,
        }
    }

    /// Adds so many tenants at a starting point that belongs to a revision;
    /// with no starting point their schemas are not there.
    pub(crate) fn with(mut self, count: usize, database: &str, at: &str, recorded: Option<&str>) -> Self {
        for _ in 0..count {
            let name = format!("t{:04}", self.tenants.len() + 1);
            let key =
                TenantKey { database: DatabaseName::new(database), schema: SchemaName::new(&name).unwrap() };
            let tenant =
                Tenant { name: TenantName::new(&name).unwrap(), key: key.clone(), labels: Labels::new() };
            let found = match at {
                "" => Found::Absent,
                at => Found::At { fingerprint: fingerprint(at), oid: None },
            };
            let record = recorded.map(|word| {
                let mut record = record(&name, at, Some("w1"));
                record.revision = Some(revision(word));
                record
            });
            self.tenants.insert(key, Lodger { tenant, found, record, faults: Vec::new(), commits: 0 });
        }
        self
    }

    pub(crate) fn fault(mut self, name: &str, fault: Fault) -> Self {
        self.named(name).faults.push(fault);
        self
    }

    fn named(&mut self, name: &str) -> &mut Lodger {
        self.tenants.values_mut().find(|lodger| lodger.tenant.name.as_str() == name).unwrap()
    }

    pub(crate) fn hazard(mut self, at: &str, hazard: HazardKind) -> Self {
        self.hazards.entry(fingerprint(at)).or_default().push(hazard);
        self
    }

    pub(crate) fn no_plan(mut self, at: &str, reason: &'static str) -> Self {
        self.impossible.insert(fingerprint(at), reason);
        self
    }

    pub(crate) fn total(&self) -> u32 {
        u32::try_from(self.tenants.len()).unwrap()
    }

    /// Where a revision's schemas are: `r2` at `f2`.
    fn fingerprint_of(revision_of: &Digest) -> Option<Fingerprint> {
        ["1", "2", "3"]
            .into_iter()
            .find(|word| revision(&format!("r{word}")) == *revision_of)
            .map(|word| fingerprint(&format!("f{word}")))
    }

    fn target(&self) -> Fingerprint {
        Self::fingerprint_of(&self.to).unwrap()
    }

    fn place(&self, lodger: &Lodger) -> Place {
        if self.down.contains(&lodger.tenant.key.database) {
            return Place::Unknown;
        }
        let target = self.target();
        let aim = Aim {
            to: &self.to,
            target: &target,
            environment: ENVIRONMENT,
            made_at: &self.to,
            correct: false,
        };
        let base =
            lodger.record.as_ref().and_then(|record| record.revision.as_ref()).and_then(Self::fingerprint_of);
        let record = lodger.record.as_ref();
        place(
            &aim,
            &Subject { found: &lodger.found, record, base: base.as_ref(), correct: false, remake: false },
        )
    }

    /// The tenants that have something to do.
    pub(crate) fn members(&self) -> Vec<(Tenant, Place)> {
        self.tenants
            .values()
            .map(|lodger| (lodger.tenant.clone(), self.place(lodger)))
            .filter(|(_, place)| !matches!(place, Place::Done { .. }))
            .collect()
    }

    /// The groups, each with its verdict.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let keys: BTreeSet<GroupKey> = self
            .members()
            .into_iter()
            .filter_map(|(_, place)| match place {
                Place::Start(key) => Some(key),
                _ => None,
            })
            .collect();
        keys.into_iter().map(|key| self.plan(key)).collect()
    }

    fn plan(&self, key: GroupKey) -> Group {
        let target = self.target();
        let verdict = match key.from.as_ref().and_then(|from| self.impossible.get(from)) {
            Some(reason) => Verdict::Blocked(vec![(*reason).to_owned()]),
            None => {
                let keeps = matches!(key.way, Way::Keep { .. });
                let from = key.from.as_ref().map_or("nothing", Fingerprint::as_str);
                let to = if keeps { fingerprint(&format!("{target} and {from}")) } else { target };
                let hazards = key.from.as_ref().and_then(|from| self.hazards.get(from));
                Verdict::Migrate(Route {
                    plan: digest(&format!("{from} to {to}")),
                    to,
                    reaches_target: !keeps,
                    back: None,
                    no_back: None,
                    statements: 3,
                    hazards: hazards.into_iter().flatten().copied().collect(),
                    only_adds: key.from.is_none(),
                })
            }
        };
        Group { key, revision: self.to.clone(), verdict, tenants: 0, examples: Vec::new() }
    }

    pub(crate) fn keep(&mut self, rollout: &Rollout) {
        self.kept = Some(rollout.write().unwrap());
        self.saves += 1;
    }

    pub(crate) fn rollout(&self) -> Option<Rollout> {
        self.kept.as_ref().map(|state| Rollout::read("customers-2", state).unwrap())
    }

    pub(crate) fn down(&mut self, database: &str) {
        self.down.insert(DatabaseName::new(database));
    }

    pub(crate) fn up(&mut self, database: &str) {
        self.down.remove(&DatabaseName::new(database));
    }

    pub(crate) fn repair(&mut self, name: &str) {
        self.named(name).faults.clear();
    }

    pub(crate) fn leave(&mut self, name: &str) -> TenantKey {
        let key = self.named(name).tenant.key.clone();
        self.tenants.remove(&key);
        key
    }

    /// The process dies: of what was under way, every second statement still
    /// comes to its commit on the server.
    pub(crate) fn kill(&mut self) -> String {
        let under_way = std::mem::take(&mut self.under_way);
        let applies: Vec<Deed> = under_way.into_values().filter(changes).collect();
        let mut committed = 0;
        for (at, deed) in applies.iter().enumerate() {
            if at % 2 == 0 && matches!(self.finish(deed.clone()), Some(Observation::Applied(_))) {
                committed += 1;
            }
        }
        format!("killed with {} tenants under way, of which {committed} came to their commit", applies.len())
    }

    /// Begins what the machine wants done. How long it takes depends on what
    /// it is.
    pub(crate) fn begin(&mut self, action: Action, machine: &Machine, now: Timestamp) {
        let (takes, deed) = match action {
            Action::Apply(key) => {
                let member = machine.members().iter().find(|member| member.tenant.key == key).unwrap();
                let group = machine.group_of(member).unwrap();
                let to = group.verdict.route().unwrap().to.clone();
                let (from, revision) = (group.key.from.clone(), group.revision.clone());
                let spread = i64::try_from(self.counter % 7).unwrap();
                (5 + spread, Deed::Apply { key, from, to, revision })
            }
            Action::ReadBack(database, keys) => {
                if self.under_way.values().any(|deed| matches!(deed, Deed::Apply { .. })) {
                    self.read_beside = self.read_beside.max(keys.len());
                }
                (20, Deed::ReadBack(database, keys))
            }
            Action::Reread(database, keys) => (10, Deed::Reread(database, keys)),
            Action::Plan(key, _) => (300, Deed::Plan(key)),
            Action::Ask(database) => (1, Deed::Ask(database)),
            Action::Save | Action::Wait(..) | Action::Finish(_) => return,
        };
        self.counter += 1;
        let done = now.checked_add(SignedDuration::from_millis(takes)).unwrap();
        self.under_way.insert((done, self.counter), deed);
    }

    pub(crate) fn next_deed(&self) -> Option<Timestamp> {
        self.under_way.first_key_value().map(|((time, _), _)| *time)
    }

    pub(crate) fn take_deed(&mut self) -> Option<Deed> {
        self.under_way.pop_first().map(|(_, deed)| deed)
    }

    /// What comes of a deed.
    pub(crate) fn finish(&mut self, deed: Deed) -> Option<Observation> {
        match deed {
            Deed::Apply { key, from, to, revision } => {
                Some(match self.apply(&key, from.as_ref(), &to, &revision)? {
                    Ok(()) => Observation::Applied(key),
                    Err(trouble) => Observation::Failed(key, trouble),
                })
            }
            Deed::ReadBack(database, _) | Deed::Reread(database, _) | Deed::Ask(database)
                if self.down.contains(&database) =>
            {
                Some(Observation::Silent(database, "connection refused".to_owned()))
            }
            Deed::Ask(database) => Some(Observation::Answers(database)),
            Deed::ReadBack(database, keys) => {
                let found = keys
                    .into_iter()
                    .filter_map(|key| {
                        let lodger = self.tenants.get_mut(&key)?;
                        let Found::At { fingerprint, .. } = &lodger.found else { return Some((key, None)) };
                        if let Some(record) = &mut lodger.record {
                            record.fingerprint = Some(fingerprint.clone());
                            record.watermark = Some(Watermark("read".to_owned()));
                        }
                        Some((key, Some(fingerprint.clone())))
                    })
                    .collect();
                Some(Observation::ReadBack(database, found))
            }
            Deed::Reread(database, keys) => {
                let places = keys
                    .into_iter()
                    .map(|key| {
                        let place = self.tenants.get(&key).map_or(Place::Left, |lodger| self.place(lodger));
                        (key, place)
                    })
                    .collect();
                Some(Observation::Found(database, places))
            }
            Deed::Plan(key) => Some(Observation::Planned(self.plan(key))),
        }
    }

    /// One apply, guard and all; `None` when the tenant is gone.
    fn apply(
        &mut self,
        key: &TenantKey,
        from: Option<&Fingerprint>,
        to: &Fingerprint,
        revision: &Digest,
    ) -> Option<Result<(), Trouble>> {
        if self.down.contains(&key.database) {
            return Some(Err(Trouble::Silent { message: "connection refused".to_owned() }));
        }
        let Some(lodger) = self.tenants.get_mut(key) else { return Some(Err(Trouble::Moved)) };
        let mut lost = false;
        let mut found = to.clone();
        match lodger.faults.pop() {
            Some(Fault::Rows(cause)) => {
                lodger.faults.push(Fault::Rows(cause));
                let (cause, message) = (cause.to_owned(), format!("{cause} (23505)"));
                return Some(Err(Trouble::Lasting { cause, message }));
            }
            Some(Fault::Passing(times, cause)) => {
                if times > 1 {
                    lodger.faults.push(Fault::Passing(times - 1, cause));
                }
                let (cause, message) = (cause.to_owned(), cause.to_owned());
                return Some(Err(Trouble::Passing { cause, message }));
            }
            Some(Fault::InDoubt(false)) => return Some(Err(Trouble::InDoubt)),
            Some(Fault::InDoubt(true)) => lost = true,
            Some(Fault::Changed(word)) => {
                lodger.found = Found::At { fingerprint: fingerprint(word), oid: None };
            }
            Some(Fault::Altered(word)) => found = fingerprint(word),
            None => {}
        }
        let here = match &lodger.found {
            Found::At { fingerprint, .. } => Some(fingerprint),
            _ => None,
        };
        if here != from {
            return Some(Err(Trouble::Moved));
        }
        lodger.commits += 1;
        lodger.found = Found::At { fingerprint: found, oid: None };
        let mut row = record(lodger.tenant.name.as_str(), "unused", None);
        row.fingerprint = Some(to.clone());
        row.revision = Some(revision.clone());
        lodger.record = Some(row);
        Some(if lost { Err(Trouble::InDoubt) } else { Ok(()) })
    }
}
