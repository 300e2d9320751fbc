//! Whether every reference leads somewhere.

use std::collections::BTreeMap;

use tenantry_api::{SchemaDefinition, TenantDatabase, TenantSet, validation::FieldPath};
use tenantry_engine::Source;
use tenantry_fleet::{FleetSpec, SetIdentity};

use crate::{
    Around, Connection, Environment, Fault, Located, Manifests, Note, ObjectName, fleet_spec::fleet_spec,
    policy::policy, sources::sources,
};

/// A field that names something which is not there, or not as it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The field.
    pub path: FieldPath,
    /// What is missing, and what to add.
    pub message: String,
    /// What is wrong with what the field names.
    pub fault: RefFault,
}

/// What is wrong with what a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefFault {
    /// It is not there: it may come by itself.
    Missing,
    /// It is there, or is a value, and not as it is needed.
    Unfit,
}

impl Unresolved {
    /// A field that names an object which is not there.
    #[must_use]
    pub fn missing(path: FieldPath, kind: &str, name: &str) -> Self {
        Self { path, message: format!("there is no {kind} {name}; add it"), fault: RefFault::Missing }
    }

    /// A field whose value, or what it names, is not as it is needed.
    #[must_use]
    pub fn unfit(path: FieldPath, message: impl Into<String>) -> Self {
        Self { path, message: message.into(), fault: RefFault::Unfit }
    }
}

impl Manifests {
    /// How to reach that database.
    ///
    /// # Errors
    /// What its Secrets lack. After [`load`](crate::load()) with the same environment there is nothing.
    pub fn connection(
        &self,
        database: &Located<TenantDatabase>,
        environment: &Environment,
    ) -> Result<Connection, Vec<Fault>> {
        let name = database.name();
        let secret = |secret: &str| self.secret(&name.sibling(secret));
        let resolved = Connection::resolve(&database.object.spec, &secret, environment.uri(&name.name));
        resolved.map_err(|all| {
            let hint = format!(", or set {}", Environment::variable(&name.name));
            let fault = |one: Unresolved| {
                let login = one.path.to_string().starts_with("spec.connection");
                let message = format!("{}: {}{}", one.path, one.message, if login { &hint } else { "" });
                database.fault(&one.path, message)
            };
            all.into_iter().map(fault).collect()
        })
    }

    /// The SQL of that definition, in the order in which it is compiled.
    ///
    /// # Errors
    /// ConfigMaps that are not there or hold nothing. After [`load`](crate::load()) there are none.
    pub fn sources(&self, definition: &Located<SchemaDefinition>) -> Result<Vec<Source>, Vec<Fault>> {
        let config_map = |config_map: &str| self.config_map(&definition.name().sibling(config_map));
        sources(&definition.object.spec, &config_map).map_err(|all| faults_of(definition, all))
    }
}

impl Manifests {
    /// That set in the fleet's words, as a command line knows it: by `namespace/name`, without a cluster.
    ///
    /// # Errors
    /// What the schema cannot see: patterns that name no kind, time zones that are not known. After
    /// [`load`](crate::load()) there is nothing.
    pub fn fleet(&self, set: &Located<TenantSet>) -> Result<FleetSpec, Vec<Fault>> {
        let name = set.name();
        let wanted = &set.object.spec.schema_ref.name;
        let Some(definition) = self.definitions.get(&name.sibling(wanted)) else {
            let path = FieldPath::default().field("spec").field("schemaRef").field("name");
            return Err(faults_of(set, vec![Unresolved::missing(path, "SchemaDefinition", wanted)]));
        };
        let around = Around {
            identity: SetIdentity { set: format!("{}/{}", name.namespace, name.name), cluster: None },
            definition: &definition.object.spec,
            sources: self.sources(definition)?,
            policy: policy(&definition.object.spec).map_err(|all| faults_of(definition, all))?,
            database_id: &|database| database.to_owned(),
            config_map: &|config_map| self.config_map(&name.sibling(config_map)),
        };
        fleet_spec(&name.name, &set.object.spec, around).map_err(|all| faults_of(set, all))
    }

    /// The role as which the statements of that set's tenants run in that database; `{name}` in it stands for
    /// the tenant's name. None for the login itself.
    #[must_use]
    pub fn owner_role<'m>(&'m self, set: &'m Located<TenantSet>, database: &str) -> Option<&'m str> {
        let databases =
            || self.databases.get(&set.name().sibling(database))?.object.spec.owner_role.as_deref();
        set.object.spec.owner_role.as_deref().or_else(databases)
    }
}

fn faults_of<T>(object: &Located<T>, unresolved: Vec<Unresolved>) -> Vec<Fault> {
    let fault = |one: Unresolved| object.fault(&one.path, format!("{}: {}", one.path, one.message));
    unresolved.into_iter().map(fault).collect()
}

