//! Pairs of definitions on a real server: planned, applied by psql, and
//! compared by pg_dump, there and back, and from nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy does not take the functions beside the tests for tests"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tenantry_catalog::Catalog;
use tenantry_planner::postgres::Postgres;
use tenantry_planner::sql::{Identifier, SqlTemplate};
use tenantry_planner::{Destructive, Plan, Policy, Segment, ServerVersion, plan};
use tenantry_postgres::Statements;
use tenantry_postgres::inspect::inspect;
use tenantry_testkit::pg::{Cluster, Owners};
use tokio_postgres::NoTls;

/// How many pairs run at a time: most of it is waiting for psql and pg_dump.
const WORKERS: usize = 4;

/// Roles that the definitions name.
const ROLES: &str = "DO $$ BEGIN CREATE ROLE app; CREATE ROLE auditor; \
                     EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$";

struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    fn new() -> Self {
        let cluster = Cluster::shared().unwrap();
        cluster.psql("postgres", ROLES).unwrap();
        Self { cluster, name: cluster.create_database("kinds").unwrap() }
    }

    /// A schema made by a definition.
    fn define(&self, schema: &str, definition: &str) {
        let definition = definition.replace("__TENANT__", schema);
        let sql = format!(
            "SET client_min_messages = warning; SET check_function_bodies = off; DROP SCHEMA IF EXISTS {schema} CASCADE; \
             CREATE SCHEMA {schema}; SET search_path = {schema}, pg_catalog, pg_temp;\n{definition}"
        );
        self.cluster.psql(&self.name, &sql).unwrap();
    }

    fn server(&self) -> ServerVersion {
        let number = self.cluster.psql(&self.name, "SHOW server_version_num").unwrap();
        ServerVersion(number.parse().unwrap())
    }

    fn inspect(&self, schema: &str) -> Catalog {
        let oid = self.cluster.psql(&self.name, &format!("SELECT '{schema}'::regnamespace::oid")).unwrap();
        let oid: u32 = oid.parse().unwrap();
        let url = self.cluster.url(&self.name);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let transaction = client.transaction().await.unwrap();
            let mut read: BTreeMap<u32, Arc<Catalog>> =
                inspect(&transaction, &Statements::default(), &[oid]).await.unwrap_or_else(|error| {
                    let mut text = error.to_string();
                    let mut source = std::error::Error::source(&error);
                    while let Some(cause) = source {
                        text = format!("{text}: {cause:?}");
                        source = cause.source();
                    }
                    panic!("{text}")
                });
            read.remove(&oid).map(Arc::unwrap_or_clone).unwrap()
        })
    }

    fn plan(&self, from: &Catalog, to: &Catalog) -> Plan {
        let policy = Policy { destructive: Destructive::Allow, ..Policy::default() };
        plan(&Postgres, from, to, &policy, self.server()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn apply(&self, schema: &str, plan: &Plan) {
        let name = Identifier::new(schema).unwrap();
        let mut script = format!(
            "SET client_min_messages = warning; SET check_function_bodies = off; \
             SET search_path = {schema}, pg_catalog, pg_temp;\n"
        );
        for segment in plan.segments() {
            let statements: Vec<String> = segment
                .steps()
                .iter()
                .map(|step| format!("{};\n", SqlTemplate::parse(step.sql.clone()).fill(&name)))
                .collect();
            script.push_str(&match segment {
                Segment::Transaction(_) => format!("BEGIN;\n{}COMMIT;\n", statements.concat()),
                Segment::Alone(_) => statements.concat(),
            });
        }
        if let Err(error) = self.cluster.psql(&self.name, &script) {
            panic!("{error}\n{script}");
        }
    }

    fn dump(&self, schema: &str) -> String {
        self.cluster.normalised_dump(&self.name, schema, Owners::LeftAlone).unwrap()
    }

    /// From one definition to the other, checked by pg_dump.
    fn converges(&self, from: &str, to: &str, what: &str) {
        self.define("acme", from);
        self.define("globex", to);
        let target = self.inspect("globex");
        let way = self.plan(&self.inspect("acme"), &target);
        self.apply("acme", &way);
        let (is, wanted) = (self.dump("acme"), self.dump("globex"));
        assert_eq!(
            is,
            wanted,
            "{what}: after {:#?}",
            way.steps.iter().map(|step| &step.sql).collect::<Vec<_>>()
        );
        let rest = self.plan(&self.inspect("acme"), &target);
        assert!(rest.is_empty(), "{what}: a second plan is not empty: {:#?}", rest.steps);
    }

    /// There and back, and each from nothing.
    fn round_trips(&self, case: &str, one: &str, other: &str) {
        for (from, to, what) in [
            ("", one, "from nothing"),
            ("", other, "other from nothing"),
            (one, other, "there"),
            (other, one, "back"),
        ] {
            self.converges(from, to, &format!("{case}, {what}"));
        }
    }
}

/// `-- case: NAME`, or `-- case: NAME, from 14`; a definition, `-- becomes`, another one.
#[test]
fn pairs_converge_both_ways() {
    let only = std::env::var("CASE").unwrap_or_default();
    let version = Database::new().server().major();
    let mut files = vec![include_str!("kinds.sql"), include_str!("relations.sql")];
    if version >= 17 {
        files.push(include_str!("relations-17.sql"));
    }
    if version >= 18 {
        files.push(include_str!("relations-18.sql"));
    }
    let cases: Vec<(&str, &str)> = files
        .iter()
        .flat_map(|file| file.split("-- case: ").skip(1))
        .map(|case| case.split_once('\n').unwrap())
        .filter(|(name, _)| only.is_empty() || only.split(',').any(|only| name.contains(only)))
        .collect();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let database = Database::new();
                while let Some((name, text)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let from = name.rsplit_once(", from ").map_or(0, |(_, version)| version.parse().unwrap());
                    if from > database.server().major() {
                        continue;
                    }
                    let (one, other) = text.split_once("-- becomes\n").unwrap();
                    let run = std::panic::AssertUnwindSafe(|| database.round_trips(name, one, other));
                    if std::panic::catch_unwind(run).is_err() {
                        failures.lock().unwrap().push(*name);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The values of columns whose type is made anew, before and after.
#[test]
fn values_survive_a_new_type() {
    let database = Database::new();
    for (one, rows, other, values) in [
        (
            "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TABLE t (a mood, b mood[]);",
            "INSERT INTO t VALUES ('ok', '{happy,ok}'), (NULL, NULL)",
            "CREATE TYPE mood AS ENUM ('happy', 'ok'); CREATE TABLE t (a mood, b mood[]);",
            "ok|{happy,ok}\n|",
        ),
        (
            "CREATE DOMAIN d AS int; CREATE TABLE t (a d, b d[]);",
            "INSERT INTO t VALUES (7, '{1,2}'), (NULL, NULL)",
            "CREATE DOMAIN d AS numeric(4,1); CREATE TABLE t (a d, b d[]);",
            "7.0|{1.0,2.0}\n|",
        ),
        (
            "CREATE TYPE pair AS (a int, b text); CREATE TABLE t (a pair);",
            "INSERT INTO t VALUES ('(1,x)'), (NULL), ('(,)')",
            "CREATE TYPE pair AS (c int, b varchar(9), a bigint); CREATE TABLE t (a pair);",
            "(,x,1)\n\n(,,)",
        ),
        (
            "CREATE TYPE span AS RANGE (subtype = int); CREATE TABLE t (a span, b span[]);",
            "INSERT INTO t VALUES ('[1,5]', '{\"[1,2)\",empty}')",
            "CREATE TYPE span AS RANGE (subtype = numeric); CREATE TABLE t (a span, b span[]);",
            "[1,5]|{\"[1,2)\",empty}",
        ),
    ] {
        database.define("acme", one);
        database.define("globex", other);
        database.cluster.psql(&database.name, &format!("SET search_path = acme; {rows}")).unwrap();
        let plan = database.plan(&database.inspect("acme"), &database.inspect("globex"));
        database.apply("acme", &plan);
        let found = database.cluster.psql(&database.name, "SET search_path = acme; SELECT * FROM t").unwrap();
        assert_eq!(found, values, "{other}");
    }
}

/// What cannot be done without a loss is refused.
#[test]
fn what_would_lose_values_is_refused() {
    let database = Database::new();
    for (one, other, reason) in [
        (
            "CREATE TYPE pair AS (a int, b text); CREATE TABLE t (p pair[]);",
            "CREATE TYPE pair AS (b text, a int); CREATE TABLE t (p pair[]);",
            "column t.p, an array, cannot follow",
        ),
        (
            "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TYPE felt AS (m mood); CREATE TABLE t (f felt);",
            "CREATE TYPE mood AS ENUM ('a'); CREATE TYPE felt AS (m mood); CREATE TABLE t (f felt);",
            "column t.f holds values of composite type felt, which is made of it",
        ),
        (
            "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood) PARTITION BY LIST (m);",
            "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (m mood) PARTITION BY LIST (m);",
            "part of its table's partition key",
        ),
        (
            "CREATE DOMAIN d AS int[]; CREATE TABLE t (a d[]);",
            "CREATE DOMAIN d AS int[] CHECK (cardinality(VALUE) > 0); CREATE TABLE t (a d[]);",
            "cannot check the values of column t.a, an array",
        ),
        (
            "CREATE COLLATION c (provider = libc, locale = 'C'); CREATE TABLE t (a text COLLATE c);",
            "CREATE COLLATION c (provider = libc, locale = 'POSIX'); CREATE TABLE t (a text COLLATE c);",
            "PostgreSQL cannot change a collation, and column t.a uses it",
        ),
    ] {
        database.define("acme", one);
        database.define("globex", other);
        let (from, to) = (database.inspect("acme"), database.inspect("globex"));
        let policy = Policy { destructive: Destructive::Allow, ..Policy::default() };
        let refused = plan(&Postgres, &from, &to, &policy, database.server()).unwrap_err().to_string();
        assert!(refused.contains(reason), "{other}: {refused}");
    }
}
