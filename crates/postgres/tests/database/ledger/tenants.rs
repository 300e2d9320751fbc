//! What was found is written down for many tenants at once, and only as long as it is true.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tenantry_catalog::{Kind, ObjectId};
use tenantry_engine::{Confirmed, Ledger as _, SchemaName, TenantName, Watermark};
use tenantry_postgres::{Connections, Database, PostgresLedger, Settings};
use tenantry_testkit::pg::{Binaries, Cluster, Options};

use super::{HOSTILE, claim, digest, fingerprint, ledger, open, schema, statements, tenant};

/// What a look at a database finds.
struct Look {
    database: Database,
    oids: BTreeMap<SchemaName, u32>,
    watermarks: BTreeMap<SchemaName, Watermark>,
}

impl Look {
    async fn at(cluster: &Cluster, name: &str, schemas: &[SchemaName]) -> Self {
        let settings = Settings::from_uri(&cluster.url(name)).unwrap();
        let database = Database::connect(&settings, &Connections::default()).await.unwrap();
        let watermarks = database.watermarks(schemas).await.unwrap();
        let oid = |schema: &SchemaName| {
            let quoted = schema.as_str().replace('\'', "''");
            let oid = cluster
                .psql(name, &format!("SELECT oid FROM pg_namespace WHERE nspname = '{quoted}'"))
                .unwrap();
            (schema.clone(), oid.parse().unwrap_or_default())
        };
        Self { database, oids: schemas.iter().map(oid).collect(), watermarks }
    }

    fn confirms(&self, found: &str, of: &[SchemaName]) -> Vec<Found> {
        let found = |schema: &SchemaName| Found {
            schema: schema.clone(),
            name: TenantName::new("t").unwrap(),
            oid: self.oids[schema],
            fingerprint: fingerprint(found),
            watermark: self.watermarks[schema].clone(),
            revision: None,
            drifted_since: None,
        };
        of.iter().map(found).collect()
    }
}

/// A confirmation that owns what it says.
#[derive(Clone)]
struct Found {
    schema: SchemaName,
    name: TenantName,
    oid: u32,
    fingerprint: tenantry_catalog::Fingerprint,
    watermark: Watermark,
    revision: Option<tenantry_planner::Digest>,
    drifted_since: Option<Timestamp>,
}

async fn confirm(ledger: &PostgresLedger, found: &[Found]) {
    let found: Vec<_> = found
        .iter()
        .map(|found| Confirmed {
            schema: &found.schema,
            name: &found.name,
            oid: found.oid,
            fingerprint: &found.fingerprint,
            watermark: &found.watermark,
            revision: found.revision.as_ref(),
            drifted_since: found.drifted_since,
        })
        .collect();
    ledger.confirm(&found).await.unwrap();
}

/// Makes schemas with a table each, and claims them.
async fn claimed(
    ledger: &PostgresLedger,
    cluster: &Cluster,
    name: &str,
    schemas: &[&str],
) -> Vec<SchemaName> {
    let make: String = schemas
        .iter()
        .map(|name| name.replace('"', "\"\""))
        .map(|name| format!("CREATE SCHEMA \"{name}\"; CREATE TABLE \"{name}\".t (id int PRIMARY KEY);\n"))
        .collect();
    cluster.psql(name, &make).unwrap();
    let tenants: Vec<_> = schemas.iter().map(|name| tenant(name)).collect();
    assert_eq!(ledger.claim(&tenants, &claim("s"), None).await.unwrap(), []);
    tenants.into_iter().map(|(_, schema)| schema).collect()
}

