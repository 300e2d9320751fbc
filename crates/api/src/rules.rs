//! The rules that the CRDs carry as CEL, each with its message and with the same judgement in Rust.
//!
//! A rule stands here once: the types put it into the CRD, and [`crate::validation`] finds it there by its
//! CEL text and judges manifests that never see an API server. A test walks all CRDs and fails on a rule that
//! is not in [`ALL`]; another judges a table of objects by CEL and by Rust and wants the same answer.
//!
//! CEL has a cost budget that the API server checks when a CRD is applied: it multiplies by `maxItems` and
//! `maxLength` all the way up, so every list and string that a rule can see has one.

use regex_lite::Regex;
use serde_json::Value;

use crate::Duration;

/// One rule: CEL for the API server, words for the person, and the same in Rust.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The rule as the CRD has it.
    pub cel: &'static str,
    /// What is wrong, and what to write instead. One line.
    pub message: &'static str,
    /// The same judgement on the value that CEL calls `self`. A rule that also needs the old value
    /// (`oldSelf`) holds for every new object, so it is true here.
    pub holds: fn(&Value) -> bool,
}

impl From<&Check> for kube::core::Rule {
    fn from(check: &Check) -> Self {
        Self::new(check.cel).message(check.message)
    }
}

/// Every rule of every CRD.
pub const ALL: &[&Check] = &[
    &DURATION,
    &NAME_LENGTH,
    &ENGINE_IMMUTABLE,
    &SHADOW_IS_ANOTHER,
    &LEDGER_SCHEMA_NAME,
    &LEDGER_SCHEMA_IMMUTABLE,
    &CA_NEEDS_VERIFICATION,
    &CLIENT_CERT_NEEDS_TLS,
    &LOCK_TIMEOUT_SHORTER,
    &LOCK_TIMEOUT_POSITIVE,
    &STATEMENT_TIMEOUT_RANGE,
    &ONE_SOURCE_OF_SQL,
    &IGNORE_PATTERNS,
    &OBJECT_NAME,
    &RENAME_CHANGES_SOMETHING,
    &HOME_IS_LISTED,
    &HOME_IMMUTABLE,
    &REVISION,
    &TEMPLATE_TELLS_TENANTS_APART,
    &TEMPLATE_NOT_RESERVED,
    &ONE_SOURCE_OF_TENANTS,
    &QUERY_FIELDS_NEED_QUERY,
    &DRIFT_INTERVAL_RANGE,
    &WAVES_END_WITH_THE_REST,
    &ONE_WAY_TO_SELECT,
    &DIGEST,
    &WINDOW_HAS_LENGTH,
    &TIME_OF_DAY,
    &TENANT_TIMEOUT_POSITIVE,
    &BACKOFF_GROWS,
    &REVISION_IMMUTABLE,
    &ROLLOUT_TARGET_IMMUTABLE,
];

/// The rule that a CRD states with that CEL text and message. The text alone is not enough: two fields can
/// have the same rule for different reasons.
#[must_use]
pub fn find(cel: &str, message: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.cel == cel && check.message == message)
}

/// CEL that says whether a field is a duration. Rules that compute with one ask first: otherwise the API server
/// adds an error of its own to the message that [`DURATION`] gives.
macro_rules! is_duration {
    ($field:literal) => {
        concat!($field, ".matches('^([0-9]{1,6}(ms|s|m|h))+$')")
    };
}

// ---- everywhere

/// Text that is a duration.
pub const DURATION: Check = Check {
    cel: is_duration!("self"),
    message: "write a duration such as 30s, 10m or 1h30m (units: ms, s, m, h)",
    holds: |text| matches(text, "^([0-9]{1,6}(ms|s|m|h))+$"),
};

/// Names that can stand in a label's value and in the name of what is derived from them.
pub const NAME_LENGTH: Check = Check {
    cel: "size(self.metadata.name) <= 63",
    message: "metadata.name can have 63 characters at most: it stands in labels and in the names of what the operator writes",
    holds: |object| at(object, &["metadata", "name"]).is_none_or(|name| characters(name) <= 63),
};

/// The engine of a database or definition never changes.
pub const ENGINE_IMMUTABLE: Check = Check {
    cel: "self == oldSelf",
    message: "engine cannot be changed: make a new object with another name",
    holds: |_| true,
};

// ---- TenantDatabase

/// A database is not its own shadow.
pub const SHADOW_IS_ANOTHER: Check = Check {
    cel: "!has(self.spec.shadow) || !has(self.spec.shadow.databaseRef) || self.spec.shadow.databaseRef.name != self.metadata.name",
    message: "spec.shadow.databaseRef must name another TenantDatabase; to make shadows in this database itself leave it out",
    holds: |object| {
        let shadow = at(object, &["spec", "shadow", "databaseRef", "name"]);
        shadow.is_none() || shadow != at(object, &["metadata", "name"])
    },
};

