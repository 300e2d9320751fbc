//! Makes the ledger, and brings it to the layout that this program writes (D16).

use tenantry_engine::EngineError;
use tenantry_planner::Digest;
use tenantry_planner::sql::Quoted;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::PostgresLedger;
use super::row::Line;
use crate::apply;
use crate::connect::Session;

/// The layouts, one after the other: forward only, and never changed once released.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
];
/// The layout that this program writes.
const LAYOUT: i32 = MIGRATIONS.len() as i32;
/// The oldest program that may write what this one leaves, by the layout that it knows: one that knew nothing of schemas
/// that are put aside would make an empty one in the place of one that has rows.
const OLDEST_WRITER: i32 = 2;
/// What stands for the ledger's schema in them.
const PLACEHOLDER: &str = "__LEDGER__";
/// The advisory lock of whoever changes the layout.
const LOCK: i64 = i64::from_be_bytes(*b"tenantry");

const SITUATION: &str = include_str!("situation.sql");
const EXISTS: &str = include_str!("exists.sql");
const WRITE: &str = include_str!("layout.sql");
const PRUNE: &str = include_str!("prune.sql");
const READ: &str = "SELECT version, oldest_writer, functions, pruned_at < now() - interval '1 day' AS is_littered FROM layout";

/// Which layout stands there.
struct Layout {
    version: i32,
    oldest_writer: i32,
    functions: Option<String>,
    is_littered: bool,
}

/// What stands under the ledger's name.
struct Situation {
    role: String,
    database: String,
    /// Whether a schema may be made.
    may_create: bool,
    is_there: bool,
    owner: Option<String>,
    /// Whether we have its owner's rights.
    is_ours: bool,
    /// Whether anything is in it.
    is_occupied: bool,
    is_ledger: bool,
}

impl Layout {
    fn read(line: &Line<'_>) -> Result<Self, EngineError> {
        Ok(Self {
            version: line.get("version")?,
            oldest_writer: line.get("oldest_writer")?,
            functions: line.get("functions")?,
            is_littered: line.get("is_littered")?,
        })
    }

    /// Whether there is nothing to do. A newer program's layout keeps that program's functions.
    fn is_current(&self, functions: &str) -> bool {
        self.version > LAYOUT || self.version == LAYOUT && self.functions.as_deref() == Some(functions)
    }
}

impl PostgresLedger {
    pub(super) async fn is_there(&self) -> Result<bool, EngineError> {
        let schema = self.reach.settings().ledger_schema.as_str();
        let rows = self.ask("looking for the ledger", EXISTS, &[(&schema, Type::TEXT)]).await?;
        rows.first().map_or(Ok(false), |row| Line::new(self, "layout", row).get("exists"))
    }

    /// One query when there is nothing to do.
    pub(super) async fn bring_up_to_date(&self) -> Result<(), EngineError> {
        // A function whose answer changes needs a new layout too: an older program may be calling it.
        let functions = apply::functions(&self.reach.settings().ledger_schema);
        let session = self.reach.session().await?;
        match self.look(&session).await? {
            Some(layout) => {
                self.check(&layout)?;
                if layout.is_current(&digest(&functions)) {
                    return self.prune(session, &layout).await;
                }
            }
            None => self.check_name()?,
        }
        self.change(session, &functions).await
    }

    /// The layout, if it can be read. Why not is told by the catalog, later.
    async fn look(&self, session: &Session) -> Result<Option<Layout>, EngineError> {
        match session.query_typed_opt(READ, &[]).await {
            Ok(row) => row.map(|row| Layout::read(&Line::new(self, "layout", &row))).transpose(),
            Err(error) if is_unreadable(error.code()) => Ok(None),
            Err(error) => Err(session.failed("reading the ledger's layout", &error)),
        }
    }

    fn check(&self, layout: &Layout) -> Result<(), EngineError> {
        if layout.oldest_writer <= LAYOUT {
            return Ok(());
        }
        Err(self.unfit(format!(
            "it has layout {}, which programs that know layout {} or newer may write, and this one knows {LAYOUT}. Use a newer \
             version of Tenantry; nothing was changed",
            layout.version, layout.oldest_writer
        )))
    }

