//! What a cluster may hold, for tables and golden texts: the fleet of the design's sketches.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tenantry_api::tenant_set::TenantStatus;
use tenantry_api::{SchemaRevision, SchemaRollout};

use super::history::Past;
use super::scene::Scene;
use super::words::Kubectl;
use crate::args::ClusterArgs;

pub const OLDER: &str = "1122334455";
pub const OLD: &str = "7f3c2a91b0";
pub const NEW: &str = "9d02e61f7c";

/// So many minutes after one moment.
pub fn at(minutes: i64) -> Timestamp {
    let then: Timestamp = "2026-11-25T14:02:00Z".parse().unwrap();
    then.checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

/// A digest that begins with these digits.
pub fn digest(digits: &str) -> String {
    format!("{digits:0<64}")
}

/// The next commands after one for a namespace that was typed.
pub fn kubectl() -> Kubectl {
    Kubectl::new(&ClusterArgs { namespace: Some("prod".to_owned()), ..ClusterArgs::default() })
}

/// An object from its JSON, without kind.
pub fn object<K: DeserializeOwned>(json: &str) -> K {
    from(serde_json::from_str(json).unwrap())
}

fn from<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": at(3) })
}

fn scene(
    tenants: &Value,
    conditions: &Value,
    more: &[(&str, Value)],
    rollout: Option<SchemaRollout>,
) -> Scene {
    let mut status = json!({
        "observedGeneration": 4, "revision": NEW, "tenants": tenants, "conditions": conditions,
    });
    for (field, value) in more {
        status[*field] = value.clone();
    }
    let set = json!({
        "metadata": { "name": "customers", "namespace": "prod", "generation": 4, "resourceVersion": "7" },
        "spec": { "schemaRef": { "name": "app" }, "databases": [
            { "databaseRef": { "name": "eu-1" }, "tenants": { "query": "SELECT 1" } } ] },
        "status": status,
    });
    Scene { set: from(set), rollout }
}

fn waves(done: [i32; 3], failed: [i32; 3], begun: usize) -> Value {
    let all = [("canary", 10, 0), ("first", 150, 2), ("rest", 1340, 5)];
    let wave = |(n, (name, tenants, budget)): (usize, &(&str, i32, i32))| {
        let start = (n < begun).then(|| at(1));
        json!({ "name": name, "tenants": tenants, "done": done[n], "failed": failed[n], "failureBudget": budget, "startTime": start })
    };
    all.iter().enumerate().map(wave).collect()
}

pub fn rollout_of(from_: Option<&str>, to: &str, state: &str) -> SchemaRollout {
    from(json!({
        "metadata": { "name": format!("customers-{to}"), "namespace": "prod", "generation": 2, "resourceVersion": "9" },
        "spec": { "tenantSetRef": { "name": "customers" }, "from": from_, "to": to },
        "status": { "observedGeneration": 2, "state": state, "done": "1499/1500", "failed": 1, "wave": "3/3 rest",
            "startTime": at(1), "completionTime": at(4) },
    }))
}

fn rollout(status: &Value) -> Option<SchemaRollout> {
    let mut rollout = rollout_of(Some(OLD), NEW, "Running");
    let mut whole = json!({ "observedGeneration": 2 });
    for (field, value) in status.as_object().unwrap() {
        whole[field] = value.clone();
    }
    rollout.status = Some(from(whole));
    Some(rollout)
}

/// All in sync, nothing going on.
pub fn well() -> Scene {
    let conditions = json!([condition("Ready", "True", "InSync", "1,500 tenants are at 9d02e61f7c")]);
    scene(&json!({ "total": 1500, "inSync": 1500 }), &conditions, &[], None)
}

/// A rollout in its second wave.
pub fn running() -> Scene {
    let said = "163 of 1,500 tenants at 9d02e61f7c";
    let conditions = json!([
        condition("Ready", "False", "RollingOut", said),
        condition("Reconciling", "True", "RollingOut", said),
    ]);
    let status = json!({ "state": "Running", "wave": "2/3 first", "done": "163/1500", "failed": 1, "digest": digest("4be1c0d29a77"),
        "waves": waves([10, 153, 0], [0, 1, 0], 2), "groups": groups(),
        "groupsTotal": 3, "conditions": [condition("Proved", "False", "NoPlanPossible", "1 of 3 groups have no plan")] });
    let counts = json!({ "total": 1500, "inSync": 162, "outdated": 1337, "failed": 1 });
    scene(&counts, &conditions, &[("attention", json!([initech()]))], rollout(&status))
}

