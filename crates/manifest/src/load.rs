//! Reading manifests: files, folders, standard input.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use k8s_openapi::{
    ByteString,
    api::core::v1::{ConfigMap, Secret as CoreSecret},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps,
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenantry_api::{
    API_VERSION, GROUP, crd,
    validation::{self, FieldPath},
};

use crate::{
    Environment, Fault, LoadError, Located, Manifests, Note, ObjectName, Place, Secret, kustomization,
    manifests::{ConfigData, SecretData},
    references,
    yaml::{self, At, Content, Node},
};

const STANDARD_INPUT: &str = "standard input";
const KINDS: [&str; 3] = ["TenantDatabase", "SchemaDefinition", "TenantSet"];
const OPERATORS_KINDS: [&str; 3] = ["SchemaRevision", "SchemaRollout", "TenantSlice"];

/// Where manifests are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file; or a folder, of which all `*.yaml`, `*.yml` and `*.json` are read, sorted by name, but no
    /// folders in it. A folder with a `kustomization.yaml` is read as that says.
    Path(PathBuf),
    /// Standard input, `-` on the command line.
    StandardInput,
    /// Text at hand, under a name for messages.
    Text {
        /// What messages call it.
        name: String,
        /// The YAML.
        text: String,
    },
}

impl From<&str> for Input {
    fn from(argument: &str) -> Self {
        if argument == "-" { Self::StandardInput } else { Self::Path(argument.into()) }
    }
}

/// Reads manifests and looks up every reference in them.
///
/// # Errors
/// [`LoadError::Refused`] with everything that is wrong: no YAML, unknown kinds and fields of ours, what the
/// CRDs' schemas and rules refuse, the same object twice, references to what is not there.
pub fn load(inputs: &[Input], environment: &Environment) -> Result<Manifests, LoadError> {
    let mut reader = Reader::default();
    for input in inputs {
        reader.input(input)?;
    }
    let Reader { mut manifests, mut faults, .. } = reader;
    if faults.is_empty() {
        faults = references::check(&manifests, environment);
    }
    if !faults.is_empty() {
        return Err(LoadError::Refused(faults));
    }
    manifests.notes.extend(references::notes(&manifests, environment));
    if manifests.databases.is_empty() && manifests.definitions.is_empty() && manifests.sets.is_empty() {
        return Err(LoadError::Empty(format!(
            "there is no {} in what was read; deploy/samples shows the three",
            KINDS.join(", no ")
        )));
    }
    Ok(manifests)
}

#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) manifests: Manifests,
    pub(crate) faults: Vec<Fault>,
    schemas: BTreeMap<&'static str, JSONSchemaProps>,
}

/// What all documents of a file have in common.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) file: &'a str,
    /// The namespace that a kustomization gives to all its objects.
    pub(crate) namespace: Option<&'a str>,
}