/// The ledger has a schema of its own.
pub const LEDGER_SCHEMA_NAME: Check = Check {
    cel: "!self.startsWith('pg_') && !(self in ['public', 'information_schema'])",
    message: "the ledger needs a schema of its own: write another name than public, information_schema or pg_..., such as tenantry",
    holds: |name| {
        let name = text(name);
        !name.starts_with("pg_") && !["public", "information_schema"].contains(&name)
    },
};

/// The ledger stays where it is.
pub const LEDGER_SCHEMA_IMMUTABLE: Check = Check {
    cel: "self == oldSelf",
    message: "ledgerSchema cannot be changed: the ledger in the old schema would be lost from sight",
    holds: |_| true,
};

/// A CA is of use only where something is verified.
pub const CA_NEEDS_VERIFICATION: Check = Check {
    cel: "!has(self.caSecretRef) || !has(self.mode) || self.mode in ['VerifyCA', 'VerifyFull']",
    message: "caSecretRef is used only where the server is verified: write mode: VerifyFull (or VerifyCA), or leave caSecretRef out",
    holds: |tls| {
        !has(tls, "caSecretRef")
            || !has(tls, "mode")
            || ["VerifyCA", "VerifyFull"].contains(&text(&tls["mode"]))
    },
};

/// A client certificate is shown only on an encrypted connection.
pub const CLIENT_CERT_NEEDS_TLS: Check = Check {
    cel: "!has(self.clientCertSecretRef) || !has(self.mode) || self.mode != 'Disable'",
    message: "a client certificate is shown only on an encrypted connection: write mode: VerifyFull, or leave clientCertSecretRef out",
    holds: |tls| !has(tls, "clientCertSecretRef") || !has(tls, "mode") || text(&tls["mode"]) != "Disable",
};

/// Waiting for a lock is part of the statement's time.
pub const LOCK_TIMEOUT_SHORTER: Check = Check {
    cel: concat!(
        "!has(self.lockTimeout) || !has(self.statementTimeout) || !",
        is_duration!("self.lockTimeout"),
        " || !",
        is_duration!("self.statementTimeout"),
        " || duration(self.lockTimeout) < duration(self.statementTimeout)"
    ),
    message: "lockTimeout must be shorter than statementTimeout, which goes on while a statement waits for its lock",
    holds: |limits| match (length(&limits["lockTimeout"]), length(&limits["statementTimeout"])) {
        (Some(lock), Some(statement)) => lock < statement,
        _ => true,
    },
};

/// Waiting for ever for a lock stalls the application behind it.
pub const LOCK_TIMEOUT_POSITIVE: Check = Check {
    cel: concat!("!", is_duration!("self"), " || duration(self) > duration('0s')"),
    message: "lockTimeout: 0s would wait for ever, and the application's statements behind it; write a short time such as 2s",
    holds: |value| length(value).is_none_or(|duration| !duration.is_zero()),
};

/// What PostgreSQL takes as a timeout: milliseconds in an int4.
pub const STATEMENT_TIMEOUT_RANGE: Check = Check {
    cel: concat!(
        "!has(self.statementTimeout) || !",
        is_duration!("self.statementTimeout"),
        " || (duration(self.statementTimeout) >= duration('100ms') && duration(self.statementTimeout) <= duration('576h'))"
    ),
    message: "statementTimeout must be from 100ms to 576h (24 days, the most that PostgreSQL takes)",
    holds: |limits| {
        length(&limits["statementTimeout"]).is_none_or(|timeout| {
            timeout >= Duration::from_millis(100) && timeout <= Duration::from_mins(576 * 60)
        })
    },
};

// ---- SchemaDefinition

/// Exactly one source of SQL.
pub const ONE_SOURCE_OF_SQL: Check = Check {
    cel: "has(self.sql) != (has(self.configMapRefs) && size(self.configMapRefs) > 0)",
    message: "write the SQL in sql, or name the ConfigMaps that hold it in configMapRefs: exactly one of the two",
    holds: |spec| has(spec, "sql") != items(&spec["configMapRefs"]).is_some_and(|refs| !refs.is_empty()),
};

/// What an entry of `ignore` looks like.
pub const IGNORE_PATTERNS: Check = Check {
    cel: "self.all(p, p.matches('^([^ ]+|[a-z]+( [a-z]+)* [^ ].*)$'))",
    message: "each entry of ignore is a kind and a name, or a name alone, such as 'index invoice_total_idx', 'table audit_*' or 'custom_*'",
    holds: |list| {
        items(list)
            .is_none_or(|list| list.iter().all(|item| matches(item, "^([^ ]+|[a-z]+( [a-z]+)* [^ ].*)$")))
    },
};

