//! Has anything changed? In two stages, so that a fleet in which nothing
//! happened costs two small queries (D7).

use std::collections::BTreeMap;

use tenantry_catalog::Fingerprint;
use tenantry_engine::{Baseline, Environment, Pulse, SchemaName, TenantRecord, Watermark};
use tenantry_planner::Digest;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing moved: only what has no settled record is read.
    Nothing,
    /// Something moved somewhere: the watermarks tell where.
    Watermarks,
    /// What tenants rest on moved, or fingerprints were taken by another
    /// measure: everything is read.
    Everything,
}

/// The first stage.
pub fn scope(
    baseline: Option<&Baseline>,
    pulse: Option<&Pulse>,
    environment: &Environment,
    policy: &Digest,
) -> Scope {
    match baseline {
        None => Scope::Everything,
        Some(last) if last.environment.digest != environment.digest || last.policy != *policy => {
            Scope::Everything
        }
        Some(last) if pulse.is_some() && last.pulse.as_ref() == pulse => Scope::Nothing,
        Some(_) => Scope::Watermarks,
    }
}

/// What is read again, and what is taken from the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// To be inspected; may turn out not to be there.
    pub read: Vec<SchemaName>,
    /// As recorded.
    pub unchanged: Vec<(SchemaName, Fingerprint)>,
    /// Not there.
    pub absent: Vec<SchemaName>,
}

/// The second stage. `watermarks` has those of the schemas that are there; it
/// is only asked for where the scope says so.
pub fn reread<'a>(
    scope: Scope,
    schemas: impl IntoIterator<Item = &'a SchemaName>,
    records: &BTreeMap<&SchemaName, &TenantRecord>,
    watermarks: &BTreeMap<SchemaName, Watermark>,
) -> Reread {
    let mut answer = Reread::default();
    for schema in schemas {
        let settled =
            records.get(schema).and_then(|record| record.fingerprint.as_ref().zip(record.watermark.as_ref()));
        let found = watermarks.get(schema);
        match (scope, settled) {
            (Scope::Watermarks, _) if found.is_none() => answer.absent.push(schema.clone()),
            (Scope::Nothing, Some((fingerprint, _))) => {
                answer.unchanged.push((schema.clone(), fingerprint.clone()));
            }
            (Scope::Watermarks, Some((fingerprint, watermark))) if found == Some(watermark) => {
                answer.unchanged.push((schema.clone(), fingerprint.clone()));
            }
            _ => answer.read.push(schema.clone()),
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{environment, fingerprint, record, schema};

    fn baseline(pulse: Option<&str>) -> Baseline {
        Baseline {
            pulse: pulse.map(|text| Pulse(text.to_owned())),
            environment: environment("e1"),
            policy: crate::testing::digest("policy"),
        }
    }

    #[test]
    fn looks_no_further_than_it_has_to() {
        let policy = crate::testing::digest("policy");
        let pulse = |text: &str| Some(Pulse(text.to_owned()));
        for (last, now, place, measure, expected) in [
            (None, pulse("1"), "e1", &policy, Scope::Everything),
            (Some(baseline(Some("1"))), pulse("1"), "e1", &policy, Scope::Nothing),
            (Some(baseline(Some("1"))), pulse("2"), "e1", &policy, Scope::Watermarks),
            (Some(baseline(Some("1"))), None, "e1", &policy, Scope::Watermarks),
            (Some(baseline(None)), None, "e1", &policy, Scope::Watermarks),
            (Some(baseline(Some("1"))), pulse("1"), "e2", &policy, Scope::Everything),
            (
                Some(baseline(Some("1"))),
                pulse("1"),
                "e1",
                &crate::testing::digest("other"),
                Scope::Everything,
            ),
        ] {
            assert_eq!(scope(last.as_ref(), now.as_ref(), &environment(place), measure), expected);
        }
    }

    #[test]
    fn reads_what_moved_and_what_was_never_settled() {
        let settled = record("settled", "f1", Some("w1"));
        let moved = record("moved", "f1", Some("w1"));
        let applied = record("applied", "f2", None);
        let gone = record("gone", "f1", Some("w1"));
        let records: BTreeMap<&SchemaName, &TenantRecord> =
            [&settled, &moved, &applied, &gone].into_iter().map(|record| (&record.schema, record)).collect();
        let schemas = ["settled", "moved", "applied", "gone", "new"].map(schema);
        let watermarks = [("settled", "w1"), ("moved", "w2"), ("applied", "w9"), ("new", "w1")]
            .map(|(name, mark)| (schema(name), Watermark(mark.to_owned())))
            .into();
        let f1 = fingerprint("f1");
        assert_eq!(
            reread(Scope::Watermarks, &schemas, &records, &watermarks),
            Reread {
                read: vec![schema("moved"), schema("applied"), schema("new")],
                unchanged: vec![(schema("settled"), f1.clone())],
                absent: vec![schema("gone")],
            }
        );
        assert_eq!(
            reread(Scope::Nothing, &schemas, &records, &BTreeMap::new()),
            Reread {
                read: vec![schema("applied"), schema("new")],
                unchanged: ["settled", "moved", "gone"].map(|name| (schema(name), f1.clone())).into(),
                absent: Vec::new(),
            }
        );
        assert_eq!(reread(Scope::Everything, &schemas, &records, &BTreeMap::new()).read.len(), 5);
    }
}
