//! The SQL of a definition, once its ConfigMaps are looked up.

use tenantry_api::{schema_definition::SchemaDefinitionSpec, validation::FieldPath};
use tenantry_engine::Source;

use crate::{manifests::ConfigData, references::Unresolved};

/// What messages call the SQL that stands in the definition itself.
const INLINE: &str = "spec.sql";

/// The SQL of a definition, in the order in which it is compiled: `sql` alone, or ConfigMap after ConfigMap
/// with its keys sorted by name, each called `configmap/key`.
///
/// # Errors
/// ConfigMaps that are not there, or hold nothing.
pub fn sources<'c>(
    spec: &SchemaDefinitionSpec,
    config_map: &dyn Fn(&str) -> Option<&'c ConfigData>,
) -> Result<Vec<Source>, Vec<Unresolved>> {
    let mut sources: Vec<Source> =
        spec.sql.iter().map(|sql| Source { name: INLINE.to_owned(), text: sql.clone() }).collect();
    let mut unresolved = Vec::new();
    for (index, reference) in spec.config_map_refs.iter().enumerate() {
        let name = &reference.name;
        let path = FieldPath::default().field("spec").field("configMapRefs").item(index);
        match config_map(name) {
            None => unresolved.push(Unresolved::missing(path, "ConfigMap", name)),
            Some(data) if data.is_empty() => {
                let message = format!("ConfigMap {name} has no data; put the SQL under data, a key a file");
                unresolved.push(Unresolved::unfit(path, message));
            }
            Some(data) => {
                sources.extend(
                    data.iter()
                        .map(|(key, text)| Source { name: format!("{name}/{key}"), text: text.clone() }),
                );
            }
        }
    }
    if unresolved.is_empty() { Ok(sources) } else { Err(unresolved) }
}
