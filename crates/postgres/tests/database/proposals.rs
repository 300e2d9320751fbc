//! Plans that are proved at the same time, and proofs that are broken off: none disturbs another, and nothing is left.

use std::sync::Arc;
use std::time::Duration;

use tenantry_catalog::Catalog;
use tenantry_engine::{Engine as _, EngineError, Proposal, SchemaName, Source, Start, Target};
use tenantry_planner::Policy;
use tenantry_postgres::{Connections, PostgresEngine, Settings, ShadowSettings};
use tenantry_testkit::pg::{Binaries, Cluster};

use crate::connect::until;
use crate::engine;

/// Two shared tables, and a tenant that refers to neither.
const SHARED: &str = "CREATE TABLE public.country (code text PRIMARY KEY); CREATE TABLE public.currency (code text PRIMARY KEY);
    CREATE TYPE public.kind AS ENUM ('a'); CREATE TABLE public.region (code text PRIMARY KEY, kind public.kind);
    CREATE SCHEMA acme; CREATE TABLE acme.t (id int PRIMARY KEY)";

async fn start(engine: &PostgresEngine) -> Catalog {
    let mut found = None;
    let schema = SchemaName::new("acme").unwrap();
    engine.inspect(&[schema], &Policy::default(), |one| found = Some(one.catalog)).await.unwrap();
    found.map(Arc::unwrap_or_clone).unwrap()
}

async fn target(engine: &PostgresEngine, shared: &str) -> Target {
    let text = format!("CREATE TABLE t (id int PRIMARY KEY, {shared} text REFERENCES public.{shared});");
    engine.compile(&[Source { name: "app".to_owned(), text }], &Policy::default()).await.unwrap()
}

