//! The canonical form (D5): a schema as it reads after it was made out of its own facts.

use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::EngineError;
use tenantry_planner::sql::SqlTemplate;
use tenantry_planner::{
    BOOKKEEPING, Change, Destructive, Online, Plan, PlanError, Policy, ServerVersion, Verb, diff, plan,
    postgres::Postgres,
};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use crate::error::server_error;
use crate::shadow::{Failed, RunError, Shadow};

/// How often a schema is made and read at most until it reads as it was written. Once, for nearly all; an expression whose
/// second reading differs from its first needs one more.
const ROUNDS: usize = 4;

/// Why a schema could not be made out of its facts, a line an object.
#[derive(Debug)]
pub(crate) struct Unsettled(pub(crate) Vec<String>);

/// Makes a schema out of its facts on the shadow, and reads it back, until it reads as it was written. The shadow holds it then.
///
/// # Errors
/// What a server says that is not about the schema.
pub(crate) async fn settle(
    shadow: &Shadow,
    written: Catalog,
    server: ServerVersion,
) -> Result<Result<Catalog, Unsettled>, EngineError> {
    let mut written = written;
    for _ in 0..ROUNDS {
        let plan = match render(&written, server) {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(Unsettled(vec![error.to_string()]))),
        };
        shadow.clear().await?;
        let sql: Vec<String> = plan
            .steps
            .iter()
            .map(|step| SqlTemplate::parse(step.sql.as_str()).fill(shadow.schema().identifier()))
            .collect();
        match shadow.run(&sql).await {
            Ok(()) => {}
            Err(RunError::Engine(error)) => return Err(error),
            Err(RunError::Statement(failed)) => return Ok(Err(Unsettled(vec![refused(&plan, &failed)]))),
        }
        let read = everything(&written).project(&shadow.read().await?);
        if Fingerprint::of(&read) == Fingerprint::of(&written) {
            return Ok(Ok(read));
        }
        let lost = lost(&written, &read);
        if !lost.is_empty() {
            return Ok(Err(Unsettled(lost)));
        }
        written = read;
    }
    Ok(Err(Unsettled(vec!["it reads differently each time that it is made out of what was read".to_owned()])))
}

/// Attributes that hold expressions, which may print differently after they were read from their own text.
const PRINTED: &[&str] = &[
    "bound",
    "check",
    "default",
    "defaults",
    "definition",
    "expression",
    "generated",
    "partition_key",
    "using",
];

/// What does not come back when a schema is made out of what was read: never accepted, as both sides of a comparison
/// would lack it.
fn lost(written: &Catalog, read: &Catalog) -> Vec<String> {
    let sentence = |change: &Change<'_>| match change {
        Change::Removed(fact) => {
            Some(format!("{} is lost when the schema is made out of its facts", fact.id))
        }
        Change::Added(fact) => Some(format!("{} comes up when the schema is made out of its facts", fact.id)),
        Change::Changed { to, attributes, .. } => {
            let real: Vec<&str> =
                attributes.iter().map(String::as_str).filter(|name| !PRINTED.contains(name)).collect();
            (!real.is_empty()).then(|| {
                format!("{} has another {} when the schema is made out of its facts", to.id, real.join(", "))
            })
        }
    };
    diff(written, read).iter().filter_map(sentence).collect()
}

/// The plan that makes a whole schema, but for what fills its materialized views: that runs the tenant's functions (D2).
fn render(catalog: &Catalog, server: ServerVersion) -> Result<Plan, PlanError> {
    let mut plan = plan(&Postgres, &Catalog::empty(), catalog, &everything(catalog), server)?;
    plan.steps.retain(|step| step.verb != Verb::Fill);
    Ok(plan)
}

/// The policy under which a schema is made out of its facts: what counts was decided before.
fn everything(written: &Catalog) -> Policy {
    let owners = written.facts().any(|fact| fact.get("owner").is_some());
    let declared = BOOKKEEPING.iter().map(|table| (*table).to_owned()).collect();
    Policy { destructive: Destructive::Allow, online: Online::Never, owners, declared, ..Policy::default() }
}

/// A step that the server refused, for people.
pub(crate) fn refused(plan: &Plan, failed: &Failed) -> String {
    let said = failed.error.as_db_error().map_or_else(String::new, |error| server_error(error).to_string());
    match plan.steps.get(failed.at) {
        Some(step) => {
            let advice = if failed.error.as_db_error().is_some_and(misses_a_name_in_a_function) {
                ". A function that it runs names what is not found: a plan's search_path holds the schema itself and \
                 pg_catalog only. Qualify such names in the function's body, or give it a SET search_path of its own"
            } else {
                ""
            };
            format!("{}: the server refuses `{}`: {said}{advice}", step.object, step.sql)
        }
        None => said,
    }
}

/// Whether it was a function of the schema that names something which is not there.
fn misses_a_name_in_a_function(error: &DbError) -> bool {
    let unknown = [SqlState::UNDEFINED_FUNCTION, SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_OBJECT];
    unknown.contains(error.code()) && matches!(error.position(), Some(ErrorPosition::Internal { .. }))
}
