//! The words that the fleet and the dialects share, and the traits by which
//! the fleet drives one database: [`Engine`] for schemas, [`Ledger`] for what
//! is remembered.

mod claim;
mod departure;
mod engine;
mod error;
mod ledger;
mod name;
mod target;
pub mod words;
mod work;

pub use claim::{Claim, ClaimConflict, DatabaseIdentity};
pub use departure::{Departed, Departure, Fate};
pub use engine::{Baseline, Engine, Environment, Finding, Inspected, Pulse, Severity, TenantRow, Watermark};
pub use error::{DefinitionFault, EngineError, ServerError};
pub use ledger::{
    Confirmed, Event, Ledger, QuarantineRecord, RevisionRecord, RolloutRecord, SetRecord, TenantRecord,
};
pub use name::{DatabaseName, Labels, NameError, SchemaName, Tenant, TenantKey, TenantName};
pub use target::{Proposal, Source, Start, Target, compared, revision};
pub use work::{Applied, Work};