/// The rollout of [`running`], but stopped since minute 3.
pub fn stopped(reason: &str, wave: &str) -> Scene {
    let status = json!({ "state": "Paused", "wave": wave, "done": "163/1500", "failed": 1,
        "waves": waves([10, 0, 0], [0, 0, 0], 1),
        "conditions": [condition("Paused", "True", reason, "it is stopped")] });
    let conditions = json!([
        condition("Ready", "False", reason, "it is stopped"),
        condition("Paused", "True", reason, "it is stopped")
    ]);
    scene(&json!({ "total": 1500, "inSync": 10, "outdated": 1490 }), &conditions, &[], rollout(&status))
}

fn groups() -> Value {
    json!([
        { "from": "v1:aa", "to": "v1:bb", "tenants": 1497, "examples": ["t0001", "t0002"], "digest": digest("4be1c0d29a78"),
          "statements": ["ALTER TABLE invoice ADD COLUMN paid_at timestamptz",
              "CREATE INDEX invoice_paid_idx ON invoice (paid_at)\n    WHERE paid_at IS NOT NULL"], "statementsTotal": 3,
          "locks": ["invoice against reads and writes"],
          "hazards": ["builds-index: invoice cannot be written to while it is built"] },
        { "from": "v1:cc", "to": "v1:dd", "tenants": 2, "examples": ["globex", "hooli"], "digest": digest("90ab7731c2d4"),
          "statements": ["ALTER TABLE invoice ADD COLUMN paid_at timestamptz",
              "CREATE INDEX invoice_paid_idx ON invoice (paid_at)\n    WHERE paid_at IS NOT NULL"], "statementsTotal": 3 },
        { "from": "v1:ee", "to": "-", "tenants": 1, "examples": ["initech"],
          "blocked": "column app_user.email: both the tenant and the definition changed its type" },
    ])
}

/// A rollout that waits for an approval.
pub fn awaiting() -> Scene {
    let said = "312 tenants would change (drops-data). Look: kubectl tenantry plan customers. Approve: kubectl tenantry approve \
                customers 4be1c0d29a77";
    let conditions = json!([
        condition("Ready", "False", "AwaitingApproval", said),
        condition("AwaitingApproval", "True", "AwaitingApproval", said),
    ]);
    let group = |digits: &str, tenants: i32, examples: &[&str], statement: &str| {
        json!({ "from": "v1:aa", "to": "v1:bb", "tenants": tenants, "examples": examples, "digest": digest(digits),
            "statements": [statement], "statementsTotal": 1, "hazards": ["drops-data: column invoice.fax"] })
    };
    let status = json!({ "state": "AwaitingApproval", "wave": "-", "done": "0/312", "failed": 0, "digest": digest("4be1c0d29a77"),
        "groups": [
            group("90ab7731c2d4", 310, &["t0001"], "ALTER TABLE invoice DROP COLUMN fax"),
            group("c5530e1f88b0", 2, &["globex", "hooli"], "ALTER TABLE invoice DROP COLUMN fax CASCADE"),
        ],
        "groupsTotal": 2, "conditions": [condition("Proved", "True", "Proved", "all proved")] });
    let counts = json!({ "total": 312, "inSync": 312 });
    let more = [("revision", json!(OLD)), ("targetRevision", json!(NEW))];
    scene(&counts, &conditions, &more, rollout(&status))
}