async fn propose(engine: &PostgresEngine, from: &Catalog, to: &Target) -> Result<String, EngineError> {
    let start = Start { catalog: from, renamed: &[], base: None };
    match engine.propose(start, to).await? {
        Proposal::Migrate { plan, back: Ok(_), .. } => {
            Ok(plan.steps.iter().map(|step| step.sql.as_str()).collect::<Vec<_>>().join("; "))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_proofs_at_once_do_not_disturb_each_other() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let name = cluster.create_database("proofs").unwrap();
    cluster.psql(&name, SHARED).unwrap();
    let engine = engine(&cluster.url(&name));
    let from = start(&engine).await;
    let (country, currency, region) =
        tokio::join!(target(&engine, "country"), target(&engine, "currency"), target(&engine, "region"));
    for _ in 0..2 {
        let plans = tokio::join!(
            propose(&engine, &from, &country),
            propose(&engine, &from, &currency),
            propose(&engine, &from, &region)
        );
        for (plan, shared) in [(plans.0, "country"), (plans.1, "currency"), (plans.2, "region")] {
            assert!(plan.unwrap().contains(&format!("REFERENCES public.{shared}")), "{shared}");
        }
    }
    // To the same table, in whatever order they get to it.
    let many = (0..4).map(|_| propose(&engine, &from, &country));
    for plan in futures::future::join_all(many).await {
        plan.unwrap();
    }
    engine.close().await.unwrap();
    assert_nothing_left(&cluster, &name).await;
}

#[tokio::test]
async fn no_function_of_a_tenant_runs_in_a_shadow() {
    let (_, cluster, name) = crate::database("functions").await;
    cluster.psql(&name, "CREATE SCHEMA acme; CREATE TABLE acme.t (id int PRIMARY KEY)").unwrap();
    let engine = engine(&cluster.url(&name));
    let text = "CREATE TABLE t (id int PRIMARY KEY);
        CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it ran'; END $$;
        CREATE MATERIALIZED VIEW m AS SELECT f() AS a";
    let source = Source { name: "app".to_owned(), text: text.to_owned() };
    let to = engine.compile(&[source], &Policy::default()).await.unwrap();
    let plan = propose(&engine, &start(&engine).await, &to).await.unwrap();
    assert!(plan.contains("REFRESH MATERIALIZED VIEW m"), "{plan}");
    engine.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_scratch_database() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let name = cluster.create_database("sharing").unwrap();
    let scratch = cluster.create_database("scratch").unwrap();
    cluster.psql(&name, SHARED).unwrap();
    // What stands there already is not ours to remove.
    cluster
        .psql(&scratch, "CREATE TABLE public.theirs (id int); CREATE TABLE public.country (code text)")
        .unwrap();
    let engine = || {
        let database = Some(Settings::from_uri(&cluster.url(&scratch)).unwrap());
        let shadow = ShadowSettings { database, ..ShadowSettings::default() };
        let settings = Settings::from_uri(&cluster.url(&name)).unwrap();
        PostgresEngine::new(settings, Connections::default(), shadow)
    };
    let (one, other) = (engine(), engine());
    let from = start(&one).await;
    let (country, currency) = tokio::join!(target(&one, "country"), target(&other, "currency"));
    for _ in 0..2 {
        let plans = tokio::join!(
            propose(&one, &from, &country),
            propose(&other, &from, &currency),
            propose(&other, &from, &country)
        );
        plans.0.unwrap();
        plans.1.unwrap();
        plans.2.unwrap();
    }
    // A third one, later, finds what they made.
    let later = engine();
    propose(&later, &from, &country).await.unwrap();
    for engine in [one, other, later] {
        engine.close().await.unwrap();
    }
    let tables = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'";
    assert_eq!(cluster.psql(&scratch, tables).unwrap(), "country currency theirs");
    let shadows = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tenantry%'";
    assert_eq!(cluster.psql(&scratch, shadows).unwrap(), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_that_is_broken_off_leaves_nothing() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let name = cluster.create_database("broken_off").unwrap();
    cluster.psql(&name, SHARED).unwrap();
    let engine = engine(&cluster.url(&name));
    let from = start(&engine).await;
    let to = target(&engine, "country").await;
    for milliseconds in (0..400).step_by(37) {
        // A future that is dropped, wherever it is.
        let limit = Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(limit, propose(&engine, &from, &to)).await;
    }
    propose(&engine, &from, &to).await.unwrap();
    engine.close().await.unwrap();
    assert_nothing_left(&cluster, &name).await;

    // Also where the database for shadows is being made: it is gone by the time that the process would end.
    let databases = "SELECT count(*) FROM pg_database WHERE datname LIKE 'tenantry%'";
    for milliseconds in (0..300).step_by(17) {
        let engine = crate::engine(&cluster.url(&name));
        let _ = tokio::time::timeout(Duration::from_millis(milliseconds), target(&engine, "country")).await;
        engine.close().await.unwrap();
        assert_eq!(cluster.psql(&name, databases).unwrap(), "0", "after {milliseconds} ms");
    }
    assert_nothing_left(&cluster, &name).await;
}

async fn assert_nothing_left(cluster: &Cluster, database: &str) {
    let left = "SELECT string_agg(name, ' ') FROM (
            SELECT datname AS name FROM pg_database WHERE datname LIKE 'tenantry%'
            UNION ALL SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenantry%'
            UNION ALL SELECT query FROM pg_stat_activity
            WHERE application_name = 'tenantry' AND state <> 'idle') AS l";
    until(|| cluster.psql(database, left).unwrap().is_empty()).await;
}

/// Why there is no plan from one definition to another.
async fn reasons(before: &str, after: &str) -> String {
    let (_, cluster, name) = crate::database("reasons").await;
    cluster.psql(&name, "CREATE EXTENSION citext SCHEMA public").unwrap();
    cluster.psql(&name, &format!("CREATE SCHEMA acme; SET search_path = acme, public; {before}")).unwrap();
    let engine = engine(&cluster.url(&name));
    let from = start(&engine).await;
    let source = Source { name: "app".to_owned(), text: after.to_owned() };
    let to = engine.compile(&[source], &Policy::default()).await.unwrap();
    let proposal = engine.propose(Start { catalog: &from, renamed: &[], base: None }, &to).await.unwrap();
    engine.close().await.unwrap();
    let Proposal::Blocked { reasons } = proposal else { panic!("{proposal:?}") };
    reasons.join("\n")
}

#[tokio::test]
async fn a_function_that_finds_its_names_elsewhere_is_told_what_to_do() {
    let function = "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT citext_eq('a', 'b')::text $$;";
    let before = format!("{function} CREATE TABLE t (id integer)");
    let reasons =
        reasons(&before, &format!("{function} CREATE TABLE t (id integer, n text DEFAULT f());")).await;
    assert!(reasons.contains("undefined_function (42883). A function that it runs"), "{reasons}");
}

#[tokio::test]
async fn statistics_whose_columns_stand_in_another_order_are_told_what_to_do() {
    let reasons = reasons(
        "CREATE TABLE t (a integer, b integer)",
        "CREATE TABLE t (b integer, a integer); CREATE STATISTICS s (ndistinct) ON b, a FROM t;",
    )
    .await;
    assert!(
        reasons.contains("statistics s has another definition: the server lists the columns in the order"),
        "{reasons}"
    );
}
