//! SchemaRevisions: copies of a definition that was rolled out, the newest ones.

use std::io::Write as _;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use flate2::Compression;
use flate2::write::GzEncoder;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt as _};
use tenantry_api::refs::LocalRef;
use tenantry_api::schema_revision::{RevisionSource, SchemaRevisionSpec};
use tenantry_api::{SchemaDefinition, SchemaRevision};

use super::observe::Wanted;
use super::publish::delete;
use crate::context::Context;
use crate::subject::Key;
use crate::{Error, report};

/// Keeps a copy of a definition, where there is none of that revision, and lets the oldest go.
pub(super) async fn keep(
    context: &Context,
    definition: &SchemaDefinition,
    wanted: &Wanted,
    limit: i32,
) -> Result<(), Error> {
    let key = Key::of(definition);
    let api: Api<SchemaRevision> = Api::namespaced(context.client.clone(), &key.namespace);
    let object = || report::reference(definition);
    let of_definition = ListParams::default().fields(&format!("spec.definitionRef.name={}", key.name));
    let mut known =
        api.list(&of_definition).await.map_err(Error::api("listing the revisions of", object()))?.items;
    let revision = wanted.revision.revision();
    if known.iter().any(|one| one.spec.content_hash == wanted.revision.as_str()) {
        return Ok(());
    }
    let number = known.iter().map(|one| one.spec.number).max().unwrap_or_default() + 1;
    let spec = SchemaRevisionSpec { number, ..spec(definition, wanted) };
    let mut copy = SchemaRevision::new(&format!("{}-{revision}", key.name), spec);
    copy.metadata.owner_references = kube::Resource::owner_ref(definition, &()).map(|owner| vec![owner]);
    match api.create(&PostParams::default(), &copy).await {
        Ok(_) => {}
        // Another set of the same definition was quicker.
        Err(kube::Error::Api(said)) if said.code == 409 => {}
        Err(error) => return Err(Error::api("keeping a revision of", object())(error)),
    }
    known.sort_by_key(|one| std::cmp::Reverse(one.spec.number));
    let pinned: Vec<String> =
        context.sets(&key.namespace).iter().filter_map(|set| set.spec.schema_ref.revision.clone()).collect();
    let is_pinned =
        |one: &SchemaRevision| pinned.iter().any(|pin| one.spec.content_hash.starts_with(pin.as_str()));
    let kept = usize::try_from(limit).unwrap_or(1).saturating_sub(1);
    for old in known.iter().skip(kept).filter(|one| !is_pinned(one)) {
        delete(&api, &old.name_any()).await?;
    }
    Ok(())
}

fn spec(definition: &SchemaDefinition, wanted: &Wanted) -> SchemaRevisionSpec {
    let sources = &wanted.spec.definition.sources;
    let text: String = sources.iter().map(|source| source.text.as_str()).collect();
    SchemaRevisionSpec {
        definition_ref: LocalRef { name: definition.name_any() },
        revision: wanted.revision.revision().to_owned(),
        content_hash: wanted.revision.to_string(),
        number: 0,
        engine: definition.spec.engine,
        sources: sources
            .iter()
            .map(|source| RevisionSource {
                name: source.name.clone(),
                bytes: i64::try_from(source.text.len()).unwrap_or(i64::MAX),
            })
            .collect(),
        sql_gzip: gzipped(&text),
        policy: definition.spec.policy.clone(),
        renames: definition.spec.renames.clone(),
        ignore: definition.spec.ignore.clone(),
    }
}

/// As the field has it: gzipped, in base64.
fn gzipped(text: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(text.as_bytes());
    BASE64_STANDARD.encode(encoder.finish().unwrap_or_default())
}
