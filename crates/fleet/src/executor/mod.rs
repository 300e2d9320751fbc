//! The executor: does what [`crate::rollout::Machine`] decides, over any
//! [`Engine`]. It reads, plans, claims, applies and writes down; what is to be
//! done is decided by pure functions, here and in the other modules.

#![allow(dead_code)]

mod control;
mod error;
mod options;
mod report;

use std::collections::BTreeMap;
use std::sync::Arc;

use tenantry_engine::{DatabaseName, Engine, TenantName};

pub use control::{Control, Handle, Progress};
pub use error::FleetError;
pub use options::{Correct, Options};
pub use report::{
    ApplyReport, DatabaseReport, DriftGroup, GroupOutcome, GroupReport, History, HistoryEvent, PlanReport,
    PlanText, Report, RevisionReport, RolloutReport,
};

use crate::FleetSpec;

/// A set of tenants, with the databases that they live in.
pub struct Fleet<D> {
    spec: FleetSpec,
    databases: BTreeMap<DatabaseName, Arc<D>>,
}

impl<D: Engine> Fleet<D> {
    /// A fleet. Nothing is connected to yet.
    ///
    /// # Errors
    /// When the set speaks of a database that is not given.
    pub fn new(spec: FleetSpec, databases: BTreeMap<DatabaseName, Arc<D>>) -> Result<Self, FleetError> {
        let queried = spec.entries.iter().filter_map(|entry| match &entry.tenants {
            crate::TenantSource::Query { database, .. } => database.as_ref(),
            _ => None,
        });
        let spoken_of = spec.entries.iter().map(|entry| &entry.database).chain([&spec.home]).chain(queried);
        if let Some(unknown) = spoken_of.into_iter().find(|name| !databases.contains_key(*name)) {
            return Err(FleetError::UnknownDatabase(unknown.clone()));
        }
        Ok(Self { spec, databases })
    }

    /// Looks at every tenant and says what it is. Changes no tenant and needs
    /// no right to; what was found is written into ledgers where there are
    /// some, the set does not only observe, and the role may.
    ///
    /// # Errors
    /// When the definition cannot be compiled anywhere.
    pub async fn check(&self, control: &mut Control) -> Result<Report, FleetError> {
        control.tell(Progress::Stopping { running: 0 });
        Err(FleetError::NotYet("fleet check"))
    }

    /// What the ledgers say, with one cheap look at each database: no tenant is
    /// read, nothing is compiled, nothing is written.
    ///
    /// # Errors
    /// When the home ledger's record cannot be read.
    pub async fn status(&self, control: &mut Control) -> Result<Report, FleetError> {
        self.check(control).await
    }

    /// What a rollout would do. It is kept in the home ledger, to be approved,
    /// unless the set only observes.
    ///
    /// # Errors
    /// When the definition cannot be compiled anywhere, or the home ledger
    /// cannot be read.
    pub async fn plan(&self, options: &Options, control: &mut Control) -> Result<PlanReport, FleetError> {
        let _ =
            (options.remakes(&TenantName::new("x").map_err(|e| FleetError::Order(e.to_string()))?), control);
        Err(FleetError::NotYet("fleet plan"))
    }

    /// Brings the tenants to the definition: begins a rollout, or takes up the
    /// one that the home ledger has, and runs it as far as it goes.
    ///
    /// # Errors
    /// When nothing could be begun. What fails while it runs stands in the
    /// report.
    pub async fn apply(&self, options: &Options, control: &mut Control) -> Result<ApplyReport, FleetError> {
        let _ = (options, control);
        Err(FleetError::NotYet("fleet apply"))
    }

    /// Brings the tenants back to the revision before, or to the one whose
    /// digest begins with `to`.
    ///
    /// # Errors
    /// As [`Fleet::apply`], and when there is no such revision.
    pub async fn rollback(
        &self,
        to: Option<&str>,
        options: &Options,
        control: &mut Control,
    ) -> Result<ApplyReport, FleetError> {
        let _ = (to, options, control);
        Err(FleetError::NotYet("fleet rollback"))
    }

    /// What happened, at most `limit` events, of one tenant or of all.
    ///
    /// # Errors
    /// When the home ledger cannot be read.
    pub async fn history(&self, tenant: Option<&TenantName>, limit: u32) -> Result<History, FleetError> {
        let _ = (tenant, limit);
        Err(FleetError::NotYet("fleet history"))
    }
}
