//! Which schemas fit a pattern.

use tenantry_engine::{Engine as _, SchemaName};
use tenantry_testkit::pg::Cluster;

use crate::engine;

#[tokio::test]
async fn a_pattern_means_its_text_and_the_asterisk() {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database("schemas").unwrap();
    let long = "x".repeat(63);
    let hostile =
        ["t_a", "t%b", "tXa", "t\\c", "Tenant One", "o'brien", "a\"b", "x; DROP SCHEMA t_a", "é", "*", &long];
    for schema in hostile {
        cluster.psql(&name, &format!("CREATE SCHEMA \"{}\"", schema.replace('"', "\"\""))).unwrap();
    }
    let hidden = "CREATE SCHEMA tenantry; CREATE SCHEMA tenantry_shadow_4711; CREATE SCHEMA ext; CREATE TEMP TABLE t ();
        CREATE EXTENSION citext SCHEMA ext; ALTER EXTENSION citext ADD SCHEMA ext";
    // An extension cannot own the schema that it is in.
    let hidden = hidden.replace("SCHEMA ext; ALTER", "SCHEMA public; ALTER");
    cluster.psql(&name, &hidden).unwrap();

    let engine = engine(&cluster.url(&name));
    for (pattern, mut expected) in [
        ("*", hostile.to_vec()),
        ("t_*", vec!["t_a"]),
        ("t%*", vec!["t%b"]),
        ("t\\*", vec!["t\\c"]),
        ("*'*", vec!["o'brien"]),
        ("*\"*", vec!["a\"b"]),
        ("x; DROP SCHEMA t_a", vec!["x; DROP SCHEMA t_a"]),
        ("Tenant *", vec!["Tenant One"]),
        ("tenant *", vec![]),
        ("*é*", vec!["é"]),
        (&long, vec![&long]),
        ("", vec![]),
        ("public", vec![]),
        ("pg_*", vec![]),
        ("information_schema", vec![]),
        ("tenantry*", vec![]),
        ("t_a'; SELECT 1; --", vec![]),
    ] {
        let found = engine.schemas(pattern).await.unwrap();
        let mut found: Vec<&str> = found.iter().map(SchemaName::as_str).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{pattern}");
    }
}