impl Reader {
    fn input(&mut self, input: &Input) -> Result<(), LoadError> {
        match input {
            Input::Text { name, text } => self.text(Origin { file: name, namespace: None }, text),
            Input::StandardInput => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text).map_err(|source| unreadable(STANDARD_INPUT, source))?;
                self.text(Origin { file: STANDARD_INPUT, namespace: None }, &text);
            }
            Input::Path(path) if path.is_dir() => return self.folder(path),
            Input::Path(path) if kustomization::is_one(path) => return kustomization::read(self, path, None),
            Input::Path(path) => return self.file(path, None),
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path) -> Result<(), LoadError> {
        let named = |source| unreadable(&folder.display().to_string(), source);
        let entries = fs::read_dir(folder).map_err(named)?.collect::<Result<Vec<_>, _>>().map_err(named)?;
        let mut files: Vec<PathBuf> =
            entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        files.sort();
        if let Some(kustomization) = files.iter().find(|path| kustomization::is_one(path)) {
            return kustomization::read(self, kustomization, None);
        }
        files.retain(|path| {
            path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
        });
        if files.is_empty() {
            return Err(LoadError::Empty(format!("{} has no *.yaml, *.yml or *.json", folder.display())));
        }
        files.iter().try_for_each(|file| self.file(file, None))
    }

    pub(crate) fn file(&mut self, path: &Path, namespace: Option<&str>) -> Result<(), LoadError> {
        let file = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|source| unreadable(&file, source))?;
        self.text(Origin { file: &file, namespace }, &text);
        Ok(())
    }

    fn text(&mut self, origin: Origin<'_>, text: &str) {
        match yaml::documents(origin.file, text) {
            Ok(documents) => documents.into_iter().for_each(|document| self.document(origin, document)),
            Err(fault) => self.faults.push(fault),
        }
    }

    fn document(&mut self, origin: Origin<'_>, node: Node) {
        let text = |field| node.field(field).and_then(Node::text).map(str::to_owned);
        let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
            let message = "this is no Kubernetes object: apiVersion and kind are missing or no text";
            return self.faults.push(fault_at(origin, node.at, message));
        };
        match (api_version.as_str(), kind.as_str()) {
            ("v1", "List") => {
                if let Some(Node { content: Content::List(items), .. }) = node.field("items").cloned() {
                    items.into_iter().for_each(|item| self.document(origin, item));
                }
            }
            ("v1", "Secret") => self.secret(origin, &node),
            ("v1", "ConfigMap") => self.config_map(origin, &node),
            (API_VERSION, "TenantDatabase") => {
                if let Some((name, database)) = self.object(origin, node, "TenantDatabase") {
                    insert(&mut self.manifests.databases, name, database, &mut self.faults);
                }
            }
            (API_VERSION, "SchemaDefinition") => {
                if let Some((name, definition)) = self.object(origin, node, "SchemaDefinition") {
                    insert(&mut self.manifests.definitions, name, definition, &mut self.faults);
                }
            }
            (API_VERSION, "TenantSet") => {
                if let Some((name, set)) = self.object(origin, node, "TenantSet") {
                    insert(&mut self.manifests.sets, name, set, &mut self.faults);
                }
            }
            (API_VERSION, kind) if OPERATORS_KINDS.contains(&kind) => {
                self.note(origin, node.at, format!("{kind} is left out: the operator writes it itself"));
            }
            (API_VERSION, kind) => {
                let message = format!(
                    "there is no kind {kind} in {API_VERSION}; what users write is {}",
                    KINDS.join(", ")
                );
                self.faults.push(fault_at(origin, node.at, message));
            }
            (other, kind) if other.split('/').next() == Some(GROUP) => {
                let message =
                    format!("there is no apiVersion {other}; write apiVersion: {API_VERSION} for {kind}");
                self.faults.push(fault_at(origin, node.at, message));
            }
            (_, kind) => {
                self.note(origin, node.at, format!("{kind} is left out: it is none of Tenantry's kinds"));
            }
        }
    }

    /// A document that its kind's schema and rules take, as its type.
    fn object<T: DeserializeOwned>(
        &mut self,
        origin: Origin<'_>,
        node: Node,
        kind: &'static str,
    ) -> Option<(ObjectName, Located<T>)> {
        let json = node.to_json();
        let name = self.sound(origin, &node, &json, kind)?;
        match serde_json::from_value(json) {
            Ok(object) => {
                let located =
                    Located { object, kind, name: name.clone(), file: origin.file.to_owned(), node };
                Some((name, located))
            }
            Err(error) => {
                // The schema takes nothing that the type does not, so this says that the two have come apart.
                let message = format!("{kind} {name} cannot be decoded: {error}");
                self.faults.push(fault_at(origin, node.at, message));
                None
            }
        }
    }

    /// Judges a document by its kind's schema and rules; what is wrong goes to the faults.
    fn sound(
        &mut self,
        origin: Origin<'_>,
        node: &Node,
        json: &Value,
        kind: &'static str,
    ) -> Option<ObjectName> {
        let schema = self.schemas.entry(kind).or_insert_with(|| match kind {
            "Secret" => crd::schema_of::<CoreSecret>(),
            "ConfigMap" => crd::schema_of::<ConfigMap>(),
            kind => crd::schema(kind).unwrap_or_default(),
        });
        let name = object_name(origin, json);
        let object = name.as_ref().map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"));
        let mut problems: Vec<(FieldPath, String)> = validation::violations(schema, json)
            .into_iter()
            .map(|violation| (violation.path.clone(), violation.to_string()))
            .collect();
        if problems.is_empty() {
            let path = FieldPath::default().field("metadata").field("name");
            match &name {
                None => problems.push((path, "metadata.name is missing".to_owned())),
                Some(name) if !is_dns_name(&name.name) => {
                    let message =
                        "metadata.name can have lower-case letters, digits, '-' and '.', as in app-1";
                    problems.push((path, message.to_owned()));
                }
                Some(_) => return name,
            }
        }
        let faults = problems.into_iter().map(|(path, message)| Fault {
            object: object.clone(),
            ..fault_at(origin, node.place_of(&path), message)
        });
        self.faults.extend(faults);
        None
    }

    fn secret(&mut self, origin: Origin<'_>, node: &Node) {
        let json = node.to_json();
        let Some(name) = self.sound(origin, node, &json, "Secret") else { return };
        let mut data = SecretData::new();
        let object = format!("Secret {name}");
        for (key, value) in entries(&json, "data") {
            let path = FieldPath::default().field("data").field(key);
            let bytes =
                serde_json::from_value::<ByteString>(value.clone()).map(|bytes| String::from_utf8(bytes.0));
            let problem = match bytes {
                Ok(Ok(text)) => {
                    data.insert(key.clone(), Secret::new(text));
                    continue;
                }
                Ok(Err(_)) => "is no UTF-8 text",
                Err(_) => "is no base64; plain text stands under stringData",
            };
            let message = format!("data.{key} {problem}");
            self.faults
                .push(Fault { object: object.clone(), ..fault_at(origin, node.place_of(&path), message) });
        }
        for (key, value) in entries(&json, "stringData") {
            data.insert(key.clone(), Secret::new(value.as_str().unwrap_or_default()));
        }
        self.add_secret(origin, node.at, name, data);
    }

    fn config_map(&mut self, origin: Origin<'_>, node: &Node) {
        let json = node.to_json();
        let Some(name) = self.sound(origin, node, &json, "ConfigMap") else { return };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let data = entries(&json, "data").map(|(key, value)| (key.clone(), text(value))).collect();
        self.add_config_map(origin, node.at, name, data);
    }

    pub(crate) fn add_secret(&mut self, origin: Origin<'_>, at: At, name: ObjectName, object: SecretData) {
        let located = Located {
            object,
            kind: "Secret",
            name: name.clone(),
            file: origin.file.to_owned(),
            node: empty(at),
        };
        insert(&mut self.manifests.secrets, name, located, &mut self.faults);
    }

    pub(crate) fn add_config_map(
        &mut self,
        origin: Origin<'_>,
        at: At,
        name: ObjectName,
        object: ConfigData,
    ) {
        let located = Located {
            object,
            kind: "ConfigMap",
            name: name.clone(),
            file: origin.file.to_owned(),
            node: empty(at),
        };
        insert(&mut self.manifests.config_maps, name, located, &mut self.faults);
    }

    pub(crate) fn note(&mut self, origin: Origin<'_>, at: At, message: String) {
        self.manifests.notes.push(Note { place: place(origin, at), message });
    }
}

