//! Reads many schemas, in batches, each of them between two equal watermarks (D12): what was changed meanwhile is read again.

mod batches;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tenantry_catalog::{Catalog, Fingerprint, ObjectId};
use tenantry_engine::{EngineError, Inspected, SchemaName, Watermark};
use tenantry_planner::sql::Quoted;
use tenantry_planner::{Policy, part_aside};
use tokio_postgres::types::Type;

use self::batches::{Batch, Item, Waiting, pause};
use crate::connect::Session;
use crate::database::Database;
use crate::error::{is_lost, server_error};
use crate::inspect::{InspectError, inspect};
use crate::known::{Known, Renamed};
use crate::owner::Owner;
use crate::watermark;

/// How reading begins. A plan that serves any schemas is made once a connection: to plan the statements takes as long as to run
/// them. Little is waited for somebody's lock on a table that a view selects from (printing a view takes one too): the others of
/// the batch wait along.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
    SET LOCAL plan_cache_mode = force_generic_plan;
    SET LOCAL lock_timeout = '250ms'";

/// How many schemas that are only read leave as much behind in a backend as one that is changed: about 5 kB a table, and not 18.
const READ_LIKE_ONE_CHANGED: usize = 4;

/// See [`tenantry_engine::Engine::inspect`].
///
/// # Errors
/// What the server says; [`EngineError::Unreadable`] once all others were handed out.
pub(crate) async fn inspect_all(
    database: &Database,
    owner: &Owner,
    schemas: &[SchemaName],
    policy: &Policy,
    mut each: impl FnMut(Inspected) + Send,
) -> Result<(), EngineError> {
    let session = database.session().await?;
    let known = Known::look(&session, &database.settings().ledger_schema).await?;
    let mut waiting = Waiting::new(sizes(&session, schemas).await?);
    let at_once = waiting.at_once();
    session.put_back();

    let login = &database.settings().user;
    let reading = Reading { database, owner, policy, known: known.as_ref() };
    let mut running = FuturesUnordered::new();
    let mut given_up: BTreeMap<SchemaName, EngineError> = BTreeMap::new();
    loop {
        while running.len() < at_once
            && let Some(batch) = waiting.next(running.is_empty())
        {
            running.push(reading.batch(batch));
        }
        let Some(outcome) = running.next().await else { break };
        let Outcome { found, moved, hidden, unread } = outcome?;
        given_up.extend(hidden.into_iter().map(|schema| (schema.clone(), denied(&schema, login))));
        found.into_iter().for_each(&mut each);
        match unread {
            None => {}
            // It was one of those that moved.
            Some((batch, _)) if !moved.is_empty() => waiting.unread(batch),
            Some((mut batch, error)) => match batch.pop() {
                None => {}
                // What stands in the way may pass: somebody's lock.
                Some(one) if batch.is_empty() => {
                    given_up.extend(waiting.again(one).map(|one| {
                        let error = error.about(&one.schema);
                        (one.schema, error)
                    }));
                }
                Some(one) => {
                    batch.push(one);
                    waiting.halve(batch);
                }
            },
        }
        for item in moved.into_iter().filter_map(|item| waiting.again(item)) {
            given_up.insert(item.schema.clone(), EngineError::Moved { schema: item.schema });
        }
    }
    if given_up.is_empty() { Ok(()) } else { Err(EngineError::Unreadable(given_up)) }
}

/// The schemas that are there, each once, with how much is in them.
async fn sizes(session: &Session, schemas: &[SchemaName]) -> Result<Vec<Item>, EngineError> {
    let failed = |error| session.failed("looking for schemas", &error);
    let names: Vec<&str> = schemas.iter().map(SchemaName::as_str).collect();
    let sql = include_str!("inspection/sizes.sql");
    let rows = session.query_typed(sql, &[(&names, Type::TEXT_ARRAY)]).await.map_err(failed)?;
    let by_name: BTreeMap<&str, &SchemaName> = schemas.iter().map(|name| (name.as_str(), name)).collect();
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let objects: i64 = row.try_get("objects").map_err(failed)?;
        if let Some(schema) = by_name.get(row.try_get::<_, &str>("name").map_err(failed)?) {
            let objects = usize::try_from(objects).unwrap_or(usize::MAX);
            items.push(Item { schema: (*schema).clone(), objects, tries: 0 });
        }
    }
    Ok(items)
}

