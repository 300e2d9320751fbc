//! The tenant query: what it may be, and what its rows may be.

use std::time::{Duration, Instant};

use tenantry_engine::{Engine as _, EngineError};
use tenantry_postgres::PostgresEngine;
use tenantry_testkit::pg::Cluster;

use crate::connect::until;
use crate::engine;

const LIMIT: Duration = Duration::from_millis(700);

async fn refused(engine: &PostgresEngine, query: &str) -> String {
    match engine.tenants(query, LIMIT).await {
        Err(error @ EngineError::TenantQuery(_)) => error.to_string(),
        other => panic!("{query}: {other:?}"),
    }
}

#[tokio::test]
async fn rows_are_tenants() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("tenants").unwrap();
    cluster
        .psql(
            &name,
            "CREATE TYPE public.tier AS ENUM ('gold'); CREATE DOMAIN public.slug AS varchar(20);
             CREATE TABLE public.customer (slug public.slug, code char(8), tier public.tier, place text);
             INSERT INTO public.customer VALUES ('acme', 'a', 'gold', 'Köln'), ('O''Brien; x', 'b', NULL, NULL)",
        )
        .unwrap();
    let engine = engine(&cluster.url(&name));
    let tenants = engine
        .tenants(
            "-- all\nSELECT jsonb_build_object('tier', tier, 'place', place) AS labels, slug AS name,
                 CASE WHEN tier IS NOT NULL THEN 'tenant_' || slug END AS schema
             FROM public.customer ORDER BY code;",
            LIMIT,
        )
        .await
        .unwrap();
    let told: Vec<String> = tenants
        .iter()
        .map(|row| {
            format!("{} {:?} {:?}", row.name, row.schema.as_ref().map(|name| name.as_str()), row.labels)
        })
        .collect();
    assert_eq!(
        told,
        [r#"acme Some("tenant_acme") {"place": "Köln", "tier": "gold"}"#, r#"O'Brien; x None {}"#]
    );
    for (query, names) in [
        ("SELECT code AS name, '{\"a\": \"b\"}' AS labels FROM public.customer ORDER BY 1", vec!["a", "b"]),
        ("SELECT tier AS name FROM public.customer WHERE tier IS NOT NULL", vec!["gold"]),
        ("VALUES ('x')", vec![]),
        ("SELECT 'x' AS name WHERE false", vec![]),
        ("(SELECT 'x'::name AS name) UNION ALL (SELECT 'y')", vec!["x", "y"]),
        ("WITH a AS (SELECT 'x' AS name) TABLE a", vec!["x"]),
    ] {
        match engine.tenants(query, LIMIT).await {
            Ok(rows) => assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), names),
            Err(error) => {
                assert!(names.is_empty() && error.to_string().contains("column1"), "{query}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_query_is_said_with_what_to_do() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("queries").unwrap();
    cluster
        .psql(
            &name,
            "CREATE TABLE public.customer (slug text, secret text);
             INSERT INTO public.customer VALUES ('acme', 'hunter2'), ('globex', 'hunter2');
             CREATE SEQUENCE public.counter;
             CREATE FUNCTION public.writes() RETURNS text LANGUAGE sql AS
                 $$INSERT INTO public.customer VALUES ('evil') RETURNING slug$$",
        )
        .unwrap();
    let engine = engine(&cluster.url(&name));
    for (query, said) in [
        ("", "it is empty"),
        ("DELETE FROM public.customer", "it must be one SELECT"),
        ("BEGIN", "it must be one SELECT"),
        ("SELECT 'a' AS name; SELECT 'b' AS name", "Write one statement"),
        ("SELECT 'a' AS name; COMMIT; DROP TABLE public.customer", "Write one statement"),
        ("SELEC 1", "it must be one SELECT"),
        ("SELECT name name name", "syntax error"),
        ("SELECT slug AS name FROM customer", "write the schema too, as in public.customer"),
        ("SELECT slug AS name FROM public.nowhere", "public.nowhere"),
        ("SELECT slug FROM public.customer", "a column \"slug\""),
        ("SELECT 'a' AS schema", "no column name"),
        ("SELECT 'a' AS name, 'b' AS name", "two columns name"),
        ("SELECT 1 AS name", "type int4, and not text: write ...::text AS name"),
        ("SELECT 'a' AS name, 1 AS labels", "write ...::jsonb AS labels"),
        ("SELECT $1::text AS name", "1 parameters"),
        ("SELECT slug AS name FROM public.customer UNION ALL SELECT NULL", "row 3 has no name (NULL)"),
        ("SELECT '' AS name", "row 1: the name is empty"),
        ("SELECT E'a\\nb' AS name", "row 1: the name is empty, longer than 253 bytes or has control"),
        (
            "SELECT 'acme' AS name UNION ALL SELECT 'acme'",
            "row 2: the tenant acme is there twice, first in row 1",
        ),
        ("SELECT 'acme' AS name, '' AS schema", "row 1 (tenant acme): the schema's name is empty"),
        ("SELECT 'acme' AS name, 'pg_x' AS schema", "or reserved"),
        ("SELECT 'acme' AS name, repeat('x', 64) AS schema", "longer than 63 bytes"),
        (
            "SELECT 'acme' AS name, '[]'::jsonb AS labels",
            "row 1 (tenant acme): the labels are no JSON object",
        ),
        ("SELECT 'acme' AS name, 'gold' AS labels", "no JSON object"),
        ("SELECT 'acme' AS name, '{\"n\": 1}'::json AS labels", "the label \"n\" is no string"),
        ("SELECT n::text AS name FROM generate_series(1, 200000) AS s (n)", "more than 100000 rows"),
        (
            "WITH a AS (DELETE FROM public.customer RETURNING slug) SELECT slug AS name FROM a",
            "changes nothing",
        ),
        ("SELECT public.writes() AS name", "changes nothing"),
        ("SELECT nextval('public.counter')::text AS name", "changes nothing"),
        ("SELECT slug AS name FROM public.customer FOR UPDATE", "changes nothing"),
        ("SELECT slug AS name INTO public.copy FROM public.customer", "no column name"),
        (
            "SELECT set_config('transaction_read_only', 'off', true) AS name, public.writes() AS schema",
            "read-write",
        ),
        ("SELECT (1 / 0)::text AS name", "division_by_zero"),
        ("SELECT secret::int::text AS name FROM public.customer", "invalid_text_representation"),
    ] {
        let error = refused(&engine, query).await;
        assert!(error.contains(said), "{query}: {error}");
        assert!(!error.contains("hunter2"), "{query}: {error}");
    }
    let count =
        cluster.psql(&name, "SELECT count(*), to_regclass('public.copy') IS NULL FROM public.customer");
    assert_eq!(count.unwrap(), "2|t");
}

#[tokio::test]
async fn a_query_that_takes_for_ever_is_ended() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("forever").unwrap();
    let engine = engine(&cluster.url(&name));
    for query in [
        "SELECT 'a' AS name FROM pg_sleep(3600)",
        "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n FROM a) SELECT n::text AS name FROM a WHERE n = 2",
    ] {
        let begun = Instant::now();
        let error = refused(&engine, query).await;
        assert!(error.contains("not done within 700ms") && error.contains("queryTimeout"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
    let running = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'tenantry' AND state <> 'idle'";
    until(|| cluster.psql(&name, running).unwrap() == "0").await;
}

#[tokio::test]
async fn what_a_query_leaves_in_its_session_ends_with_it() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("leaves").unwrap();
    let engine = engine(&cluster.url(&name));
    let query =
        "SELECT concat_ws(' ', pg_advisory_lock(7), set_config('statement_timeout', '1', false)) AS name";
    assert_eq!(engine.tenants(query, LIMIT).await.unwrap().len(), 1);
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(cluster.psql(&name, locks).unwrap(), "0");
    let rows = engine.tenants("SELECT current_setting('statement_timeout') AS name", LIMIT).await.unwrap();
    assert_eq!(rows[0].name.as_str(), "700ms");
}

#[tokio::test]
async fn a_role_that_sees_a_part_of_the_rows_gets_none() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("policies").unwrap();
    cluster
        .psql(
            &name,
            "CREATE ROLE half LOGIN; CREATE ROLE nothing LOGIN;
             CREATE TABLE public.customer (slug text); INSERT INTO public.customer VALUES ('acme'), ('globex');
             GRANT SELECT ON public.customer TO half;
             CREATE POLICY part ON public.customer USING (slug = 'acme');
             ALTER TABLE public.customer ENABLE ROW LEVEL SECURITY",
        )
        .unwrap();
    let query = "SELECT slug AS name FROM public.customer";
    // The oracle: the server hands such a role one of two rows, and says nothing.
    assert_eq!(cluster.psql_as("half", &name, query).unwrap(), "acme");
    let error = refused(&engine(&cluster.url_as("half", None, &name)), query).await;
    assert!(error.contains("BYPASSRLS"), "{error}");
    cluster.psql(&name, "CREATE TABLE public.secret (slug text)").unwrap();
    let query = "SELECT slug AS name FROM public.secret";
    let error = refused(&engine(&cluster.url_as("nothing", None, &name)), query).await;
    assert!(error.contains("GRANT USAGE on the schema and SELECT"), "{error}");
}