    /// The name stands in bodies of functions, between dollars.
    fn check_name(&self) -> Result<(), EngineError> {
        let settings = self.reach.settings();
        if !settings.ledger_schema.as_str().contains('$') {
            return Ok(());
        }
        Err(EngineError::Unsuitable {
            address: settings.address(),
            reason: format!("the ledger's schema {} has a dollar sign in its name", settings.ledger_schema),
            remedy: "Name another one as `ledgerSchema`".to_owned(),
        })
    }

    /// Makes or changes the layout, in one transaction, one process at a time.
    async fn change(&self, session: Session, functions: &[String]) -> Result<(), EngineError> {
        let doing = "making the ledger";
        let digest = digest(functions);
        // Whoever changes the layout is done within seconds.
        let begin =
            format!("BEGIN; SET LOCAL lock_timeout = '60s'; SELECT pg_catalog.pg_advisory_xact_lock({LOCK})");
        session.run(doing, &begin).await?;
        let situation = self.situation(&session).await?;
        self.refuse(&situation)?;
        let layout = if situation.is_ledger { Some(self.layout(&session).await?) } else { None };
        if layout.as_ref().is_none_or(|layout| !layout.is_current(&digest)) {
            let schema = self.reach.settings().ledger_schema.to_string();
            let version = layout.map_or(0, |layout| layout.version);
            let script = script(!situation.is_there, version, functions, &schema);
            session.batch_execute(&script).await.map_err(|error| self.failed(&session, doing, &error))?;
            let identity = self.reach.database().await?.identity();
            let values = [
                (&LAYOUT as _, Type::INT4),
                (&OLDEST_WRITER as _, Type::INT4),
                (&digest as _, Type::TEXT),
                (&identity.address as _, Type::TEXT),
                (&identity.system_identifier as _, Type::TEXT),
                (&identity.oid as _, Type::OID),
            ];
            let written = session.execute_typed(WRITE, &values).await;
            written.map_err(|error| self.failed(&session, doing, &error))?;
        }
        session.run(doing, "COMMIT").await?;
        session.put_back();
        Ok(())
    }

    async fn situation(&self, session: &Session) -> Result<Situation, EngineError> {
        let schema = self.reach.settings().ledger_schema.as_str();
        let row = session
            .query_typed_one(SITUATION, &[(&schema, Type::TEXT)])
            .await
            .map_err(|error| session.failed("looking for the ledger", &error))?;
        let line = Line::new(self, "pg_namespace", &row);
        Ok(Situation {
            role: line.get("role")?,
            database: line.get("database")?,
            may_create: line.get("may_create")?,
            is_there: line.get("is_there")?,
            owner: line.get("owner")?,
            is_ours: line.get("is_ours")?,
            is_occupied: line.get("is_occupied")?,
            is_ledger: line.get("is_ledger")?,
        })
    }

    /// Refuses to make or change what is not ours to make or change.
    fn refuse(&self, situation: &Situation) -> Result<(), EngineError> {
        let schema = &self.reach.settings().ledger_schema;
        let address = self.reach.settings().address();
        let role = Quoted(&situation.role);
        if !situation.is_there && !situation.may_create {
            return Err(EngineError::Denied {
                what: format!("role {role} may not make the ledger's schema {schema} in {address}"),
                remedy: format!(
                    "GRANT CREATE ON DATABASE {} TO {role}; or make it beforehand: CREATE SCHEMA {schema} AUTHORIZATION {role}",
                    Quoted(&situation.database)
                ),
            });
        }
        if situation.is_occupied && !situation.is_ledger {
            return Err(self.unfit(format!(
                "schema {schema} holds other things and is no ledger; it was not touched. Name another one as `ledgerSchema`"
            )));
        }
        match situation.owner.as_deref().filter(|_| !situation.is_ours) {
            Some(owner) => Err(EngineError::Denied {
                what: format!(
                    "the ledger's schema {schema} in {address} belongs to role {owner}, and this is {role}"
                ),
                remedy: format!("GRANT {} TO {role}, or log in as a role that has it", Quoted(owner)),
            }),
            None => Ok(()),
        }
    }

