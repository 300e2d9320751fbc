//! TenantDatabase: how to reach one database that tenants live in.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Duration, Engine,
    refs::{CaSecretRef, LocalRef},
    rules,
};

/// How to reach one database, as whom, and within which limits.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "tenantry.dev",
    version = "v1alpha1",
    kind = "TenantDatabase",
    plural = "tenantdatabases",
    namespaced,
    shortname = "tdb",
    category = "tenantry",
    status = "TenantDatabaseStatus",
    derive = "PartialEq",
    doc = "A TenantDatabase says how to reach one database that tenants live in: address, login, TLS, limits. TenantSets refer to it by name. It has no tenants of its own, and deleting it deletes nothing in the database.",
    validation = &rules::NAME_LENGTH,
    validation = &rules::SHADOW_IS_ANOTHER,
    printcolumn(name = "Engine", type_ = "string", json_path = ".spec.engine"),
    printcolumn(name = "Address", type_ = "string", json_path = ".status.address", description = "host:port/dbname"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.serverVersion"),
    printcolumn(name = "Schemas", type_ = "integer", json_path = ".status.tenantSchemas", description = "Tenant schemas that the ledger in this database knows"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = "1")
)]
pub struct TenantDatabaseSpec {
    /// The kind of database server. Default, and the only one that is carried out yet: PostgreSQL (13 or
    /// newer, or a service that is PostgreSQL underneath). It cannot be changed later.
    #[serde(default)]
    #[x_kube(validation = &rules::ENGINE_IMMUTABLE)]
    pub engine: Engine,
    /// Where the database is and who logs in.
    pub connection: Connection,
    /// Encryption of the connection. Without it, the URI's `sslmode` holds, and without that `Prefer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// What Tenantry may ask of the database at most.
    #[serde(default)]
    pub limits: Limits,
    /// The role as which a tenant's own statements run (SET ROLE), and which owns what they make. The login
    /// must be a member of it. `{name}` in it stands for the tenant's name, as in `tenant_{name}_owner`. A
    /// TenantSet's `ownerRole` goes before this one. Default: the login role itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub owner_role: Option<String>,
    /// Where plans are proved before any tenant is touched.
    #[serde(default)]
    pub shadow: Shadow,
    /// The schema that holds Tenantry's ledger in this database: tenants, applied plans, quarantined objects.
    /// It is made on first use. Default: `tenantry`. It cannot be changed later: the history would be lost
    /// from sight.
    #[serde(default = "default_ledger_schema")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = &rules::LEDGER_SCHEMA_NAME, validation = &rules::LEDGER_SCHEMA_IMMUTABLE)]
    pub ledger_schema: String,
}

/// Where the database is and who logs in. What stands here goes before what the Secret says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The Secret with the login. Its keys: `uri` (a PostgreSQL URI), or `host`, `port`, `dbname`, `user` (or
    /// `username`) and `password`, as CloudNativePG and RDS write them; Zalando's secrets hold only
    /// `username` and `password`, then `host` and `dbname` must stand here. The Secret is read again when it
    /// changes.
    pub secret_ref: LocalRef,
    /// The server's host name or IP address. Default: the Secret's `host`, or its `uri`'s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub host: Option<String>,
    /// The server's TCP port. Default: the Secret's `port`, its `uri`'s, or 5432. Not a pooler's in
    /// transaction mode: Tenantry needs sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// The database. Default: the Secret's `dbname`, or its `uri`'s. There is no other default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub dbname: Option<String>,
    /// The role that logs in. Default: the Secret's `user` or `username`, or its `uri`'s. Its password stands
    /// in the Secret only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub user: Option<String>,
}

/// Encryption of the connection.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::CA_NEEDS_VERIFICATION, validation = &rules::CLIENT_CERT_NEEDS_TLS)]
pub struct Tls {
    /// `Disable`: never encrypt. `Prefer`: encrypt where the server offers it, verify nothing. `Require`:
    /// encrypt, verify nothing. `VerifyCA`: the certificate must come from a trusted authority. `VerifyFull`:
    /// and be for this host. The words are libpq's `sslmode`. Default: the URI's `sslmode`, otherwise
    /// `Prefer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<TlsMode>,
    /// The certificates that are trusted, in PEM, for `VerifyCA` and `VerifyFull`. Default: the public
    /// authorities (Mozilla's list).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<CaSecretRef>,
    /// A Secret of type `kubernetes.io/tls` (keys `tls.crt` and `tls.key`) whose certificate is shown to the
    /// server as the login's. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_cert_secret_ref: Option<LocalRef>,
}

