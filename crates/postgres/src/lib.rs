//! Tenantry's engine for PostgreSQL: connect, inspect, compile, prove, apply, ledger.

#[expect(dead_code, reason = "the engine calls it as soon as it is there")]
mod apply;
mod compile;
mod connect;
mod database;
pub mod definition;
mod engine;
mod error;
pub mod inspect;
mod ledger;
mod propose;
#[expect(dead_code, reason = "the engine and the ledger use it as soon as they are there")]
mod reach;
mod script;
mod shadow;
mod watermark;

pub use connect::{
    BadSettings, Connections, Endpoint, Limits, Password, Server, Session, Settings, Tls, TlsMode,
};
pub use database::Database;
pub use engine::PostgresEngine;
pub use ledger::PostgresLedger;
pub use script::script;
pub use shadow::{InPlace, ShadowSettings, Shadows};
