//! Definitions as they are read, run on a server: they make the same whatever the schema is called and however they
//! are written; pg_dump is the judge.

use tenantry_engine::Source;
use tenantry_planner::sql::Identifier;
use tenantry_postgres::definition::{Definition, ReadOptions};
use tenantry_testkit::pg::{Cluster, Owners};

use crate::database;

/// Names that break whatever is not quoted for its place.
const HOSTILE: [&str; 6] = [
    r#"quo"te'd\one"#,
    "x; DROP SCHEMA public; --",
    "$$ $body$ $q$ $body1$",
    "Upper Case",
    "größe_日本",
    "sixty_three_bytes_of_a_name_which_is_as_long_as_a_name_can_be_ok",
];

fn read(text: &str) -> Definition {
    let source = Source { name: "app.sql".to_owned(), text: text.to_owned() };
    Definition::read(&[source], &ReadOptions::default()).unwrap_or_else(|refusals| {
        let refusals: Vec<_> = refusals.iter().map(ToString::to_string).collect();
        panic!("{}", refusals.join("\n"))
    })
}

/// Makes a schema by a definition.
fn make(cluster: &Cluster, db: &str, definition: &Definition, schema: &str) {
    let schema = Identifier::new(schema).unwrap();
    let head = format!(
        "CREATE SCHEMA {schema}; SET search_path = {schema}, public; SET check_function_bodies = off;"
    );
    let statements = definition.statements().iter().map(|statement| statement.sql_for(&schema));
    let script = std::iter::once(head).chain(statements).collect::<Vec<_>>().join(";\n");
    cluster.psql(db, &script).unwrap();
}

fn dump(cluster: &Cluster, db: &str, schema: &str) -> String {
    cluster.normalised_dump(db, schema, Owners::LeftAlone).unwrap()
}

/// Definitions with what they rest on.
const PRODUCTS: [(&str, &str); 3] = [
    (include_str!("../../../../demo/sql/shared.sql"), include_str!("../../../../demo/sql/v1.sql")),
    (include_str!("../../../../demo/sql/shared.sql"), include_str!("../../../../demo/sql/v2.sql")),
    ("CREATE ROLE app; CREATE ROLE auditor", include_str!("../../../testkit/tests/shop.sql")),
];

#[tokio::test]
async fn a_definition_makes_the_same_whatever_the_schema_is_called() {
    let cluster = Cluster::shared().unwrap();
    for (shared, text) in PRODUCTS {
        let db = cluster.create_database("names").unwrap();
        prepare(cluster, &db, shared);
        let definition = read(text);
        make(cluster, &db, &definition, "plain_tenant");
        let plain = dump(cluster, &db, "plain_tenant");
        assert!(plain.contains("CREATE TABLE __TENANT__."));
        for name in HOSTILE {
            let name = &name[..name.floor_char_boundary(Identifier::MAX_BYTES)];
            make(cluster, &db, &definition, name);
            similar_asserted(&plain, &dump(cluster, &db, name), name);
        }
    }
}

/// What pg_dump prints of one schema is a definition as it is, and makes the same under another name.
#[tokio::test]
async fn a_dump_of_one_schema_is_a_definition() {
    let cluster = Cluster::shared().unwrap();
    for (shared, text) in PRODUCTS {
        let db = cluster.create_database("dump").unwrap();
        prepare(cluster, &db, shared);
        make(cluster, &db, &read(text), "acme_corp");
        let made = dump(cluster, &db, "acme_corp");
        for owners in [Owners::LeftAlone, Owners::Managed] {
            let dumped = read(&cluster.pg_dump(&db, "acme_corp", owners).unwrap());
            assert_eq!(dumped.own_schema(), Some("acme_corp"));
            cluster.psql(&db, "DROP SCHEMA IF EXISTS other_corp CASCADE").unwrap();
            make(cluster, &db, &dumped, "other_corp");
            similar_asserted(&made, &dump(cluster, &db, "other_corp"), "from a dump");
        }
    }
}

