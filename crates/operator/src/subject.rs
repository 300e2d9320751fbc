//! What is reconciled: an object by kind, namespace and name.

use std::fmt;

use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt};

/// An object by namespace and name, of a kind that is known from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    /// That of an object.
    pub(crate) fn of(object: &impl ResourceExt) -> Self {
        Self { namespace: object.namespace().unwrap_or_default(), name: object.name_any() }
    }

    /// Another object of the same namespace.
    pub(crate) fn sibling(&self, name: &str) -> Self {
        Self { namespace: self.namespace.clone(), name: name.to_owned() }
    }

    /// As the caches know it.
    pub(crate) fn reference<K: Resource<DynamicType: Default>>(&self) -> ObjectRef<K> {
        ObjectRef::new(&self.name).within(&self.namespace)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// An object that has a controller of ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A TenantDatabase.
    Database(Key),
    /// A SchemaDefinition.
    Definition(Key),
    /// A TenantSet.
    Set(Key),
}

impl Subject {
    /// Its namespace.
    pub(crate) fn namespace(&self) -> &str {
        match self {
            Self::Database(key) | Self::Definition(key) | Self::Set(key) => &key.namespace,
        }
    }
}
