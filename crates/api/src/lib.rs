//! The custom resources of tenantry.dev/v1alpha1: types, conditions and their CRDs.
//!
//! Nothing here talks to a cluster: the operator serves these types over the Kubernetes API, the command line
//! reads the same YAML from files. What the API server refuses (the schema's own limits, and the rules in
//! [`rules`] that the CRDs carry as CEL), [`validation`] refuses with the same words where there is no API
//! server.
//!
//! | kind | short | written by |
//! | --- | --- | --- |
//! | [`TenantDatabase`] | `tdb` | users |
//! | [`SchemaDefinition`] | `sd` | users |
//! | [`TenantSet`] | `ts` | users |
//! | [`SchemaRevision`] | `srev` | the operator |
//! | [`SchemaRollout`] | `sro` | the operator; people's orders arrive in its `spec` |
//! | [`TenantSlice`] | `tslice` | the operator |

#![allow(
    clippy::duplicated_attributes,
    reason = "several printcolumns in one #[kube(...)] are several columns, not duplicates"
)]

pub mod amount;
pub mod conditions;
pub mod crd;
pub mod duration;
pub mod engine;
pub mod refs;
pub mod rollout_strategy;
pub mod rules;
pub mod schema_definition;
pub mod schema_revision;
pub mod schema_rollout;
pub mod tenant_database;
pub mod tenant_set;
pub mod tenant_slice;
pub mod tenant_state;
pub mod validation;

pub use amount::CountOrPercent;
pub use duration::Duration;
pub use engine::Engine;
pub use schema_definition::SchemaDefinition;
pub use schema_revision::SchemaRevision;
pub use schema_rollout::SchemaRollout;
pub use tenant_database::TenantDatabase;
pub use tenant_set::TenantSet;
pub use tenant_slice::TenantSlice;
pub use tenant_state::TenantState;

/// The API group of all custom resources here.
pub const GROUP: &str = "tenantry.dev";
/// The one version that is served.
pub const VERSION: &str = "v1alpha1";
/// What stands in `apiVersion` of a manifest.
pub const API_VERSION: &str = "tenantry.dev/v1alpha1";
