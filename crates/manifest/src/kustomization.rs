//! A folder with a `kustomization.yaml`: its resources, and the ConfigMaps and Secrets that it makes out of
//! plain files.
//!
//! So a schema can be kept as `.sql` files, and the same folder serves `kubectl apply -k` and the command
//! line. Only what lists and makes objects is carried out here; what changes them (patches, prefixes ...) is
//! refused, and done by `kubectl kustomize FOLDER | kubectl-tenantry fleet check -f -`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;
use tenantry_api::validation::FieldPath;

use crate::{
    LoadError, ObjectName, Secret,
    load::{Origin, Reader, fault_at, unreadable},
    manifests::SecretData,
    yaml::{self, At, Node},
};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Fields that change nothing that is read here: labels and annotations, images, order.
const HARMLESS: [&str; 9] = [
    "metadata",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "sortOptions",
    "buildMetadata",
    "configurations",
    "openapi",
];

/// What is carried out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kustomization {
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    config_map_generator: Vec<Generator>,
    #[serde(default)]
    secret_generator: Vec<Generator>,
    #[serde(default)]
    generator_options: GeneratorOptions,
}

const CARRIED_OUT: [&str; 7] = [
    "apiVersion",
    "kind",
    "namespace",
    "resources",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Generator {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
    /// `path`, under its file name, or `key=path`.
    #[serde(default)]
    files: Vec<String>,
    /// `key=value`.
    #[serde(default)]
    literals: Vec<String>,
    /// Files of lines of `key=value`.
    #[serde(default)]
    envs: Vec<String>,
    /// Only for Secrets; of no matter here.
    #[serde(default, rename = "type")]
    _type: Option<String>,
    #[serde(default)]
    options: GeneratorOptions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GeneratorOptions {
    #[serde(default)]
    disable_name_suffix_hash: bool,
}

/// Whether that file is a kustomization, by its name.
pub(crate) fn is_one(path: &Path) -> bool {
    path.file_name().is_some_and(|name| NAMES.iter().any(|known| name == *known))
}

/// Reads the resources, and makes what the generators say.
pub(crate) fn read(reader: &mut Reader, path: &Path, outer_namespace: Option<&str>) -> Result<(), LoadError> {
    let file = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new("."));
    let text = fs::read_to_string(path).map_err(|source| unreadable(&file, source))?;
    let origin = Origin { file: &file, namespace: None };
    let document = match yaml::documents(&file, &text) {
        Ok(documents) => documents.into_iter().next(),
        Err(fault) => {
            reader.faults.push(fault);
            return Ok(());
        }
    };
    let Some(document) = document else { return Ok(()) };
    let json = document.to_json();
    if refuse_what_changes_objects(reader, origin, &document, &json) {
        return Ok(());
    }
    let kustomization: Kustomization = match serde_json::from_value(json) {
        Ok(kustomization) => kustomization,
        Err(error) => {
            reader.faults.push(fault_at(origin, document.at, format!("no kustomization: {error}")));
            return Ok(());
        }
    };
    let namespace = outer_namespace.or(kustomization.namespace.as_deref());
    for (index, resource) in kustomization.resources.iter().enumerate() {
        let at = document.place_of(&FieldPath::default().field("resources").item(index));
        read_resource(reader, origin, at, &folder.join(resource), resource, namespace)?;
    }
    let generators = Generators { origin, folder, document: &document, namespace };
    let keep_names = kustomization.generator_options.disable_name_suffix_hash;
    for (index, generator) in kustomization.config_map_generator.iter().enumerate() {
        let (at, name, data) = generators.make(reader, "configMapGenerator", index, generator)?;
        if !keep_names && !generator.options.disable_name_suffix_hash {
            let message = format!(
                "on a cluster kustomize adds a hash to the name of ConfigMap {name}, which a SchemaDefinition does not \
                 follow; write generatorOptions: {{disableNameSuffixHash: true}}"
            );
            reader.note(origin, at, message);
        }
        reader.add_config_map(origin, at, name, data);
    }
    for (index, generator) in kustomization.secret_generator.iter().enumerate() {
        let (at, name, data) = generators.make(reader, "secretGenerator", index, generator)?;
        let data: SecretData = data.into_iter().map(|(key, text)| (key, Secret::new(text))).collect();
        reader.add_secret(origin, at, name, data);
    }
    Ok(())
}

fn refuse_what_changes_objects(
    reader: &mut Reader,
    origin: Origin<'_>,
    document: &Node,
    json: &Value,
) -> bool {
    let before = reader.faults.len();
    let Some(fields) = json.as_object() else {
        reader.faults.push(fault_at(origin, document.at, "no kustomization: it is no object"));
        return true;
    };
    let idle = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    for (field, value) in fields {
        let field = field.as_str();
        if !CARRIED_OUT.contains(&field) && !HARMLESS.contains(&field) && !idle(value) {
            let message = format!(
                "{field} is not carried out here; render the folder, and read that: kubectl kustomize FOLDER | \
                 kubectl-tenantry fleet check -f -"
            );
            reader.faults.push(fault_at(
                origin,
                document.place_of(&FieldPath::default().field(field)),
                message,
            ));
        }
    }
    reader.faults.len() > before
}

fn read_resource(
    reader: &mut Reader,
    origin: Origin<'_>,
    at: At,
    path: &Path,
    resource: &str,
    namespace: Option<&str>,
) -> Result<(), LoadError> {
    if path.is_file() {
        return reader.file(path, namespace);
    }
    let inner: Option<PathBuf> = NAMES.iter().map(|name| path.join(name)).find(|path| path.is_file());
    if let Some(inner) = inner {
        return read(reader, &inner, namespace);
    }
    let message = format!("resources: {resource} is no file, and no folder with a kustomization.yaml");
    reader.faults.push(fault_at(origin, at, message));
    Ok(())
}

struct Generators<'a> {
    origin: Origin<'a>,
    folder: &'a Path,
    document: &'a Node,
    namespace: Option<&'a str>,
}

