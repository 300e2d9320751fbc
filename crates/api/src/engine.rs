//! Which kind of database server a resource is about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of database server. Amazon Redshift is planned; until it is carried out, the schema refuses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Engine {
    /// PostgreSQL 13 or newer, or a service that is PostgreSQL underneath.
    #[default]
    PostgreSQL,
}