/// A rollout that ended, with one tenant that failed.
pub fn failed() -> Scene {
    let said = "1 of 1,500 tenants failed: initech. Look: kubectl tenantry tenants customers --failed";
    let conditions = json!([condition("Ready", "False", "TenantsFailed", said)]);
    let status = json!({ "state": "Failed", "wave": "3/3 rest", "done": "1499/1500", "failed": 1, "digest": digest("4be1c0d29a77"),
        "waves": waves([10, 149, 1340], [0, 1, 0], 3), "groups": [groups()[0]], "groupsTotal": 1,
        "conditions": [condition("Proved", "True", "Proved", "all proved")] });
    let more = [
        ("attention", json!([initech()])),
        ("notes", json!(["us-1 is on PostgreSQL 13, which is not maintained any more"])),
    ];
    scene(&json!({ "total": 1500, "inSync": 1499, "failed": 1 }), &conditions, &more, rollout(&status))
}

/// All in sync, and two that left wait.
pub fn leaving() -> Scene {
    let mut scene = failed();
    let leaving = json!({ "digest": digest("aa11bb22cc33"), "tenants": 2, "examples": ["gone", "away"] });
    scene.set.status.as_mut().unwrap().leaving = Some(from(leaving));
    scene
}

/// Three that somebody changed, in two ways.
pub fn drifted() -> Scene {
    let conditions = json!([
        condition("Ready", "True", "InSync", "1,497 of 1,500 tenants are at 9d02e61f7c, 3 drifted"),
        condition("Drifted", "True", "TenantsDrifted", "3 of 1,500 tenants differ"),
    ]);
    let drift = json!([
        { "fingerprint": "aaaaaaaaaa", "revision": NEW, "tenants": 2, "examples": ["globex", "hooli"], "since": at(0),
          "differences": ["index invoice_total_idx is not in the definition\n+ CREATE INDEX invoice_total_idx ON invoice USING btree (total)"],
          "differencesTotal": 2, "allow": ["index invoice_total_idx"] },
        { "fingerprint": "bbbbbbbbbb", "revision": NEW, "tenants": 1, "examples": ["vandelay"], "since": at(-3000),
          "differences": ["column app_user.email has another type\n- text\n+ character varying(100)"],
          "differencesTotal": 5 },
    ]);
    let counts = json!({ "total": 1500, "inSync": 1497, "drifted": 3 });
    scene(&counts, &conditions, &[("drift", drift)], failed().rollout)
}

fn initech() -> Value {
    json!({ "name": "initech", "database": "eu-1", "schema": "tenant_initech", "revision": OLD, "state": "Failed", "since": at(2),
        "message": "unique_violation on app_user_email_key of table app_user (23505)" })
}

/// Some tenants, in several states.
pub fn tenants() -> Vec<TenantStatus> {
    let drifted = |name: &str| {
        json!({ "name": name, "database": "eu-1", "schema": format!("tenant_{name}"), "revision": NEW, "state": "Drifted",
            "since": at(0), "fingerprint": "aaaaaaaaaa" })
    };
    from(json!([
        { "name": "acme", "database": "acme-own", "schema": "tenant_acme", "revision": NEW, "state": "InSync" },
        drifted("globex"),
        drifted("hooli"),
        initech(),
        { "name": "umbrella", "database": "eu-1", "schema": "tenant_umbrella", "state": "Blocked",
          "message": "it belongs to tenantset default/partners\nof another cluster" },
    ]))
}

pub fn revision_of(digits: &str, number: i64) -> SchemaRevision {
    from(json!({
        "metadata": { "name": format!("app-{digits}"), "creationTimestamp": at(-3000 + number) },
        "spec": { "definitionRef": { "name": "app" }, "revision": digits, "contentHash": digest(digits), "number": number,
            "engine": "PostgreSQL", "sources": [{ "name": "spec.sql", "bytes": 1 }], "sqlGzip": "eA==" },
    }))
}

/// Three revisions, of which the newest is in force.
pub fn past() -> Past {
    let mut newest = rollout_of(Some(OLD), NEW, "Failed");
    newest.spec.approvals = from(json!([{ "digest": digest("4b"), "by": "ada" }]));
    Past {
        set: well().set,
        rollouts: vec![
            newest,
            rollout_of(Some(OLDER), OLD, "Succeeded"),
            rollout_of(None, OLDER, "Succeeded"),
        ],
        revisions: vec![revision_of(NEW, 3), revision_of(OLD, 2), revision_of(OLDER, 1)],
    }
}