impl Generators<'_> {
    /// The keys and texts of one generated object.
    fn make(
        &self,
        reader: &mut Reader,
        field: &str,
        index: usize,
        generator: &Generator,
    ) -> Result<(At, ObjectName, BTreeMap<String, String>), LoadError> {
        let path = FieldPath::default().field(field).item(index);
        let mut data = BTreeMap::new();
        for literal in &generator.literals {
            // kustomize takes quotes around the value off.
            let (key, value) = literal.split_once('=').unwrap_or((literal, ""));
            data.insert(key.to_owned(), value.trim_matches(['"', '\'']).to_owned());
        }
        for file in &generator.files {
            let (key, file) = match file.split_once('=') {
                Some((key, file)) => (Some(key.to_owned()), file),
                None => (None, file.as_str()),
            };
            let path = self.folder.join(file);
            let name = path.display().to_string();
            let text = fs::read_to_string(&path).map_err(|source| unreadable(&name, source))?;
            let key = key.or_else(|| Some(path.file_name()?.to_string_lossy().into_owned()));
            data.insert(key.unwrap_or_default(), text);
        }
        let at = self.document.place_of(&path);
        for file in &generator.envs {
            let name = self.folder.join(file).display().to_string();
            let text =
                fs::read_to_string(self.folder.join(file)).map_err(|source| unreadable(&name, source))?;
            let lines = text.lines().map(str::trim_start).enumerate();
            for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
                match line.split_once('=') {
                    Some((key, value)) => drop(data.insert(key.to_owned(), value.to_owned())),
                    // Never the line: it may be a password.
                    None => reader.faults.push(fault_at(
                        self.origin,
                        at,
                        format!("{field}: {file}, line {}, is no KEY=VALUE", number + 1),
                    )),
                }
            }
        }
        if data.is_empty() {
            let message = format!("{field}: {} has neither files nor literals nor envs", generator.name);
            reader.faults.push(fault_at(self.origin, at, message));
        }
        let namespace = self.namespace.or(generator.namespace.as_deref());
        Ok((at, ObjectName::new(namespace, &generator.name), data))
    }
}
