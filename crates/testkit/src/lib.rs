//! Real servers for tests and for the demo: PostgreSQL 13 to 18, and the control plane of Kubernetes; started on free ports
//! and stopped for certain.
//!
//! ```no_run
//! # fn main() -> Result<(), tenantry_testkit::pg::Error> {
//! use tenantry_testkit::pg::{Cluster, Owners};
//!
//! let cluster = Cluster::shared()?; // one server a test binary
//! let db = cluster.create_database("orders")?; // one database a test
//! cluster.psql(&db, "CREATE SCHEMA acme; CREATE TABLE acme.item (id bigint)")?;
//! let dump = cluster.normalised_dump(&db, "acme", Owners::LeftAlone)?;
//! assert!(dump.contains("CREATE TABLE __TENANT__.item"));
//! # Ok(())
//! # }
//! ```

mod error;
pub mod kube;
pub mod pg;
mod process;
mod watchdog;
