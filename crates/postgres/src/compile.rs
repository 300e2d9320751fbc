//! From a definition's text to what it declares: it runs on a shadow, statement by statement, and is read back (D1).

mod bodies;
mod canonical;
mod outside;
mod owners;

use std::collections::{BTreeMap, BTreeSet};

use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::{DefinitionFault, EngineError, Source, Target, revision};
use tenantry_planner::sql::{Identifier, Quoted};
use tenantry_planner::{Policy, RESERVED, ServerVersion};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use crate::connect::Session;
use crate::definition::{Definition, ReadOptions, Refusal, Statement, StatementKind};
use crate::shadow::{Failed, RunError, Shadow, Shadows, Wanted};

pub(crate) use self::canonical::{Unsettled, refused, settle};
use self::owners::Owners;

/// Locks that one CREATE takes at most, about: a table with its toast table, that one's index and a key's.
const LOCKS_A_STATEMENT: u64 = 4;

/// Compiles a definition.
///
/// # Errors
/// [`EngineError::Definition`] with every fault that could be told, else what a server says.
pub(crate) async fn compile(
    shadows: &Shadows,
    sources: &[Source],
    policy: &Policy,
) -> Result<Target, EngineError> {
    let definition = Definition::read(sources, &ReadOptions::default())
        .map_err(|refusals| EngineError::Definition(refusals.iter().map(Refusal::fault).collect()))?;
    let session = shadows.database().session().await?;
    missing_extensions(&session, &definition).await?;
    let outside = outside::look(&session, &definition).await?;
    let server = ServerVersion(session.server().version_num);
    session.put_back();

    let statements: Vec<&Statement> =
        definition.statements().iter().filter(|statement| runs(statement.kind(), policy)).collect();
    let creates = definition.statements().iter().filter(|s| s.kind() == StatementKind::Create).count();
    let wanted = Wanted {
        locks: LOCKS_A_STATEMENT * u64::try_from(creates).unwrap_or(u64::MAX),
        shared: outside.shared,
        commits: false,
    };
    let shadow = shadows.open(&wanted, &outside.mentioned).await?;
    shadow.search(&searched(&definition)).await?;
    run(&shadow, &definition, &statements, policy).await?;
    let mut notes: Vec<String> = definition.notes().iter().map(ToString::to_string).collect();
    notes.extend(bodies::check(&shadow, &definition, &statements).await?);
    let read = shadow.read().await?;
    let reserved = reserved(&read, &shadow, &definition, &statements);
    if !reserved.is_empty() {
        return Err(EngineError::Definition(reserved));
    }
    let policy = &policy.declaring(&read);
    let declared = policy.project(&read);
    let unmodelled = unmodelled(&declared);
    if !unmodelled.is_empty() {
        return Err(EngineError::Definition(unmodelled));
    }
    let catalog = settle(&shadow, declared, server).await?.map_err(irreproducible)?;
    shadow.close().await?;
    if definition.is_empty() {
        notes.push(
            "the definition makes nothing: a plan for it would remove everything that is there".to_owned(),
        );
    }
    Ok(Target {
        revision: revision(sources, policy),
        fingerprint: Fingerprint::of(&catalog),
        catalog,
        policy: policy.clone(),
        notes,
    })
}

/// Whether a statement matters under this policy: what is left alone need not be possible here.
fn runs(kind: StatementKind, policy: &Policy) -> bool {
    match kind {
        StatementKind::Owner => policy.owners,
        StatementKind::Privileges | StatementKind::DefaultPrivileges => policy.privileges,
        _ => true,
    }
}

/// Where the definition's names are looked for after the tenant's schema: where it says, and where every client looks.
fn searched(definition: &Definition) -> Vec<Identifier> {
    let named = definition.searched_schemas().iter().map(String::as_str);
    let mut schemas: Vec<Identifier> = named.filter_map(|schema| Identifier::new(schema).ok()).collect();
    schemas.extend(Identifier::new("public").ok().filter(|public| !schemas.contains(public)));
    schemas
}

