//! The ledger is made once, by whoever comes first, and by nobody who may not.

use std::time::Duration;

use tenantry_engine::{EngineError, Ledger as _};
use tenantry_planner::sql::Identifier;
use tenantry_postgres::{Connections, Database, PostgresLedger, Settings};
use tenantry_testkit::pg::{Binaries, Cluster, Options, Owners};

use super::{HOSTILE, claim, ledger, open, statements, tenant, unmade};

/// A role that may log in and nothing else, and the ledger as it sees it.
fn as_role(cluster: &Cluster, database: &str, prefix: &str) -> (PostgresLedger, String) {
    let role = format!("{prefix}_{database}");
    cluster.psql(database, &format!("CREATE ROLE {role} LOGIN")).unwrap();
    let settings = Settings::from_uri(&cluster.url_as(&role, None, database)).unwrap();
    (PostgresLedger::at(settings, Connections::default()), role)
}

#[tokio::test]
async fn several_at_once_make_one_ledger_and_all_go_on() {
    let (_, cluster, name) = unmade("once");
    let tasks = (0..5).map(|_| {
        let ledger = open(cluster, &name);
        async move {
            ledger.prepare().await.unwrap();
            ledger.records(None).await.unwrap()
        }
    });
    for records in futures::future::join_all(tasks).await {
        assert_eq!(records, []);
    }
    let layout = "SELECT version, oldest_writer, system_identifier = (SELECT system_identifier::text FROM pg_control_system()),
        database_oid = (SELECT oid FROM pg_database WHERE datname = current_database()) FROM tenantry.layout";
    assert_eq!(cluster.psql(&name, layout).unwrap(), "3|2|t|t");
}

#[tokio::test]
async fn it_exists_for_those_who_may_use_it() {
    let (ledger, cluster, name) = unmade("exists");
    let (stranger, role) = as_role(cluster, &name, "stranger");
    assert!(!ledger.exists().await.unwrap());
    let error = ledger.records(None).await.unwrap_err();
    assert!(matches!(error, EngineError::Ledger { .. }), "{error:?}");
    assert!(error.to_string().contains("schema tenantry holds no ledger"), "{error}");

    ledger.prepare().await.unwrap();
    assert!(ledger.exists().await.unwrap());
    assert!(!stranger.exists().await.unwrap());
    let error = stranger.records(None).await.unwrap_err().to_string();
    assert!(error.contains(&format!("GRANT USAGE ON SCHEMA tenantry TO {role}")), "{error}");
    let grants = format!(
        "GRANT USAGE ON SCHEMA tenantry TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA tenantry TO {role}"
    );
    cluster.psql(&name, &grants).unwrap();
    assert!(stranger.exists().await.unwrap());
    assert_eq!(stranger.records(None).await.unwrap(), []);
    let error = stranger.claim(&[tenant("a")], &claim("s"), None).await.unwrap_err();
    assert!(matches!(error, EngineError::Denied { .. }), "{error:?}");
}

#[tokio::test]
async fn a_role_without_create_is_told_the_grant_and_that_grant_is_enough() {
    let (_, cluster, name) = unmade("denied");
    let (ledger, role) = as_role(cluster, &name, "poor");
    let error = ledger.prepare().await.unwrap_err();
    assert!(matches!(error, EngineError::Denied { .. }), "{error:?}");
    let error = error.to_string();
    let grant = format!("GRANT CREATE ON DATABASE {name} TO {role}");
    let make = format!("CREATE SCHEMA tenantry AUTHORIZATION {role}");
    assert!(error.contains(&grant) && error.contains(&make), "{error}");
    assert!(!ledger.exists().await.unwrap());
    cluster.psql(&name, &grant).unwrap();
    ledger.prepare().await.unwrap();
    assert!(ledger.exists().await.unwrap());

    let (_, cluster, name) = unmade("denied");
    let (ledger, role) = as_role(cluster, &name, "poor");
    cluster.psql(&name, &format!("CREATE SCHEMA tenantry AUTHORIZATION {role}")).unwrap();
    ledger.prepare().await.unwrap();
    assert!(ledger.exists().await.unwrap());
}

#[tokio::test]
async fn what_is_no_ledger_of_ours_is_left_alone() {
    for (made, said) in [
        ("CREATE SCHEMA tenantry; CREATE TABLE tenantry.layout (version int)", "is no ledger"),
        (
            "CREATE SCHEMA tenantry; CREATE FUNCTION tenantry.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "is no ledger",
        ),
        ("CREATE SCHEMA tenantry", "belongs to role postgres"),
    ] {
        let (owner, cluster, name) = unmade("occupied");
        let (ledger, role) = as_role(cluster, &name, "other");
        cluster.psql(&name, &format!("GRANT ALL ON DATABASE {name} TO {role}; {made}")).unwrap();
        let before = cluster.normalised_dump(&name, "tenantry", Owners::Managed).unwrap();
        let error = ledger.prepare().await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!(cluster.normalised_dump(&name, "tenantry", Owners::Managed).unwrap(), before);
        if said == "is no ledger" {
            let error = owner.prepare().await.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            assert!(!owner.exists().await.unwrap());
        }
        assert_eq!(cluster.normalised_dump(&name, "tenantry", Owners::Managed).unwrap(), before);
    }
}

