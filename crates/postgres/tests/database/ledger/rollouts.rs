//! One writer at a time goes on with a rollout; what was done is told newest first.

use jiff::Timestamp;
use serde_json::json;
use tenantry_engine::{
    Baseline, EngineError, Environment, Event, Ledger as _, Pulse, RolloutRecord, SetRecord, TenantName,
};

use super::{HOSTILE, claim, digest, ledger, schema, tenant};

fn rollout(id: &str, version: i64, state: &str) -> RolloutRecord {
    RolloutRecord {
        id: id.to_owned(),
        set: "s".to_owned(),
        version,
        state: json!({ "text": state, "deep": [1, 0.5, -3, u64::MAX, null, {"é\"'": true}] }),
        at: Timestamp::from_microsecond(1_700_000_000_123_456 + version).unwrap(),
    }
}

#[tokio::test]
async fn only_who_knows_the_last_version_writes_the_next() {
    let (ledger, ..) = ledger("rollout").await;
    let raced = |result: Result<(), EngineError>| match result {
        Err(EngineError::Raced { what }) => assert!(what.contains("rollout r1 of s"), "{what}"),
        other => panic!("{other:?}"),
    };
    raced(ledger.save_rollout(&rollout("r1", 2, "too early")).await);
    ledger.save_rollout(&rollout("r1", 1, "begun")).await.unwrap();
    raced(ledger.save_rollout(&rollout("r1", 1, "begun by another")).await);
    raced(ledger.save_rollout(&rollout("r1", 3, "ahead")).await);
    ledger.save_rollout(&rollout("r1", 2, "two")).await.unwrap();
    raced(ledger.save_rollout(&rollout("r1", 2, "two of another")).await);
    raced(ledger.save_rollout(&rollout("r1", 1, "begun")).await);
    // The same write again, after a connection that was lost at its answer.
    ledger.save_rollout(&rollout("r1", 2, "two")).await.unwrap();

    let back = ledger.rollouts("s", 10).await.unwrap();
    assert_eq!(back.len(), 1);
    let wanted = rollout("r1", 2, "two");
    assert_eq!(
        (back[0].version, &back[0].state, back[0].at, &*back[0].id),
        (2, &wanted.state, wanted.at, "r1")
    );
}

#[tokio::test]
async fn of_many_writers_of_one_version_one_wins() {
    let (ledger, ..) = ledger("writers").await;
    for version in 1..4 {
        let writes = (0..6).map(|n| {
            let (ledger, record) = (ledger.clone(), rollout("r", version, &n.to_string()));
            async move { ledger.save_rollout(&record).await }
        });
        let won = futures::future::join_all(writes).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(won, 1);
    }
}

#[tokio::test]
async fn rollouts_come_newest_first_and_no_more_than_wanted() {
    let (ledger, ..) = ledger("newest").await;
    for id in ["b", "a", "c"] {
        ledger.save_rollout(&rollout(id, 1, id)).await.unwrap();
    }
    ledger.save_rollout(&rollout("b", 2, "b")).await.unwrap();
    let ids = async |limit| -> Vec<String> {
        ledger.rollouts("s", limit).await.unwrap().into_iter().map(|rollout| rollout.id).collect()
    };
    assert_eq!(ids(10).await, ["c", "a", "b"]);
    assert_eq!(ids(2).await, ["c", "a"]);
    assert!(ledger.rollouts("other", 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sets_memory_is_versioned_too() {
    let (ledger, ..) = ledger("memory").await;
    let record = |version, state: &str| SetRecord {
        set: "o'set".to_owned(),
        version,
        state: json!({ "missing": [state] }),
        at: Timestamp::from_second(1_700_000_000).unwrap(),
    };
    assert_eq!(ledger.set_record("o'set").await.unwrap(), None);
    ledger.save_set(&record(1, "a")).await.unwrap();
    ledger.save_set(&record(2, "b")).await.unwrap();
    for (version, state) in [(1, "x"), (2, "x"), (4, "x")] {
        let error = ledger.save_set(&record(version, state)).await.unwrap_err();
        assert!(matches!(error, EngineError::Raced { .. }), "{error:?}");
    }
    assert_eq!(ledger.set_record("o'set").await.unwrap(), Some(record(2, "b")));
}

#[tokio::test]
async fn a_baseline_is_a_sets_own() {
    let (ledger, ..) = ledger("baseline").await;
    let baseline = |text: &str, pulse: Option<&str>| Baseline {
        pulse: pulse.map(|pulse| Pulse(pulse.to_owned())),
        environment: Environment {
            digest: text.to_owned(),
            server_version: "15.1".to_owned(),
            server_version_num: 150_001,
        },
        policy: digest(text),
    };
    assert_eq!(ledger.baseline("s").await.unwrap(), None);
    for wanted in [baseline("a", Some("p")), baseline("b", None)] {
        ledger.set_baseline("s", &wanted).await.unwrap();
        assert_eq!(ledger.baseline("s").await.unwrap(), Some(wanted));
    }
    ledger.set_baseline("t", &baseline("c", None)).await.unwrap();
    assert_eq!(ledger.baseline("s").await.unwrap(), Some(baseline("b", None)));
}

#[tokio::test]
async fn the_history_is_told_newest_first_of_one_or_of_all() {
    let (ledger, cluster, name) = ledger("history").await;
    ledger.claim(&[tenant("acme")], &claim("s"), None).await.unwrap();
    let event = |tenant: &str, n: i64| Event {
        at: Timestamp::from_microsecond(1_700_000_000_000_001 + n).unwrap(),
        tenant: TenantName::new(tenant).unwrap(),
        schema: schema(tenant),
        rollout: "r".to_owned(),
        digest: digest("plan"),
        revision: Some(digest("revision")),
        outcome: format!("failed: {n}"),
        took_ms: n,
        approved_by: (n % 2 == 0).then(|| "o'neil".to_owned()),
    };
    let mut all = Vec::new();
    for n in 0..3 {
        for tenant in HOSTILE {
            let event = event(tenant, n);
            ledger.record_failure(&event).await.unwrap();
            all.insert(0, serde_json::to_value(&event).unwrap());
        }
    }
    let told = async |tenant: Option<&str>, limit| -> Vec<serde_json::Value> {
        let tenant = tenant.map(|name| TenantName::new(name).unwrap());
        let events = ledger.history(None, tenant.as_ref(), limit).await.unwrap();
        events.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
    };
    assert_eq!(told(None, 100).await, all);
    assert_eq!(told(None, 4).await, all[..4]);
    let of_one: Vec<_> = all.iter().filter(|event| event["tenant"] == "o'brien").cloned().collect();
    assert_eq!(told(Some("o'brien"), 100).await, of_one);
    assert_eq!(told(Some("nobody"), 100).await, Vec::<serde_json::Value>::new());
    let of_set = ledger.history(Some("s"), None, 100).await.unwrap();
    assert!(of_set.len() == 3 && of_set.iter().all(|event| event.tenant.as_str() == "acme"), "{of_set:?}");
    let sets = "SELECT DISTINCT set FROM tenantry.event WHERE tenant = 'acme'";
    assert_eq!(cluster.psql(&name, sets).unwrap(), "s");
}
