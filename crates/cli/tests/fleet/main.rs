//! A fleet on real servers, as a user types it; pg_dump and psql judge.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy does not take the functions beside the tests for tests"
)]

mod approval;
mod by_hand;
mod claims;
mod definition;
mod doctor;
mod drift;
mod interrupted;
mod logins;
mod observe;
mod one_schema;
mod owners;
mod pooler;
mod provision;
mod removal;
mod renames;
mod rollback;
mod rollout;
mod scene;
mod sources;