/// Roles belong to the server, which all tests share: made once, whoever comes first.
fn prepare(cluster: &Cluster, db: &str, shared: &str) {
    let (roles, rest): (Vec<&str>, Vec<&str>) =
        shared.split(';').partition(|statement| statement.contains("CREATE ROLE"));
    for role in roles.iter().filter_map(|statement| statement.split("CREATE ROLE").nth(1)) {
        let sql = format!(
            "DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$"
        );
        cluster.psql(db, &sql).unwrap();
    }
    cluster.psql(db, &rest.join(";")).unwrap();
}

fn similar_asserted(expected: &str, found: &str, what: &str) {
    let diff = similar::TextDiff::from_lines(expected, found);
    assert!(expected == found, "{what}\n{}", diff.unified_diff().header("expected", "found"));
}

/// Bodies of every sort of quoting, that name the schema in names, strings, strings in strings and settings.
const BODIES: &str = r#"
CREATE TABLE t (n bigint);
CREATE SEQUENCE s;
CREATE FUNCTION fill() RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE r __TENANT__.t;
BEGIN
    EXECUTE 'INSERT INTO __TENANT__.t VALUES (nextval(''__TENANT__.s''))';
    EXECUTE $q$ INSERT INTO __TENANT__.t VALUES (currval('__TENANT__.s')) $q$;
    SELECT * INTO r FROM __TENANT__.t LIMIT 1;
    PERFORM set_config('search_path', '__TENANT__, pg_temp', true);
    RETURN (SELECT sum(n) FROM t) + r.n + currval('s'::regclass);
END
$body$;
CREATE FUNCTION count_quoted() RETURNS bigint LANGUAGE sql SET search_path = '__TENANT__'
    AS 'SELECT count(*) FROM t WHERE n = currval(''__TENANT__.s'')';
CREATE FUNCTION count_escaped() RETURNS bigint LANGUAGE sql
    AS E'SELECT count(*) FROM __TENANT__.t WHERE \'__TENANT__.t\'::regclass = tableoid';
"#;

#[tokio::test]
async fn bodies_work_whatever_the_schema_is_called() {
    let (_, cluster, db) = database("bodies").await;
    let definition = read(BODIES);
    for name in HOSTILE.iter().chain(&["plain_tenant", "t", "s", "r", "n"]) {
        let name = &name[..name.floor_char_boundary(Identifier::MAX_BYTES)];
        make(cluster, &db, &definition, name);
        let schema = Identifier::new(name).unwrap();
        let sql = format!("SELECT {schema}.fill(), {schema}.count_quoted(), {schema}.count_escaped()");
        assert_eq!(cluster.psql(&db, &sql).unwrap(), "4|2|2", "{name}");
    }
}

#[tokio::test]
async fn what_the_server_complains_about_is_found_in_the_text() {
    let (db, _, _) = database("complaint").await;
    let session = db.session().await.unwrap();
    let text = "-- größe\nCREATE TABLE acme.a (id int);\nCREATE TABLE acme.\"ö\" (\n  a acme.a, /* é */ b\tacme.missing\n);";
    let definition = read(text);
    for name in HOSTILE {
        let schema = Identifier::new(&name[..name.floor_char_boundary(Identifier::MAX_BYTES)]).unwrap();
        session
            .batch_execute(&format!(
                "CREATE SCHEMA {schema}; {}",
                definition.statements()[0].sql_for(&schema)
            ))
            .await
            .unwrap();
        let statement = &definition.statements()[1];
        let error = session.query(&statement.sql_for(&schema), &[]).await.unwrap_err();
        let said = error.as_db_error().unwrap();
        let Some(tokio_postgres::error::ErrorPosition::Original(position)) = said.position() else {
            panic!("no position: {said}")
        };
        let (location, _) = definition.locate(statement, &schema, Some(*position));
        assert_eq!(location.to_string(), "app.sql, line 4, column 23", "{name}");
    }
    session.put_back();
}
