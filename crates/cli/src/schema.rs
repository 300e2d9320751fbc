//! `schema inspect | plan | diff`: one live schema, no cluster.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use tenantry_catalog::{Catalog, Fact, Kind};
use tenantry_engine::{Proposal, SchemaName, Source, Start, Target};
use tenantry_planner::postgres::Postgres;
use tenantry_planner::sql::Identifier;
use tenantry_planner::{Destructive, Plan, Policy, RESERVED, ServerVersion, Verb, explain, plan};
use tenantry_postgres::{Connections, Database, InPlace, Settings, ShadowSettings, Shadows, script};

use crate::args::{Connection, InspectArgs, InspectOutput, PlanArgs, PlanOutput, PolicyArgs, SchemaCommand};
use crate::{Failure, Outcome, output};

/// Runs one command.
pub async fn run(command: SchemaCommand) -> Result<Outcome, Failure> {
    match command {
        SchemaCommand::Inspect(args) => inspect(&args).await,
        SchemaCommand::Plan(args) => {
            let schema = SchemaName::new(&args.schema)?;
            with_shadows(&args.connection, async |live| make_plan(live, &args, &schema).await).await
        }
        SchemaCommand::Diff(args) => {
            let schema = SchemaName::for_reading(&args.schema)?;
            with_shadows(&args.connection, async |live| diff(live, &args, &schema).await).await
        }
    }
}

/// A database, and where its shadows are.
struct Live {
    database: Database,
    shadows: Shadows,
}

impl Live {
    async fn connect(connection: &Connection) -> Result<Self, Failure> {
        let settings = settings("--database", &connection.database)?;
        let shadow = connection.shadow.as_deref().map(|uri| self::settings("--shadow", uri)).transpose()?;
        let owner = connection.owner_role.as_deref().map(Identifier::new).transpose()?;
        let connections = Connections::default();
        let database = Database::connect(&settings, &connections).await?;
        let in_place = if connection.shadow_in_place { InPlace::Allow } else { InPlace::default() };
        let shadow = ShadowSettings { in_place, database: shadow, owner };
        let shadows = Shadows::new(database.clone(), connections, shadow);
        Ok(Self { database, shadows })
    }

    fn version(&self) -> ServerVersion {
        ServerVersion(self.database.server().version_num)
    }
}

fn settings(argument: &'static str, uri: &str) -> Result<Settings, Failure> {
    Settings::from_uri(uri).map_err(|bad| Failure::Settings { argument, bad })
}

/// Does something with a database, and removes what was made for shadows
/// whatever came of it.
async fn with_shadows<T>(
    connection: &Connection,
    work: impl AsyncFnOnce(&Live) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let live = Live::connect(connection).await?;
    let outcome = work(&live).await;
    let closed = live.shadows.close().await;
    let outcome = outcome?;
    closed?;
    Ok(outcome)
}

async fn inspect(args: &InspectArgs) -> Result<Outcome, Failure> {
    let schema = SchemaName::for_reading(&args.schema)?;
    let live = Live::connect(&args.connection).await?;
    let policy = policy(&args.policy, Destructive::Allow);
    let catalog = policy.project(&in_use(&live.shadows.catalog(&schema).await?));
    match args.output {
        InspectOutput::Json => write(&format!("{}\n", serde_json::to_string_pretty(&catalog)?))?,
        InspectOutput::Sql => {
            let made = plan(&Postgres, &Catalog::empty(), &catalog, &policy, live.version())?;
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
async fn compile(live: &Live, args: &PlanArgs) -> Result<Target, Failure> {
    let sources = sources(&args.definition)?;
    let policy = policy(&args.policy, args.destructive.into());
    let target = live.shadows.compile(&sources, &policy).await?;
    target.notes.iter().for_each(|text| note(text));
    if target.catalog.is_empty() && !args.allow_empty {
        return Err(Failure::Empty(args.schema.clone()));
    }
    Ok(target)
}

async fn make_plan(live: &Live, args: &PlanArgs, schema: &SchemaName) -> Result<Outcome, Failure> {
    let target = compile(live, args).await?;
    let found = in_use(&live.shadows.catalog(schema).await?);
    let start = Start { catalog: &target.policy.project(&found), renamed: &[], base: None };
    match live.shadows.propose(start, &target).await? {
        Proposal::InSync => {}
        Proposal::Migrate { plan, .. } => show(&plan, args.output, schema)?,
        Proposal::Blocked { reasons } => return Err(Failure::NoPlan(reasons.join("\n"))),
    }
    Ok(Outcome::Fine)
}

/// The schema without what an earlier plan renamed aside: as long as nothing
/// remembers what that was, it is left alone, and said.
fn in_use(catalog: &Catalog) -> Catalog {
    let reserved = |name: &String| name.starts_with(RESERVED);
    let aside = |fact: &Fact| fact.id.name.iter().any(reserved);
    let top = |fact: &&Fact| {
        aside(fact) && matches!(fact.id.kind, Kind::Table | Kind::Column | Kind::Sequence) && {
            let parent = fact.parent.as_ref().and_then(|parent| catalog.get(parent));
            !parent.is_some_and(aside)
        }
    };
    for fact in catalog.facts().filter(top) {
        note(&format!("{} was renamed aside by an earlier plan, and is left alone", fact.id));
    }
    catalog.filtered(|fact| !aside(fact))
}

fn show(plan: &Plan, how: PlanOutput, schema: &SchemaName) -> Result<(), Failure> {
    match how {
        PlanOutput::Sql => write(&script(plan, schema)),
        PlanOutput::Json => write(&format!("{}\n", serde_json::to_string_pretty(plan)?)),
        PlanOutput::Text => write(&output::plan::plan(plan)),
    }
}

async fn diff(live: &Live, args: &PlanArgs, schema: &SchemaName) -> Result<Outcome, Failure> {
    let target = compile(live, args).await?;
    let found = in_use(&live.shadows.catalog(schema).await?);
    let differences = explain(&Postgres, &target.catalog, &found, &target.policy, live.version());
    match args.output {
        PlanOutput::Json => write(&format!("{}\n", serde_json::to_string_pretty(&differences)?))?,
        PlanOutput::Sql | PlanOutput::Text => write(&output::diff::differences(&differences))?,
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

/// The pieces of a definition: files as they are named, a directory's `*.sql`
/// by name, standard input.
fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(file(Path::new("standard input")))?;
            sources.push(Source { name: "standard input".to_owned(), text });
        } else if path.is_dir() {
            let entries = fs::read_dir(path).map_err(file(path))?;
            let mut files = entries
                .map(|entry| entry.map(|entry| entry.path()).map_err(file(path)))
                .collect::<Result<Vec<PathBuf>, Failure>>()?;
            files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
            files.sort();
            for path in files {
                sources.push(source(&path)?);
            }
        } else {
            sources.push(source(path)?);
        }
    }
    Ok(sources)
}

fn source(path: &Path) -> Result<Source, Failure> {
    Ok(Source { name: path.display().to_string(), text: fs::read_to_string(path).map_err(file(path))? })
}

fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |source| Failure::File { path, source }
}

/// Writes to standard output; a reader that has read enough is no error.
fn write(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "note: {text}");
}
