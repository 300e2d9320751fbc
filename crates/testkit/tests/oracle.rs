//! The normalised dump as an oracle: equal for equal schemas of different names, different for whatever else differs.
#![allow(clippy::unwrap_used, reason = "clippy does not take the functions beside the tests for tests")]

use tenantry_testkit::pg::{Cluster, Owners};

/// A schema with a bit of everything; names are unqualified.
const SHOP: &str = include_str!("shop.sql");

/// Makes a schema, dumps it, and drops it again.
fn dump(db: &str, schema: &str, definition: &str, owners: Owners) -> String {
    let cluster = Cluster::shared().unwrap();
    let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
    let sql = definition.replace("__TENANT__", &quoted);
    cluster.psql(db, &format!("CREATE SCHEMA {quoted}; SET search_path = {quoted}; {sql}")).unwrap();
    let dump = cluster.normalised_dump(db, schema, owners).unwrap();
    cluster.psql(db, &format!("SET client_min_messages = warning; DROP SCHEMA {quoted} CASCADE")).unwrap();
    dump
}

/// A database with the roles that the definition names.
fn database() -> String {
    let cluster = Cluster::shared().unwrap();
    let sql = "DO $$ BEGIN CREATE ROLE app; CREATE ROLE auditor; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$";
    cluster.psql("postgres", sql).unwrap();
    cluster.create_database("oracle").unwrap()
}

#[test]
fn equal_schemas_of_different_names_have_equal_dumps() {
    let db = database();
    let acme = dump(&db, "acme", SHOP, Owners::Managed);
    for name in ["globex", "Globex Corp.", "we\"ird; 'x'", "größe"] {
        assert_eq!(dump(&db, name, SHOP, Owners::Managed), acme);
    }
    assert!(!acme.contains("acme"), "{acme}");
}

#[test]
fn bodies_in_standard_sql_are_kept_whole() {
    let db = database();
    if Cluster::shared().unwrap().version() < 14 {
        return; // there are none before 14
    }
    let definition = "CREATE TABLE t (a int); CREATE FUNCTION f(x int) RETURNS text BEGIN ATOMIC
        INSERT INTO t VALUES (x); SELECT CASE WHEN x > 1 THEN 'a;' ELSE 'b' END; END; CREATE VIEW v AS SELECT f(1);";
    let acme = dump(&db, "acme", definition, Owners::LeftAlone);
    assert_eq!(acme, dump(&db, "globex", definition, Owners::LeftAlone));
    assert_ne!(acme, dump(&db, "acme", &definition.replace("'b'", "'c'"), Owners::LeftAlone));
    let statements: Vec<&str> = acme.split_inclusive(";\n\n").map(|statement| &statement[..12]).collect();
    assert_eq!(statements, ["CREATE FUNCT", "CREATE SCHEM", "CREATE TABLE", "CREATE VIEW "]);
}

#[test]
fn the_order_in_which_things_were_made_does_not_show() {
    let db = database();
    // Default privileges come last: whatever is made after them gets them.
    let (things, default_privileges) = SHOP.split_at(SHOP.find("ALTER DEFAULT PRIVILEGES").unwrap());
    let function = "CREATE FUNCTION zzz() RETURNS int LANGUAGE sql AS 'SELECT 1';";
    let early = format!("CREATE TABLE aaa (a int, b int); {function} {things} {default_privileges}");
    let late = format!("{things} {function} CREATE TABLE aaa (b int, a int); {default_privileges}");
    assert_eq!(dump(&db, "acme", &early, Owners::Managed), dump(&db, "globex", &late, Owners::Managed));
}

#[test]
fn every_real_difference_shows() {
    let db = database();
    let equal = dump(&db, "acme", SHOP, Owners::Managed);
    let mut seen = vec![equal];
    let mut hidden = Vec::new();
    for change in
        include_str!("differences.sql").lines().filter(|line| !line.is_empty() && !line.starts_with("--"))
    {
        let changed = dump(&db, "globex", &format!("{SHOP}{change}"), Owners::Managed);
        if seen.contains(&changed) {
            hidden.push(change);
        }
        seen.push(changed);
    }
    assert!(hidden.is_empty(), "these do not show, or show as others do: {hidden:#?}");
    assert!(seen.len() > 40);
}

#[test]
fn owners_show_only_when_they_are_managed() {
    let db = database();
    let owned = format!("{SHOP}ALTER TABLE customer OWNER TO app;");
    assert_ne!(dump(&db, "acme", SHOP, Owners::Managed), dump(&db, "acme", &owned, Owners::Managed));
    assert_eq!(dump(&db, "acme", SHOP, Owners::LeftAlone), dump(&db, "acme", &owned, Owners::LeftAlone));
}

#[test]
fn a_schema_that_is_not_there_is_an_error() {
    let cluster = Cluster::shared().unwrap();
    let error = cluster.pg_dump("postgres", "nowhere", Owners::LeftAlone).unwrap_err().to_string();
    assert!(error.contains("no matching schemas were found"), "{error}");
}