/// What the name of an object looks like.
pub const OBJECT_NAME: Check = Check {
    cel: "self.matches('^[a-z]+( [a-z]+)* [^ ].*$')",
    message: "write the kind and the name, such as 'table invoice' or 'column invoice.fax'",
    holds: |name| matches(name, "^[a-z]+( [a-z]+)* [^ ].*$"),
};

/// A rename changes a name, and nothing but a name.
pub const RENAME_CHANGES_SOMETHING: Check = Check {
    cel: "self.from != self.to && self.from.split(' ')[0] == self.to.split(' ')[0]",
    message: "from and to are the old and the new name of one kind of object, such as from: 'column invoice.fax', to: 'column invoice.fax_number'",
    holds: |rename| {
        let (from, to) = (text(&rename["from"]), text(&rename["to"]));
        from != to && from.split(' ').next() == to.split(' ').next()
    },
};

// ---- TenantSet

/// The home is one of the set's databases.
pub const HOME_IS_LISTED: Check = Check {
    cel: "!has(self.homeDatabaseRef) || self.databases.exists(d, d.databaseRef.name == self.homeDatabaseRef.name)",
    message: "homeDatabaseRef must name one of the set's databases: add it to databases, or name another one",
    holds: |spec| {
        let Some(home) = at(spec, &["homeDatabaseRef", "name"]) else { return true };
        items(&spec["databases"])
            .is_some_and(|list| list.iter().any(|entry| entry["databaseRef"]["name"] == *home))
    },
};

/// The home stays where it is.
pub const HOME_IMMUTABLE: Check = Check {
    cel: "!has(oldSelf.homeDatabaseRef) || (has(self.homeDatabaseRef) && self.homeDatabaseRef.name == oldSelf.homeDatabaseRef.name)",
    message: "homeDatabaseRef cannot be changed or removed: the set's rollouts and approvals are in that database's ledger",
    holds: |_| true,
};

/// What a pinned revision looks like.
pub const REVISION: Check = Check {
    cel: "self.matches('^[0-9a-f]{10,64}$')",
    message: "write ten or more hex digits of a revision, as kubectl tenantry history prints them, or leave revision out to follow the definition",
    holds: |revision| matches(revision, "^[0-9a-f]{10,64}$"),
};

/// Two tenants never share a schema.
pub const TEMPLATE_TELLS_TENANTS_APART: Check = Check {
    cel: "!has(self.schemaTemplate) || self.schemaTemplate.split('{name}').size() == 2 || (!self.schemaTemplate.contains('{name}') && has(self.tenants.names) && size(self.tenants.names) == 1)",
    message: "schemaTemplate must contain {name} once, such as tenant_{name}; only where names holds a single tenant it may do without",
    holds: |entry| {
        let single = items(&entry["tenants"]["names"]).is_some_and(|names| names.len() == 1);
        match text(&entry["schemaTemplate"]).matches("{name}").count() {
            1 => true,
            0 => !has(entry, "schemaTemplate") || single,
            _ => false,
        }
    },
};

/// PostgreSQL keeps `pg_` for itself.
pub const TEMPLATE_NOT_RESERVED: Check = Check {
    cel: "!self.startsWith('pg_') && !(self in ['public', 'information_schema'])",
    message: "a tenant's schema cannot be public, information_schema or pg_..., which PostgreSQL keeps for itself; write a template such as tenant_{name}",
    holds: |template| {
        let template = text(template);
        !template.starts_with("pg_") && !["public", "information_schema"].contains(&template)
    },
};

/// Exactly one source of tenants.
pub const ONE_SOURCE_OF_TENANTS: Check = Check {
    cel: "[has(self.names), has(self.schemaPattern), has(self.query), has(self.configMapRef)].filter(x, x).size() == 1",
    message: "write exactly one of names, schemaPattern, query and configMapRef; for tenants from two sources write two entries",
    holds: |source| count(source, &["names", "schemaPattern", "query", "configMapRef"]) == 1,
};

/// What belongs to a query stands beside one.
pub const QUERY_FIELDS_NEED_QUERY: Check = Check {
    cel: "has(self.query) || (!has(self.queryDatabaseRef) && !has(self.queryTimeout))",
    message: "queryDatabaseRef and queryTimeout belong to a query: write query too, or leave them out",
    holds: |source| has(source, "query") || count(source, &["queryDatabaseRef", "queryTimeout"]) == 0,
};

/// Looking all the time helps nobody.
pub const DRIFT_INTERVAL_RANGE: Check = Check {
    cel: concat!("!", is_duration!("self"), " || duration(self) >= duration('1s')"),
    message: "drift.interval must be 1s or more, such as 30s; to not look at all write mode: Ignore",
    holds: |value| length(value).is_none_or(|interval| interval >= Duration::from_secs(1)),
};

