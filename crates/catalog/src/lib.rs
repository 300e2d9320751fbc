//! What a schema is: its facts, what they refer to, and the fingerprint of both.
//!
//! A [`Catalog`] is one schema as a set of [`Fact`]s at the grain of the
//! sub-object: a column, a default, a constraint, one comment, what one role
//! may do with one table. A fact has an identity ([`ObjectId`]), a parent, and
//! attributes by name. Attributes that begin with an underscore are carried
//! (a renderer may need them) but are never part of a comparison.
//!
//! The schema's own name occurs nowhere in a catalog (where it cannot be
//! avoided, [`TENANT`] stands for it), so that equal tenants have equal
//! catalogs and equal fingerprints.

mod catalog;
mod fact;
mod fingerprint;
mod id;
mod kind;
mod merge;

pub use catalog::{Catalog, CatalogError, External, Reference, Unmodelled};
pub use fact::Fact;
pub use fingerprint::Fingerprint;
pub use id::ObjectId;
pub use kind::{Kind, UnknownKind};
pub use merge::{Collision, merge};

/// The identifier that stands for the tenant's own schema wherever SQL text
/// has to name it.
pub const TENANT: &str = "__TENANT__";
