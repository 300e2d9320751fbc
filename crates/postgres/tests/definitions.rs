//! What a definition may not hold, said with its line; nothing of it is made.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy does not take the functions beside the tests for tests"
)]

mod judge;

use judge::{Database, Judge, NoPlan};
use tenantry_planner::Destructive;
use tenantry_testkit::pg::Cluster;

/// A definition, and what must be said of it.
const REFUSED: &[(&str, &str)] = &[
    (
        "CREATE TABLE a (id integer);\nCREATE TABLE tenantry_q_1 (id integer);",
        "line 2, column 14: `tenantry_q_1` cannot be declared",
    ),
    (
        "CREATE TABLE a (\n  id integer,\n  tenantry_q_id text\n);",
        "line 3, column 3: `tenantry_q_id` cannot be declared",
    ),
    (
        "CREATE TABLE a (id integer CONSTRAINT \"tenantry_q_ä\" CHECK (id > 0));",
        "`tenantry_q_ä` cannot be declared",
    ),
    (
        "CREATE TABLE a (id integer); CREATE INDEX tenantry_q_i ON a (id);",
        "`tenantry_q_i` cannot be declared",
    ),
    (
        "CREATE TABLE a (id integer); ALTER TABLE a RENAME TO tenantry_q_a;",
        "`tenantry_q_a` cannot be declared",
    ),
    ("CREATE SEQUENCE tenantry_q_s", "`tenantry_q_s` cannot be declared"),
];

#[test]
fn what_a_definition_may_not_hold_is_said_with_its_line() {
    let judge = Judge::new(Database::new(Cluster::shared().unwrap(), "definitions", &[]).unwrap());
    for (definition, said) in REFUSED {
        match judge.engine().compile(definition, Destructive::Allow) {
            Err(NoPlan::Refused(reason)) => assert!(reason.contains(said), "{definition}\n{reason}"),
            Err(NoPlan::Failed(reason)) => panic!("{definition}\n{reason}"),
            Ok(_) => panic!("taken: {definition}"),
        }
    }
}
