//! Tenantry's engine for PostgreSQL: connect, inspect, compile, prove, apply, ledger.

pub mod definition;
