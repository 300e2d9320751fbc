//! Tenantry's engine for PostgreSQL: connect, inspect, compile, prove, apply, ledger.

mod connect;
mod database;
pub mod definition;
mod error;
pub mod inspect;

pub use connect::{
    BadSettings, Connections, Endpoint, Limits, Password, Server, Session, Settings, Tls, TlsMode,
};
pub use database::Database;