#[tokio::test]
async fn what_was_found_comes_back() {
    let (ledger, cluster, name) = ledger("found").await;
    let schemas = claimed(&ledger, cluster, &name, HOSTILE).await;
    let look = Look::at(cluster, &name, &schemas).await;
    let mut found = look.confirms("one", &schemas);
    found[0].revision = Some(digest("revision"));
    found[1].drifted_since = Some("2024-02-29T12:34:56.123456Z".parse().unwrap());
    confirm(&ledger, &found).await;
    confirm(&ledger, &[]).await;
    let records: BTreeMap<_, _> = ledger
        .records(Some("s"))
        .await
        .unwrap()
        .into_iter()
        .map(|record| (record.schema.clone(), record))
        .collect();
    for found in &found {
        let record = &records[&found.schema];
        assert_eq!(
            (record.oid, &record.fingerprint, &record.watermark, &record.revision, record.drifted_since),
            (
                found.oid,
                &Some(found.fingerprint.clone()),
                &Some(found.watermark.clone()),
                &found.revision,
                found.drifted_since
            )
        );
        assert_eq!(record.name.as_str(), format!("tenant {}", found.schema));
    }

    // What stands is left alone where there is nothing new to say, and a second time nothing is written.
    found[0].revision = None;
    found[1].drifted_since = None;
    confirm(&ledger, &found).await;
    let versions = "SELECT string_agg(concat(xmin, xmax, revision, drifted_since), ' ' ORDER BY schema) FROM tenantry.tenant";
    let before = cluster.psql(&name, versions).unwrap();
    assert!(before.contains(digest("revision").as_str()) && !before.contains("2024"), "{before}");
    confirm(&ledger, &found).await;
    assert_eq!(cluster.psql(&name, versions).unwrap(), before);
}

#[tokio::test]
async fn what_is_no_longer_true_is_not_written_down() {
    let (ledger, cluster, name) = ledger("stale").await;
    let schemas = claimed(&ledger, cluster, &name, &["a", "b", "c", "d"]).await;
    let look = Look::at(cluster, &name, &schemas).await;
    let found = look.confirms("before", &schemas);
    confirm(&ledger, &found).await;
    let old = look.confirms("too late", &schemas);
    cluster
        .psql(
            &name,
            // An apply and its row; somebody's own change; a schema that was made again; nothing.
            &format!(
                "BEGIN; ALTER TABLE a.t ADD x int; UPDATE tenantry.tenant SET fingerprint = '{}', watermark = NULL WHERE schema = 'a'; COMMIT;
                 ALTER TABLE b.t ADD x int; DROP SCHEMA c CASCADE; CREATE SCHEMA c",
                fingerprint("applied")
            ),
        )
        .unwrap();
    confirm(&ledger, &old).await;
    let fingerprints = async || -> Vec<_> {
        let records = ledger.records(None).await.unwrap();
        records.into_iter().map(|record| record.fingerprint.unwrap()).collect()
    };
    let expected = ["applied", "before", "before", "too late"].map(fingerprint);
    assert_eq!(fingerprints().await, expected);

    // The next look finds what is there now, but for the schema that is another one.
    let look = Look::at(cluster, &name, &schemas).await;
    confirm(&ledger, &look.confirms("now", &schemas)).await;
    assert_eq!(fingerprints().await, ["now", "now", "before", "now"].map(fingerprint));
}

#[tokio::test]
async fn a_row_that_an_apply_is_writing_is_neither_waited_for_nor_overwritten() {
    let (ledger, cluster, name) = ledger("writing").await;
    let schemas = claimed(&ledger, cluster, &name, &["a", "b"]).await;
    let look = Look::at(cluster, &name, &schemas).await;
    let session = look.database.session().await.unwrap();
    session.batch_execute("BEGIN; UPDATE tenant SET segments_done = 1 WHERE schema = 'a'").await.unwrap();
    confirm(&ledger, &look.confirms("found", &schemas)).await;
    session.batch_execute("COMMIT").await.unwrap();
    session.put_back();
    let rows = "SELECT schema, segments_done, fingerprint IS NULL FROM tenantry.tenant ORDER BY 1";
    assert_eq!(cluster.psql(&name, rows).unwrap(), "a|1|t\nb|0|f");
}

