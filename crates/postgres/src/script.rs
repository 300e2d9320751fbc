//! A plan as text that psql runs as it is.

use std::fmt::Write as _;

use tenantry_engine::SchemaName;
use tenantry_planner::sql::SqlTemplate;
use tenantry_planner::{Plan, Segment};

/// The statements of a plan as they run on one schema; nothing where there is nothing to do.
pub fn script(plan: &Plan, schema: &SchemaName) -> String {
    let mut text = String::new();
    if plan.is_empty() {
        return text;
    }
    let schema = schema.identifier();
    // Functions may come before what their bodies use.
    let _ = writeln!(text, "\\set ON_ERROR_STOP on\nSET check_function_bodies = off;");
    let _ = writeln!(text, "SET search_path = {schema}, pg_catalog, pg_temp;");
    for segment in plan.segments() {
        let transaction = matches!(segment, Segment::Transaction(_));
        text.push_str(if transaction { "\nBEGIN;\n" } else { "\n" });
        for step in segment.steps() {
            let sql = SqlTemplate::parse(step.sql.as_str()).fill(schema);
            let _ = writeln!(text, "{sql}{}", if ends_in_comment(&sql) { "\n;" } else { ";" });
        }
        if transaction {
            text.push_str("COMMIT;\n");
        }
    }
    text
}

/// Whether a semicolon right behind the text would be a part of it.
fn ends_in_comment(sql: &str) -> bool {
    sql.lines().last().is_some_and(|line| line.contains("--"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tenantry_catalog::{Catalog, Fingerprint, Kind, ObjectId};
    use tenantry_planner::{Step, Transaction, Verb};

    use super::*;

    #[test]
    fn psql_gets_transactions_and_single_statements() {
        let step = |sql: &str| Step::new(&ObjectId::new(Kind::Table, ["t"]), Verb::Alter, sql);
        let steps = vec![
            step("ALTER TABLE t ADD c integer"),
            step("GRANT USAGE ON SCHEMA __TENANT__ TO app"),
            step("CREATE INDEX CONCURRENTLY i ON t (c)").transaction(Transaction::Outside),
            step("COMMENT ON TABLE t IS 'a -- b'"),
        ];
        let fingerprint = Fingerprint::of(&Catalog::empty());
        let plan = Plan { from: fingerprint.clone(), to: fingerprint, steps, commits: BTreeSet::new() };
        insta::assert_snapshot!(script(&plan, &SchemaName::new("O'Brien").unwrap()), @r#"
        \set ON_ERROR_STOP on
        SET check_function_bodies = off;
        SET search_path = "O'Brien", pg_catalog, pg_temp;

        BEGIN;
        ALTER TABLE t ADD c integer;
        GRANT USAGE ON SCHEMA "O'Brien" TO app;
        COMMIT;

        CREATE INDEX CONCURRENTLY i ON t (c);

        BEGIN;
        COMMENT ON TABLE t IS 'a -- b'
        ;
        COMMIT;
        "#);
        assert_eq!(script(&Plan { steps: Vec::new(), ..plan }, &SchemaName::new("acme").unwrap()), "");
    }
}
