//! `schema inspect | plan | apply | diff`: one live schema, no cluster.

mod apply;
mod live;
mod sources;

use tenantry_catalog::Catalog;
use tenantry_engine::{Engine as _, Proposal, SchemaName, Source, Start, Target};
use tenantry_planner::postgres::Postgres;
use tenantry_planner::{Destructive, Plan, Policy, ServerVersion, Verb, plan};
use tenantry_postgres::script;

use live::{Live, with_database};
use sources::sources;

use crate::args::{InspectArgs, InspectOutput, PlanArgs, PlanOutput, PolicyArgs, SchemaCommand};
use crate::{Failure, Outcome, note, output, write};

/// Runs one command.
pub async fn run(command: &SchemaCommand) -> Result<Outcome, Failure> {
    match command {
        SchemaCommand::Inspect(args) => {
            let schema = SchemaName::for_reading(&args.schema)?;
            with_database(&args.connection, async |live| inspect(live, args, &schema).await).await
        }
        SchemaCommand::Plan(args) => {
            let schema = SchemaName::new(&args.schema)?;
            with_database(&args.connection, async |live| make_plan(live, args, &schema).await).await
        }
        SchemaCommand::Apply(args) => {
            let schema = SchemaName::new(&args.plan.schema)?;
            with_database(&args.plan.connection, async |live| apply::apply(live, args, &schema).await).await
        }
        SchemaCommand::Diff(args) => {
            let schema = SchemaName::for_reading(&args.schema)?;
            with_database(&args.connection, async |live| diff(live, args, &schema).await).await
        }
    }
}

async fn inspect(live: &Live, args: &InspectArgs, schema: &SchemaName) -> Result<Outcome, Failure> {
    let policy = policy(&args.policy, Destructive::Allow);
    let found = live.read(schema, &policy).await?;
    for (object, _) in &found.renamed {
        note(&format!("{object} was renamed aside by an earlier plan, and is no part of it"));
    }
    let catalog = found.in_use();
    match args.output {
        InspectOutput::Json => write(&format!("{}\n", serde_json::to_string_pretty(&catalog)?))?,
        InspectOutput::Sql => {
            let version = ServerVersion(live.engine.environment().await?.server_version_num);
            let made = plan(&Postgres, &Catalog::empty(), &catalog, &policy, version)?;
            // Rows, also those of a materialized view, are no part of a definition.
            let declares = made.steps.iter().filter(|step| step.verb != Verb::Fill);
            let statements: Vec<String> = declares.map(|step| format!("{};\n", step.sql)).collect();
            if !statements.is_empty() {
                // As pg_dump does: a function may stand before what it uses.
                write(&format!("SET check_function_bodies = off;\n\n{}", statements.join("\n")))?;
            }
        }
    }
    for object in catalog.unmodelled() {
        note(&format!(
            "{} {} is of a kind that is not supported yet, and is left out",
            object.kind, object.identity
        ));
    }
    Ok(Outcome::Fine)
}

/// Compiles the definition, with what is worth knowing of it on standard error.
async fn compile(live: &Live, args: &PlanArgs, sources: &[Source]) -> Result<Target, Failure> {
    let policy = policy(&args.policy, args.destructive.into());
    let target = live.engine.compile(sources, &policy).await?;
    target.notes.iter().for_each(|text| note(text));
    if target.catalog.is_empty() && !args.allow_empty {
        return Err(Failure::Empty(args.schema.clone()));
    }
    Ok(target)
}

async fn make_plan(live: &Live, args: &PlanArgs, schema: &SchemaName) -> Result<Outcome, Failure> {
    let target = compile(live, args, &sources(&args.definition)?).await?;
    let found = live.read(schema, &target.policy).await?;
    let start = Start { catalog: &found.inspected.catalog, renamed: &found.renamed, base: None };
    match live.engine.propose(start, &target).await? {
        Proposal::InSync => {}
        Proposal::Migrate { plan, .. } => write(&rendered(&plan, args.output, schema)?)?,
        Proposal::Blocked { reasons } => return Err(Failure::NoPlan(reasons.join("\n"))),
    }
    Ok(Outcome::Fine)
}

/// A plan as it was asked for.
fn rendered(plan: &Plan, how: PlanOutput, schema: &SchemaName) -> Result<String, Failure> {
    Ok(match how {
        PlanOutput::Sql => script(plan, schema),
        PlanOutput::Json => format!("{}\n", serde_json::to_string_pretty(plan)?),
        PlanOutput::Text => output::plan::plan(plan),
    })
}

async fn diff(live: &Live, args: &PlanArgs, schema: &SchemaName) -> Result<Outcome, Failure> {
    let target = compile(live, args, &sources(&args.definition)?).await?;
    let found = live.read(schema, &target.policy).await?;
    let environment = live.engine.environment().await?;
    let differences = live.engine.explain(&environment, &target.catalog, &found.in_use(), &target.policy);
    match args.output {
        PlanOutput::Json => write(&format!("{}\n", serde_json::to_string_pretty(&differences)?))?,
        PlanOutput::Sql | PlanOutput::Text => {
            write(&output::paint::painted(&output::diff::differences(&differences)))?;
        }
    }
    Ok(if differences.is_empty() { Outcome::Fine } else { Outcome::Differs })
}

fn policy(args: &PolicyArgs, destructive: Destructive) -> Policy {
    Policy {
        destructive,
        owners: args.owners,
        privileges: !args.no_privileges,
        ignore: args.ignore.clone(),
        ..Policy::default()
    }
}
