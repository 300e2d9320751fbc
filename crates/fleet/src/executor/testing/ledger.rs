//! The ledger of a database that is not there.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::{
    Baseline, Claim, ClaimConflict, Confirmed, EngineError, Environment, Event, Ledger, QuarantineRecord,
    RevisionRecord, RolloutRecord, SchemaName, SetRecord, Target, TenantName, TenantRecord,
};
use tenantry_planner::{Digest, Plan, Policy};

use super::database::{State, hold};

/// What is written in it.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub there: bool,
    pub tenants: BTreeMap<SchemaName, TenantRecord>,
    pub plans: BTreeMap<Digest, Plan>,
    pub catalogs: BTreeMap<Fingerprint, Catalog>,
    pub targets: Vec<(String, Policy, Target)>,
    pub revisions: Vec<RevisionRecord>,
    pub rollouts: Vec<RolloutRecord>,
    pub sets: BTreeMap<String, SetRecord>,
    pub baselines: BTreeMap<String, Baseline>,
    pub events: Vec<Event>,
}

#[derive(Debug, Default)]
pub(crate) struct FakeLedger {
    pub state: Mutex<State>,
}

impl FakeLedger {
    fn read<T>(&self, what: &'static str, read: impl FnOnce(&mut State) -> T) -> Result<T, EngineError> {
        let mut state = hold(&self.state);
        state.called(what)?;
        if !state.rows.there && what != "exists" && what != "prepare" {
            return Err(EngineError::Unread(format!("{what}: there is no ledger")));
        }
        Ok(read(&mut state))
    }

    fn write<T>(
        &self,
        what: &'static str,
        write: impl FnOnce(&mut State) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let readonly = hold(&self.state).readonly;
        if readonly {
            hold(&self.state).called(what)?;
            let remedy = "GRANT it".to_owned();
            return Err(EngineError::Denied { what: format!("{what} is not allowed"), remedy });
        }
        self.read(what, write)?
    }
}

fn raced(what: &str) -> EngineError {
    EngineError::Raced { what: what.to_owned() }
}

impl Ledger for FakeLedger {
    async fn prepare(&self) -> Result<(), EngineError> {
        self.write("prepare", |state| {
            state.rows.there = true;
            Ok(())
        })
    }

    async fn exists(&self) -> Result<bool, EngineError> {
        self.read("exists", |state| state.rows.there)
    }

    async fn records(&self, set: Option<&str>) -> Result<Vec<TenantRecord>, EngineError> {
        self.read("records", |state| {
            let of_set = |record: &&TenantRecord| set.is_none_or(|set| record.claim.set == set);
            state.rows.tenants.values().filter(of_set).cloned().collect()
        })
    }

    async fn claim(
        &self,
        tenants: &[(TenantName, SchemaName)],
        claim: &Claim,
        take_over: Option<&Claim>,
    ) -> Result<Vec<(SchemaName, ClaimConflict)>, EngineError> {
        self.write("claim", |state| {
            let mut conflicts = Vec::new();
            for (name, schema) in tenants {
                let held = state.rows.tenants.get(schema).map(|record| record.claim.clone());
                match held {
                    Some(held) if held != *claim && take_over != Some(&held) => {
                        conflicts.push((schema.clone(), ClaimConflict::Other { held }));
                    }
                    Some(_) => state.rows.tenants.get_mut(schema).unwrap().claim = claim.clone(),
                    None => {
                        let mut record = crate::testing::record(name.as_str(), "none", None);
                        record.schema = schema.clone();
                        record.claim = claim.clone();
                        record.fingerprint = None;
                        state.rows.tenants.insert(schema.clone(), record);
                    }
                }
            }
            Ok(conflicts)
        })
    }