#[tokio::test]
async fn an_older_ledger_is_read_as_it_is_and_brought_up_to_date() {
    let (ledger, cluster, name) = unmade("older");
    let first = include_str!("../../../src/ledger/migrations/0001.sql").replace("__LEDGER__", "tenantry");
    cluster
        .psql(
            &name,
            &format!(
                "CREATE SCHEMA tenantry; SET search_path = pg_catalog, tenantry; {first};
                 INSERT INTO layout (version, oldest_writer, address, system_identifier, database_oid)
                 SELECT 1, 1, 'here', (SELECT system_identifier::text FROM pg_control_system()), oid
                 FROM pg_database WHERE datname = current_database();
                 INSERT INTO tenant (schema, name, namespace, set, database) VALUES ('acme', 'acme', 0, 's', 'd');
                 INSERT INTO event (schema, tenant, set, rollout, plan, revision, outcome, took_ms)
                 VALUES ('acme', 'acme', 's', 'r', repeat('1', 64), repeat('2', 64), 'applied', 1)"
            ),
        )
        .unwrap();
    let before = ledger.records(Some("s")).await.unwrap();
    assert_eq!((before.len(), &before[0].aside), (1, &None));
    assert_eq!(ledger.history(Some("s"), None, 9).await.unwrap().len(), 1);
    ledger.prepare().await.unwrap();
    let layout = "SELECT version, oldest_writer FROM tenantry.layout";
    assert_eq!(cluster.psql(&name, layout).unwrap(), "3|2");
    assert_eq!(ledger.records(Some("s")).await.unwrap(), before);
    cluster.psql(&name, "UPDATE tenantry.tenant SET aside = 'tenantry_q_x'").unwrap();
    let after = ledger.records(Some("s")).await.unwrap();
    assert_eq!(after[0].aside.as_ref().map(ToString::to_string).as_deref(), Some("tenantry_q_x"));
}

