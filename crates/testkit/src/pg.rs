//! PostgreSQL: finding it, running it, asking it, and dumping schemas as an oracle that is not the code under test.

mod account;
mod binaries;
mod client;
mod cluster;
mod lexer;
mod normalise;
mod tls;

pub use crate::error::{Error, Result};
pub use binaries::{Binaries, OLDEST_VERSION};
pub use client::Owners;
pub use cluster::{Cluster, Options};
pub use normalise::{PLACEHOLDER, normalise};
