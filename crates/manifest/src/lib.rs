//! From custom resources to the fleet's words, once for the command line and for the operator.
//!
//! - [`load`] reads manifests from files, folders or standard input into typed objects, and refuses what the API server
//!   would refuse, with file, line and field.
//! - [`Manifests`] is what was read: every reference in it leads somewhere.
//! - [`sources`](Manifests::sources) and [`connection`](Manifests::connection) are what a definition and a database come
//!   to, once ConfigMaps and Secrets are looked up.

mod connection;
mod environment;
mod fault;
mod kustomization;
mod load;
mod manifests;
mod references;
mod secret;
mod sources;
mod yaml;

pub use connection::{ClientCertificate, Connection, Tls};
pub use environment::Environment;
pub use fault::{Fault, LoadError, Place};
pub use load::{Input, load};
pub use manifests::{ConfigData, Located, Manifests, Note, ObjectName, SecretData};
pub use references::Unresolved;
pub use secret::Secret;
pub use sources::sources;
