//! Databases that are not there, for the executor to be run against.

mod database;
mod ledger;
mod stage;

pub(crate) use database::{FakeDatabase, Fault, tables};
pub(crate) use stage::Stage;
