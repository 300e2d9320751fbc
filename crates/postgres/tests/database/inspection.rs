//! Many schemas read at once: as each reads alone, whatever is changed meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tenantry_catalog::Fingerprint;
use tenantry_engine::{Engine as _, EngineError, Inspected, SchemaName};
use tenantry_planner::Policy;
use tenantry_postgres::PostgresEngine;
use tenantry_testkit::pg::Cluster;

use crate::connect::until;
use crate::engine;

/// What each schema holds, a variation of three.
fn definition(schema: &str, number: usize) -> String {
    let extra = ["", ", extra text", ", extra bigint DEFAULT 7"][number % 3];
    format!(
        "CREATE SCHEMA \"{schema}\"; SET search_path = \"{schema}\", public;
         CREATE TYPE kind AS ENUM ('a', 'b');
         CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind kind NOT NULL, country text
             REFERENCES public.country);
         CREATE TABLE invoice (id bigint PRIMARY KEY, customer bigint REFERENCES customer, total numeric CHECK (total > 0){extra});
         CREATE INDEX invoice_total ON invoice (total) WHERE total > 100;
         CREATE VIEW open AS SELECT c.id, sum(i.total) AS total FROM customer c JOIN invoice i ON i.customer = c.id GROUP BY c.id;
         COMMENT ON VIEW open IS 'what is owed';"
    )
}

fn schema(name: &str) -> SchemaName {
    SchemaName::new(name).unwrap()
}

async fn inspect(engine: &PostgresEngine, schemas: &[SchemaName]) -> BTreeMap<SchemaName, Inspected> {
    let mut found = BTreeMap::new();
    let each = |inspected: Inspected| {
        let again = found.insert(inspected.schema.clone(), inspected);
        assert!(again.is_none(), "each schema once");
    };
    engine.inspect(schemas, &Policy::default(), each).await.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_schemas_read_as_each_alone_while_others_are_changed() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("inspection").unwrap();
    let mut names: Vec<String> = (0..50).map(|number| format!("Tenant \"{number}")).collect();
    "plain".clone_into(&mut names[0]);
    let quoted = |name: &str| name.replace('"', "\"\"");
    let mut sql = "CREATE TABLE public.country (code text PRIMARY KEY);".to_owned();
    for (number, name) in names.iter().enumerate() {
        sql += &definition(&quoted(name), number);
        // Every schema has this text, and one of them is the one that it names.
        sql += "CREATE FUNCTION first() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
                    RETURN (SELECT count(*) FROM plain.customer); END $$;";
    }
    cluster.psql(&name, &sql).unwrap();
    let engine = engine(&cluster.url(&name));
    let schemas: Vec<SchemaName> = names.iter().map(|name| schema(name)).collect();

    let quiet =
        inspect(&engine, &[schemas.as_slice(), &[schema("nowhere"), schemas[0].clone()]].concat()).await;
    assert_eq!(quiet.len(), 50);
    let mut states: BTreeMap<&Fingerprint, usize> = BTreeMap::new();
    for one in &schemas {
        let alone = inspect(&engine, std::slice::from_ref(one)).await;
        assert_eq!(alone[one].catalog, quiet[one].catalog);
        assert_eq!(alone[one].watermark, quiet[one].watermark);
        assert_eq!(Fingerprint::of(&alone[one].catalog), quiet[one].fingerprint);
        *states.entry(&quiet[one].fingerprint).or_default() += 1;
    }
    assert_eq!(states.values().copied().collect::<Vec<_>>().iter().sum::<usize>(), 50);
    assert_eq!(
        states.len(),
        4,
        "three variations are three states, and one schema has a function that names its own"
    );

    // What is committed together is never seen apart: both columns or none.
    let (stop, changes) = (AtomicBool::new(false), AtomicUsize::new(0));
    let torn = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let mut batch = String::new();
                for at in 0..4 {
                    let schema = quoted(&names[(number * 7 + at * 13) % 50]);
                    batch += &format!(
                        "BEGIN; ALTER TABLE \"{schema}\".customer ADD COLUMN pair text;
                         ALTER TABLE \"{schema}\".invoice ADD COLUMN pair text; COMMIT; SELECT pg_sleep(0.02);
                         BEGIN; ALTER TABLE \"{schema}\".invoice DROP COLUMN pair;
                         DROP VIEW \"{schema}\".open; ALTER TABLE \"{schema}\".customer DROP COLUMN pair;
                         CREATE VIEW \"{schema}\".open AS SELECT c.id, sum(i.total) AS total FROM \"{schema}\".customer c
                             JOIN \"{schema}\".invoice i ON i.customer = c.id GROUP BY c.id;
                         COMMENT ON VIEW \"{schema}\".open IS 'what is owed'; COMMIT;"
                    );
                }
                cluster.psql(&name, &batch).unwrap();
                changes.fetch_add(8, Ordering::Relaxed);
            }
        });
        let torn = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let (mut torn, mut reads) = (Vec::new(), 0);
                while changes.load(Ordering::Relaxed) < 60 || reads < 5 {
                    reads += 1;
                    let found = inspect(&engine, &schemas).await;
                    assert_eq!(found.len(), 50, "none is given up, none is missing");
                    torn.extend(found.into_values().filter(|one| pairs(one) == 1).map(|one| one.schema));
                }
                torn
            })
        });
        stop.store(true, Ordering::Relaxed);
        torn
    });
    assert_eq!(torn, Vec::<SchemaName>::new());

    // When all is quiet again, each is as it was: columns that were there and are gone leave no trace.
    let last = inspect(&engine, &schemas).await;
    let marks = engine.watermarks(&schemas).await.unwrap();
    for one in &schemas {
        assert_eq!(last[one].fingerprint, quiet[one].fingerprint, "{one}");
        assert_eq!(last[one].watermark, marks[one]);
    }
}

