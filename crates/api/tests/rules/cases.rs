//! What is changed in sound objects, and which rules refuse it then.

use tenantry_api::rules::{self, Check};

/// What is changed in a sound object, and the rules that then refuse it with the field that they refuse.
pub struct Case {
    pub kind: &'static str,
    pub change: &'static str,
    pub refused: &'static [(&'static str, &'static Check)],
}

const fn case(
    kind: &'static str,
    change: &'static str,
    refused: &'static [(&'static str, &'static Check)],
) -> Case {
    Case { kind, change, refused }
}

pub const CASES: &[Case] = &[
    // TenantDatabase
    case("TenantDatabase", "{}", &[]),
    case(
        "TenantDatabase",
        "{metadata: {name: a23456789b23456789c23456789d23456789e23456789f23456789g23456789}}",
        &[],
    ),
    case(
        "TenantDatabase",
        "{metadata: {name: a23456789b23456789c23456789d23456789e23456789f23456789g234567890}}",
        &[("", &rules::NAME_LENGTH)],
    ),
    case("TenantDatabase", "{spec: {shadow: {databaseRef: {name: scratch}}}}", &[]),
    case("TenantDatabase", "{spec: {shadow: {inPlace: Allow}}}", &[]),
    case("TenantDatabase", "{spec: {shadow: {databaseRef: {name: it}}}}", &[("", &rules::SHADOW_IS_ANOTHER)]),
    case("TenantDatabase", "{spec: {ledgerSchema: ops}}", &[]),
    case(
        "TenantDatabase",
        "{spec: {ledgerSchema: public}}",
        &[("spec.ledgerSchema", &rules::LEDGER_SCHEMA_NAME)],
    ),
    case(
        "TenantDatabase",
        "{spec: {ledgerSchema: pg_ops}}",
        &[("spec.ledgerSchema", &rules::LEDGER_SCHEMA_NAME)],
    ),
    case("TenantDatabase", "{spec: {tls: {caSecretRef: {name: ca}}}}", &[]),
    case("TenantDatabase", "{spec: {tls: {mode: VerifyCA, caSecretRef: {name: ca}}}}", &[]),
    case(
        "TenantDatabase",
        "{spec: {tls: {mode: Require, caSecretRef: {name: ca}}}}",
        &[("spec.tls", &rules::CA_NEEDS_VERIFICATION)],
    ),
    case("TenantDatabase", "{spec: {tls: {mode: Require, clientCertSecretRef: {name: c}}}}", &[]),
    case(
        "TenantDatabase",
        "{spec: {tls: {mode: Disable, clientCertSecretRef: {name: c}}}}",
        &[("spec.tls", &rules::CLIENT_CERT_NEEDS_TLS)],
    ),
    case("TenantDatabase", "{spec: {limits: {lockTimeout: 500ms}}}", &[]),
    // Against the default of statementTimeout, 5m.
    case(
        "TenantDatabase",
        "{spec: {limits: {lockTimeout: 6m}}}",
        &[("spec.limits", &rules::LOCK_TIMEOUT_SHORTER)],
    ),
    case(
        "TenantDatabase",
        "{spec: {limits: {statementTimeout: 2s}}}",
        &[("spec.limits", &rules::LOCK_TIMEOUT_SHORTER)],
    ),
    case(
        "TenantDatabase",
        "{spec: {limits: {lockTimeout: 0s}}}",
        &[("spec.limits.lockTimeout", &rules::LOCK_TIMEOUT_POSITIVE)],
    ),
    case("TenantDatabase", "{spec: {limits: {statementTimeout: 576h}}}", &[]),
    case(
        "TenantDatabase",
        "{spec: {limits: {statementTimeout: 576h1s}}}",
        &[("spec.limits", &rules::STATEMENT_TIMEOUT_RANGE)],
    ),
    case(
        "TenantDatabase",
        "{spec: {limits: {lockTimeout: 1ms, statementTimeout: 99ms}}}",
        &[("spec.limits", &rules::STATEMENT_TIMEOUT_RANGE)],
    ),
    case(
        "TenantDatabase",
        "{spec: {limits: {lockTimeout: 1d}}}",
        &[("spec.limits.lockTimeout", &rules::DURATION)],
    ),
    // SchemaDefinition
    case("SchemaDefinition", "{}", &[]),
    case("SchemaDefinition", "{spec: {sql: null, configMapRefs: [{name: a}]}}", &[]),
    case("SchemaDefinition", "{spec: {configMapRefs: []}}", &[]),
    case("SchemaDefinition", "{spec: {sql: null}}", &[("spec", &rules::ONE_SOURCE_OF_SQL)]),
    case(
        "SchemaDefinition",
        "{spec: {sql: null, configMapRefs: []}}",
        &[("spec", &rules::ONE_SOURCE_OF_SQL)],
    ),
    case("SchemaDefinition", "{spec: {configMapRefs: [{name: a}]}}", &[("spec", &rules::ONE_SOURCE_OF_SQL)]),
    case(
        "SchemaDefinition",
        "{spec: {ignore: [index invoice_total_idx, 'table audit_*', 'custom_*', materialized view a b, 'table \"A\"']}}",
        &[],
    ),
    case("SchemaDefinition", "{spec: {ignore: []}}", &[]),
    case(
        "SchemaDefinition",
        "{spec: {ignore: [table a, Table b]}}",
        &[("spec.ignore", &rules::IGNORE_PATTERNS)],
    ),
    case("SchemaDefinition", "{spec: {ignore: [' x']}}", &[("spec.ignore", &rules::IGNORE_PATTERNS)]),
    case("SchemaDefinition", "{spec: {ignore: ['table  x']}}", &[("spec.ignore", &rules::IGNORE_PATTERNS)]),
    case(
        "SchemaDefinition",
        "{spec: {renames: [{from: column invoice.fax, to: column invoice.fax_number}]}}",
        &[],
    ),
    case(
        "SchemaDefinition",
        "{spec: {renames: [{from: table a, to: table a}]}}",
        &[("spec.renames[0]", &rules::RENAME_CHANGES_SOMETHING)],
    ),
    case(
        "SchemaDefinition",
        "{spec: {renames: [{from: table a, to: table b}, {from: table a, to: view b}]}}",
        &[("spec.renames[1]", &rules::RENAME_CHANGES_SOMETHING)],
    ),
    case(
        "SchemaDefinition",
        "{spec: {renames: [{from: invoice, to: table b}]}}",
        &[
            ("spec.renames[0]", &rules::RENAME_CHANGES_SOMETHING),
            ("spec.renames[0].from", &rules::OBJECT_NAME),
        ],
    ),
    // TenantSet
    case("TenantSet", "{}", &[]),
    case("TenantSet", "{spec: {homeDatabaseRef: {name: acme-own}}}", &[]),
    case("TenantSet", "{spec: {homeDatabaseRef: {name: us-1}}}", &[("spec", &rules::HOME_IS_LISTED)]),
    case("TenantSet", "{spec: {schemaRef: {revision: 9d02e61f7c}}}", &[]),
    case(
        "TenantSet",
        "{spec: {schemaRef: {revision: 9d02}}}",
        &[("spec.schemaRef.revision", &rules::REVISION)],
    ),
    case(
        "TenantSet",
        "{spec: {schemaRef: {revision: HEAD~1}}}",
        &[("spec.schemaRef.revision", &rules::REVISION)],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, tenants: {schemaPattern: 't_*'}}]}}",
        &[],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, tenants: {configMapRef: {name: t}}}]}}",
        &[],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, tenants: {}}]}}",
        &[("spec.databases[0].tenants", &rules::ONE_SOURCE_OF_TENANTS)],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, tenants: {names: [x], schemaPattern: 't_*'}}]}}",
        &[("spec.databases[0].tenants", &rules::ONE_SOURCE_OF_TENANTS)],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, tenants: {query: SELECT 1, queryDatabaseRef: {name: b}, queryTimeout: 1m}}]}}",
        &[],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, tenants: {names: [x], queryDatabaseRef: {name: b}}}]}}",
        &[("spec.databases[0].tenants", &rules::QUERY_FIELDS_NEED_QUERY)],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, tenants: {names: [x], queryTimeout: 1m}}]}}",
        &[("spec.databases[0].tenants", &rules::QUERY_FIELDS_NEED_QUERY)],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, schemaTemplate: app, tenants: {names: [x]}}]}}",
        &[],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, schemaTemplate: app, tenants: {names: [x, z]}}]}}",
        &[("spec.databases[0]", &rules::TEMPLATE_TELLS_TENANTS_APART)],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, schemaTemplate: '{name}_{name}', tenants: {names: [x]}}]}}",
        &[("spec.databases[0]", &rules::TEMPLATE_TELLS_TENANTS_APART)],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, schemaTemplate: app, tenants: {query: SELECT 1}}]}}",
        &[("spec.databases[0]", &rules::TEMPLATE_TELLS_TENANTS_APART)],
    ),
    case(
        "TenantSet",
        "{spec: {databases: [{databaseRef: {name: a}, schemaTemplate: 'pg_{name}', tenants: {names: [x]}}]}}",
        &[("spec.databases[0].schemaTemplate", &rules::TEMPLATE_NOT_RESERVED)],
    ),
    case("TenantSet", "{spec: {drift: {interval: 1s}}}", &[]),
    case(
        "TenantSet",
        "{spec: {drift: {interval: 999ms}}}",
        &[("spec.drift.interval", &rules::DRIFT_INTERVAL_RANGE)],
    ),
    case("TenantSet", "{spec: {rollout: {waves: []}}}", &[]),
    case("TenantSet", "{spec: {rollout: {waves: [{name: rest}]}}}", &[]),
    case(
        "TenantSet",
        "{spec: {rollout: {waves: [{name: a, select: {count: 1}}]}}}",
        &[("spec.rollout", &rules::WAVES_END_WITH_THE_REST)],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {waves: [{name: rest}, {name: a, select: {count: 1}}]}}}",
        &[("spec.rollout", &rules::WAVES_END_WITH_THE_REST)],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {waves: [{name: a}, {name: rest}]}}}",
        &[("spec.rollout", &rules::WAVES_END_WITH_THE_REST)],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {waves: [{name: a, select: {}}, {name: rest}]}}}",
        &[("spec.rollout.waves[0].select", &rules::ONE_WAY_TO_SELECT)],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {waves: [{name: a, select: {percent: 1, count: 5}}, {name: rest}]}}}",
        &[("spec.rollout.waves[0].select", &rules::ONE_WAY_TO_SELECT)],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {approvedDigest: 4be1c0d29a774be1c0d29a774be1c0d29a774be1c0d29a774be1c0d29a774be1}}}",
        &[],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {approvedDigest: 4be1c0d29a77}}}",
        &[("spec.rollout.approvedDigest", &rules::DIGEST)],
    ),
    case("TenantSet", "{spec: {rollout: {windows: [{days: [Sat], from: '22:00', to: '04:00'}]}}}", &[]),
    case(
        "TenantSet",
        "{spec: {rollout: {windows: [{from: '22:00', to: '22:00'}]}}}",
        &[("spec.rollout.windows[0]", &rules::WINDOW_HAS_LENGTH)],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {windows: [{from: '24:00', to: '4:00'}]}}}",
        &[
            ("spec.rollout.windows[0].from", &rules::TIME_OF_DAY),
            ("spec.rollout.windows[0].to", &rules::TIME_OF_DAY),
        ],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {timeouts: {tenant: 0s}}}}",
        &[("spec.rollout.timeouts.tenant", &rules::TENANT_TIMEOUT_POSITIVE)],
    ),
    case(
        "TenantSet",
        "{spec: {rollout: {waves: [{name: rest, minReady: '-1s'}]}}}",
        &[("spec.rollout.waves[0].minReady", &rules::DURATION)],
    ),
    // Against the default of maxBackoff, 1m.
    case(
        "TenantSet",
        "{spec: {rollout: {retry: {backoff: 61s}}}}",
        &[("spec.rollout.retry", &rules::BACKOFF_GROWS)],
    ),
    case("TenantSet", "{spec: {rollout: {retry: {backoff: 1m}}}}", &[]),
    case("TenantSet", "{spec: {rollout: {failureBudget: 5}}}", &[]),
    case("TenantSet", "{spec: {rollout: {failureBudget: '5%'}}}", &[]),
    // What the operator writes
    case("SchemaRevision", "{}", &[]),
    case("SchemaRollout", "{}", &[]),
    case(
        "SchemaRollout",
        "{spec: {approvals: [{digest: 4be1c0d29a77}]}}",
        &[("spec.approvals[0].digest", &rules::DIGEST)],
    ),
    case("TenantSlice", "{}", &[]),
];

