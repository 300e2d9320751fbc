//! Shadows: schemas that are made, changed, read back and gone, so that nobody ever sees them (D8).
//!
//! A shadow lives in a transaction that is rolled back, on the tenants' own database where nobody would notice it, else in a
//! database of its own. There it can also be committed, for what must be proved in more than one transaction (D9).

mod apart;
mod name;
mod place;
mod stubs;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tenantry_catalog::{Catalog, External};
use tenantry_engine::{EngineError, Proposal, SchemaName, Source, Start, Target};
use tenantry_planner::sql::{Identifier, SqlTemplate};
use tenantry_planner::{Plan, Policy, Segment, Verb};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};
use tokio_postgres::error::DbError;

use self::apart::Apart;
use self::place::{Place, Situation};
use crate::compile::compile;
use crate::connect::{Connections, Session, Settings};
use crate::database::Database;
use crate::inspect::inspect;
use crate::owner::Owner;
use crate::propose::propose;

pub use self::name::PREFIX;
pub use self::place::InPlace;

pub(crate) use self::place::Wanted;

/// How many statements that make a large schema are committed together: few locks at a time.
const STATEMENTS_A_COMMIT: usize = 50;
/// How many relations are removed in one transaction.
const RELATIONS_A_DROP: i64 = 200;
/// How long a shadow in place waits for a lock: nobody shall wait behind it.
const LOCK_TIMEOUT_IN_PLACE: &str = "100ms";
/// How long one apart waits: for another process's proof in the same scratch database.
const LOCK_TIMEOUT_APART: &str = "5min";

/// Where and as whom shadows are made.
#[derive(Clone, Debug, Default)]
pub struct ShadowSettings {
    /// Whether they may be in the tenants' own database.
    pub in_place: InPlace,
    /// A scratch database for them; without one, one is made beside the tenants' database.
    pub database: Option<Settings>,
    /// The role that the definition's and the plan's statements run as; the login, where each tenant has its own (D2).
    pub owner: Owner,
}

/// What makes shadows for one database.
pub struct Shadows {
    database: Database,
    connections: Connections,
    settings: ShadowSettings,
    apart: Arc<Mutex<Option<Apart>>>,
    /// Held as long as a shadow apart may lock the stub of a shared table.
    sharing: Arc<Mutex<()>>,
    /// Whether a database of their own was ever begun.
    begun: AtomicBool,
}

/// A statement that a server refused.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Which of those that were to run.
    pub at: usize,
    /// What the server said.
    pub error: tokio_postgres::Error,
}

/// Why statements did not run.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The server refused one.
    Statement(Failed),
    /// Anything else.
    Engine(EngineError),
}

impl From<EngineError> for RunError {
    fn from(error: EngineError) -> Self {
        RunError::Engine(error)
    }
}

impl Shadows {
    /// Shadows for this database.
    pub fn new(database: Database, connections: Connections, settings: ShadowSettings) -> Self {
        let begun = AtomicBool::new(false);
        Self { database, connections, settings, apart: Arc::default(), sharing: Arc::default(), begun }
    }

    /// Compiles a definition.
    ///
    /// # Errors
    /// [`EngineError::Definition`] with every fault that could be told, [`EngineError::NoShadow`], else what a server says.
    pub async fn compile(&self, sources: &[Source], policy: &Policy) -> Result<Target, EngineError> {
        compile(self, sources, policy).await
    }

    /// Plans and proves the way from one starting point, and the way back.
    ///
    /// # Errors
    /// What a server says, and where there is no place to prove a plan. That there is no plan is an answer.
    pub async fn propose(&self, start: Start<'_>, target: &Target) -> Result<Proposal, EngineError> {
        propose(self, start, target).await
    }

    /// The tenants' database.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// What is in a schema of the tenants' database.
    ///
    /// # Errors
    /// [`EngineError::Missing`] where there is no such schema, else what a server says.
    pub async fn catalog(&self, schema: &SchemaName) -> Result<Catalog, EngineError> {
        let session = self.database.session().await?;
        let begin =
            "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL plan_cache_mode = force_generic_plan";
        session.run("reading a schema", begin).await?;
        let mut catalog = read(&session, schema).await?;
        session.run("reading a schema", "ROLLBACK").await?;
        session.put_back();
        self.settings.owner.abstract_tenant(&mut catalog);
        Ok(Arc::unwrap_or_clone(catalog))
    }