/// What came of a batch.
#[derive(Default)]
struct Outcome {
    found: Vec<Inspected>,
    moved: Vec<Item>,
    /// Where the login may not look up names.
    hidden: Vec<SchemaName>,
    /// What did not move and could not be read, with the reason.
    unread: Option<(Batch, Unread)>,
}

/// Why a batch could not be read, though the connection is well.
enum Unread {
    Server(tenantry_engine::ServerError),
    Program(String),
}

impl Unread {
    /// The words in which it leaves the engine.
    fn about(self, schema: &SchemaName) -> EngineError {
        match self {
            Unread::Server(error) => EngineError::Refused { schema: schema.clone(), error },
            Unread::Program(error) => EngineError::Unread(format!("schema {schema}: {error}")),
        }
    }
}

/// A schema as it stands at one moment.
#[derive(PartialEq, Eq)]
struct Mark {
    schema: SchemaName,
    watermark: Watermark,
    /// Whether the login may look names up in it.
    readable: bool,
}

/// What is handed out of a catalog.
#[derive(Clone)]
struct View {
    catalog: Arc<Catalog>,
    fingerprint: Fingerprint,
}

/// Schemas as they stand at one moment, by their oids.
type Marks = BTreeMap<u32, Mark>;

/// What is the same for all batches.
#[derive(Clone, Copy)]
struct Reading<'a> {
    database: &'a Database,
    owner: &'a Owner,
    policy: &'a Policy,
    known: Option<&'a Known>,
}

impl Reading<'_> {
    /// Reads a batch.
    async fn batch(self, batch: Batch) -> Result<Outcome, EngineError> {
        tokio::time::sleep(pause(&batch)).await;
        let mut session = self.database.session().await?;
        session.visit(batch.len().div_ceil(READ_LIKE_ONE_CHANGED));
        let doing = "reading schemas";
        session.run(doing, BEGIN).await?;
        let commits = commits(&session).await?;
        let before = marks(&session, &batch).await?;
        // Between the watermarks: an apply renames and writes it down in one commit.
        let renamed = match self.known {
            Some(known) => known.renamed(&session, batch.iter().map(|item| &item.schema)).await?,
            None => Renamed::new(),
        };
        let oids: Vec<u32> = before.keys().copied().collect();
        let read = match inspect(&*session, session.statements(), &oids).await {
            Err(InspectError::Query { what, source }) if is_lost(&source) => {
                return Err(InspectError::Query { what, source }.told(&session));
            }
            read => read.map(|mut catalogs| {
                catalogs.values_mut().for_each(|catalog| self.owner.abstract_tenant(catalog));
                catalogs
            }),
        };
        session.run(doing, "ROLLBACK").await?;
        // Where nothing at all was committed, nothing moved.
        let quiet = commits.is_some() && commits == self::commits(&session).await?;
        let after = if quiet {
            None
        } else {
            session.run(doing, BEGIN).await?;
            let after = marks(&session, &batch).await?;
            session.run(doing, "ROLLBACK").await?;
            Some(after)
        };
        session.put_back();
        Ok(self.outcome(batch, &before, after.as_ref().unwrap_or(&before), read, &renamed))
    }

    /// A catalog as the policy sees it, and its fingerprint without what was renamed aside.
    fn view(self, read: &Catalog, aside: &[(ObjectId, String)]) -> View {
        let catalog = Arc::new(self.policy.project(read));
        let fingerprint = match aside {
            [] => Fingerprint::of(&catalog),
            aside => Fingerprint::of(&part_aside(&catalog, aside).0),
        };
        View { catalog, fingerprint }
    }

    fn outcome(
        self,
        batch: Batch,
        before: &Marks,
        after: &Marks,
        read: Result<BTreeMap<u32, Arc<Catalog>>, InspectError>,
        renamed: &Renamed,
    ) -> Outcome {
        let there: BTreeSet<&SchemaName> = before.values().map(|mark| &mark.schema).collect();
        let still: Vec<(u32, &Mark)> = before
            .iter()
            .filter(|(oid, mark)| after.get(oid) == Some(mark))
            .map(|(oid, mark)| (*oid, mark))
            .collect();
        let stood: BTreeSet<&SchemaName> = still.iter().map(|(_, mark)| &mark.schema).collect();
        let (stayed, moved): (Batch, Batch) = batch
            .into_iter()
            .filter(|item| there.contains(&item.schema))
            .partition(|item| stood.contains(&item.schema));
        match read {
            Ok(catalogs) => {
                let (readable, hidden): (Vec<_>, Vec<_>) =
                    still.into_iter().partition(|(_, mark)| mark.readable);
                // What is shared is looked at once.
                let mut views: HashMap<(*const Catalog, &[_]), View> = HashMap::new();
                let found = readable.into_iter().filter_map(|(oid, mark)| {
                    let aside = renamed.get(mark.schema.as_str()).map(Vec::as_slice).unwrap_or_default();
                    let read = catalogs.get(&oid)?;
                    let view = views.entry((Arc::as_ptr(read), aside));
                    let View { catalog, fingerprint } =
                        view.or_insert_with(|| self.view(read, aside)).clone();
                    let Mark { schema, watermark, .. } = mark;
                    let (schema, watermark) = (schema.clone(), watermark.clone());
                    Some(Inspected { schema, oid, watermark, catalog, fingerprint })
                });
                let found = found.collect();
                let hidden = hidden.into_iter().map(|(_, mark)| mark.schema.clone()).collect();
                Outcome { found, moved, hidden, unread: None }
            }
            Err(error) => {
                let said = match &error {
                    InspectError::Query { source, .. } => source.as_db_error(),
                    _ => None,
                };
                let error = match said {
                    Some(said) => Unread::Server(server_error(said)),
                    None => Unread::Program(error.to_string()),
                };
                Outcome { moved, unread: Some((stayed, error)), ..Outcome::default() }
            }
        }
    }
}