/// A change of a stored object, and the rule that refuses it.
pub const UPDATES: &[(&str, &str, &str, Option<&Check>)] = &[
    ("TenantDatabase", "{}", "{spec: {connection: {host: other}}}", None),
    (
        "TenantDatabase",
        "{spec: {ledgerSchema: ops}}",
        "{spec: {ledgerSchema: other}}",
        Some(&rules::LEDGER_SCHEMA_IMMUTABLE),
    ),
    // Written as it is by default, and then left out.
    ("TenantDatabase", "{spec: {ledgerSchema: tenantry}}", "{}", None),
    ("TenantDatabase", "{spec: {ledgerSchema: ops}}", "{}", Some(&rules::LEDGER_SCHEMA_IMMUTABLE)),
    // No second engine exists yet: the schema would refuse it, and CEL is asked alone here.
    ("SchemaDefinition", "{}", "{spec: {engine: Redshift}}", Some(&rules::ENGINE_IMMUTABLE)),
    ("TenantSet", "{}", "{spec: {homeDatabaseRef: {name: eu-1}}}", None),
    (
        "TenantSet",
        "{spec: {homeDatabaseRef: {name: eu-1}}}",
        "{spec: {homeDatabaseRef: {name: acme-own}}}",
        Some(&rules::HOME_IMMUTABLE),
    ),
    ("TenantSet", "{spec: {homeDatabaseRef: {name: eu-1}}}", "{}", Some(&rules::HOME_IMMUTABLE)),
    ("SchemaRevision", "{}", "{metadata: {labels: {a: b}}}", None),
    ("SchemaRevision", "{}", "{spec: {ignore: [table x]}}", Some(&rules::REVISION_IMMUTABLE)),
    ("SchemaRollout", "{}", "{spec: {paused: true}}", None),
    ("SchemaRollout", "{}", "{spec: {to: 7f3c2a91b0}}", Some(&rules::ROLLOUT_TARGET_IMMUTABLE)),
    ("SchemaRollout", "{}", "{spec: {tenantSetRef: {name: b}}}", Some(&rules::ROLLOUT_TARGET_IMMUTABLE)),
];
