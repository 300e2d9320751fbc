//! A database of its own for shadows: one that the configuration names, or one that is made beside the tenants' database.

use std::collections::BTreeMap;

use tenantry_catalog::{Catalog, External};
use tenantry_engine::EngineError;
use tenantry_planner::sql::{Identifier, Literal};

use super::{ShadowSettings, name, stubs};
use crate::connect::{Connections, Session, Settings};
use crate::database::Database;

/// The database, and what was made in it so that shadows can refer to it.
pub(super) struct Apart {
    database: Database,
    /// Ours to remove.
    made: Option<Identifier>,
    /// Stubs of what tenants share, by schema.
    pub(super) stubs: BTreeMap<String, Catalog>,
}

impl Apart {
    /// Connects to the named database, or makes one. Removes what other processes left behind.
    pub(super) async fn make(
        beside: &Database,
        connections: &Connections,
        settings: &ShadowSettings,
    ) -> Result<Self, EngineError> {
        let apart = match &settings.database {
            Some(named) => {
                let database = Database::connect(named, connections).await?;
                same_major(beside, &database).map_or(Ok(()), Err)?;
                Self { database, made: None, stubs: BTreeMap::new() }
            }
            None => {
                let session = beside.session().await?;
                sweep_databases(&session, beside.settings()).await?;
                let made = create(&session, beside.settings()).await?;
                session.put_back();
                let settings = Settings { dbname: made.as_str().to_owned(), ..beside.settings().clone() };
                let database = Database::connect(&settings, connections).await?;
                Self { database, made: Some(made), stubs: BTreeMap::new() }
            }
        };
        let session = apart.session().await?;
        sweep_schemas(&session).await?;
        session.put_back();
        Ok(apart)
    }

    /// A connection to it.
    pub(super) async fn session(&self) -> Result<Session, EngineError> {
        self.database.session().await
    }

    /// Whether nobody else makes anything in it.
    pub(super) fn is_ours(&self) -> bool {
        self.made.is_some()
    }

    /// Makes what shadows will refer to, as it is in the tenants' database.
    pub(super) async fn prepare<'a>(
        &mut self,
        beside: &Database,
        externals: impl IntoIterator<Item = &'a External> + Send,
    ) -> Result<(), EngineError> {
        stubs::prepare(self, beside, externals).await
    }

    /// Removes it, if we made it.
    pub(super) async fn remove(self, beside: &Database) -> Result<(), EngineError> {
        let Some(made) = self.made else { return Ok(()) };
        drop(self.database);
        let session = beside.session().await?;
        session
            .run("removing the shadow database", &format!("DROP DATABASE IF EXISTS {made} WITH (FORCE)"))
            .await?;
        session.put_back();
        Ok(())
    }
}

/// A plan that is proved on another major version is not proved.
fn same_major(beside: &Database, apart: &Database) -> Option<EngineError> {
    let (here, there) = (beside.server(), apart.server());
    if here.version_num / 10_000 == there.version_num / 10_000 {
        return None;
    }
    Some(EngineError::NoShadow {
        reason: format!(
            "{} is PostgreSQL {}, and {} is {}",
            apart.identity().address,
            there.version,
            beside.identity().address,
            here.version
        ),
        remedy: "Name a database of the same major version in spec.shadow.databaseRef".to_owned(),
    })
}

/// Makes a database like this one: same encoding, same collation.
async fn create(session: &Session, settings: &Settings) -> Result<Identifier, EngineError> {
    let doing = "making a database for shadows";
    let failed = |error| session.failed(doing, &error);
    let name = name::database(&settings.dbname, session.pid())
        .map_err(|error| EngineError::NoShadow { reason: error.to_string(), remedy: String::new() })?;
    let row = session.query_one(include_str!("like_this.sql"), &[]).await.map_err(failed)?;
    let like: String = row.try_get(0).map_err(failed)?;
    session.run(doing, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    session.run(doing, &format!("CREATE DATABASE {name} TEMPLATE template0 {like}")).await?;
    let comment = "Made by Tenantry to prove plans in; it can be dropped when no tenantry runs";
    session.run(doing, &format!("COMMENT ON DATABASE {name} IS {}", Literal(comment))).await?;
    Ok(name)
}

/// Removes what was made beside a database and is nobody's any more.
pub(super) async fn sweep(beside: &Database) -> Result<(), EngineError> {
    let session = beside.session().await?;
    sweep_databases(&session, beside.settings()).await?;
    session.put_back();
    Ok(())
}

/// Removes databases that a process left behind: nobody is connected to them, and their maker is gone.
async fn sweep_databases(session: &Session, settings: &Settings) -> Result<(), EngineError> {
    let failed = |error| session.failed("looking for shadow databases that were left behind", &error);
    let prefix = name::database_prefix(&settings.dbname);
    let left = session.query(include_str!("left_databases.sql"), &[&prefix]).await.map_err(failed)?;
    for row in left {
        let drop: String = row.try_get(0).map_err(failed)?;
        // Somebody else may have been faster, or may have begun to use it.
        if let Err(error) = session.batch_execute(&drop).await
            && error.as_db_error().is_none()
        {
            return Err(failed(error));
        }
    }
    Ok(())
}

/// Removes schemas that a process left behind in a scratch database.
async fn sweep_schemas(session: &Session) -> Result<(), EngineError> {
    let failed = |error| session.failed("looking for shadows that were left behind", &error);
    let left = session.query(include_str!("left_schemas.sql"), &[&name::PREFIX]).await.map_err(failed)?;
    for row in left {
        let drop: String = row.try_get(0).map_err(failed)?;
        if let Err(error) = session.batch_execute(&drop).await
            && error.as_db_error().is_none()
        {
            return Err(failed(error));
        }
    }
    Ok(())
}