fn insert<T>(
    objects: &mut BTreeMap<ObjectName, Located<T>>,
    name: ObjectName,
    object: Located<T>,
    faults: &mut Vec<Fault>,
) {
    match objects.entry(name) {
        Entry::Vacant(entry) => {
            entry.insert(object);
        }
        Entry::Occupied(first) => {
            let message = format!("it stands in {} already; remove one of the two", first.get().place());
            faults.push(object.fault(&FieldPath::default(), message));
        }
    }
}

/// The name in an object's metadata; a kustomization's namespace goes before the object's own.
fn object_name(origin: Origin<'_>, json: &Value) -> Option<ObjectName> {
    let metadata: ObjectMeta = serde_json::from_value(json.get("metadata")?.clone()).ok()?;
    Some(ObjectName::new(origin.namespace.or(metadata.namespace.as_deref()), &metadata.name?))
}

/// A DNS subdomain, as RFC 1123 has it: what Kubernetes takes for a name.
fn is_dns_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let label = |label: &str| label.starts_with(inner) && label.ends_with(inner);
    name.len() <= 253 && name.split('.').all(label) && name.chars().all(|c| inner(c) || c == '-' || c == '.')
}

fn entries<'v>(json: &'v Value, field: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    json.get(field).and_then(Value::as_object).into_iter().flatten()
}

fn empty(at: At) -> Node {
    Node { content: Content::Scalar(Value::Null), at }
}

fn place(origin: Origin<'_>, at: At) -> Place {
    Place { file: origin.file.to_owned(), line: at.line, column: at.column }
}

pub(crate) fn fault_at(origin: Origin<'_>, at: At, message: impl Into<String>) -> Fault {
    Fault { place: place(origin, at), object: String::new(), message: message.into() }
}

pub(crate) fn unreadable(name: &str, source: io::Error) -> LoadError {
    LoadError::Unreadable { name: name.to_owned(), source }
}
