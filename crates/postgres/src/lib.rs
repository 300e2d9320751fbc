//! Tenantry's engine for PostgreSQL: connect, inspect, compile, prove, apply, ledger.

mod compile;
mod connect;
mod database;
pub mod definition;
mod error;
pub mod inspect;
mod propose;
mod script;
mod shadow;
mod watermark;

pub use connect::{
    BadSettings, Connections, Endpoint, Limits, Password, Server, Session, Settings, Tls, TlsMode,
};
pub use database::Database;
pub use script::script;
pub use shadow::{InPlace, ShadowSettings, Shadows};
