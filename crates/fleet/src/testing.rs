//! Short names for what tests need.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tenantry_catalog::Fingerprint;
use tenantry_engine::{Claim, Environment, SchemaName, TenantName, TenantRecord, Watermark};
use tenantry_planner::Digest;

/// The digest of a word.
pub(crate) fn digest(word: &str) -> Digest {
    Digest::of(Sha256::new_with_prefix(word))
}

/// A fingerprint that a word stands for.
pub(crate) fn fingerprint(word: &str) -> Fingerprint {
    format!("v1:{}", digest(word)).parse().unwrap()
}

/// A schema by its name.
pub(crate) fn schema(name: &str) -> SchemaName {
    SchemaName::new(name).unwrap()
}

/// An environment that a word stands for.
pub(crate) fn environment(word: &str) -> Environment {
    Environment { digest: word.to_owned(), server_version: "15.18".to_owned(), server_version_num: 150_018 }
}

/// What a ledger says of a tenant whose schema has the same name.
pub(crate) fn record(name: &str, at: &str, watermark: Option<&str>) -> TenantRecord {
    TenantRecord {
        name: TenantName::new(name).unwrap(),
        schema: schema(name),
        oid: 1,
        claim: Claim { set: "default/customers".to_owned(), cluster: None, database: "eu-1".to_owned() },
        revision: None,
        fingerprint: Some(fingerprint(at)),
        watermark: watermark.map(|mark| Watermark(mark.to_owned())),
        drifted_since: None,
        renamed: Vec::new(),
        unfinished: None,
        aside: None,
    }
}

/// So many seconds after noon.
pub(crate) fn noon(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
    noon.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}