    /// The layout of a ledger that is there.
    async fn layout(&self, session: &Session) -> Result<Layout, EngineError> {
        let layout = self.look(session).await?.ok_or_else(|| {
            self.unfit(
                "its table layout has no row that can be read. Restore it from a backup of this database",
            )
        })?;
        self.check(&layout)?;
        Ok(layout)
    }

    /// Once a day, removes what nobody needs any more. That this fails is no reason to do nothing.
    async fn prune(&self, session: Session, layout: &Layout) -> Result<(), EngineError> {
        if layout.is_littered
            && let Err(error) = session.execute_typed(PRUNE, &[]).await
        {
            let error = self.failed(&session, "removing what is old from the ledger", &error);
            tracing::warn!(%error, "the ledger keeps what it could forget");
            return Ok(());
        }
        session.put_back();
        Ok(())
    }
}

/// Whether the layout is not there, is another table's, or is not for us.
fn is_unreadable(code: Option<&SqlState>) -> bool {
    let codes = [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::INVALID_SCHEMA_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
        SqlState::WRONG_OBJECT_TYPE,
    ];
    code.is_some_and(|code| codes.contains(code))
}

/// The statements that lead from a layout to this program's, and take from PUBLIC what the server, or the database's default
/// privileges, give it.
fn script(make: bool, from: i32, functions: &[String], schema: &str) -> String {
    let done = usize::try_from(from).unwrap_or_default();
    let make = make.then(|| format!("CREATE SCHEMA {PLACEHOLDER}"));
    let close = ["SCHEMA", "ALL TABLES IN SCHEMA", "ALL SEQUENCES IN SCHEMA", "ALL ROUTINES IN SCHEMA"]
        .map(|what| format!("REVOKE ALL ON {what} {PLACEHOLDER} FROM PUBLIC"));
    let tables = MIGRATIONS.iter().skip(done).map(|text| (*text).to_owned());
    let tables: Vec<String> = make.into_iter().chain(tables).collect();
    let made = |text: &String| text.replace(PLACEHOLDER, schema);
    let texts: Vec<String> =
        tables.iter().map(made).chain(functions.iter().cloned()).chain(close.iter().map(made)).collect();
    texts.join(";\n")
}

/// The digest of the functions' texts.
fn digest(functions: &[String]) -> String {
    Digest::of_texts(functions).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layout_begins_where_the_one_before_ends() {
        assert!(script(true, 0, &[], "l").starts_with("CREATE SCHEMA l;\n"));
        assert!(script(false, 0, &[], "l").contains("CREATE TABLE l.layout"));
        assert!(!script(false, 0, &[], "l").contains("CREATE SCHEMA"));
        assert!(!script(false, 1, &[], "l").contains("CREATE TABLE l.layout"));
        assert!(
            script(false, 1, &[], "\"L\"\"\"")
                .ends_with("REVOKE ALL ON ALL ROUTINES IN SCHEMA \"L\"\"\" FROM PUBLIC")
        );
    }

    #[test]
    fn a_newer_layout_is_current_whatever_its_functions_and_ours_only_with_our_own() {
        let layout = |version, functions: &str| Layout {
            version,
            oldest_writer: 1,
            functions: Some(functions.to_owned()),
            is_littered: false,
        };
        assert!(layout(LAYOUT, "f").is_current("f"));
        assert!(!layout(LAYOUT, "g").is_current("f"));
        assert!(layout(LAYOUT + 1, "g").is_current("f"));
        assert!(!layout(LAYOUT - 1, "f").is_current("f"));
        assert_ne!(digest(&["a".to_owned(), "b".to_owned()]), digest(&["ab".to_owned()]));
    }
}
