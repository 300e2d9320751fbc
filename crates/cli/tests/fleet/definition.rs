//! Definitions that cannot be one: the file, the line, what is wrong, and that nothing was changed.

use crate::scene::{Scene, V1};

fn two() -> Scene {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &["acme", "globex"])], "");
    scene.fleet("apply", &[]).ended(0);
    scene
}

#[test]
fn it_is_refused_where_it_is_wrong_and_the_revision_stays() {
    let scene = two();
    for (definition, said) in [
        ("CREATE TABLE t (\n  a integr\n);", "line 2, column 5: type \"integr\" does not exist"),
        ("CREATE INDEX i\n  ON nowhere (a);", "line 1, column 1: relation \"nowhere\" does not exist"),
        ("CREATE TABLE t (\n  a integer,\n;", "line 3"),
        ("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;", "line 1, column 1: `BEGIN`"),
        ("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);", "line 2, column 1: `INSERT INTO t"),
        ("CREATE TABLE t (a int);\nDELETE FROM t;", "line 2, column 1"),
        ("CREATE TABLE t (a int);\n\\d t", "line 2, column 1"),
        ("CREATE DATABASE x;", "line 1, column 1"),
        ("CREATE ROLE x;", "line 1, column 1"),
        ("CREATE TABLE t (a int);\nCREATE TABLE public.u (a int);\nCREATE TABLE other.v (a int);", "line"),
    ] {
        scene.define(definition);
        for verb in ["check", "plan", "apply"] {
            let ran = scene.fleet(verb, &[]).ended(2).warns("schemadefinition/app").warns(said);
            assert_eq!(ran.out, "", "{definition}");
            assert!(ran.err.contains("stays in force for 2 tenants"), "{}", ran.err);
        }
    }
    // One that makes nothing is no order to drop everything.
    scene.define("-- nothing at all\n");
    for verb in ["check", "plan", "apply"] {
        scene.fleet(verb, &[]).ended(2).warns("schemadefinition/app makes nothing").warns("allowEmpty");
    }
    scene.all_at(0, &["tenant_acme", "tenant_globex"], V1);
    // Status compiles nothing: it says what is in force.
    scene.fleet("status", &[]).says("2 tenants");
}

#[test]
fn it_is_told_once_with_its_excerpt() {
    let scene = two();
    scene.define("CREATE TABLE t (\n  id bigint,\n  detail jsonbb NOT NULL\n);");
    let ran = scene.fleet("plan", &[]).ended(2);
    assert_eq!(ran.err.matches("jsonbb\" does not exist").count(), 1, "{}", ran.err);
    assert!(ran.err.contains("app-schema/10-app.sql, line 3, column 10"), "{}", ran.err);
    assert!(ran.err.contains("detail jsonbb NOT NULL"), "{}", ran.err);
    assert!(ran.err.contains("cannot be compiled on db-0 (PostgreSQL "), "{}", ran.err);
}

#[test]
fn manifests_that_are_wrong_are_told_with_file_and_line() {
    let scene = two();
    scene.set(&[&Scene::names(7, &["acme"])], "  drift: {mode: Never}");
    let ran = scene.fleet("apply", &[]).ended(2);
    assert!(ran.err.contains("set-customers.yaml, line"), "{}", ran.err);
    assert_eq!(ran.out, "");
}