/// Every extension that the definition rests on must be there: it is checked for, not made.
async fn missing_extensions(session: &Session, definition: &Definition) -> Result<(), EngineError> {
    if definition.preconditions().is_empty() {
        return Ok(());
    }
    let failed = |error| session.failed("reading extensions", &error);
    let rows = session.query(include_str!("shadow/extensions.sql"), &[]).await.map_err(failed)?;
    let installed: Result<BTreeMap<String, String>, _> =
        rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("schema")?))).collect();
    let installed = installed.map_err(failed)?;
    let faults: Vec<DefinitionFault> = definition
        .preconditions()
        .iter()
        .filter(|wanted| wanted.extension != "plpgsql")
        .filter_map(|wanted| {
            let name = &wanted.extension;
            let message = match (installed.get(name), &wanted.schema) {
                (None, _) => format!(
                    "extension {name} is not in the database. Tenants rest on extensions and do not own them: \
                     run CREATE EXTENSION {} there once",
                    Quoted(name)
                ),
                (Some(found), Some(schema)) if found != schema && definition.own_schema() != Some(schema) => {
                    format!("extension {name} is in schema {found} of the database, and not in {schema}")
                }
                _ => return None,
            };
            Some(wanted.fault(message))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(EngineError::Definition(faults)) }
}

/// Runs the statements; the first that the server refuses is a fault of the definition.
async fn run(
    shadow: &Shadow,
    definition: &Definition,
    statements: &[&Statement],
    policy: &Policy,
) -> Result<(), EngineError> {
    let schema = shadow.schema().identifier();
    let declared =
        definition.statements().iter().filter(|s| s.kind() == StatementKind::Owner && !policy.owners);
    let declared: Vec<String> = declared.map(|statement| statement.sql_for(schema)).collect();
    let owners = Owners::declared(declared.iter().map(String::as_str));
    let sql: Vec<String> =
        statements.iter().map(|statement| owners.left_alone(&statement.shadow_sql_for(schema))).collect();
    match shadow.run(&sql).await {
        Ok(()) => Ok(()),
        Err(RunError::Engine(error)) => Err(error),
        Err(RunError::Statement(Failed { at, error })) => {
            let Some(said) = error.as_db_error() else {
                return Err(shadow.session().failed("compiling the definition", &error));
            };
            let position = match said.position() {
                Some(ErrorPosition::Original(position)) => Some(*position),
                _ => None,
            };
            // The shadow's name means nothing to who wrote the definition.
            let said = message(said).replace(&format!("{schema}."), "");
            let fault = definition.fault(statements[at], schema, position, said);
            Err(EngineError::Definition(vec![fault]))
        }
    }
}

/// What the server said, and what to do where it is about a role. No row of a tenant is in a shadow: all of it may be told.
fn message(said: &DbError) -> String {
    let message = said.message();
    if said.code() == &SqlState::UNDEFINED_OBJECT && message.starts_with("role ") {
        return format!(
            "{message}. Roles belong to the server, not to a definition: create it there, or leave privileges alone \
             (spec.policy.privileges)"
        );
    }
    match said.hint() {
        Some(hint) => format!("{message}. {}", hint.trim_end_matches('.')),
        None => message.to_owned(),
    }
}

/// Names that are kept for what is renamed aside: a definition that declares one could not be told from that.
fn reserved(
    read: &Catalog,
    shadow: &Shadow,
    definition: &Definition,
    statements: &[&Statement],
) -> Vec<DefinitionFault> {
    let names: BTreeSet<&str> = read.facts().map(|fact| fact.id.last()).collect();
    let schema = shadow.schema().identifier();
    let fault = |name: &str| {
        let message = format!(
            "`{name}` cannot be declared: names that begin with {RESERVED} are kept for what is renamed aside. \
             Choose another name"
        );
        let found = statements.iter().find_map(|statement| {
            let sql = statement.shadow_sql_for(schema);
            let before = sql[..sql.find(name)?].chars().count();
            Some((statement, u32::try_from(before).ok()? + 1))
        });
        match found {
            Some((statement, position)) => definition.fault(statement, schema, Some(position), message),
            None => whole(message),
        }
    };
    names.into_iter().filter(|name| name.starts_with(RESERVED)).map(fault).collect()
}

/// What no kind stands for can neither be compared nor planned.
fn unmodelled(catalog: &Catalog) -> Vec<DefinitionFault> {
    catalog
        .unmodelled()
        .map(|object| whole(format!(
            "{} {} is of a kind that Tenantry does not manage yet. Take it out of the definition, and make it by hand where it is needed",
            object.kind, object.identity
        )))
        .collect()
}

/// What was declared cannot be written down so that it reads the same.
fn irreproducible(unsettled: Unsettled) -> EngineError {
    let faults = unsettled.0.into_iter().map(|reason| whole(format!("cannot be reproduced: {reason}")));
    EngineError::Definition(faults.collect())
}

/// A fault of the whole definition.
fn whole(message: String) -> DefinitionFault {
    DefinitionFault { source: String::new(), line: 0, column: 0, message, excerpt: String::new() }
}
