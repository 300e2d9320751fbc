//! The operator as a process of its own, on a real API server and a real PostgreSQL: `make test-api-server`. What it does is
//! seen by kubectl and SQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy does not take the functions beside the tests for tests"
)]

mod databases;
mod replicas;
mod scene;
mod sets;
mod weather;
