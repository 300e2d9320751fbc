//! The command line on a real server, as a user types it; pg_dump and psql
//! judge.
#![allow(clippy::unwrap_used, reason = "clippy does not take the functions beside the tests for tests")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use tenantry_testkit::pg::{Cluster, Owners};

const SHARED: &str = include_str!("../../../demo/sql/shared.sql");
const FIRST: &str = include_str!("../../../demo/sql/v1.sql");
const NEXT: &str = include_str!("../../../demo/sql/v2.sql");

struct Scene {
    cluster: Cluster,
    folder: TempDir,
}

/// What a run came to: exit code, standard output, standard error.
type Ran = (Option<i32>, String, String);

impl Scene {
    /// A server with what the product's tenants share, a login that is no
    /// superuser, and an empty schema of its own.
    fn set() -> Self {
        let cluster = Cluster::start(&tenantry_testkit::pg::Binaries::find().unwrap()).unwrap();
        let scene = Self { cluster, folder: tempfile::tempdir().unwrap() };
        scene.psql(SHARED);
        scene.psql(
            "CREATE ROLE tenantry LOGIN CREATEDB; GRANT CREATE ON DATABASE postgres TO tenantry;
             GRANT REFERENCES, SELECT ON public.plan TO tenantry;
             CREATE SCHEMA \"O'Brien; \"\"x\"\"\" AUTHORIZATION tenantry;",
        );
        scene
    }

    fn psql(&self, sql: &str) -> String {
        self.cluster.psql("postgres", sql).unwrap()
    }

    fn definition(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("schema.sql");
        fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, verb: &str, definition: Option<&str>, more: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-tenantry"));
        let url = self.cluster.url_as("tenantry", None, "postgres");
        command.args(["schema", verb, "--database", &url, "--schema", SCHEMA]).args(more);
        if let Some(text) = definition {
            command.arg("--definition").arg(self.definition(text));
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// Plans, and has psql run the plan as it is.
    fn bring_to(&self, definition: &str, more: &[&str]) {
        let (code, sql, said) = self.run("plan", Some(definition), more);
        assert_eq!(code, Some(0), "{said}");
        self.cluster.psql_as("tenantry", "postgres", &sql).unwrap();
    }

    fn dump(&self, schema: &str) -> String {
        self.cluster.normalised_dump("postgres", schema, Owners::LeftAlone).unwrap()
    }

    /// What psql makes of a definition, without Tenantry.
    fn reference(&self, definition: &str) -> String {
        let sql = definition.replace("__TENANT__", "reference");
        self.psql(&format!(
            "DROP SCHEMA IF EXISTS reference CASCADE; CREATE SCHEMA reference; SET search_path = reference; {sql}"
        ));
        self.dump("reference")
    }
}

const SCHEMA: &str = "O'Brien; \"x\"";

#[test]
fn a_schema_goes_forth_and_back_and_out_and_in() {
    let scene = Scene::set();
    scene.bring_to(FIRST, &[]);
    assert_eq!(scene.dump(SCHEMA), scene.reference(FIRST));
    assert_eq!(scene.run("plan", Some(FIRST), &[]).1, "");

    scene.bring_to(NEXT, &["--destructive", "allow"]);
    assert_eq!(scene.dump(SCHEMA), scene.reference(NEXT));

    // What is written out is a definition of what is there.
    let (code, written, _) = scene.run("inspect", None, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(scene.run("plan", Some(&written), &[]).1, "");
    assert_eq!(scene.dump(SCHEMA), scene.reference(&written));

    let (code, differences, _) = scene.run("diff", Some(FIRST), &[]);
    assert_eq!(code, Some(1));
    assert!(differences.contains("column invoice.paid_at is not in the definition"), "{differences}");

    // Left to itself, what holds data is put aside; and stays so.
    let (_, sql, _) = scene.run("plan", Some(FIRST), &[]);
    assert!(!sql.contains("DROP TABLE") && !sql.contains("DROP COLUMN"), "{sql}");
    scene.bring_to(FIRST, &["--destructive", "allow"]);
    assert_eq!(scene.dump(SCHEMA), scene.reference(FIRST));
}

#[test]
fn what_was_put_aside_keeps_its_rows_and_is_left_alone() {
    let scene = Scene::set();
    let with = "CREATE TABLE t (a integer PRIMARY KEY, b text NOT NULL DEFAULT 'x');";
    let without = "CREATE TABLE t (a integer PRIMARY KEY);";
    scene.bring_to(with, &[]);
    scene.psql(r#"INSERT INTO "O'Brien; ""x""".t VALUES (1, 'kept')"#);
    let (code, _, said) = scene.run("plan", Some(without), &["--destructive", "deny"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("column t.b: would be dropped, and it holds data"), "{said}");

    scene.bring_to(without, &[]);
    let kept = scene.psql(
        r#"SELECT string_agg(value, ',') FROM "O'Brien; ""x""".t, jsonb_each_text(to_jsonb(t)) WHERE key <> 'a'"#,
    );
    assert_eq!(kept.trim(), "kept");
    scene.psql(r#"INSERT INTO "O'Brien; ""x""".t (a) VALUES (2)"#);
    let (code, sql, said) = scene.run("plan", Some(without), &[]);
    assert_eq!((code, sql.as_str()), (Some(0), ""));
    assert!(said.contains("was renamed aside by an earlier plan, and is left alone"), "{said}");

    // Nor is it declared by what is written out: a plan for that would make it a second time.
    let (_, written, said) = scene.run("inspect", None, &[]);
    assert!(said.contains("was renamed aside by an earlier plan, and is left alone"), "{said}");
    assert_eq!(scene.run("plan", Some(&written), &[]).1, "");
}

#[test]
fn bad_input_gets_a_message_and_exit_code_2() {
    let scene = Scene::set();
    let before = scene.dump(SCHEMA);
    for (definition, expected) in [
        ("CREATE TABLE t (\n  a integr\n);", "line 2, column 5: type \"integr\" does not exist"),
        ("BEGIN;", "line 1, column 1: `BEGIN`: the plan decides what runs in one transaction"),
        ("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);", "line 2, column 1: `INSERT INTO t"),
        ("CREATE TABLE t (a int);\n\\d t", "line 2, column 1"),
        ("CREATE DATABASE x;", "line 1, column 1"),
        ("CREATE TABLE public.t (a int);\nCREATE TABLE other.t (a int);", "line 2"),
        ("", "the definition declares nothing"),
    ] {
        let (code, output, said) = scene.run("plan", Some(definition), &[]);
        assert_eq!((code, output.as_str()), (Some(2), ""), "{definition}");
        assert!(said.contains(expected), "{definition}\n{said}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-tenantry"));
    let url = scene.cluster.url_as("tenantry", None, "postgres");
    let output =
        command.args(["schema", "inspect", "--database", &url, "--schema", "nobody"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("schema nobody is not there: look for"));
    assert_eq!(scene.dump(SCHEMA), before);
}

#[test]
fn nothing_is_left_of_a_shadow() {
    let scene = Scene::set();
    scene.run("plan", Some(FIRST), &[]);
    let left = scene.psql(
        "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'
         UNION ALL
         SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenantry%'",
    );
    assert_eq!(left, "");
}