/// What was committed so far: as long as this stays the same, nothing was. `None` where it cannot be told.
async fn commits(session: &Session) -> Result<Option<String>, EngineError> {
    let row = session.query_typed_one(include_str!("inspection/commits.sql"), &[]).await;
    row.and_then(|row| row.try_get(0)).map_err(|error| session.failed("looking for commits", &error))
}

/// The schemas that are there, with their watermarks.
async fn marks(session: &Session, batch: &Batch) -> Result<Marks, EngineError> {
    let failed = |error| session.failed("looking for schemas", &error);
    let names: Vec<&str> = batch.iter().map(|item| item.schema.as_str()).collect();
    let sql = include_str!("inspection/marks.sql");
    let rows = session.query_typed(sql, &[(&names, Type::TEXT_ARRAY)]).await.map_err(failed)?;
    let by_name: BTreeMap<&str, &SchemaName> =
        batch.iter().map(|item| (item.schema.as_str(), &item.schema)).collect();
    let mut there: BTreeMap<u32, (&SchemaName, bool)> = BTreeMap::new();
    for row in &rows {
        if let Some(schema) = by_name.get(row.try_get::<_, &str>("name").map_err(failed)?) {
            let readable = row.try_get("readable").map_err(failed)?;
            there.insert(row.try_get("oid").map_err(failed)?, (schema, readable));
        }
    }
    let watermarks = watermark::watermarks(session, &there.keys().copied().collect()).await?;
    Ok(watermarks
        .into_iter()
        .filter_map(|(oid, watermark)| {
            let (schema, readable) = *there.get(&oid)?;
            Some((oid, Mark { schema: schema.clone(), watermark, readable }))
        })
        .collect())
}

/// That a schema cannot be read, though it is there.
fn denied(schema: &SchemaName, login: &str) -> EngineError {
    let login = Quoted(login);
    EngineError::Denied {
        what: format!("{login} may not look up names in it"),
        remedy: format!("GRANT USAGE ON SCHEMA {} TO {login}", schema.identifier()),
    }
}