    /// Opens a shadow where it can be. What it refers to outside of the schema is there.
    ///
    /// # Errors
    /// [`EngineError::NoShadow`] where there is no place for it, and what a server says.
    pub(crate) async fn open<'a>(
        &self,
        wanted: &Wanted,
        externals: impl IntoIterator<Item = &'a External> + Send,
    ) -> Result<Shadow, EngineError> {
        let session = self.database.session().await?;
        let situation = self.situation(&session).await?;
        if situation.choose(wanted)? == Place::InPlace {
            return Shadow::open(session, Keeping::RolledBack, &self.settings, Place::InPlace, None).await;
        }
        session.put_back();
        // A foreign key locks the table that it refers to until its shadow ends: two shadows would wait for each other.
        let sharing = match wanted.shared.is_empty() {
            true => None,
            false => Some(Arc::clone(&self.sharing).lock_owned().await),
        };
        let mut apart = self.apart().await?;
        apart.prepare(&self.database, externals).await?;
        let session = apart.session().await?;
        let large = wanted.locks > situation.free_locks / 4;
        let keeping = if wanted.commits || large { Keeping::Committed } else { Keeping::RolledBack };
        Shadow::open(session, keeping, &self.settings, Place::Apart, sharing).await
    }

    /// The database for shadows. It is made to its end also where nobody waits for it any more, as what an interrupted
    /// server went on with could not be removed.
    async fn apart(&self) -> Result<OwnedMappedMutexGuard<Option<Apart>, Apart>, EngineError> {
        let mut slot = Arc::clone(&self.apart).lock_owned().await;
        if slot.is_none() {
            self.begun.store(true, Ordering::Relaxed);
            let (database, connections) = (self.database.clone(), self.connections.clone());
            let settings = self.settings.clone();
            let making = tokio::spawn(async move {
                *slot = Some(Apart::make(&database, &connections, &settings).await?);
                Ok::<_, EngineError>(slot)
            });
            slot = making.await.map_err(|_| EngineError::Cancelled)??;
        }
        OwnedMutexGuard::try_map(slot, Option::as_mut).map_err(|_| EngineError::Cancelled)
    }

    /// Removes the database that was made for shadows, if one was.
    ///
    /// # Errors
    /// What the server says.
    pub async fn close(&self) -> Result<(), EngineError> {
        match self.apart.lock().await.take() {
            Some(apart) => apart.remove(&self.database).await,
            None if self.begun.load(Ordering::Relaxed) => {
                // It could not be made to its end: once the session that made it is gone, it is left over.
                self.connections.drain().await;
                apart::sweep(&self.database).await
            }
            None => Ok(()),
        }
    }

    async fn situation(&self, session: &Session) -> Result<Situation, EngineError> {
        let failed = |error| session.failed("looking for a place for a shadow", &error);
        let row = session.query_one(include_str!("shadow/situation.sql"), &[]).await.map_err(failed)?;
        let free_locks: i64 = row.try_get("free_locks").map_err(failed)?;
        Ok(Situation {
            address: self.database.identity().address.clone(),
            login: row.try_get("login").map_err(failed)?,
            database: row.try_get("database").map_err(failed)?,
            in_place: self.settings.in_place,
            may_create_schema: row.try_get("may_create_schema").map_err(failed)?,
            may_create_database: row.try_get("may_create_database").map_err(failed)?,
            named: self.settings.database.is_some(),
            free_locks: free_locks.unsigned_abs(),
        })
    }
}

/// Whether what happens in a shadow is ever committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeping {
    /// All of it is in one transaction that is rolled back.
    RolledBack,
    /// Each segment is a transaction, and the schema is removed in the end.
    Committed,
}

/// One schema that nobody sees.
pub(crate) struct Shadow {
    session: Session,
    schema: SchemaName,
    keeping: Keeping,
    owner: Owner,
    /// Held where it may lock the stub of a shared table.
    sharing: Option<OwnedMutexGuard<()>>,
}

impl Shadow {
    async fn open(
        mut session: Session,
        keeping: Keeping,
        settings: &ShadowSettings,
        place: Place,
        sharing: Option<OwnedMutexGuard<()>>,
    ) -> Result<Self, EngineError> {
        let unnamed = |error| EngineError::NoShadow { reason: format!("{error}"), remedy: String::new() };
        let schema = name::schema(session.pid()).map_err(unnamed)?;
        session.visit(1);
        let shadow = Self { session, schema, keeping, owner: settings.owner.clone(), sharing };
        let timeout = match place {
            Place::InPlace => LOCK_TIMEOUT_IN_PLACE,
            Place::Apart => LOCK_TIMEOUT_APART,
        };
        // The same as `sharing`, for other processes.
        let (transaction, session) = match shadow.sharing {
            Some(_) => (
                "SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('shadow'));",
                "SELECT pg_advisory_lock(hashtext('tenantry'), hashtext('shadow'))",
            ),
            None => ("", ""),
        };
        match keeping {
            Keeping::RolledBack => {
                let begin = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout";
                shadow.execute(&format!("{begin} = '{timeout}'; {transaction}")).await?;
                // A new schema makes all plans of the server's sessions anew: it is made once, and emptied by going back to here.
                shadow.make().await?;
                shadow.execute("SAVEPOINT shadow").await?;
            }
            Keeping::Committed => {
                shadow.execute(&format!("SET lock_timeout = '{timeout}'; {session}")).await?;
                shadow.clear().await?;
            }
        }
        Ok(shadow)
    }

