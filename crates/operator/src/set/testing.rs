//! States of a set, for the tests of what is decided about them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenantry_engine::{DatabaseName, SchemaName, TenantKey, TenantName};
use tenantry_fleet::rollout::{Failure, Kind, Paused, RolloutState, WaveProgress};
use tenantry_fleet::{
    DatabaseReport, Definition, Departures, DriftMode, FleetSpec, Mode, Provision, Removal, Report,
    RolloutReport, RolloutSpec, SetIdentity, TenantCounts, TenantState, TenantStatus,
};
use tenantry_planner::{Digest, Policy};

/// A digest that is told by a word.
pub(super) fn digest(word: &str) -> Digest {
    Digest::of_texts([word])
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn name(number: usize) -> TenantName {
    TenantName::new(format!("t{number}")).unwrap()
}

/// Tenants in these states, `t1`, `t2` ...; `new` is what is wanted and in force.
pub(super) fn report(states: &[TenantState]) -> Report {
    let tenants = states.iter().zip(1..).map(|(state, number)| TenantStatus {
        name: name(number),
        database: DatabaseName::new("main"),
        schema: Some(SchemaName::new(format!("tenant_t{number}")).unwrap()),
        revision: Some(digest("new")),
        state: *state,
        since: None,
        message: None,
    });
    Report {
        set: "customers".to_owned(),
        definition: "app".to_owned(),
        revision: Some(digest("new")),
        target: digest("new"),
        counts: TenantCounts::of(states.iter().copied()),
        tenants: tenants.collect(),
        drift_mode: DriftMode::Report,
        drift: Vec::new(),
        rollout: None,
        earlier: Vec::new(),
        databases: vec![DatabaseReport {
            name: DatabaseName::new("main"),
            tenants: 1,
            server_version: None,
            ledger: true,
            tenants_known: true,
            trouble: None,
        }],
        departures: Departures::default(),
        objects: BTreeMap::new(),
        read: 0,
        notes: Vec::new(),
    }
}

/// A rollout from `old` to `new` through one wave.
pub(super) fn rollout(state: RolloutState, paused: Option<Paused>) -> RolloutReport {
    let ended = !matches!(
        state,
        RolloutState::AwaitingApproval
            | RolloutState::Running
            | RolloutState::Paused
            | RolloutState::RollingBack
    );
    RolloutReport {
        id: "customers-new".to_owned(),
        kind: Kind::Forward,
        from: Some(digest("old")),
        to: digest("new"),
        state,
        message: None,
        paused,
        total: 3,
        done: 1,
        made: 0,
        to_make: 0,
        budget: 1,
        waves: vec![WaveProgress {
            name: "all".to_owned(),
            tenants: 3,
            done: 1,
            failed: 0,
            running: 0,
            aside: 0,
            budget: 1,
        }],
        groups: Vec::new(),
        digest: Some(digest("offer")),
        approvals: Vec::new(),
        failures: Vec::new(),
        skipped: Vec::new(),
        planned: at(0),
        started: (state != RolloutState::AwaitingApproval).then(|| at(1)),
        ended: ended.then(|| at(9)),
    }
}

/// That a tenant failed.
pub(super) fn failure(number: usize, second: i64) -> Failure {
    let schema = SchemaName::new(format!("tenant_t{number}")).unwrap();
    Failure {
        key: TenantKey { database: DatabaseName::new("main"), schema },
        name: name(number),
        wave: Some(0),
        cause: "check_violation on total_check".to_owned(),
        message: "rows are in the way".to_owned(),
        at: at(second),
        forgiven: false,
    }
}

/// What a set of one database says.
pub(super) fn spec() -> FleetSpec {
    FleetSpec {
        name: "customers".to_owned(),
        identity: SetIdentity { set: "shop/customers".to_owned(), cluster: None },
        definition: Definition {
            name: "app".to_owned(),
            sources: Vec::new(),
            policy: Policy::default(),
            allow_empty: false,
            pinned: None,
        },
        home: DatabaseName::new("main"),
        entries: Vec::new(),
        mode: Mode::Apply,
        provision: Provision::Create,
        removal: Removal::Retain,
        drift: DriftMode::Report,
        rollout: RolloutSpec::default(),
        take_over: None,
        let_go: None,
        suspended: false,
        history_limit: 10,
    }
}