fn pairs(inspected: &Inspected) -> usize {
    inspected.catalog.facts().filter(|fact| fact.id.last() == "pair").count()
}

#[tokio::test]
async fn schemas_that_come_and_go_meanwhile_disturb_nobody() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("coming").unwrap();
    let mut sql = "CREATE TABLE public.country (code text PRIMARY KEY);".to_owned();
    for number in 0..12 {
        sql += &definition(&format!("t{number}"), 0);
    }
    cluster.psql(&name, &sql).unwrap();
    let engine = engine(&cluster.url(&name));
    let schemas: Vec<SchemaName> = (0..12).map(|number| schema(&format!("t{number}"))).collect();
    let stop = AtomicBool::new(false);
    let counts = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let again = format!("BEGIN; DROP SCHEMA t5 CASCADE; {} COMMIT", definition("t5", 0));
                cluster.psql(&name, &again).unwrap();
                cluster
                    .psql(&name, "ALTER SCHEMA t7 RENAME TO other; ALTER SCHEMA other RENAME TO t7")
                    .unwrap();
                std::thread::sleep(Duration::from_millis(700));
            }
        });
        // On a runtime of its own, and joined: what fails in it must not leave the thread above running.
        let reading = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let engine = crate::engine(&cluster.url(&name));
            runtime.block_on(async {
                let mut counts = Vec::new();
                for _ in 0..12 {
                    let found = inspect(&engine, &schemas).await;
                    let same = found.values().all(|one| one.fingerprint == found[&schemas[0]].fingerprint);
                    assert!(same, "a schema is there whole, or not at all");
                    counts.push(found.len());
                }
                counts
            })
        });
        let counts = reading.join();
        stop.store(true, Ordering::Relaxed);
        counts.unwrap()
    });
    assert!(counts.iter().all(|count| (10..=12).contains(count)), "{counts:?}");
    assert_eq!(inspect(&engine, &schemas).await.len(), 12);
}

#[tokio::test]
async fn one_that_cannot_be_read_is_named_and_the_others_are_handed_out() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("unreadable").unwrap();
    let mut sql = "CREATE TABLE public.country (code text PRIMARY KEY);".to_owned();
    for number in 0..9 {
        sql += &definition(&format!("t{number}"), 0);
    }
    cluster.psql(&name, &sql).unwrap();
    let engine = engine(&cluster.url(&name));
    let schemas: Vec<SchemaName> = (0..9).map(|number| schema(&format!("t{number}"))).collect();
    let locked = "BEGIN; LOCK TABLE t4.invoice; SELECT pg_sleep(600)";
    let mut application = cluster.command("psql", &name).args(["-c", locked]).spawn().unwrap();
    let holds = "SELECT count(*) FROM pg_locks WHERE relation = 't4.invoice'::regclass AND granted";
    until(|| cluster.psql(&name, holds).unwrap() == "1").await;
    let mut found = Vec::new();
    let error = engine.inspect(&schemas, &Policy::default(), |one| found.push(one.schema)).await.unwrap_err();
    application.kill().unwrap();
    application.wait().unwrap();
    assert!(
        matches!(&error, EngineError::Unreadable(schemas) if schemas.keys().eq([&schema("t4")])),
        "{error:?}"
    );
    assert!(error.is_transient() && error.to_string().contains("lock_not_available"), "{error}");
    assert_eq!(found.len(), 8);
}