/// How far the connection is encrypted and the server verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TlsMode {
    /// Never encrypt.
    Disable,
    /// Encrypt where the server offers it, verify nothing.
    Prefer,
    /// Encrypt, verify nothing.
    Require,
    /// Encrypt; the certificate must come from a trusted authority.
    VerifyCA,
    /// Encrypt; the certificate must come from a trusted authority and be for this host.
    VerifyFull,
}

/// What Tenantry may ask of the database at most.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = &rules::LOCK_TIMEOUT_SHORTER, validation = &rules::STATEMENT_TIMEOUT_RANGE)]
pub struct Limits {
    /// Connections that are open at one time. It is counted by host and port: where several TenantDatabases
    /// are on one server, the smallest number among them holds for all of them together. Default: 8.
    #[serde(default = "default_max_connections")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_connections: i32,
    /// How long one statement on a tenant may run before it is ended (`statement_timeout`). Default: `5m`; at
    /// least `100ms`, at most `576h`.
    #[serde(default = "default_statement_timeout")]
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock before it gives up (`lock_timeout`), so that it does not hold
    /// up the application's own statements behind it. It is tried again later, see `rollout.retry`. Default:
    /// `2s`.
    #[serde(default = "default_lock_timeout")]
    #[x_kube(validation = &rules::LOCK_TIMEOUT_POSITIVE)]
    pub lock_timeout: Duration,
}

/// Where plans are proved: a definition and every plan run there before any tenant is touched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shadow {
    /// Another TenantDatabase whose database is used as scratch: same major version, same extensions, and
    /// nothing of value in it, since schemas come and go there. Default: none; where a shadow cannot be in
    /// place, one is made beside this database if the login may (CREATEDB).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_ref: Option<LocalRef>,
    /// Whether a shadow may be made in this database itself, in a transaction that is rolled back. `Auto`:
    /// where nobody would notice (no reference to a shared table, few locks). `Allow`: also with foreign keys
    /// to shared tables, with a lock_timeout of 100 ms. `Never`: only in a database of its own. Default:
    /// `Auto`.
    #[serde(default)]
    pub in_place: InPlace,
}

/// Whether a shadow may be made in the tenants' own database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum InPlace {
    /// Where nobody would notice it.
    #[default]
    Auto,
    /// Also where foreign keys to shared tables have to be tried.
    Allow,
    /// Only in a database of its own.
    Never,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: default_max_connections(),
            statement_timeout: default_statement_timeout(),
            lock_timeout: default_lock_timeout(),
        }
    }
}

fn default_ledger_schema() -> String {
    "tenantry".to_owned()
}

fn default_max_connections() -> i32 {
    8
}

fn default_statement_timeout() -> Duration {
    Duration::from_mins(5)
}

fn default_lock_timeout() -> Duration {
    Duration::from_secs(2)
}

/// What was found at the last look.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantDatabaseStatus {
    /// The `metadata.generation` that this status is about; -1 until the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` (it answers, takes the login, and nothing stops all work there), `Reachable`, `PrivilegesSufficient`;
    /// `Reconciling` and `Stalled` only while they are True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Where the connection goes: `host:port/dbname`, never with a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub address: Option<String>,
    /// The server's version as it states it, such as `15.18`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub server_version: Option<String>,
    /// The cluster's system identifier: another one under the same address means another server, or a
    /// restored copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub system_identifier: Option<String>,
    /// Privileges that the login lacks, each with the statement that would grant it. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 512)))]
    pub missing_privileges: Vec<String>,
    /// Privileges that the login has and should not have, such as SUPERUSER. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 512)))]
    pub excessive_privileges: Vec<String>,
    /// Event triggers, by name: they fire on Tenantry's statements too, in shadows as well. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 64)))]
    pub event_triggers: Vec<String>,
    /// Publications, by name: subscribers may break when a published table changes. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 64)))]
    pub publications: Vec<String>,
    /// How many tenant schemas the ledger in this database knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub tenant_schemas: Option<i32>,
}
