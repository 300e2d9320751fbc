//! PostgreSQL: finding it, running it, asking it, and dumping schemas as an oracle that is not the code under test.

mod account;
mod binaries;
mod client;
mod cluster;
mod error;
mod lexer;
mod normalise;
mod tls;
mod watchdog;

pub use binaries::{Binaries, OLDEST_VERSION};
pub use client::Owners;
pub use cluster::{Cluster, Options};
pub use error::Error;
pub use normalise::{PLACEHOLDER, normalise};

/// Result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;