/// Every reference that leads nowhere.
pub(crate) fn check(manifests: &Manifests, environment: &Environment) -> Vec<Fault> {
    let mut faults = Vec::new();
    for database in manifests.databases.values() {
        faults.extend(manifests.connection(database, environment).err().into_iter().flatten());
        if let Some(shadow) = &database.object.spec.shadow.database_ref {
            let path = FieldPath::default().field("spec").field("shadow").field("databaseRef").field("name");
            must_be_there(&manifests.databases, "TenantDatabase", database, &path, &shadow.name, &mut faults);
        }
    }
    for definition in manifests.definitions.values() {
        faults.extend(manifests.sources(definition).err().into_iter().flatten());
        let refused = policy(&definition.object.spec).err().unwrap_or_default();
        faults.extend(faults_of(definition, refused));
    }
    for set in manifests.sets.values() {
        check_set(manifests, set, &mut faults);
    }
    if faults.is_empty() {
        let refused = manifests.sets.values().filter_map(|set| manifests.fleet(set).err());
        faults.extend(refused.flatten());
    }
    faults.extend(shared_variables(manifests, environment));
    faults
}

fn check_set(manifests: &Manifests, set: &Located<TenantSet>, faults: &mut Vec<Fault>) {
    let spec = FieldPath::default().field("spec");
    let path = spec.field("schemaRef").field("name");
    must_be_there(
        &manifests.definitions,
        "SchemaDefinition",
        set,
        &path,
        &set.object.spec.schema_ref.name,
        faults,
    );
    for (index, entry) in set.object.spec.databases.iter().enumerate() {
        let path = spec.field("databases").item(index);
        let databases = &manifests.databases;
        let own = path.field("databaseRef").field("name");
        must_be_there(databases, "TenantDatabase", set, &own, &entry.database_ref.name, faults);
        let tenants = path.field("tenants");
        if let Some(elsewhere) = &entry.tenants.query_database_ref {
            let path = tenants.field("queryDatabaseRef").field("name");
            must_be_there(databases, "TenantDatabase", set, &path, &elsewhere.name, faults);
        }
        if let Some(list) = &entry.tenants.config_map_ref {
            let path = tenants.field("configMapRef");
            let before = faults.len();
            must_be_there(&manifests.config_maps, "ConfigMap", set, &path.field("name"), &list.name, faults);
            let data = manifests.config_map(&set.name().sibling(&list.name));
            if faults.len() == before && !data.is_some_and(|data| data.contains_key(&list.key)) {
                let path = path.field("key");
                let message = format!("{path}: ConfigMap {} has no key {}", list.name, list.key);
                faults.push(set.fault(&path, message));
            }
        }
    }
}

fn must_be_there<T, U>(
    objects: &BTreeMap<ObjectName, Located<T>>,
    kind: &str,
    from: &Located<U>,
    path: &FieldPath,
    name: &str,
    faults: &mut Vec<Fault>,
) {
    let wanted = from.name().sibling(name);
    if objects.contains_key(&wanted) {
        return;
    }
    let elsewhere = objects.keys().find(|object| object.name == name);
    let beside: Vec<&str> = objects
        .keys()
        .filter(|object| object.namespace == wanted.namespace)
        .map(|object| object.name.as_str())
        .collect();
    let advice = match elsewhere {
        Some(elsewhere) => format!(
            "it is in namespace {}, and this is in {}: references stay in their namespace",
            elsewhere.namespace, wanted.namespace
        ),
        None if beside.is_empty() => "add one".to_owned(),
        None => format!("add it, or name one that is here: {}", beside.join(", ")),
    };
    faults.push(from.fault(path, format!("{path}: there is no {kind} {name}; {advice}")));
}

/// One variable of the environment must not stand for two databases.
fn shared_variables(manifests: &Manifests, environment: &Environment) -> Vec<Fault> {
    let mut first: BTreeMap<String, &ObjectName> = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, database) in
        manifests.databases.iter().filter(|(name, _)| environment.uri(&name.name).is_some())
    {
        let variable = Environment::variable(&name.name);
        match first.get(&variable) {
            Some(other) => {
                let message =
                    format!("{variable} would stand for this one and for {other}; rename one of the two");
                faults.push(database.fault(&FieldPath::default(), message));
            }
            None => {
                first.insert(variable, name);
            }
        }
    }
    faults
}

/// Which databases are reached by the environment although their Secret is there: another one than it says, perhaps.
pub(crate) fn notes(manifests: &Manifests, environment: &Environment) -> Vec<Note> {
    let note = |(name, database): (&ObjectName, &Located<TenantDatabase>)| {
        environment.uri(&name.name)?;
        let secret = name.sibling(&database.object.spec.connection.secret_ref.name);
        manifests.secret(&secret)?;
        let variable = Environment::variable(&name.name);
        let message =
            format!("TenantDatabase {name} is reached by {variable}, and not as Secret {secret} says");
        Some(Note { place: database.place(), message })
    };
    manifests.databases.iter().filter_map(note).collect()
}
