//! What becomes of the schema of a tenant that left: psql makes the scene and tells what came of it.

use std::time::{Duration, Instant};

use tenantry_engine::{
    Claim, ClaimConflict, Departed, Departure, Engine as _, EngineError, Fate, Ledger as _, SchemaName,
};
use tenantry_planner::sql::Identifier;
use tenantry_planner::{Digest, LockMode};
use tenantry_postgres::ShadowSettings;

use crate::scene::{Scene, adds_column, plan, step};

impl Scene {
    /// A tenant whose schema the ledger has seen.
    async fn known() -> Self {
        let scene = Self::set().await;
        scene.apply(&adds_column()).await.unwrap();
        scene
    }

    fn aside(&self) -> SchemaName {
        self.tenant.key.schema.aside().unwrap()
    }

    /// The oid that the ledger has.
    fn oid(&self) -> u32 {
        self.psql("SELECT coalesce(max(namespace), 0) FROM tenantry.tenant").parse().unwrap()
    }

    async fn depart_as(&self, claim: &Claim, fate: Fate, oid: u32) -> Result<Departed, EngineError> {
        let digest: Digest = "22".repeat(32).parse().unwrap();
        let departure = Departure {
            tenant: &self.tenant,
            claim,
            fate,
            oid,
            digest: &digest,
            approved_by: Some("ada"),
            within: Duration::from_secs(20),
        };
        self.engine.depart(&departure).await
    }

    async fn depart(&self, fate: Fate) -> Result<Departed, EngineError> {
        self.depart_as(&self.claim, fate, self.oid()).await
    }

    /// Which schemas there are, but the server's and the ledger's.
    fn standing(&self) -> Vec<String> {
        let sql = "SELECT nspname FROM pg_namespace
            WHERE nspname !~ '^(pg_|information_schema$|public$|tenantry$)' ORDER BY 1";
        self.psql(sql).lines().map(str::to_owned).collect()
    }

    /// What the ledger says: the name that the schema has now, and the outcomes of what was done.
    fn recorded(&self) -> String {
        self.psql(
            "SELECT concat_ws(' | ', coalesce((SELECT concat(schema, ' as ', aside) FROM tenantry.tenant), 'nobody'),
                 (SELECT string_agg(outcome, ', ' ORDER BY id) FROM tenantry.event))",
        )
    }
}

#[tokio::test]
async fn what_is_put_aside_comes_back_with_its_rows() {
    let scene = Scene::known().await;
    let (schema, aside) = (scene.tenant.key.schema.clone(), scene.aside());
    let oid = scene.oid();
    assert_eq!(scene.depart(Fate::PutAside).await.unwrap(), Departed::PutAside(aside.clone()));
    assert_eq!(scene.standing(), [aside.as_str()]);
    assert_eq!(scene.recorded(), format!("{schema} as {aside} | applied, put aside as {aside}"));
    assert_eq!(scene.engine.schemas("*").await.unwrap(), [], "no pattern finds it");
    let records = scene.engine.ledger().records(None).await.unwrap();
    assert_eq!((records[0].aside.as_ref(), records[0].watermark.as_ref()), (Some(&aside), None));
    // Twice is once.
    let error = scene.depart(Fate::PutAside).await.unwrap_err();
    assert!(matches!(error, EngineError::Moved { .. }), "{error}");
    // Nothing is made in its place.
    let error = scene.apply_from(None, &plan(vec![], &[])).await.unwrap_err();
    assert!(matches!(&error, EngineError::PutAside { aside: now, .. } if *now == aside), "{error}");

    assert_eq!(scene.depart(Fate::BringBack).await.unwrap(), Departed::BroughtBack);
    assert_eq!(scene.standing(), [schema.as_str()]);
    assert_eq!(scene.psql("SELECT oid FROM pg_namespace WHERE nspname LIKE 'O%'"), oid.to_string());
    assert_eq!(scene.in_schema("SELECT count(*) FROM item"), "2");
    let event = "SELECT concat_ws(' ', outcome, left(plan, 2), left(revision, 2), approved_by, set)
        FROM tenantry.event ORDER BY id DESC LIMIT 1";
    assert_eq!(scene.psql(event), "brought back 22 11 ada default/customers");
    let more = step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD COLUMN more integer");
    scene.apply(&plan(vec![more], &[])).await.unwrap();
}

