//! `doctor`: what the login may and may not do, and what could surprise.

use std::collections::BTreeMap;

use serde::Serialize;
use tenantry_api::TenantSet;
use tenantry_engine::{Engine as _, EngineError, Finding, Severity};
use tenantry_manifest::{Environment, Located};
use tenantry_postgres::{Connections, PostgresEngine, ShadowSettings};

use crate::args::{DoctorArgs, Output};
use crate::interrupt::{Interrupts, Stop};
use crate::{Failure, Outcome, argument, fleet, output, write};

/// Looks at each database. One that does not answer is a finding too.
pub async fn run(args: &DoctorArgs) -> Result<Outcome, Failure> {
    let connections = Connections::default();
    let engines = engines(args, &connections)?;
    let mut interrupts = Interrupts::listen()?;
    let looked = interrupts.during(look(&engines), || Stop::AtOnce).await;
    interrupts.tidying(connections.drain()).await;
    let Some(looked) = looked else { return Ok(Outcome::Interrupted) };
    match args.output {
        Output::Json => write(&format!("{}\n", serde_json::to_string_pretty(&looked)?))?,
        Output::Text => {
            let texts: Vec<String> =
                looked.iter().map(|one| output::doctor::doctor(&one.database, &one.findings)).collect();
            write(&texts.join("\n"))?;
        }
    }
    let errors = looked.iter().flat_map(|one| &one.findings).any(|one| one.severity == Severity::Error);
    Ok(if errors { Outcome::Differs } else { Outcome::Fine })
}

/// One database, as it was found.
#[derive(Serialize)]
struct Looked {
    database: String,
    findings: Vec<Finding>,
}

fn engines(
    args: &DoctorArgs,
    connections: &Connections,
) -> Result<BTreeMap<String, PostgresEngine>, Failure> {
    if let Some(uri) = &args.database {
        let settings = argument::settings("--database", uri)?;
        let name = settings.address();
        let engine = PostgresEngine::new(settings, connections.clone(), ShadowSettings::default());
        return Ok([(name, engine)].into());
    }
    let environment = Environment::of_this_process();
    let manifests = fleet::manifests(&args.files, &environment)?;
    manifests
        .databases
        .values()
        .map(|database| {
            // A set may name another owner role than its databases do.
            let name = database.name();
            let of_set = |set| manifests.owner_role(set, &name.name);
            let uses = |set: &&Located<TenantSet>| {
                let mut entries = set.object.spec.databases.iter();
                entries.any(|entry| set.name().sibling(&entry.database_ref.name) == *name)
            };
            let owner = manifests.sets.values().filter(uses).find_map(of_set);
            let owner = owner.or(database.object.spec.owner_role.as_deref());
            let engine = fleet::engine(&manifests, database.name(), owner, &environment, connections)?;
            Ok((database.name().to_string(), engine))
        })
        .collect()
}

async fn look(engines: &BTreeMap<String, PostgresEngine>) -> Vec<Looked> {
    let mut looked = Vec::new();
    for (name, engine) in engines {
        let findings = engine.doctor().await.unwrap_or_else(|error| vec![finding(&error)]);
        looked.push(Looked { database: name.clone(), findings });
    }
    looked
}

/// What cannot even be asked.
fn finding(error: &EngineError) -> Finding {
    let remedy = match error {
        EngineError::Unreachable { .. } => "see that the server runs, and that address and login are right",
        _ => "",
    };
    Finding::new(Severity::Error, "connection", error.to_string(), remedy)
}
