//! SchemaDefinition: the schema that every tenant should have, as ordinary SQL.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Engine, refs::LocalRef, rules};

/// The desired schema, and what a plan may do to get there.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "tenantry.dev",
    version = "v1alpha1",
    kind = "SchemaDefinition",
    plural = "schemadefinitions",
    namespaced,
    shortname = "sd",
    category = "tenantry",
    status = "SchemaDefinitionStatus",
    derive = "PartialEq",
    doc = "A SchemaDefinition is the schema that every tenant of a TenantSet should have, written as ordinary SQL DDL with unqualified names. A change of it is rolled out by the TenantSets that refer to it.",
    validation = &rules::NAME_LENGTH,
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.revision"),
    printcolumn(name = "Objects", type_ = "integer", json_path = ".status.objects"),
    printcolumn(name = "Accepted", type_ = "string", json_path = ".status.conditions[?(@.type==\"Accepted\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Accepted\")].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Accepted\")].message", priority = "1")
)]
#[x_kube(validation = &rules::ONE_SOURCE_OF_SQL)]
pub struct SchemaDefinitionSpec {
    /// The kind of database server that the SQL is written for. Default, and the only one that is carried out
    /// yet: PostgreSQL. It cannot be changed later.
    #[serde(default)]
    #[x_kube(validation = &rules::ENGINE_IMMUTABLE)]
    pub engine: Engine,
    /// The schema as SQL DDL: CREATE, ALTER, COMMENT, GRANT; no BEGIN/COMMIT, no rows. Names are unqualified,
    /// as if the tenant's schema were first on the search_path; where its name must be written (a `SET
    /// search_path`, a function's body), write `__TENANT__`. What `pg_dump --schema-only --schema=X` prints
    /// is taken as it is. Either this or `configMapRefs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1_048_576))]
    pub sql: Option<String>,
    /// ConfigMaps that hold the SQL, in this order; of each all keys, sorted by name. Kustomize's
    /// configMapGenerator and Helm make them out of `.sql` files. Either this or `sql`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub config_map_refs: Vec<LocalRef>,
    /// What a plan may do, and what of a tenant's schema is looked after.
    #[serde(default)]
    pub policy: Policy,
    /// Names that were changed, so that what is there is renamed instead of dropped and made anew. A hint
    /// that does not apply (any more) does nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub renames: Vec<Rename>,
    /// Objects that tenants may have for themselves, each as its kind and a name, in which `*` stands for any
    /// text: `index invoice_total_idx`, `table audit_*`, `column invoice.x_*`; without a kind, `custom_*`,
    /// objects of every kind. They are neither compared nor changed. The bookkeeping tables of Flyway,
    /// Liquibase, Alembic, Django, Rails, Prisma, golang-migrate, goose, sqlx, diesel and Atlas are always
    /// left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = &rules::IGNORE_PATTERNS)]
    pub ignore: Vec<String>,
}

/// What a plan may do by default, and what of a tenant's schema is looked after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// What becomes of a table or column that holds data and is no longer in the definition. `Quarantine`: it
    /// is renamed aside and can be brought back. `Allow`: it is dropped. `Deny`: no plan is made, the tenant
    /// is Blocked. Default: `Quarantine`.
    #[serde(default)]
    pub destructive: Destructive,
    /// Whether changes are made in the way that holds up the application least (CREATE INDEX CONCURRENTLY,
    /// NOT VALID then VALIDATE), which takes longer and more than one transaction. `Auto`: where a table is
    /// large enough for it to matter. `Never`: plain statements, in one transaction where possible. Default:
    /// `Auto`.
    #[serde(default)]
    pub online: Online,
    /// Whether owners of objects are part of the schema. Default: `Unmanaged`.
    #[serde(default = "unmanaged")]
    pub owners: Management,
    /// Whether privileges (GRANT) are part of the schema. Default: `Managed`.
    #[serde(default = "managed")]
    pub privileges: Management,
    /// Whether a definition without any object is taken at its word, which means to remove everything from
    /// every tenant. Default: false; then an empty definition is refused.
    #[serde(default)]
    pub allow_empty: bool,
}

/// What becomes of what holds data and is no longer in the definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Destructive {
    /// It is renamed aside and can be brought back.
    #[default]
    Quarantine,
    /// It is dropped.
    Allow,
    /// No plan is made.
    Deny,
}

/// When the way that holds up the application least is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Online {
    /// Where a table is large enough for it to matter.
    #[default]
    Auto,
    /// Never: plain statements.
    Never,
}

/// Whether something is part of the schema that is compared and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Management {
    /// Compared, and made equal to the definition.
    Managed,
    /// Left as each tenant has it.
    Unmanaged,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            destructive: Destructive::default(),
            online: Online::default(),
            owners: unmanaged(),
            privileges: managed(),
            allow_empty: false,
        }
    }
}

fn managed() -> Management {
    Management::Managed
}

fn unmanaged() -> Management {
    Management::Unmanaged
}

/// One changed name.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::RENAME_CHANGES_SOMETHING)]
pub struct Rename {
    /// The kind and the name that tenants have: `table invoices`, `column invoice.fax`.
    #[schemars(length(min = 3, max = 256))]
    #[x_kube(validation = &rules::OBJECT_NAME)]
    pub from: String,
    /// The kind and the name that the definition has: `table invoice`, `column invoice.fax_number`.
    #[schemars(length(min = 3, max = 256))]
    #[x_kube(validation = &rules::OBJECT_NAME)]
    pub to: String,
}

/// What became of the definition when it was compiled.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaDefinitionStatus {
    /// The `metadata.generation` that this status is about; -1 until the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Accepted`: a server has taken the SQL (Unknown with reason NotCompiled until some TenantSet gives it
    /// a database); `Ready`; `Stalled` only while it is True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The revision that this text and policy make, as ten hex digits; TenantSets show the same digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub revision: Option<String>,
    /// How many objects the definition makes, all kinds together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub objects: Option<i32>,
    /// How many objects of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["kind".into()]))]
    pub objects_by_kind: Vec<ObjectCount>,
    /// What is wrong, and what was left out with a note. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub findings: Vec<Finding>,
}

/// How many objects of one kind the definition makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectCount {
    /// The kind: `table`, `index`, `view` ...
    #[schemars(length(min = 1, max = 64))]
    pub kind: String,
    /// How many.
    #[schemars(range(min = 0))]
    pub count: i32,
}

/// One place in the definition's text, and what was found there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `Error`: the definition is refused. `Note`: something was left out or done differently, and the
    /// definition stands.
    pub severity: Severity,
    /// The ConfigMap and its key (`app-schema/30-audit.sql`), or `spec.sql`.
    #[schemars(length(max = 512))]
    pub source: String,
    /// The line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<i32>,
    /// The column, counted from 1 in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub column: Option<i32>,
    /// What it is, in the server's words where the server said it, and what to write instead.
    #[schemars(length(max = 1024))]
    pub message: String,
}

/// Whether a finding refuses the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition stands.
    Note,
}
