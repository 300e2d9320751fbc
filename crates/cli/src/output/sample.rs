//! What a fleet may report, for the golden texts: the fleet of the design's sketches.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use tenantry_catalog::{Fingerprint, Kind, ObjectId};
use tenantry_engine::{DatabaseName, SchemaName, TenantKey, TenantName};
use tenantry_fleet::rollout::{Failure, Kind as RolloutKind, RolloutState, WaveProgress, Way};
use tenantry_fleet::{
    DatabaseReport, Departures, DriftGroup, DriftMode, GroupOutcome, GroupReport, PlanText, Report,
    RolloutReport, TenantCounts, TenantState, TenantStatus,
};
use tenantry_planner::{
    Difference, Digest, Hazard, HazardKind, Lock, LockMode, LockTarget, Plan, Step, Verb,
};

use super::Commands;

pub(super) const OLD: &str = "7f3c2a91b0";
pub(super) const NEW: &str = "9d02e61f7c";

/// A digest that begins with these digits.
pub(super) fn digest(digits: &str) -> Digest {
    format!("{digits:0<64}").parse().unwrap()
}

pub(super) fn fingerprint(digits: &str) -> Fingerprint {
    format!("v1:{}", digest(digits)).parse().unwrap()
}

pub(super) fn name(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

/// So many minutes after one moment.
pub(super) fn at(minutes: i64) -> Timestamp {
    let then: Timestamp = "2026-11-25T14:02:00Z".parse().unwrap();
    then.checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

pub(super) fn commands() -> Commands {
    Commands::new(&["manifests/".to_owned()], None)
}

/// A tenant of `eu-1`, with a message where it needs one.
pub(super) fn tenant(
    tenant: &str,
    state: TenantState,
    revision: &str,
    message: Option<&str>,
) -> TenantStatus {
    TenantStatus {
        name: name(tenant),
        database: DatabaseName::new("eu-1"),
        schema: Some(SchemaName::new(format!("tenant_{tenant}")).unwrap()),
        revision: Some(digest(revision)),
        state,
        since: None,
        message: message.map(str::to_owned),
    }
}

/// So many tenants that are as they should be.
pub(super) fn well(count: u32, revision: &str) -> Vec<TenantStatus> {
    (1..=count).map(|n| tenant(&format!("t{n:04}"), TenantState::InSync, revision, None)).collect()
}

pub(super) fn report(tenants: Vec<TenantStatus>, revision: &str) -> Report {
    Report {
        set: "customers".to_owned(),
        definition: "app".to_owned(),
        revision: Some(digest(revision)),
        target: digest(revision),
        counts: TenantCounts::of(tenants.iter().map(|tenant| tenant.state)),
        earlier: Vec::new(),
        objects: std::collections::BTreeMap::new(),
        databases: vec![DatabaseReport {
            name: DatabaseName::new("eu-1"),
            tenants: u32::try_from(tenants.len()).unwrap(),
            server_version: Some("15.18".to_owned()),
            ledger: true,
            tenants_known: true,
            trouble: None,
        }],
        tenants,
        drift_mode: DriftMode::Report,
        drift: Vec::new(),
        rollout: None,
        departures: Departures::default(),
        read: 0,
        notes: Vec::new(),
    }
}

pub(super) fn drift() -> Vec<DriftGroup> {
    let group = |label: &str, tenants: &[&str], since, difference, allow: &[&str]| DriftGroup {
        label: label.to_owned(),
        fingerprint: fingerprint(label.to_lowercase().as_str()),
        revision: digest(OLD),
        tenants: tenants.iter().map(|tenant| name(tenant)).collect(),
        since: Some(since),
        differences: vec![difference],
        unexplained: None,
        allow: allow.iter().map(|pattern| (*pattern).to_owned()).collect(),
    };
    let difference = |sentence: &str, declared: &[&str], found: &[&str]| Difference {
        sentence: sentence.to_owned(),
        declared: declared.iter().map(|line| (*line).to_owned()).collect(),
        found: found.iter().map(|line| (*line).to_owned()).collect(),
    };
    vec![
        group(
            "A",
            &["globex", "hooli"],
            at(0),
            difference(
                "index invoice_total_idx is not in the definition",
                &[],
                &["CREATE INDEX invoice_total_idx ON invoice USING btree (total)"],
            ),
            &["index invoice_total_idx"],
        ),
        group(
            "B",
            &["initech"],
            at(-3000),
            difference("column app_user.email has another type", &["text"], &["character varying(100)"]),
            &[],
        ),
    ]
}

pub(super) fn wave(name: &str, tenants: u32, done: u32, failed: u32, budget: u32) -> WaveProgress {
    WaveProgress { name: name.to_owned(), tenants, done, failed, running: 0, aside: 0, budget }
}

pub(super) fn rollout(state: RolloutState, waves: Vec<WaveProgress>) -> RolloutReport {
    RolloutReport {
        id: format!("customers-{NEW}"),
        kind: RolloutKind::Forward,
        from: Some(digest(OLD)),
        to: digest(NEW),
        state,
        message: None,
        paused: None,
        made: 0,
        to_make: 0,
        total: 1500,
        done: waves.iter().map(|wave| wave.done).sum(),
        budget: 5,
        waves,
        groups: Vec::new(),
        digest: None,
        approvals: Vec::new(),
        failures: Vec::new(),
        skipped: Vec::new(),
        planned: at(0),
        started: Some(at(1)),
        ended: None,
    }
}

pub(super) fn failure(tenant: &str, cause: &str, message: &str) -> Failure {
    Failure {
        key: TenantKey {
            database: DatabaseName::new("eu-1"),
            schema: SchemaName::new(format!("tenant_{tenant}")).unwrap(),
        },
        name: name(tenant),
        wave: Some(1),
        cause: cause.to_owned(),
        message: message.to_owned(),
        at: at(2),
        forgiven: false,
    }
}

pub(super) fn group(number: u32, tenants: u32, examples: &[&str], way: Way) -> GroupReport {
    GroupReport {
        number,
        from: Some(fingerprint("aa")),
        way,
        revision: digest(NEW),
        tenants,
        examples: examples.iter().map(|example| name(example)).collect(),
        outcome: GroupOutcome::Migrate,
        reasons: Vec::new(),
        plan: Some(digest("4b")),
        statements: 3,
        hazards: BTreeSet::new(),
        reaches_target: true,
        no_back: None,
        needs_approval: false,
        digest: Some(digest("4be1c0d29a77")),
    }
}

/// The three statements of the sketch.
pub(super) fn plan() -> PlanText {
    let invoice = ObjectId::new(Kind::Table, ["invoice"]);
    let lock = |mode| BTreeSet::from([Lock { on: LockTarget::Own(invoice.clone()), mode }]);
    let step = |sql: &str| Step::new(&invoice, Verb::Alter, sql);
    let steps = vec![
        Step {
            locks: lock(LockMode::AccessExclusive),
            ..step("ALTER TABLE invoice ADD COLUMN paid_at timestamptz")
        },
        Step {
            locks: lock(LockMode::Share),
            hazards: vec![Hazard {
                kind: HazardKind::BuildsIndex,
                object: invoice.clone(),
                detail: "invoice cannot be written to while it is built".to_owned(),
            }],
            ..step("CREATE INDEX invoice_paid_idx ON invoice (paid_at)\n    WHERE paid_at IS NOT NULL")
        },
        step("COMMENT ON COLUMN invoice.paid_at IS 'When the bank confirmed it'"),
    ];
    let plan = Plan { from: fingerprint("aa"), to: fingerprint("bb"), steps, commits: BTreeSet::new() };
    PlanText { digest: digest("4b"), plan, example: name("acme"), script: String::new() }
}
