//! SchemaRevision: an immutable copy of a definition that was rolled out.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Engine,
    refs::LocalRef,
    rules,
    schema_definition::{Policy, Rename},
};

/// What was rolled out: the text and everything that decides what it means.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "tenantry.dev",
    version = "v1alpha1",
    kind = "SchemaRevision",
    plural = "schemarevisions",
    namespaced,
    shortname = "srev",
    category = "tenantry",
    derive = "PartialEq",
    doc = "A SchemaRevision is an immutable copy of a SchemaDefinition that was rolled out, named after the definition and its content's hash. The operator writes it and keeps the newest ones (TenantSet historyLimit). To go back, pin TenantSet spec.schemaRef.revision to it. The ledger in the database has a copy too. It has no status: it never changes.",
    validation = &rules::REVISION_IMMUTABLE,
    selectable = ".spec.definitionRef.name",
    printcolumn(name = "Definition", type_ = "string", json_path = ".spec.definitionRef.name"),
    printcolumn(name = "Revision", type_ = "string", json_path = ".spec.revision"),
    printcolumn(name = "Number", type_ = "integer", json_path = ".spec.number", description = "Counts up with each new revision of the definition"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct SchemaRevisionSpec {
    /// The SchemaDefinition that this is a copy of.
    pub definition_ref: LocalRef,
    /// The revision as ten hex digits: the beginning of `contentHash`.
    #[schemars(length(min = 10, max = 64), pattern("^[0-9a-f]+$"))]
    pub revision: String,
    /// sha256 over engine, sources, policy, renames and ignore, as 64 hex digits.
    #[schemars(length(min = 64, max = 64), pattern("^[0-9a-f]{64}$"))]
    pub content_hash: String,
    /// Counts up with each new revision of the definition, from 1.
    #[schemars(range(min = 1))]
    pub number: i64,
    /// The kind of database server.
    pub engine: Engine,
    /// The SQL, file by file, in the order in which it is compiled.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub sources: Vec<RevisionSource>,
    /// All sources' text one after the other, gzipped, in base64. Over 1 MiB compressed is refused.
    #[schemars(length(min = 1, max = 1_398_104), extend("format" = "byte"))]
    pub sql_gzip: String,
    /// The definition's policy.
    #[serde(default)]
    pub policy: Policy,
    /// The definition's renames.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub renames: Vec<Rename>,
    /// The definition's ignore list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub ignore: Vec<String>,
}

/// One file of the definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionSource {
    /// The ConfigMap and its key (`app-schema/30-audit.sql`), or `spec.sql`.
    #[schemars(length(min = 1, max = 512))]
    pub name: String,
    /// How many bytes of the text, before compression, are this file.
    #[schemars(range(min = 0))]
    pub bytes: i64,
}
