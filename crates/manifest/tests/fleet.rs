//! What a TenantSet means to the fleet: every field of the manifest arrives, and what the schema cannot see
//! is refused where it stands.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own functions may fail as the test does")]

use std::{path::Path, time::Duration};

use tenantry_engine::{DatabaseName, TenantName};
use tenantry_fleet::{
    Amount, Approval, DriftMode, FleetSpec, Mode, OnFailure, Provision, Removal, Retry, RolloutSpec, Select,
    TenantSource, WaveSpec, Window,
};
use tenantry_manifest::{Environment, Input, LoadError, load};

const REST: &str = "
apiVersion: tenantry.dev/v1alpha1
kind: TenantDatabase
metadata: {name: eu-1}
spec: {connection: {secretRef: {name: login}}, ownerRole: owner}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {uri: 'postgresql://h/d'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: lists}
data:
  tenants: |
    # those who pay
    acme

      globex
---
apiVersion: tenantry.dev/v1alpha1
kind: SchemaDefinition
metadata: {name: app}
spec: {sql: CREATE TABLE t (), policy: {allowEmpty: true}, ignore: [table audit_*]}
---
";

fn read(set: &str) -> Result<FleetSpec, Vec<String>> {
    let head = "apiVersion: tenantry.dev/v1alpha1\nkind: TenantSet\nmetadata: {name: customers, namespace: default}\n";
    let text = format!("{REST}{head}{set}");
    match load(&[Input::Text { name: "f".to_owned(), text }], &Environment::default()) {
        Ok(manifests) => Ok(manifests.fleet(manifests.sets.values().next().unwrap()).unwrap()),
        Err(LoadError::Refused(faults)) => Err(faults.iter().map(ToString::to_string).collect()),
        Err(other) => panic!("{other}"),
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn the_samples_mean_what_they_say() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/samples");
    let manifests = load(&[Input::Path(samples)], &Environment::default()).unwrap();
    let fleet = manifests.fleet(manifests.sets.values().next().unwrap()).unwrap();
    assert_eq!((fleet.name.as_str(), fleet.identity.set.as_str()), ("customers", "default/customers"));
    assert_eq!(fleet.home, DatabaseName::new("eu-1"));
    let wave = |name: &str, select, failure_budget, min_ready| WaveSpec {
        name: name.to_owned(),
        select,
        failure_budget,
        min_ready,
        pause: false,
    };
    let internal = [("tier".to_owned(), "internal".to_owned())].into();
    assert_eq!(
        fleet.rollout,
        RolloutSpec {
            waves: vec![
                wave("canary", Some(Select::Labels(internal)), None, secs(600)),
                wave("first", Some(Select::Some(Amount::Percent(10))), Some(Amount::Count(2)), secs(0)),
                wave("rest", None, None, secs(0)),
            ],
            failure_budget: Amount::Count(5),
            ..RolloutSpec::default()
        }
    );
    let [eu, acme] = fleet.entries.as_slice() else { panic!("{:?}", fleet.entries) };
    assert!(
        matches!(&eu.tenants, TenantSource::Query { database: None, timeout, .. } if *timeout == secs(10))
    );
    assert!(!eu.exclusive && acme.exclusive);
    assert_eq!(acme.tenants, TenantSource::Names(vec!["acme".to_owned()]));
    let schema = acme.schema.schema_of(&TenantName::new("acme").unwrap()).unwrap();
    assert_eq!(schema.as_str(), "tenant_acme");
}

#[test]
fn what_is_left_out_is_the_fleets_own_default() {
    let fleet = read(
        "spec: {schemaRef: {name: app}, databases: [{databaseRef: {name: eu-1}, tenants: {schemaPattern: 't_*'}}]}",
    )
    .unwrap();
    assert_eq!(fleet.rollout, RolloutSpec::default());
    assert_eq!(
        (fleet.mode, fleet.provision, fleet.removal, fleet.drift),
        (Mode::default(), Provision::default(), Removal::default(), DriftMode::default())
    );
    assert_eq!((fleet.suspended, fleet.take_over, fleet.history_limit), (false, None, 10));
    assert_eq!(fleet.entries[0].tenants, TenantSource::Pattern("t_*".to_owned()));
    assert_eq!((fleet.definition.pinned, fleet.definition.allow_empty), (None, true));
    assert_eq!(fleet.definition.sources[0].name, "spec.sql");
    assert_eq!(fleet.definition.policy.ignore[0].to_string(), "table audit_*");
}

#[test]
fn every_field_arrives() {
    let digest = "4be1c0d29a774be1c0d29a774be1c0d29a774be1c0d29a774be1c0d29a774be1";
    let fleet = read(&format!(
        "
spec:
  schemaRef: {{name: app, revision: 7f3c2a91b0}}
  databases:
  - databaseRef: {{name: eu-1}}
    tenants: {{query: SELECT 1, queryDatabaseRef: {{name: eu-1}}, queryTimeout: 1m}}
    labels: {{tier: gold}}
  - databaseRef: {{name: eu-1}}
    tenants: {{configMapRef: {{name: lists}}}}
    schemaTemplate: 't_{{name}}_x'
  - databaseRef: {{name: eu-1}}
    tenants: {{names: [solo]}}
    schemaTemplate: app
  homeDatabaseRef: {{name: eu-1}}
  mode: Observe
  provision: Adopt
  removal: Quarantine
  drift: {{mode: Correct}}
  takeOver: tenantset default/old of the command line
  suspend: true
  historyLimit: 3
  rollout:
    waves:
    - {{name: a, select: {{names: [acme]}}, pause: true}}
    - {{name: b, select: {{count: 7}}, failureBudget: 10%, minReady: 1h}}
    - {{name: c}}
    maxConcurrent: 9
    failureBudget: 2%
    onFailure: RollBack
    approval: Always
    approvedDigest: {digest}
    windows: [{{days: [Sat, Sun], from: '22:00', to: '04:00', timeZone: Europe/Berlin}}]
    timeouts: {{tenant: 2m}}
    retry: {{attempts: 2, backoff: 5s, maxBackoff: 10s}}
"
    ))
    .unwrap();
    let [query, list, solo] = fleet.entries.as_slice() else { panic!("{:?}", fleet.entries) };
    let database = Some(DatabaseName::new("eu-1"));
    assert_eq!(
        query.tenants,
        TenantSource::Query { sql: "SELECT 1".to_owned(), database, timeout: secs(60) }
    );
    assert_eq!((query.labels["tier"].as_str(), query.database_id.as_str()), ("gold", "eu-1"));
    let names = vec!["acme".to_owned(), "globex".to_owned()];
    assert_eq!(list.tenants, TenantSource::List { origin: "configmap/lists".to_owned(), names });
    assert!(list.exclusive);
    assert_eq!(
        (list.schema.to_string(), solo.schema.to_string()),
        ("t_{name}_x".to_owned(), "app".to_owned())
    );
    assert_eq!(fleet.definition.pinned.as_deref(), Some("7f3c2a91b0"));
    assert_eq!(
        (fleet.mode, fleet.provision, fleet.removal, fleet.drift),
        (Mode::Observe, Provision::Adopt, Removal::Quarantine, DriftMode::Correct)
    );
    assert_eq!(fleet.take_over.as_deref(), Some("tenantset default/old of the command line"));
    assert_eq!((fleet.suspended, fleet.history_limit), (true, 3));
    let weekend = vec![jiff::civil::Weekday::Saturday, jiff::civil::Weekday::Sunday];
    assert_eq!(
        fleet.rollout,
        RolloutSpec {
            waves: vec![
                WaveSpec {
                    name: "a".to_owned(),
                    select: Some(Select::Names(vec!["acme".to_owned()])),
                    failure_budget: None,
                    min_ready: secs(0),
                    pause: true,
                },
                WaveSpec {
                    name: "b".to_owned(),
                    select: Some(Select::Some(Amount::Count(7))),
                    failure_budget: Some(Amount::Percent(10)),
                    min_ready: secs(3600),
                    pause: false,
                },
                WaveSpec {
                    name: "c".to_owned(),
                    select: None,
                    failure_budget: None,
                    min_ready: secs(0),
                    pause: false,
                },
            ],
            max_concurrent: 9,
            failure_budget: Amount::Percent(2),
            on_failure: OnFailure::RollBack,
            approval: Approval::Always,
            approved_digest: Some(digest.parse().unwrap()),
            windows: vec![Window::new(weekend, "22:00", "04:00", "Europe/Berlin").unwrap()],
            tenant_timeout: secs(120),
            retry: Retry { attempts: 2, backoff: secs(5), max_backoff: secs(10) },
        }
    );
}

#[test]
fn what_the_schema_cannot_see_is_refused_where_it_stands() {
    let zone = read(
        "spec:
  schemaRef: {name: app}
  databases: [{databaseRef: {name: eu-1}, tenants: {names: [acme]}}]
  rollout: {windows: [{from: '01:00', to: '02:00', timeZone: Europe/Atlantis}]}
",
    );
    assert_eq!(
        zone.unwrap_err(),
        [
            "f, line 33, column 23: TenantSet customers: spec.rollout.windows[0]: \"Europe/Atlantis\" is no time zone that \
          is known here: write its IANA name, such as Europe/Berlin"
        ]
    );
}

#[test]
fn the_sets_owner_role_goes_before_the_databases() {
    for (own, role) in [("", "owner"), ("ownerRole: 'o_{name}', ", "o_{name}")] {
        let text = format!(
            "{REST}{{apiVersion: tenantry.dev/v1alpha1, kind: TenantSet, metadata: {{name: c}}, spec: {{{own}schemaRef: \
             {{name: app}}, databases: [{{databaseRef: {{name: eu-1}}, tenants: {{names: [a]}}}}]}}}}"
        );
        let manifests = load(&[Input::Text { name: "f".to_owned(), text }], &Environment::default()).unwrap();
        assert_eq!(manifests.owner_role(manifests.sets.values().next().unwrap(), "eu-1"), Some(role));
    }
}