/// No tenant is forgotten by the waves.
pub const WAVES_END_WITH_THE_REST: Check = Check {
    cel: "!has(self.waves) || size(self.waves) == 0 || (self.waves.filter(w, !has(w.select)).size() == 1 && !has(self.waves[size(self.waves) - 1].select))",
    message: "the last wave, and only the last one, has no select: it takes all the rest. Add '- {name: rest}' at the end",
    holds: |rollout| {
        let Some((last, earlier)) = items(&rollout["waves"]).and_then(|waves| waves.split_last()) else {
            return true;
        };
        !has(last, "select") && earlier.iter().all(|wave| has(wave, "select"))
    },
};

/// A wave selects in one way.
pub const ONE_WAY_TO_SELECT: Check = Check {
    cel: "[has(self.labels), has(self.names), has(self.percent), has(self.count)].filter(x, x).size() == 1",
    message: "write exactly one of labels, names, percent and count",
    holds: |select| count(select, &["labels", "names", "percent", "count"]) == 1,
};

/// An approval in Git names the whole digest.
pub const DIGEST: Check = Check {
    cel: "self.matches('^[0-9a-f]{64}$')",
    message: "write all 64 hex digits of the digest, as kubectl tenantry plan -o json prints them (kubectl tenantry approve takes 12)",
    holds: |digest| matches(digest, "^[0-9a-f]{64}$"),
};

/// A window has a length.
pub const WINDOW_HAS_LENGTH: Check = Check {
    cel: "self.from != self.to",
    message: "from and to are the same time; for a whole day write from: 00:00, to: 23:59, or leave the window out",
    holds: |window| window["from"] != window["to"],
};

/// What a time of day looks like.
pub const TIME_OF_DAY: Check = Check {
    cel: "self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",
    message: "write a time of day as HH:MM in quotes, such as \"22:00\"",
    holds: |time| matches(time, "^([01][0-9]|2[0-3]):[0-5][0-9]$"),
};

/// No time at all lets nothing succeed.
pub const TENANT_TIMEOUT_POSITIVE: Check = Check {
    cel: concat!("!", is_duration!("self"), " || duration(self) >= duration('1s')"),
    message: "timeouts.tenant must be 1s or more, such as 10m",
    holds: |value| length(value).is_none_or(|timeout| timeout >= Duration::from_secs(1)),
};

/// The longest pause is not shorter than the first.
pub const BACKOFF_GROWS: Check = Check {
    cel: concat!(
        "!has(self.backoff) || !has(self.maxBackoff) || !",
        is_duration!("self.backoff"),
        " || !",
        is_duration!("self.maxBackoff"),
        " || duration(self.backoff) <= duration(self.maxBackoff)"
    ),
    message: "retry.maxBackoff must not be shorter than retry.backoff",
    holds: |retry| match (length(&retry["backoff"]), length(&retry["maxBackoff"])) {
        (Some(first), Some(longest)) => first <= longest,
        _ => true,
    },
};

// ---- what the operator writes

/// A revision is what was rolled out, for ever.
pub const REVISION_IMMUTABLE: Check = Check {
    cel: "self.spec == oldSelf.spec",
    message: "a SchemaRevision never changes: change the SchemaDefinition, which makes a new revision",
    holds: |_| true,
};

/// A rollout goes where it was offered to go.
pub const ROLLOUT_TARGET_IMMUTABLE: Check = Check {
    cel: "self.tenantSetRef == oldSelf.tenantSetRef && self.to == oldSelf.to",
    message: "a SchemaRollout keeps its TenantSet and its target: another target is another SchemaRollout",
    holds: |_| true,
};

// ---- reading a value as CEL does

/// CEL's `has()`: the API server drops nulls of fields that cannot be null before any rule sees them.
fn has(object: &Value, field: &str) -> bool {
    object.get(field).is_some_and(|value| !value.is_null())
}

fn count(object: &Value, fields: &[&str]) -> usize {
    fields.iter().filter(|field| has(object, field)).count()
}

fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, field| value.get(field)).filter(|value| !value.is_null())
}

fn items(value: &Value) -> Option<&[Value]> {
    value.as_array().map(Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn characters(value: &Value) -> usize {
    text(value).chars().count()
}

/// The duration in a string; none where it is no duration, which [`DURATION`] says at that very field.
fn length(value: &Value) -> Option<Duration> {
    value.as_str()?.parse().ok()
}

fn matches(value: &Value, pattern: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text(value)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_rule_has_its_own_message_of_one_short_line() {
        let mut seen = BTreeSet::new();
        for check in ALL {
            assert!(seen.insert(check.message), "two rules say: {}", check.message);
            assert!(!check.message.contains('\n') && check.message.len() <= 200, "{}", check.message);
        }
    }
}