    /// The schema's name.
    pub(crate) fn schema(&self) -> &SchemaName {
        &self.schema
    }

    /// Whether it can hold what must be committed before something else runs.
    pub(crate) fn commits(&self) -> bool {
        self.keeping == Keeping::Committed
    }

    /// The connection that it is on.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    async fn execute(&self, sql: &str) -> Result<(), EngineError> {
        self.session.run("working on a shadow", sql).await
    }

    /// Makes the schema empty. Names are looked for in it alone, as when a plan runs.
    pub(crate) async fn clear(&self) -> Result<(), EngineError> {
        match self.keeping {
            Keeping::RolledBack => self.execute("ROLLBACK TO SAVEPOINT shadow").await,
            Keeping::Committed => {
                self.execute("RESET ROLE").await?;
                self.remove().await?;
                self.make().await
            }
        }
    }

    /// Makes the schema, and sets what statements in it run under.
    async fn make(&self) -> Result<(), EngineError> {
        let schema = self.schema.identifier();
        let local = self.local();
        let (authorization, role) = match self.owner.in_shadow() {
            Some(role) => (format!(" AUTHORIZATION {role}"), format!("SET {local}ROLE {role};")),
            None => (String::new(), String::new()),
        };
        self.execute(&format!(
            "CREATE SCHEMA {schema}{authorization}; {role} SET {local}check_function_bodies = off"
        ))
        .await?;
        self.search(&[]).await
    }

    /// What makes a setting end with the transaction, if there is one.
    fn local(&self) -> &'static str {
        match self.keeping {
            Keeping::RolledBack => "LOCAL ",
            Keeping::Committed => "",
        }
    }

    /// Where names are looked for: in the schema, then in these.
    pub(crate) async fn search(&self, others: &[Identifier]) -> Result<(), EngineError> {
        let local = self.local();
        let others: String = others.iter().map(|other| format!("{other}, ")).collect();
        let schema = self.schema.identifier();
        // A definition is read as if it were loaded: unless it is named, pg_catalog comes first.
        let builtin = if others.is_empty() { "pg_catalog, " } else { "" };
        let path = format!("SET {local}search_path = {schema}, {others}{builtin}pg_temp");
        self.execute(&path).await
    }

    /// Runs statements that make something.
    ///
    /// # Errors
    /// The first statement that the server refuses. The shadow must be cleared, or closed, then.
    pub(crate) async fn run(&self, statements: &[String]) -> Result<(), RunError> {
        let size =
            if self.keeping == Keeping::Committed { STATEMENTS_A_COMMIT } else { statements.len().max(1) };
        for (number, chunk) in statements.chunks(size).enumerate() {
            self.together(chunk, number * size).await?;
        }
        Ok(())
    }

    /// Runs a plan in the very segments that it has, but for what only fills a materialized view: that would run the
    /// tenant's functions, and changes nothing of the schema (D2).
    ///
    /// # Errors
    /// As [`Shadow::run`]; the number is the step's.
    pub(crate) async fn run_plan(&self, plan: &Plan) -> Result<(), RunError> {
        let mut at = 0;
        for segment in plan.segments() {
            let sql: Vec<String> = segment
                .steps()
                .iter()
                .map(|step| match step.verb {
                    Verb::Fill => String::new(),
                    _ => SqlTemplate::parse(step.sql.as_str()).fill(self.schema.identifier()),
                })
                .collect();
            match segment {
                Segment::Transaction(_) => self.together(&sql, at).await?,
                Segment::Alone(_) => self.alone(&sql[0], at).await?,
            }
            at += sql.len();
        }
        Ok(())
    }

    /// Runs statements in one message, and again one by one where that fails, to find out which it was.
    async fn together(&self, statements: &[String], first: usize) -> Result<(), RunError> {
        let (begin, end, undo) = match self.keeping {
            Keeping::RolledBack => {
                ("SAVEPOINT batch", "RELEASE SAVEPOINT batch", "ROLLBACK TO SAVEPOINT batch")
            }
            Keeping::Committed => ("BEGIN", "COMMIT", "ROLLBACK"),
        };
        // A message of its own: one with a syntax error in it does not even begin.
        self.execute(begin).await?;
        // A statement may end in a comment: the semicolon goes on a line of its own.
        let batch = format!("{}\n;\n{end}", statements.join("\n;\n"));
        match self.session.batch_execute(&batch).await {
            Ok(()) => return Ok(()),
            Err(error) if error.as_db_error().is_none() => {
                return Err(self.session.failed("working on a shadow", &error).into());
            }
            Err(_) => self.execute(undo).await?,
        }
        self.execute(begin).await?;
        for (at, statement) in statements.iter().enumerate() {
            self.alone(statement, first + at).await?;
        }
        // What failed together went well one by one: it was a lock.
        self.execute(end).await?;
        Ok(())
    }

    /// Runs one statement as it is.
    async fn alone(&self, statement: &str, at: usize) -> Result<(), RunError> {
        match self.session.batch_execute(statement).await {
            Ok(()) => Ok(()),
            // It is about the moment, and not about the statement.
            Err(error) if self.session.failed("working on a shadow", &error).is_transient() => {
                Err(self.session.failed("working on a shadow", &error).into())
            }
            Err(error) if error.as_db_error().is_some() => {
                if self.keeping == Keeping::Committed {
                    self.execute("ROLLBACK").await?;
                }
                Err(RunError::Statement(Failed { at, error }))
            }
            Err(error) => Err(self.session.failed("working on a shadow", &error).into()),
        }
    }

    /// Runs something that leaves no trace, whether it works or not. Bodies of functions are checked meanwhile.
    ///
    /// # Errors
    /// What has nothing to do with the statement; its own failure is the answer.
    pub(crate) async fn attempt(&self, sql: &str) -> Result<Result<(), DbError>, EngineError> {
        let (begin, end) = self.aside();
        self.execute(begin).await?;
        let outcome =
            self.session.batch_execute(&format!("SET LOCAL check_function_bodies = on; {sql}")).await;
        let outcome = match outcome {
            Ok(()) => Ok(()),
            Err(error) => match error.as_db_error() {
                Some(said) => Err(said.clone()),
                None => return Err(self.session.failed("working on a shadow", &error)),
            },
        };
        self.execute(end).await?;
        Ok(outcome)
    }

    /// What begins and what ends something whose settings, locks and changes do not outlive it.
    fn aside(&self) -> (&'static str, &'static str) {
        match self.keeping {
            Keeping::RolledBack => {
                ("SAVEPOINT aside", "ROLLBACK TO SAVEPOINT aside; RELEASE SAVEPOINT aside")
            }
            Keeping::Committed => ("BEGIN ISOLATION LEVEL READ COMMITTED", "ROLLBACK"),
        }
    }

    /// Reads what is in the schema.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) async fn read(&self) -> Result<Catalog, EngineError> {
        let (begin, end) = self.aside();
        // To plan the statements takes much longer than to run them on one schema.
        self.execute(&format!("{begin}; SET LOCAL plan_cache_mode = force_generic_plan")).await?;
        let mut catalog = read(&self.session, &self.schema).await?;
        self.execute(end).await?;
        self.owner.abstract_shadow(&mut catalog);
        Ok(Arc::unwrap_or_clone(catalog))
    }

    /// Ends it: nothing of it is left.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) async fn close(self) -> Result<(), EngineError> {
        match self.keeping {
            Keeping::RolledBack => {
                self.execute("ROLLBACK").await?;
                self.session.put_back();
            }
            // The session's settings are not what a pool expects: it is closed.
            Keeping::Committed => {
                self.execute("RESET ROLE").await?;
                self.remove().await?;
            }
        }
        Ok(())
    }

    /// Removes a committed schema, a part at a time where it is large: each relation takes entries of the server's lock table.
    async fn remove(&self) -> Result<(), EngineError> {
        let schema = self.schema.identifier();
        let failed = |error| self.session.failed("removing a shadow", &error);
        loop {
            let relations = self
                .session
                .query(include_str!("shadow/relations.sql"), &[&self.schema.as_str(), &RELATIONS_A_DROP])
                .await
                .map_err(failed)?;
            if i64::try_from(relations.len()).is_ok_and(|count| count < RELATIONS_A_DROP) {
                break;
            }
            let drops: Result<Vec<String>, _> = relations.iter().map(|row| row.try_get(0)).collect();
            self.execute(&drops.map_err(failed)?.join("; ")).await?;
        }
        self.execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await
    }
}

/// Reads one schema, in a transaction that is open.
async fn read(session: &Session, schema: &SchemaName) -> Result<Arc<Catalog>, EngineError> {
    let failed = |error| session.failed("reading a schema", &error);
    let sql = "SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let missing = || EngineError::Missing { schema: schema.clone() };
    let row = session.query_opt(sql, &[&schema.as_str()]).await.map_err(failed)?.ok_or_else(missing)?;
    let oid: u32 = row.try_get(0).map_err(failed)?;
    let mut read =
        inspect(&**session, session.statements(), &[oid]).await.map_err(|error| error.told(session))?;
    read.remove(&oid).ok_or_else(missing)
}
