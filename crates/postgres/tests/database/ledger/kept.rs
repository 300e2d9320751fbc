//! What is kept by its digest comes back as it was.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tenantry_catalog::{Catalog, External, Fact, Fingerprint, Kind, ObjectId, Reference, Unmodelled};
use tenantry_engine::{EngineError, Environment, Ledger as _, RevisionRecord, Source, Target};
use tenantry_planner::{
    Destructive, Hazard, HazardKind, Lock, LockMode, LockTarget, Plan, Policy, Rename, Step, Transaction,
    Verb,
};

use super::{digest, fingerprint, ledger};

/// Any text but one with a NUL, which no statement holds.
fn text() -> impl Strategy<Value = String> {
    "[^\0]{0,40}"
}

fn object() -> impl Strategy<Value = ObjectId> {
    let kind = prop::sample::select(Kind::ALL);
    (kind, prop::collection::vec(text(), 1..3)).prop_map(|(kind, name)| ObjectId { kind, name })
}

fn catalog() -> impl Strategy<Value = Catalog> {
    let fact =
        (object(), prop::option::of(object()), prop::collection::btree_map("[_a-z]{1,9}", text(), 0..3));
    (prop::collection::vec(fact, 0..6), text()).prop_map(|(facts, other)| {
        let mut catalog = Catalog::empty();
        for (id, parent, attributes) in facts {
            let outside =
                External { kind: "type".to_owned(), schema: Some(other.clone()), identity: other.clone() };
            let attributes = attributes.into_iter().map(|(name, value)| (name, value.into())).collect();
            catalog.insert(Fact { id: id.clone(), parent: parent.clone(), attributes });
            catalog.refer(id.clone(), Reference::Outside(outside));
            if let Some(parent) = parent {
                catalog.refer(id, Reference::Inside(parent));
            }
        }
        let rests_on = BTreeSet::from([ObjectId::new(Kind::Table, [other.clone()])]);
        catalog.insert_unmodelled(Unmodelled { kind: "cast".to_owned(), identity: other, rests_on });
        catalog
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    let step = (object(), text(), text(), any::<bool>()).prop_map(|(object, sql, detail, alone)| Step {
        verb: Verb::Quarantine,
        sql,
        transaction: if alone { Transaction::Outside } else { Transaction::CommitAfter },
        locks: BTreeSet::from([Lock {
            on: LockTarget::Own(object.clone()),
            mode: LockMode::AccessExclusive,
        }]),
        hazards: vec![Hazard { kind: HazardKind::DropsData, object: object.clone(), detail: detail.clone() }],
        reserved: alone.then_some(detail),
        object,
    });
    (prop::collection::vec(step, 0..6), text(), text()).prop_map(|(steps, from, to)| Plan {
        from: fingerprint(&from),
        to: fingerprint(&to),
        commits: (0..steps.len()).step_by(2).collect(),
        steps,
    })
}

fn some<T>(strategy: impl Strategy<Value = T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).unwrap().current()
}

fn policy(renamed: &ObjectId) -> Policy {
    Policy {
        destructive: Destructive::Deny,
        renames: vec![Rename { from: renamed.clone(), to: renamed.clone() }],
        ignore: vec!["table audit_*".parse().unwrap()],
        ..Policy::default()
    }
}

#[tokio::test]
async fn whatever_is_kept_comes_back() {
    let (ledger, ..) = ledger("kept").await;
    let mut runner = TestRunner::deterministic();
    for n in 0..40 {
        let wanted = some(plan(), &mut runner);
        let kept = ledger.keep_plan(&wanted).await.unwrap();
        assert_eq!(kept, wanted.digest());
        assert_eq!(ledger.keep_plan(&wanted).await.unwrap(), kept);
        assert_eq!(ledger.plan(&kept).await.unwrap(), Some(wanted));

        let wanted = some(catalog(), &mut runner);
        let print = fingerprint(&n.to_string());
        ledger.keep_catalog(&print, &wanted).await.unwrap();
        ledger.keep_catalog(&print, &wanted).await.unwrap();
        assert_eq!(ledger.catalog(&print).await.unwrap(), Some(wanted.clone()));

        let environment = Environment {
            digest: some(text(), &mut runner),
            server_version: "15.1".to_owned(),
            server_version_num: 150_001,
        };
        let asked = policy(&some(object(), &mut runner));
        let target = Target {
            revision: digest(&n.to_string()),
            fingerprint: Fingerprint::of(&wanted),
            catalog: wanted,
            policy: Policy { declared: vec!["schema_migrations".to_owned()], ..asked.clone() },
            notes: vec![some(text(), &mut runner)],
        };
        ledger.keep_target(&environment, &target).await.unwrap();
        ledger.keep_target(&environment, &target).await.unwrap();
        let back = ledger.target(&environment, &target.revision, &asked).await.unwrap().unwrap();
        assert_eq!(serde_json::to_value(&back).unwrap(), serde_json::to_value(&target).unwrap());
        let elsewhere = Environment { digest: format!("{}x", environment.digest), ..environment.clone() };
        assert!(ledger.target(&elsewhere, &target.revision, &asked).await.unwrap().is_none());
        let lax = Policy { destructive: Destructive::Allow, ..asked };
        assert!(ledger.target(&environment, &target.revision, &lax).await.unwrap().is_none());
    }
    assert_eq!(ledger.plan(&digest("unknown")).await.unwrap(), None);
    assert_eq!(ledger.catalog(&fingerprint("unknown")).await.unwrap(), None);
}

#[tokio::test]
async fn revisions_come_newest_first_each_as_it_was_first_rolled_out() {
    let (ledger, ..) = ledger("revisions").await;
    let mut runner = TestRunner::deterministic();
    let revision = |n: i64, text: String| RevisionRecord {
        revision: digest(&n.to_string()),
        sources: vec![Source { name: format!("{n}.sql"), text }],
        policy: policy(&ObjectId::new(Kind::Table, ["t"])),
        at: jiff::Timestamp::from_second(1_700_000_000 + n).unwrap(),
    };
    let all: Vec<_> = (0..5).map(|n| revision(n, some(text(), &mut runner))).collect();
    for one in [2, 0, 4, 1, 3] {
        ledger.keep_revision("s", &all[one]).await.unwrap();
    }
    ledger
        .keep_revision("s", &RevisionRecord { at: jiff::Timestamp::now(), ..all[0].clone() })
        .await
        .unwrap();
    ledger.keep_revision("other", &all[0]).await.unwrap();
    let back = ledger.revisions("s").await.unwrap();
    let json = |revisions: &[RevisionRecord]| serde_json::to_value(revisions).unwrap();
    let expected: Vec<_> = all.iter().rev().cloned().collect();
    assert_eq!(json(&back), json(&expected));
    assert_eq!(ledger.revisions("other").await.unwrap().len(), 1);
    assert_eq!(ledger.revisions("nobody").await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_damaged_or_another_is_refused() {
    let (ledger, cluster, name) = ledger("damaged").await;
    let plan = |sql: &str| Plan {
        from: fingerprint("a"),
        to: fingerprint("b"),
        steps: vec![Step {
            object: ObjectId::new(Kind::Table, ["t"]),
            verb: Verb::Alter,
            sql: sql.to_owned(),
            transaction: Transaction::Within,
            locks: BTreeSet::new(),
            hazards: Vec::new(),
            reserved: None,
        }],
        commits: BTreeSet::new(),
    };
    let (one, two) =
        (ledger.keep_plan(&plan("one")).await.unwrap(), ledger.keep_plan(&plan("two")).await.unwrap());
    ledger.keep_catalog(&fingerprint("c"), &Catalog::empty()).await.unwrap();
    cluster
        .psql(
            &name,
            &format!(
                "UPDATE tenantry.plan SET body = (SELECT body FROM tenantry.plan WHERE digest = '{one}') WHERE digest = '{two}';
                 UPDATE tenantry.catalog SET body = 'nonsense'"
            ),
        )
        .unwrap();
    assert!(ledger.plan(&one).await.unwrap().is_some());
    let errors = [
        (ledger.plan(&two).await.unwrap_err(), format!("the plan {two} cannot be used: it is another plan")),
        (
            ledger.catalog(&fingerprint("c")).await.unwrap_err(),
            format!("the starting point {} cannot be used: it is damaged", fingerprint("c")),
        ),
    ];
    for (error, said) in errors {
        assert!(matches!(error, EngineError::Ledger { .. }), "{error:?}");
        assert!(error.to_string().contains(&said) && error.to_string().contains("from a backup"), "{error}");
    }
}

#[tokio::test]
async fn what_is_kept_again_counts_as_new() {
    let (ledger, cluster, name) = ledger("touched").await;
    let environment = Environment {
        digest: "e".to_owned(),
        server_version: "15.1".to_owned(),
        server_version_num: 150_001,
    };
    let catalog = Catalog::empty();
    let target = Target {
        revision: digest("r"),
        fingerprint: Fingerprint::of(&catalog),
        catalog: catalog.clone(),
        policy: Policy::default(),
        notes: Vec::new(),
    };
    let plan =
        Plan { from: fingerprint("a"), to: fingerprint("b"), steps: Vec::new(), commits: BTreeSet::new() };
    let keep = async || {
        ledger.keep_plan(&plan).await.unwrap();
        ledger.keep_catalog(&fingerprint("a"), &catalog).await.unwrap();
        ledger.keep_target(&environment, &target).await.unwrap();
    };
    let ages = |days: u32| -> BTreeMap<String, String> {
        let age = |table: &str| {
            let old = format!("SELECT at > now() - interval '1 day' FROM tenantry.{table}");
            cluster
                .psql(&name, &format!("UPDATE tenantry.{table} SET at = at - interval '{days} days'; {old}"))
                .unwrap()
        };
        ["plan", "catalog", "target"].map(|table| (table.to_owned(), age(table))).into()
    };
    keep().await;
    assert!(ages(0).values().all(|young| young == "t"));
    assert!(ages(20).values().all(|young| young == "f"));
    keep().await;
    assert!(ages(0).values().all(|young| young == "t"));
}
