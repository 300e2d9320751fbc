//! What was read: typed objects, each with the place where it stands.

use std::{collections::BTreeMap, fmt};

use tenantry_api::{SchemaDefinition, TenantDatabase, TenantSet, validation::FieldPath};

use crate::{
    Fault, Place, Secret,
    yaml::{At, Node},
};

/// The namespace of an object that names none.
const DEFAULT_NAMESPACE: &str = "default";

/// An object's namespace and name. It prints as the bare name in the namespace `default`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The namespace; `default` where the manifest names none.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectName {
    /// The object of that name beside this one.
    #[must_use]
    pub fn sibling(&self, name: &str) -> Self {
        Self { namespace: self.namespace.clone(), name: name.to_owned() }
    }

    pub(crate) fn new(namespace: Option<&str>, name: &str) -> Self {
        Self { namespace: namespace.unwrap_or(DEFAULT_NAMESPACE).to_owned(), name: name.to_owned() }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace != DEFAULT_NAMESPACE {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// An object and the place where it stands.
#[derive(Clone)]
pub struct Located<T> {
    /// The object.
    pub object: T,
    pub(crate) kind: &'static str,
    pub(crate) name: ObjectName,
    pub(crate) file: String,
    pub(crate) node: Node,
}

impl<T> Located<T> {
    /// Its namespace and name.
    #[must_use]
    pub fn name(&self) -> &ObjectName {
        &self.name
    }

    /// Where it begins.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place_at(self.node.at)
    }

    /// What is wrong with a field of it. `message` may begin with the field's path.
    #[must_use]
    pub fn fault(&self, path: &FieldPath, message: impl Into<String>) -> Fault {
        Fault {
            place: self.place_at(self.node.place_of(path)),
            object: format!("{} {}", self.kind, self.name),
            message: message.into(),
        }
    }

    fn place_at(&self, at: At) -> Place {
        Place { file: self.file.clone(), line: at.line, column: at.column }
    }
}

/// Only what it is and where: the content may be a Secret's.
impl<T> fmt::Debug for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.kind, self.name, self.place())
    }
}

/// Something that was left out, or done differently than a person may expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// What a Secret holds, by key.
pub type SecretData = BTreeMap<String, Secret>;

/// What a ConfigMap holds, by key.
pub type ConfigData = BTreeMap<String, String>;

/// All objects of some manifests. Every reference leads to an object that is here, but for Secrets whose
/// connection comes from the [`Environment`](crate::Environment).
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The TenantDatabases.
    pub databases: BTreeMap<ObjectName, Located<TenantDatabase>>,
    /// The SchemaDefinitions.
    pub definitions: BTreeMap<ObjectName, Located<SchemaDefinition>>,
    /// The TenantSets.
    pub sets: BTreeMap<ObjectName, Located<TenantSet>>,
    /// The Secrets.
    pub secrets: BTreeMap<ObjectName, Located<SecretData>>,
    /// The ConfigMaps.
    pub config_maps: BTreeMap<ObjectName, Located<ConfigData>>,
    /// What was left out, or done differently than a person may expect.
    pub notes: Vec<Note>,
}

impl Manifests {
    pub(crate) fn secret(&self, name: &ObjectName) -> Option<&SecretData> {
        self.secrets.get(name).map(|secret| &secret.object)
    }

    pub(crate) fn config_map(&self, name: &ObjectName) -> Option<&ConfigData> {
        self.config_maps.get(name).map(|config_map| &config_map.object)
    }
}
