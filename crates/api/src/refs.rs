//! References to other objects: always by name, always in the same namespace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of another object in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct LocalRef {
    /// The object's `metadata.name`. It is looked for in the namespace of the object that refers to it, never
    /// in another one.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

impl LocalRef {
    /// A reference to the object of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// One key of a Secret in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CaSecretRef {
    /// The Secret's `metadata.name`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key of the Secret that holds the certificates, in PEM. Default: `ca.crt`, where CloudNativePG and
    /// cert-manager put them.
    #[serde(default = "default_ca_key")]
    #[schemars(length(min = 1, max = 253), pattern("^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

fn default_ca_key() -> String {
    "ca.crt".to_owned()
}

/// One key of a ConfigMap in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TenantListRef {
    /// The ConfigMap's `metadata.name`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key that holds the list: one tenant's name a line; empty lines and lines that begin with `#` are
    /// left out. Default: `tenants`.
    #[serde(default = "default_tenants_key")]
    #[schemars(length(min = 1, max = 253), pattern("^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

fn default_tenants_key() -> String {
    "tenants".to_owned()
}