#[tokio::test]
async fn what_is_dropped_is_gone_with_all_that_the_ledger_knew() {
    let scene = Scene::known().await;
    scene.in_schema(
        "CREATE TYPE state AS ENUM ('open'); CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
         CREATE TABLE part (id bigserial PRIMARY KEY, at date, s state, d short, doc text[]);
         CREATE VIEW v AS SELECT * FROM part; CREATE MATERIALIZED VIEW m AS SELECT id FROM v;
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER t BEFORE INSERT ON part FOR EACH ROW EXECUTE FUNCTION f();
         CREATE POLICY p ON part USING (id > 0); CREATE STATISTICS st ON at, id FROM part;
         CREATE TABLE parted (id int, at date) PARTITION BY RANGE (at);
         CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
         CREATE TABLE referring (id bigint REFERENCES part (id)) PARTITION BY LIST (id);
         CREATE TABLE referring_1 PARTITION OF referring DEFAULT;
         CREATE TYPE pair AS (a int, b int);
         CREATE FUNCTION of_pair(pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x''';
         CREATE CAST (pair AS text) WITH FUNCTION of_pair(pair);
         CREATE FUNCTION same(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
         CREATE OPERATOR === (LEFTARG = pair, RIGHTARG = pair, FUNCTION = same);
         CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
         CREATE TEXT SEARCH CONFIGURATION c (COPY = pg_catalog.simple); CREATE COLLATION k FROM \"C\";
         CREATE RULE r AS ON UPDATE TO part DO ALSO NOTHING;
         ALTER DEFAULT PRIVILEGES IN SCHEMA \"O'Brien; \"\"x\"\"\" GRANT SELECT ON TABLES TO PUBLIC",
    );
    scene.psql("CREATE SCHEMA other; CREATE TABLE other.kept (id integer)");
    assert_eq!(scene.depart(Fate::Drop).await.unwrap(), Departed::Dropped);
    assert_eq!(
        (scene.standing(), scene.recorded()),
        (vec!["other".to_owned()], "nobody | applied, dropped".to_owned())
    );
    // One that comes back is new.
    let tenants = [(scene.tenant.name.clone(), scene.tenant.key.schema.clone())];
    assert!(scene.engine.ledger().claim(&tenants, &scene.claim, None).await.unwrap().is_empty());
    scene.apply_from(None, &plan(vec![], &[])).await.unwrap();
}

#[tokio::test]
async fn what_was_put_aside_before_can_be_dropped() {
    let scene = Scene::known().await;
    scene.depart(Fate::PutAside).await.unwrap();
    assert_eq!(scene.depart(Fate::Drop).await.unwrap(), Departed::Dropped);
    assert!(scene.standing().is_empty());
}

#[tokio::test]
async fn what_depends_on_it_from_outside_stops_the_drop() {
    let own = "\"O'Brien; \"\"x\"\"\"";
    for (made, named) in [
        (
            "CREATE TABLE other.o (id integer REFERENCES OWN.item (id))",
            "constraint o_id_fkey on table other.o",
        ),
        ("CREATE VIEW other.o AS SELECT id FROM OWN.item", "view other.o"),
        (
            "CREATE VIEW other.o AS SELECT * FROM OWN.item; CREATE VIEW other.p AS SELECT * FROM other.o",
            "view other.o",
        ),
        ("CREATE MATERIALIZED VIEW other.o AS SELECT id FROM OWN.item", "materialized view other.o"),
        ("CREATE TABLE other.o () INHERITS (OWN.item)", "table other.o"),
        ("CREATE TABLE other.o (a OWN.item)", "column a of table other.o"),
        ("CREATE TABLE other.o (id integer DEFAULT OWN.one())", "of table other.o"),
        (
            "CREATE FUNCTION other.o(a OWN.item) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "function other.o(",
        ),
        ("CREATE TABLE other.o PARTITION OF OWN.parted DEFAULT", "table other.o"),
        ("CREATE PUBLICATION o FOR TABLE OWN.item", "publication o"),
    ] {
        let scene = Scene::known().await;
        scene.in_schema(
            "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
             CREATE TABLE parted (id integer) PARTITION BY LIST (id)",
        );
        scene.psql(&format!("CREATE SCHEMA other; {}", made.replace("OWN", own)));
        let before = scene.psql("SELECT count(*) FROM pg_class");
        let error = scene.depart(Fate::Drop).await.unwrap_err();
        assert!(matches!(&error, EngineError::Depended { .. }), "{made}: {error}");
        assert!(error.to_string().contains(named), "{made}: {error}");
        assert!(!error.is_transient());
        assert_eq!(scene.psql("SELECT count(*) FROM pg_class"), before, "{made}");
        assert!(scene.recorded().ends_with("| applied"), "{}", scene.recorded());
        // Renamed aside it goes on serving them.
        scene.depart(Fate::PutAside).await.unwrap();
    }
}

#[tokio::test]
async fn many_dependents_are_counted() {
    let scene = Scene::known().await;
    scene.psql("CREATE SCHEMA other");
    for n in 0..7 {
        scene.psql(&format!("CREATE VIEW other.v{n} AS SELECT id FROM {}.item", scene.quoted()));
    }
    let error = scene.depart(Fate::Drop).await.unwrap_err().to_string();
    assert!(error.contains("view other.v0, view other.v1") && error.contains("and 2 more"), "{error}");
}

#[tokio::test]
async fn what_is_somebody_elses_or_made_again_is_left_alone() {
    let scene = Scene::known().await;
    let stranger = Claim { set: "default/partners".to_owned(), ..scene.claim.clone() };
    for fate in [Fate::PutAside, Fate::Drop, Fate::BringBack] {
        let error = scene.depart_as(&stranger, fate, scene.oid()).await.unwrap_err();
        let other = matches!(&error, EngineError::Claimed { conflict: ClaimConflict::Other { .. }, .. });
        assert!(other, "{fate:?}: {error}");
    }
    // Another schema than the one that was meant.
    let error = scene.depart_as(&scene.claim, Fate::Drop, scene.oid() + 1).await.unwrap_err();
    assert!(matches!(error, EngineError::Moved { .. }), "{error}");
    scene.psql(&format!("ALTER SCHEMA {q} RENAME TO kept; CREATE SCHEMA {q}", q = scene.quoted()));
    for fate in [Fate::PutAside, Fate::Drop] {
        let error = scene.depart(fate).await.unwrap_err();
        let recreated = matches!(error, EngineError::Claimed { conflict: ClaimConflict::Recreated, .. });
        assert!(recreated, "{fate:?}: {error}");
    }
    assert_eq!(scene.standing().len(), 2);
}

#[tokio::test]
async fn one_that_nobody_ever_saw_is_not_known_to_be_it() {
    let scene = Scene::set().await;
    assert_eq!(scene.oid(), 0);
    let error = scene.depart(Fate::Drop).await.unwrap_err();
    assert!(matches!(error, EngineError::Claimed { conflict: ClaimConflict::Recreated, .. }), "{error}");
}

#[tokio::test]
async fn one_that_is_gone_is_forgotten() {
    let scene =
        Scene::without_schema(&Identifier::new("tenantry").unwrap(), ShadowSettings::default(), |_| {}).await;
    assert_eq!(scene.depart(Fate::PutAside).await.unwrap(), Departed::WasGone);
    assert_eq!(scene.recorded(), "nobody | was gone");
}

#[tokio::test]
async fn names_that_are_taken_stop_it_both_ways() {
    let scene = Scene::known().await;
    let aside = scene.aside();
    scene.psql(&format!("CREATE SCHEMA {}", aside.identifier()));
    let error = scene.depart(Fate::PutAside).await.unwrap_err();
    assert!(matches!(&error, EngineError::Occupied { to, .. } if *to == aside), "{error}");
    scene.psql(&format!("DROP SCHEMA {}", aside.identifier()));
    scene.depart(Fate::PutAside).await.unwrap();
    scene.psql(&format!("CREATE SCHEMA {}", scene.quoted()));
    let error = scene.depart(Fate::BringBack).await.unwrap_err();
    assert!(matches!(&error, EngineError::Occupied { to, .. } if *to == scene.tenant.key.schema), "{error}");
    scene.psql(&format!(
        "DROP SCHEMA {q}; DROP SCHEMA {a} CASCADE",
        q = scene.quoted(),
        a = aside.identifier()
    ));
    let error = scene.depart(Fate::BringBack).await.unwrap_err();
    assert!(matches!(error, EngineError::Missing { .. }), "{error}");
    // What is lost may be made anew, and is at home then.
    scene.apply_from(None, &plan(vec![], &[])).await.unwrap();
    assert_eq!(scene.psql("SELECT count(*) FROM tenantry.tenant WHERE aside IS NULL"), "1");
}

#[tokio::test]
async fn what_an_application_holds_is_not_waited_for_longer_than_told() {
    let scene = Scene::known().await;
    let (cluster, database) = (scene.cluster, scene.database.clone());
    let sql = format!(
        "SET application_name = 'shop'; BEGIN; SELECT count(*) FROM {}.item; SELECT pg_sleep(600);",
        scene.quoted()
    );
    let holder = std::thread::spawn(move || drop(cluster.psql(&database, &sql)));
    scene.wait_for_holder();
    for fate in [Fate::PutAside, Fate::Drop] {
        let began = Instant::now();
        let error = scene.depart(fate).await.unwrap_err();
        assert!(
            matches!(&error, EngineError::Locked { blockers, .. } if blockers.contains("shop")),
            "{error}"
        );
        assert!(error.is_transient() && began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
        assert_eq!(scene.in_schema("SELECT count(*) FROM item"), "2");
    }
    scene.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'shop' AND datname = current_database()",
    );
    holder.join().unwrap();
    let began = Instant::now();
    while let Err(error) = scene.depart(Fate::Drop).await {
        assert!(error.is_transient() && began.elapsed() < Duration::from_secs(30), "{error}");
    }
    assert!(scene.standing().is_empty());
}

#[tokio::test]
async fn what_another_process_of_ours_works_on_is_busy() {
    let scene = Scene::known().await;
    let slow = plan(vec![step("entry", LockMode::AccessExclusive, "SELECT pg_sleep(600)")], &[]);
    let start = scene.watermark().await;
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    tokio::select! {
        _ = scene.apply_within(Some(&start), &slow, Duration::from_secs(600)) => panic!("it sleeps"),
        () = async {
            while scene.psql(held) == "0" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            for fate in [Fate::PutAside, Fate::Drop] {
                let error = scene.depart(fate).await.unwrap_err();
                assert!(matches!(error, EngineError::Busy { .. }), "{error}");
            }
        } => {}
    }
    assert_eq!(scene.standing().len(), 1);
}

#[tokio::test]
async fn one_that_the_lock_table_has_no_room_for_is_refused() {
    let scene = Scene::known().await;
    let locks = "SELECT current_setting('max_locks_per_transaction')::bigint
        * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)";
    let many = scene.psql(locks).parse::<u64>().unwrap() / 4 + 1;
    let mut made = String::from("BEGIN;");
    for n in 0..many {
        made.push_str(&format!("CREATE FUNCTION f{n}() RETURNS int LANGUAGE sql AS 'SELECT 1';"));
        if n % 500 == 499 {
            made.push_str("COMMIT; BEGIN;");
        }
    }
    scene.in_schema(&format!("{made} COMMIT"));
    let error = scene.depart(Fate::Drop).await.unwrap_err();
    assert!(matches!(error, EngineError::TooMany { objects, .. } if objects > many), "{error}");
    assert_eq!(scene.standing().len(), 1);
    scene.depart(Fate::PutAside).await.unwrap();
}

#[tokio::test]
async fn who_may_not_is_told_what_to_grant() {
    let scene = Scene::known().await;
    let role = format!("limited_{}", scene.database);
    scene.psql(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA tenantry TO {role};
         GRANT ALL ON ALL TABLES IN SCHEMA tenantry TO {role};
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tenantry TO {role}"
    ));
    let url = scene.cluster.url_as(&role, None, &scene.database);
    let limited = Scene::again(&scene, &url, ShadowSettings::default());
    for fate in [Fate::PutAside, Fate::Drop] {
        let error = limited.depart_as(&scene.claim, fate, scene.oid()).await.unwrap_err();
        assert!(matches!(&error, EngineError::Denied { .. }), "{error}");
        assert!(error.to_string().contains("GRANT CREATE ON DATABASE"), "{error}");
    }
    assert_eq!(scene.standing().len(), 1);
}
