//! From custom resources to the fleet's words, once for the command line and for the operator.
//!
//! - [`load()`] reads manifests from files, folders or standard input into typed objects, and refuses what the
//!   API server would refuse, with file, line and field.
//! - [`Manifests`] is what was read: every reference in it leads somewhere. It says a TenantSet in the fleet's
//!   words ([`Manifests::fleet`]), and how to reach a database ([`Manifests::connection`]).
//! - [`fleet_spec()`], [`policy()`], [`sources()`] and [`Connection::resolve`] are the parts of that, for objects
//!   that come from a cluster.

mod connection;
mod environment;
mod fault;
mod fleet_spec;
mod kustomization;
mod load;
mod manifests;
mod policy;
mod references;
mod secret;
mod sources;
mod yaml;

pub use connection::{ClientCertificate, Connection, Tls};
pub use environment::Environment;
pub use fault::{Fault, LoadError, Place};
pub use fleet_spec::{Around, fleet_spec};
pub use load::{Input, load};
pub use manifests::{ConfigData, Located, Manifests, Note, ObjectName, SecretData};
pub use policy::policy;
pub use references::{RefFault, Unresolved};
pub use secret::Secret;
pub use sources::sources;
