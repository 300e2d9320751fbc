//! A live schema: its database, what is in it, and what was renamed aside in it.

use std::cell::Cell;
use std::sync::Arc;

use tenantry_catalog::{Catalog, Fact, ObjectId};
use tenantry_engine::{Engine as _, EngineError, Inspected, Ledger as _, SchemaName};
use tenantry_planner::sql::Identifier;
use tenantry_planner::{Policy, RESERVED, part_aside};
use tenantry_postgres::{Connections, InPlace, Owner, PostgresEngine, ShadowSettings};

use crate::args::Connection;
use crate::interrupt::{Interrupts, Stop};
use crate::{Failure, Outcome, argument, note};

/// A database.
pub struct Live {
    /// What does the work.
    pub engine: PostgresEngine,
    /// Whether what runs now must come to its end: it changes the schema.
    pub applying: Cell<bool>,
}

/// A schema as it was found.
pub struct Schema {
    /// All of it that counts, with what the ledger knows was renamed aside.
    pub inspected: Inspected,
    /// What was renamed aside, as the ledger knows it.
    pub renamed: Vec<(ObjectId, String)>,
}

impl Schema {
    /// What is in use: without what was renamed aside.
    pub fn in_use(&self) -> Catalog {
        part_aside(&self.inspected.catalog, &self.renamed).0
    }
}

/// Does something with a database, and removes what was made for shadows whatever came of it.
pub async fn with_database(
    args: &Connection,
    work: impl AsyncFnOnce(&Live) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let connections = Connections::default();
    let live = Live { engine: engine(args, &connections)?, applying: Cell::new(false) };
    let mut interrupts = Interrupts::listen()?;
    let outcome = interrupts
        .during(work(&live), || {
            if !live.applying.get() {
                return Stop::AtOnce;
            }
            note("stopping when the schema is done; once more to end at once");
            Stop::Wait
        })
        .await;
    let closed = interrupts
        .tidying(async {
            let closed = live.engine.close().await;
            connections.drain().await;
            closed
        })
        .await;
    let Some(outcome) = outcome else { return Ok(Outcome::Interrupted) };
    let outcome = outcome?;
    closed.transpose()?;
    Ok(if interrupts.came() { Outcome::Interrupted } else { outcome })
}

fn engine(args: &Connection, connections: &Connections) -> Result<PostgresEngine, Failure> {
    let settings = argument::settings("--database", &args.database)?;
    let database = args.shadow.as_deref().map(|uri| argument::settings("--shadow", uri)).transpose()?;
    // No template: there is no tenant whose name would go into it.
    let owner =
        args.owner_role.as_deref().map(Identifier::new).transpose()?.map_or(Owner::Login, Owner::Role);
    let in_place = if args.shadow_in_place { InPlace::Allow } else { InPlace::default() };
    Ok(PostgresEngine::new(settings, connections.clone(), ShadowSettings { in_place, database, owner }))
}

impl Live {
    /// Reads a schema. What was renamed aside and no ledger knows is left out, and said.
    ///
    /// # Errors
    /// [`EngineError::Missing`], and what the server says.
    pub async fn read(&self, schema: &SchemaName, policy: &Policy) -> Result<Schema, Failure> {
        let mut found = None;
        self.engine
            .inspect(std::slice::from_ref(schema), policy, |inspected| found = Some(inspected))
            .await?;
        let mut inspected = found.ok_or_else(|| EngineError::Missing { schema: schema.clone() })?;
        let renamed = self.renamed(schema).await?;
        inspected.catalog = Arc::new(known(&inspected.catalog, &renamed));
        Ok(Schema { inspected, renamed })
    }

    /// What the ledger says was renamed aside in a schema; nothing where there is none that may be read.
    async fn renamed(&self, schema: &SchemaName) -> Result<Vec<(ObjectId, String)>, Failure> {
        let ledger = self.engine.ledger();
        if !ledger.exists().await? {
            return Ok(Vec::new());
        }
        match ledger.quarantined(schema).await {
            Ok(records) => Ok(records.into_iter().map(|record| (record.object, record.reserved)).collect()),
            Err(EngineError::Denied { what, remedy }) => {
                note(&format!("what was renamed aside is not known: {what}: {remedy}"));
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The schema without what an earlier plan renamed aside and no ledger knows, as where psql ran the plan: as nothing
/// remembers what that was, it is left alone, and said.
fn known(catalog: &Catalog, renamed: &[(ObjectId, String)]) -> Catalog {
    let (used, _) = part_aside(catalog, renamed);
    let aside = |fact: &Fact| fact.id.name.iter().any(|name| name.starts_with(RESERVED));
    let top = |fact: &&Fact| {
        let parent = fact.parent.as_ref().and_then(|parent| used.get(parent));
        aside(fact) && !parent.is_some_and(aside)
    };
    for fact in used.facts().filter(top) {
        note(&format!("{} was renamed aside by an earlier plan, and is left alone", fact.id));
    }
    catalog.filtered(|fact| !(aside(fact) && used.contains(&fact.id)))
}
