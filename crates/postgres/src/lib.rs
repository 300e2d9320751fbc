//! Tenantry's engine for PostgreSQL: connect, inspect, compile, prove, apply, ledger.

mod apply;
mod compile;
mod connect;
mod database;
pub mod definition;
mod doctor;
mod engine;
mod error;
pub mod inspect;
mod inspection;
mod known;
mod ledger;
mod owner;
mod propose;
mod reach;
mod schemas;
mod script;
mod shadow;
mod tenants;
mod watermark;

pub use connect::{
    BadSettings, Connections, Endpoint, Limits, Password, Server, Session, Settings, Statements, Term, Tls,
    TlsMode,
};
pub use database::Database;
pub use engine::PostgresEngine;
pub use ledger::PostgresLedger;
pub use owner::Owner;
pub use script::script;
pub use shadow::{InPlace, ShadowSettings, Shadows};
