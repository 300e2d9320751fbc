//! What a definition refers to outside of the tenant's schema, as far as that can be told before it runs.

use std::collections::BTreeSet;

use tenantry_catalog::External;
use tenantry_engine::EngineError;
use tenantry_planner::sql::lexer::tokens;

use super::searched;
use crate::connect::Session;
use crate::definition::Definition;

/// What is there in the database, and what the definition says of it.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// Shared relations that making the schema would lock.
    pub shared: BTreeSet<String>,
    /// Everything whose name occurs anywhere in the text, also in functions' bodies.
    pub mentioned: BTreeSet<External>,
}

/// Looks for it.
pub(super) async fn look(session: &Session, definition: &Definition) -> Result<Outside, EngineError> {
    let failed = |error| session.failed("looking for what the definition refers to", &error);
    let words = words(definition);
    let path: Vec<String> = searched(definition).iter().map(|schema| schema.as_str().to_owned()).collect();
    let rows = session
        .query(include_str!("outside.sql"), &[&words, &path, &crate::shadow::PREFIX])
        .await
        .map_err(failed)?;
    let mut outside = Outside::default();
    for row in &rows {
        let (kind, schema, name, identity): (String, String, String, String) = (
            row.try_get("kind").map_err(failed)?,
            row.try_get("schema").map_err(failed)?,
            row.try_get("name").map_err(failed)?,
            row.try_get("identity").map_err(failed)?,
        );
        let meant = |schema: Option<&str>| {
            let wanted = crate::definition::Outside { schema: schema.map(str::to_owned), name: name.clone() };
            definition.outside().contains(&wanted)
        };
        let relation = matches!(kind.as_str(), "table" | "foreign table" | "view" | "materialized view");
        if relation && (meant(Some(&schema)) || path.contains(&schema) && meant(None)) {
            outside.shared.insert(identity.clone());
        }
        outside.mentioned.insert(External { kind, schema: Some(schema), identity });
    }
    Ok(outside)
}

/// Every name that occurs in what runs.
fn words(definition: &Definition) -> Vec<String> {
    let mut words = BTreeSet::new();
    for statement in definition.statements() {
        collect(statement.template().as_str(), &mut words);
    }
    words.into_iter().collect()
}

/// The names in a text, and in the bodies and strings in it.
fn collect(text: &str, words: &mut BTreeSet<String>) {
    for token in tokens(text) {
        if let Some(name) = token.name() {
            words.insert(name.into_owned());
        } else if let Some(content) = token.content()
            && content.text != text
        {
            collect(&content.text, words);
        }
    }
}