    async fn confirm(&self, found: &[Confirmed<'_>]) -> Result<(), EngineError> {
        self.write("confirm", |state| {
            for one in found {
                let record = state.rows.tenants.get_mut(one.schema).unwrap();
                record.oid = one.oid;
                record.fingerprint = Some(one.fingerprint.clone());
                record.watermark = Some(one.watermark.clone());
                record.drifted_since = one.drifted_since;
                record.revision = one.revision.cloned().or(record.revision.take());
            }
            Ok(())
        })
    }

    async fn baseline(&self, set: &str) -> Result<Option<Baseline>, EngineError> {
        self.read("baseline", |state| state.rows.baselines.get(set).cloned())
    }

    async fn set_baseline(&self, set: &str, baseline: &Baseline) -> Result<(), EngineError> {
        self.write("set_baseline", |state| {
            state.rows.baselines.insert(set.to_owned(), baseline.clone());
            Ok(())
        })
    }

    async fn keep_plan(&self, plan: &Plan) -> Result<Digest, EngineError> {
        self.write("keep_plan", |state| {
            state.rows.plans.insert(plan.digest(), plan.clone());
            Ok(plan.digest())
        })
    }

    async fn plan(&self, digest: &Digest) -> Result<Option<Plan>, EngineError> {
        self.read("plan", |state| state.rows.plans.get(digest).cloned())
    }

    async fn keep_target(&self, environment: &Environment, target: &Target) -> Result<(), EngineError> {
        self.write("keep_target", |state| {
            let row = (environment.digest.clone(), target.policy.clone(), target.clone());
            state.rows.targets.push(row);
            Ok(())
        })
    }

    async fn target(
        &self,
        environment: &Environment,
        revision: &Digest,
        policy: &Policy,
    ) -> Result<Option<Target>, EngineError> {
        self.read("target", |state| {
            let fits = |row: &&(String, Policy, Target)| {
                row.0 == environment.digest && row.1 == *policy && row.2.revision == *revision
            };
            state.rows.targets.iter().find(fits).map(|row| row.2.clone())
        })
    }

    async fn keep_catalog(&self, fingerprint: &Fingerprint, catalog: &Catalog) -> Result<(), EngineError> {
        self.write("keep_catalog", |state| {
            state.rows.catalogs.insert(fingerprint.clone(), catalog.clone());
            Ok(())
        })
    }

    async fn catalog(&self, fingerprint: &Fingerprint) -> Result<Option<Catalog>, EngineError> {
        self.read("catalog", |state| state.rows.catalogs.get(fingerprint).cloned())
    }

    async fn keep_revision(&self, _: &str, revision: &RevisionRecord) -> Result<(), EngineError> {
        self.write("keep_revision", |state| {
            if state.rows.revisions.iter().all(|known| known.revision != revision.revision) {
                state.rows.revisions.insert(0, revision.clone());
            }
            Ok(())
        })
    }

    async fn revisions(&self, _: &str) -> Result<Vec<RevisionRecord>, EngineError> {
        self.read("revisions", |state| state.rows.revisions.clone())
    }

    async fn save_rollout(&self, rollout: &RolloutRecord) -> Result<(), EngineError> {
        self.write("save_rollout", |state| {
            let known = state.rows.rollouts.iter_mut().find(|known| known.id == rollout.id);
            match known {
                Some(known) if known.version + 1 == rollout.version => *known = rollout.clone(),
                None if rollout.version == 1 => state.rows.rollouts.insert(0, rollout.clone()),
                _ => return Err(raced(&rollout.id)),
            }
            Ok(())
        })
    }

    async fn rollouts(&self, _: &str, limit: u32) -> Result<Vec<RolloutRecord>, EngineError> {
        self.read("rollouts", |state| {
            state.rows.rollouts.iter().take(usize::try_from(limit).unwrap()).cloned().collect()
        })
    }

    async fn set_record(&self, set: &str) -> Result<Option<SetRecord>, EngineError> {
        self.read("set_record", |state| state.rows.sets.get(set).cloned())
    }

    async fn save_set(&self, record: &SetRecord) -> Result<(), EngineError> {
        self.write("save_set", |state| {
            let version = state.rows.sets.get(&record.set).map_or(0, |known| known.version);
            if version + 1 != record.version {
                return Err(raced(&record.set));
            }
            state.rows.sets.insert(record.set.clone(), record.clone());
            Ok(())
        })
    }

    async fn record_failure(&self, event: &Event) -> Result<(), EngineError> {
        self.write("record_failure", |state| {
            state.rows.events.push(event.clone());
            Ok(())
        })
    }

    async fn history(
        &self,
        _: Option<&str>,
        tenant: Option<&TenantName>,
        limit: u32,
    ) -> Result<Vec<Event>, EngineError> {
        self.read("history", |state| {
            let wanted = |event: &&Event| tenant.is_none_or(|tenant| event.tenant == *tenant);
            let events = state.rows.events.iter().rev().filter(wanted);
            events.take(usize::try_from(limit).unwrap()).cloned().collect()
        })
    }

    async fn quarantined(&self, schema: &SchemaName) -> Result<Vec<QuarantineRecord>, EngineError> {
        self.read("quarantined", |state| {
            let renamed = state.rows.tenants.get(schema).map(|record| record.renamed.clone());
            let told = |(object, reserved)| QuarantineRecord {
                object,
                reserved,
                at: jiff::Timestamp::UNIX_EPOCH,
                digest: crate::testing::digest("plan"),
            };
            renamed.unwrap_or_default().into_iter().map(told).collect()
        })
    }
}