#[tokio::test]
async fn a_newer_ledger_is_refused_only_if_it_says_so() {
    let (ledger, cluster, name) = ledger("newer").await;
    cluster.psql(&name, "UPDATE tenantry.layout SET version = 9, functions = 'of nine'").unwrap();
    ledger.prepare().await.unwrap();
    let functions = "SELECT version, functions FROM tenantry.layout";
    assert_eq!(cluster.psql(&name, functions).unwrap(), "9|of nine");

    cluster.psql(&name, "UPDATE tenantry.layout SET oldest_writer = 8").unwrap();
    let error = ledger.prepare().await.unwrap_err();
    assert!(matches!(error, EngineError::Ledger { .. }), "{error:?}");
    let error = error.to_string();
    for said in ["has layout 9", "layout 8 or newer", "Use a newer version of Tenantry"] {
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(cluster.psql(&name, functions).unwrap(), "9|of nine");
}

#[tokio::test]
async fn functions_of_another_program_of_the_same_layout_are_replaced() {
    let (ledger, cluster, name) = ledger("functions").await;
    let functions = "SELECT functions FROM tenantry.layout";
    let ours = cluster.psql(&name, functions).unwrap();
    cluster.psql(&name, "UPDATE tenantry.layout SET functions = 'others', address = 'kept'").unwrap();
    ledger.prepare().await.unwrap();
    assert_eq!(cluster.psql(&name, functions).unwrap(), ours);
    assert_eq!(cluster.psql(&name, "SELECT address FROM tenantry.layout").unwrap(), "kept");
}

#[tokio::test]
async fn a_layout_that_lost_its_row_says_so() {
    let (ledger, cluster, name) = ledger("lost").await;
    cluster.psql(&name, "DELETE FROM tenantry.layout").unwrap();
    let error = ledger.prepare().await.unwrap_err();
    assert!(matches!(error, EngineError::Ledger { .. }), "{error:?}");
    let error = ledger.claim(&[tenant("a")], &claim("s"), None).await.unwrap_err();
    assert!(matches!(error, EngineError::Ledger { .. }), "{error:?}");
}

#[tokio::test]
async fn nothing_is_granted_to_public() {
    let (ledger, cluster, name) = unmade("public");
    cluster
        .psql(
            &name,
            "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC;
             ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC;",
        )
        .unwrap();
    ledger.prepare().await.unwrap();
    let (_, role) = as_role(cluster, &name, "anybody");
    let may = format!(
        "SELECT relname FROM pg_class WHERE relnamespace = 'tenantry'::regnamespace AND (
            relkind IN ('r', 'v') AND has_table_privilege('{role}', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
            OR relkind = 'S' AND has_sequence_privilege('{role}', oid, 'USAGE, SELECT, UPDATE'))
         UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'tenantry'::regnamespace
            AND has_function_privilege('{role}', oid, 'EXECUTE')
         UNION ALL SELECT 'schema' WHERE has_schema_privilege('{role}', 'tenantry', 'USAGE, CREATE')"
    );
    assert_eq!(cluster.psql(&name, &may).unwrap(), "");
    let tables =
        "SELECT count(*) > 10 FROM pg_class WHERE relnamespace = 'tenantry'::regnamespace AND relkind = 'r'";
    assert_eq!(cluster.psql(&name, tables).unwrap(), "t");
}

#[tokio::test]
async fn its_schema_may_have_any_name_without_a_dollar() {
    let cluster = Cluster::shared().unwrap();
    let long = "é".repeat(31);
    for name in ["We \"ird' Ledger", "SELECT", "a,b", "a\\b;c", "__LEDGER__", "tenant", &long]
        .into_iter()
        .chain(HOSTILE.iter().copied())
    {
        let database = cluster.create_database("named").unwrap();
        let mut settings = Settings::from_uri(&cluster.url(&database)).unwrap();
        settings.ledger_schema = Identifier::new(name).unwrap();
        let ledger = PostgresLedger::at(settings, Connections::default());
        ledger.prepare().await.unwrap();
        assert!(ledger.exists().await.unwrap(), "{name}");
        assert_eq!(ledger.claim(&[tenant("a")], &claim("s"), None).await.unwrap(), []);
        assert_eq!(ledger.records(Some("s")).await.unwrap().len(), 1);
        let found = "SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'layout'";
        assert_eq!(cluster.psql(&database, found).unwrap(), name);
    }
    let mut settings = Settings::from_uri(&cluster.url("postgres")).unwrap();
    settings.ledger_schema = Identifier::new("a$$b").unwrap();
    let error = PostgresLedger::at(settings, Connections::default()).prepare().await.unwrap_err();
    assert!(matches!(error, EngineError::Unsuitable { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_old_and_named_nowhere_is_forgotten_once_a_day() {
    let (ledger, cluster, name) = ledger("old").await;
    cluster.psql(&name, include_str!("old.sql")).unwrap();
    let kept =
        "SELECT string_agg(concat(kind, ' ', word), ', ' ORDER BY kind, word COLLATE \"C\") FROM word JOIN (
            SELECT 'event', plan FROM tenantry.event UNION ALL SELECT 'plan', plan.digest FROM tenantry.plan
            UNION ALL SELECT 'catalog', right(fingerprint, 64) FROM tenantry.catalog
            UNION ALL SELECT 'target', environment FROM tenantry.target
        ) AS kept (kind, digest) ON kept.digest = digest(word)";
    let all = cluster.psql(&name, kept).unwrap();
    assert!(all.contains("plan forgotten"));
    ledger.prepare().await.unwrap();
    assert_eq!(cluster.psql(&name, kept).unwrap(), all, "not before a day is over");
    cluster.psql(&name, "UPDATE tenantry.layout SET pruned_at = now() - interval '25 hours'").unwrap();
    ledger.prepare().await.unwrap();
    assert_eq!(
        cluster.psql(&name, kept).unwrap(),
        "catalog rolling, catalog used, catalog young, event told 1, event told 399, plan planned, plan renaming, \
         plan running, plan told 399, plan young, target here, target young"
    );
}

#[tokio::test]
async fn one_that_is_ended_while_it_makes_the_ledger_leaves_nothing() {
    let (ledger, cluster, name) = unmade("ended");
    let settings = Settings::from_uri(&cluster.url(&name)).unwrap();
    let other = Database::connect(&settings, &Connections::default()).await.unwrap();
    let other = other.session().await.unwrap();
    let lock = i64::from_be_bytes(*b"tenantry");
    other.batch_execute(&format!("SELECT pg_advisory_lock({lock})")).await.unwrap();
    let waiting = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.prepare().await }
    });
    let end = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = '{name}')"
    );
    while cluster.psql(&name, &end).unwrap() == "0" {
        assert!(!waiting.is_finished());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, EngineError::Unreachable { .. }) && error.is_transient(), "{error:?}");
    assert!(!ledger.exists().await.unwrap());
    other.batch_execute(&format!("SELECT pg_advisory_unlock({lock})")).await.unwrap();
    other.put_back();
    ledger.prepare().await.unwrap();
}

#[tokio::test]
async fn a_server_that_goes_away_is_unreachable_and_the_next_call_finds_it_again() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let ledger = open(&cluster, "postgres");
    ledger.prepare().await.unwrap();
    ledger.claim(&[tenant("a")], &claim("s"), None).await.unwrap();
    cluster.stop().unwrap();
    for _ in 0..2 {
        let error = ledger.records(None).await.unwrap_err();
        assert!(matches!(error, EngineError::Unreachable { .. }), "{error:?}");
    }
    cluster.start_again().unwrap();
    assert_eq!(ledger.records(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_that_is_current_costs_one_query() {
    let options = Options::default().setting("log_statement", "all");
    let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
    open(&cluster, "postgres").prepare().await.unwrap();
    let ledger = open(&cluster, "postgres");
    ledger.exists().await.unwrap();
    let before = statements(&cluster);
    ledger.prepare().await.unwrap();
    assert_eq!(statements(&cluster) - before, 1);
}
