//! Many tenants, one target: groups, waves and budgets as a pure state machine, its simulator and its executor.

mod amount;
mod departures;
mod executor;
pub mod resolve;
pub mod rollout;
#[cfg(test)]
mod simulator;
mod spec;
mod state;
pub mod survey;
mod template;
#[cfg(test)]
mod testing;
mod window;

pub use amount::Amount;
pub use departures::{DepartureReport, DepartureState, Departures};
pub use executor::{
    ApplyReport, Control, Correct, DatabaseReport, DriftGroup, Fleet, FleetError, GroupOutcome, GroupReport,
    Handle, History, HistoryEvent, Options, PlanReport, PlanText, Progress, Report, RevisionReport,
    RolloutReport,
};
pub use spec::{
    Approval, Definition, DriftMode, Entry, FleetSpec, Mode, OnFailure, Provision, Removal, Retry,
    RolloutSpec, Select, SetIdentity, TenantSource, WaveSpec,
};
pub use state::{TenantCounts, TenantState, TenantStatus};
pub use template::{BadTemplate, SchemaTemplate};
pub use window::{BadWindow, Window};