#[tokio::test]
async fn what_the_ledger_knows_as_renamed_aside_does_not_count() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("aside").unwrap();
    let ledger = include_str!("../../src/ledger/migrations/0001.sql").replace("__LEDGER__", "tenantry");
    cluster
        .psql(
            &name,
            &format!(
                "CREATE TABLE public.country (code text PRIMARY KEY); {} {} {}
                 RESET search_path; CREATE SCHEMA tenantry; {ledger}
                 ALTER TABLE b.invoice ADD COLUMN tenantry_q_1 text; ALTER TABLE c.invoice ADD COLUMN tenantry_q_1 text;
                 INSERT INTO tenantry.quarantined (schema, kind, name, reserved, plan)
                 VALUES ('b', 'column', '{{invoice,fax}}', 'tenantry_q_1', 'p');
                 CREATE ROLE stranger LOGIN",
                definition("a", 0),
                definition("b", 0),
                definition("c", 0)
            ),
        )
        .unwrap();
    let schemas = ["a", "b", "c"].map(schema);
    let found = inspect(&engine(&cluster.url(&name)), &schemas).await;
    assert_eq!(found[&schemas[0]].fingerprint, found[&schemas[1]].fingerprint, "the ledger knows it");
    assert_ne!(found[&schemas[0]].fingerprint, found[&schemas[2]].fingerprint, "the ledger does not");
    assert_ne!(found[&schemas[0]].catalog, found[&schemas[1]].catalog, "what is aside is in the catalog");

    // Who may not look names up in a schema would see all of them as somebody else's.
    let blind = engine(&cluster.url_as("stranger", None, &name));
    cluster.psql(&name, "GRANT USAGE ON SCHEMA a TO stranger").unwrap();
    let mut seen = Vec::new();
    let error = blind.inspect(&schemas, &Policy::default(), |one| seen.push(one.schema)).await.unwrap_err();
    assert!(
        error.to_string().starts_with("2 schemas cannot be read; b cannot be read: stranger may not"),
        "{error}"
    );
    assert!(error.to_string().contains("GRANT USAGE ON SCHEMA b TO stranger"), "{error}");
    assert_eq!(seen, [schema("a")]);

    cluster.psql(&name, "GRANT USAGE ON SCHEMA b, c TO stranger").unwrap();
    let blind = inspect(&blind, &schemas).await;
    assert_eq!(blind.len(), 3, "who may not read the ledger knows nothing of it");
    assert_eq!(blind[&schemas[1]].fingerprint, blind[&schemas[2]].fingerprint);
}

#[tokio::test]
async fn the_environment_has_what_recorded_tenants_refer_to() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("referred").unwrap();
    let ledger = include_str!("../../src/ledger/migrations/0001.sql").replace("__LEDGER__", "tenantry");
    cluster
        .psql(
            &name,
            &format!(
                "CREATE SCHEMA billing; CREATE TYPE billing.currency AS ENUM ('eur'); CREATE SCHEMA other;
                 CREATE SCHEMA a; CREATE TABLE a.t (id int, currency billing.currency);
                 CREATE SCHEMA b; CREATE TABLE b.t (id int, currency billing.currency);
                 CREATE SCHEMA tenantry; {ledger}"
            ),
        )
        .unwrap();
    let digest = async || engine(&cluster.url(&name)).environment().await.unwrap().digest;
    let unrecorded = digest().await;
    cluster.psql(&name, "ALTER TYPE billing.currency ADD VALUE 'usd'").unwrap();
    assert_eq!(digest().await, unrecorded, "nobody who refers to it has a record: all are read anyway");

    let record = |schema: &str, fingerprint: &str| {
        format!(
            "INSERT INTO tenantry.tenant (schema, name, namespace, set, database, fingerprint)
             VALUES ('{schema}', '{schema}', '{schema}'::regnamespace, 's', 'd', '{fingerprint}')"
        )
    };
    cluster.psql(&name, &record("a", "f1")).unwrap();
    let recorded = digest().await;
    assert_ne!(recorded, unrecorded);
    for no_change in [
        record("b", "f1"),
        "CREATE TABLE other.t (id int)".to_owned(),
        "CREATE SCHEMA c".to_owned(),
        "CREATE TABLE a.u (id int)".to_owned(),
    ] {
        cluster.psql(&name, &no_change).unwrap();
        assert_eq!(digest().await, recorded, "{no_change}: each process, each time the same");
    }
    cluster.psql(&name, "DROP SCHEMA a CASCADE").unwrap();
    assert_eq!(digest().await, recorded, "the other tenant of that state still refers to it");
    cluster.psql(&name, "ALTER TYPE billing.currency RENAME TO money").unwrap();
    assert_ne!(digest().await, recorded);
}
