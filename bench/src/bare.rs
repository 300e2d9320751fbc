//! The same work, done by psql on four connections: what a person's script would do, without any safety.

use std::time::{Duration, Instant};

use crate::Failure;
use crate::fleet::{BARE, Fleet, LOGIN};

/// As many as Tenantry has at work.
pub const CONNECTIONS: usize = 4;

/// Runs something in the schema of every tenant, a transaction each.
pub fn everywhere(fleet: &Fleet, make: bool, sql: &str) -> Result<Duration, Failure> {
    let schemas = fleet.schemas();
    let scripts: Vec<String> = (0..CONNECTIONS)
        .map(|part| {
            schemas.iter().skip(part).step_by(CONNECTIONS).map(|schema| script(schema, make, sql)).collect()
        })
        .collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            scripts.iter().map(|script| scope.spawn(|| fleet.cluster.psql_as(LOGIN, BARE, script))).collect();
        runs.into_iter().try_for_each(|run| match run.join() {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::from(error)),
            Err(_) => Err(Failure::Wrong("a thread came to no end".to_owned())),
        })
    })?;
    Ok(began.elapsed())
}

fn script(schema: &str, make: bool, sql: &str) -> String {
    let make = if make { format!("CREATE SCHEMA {schema};") } else { String::new() };
    format!("BEGIN; {make} SET LOCAL search_path = {schema}, pg_catalog; {sql} COMMIT;\n")
}