/// Applies that say in a comment what their row says too, and looks that come late: whenever anybody reads both, they agree.
#[tokio::test]
async fn a_look_never_brings_back_what_an_apply_replaced() {
    const APPLIES: u32 = 60;
    let (ledger, cluster, name) = ledger("late").await;
    let schemas = claimed(&ledger, cluster, &name, &["a", "b", "c"]).await;
    let say = |round: u32| -> String {
        let one = |schema: &SchemaName| {
            let print = fingerprint(&format!("{schema} {round}"));
            format!(
                "COMMENT ON TABLE {schema}.t IS '{print}';
                 UPDATE tenant SET fingerprint = '{print}', watermark = NULL WHERE schema = '{schema}';"
            )
        };
        schemas.iter().map(one).collect()
    };
    let look = Look::at(cluster, &name, &schemas).await;
    let applier = look.database.session().await.unwrap();
    applier.batch_execute(&say(0)).await.unwrap();
    let read = "SELECT schema, fingerprint, (SELECT description FROM pg_description
            WHERE classoid = 'pg_class'::regclass AND objoid = to_regclass(schema || '.t') AND objsubid = 0),
            watermark_of(to_regnamespace(schema)::oid), watermark IS NOT NULL
        FROM tenant ORDER BY schema";
    let over = AtomicBool::new(false);
    let applies = async {
        for round in 1..=APPLIES {
            applier.batch_execute(&format!("BEGIN; {} COMMIT", say(round))).await.unwrap();
            // Now and then long enough for a look, mostly not.
            let pause = if round % 10 == 0 { 400 } else { round % 5 * 8 };
            tokio::time::sleep(Duration::from_millis(pause.into())).await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let looks = async {
        let (mut confirmed, mut late) = (0, Vec::new());
        let session = look.database.session().await.unwrap();
        while !over.load(Ordering::Relaxed) {
            for row in session.query(read, &[]).await.unwrap() {
                let found = schema(row.get(0));
                let (recorded, there): (String, String) = (row.get(1), row.get(2));
                assert_eq!(recorded, there, "{found}");
                confirmed += usize::from(row.get::<_, bool>(4));
                late.push(Found {
                    name: TenantName::new("t").unwrap(),
                    oid: look.oids[&found],
                    fingerprint: there.parse().unwrap(),
                    watermark: Watermark(row.get(3)),
                    revision: None,
                    drifted_since: None,
                    schema: found,
                });
            }
            // Some at once, some when others have been there.
            let kept = if late.len() > 20 { 0 } else { late.len() - 2 };
            for found in late.split_off(kept) {
                confirm(&ledger, &[found]).await;
            }
        }
        session.put_back();
        confirmed
    };
    let ((), confirmed) = tokio::join!(applies, looks);
    applier.put_back();
    assert!(confirmed > 0, "looks and applies never met");
}

#[tokio::test]
async fn what_was_renamed_aside_comes_sorted_and_an_unfinished_plan_is_told() {
    let (ledger, cluster, name) = ledger("aside").await;
    ledger.claim(&[tenant("a"), tenant("b")], &claim("s"), None).await.unwrap();
    cluster
        .psql(
            &name,
            &format!(
                "INSERT INTO tenantry.quarantined VALUES ('a', 'table', '{{z}}', 'r1', '{plan}', '2024-01-01 00:00+00'),
                    ('a', 'column', '{{\"a\\\"b\",\"é, {{}}\"}}', 'r''2', '{plan}', '2024-01-02 00:00+00'), ('a', 'table', '{{b}}', 'r3', '{plan}', '2024-01-03 00:00+00');
                 UPDATE tenantry.tenant SET unfinished = '{plan}' WHERE schema = 'b'",
                plan = digest("plan")
            ),
        )
        .unwrap();
    let records = ledger.records(None).await.unwrap();
    let column = ObjectId::new(Kind::Column, ["a\"b", "é, {}"]);
    let table = |name: &str| ObjectId::new(Kind::Table, [name]);
    let mut expected = vec![
        (table("z"), "r1".to_owned()),
        (column.clone(), "r'2".to_owned()),
        (table("b"), "r3".to_owned()),
    ];
    expected.sort();
    assert_eq!(records[0].renamed, expected);
    assert_eq!((records[0].unfinished.clone(), records[1].unfinished.clone()), (None, Some(digest("plan"))));
    assert_eq!(records[1].renamed, []);

    let aside = ledger.quarantined(&schema("a")).await.unwrap();
    let told: Vec<_> =
        aside.iter().map(|one| (one.object.clone(), one.reserved.as_str(), one.at.to_string())).collect();
    assert_eq!(
        told,
        [
            (table("b"), "r3", "2024-01-03T00:00:00Z".to_owned()),
            (column, "r'2", "2024-01-02T00:00:00Z".to_owned()),
            (table("z"), "r1", "2024-01-01T00:00:00Z".to_owned()),
        ]
    );
    assert!(aside.iter().all(|one| one.digest == digest("plan")));
    assert_eq!(ledger.quarantined(&schema("b")).await.unwrap(), []);
}

#[tokio::test]
async fn a_row_that_somebody_spoiled_is_named() {
    let (ledger, cluster, name) = ledger("spoiled").await;
    ledger.claim(&[tenant("a")], &claim("s"), None).await.unwrap();
    for (column, value) in
        [("revision", "'xyz'"), ("fingerprint", "''"), ("name", "''"), ("drifted_since", "'infinity'")]
    {
        cluster.psql(&name, &format!("UPDATE tenantry.tenant SET {column} = {value}")).unwrap();
        let error = ledger.records(None).await.unwrap_err().to_string();
        assert!(error.contains(&format!("column {column} of its table tenant")), "{error}");
        let back = if column == "name" { "'t'" } else { "NULL" };
        cluster.psql(&name, &format!("UPDATE tenantry.tenant SET {column} = {back}")).unwrap();
    }
}

#[tokio::test]
async fn fifteen_hundred_tenants_are_confirmed_by_one_statement_and_read_by_one() {
    let options =
        Options::default().setting("log_statement", "all").setting("max_locks_per_transaction", "256");
    let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
    let ledger = open(&cluster, "postgres");
    ledger.prepare().await.unwrap();
    let names: Vec<String> = (0..1500).map(|n| format!("t{n}")).collect();
    let make: String = names.iter().map(|name| format!("CREATE SCHEMA {name};\n")).collect();
    cluster.psql("postgres", &make).unwrap();
    let tenants: Vec<_> = names.iter().map(|name| tenant(name)).collect();
    ledger.claim(&tenants, &claim("s"), None).await.unwrap();
    let schemas: Vec<SchemaName> = tenants.iter().map(|(_, schema)| schema.clone()).collect();
    let settings = Settings::from_uri(&cluster.url("postgres")).unwrap();
    let database = Database::connect(&settings, &Connections::default()).await.unwrap();
    let watermarks = database.watermarks(&schemas).await.unwrap();
    let oids = cluster.psql("postgres", "SELECT nspname, oid FROM pg_namespace").unwrap();
    let oids: BTreeMap<SchemaName, u32> = oids
        .lines()
        .filter_map(|line| line.split_once('|'))
        .filter_map(|(name, oid)| Some((SchemaName::new(name).ok()?, oid.parse().ok()?)))
        .collect();
    let look = Look { database, oids, watermarks };

    let before = statements(&cluster);
    confirm(&ledger, &look.confirms("found", &schemas)).await;
    assert_eq!(statements(&cluster) - before, 1);
    let records = ledger.records(Some("s")).await.unwrap();
    assert_eq!(statements(&cluster) - before, 2);
    assert_eq!(records.len(), 1500);
    assert!(records.iter().all(|record| record.watermark.as_ref() == look.watermarks.get(&record.schema)));
}
