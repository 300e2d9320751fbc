//! Everything that changes a schema moves its watermark; what only changes
//! rows does not.

use std::time::{Duration, Instant};

use tenantry_engine::{Ledger, SchemaName, Watermark};
use tenantry_postgres::{Connections, Database, PostgresLedger, Settings};
use tenantry_testkit::pg::{Binaries, Cluster};

use crate::database;

/// Objects that the statements below work on.
const BEFORE: &str = r#"
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TYPE pair AS (a int, b int);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE DOMAIN email AS text;
CREATE FUNCTION add(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE PROCEDURE work() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(int) (sfunc = add, stype = int);
CREATE SEQUENCE counter;
CREATE TABLE base (id int PRIMARY KEY, name text, size int, made date, address email);
CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY, base_id int, body text DEFAULT 'x', price numeric);
CREATE TABLE empty_parent ();
CREATE TABLE empty_child ();
CREATE TABLE part (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE part_1 (id int, at date);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE ruled (id int);
CREATE INDEX item_lower ON item (lower(body));
CREATE INDEX item_price ON item (price);
CREATE UNIQUE INDEX base_name ON base (name);
CREATE VIEW seen AS SELECT id, name FROM base;
CREATE MATERIALIZED VIEW kept AS SELECT id, name FROM base;
CREATE STATISTICS stats ON name, size FROM base;
CREATE COLLATION german FROM "C";
CREATE TEXT SEARCH CONFIGURATION search (COPY = simple);
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
CREATE OPERATOR === (leftarg = int, rightarg = int, procedure = int4eq);
CREATE OPERATOR FAMILY family USING btree;
CREATE OPERATOR FAMILY loose USING btree;
CREATE OPERATOR CLASS numbers FOR TYPE int USING btree FAMILY loose AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int);
CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH PARSER cutter (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE mould (lexize = dsimple_lexize);
CREATE FOREIGN TABLE far (id int) SERVER elsewhere;
CREATE FUNCTION here() RETURNS oid LANGUAGE sql AS 'SELECT 1::oid';
CREATE DOMAIN place AS oid DEFAULT 't'::regnamespace::oid CONSTRAINT here CHECK (value <> 't'::regnamespace::oid);
CREATE TABLE referring (id oid DEFAULT 't'::regnamespace::oid CONSTRAINT here CHECK (id <> 't'::regnamespace::oid), own place);
CREATE INDEX referring_here ON referring ((id = 't'::regnamespace::oid));
CREATE VIEW referring_view AS SELECT 't'::regnamespace AS name;
"#;

/// Each of these changes the schema. `@` runs outside of a transaction.
const CHANGES: &[&str] = &[
    "COMMENT ON SCHEMA t IS 'a tenant'",
    "GRANT USAGE ON SCHEMA t TO reader",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA t GRANT SELECT ON TABLES TO reader",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA t REVOKE SELECT ON TABLES FROM reader",
    "CREATE TABLE later (id int)",
    "DROP TABLE later",
    "ALTER TABLE base RENAME TO root",
    "ALTER TABLE root RENAME COLUMN size TO height",
    "ALTER TABLE root ADD COLUMN extra int",
    "ALTER TABLE root DROP COLUMN extra",
    "ALTER TABLE root ALTER COLUMN height TYPE bigint",
    "ALTER TABLE root ALTER COLUMN height SET NOT NULL",
    "ALTER TABLE root ALTER COLUMN height DROP NOT NULL",
    "ALTER TABLE root ALTER COLUMN height SET DEFAULT 1",
    "ALTER TABLE root ALTER COLUMN height SET DEFAULT 2",
    "ALTER TABLE root ALTER COLUMN height DROP DEFAULT",
    "ALTER TABLE root ALTER COLUMN name SET STATISTICS 50",
    "ALTER TABLE root ALTER COLUMN name SET (n_distinct = 5)",
    "ALTER TABLE root ALTER COLUMN name SET STORAGE EXTERNAL",
    "ALTER TABLE root SET (fillfactor = 70)",
    "ALTER TABLE root RESET (fillfactor)",
    "ALTER TABLE root SET UNLOGGED",
    "ALTER TABLE root SET LOGGED",
    "ALTER TABLE root REPLICA IDENTITY FULL",
    "ALTER TABLE root CLUSTER ON root_pkey_new",
    "ALTER TABLE root ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE root FORCE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON root TO reader USING (true)",
    "ALTER POLICY mine ON root USING (id > 0)",
    "COMMENT ON POLICY mine ON root IS 'rows'",
    "ALTER POLICY mine ON root RENAME TO ours",
    "ALTER ROLE reader RENAME TO looker",
    "DROP POLICY ours ON root",
    "GRANT SELECT ON root TO looker",
    "GRANT UPDATE (name) ON root TO looker",
    "REVOKE UPDATE (name) ON root FROM looker",
    "ALTER TABLE root OWNER TO looker",
    "COMMENT ON TABLE root IS 'the root'",
    "COMMENT ON COLUMN root.name IS 'its name'",
    "COMMENT ON COLUMN root.name IS NULL",
    "ALTER TABLE root ADD CONSTRAINT tall CHECK (height > 0) NOT VALID",
    "ALTER TABLE root VALIDATE CONSTRAINT tall",
    "COMMENT ON CONSTRAINT tall ON root IS 'height'",
    "ALTER TABLE root RENAME CONSTRAINT tall TO high",
    "ALTER TABLE root DROP CONSTRAINT high",
    "ALTER TABLE item ADD CONSTRAINT item_base FOREIGN KEY (base_id) REFERENCES root",
    "ALTER TABLE item ALTER CONSTRAINT item_base DEFERRABLE INITIALLY DEFERRED",
    "ALTER TABLE item DISABLE TRIGGER ALL",
    "ALTER TABLE item ALTER COLUMN id SET GENERATED BY DEFAULT",
    "ALTER TABLE item ALTER COLUMN id SET INCREMENT BY 5",
    "ALTER TABLE item ALTER COLUMN id DROP IDENTITY",
    "CREATE INDEX item_body ON item (body)",
    "ALTER INDEX item_body RENAME TO item_text",
    "ALTER INDEX item_text SET (fillfactor = 50)",
    "ALTER INDEX item_lower ALTER COLUMN 1 SET STATISTICS 9",
    "COMMENT ON INDEX item_text IS 'words'",
    "DROP INDEX item_text",
    "@CREATE INDEX CONCURRENTLY item_cic ON item (base_id)",
    "@REINDEX INDEX CONCURRENTLY item_cic",
    "@DROP INDEX CONCURRENTLY item_cic",
    "ALTER TABLE root ADD CONSTRAINT root_name UNIQUE USING INDEX base_name",
    "ALTER TABLE root REPLICA IDENTITY USING INDEX root_pkey_new",
    "CREATE TRIGGER noted BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION note()",
    "ALTER TABLE item DISABLE TRIGGER noted",
    "COMMENT ON TRIGGER noted ON item IS 'notes'",
    "ALTER TRIGGER noted ON item RENAME TO written",
    "DROP TRIGGER written ON item",
    "CREATE RULE quiet AS ON DELETE TO ruled DO INSTEAD NOTHING",
    "COMMENT ON RULE quiet ON ruled IS 'never'",
    "ALTER TABLE ruled DISABLE RULE quiet",
    "DROP RULE quiet ON ruled",
    "ALTER TABLE empty_child INHERIT empty_parent",
    "ALTER TABLE empty_child NO INHERIT empty_parent",
    "ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "ALTER TABLE part DETACH PARTITION part_1",
    "CREATE INDEX part_at ON ONLY part (at)",
    "CREATE INDEX part_2_at ON part_2 (at)",
    "ALTER INDEX part_at ATTACH PARTITION part_2_at",
    "CREATE OR REPLACE VIEW seen AS SELECT id, name, made FROM root",
    "ALTER VIEW seen SET (security_barrier = true)",
    "ALTER VIEW seen ALTER COLUMN name SET DEFAULT 'n'",
    "COMMENT ON VIEW seen IS 'what is seen'",
    "CREATE UNIQUE INDEX kept_id ON kept (id)",
    "ALTER MATERIALIZED VIEW kept SET (autovacuum_enabled = false)",
    "ALTER MATERIALIZED VIEW kept DEPENDS ON EXTENSION plpgsql",
    "ALTER FUNCTION note() DEPENDS ON EXTENSION plpgsql",
    "ALTER FUNCTION note() NO DEPENDS ON EXTENSION plpgsql",
    "ALTER SEQUENCE counter INCREMENT BY 10",
    "ALTER SEQUENCE counter OWNED BY item.id",
    "ALTER SEQUENCE counter OWNED BY NONE",
    "ALTER TYPE colour ADD VALUE 'blue'",
    "ALTER TYPE colour RENAME VALUE 'red' TO 'crimson'",
    "ALTER TYPE pair ADD ATTRIBUTE c int",
    "ALTER TYPE pair RENAME TO couple",
    "COMMENT ON TYPE couple IS 'two'",
    "GRANT USAGE ON TYPE colour TO looker",
    "ALTER TYPE span RENAME TO stretch",
    "ALTER DOMAIN email ADD CONSTRAINT at CHECK (value LIKE '%@%') NOT VALID",
    "ALTER DOMAIN email VALIDATE CONSTRAINT at",
    "ALTER DOMAIN email SET DEFAULT 'a@b'",
    "ALTER DOMAIN email SET NOT NULL",
    "COMMENT ON CONSTRAINT at ON DOMAIN email IS 'sign'",
    "ALTER DOMAIN email DROP CONSTRAINT at",
    "CREATE OR REPLACE FUNCTION add(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $2 + $1'",
    "ALTER FUNCTION add(int, int) PARALLEL SAFE",
    "ALTER FUNCTION add(int, int) SET work_mem = '1MB'",
    "REVOKE EXECUTE ON FUNCTION add(int, int) FROM PUBLIC",
    "COMMENT ON FUNCTION add(int, int) IS 'sum'",
    "ALTER PROCEDURE work() SECURITY DEFINER",
    "COMMENT ON AGGREGATE total(int) IS 'all'",
    "CREATE OR REPLACE AGGREGATE total(int) (sfunc = add, stype = int, initcond = '0')",
    "ALTER STATISTICS stats SET STATISTICS 7",
    "COMMENT ON STATISTICS stats IS 'both'",
    "ALTER COLLATION german RENAME TO deutsch",
    "ALTER TEXT SEARCH CONFIGURATION search DROP MAPPING FOR word",
    "ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR word WITH words",
    "ALTER TEXT SEARCH DICTIONARY words (accept = false)",
    "ALTER OPERATOR === (int, int) SET (RESTRICT = eqsel)",
    "ALTER OPERATOR FAMILY family USING btree ADD OPERATOR 3 === (int, int)",
    "ALTER CONVERSION conv RENAME TO changed",
    "ALTER TABLE ruled SET SCHEMA other",
    "ALTER TABLE other.ruled SET SCHEMA t",
    "ALTER EXTENSION plpgsql ADD FUNCTION note()",
    "ALTER EXTENSION plpgsql DROP FUNCTION note()",
    "ALTER EXTENSION plpgsql ADD SCHEMA t",
    "ALTER EXTENSION plpgsql DROP SCHEMA t",
    "ALTER OPERATOR CLASS numbers USING btree RENAME TO figures",
    "COMMENT ON OPERATOR CLASS figures USING btree IS 'ten'",
    "ALTER OPERATOR FAMILY loose USING btree OWNER TO looker",
    "ALTER TEXT SEARCH PARSER cutter RENAME TO knife",
    "ALTER TEXT SEARCH TEMPLATE mould RENAME TO form",
    "COMMENT ON TEXT SEARCH TEMPLATE form IS 'cast'",
    "ALTER FOREIGN TABLE far OPTIONS (ADD place 'x')",
    "ALTER FOREIGN TABLE far ALTER COLUMN id OPTIONS (ADD name 'y')",
    "COMMENT ON CONSTRAINT here ON DOMAIN place IS 'not here'",
    "COMMENT ON CONSTRAINT here ON referring IS 'not here'",
    "COMMENT ON INDEX referring_here IS 'where'",
    "ALTER INDEX referring_here ALTER COLUMN 1 SET STATISTICS 9",
    "ALTER TABLE referring ALTER COLUMN id DROP DEFAULT",
    "ALTER DOMAIN place DROP DEFAULT",
    "ALTER DOMAIN place DROP CONSTRAINT here",
    "ALTER SCHEMA t OWNER TO looker",
    "ALTER ROLE looker RENAME TO seer",
    "DROP TABLE item",
];

/// None of these changes the schema. (REFRESH MATERIALIZED VIEW writes its catalog row anew on 15, which is a false alarm.)
const NO_CHANGES: &[&str] = &[
    "INSERT INTO root (id, name, address) SELECT n, n, n || '@' FROM generate_series(1, 500) n",
    "UPDATE root SET name = id || 'x'",
    "DELETE FROM root WHERE id > 250",
    "SELECT nextval('counter'), setval('counter', 100)",
    "@ANALYZE root",
    "@VACUUM root",
    "@VACUUM (FREEZE, ANALYZE) root",
    "@VACUUM (FREEZE, ANALYZE) pg_class",
    "@VACUUM (FREEZE) pg_attribute",
    "@VACUUM FULL pg_description",
    "CREATE TEMP TABLE passing (id int); DROP TABLE passing",
    "BEGIN; ALTER TABLE root ADD COLUMN passing int; ROLLBACK",
    "ALTER TABLE other.elsewhere ADD COLUMN n int",
    "CREATE TABLE other.more (id int)",
];

#[tokio::test]
async fn every_kind_of_ddl_moves_the_watermark_of_its_schema_only() {
    let (db, cluster, name) = database("watermark").await;
    PostgresLedger::at(db.settings().clone(), Connections::default()).prepare().await.unwrap();
    let run = |sql: &str| match sql.strip_prefix('@') {
        Some(alone) => cluster.psql(&name, &format!("SET search_path = t, pg_catalog;\n{alone}")),
        None => cluster.psql(&name, &format!("SET search_path = t, pg_catalog; BEGIN; {sql}; COMMIT")),
    };
    let setup = format!(
        "CREATE ROLE reader; CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
         CREATE SCHEMA t; CREATE SCHEMA other; CREATE TABLE other.elsewhere (id int);
         SET search_path = t; {BEFORE}; ALTER INDEX base_pkey RENAME TO root_pkey_new; CREATE SCHEMA calm; CREATE TABLE calm.t (id int)"
    );
    cluster.psql(&name, &setup).unwrap();
    let mut last = watermark(&db, "t").await;
    let calm = watermark(&db, "calm").await;
    // What the guard of an apply computes under the tenant's lock is the same value.
    let session = db.session().await.unwrap();
    let guard = async |schema: &str| -> String {
        let sql = "SELECT tenantry.watermark_of($1::regnamespace::oid)";
        session.query_one_scalar(&sql.replace("$1", &format!("'{schema}'")), &[]).await.unwrap()
    };
    for own in ["t", "calm", "other", "tenantry"] {
        assert_eq!(guard(own).await, watermark(&db, own).await.0, "the guard differs on {own}");
    }

    for change in CHANGES {
        run(change).unwrap_or_else(|error| panic!("{change}: {error}"));
        let now = watermark(&db, "t").await;
        // What is made and dropped again may lead back to an earlier one: then every row is as it was.
        assert_ne!(now, last, "{change} did not move the watermark");
        assert_eq!(guard("t").await, now.0, "the guard differs after {change}");
        last = now;
    }
    for no_change in NO_CHANGES {
        run(no_change).unwrap_or_else(|error| panic!("{no_change}: {error}"));
        assert_eq!(watermark(&db, "t").await, last, "{no_change} moved the watermark");
        assert_eq!(guard("t").await, last.0, "the guard differs after {no_change}");
    }
    assert_eq!(watermark(&db, "calm").await, calm);
}

#[tokio::test]
async fn a_schema_that_is_not_there_has_no_watermark() {
    let (db, cluster, name) = database("absent").await;
    cluster.psql(&name, r#"CREATE SCHEMA "Odd ""name"""; CREATE SCHEMA a"#).unwrap();
    let schemas = ["Odd \"name\"", "a", "nowhere"].map(|name| SchemaName::new(name).unwrap());
    let found = db.watermarks(&schemas).await.unwrap();
    assert_eq!(found.keys().map(SchemaName::as_str).collect::<Vec<_>>(), ["Odd \"name\"", "a"]);
    assert!(db.watermarks(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_pulse_follows_ddl_and_not_rows() {
    // A server of its own: roles, which other tests make, are part of every database's pulse.
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let name = cluster.create_database("pulse").unwrap();
    let settings = Settings::from_uri(&cluster.url(&name)).unwrap();
    let db = Database::connect(&settings, &Connections::default()).await.unwrap();
    cluster.psql(&name, "CREATE TABLE t (id int)").unwrap();
    let mut last = settled(&db).await;
    for change in
        ["ALTER TABLE t ADD COLUMN n int", "COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO PUBLIC"]
    {
        cluster.psql(&name, change).unwrap();
        let begun = Instant::now();
        while db.pulse().await.unwrap().unwrap() == last {
            assert!(begun.elapsed() < Duration::from_secs(10), "{change} did not move the pulse");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        last = settled(&db).await;
    }
    cluster
        .psql(&name, "INSERT INTO t SELECT generate_series(1, 10000); VACUUM t; ANALYZE t; DELETE FROM t")
        .unwrap();
    assert_eq!(settled(&db).await, last);
    cluster.psql(&name, "SELECT pg_stat_reset()").unwrap();
    assert_ne!(settled(&db).await, last, "a reset is an alarm");

    cluster.psql("postgres", &format!("ALTER DATABASE {name} SET track_counts = off")).unwrap();
    let blind = Database::connect(db.settings(), &Connections::default()).await.unwrap();
    assert_eq!(blind.pulse().await.unwrap(), None);
}

/// The pulse once nothing more arrives: sessions report when they end, or a little later.
async fn settled(db: &Database) -> tenantry_engine::Pulse {
    let mut last = db.pulse().await.unwrap().unwrap();
    loop {
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let now = db.pulse().await.unwrap().unwrap();
        if now == last {
            return now;
        }
        last = now;
    }
}

#[tokio::test]
async fn the_environment_moves_with_what_tenants_share_and_not_with_tenants() {
    let (db, cluster, name) = database("environment").await;
    cluster.psql(&name, "CREATE TYPE public.money_kind AS ENUM ('eur'); CREATE SCHEMA a").unwrap();
    let digest = async || db.environment().await.unwrap().digest;
    let mut last = digest().await;
    for change in [
        "ALTER TYPE public.money_kind RENAME TO currency",
        "CREATE TABLE public.country (code text PRIMARY KEY)",
        "CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions",
        "ALTER EXTENSION citext SET SCHEMA public",
    ] {
        cluster.psql(&name, change).unwrap();
        let now = digest().await;
        assert_ne!(now, last, "{change} did not move the environment");
        last = now;
    }
    for no_change in
        ["CREATE TABLE a.t (id int)", "CREATE SCHEMA b", "INSERT INTO public.country VALUES ('x')"]
    {
        cluster.psql(&name, no_change).unwrap();
        assert_eq!(digest().await, last, "{no_change} moved the environment");
    }
}

async fn watermark(db: &Database, schema: &str) -> Watermark {
    let schema = SchemaName::new(schema).unwrap();
    db.watermarks(std::slice::from_ref(&schema)).await.unwrap().remove(&schema).unwrap()
}
