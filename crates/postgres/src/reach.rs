//! A database that is connected to when it is first needed: one that is down at the start is one that may come back.

use std::sync::atomic::{AtomicBool, Ordering};

use tenantry_engine::EngineError;
use tokio::sync::OnceCell;

use crate::connect::{Connections, Session, Settings};
use crate::database::Database;
use crate::shadow::{ShadowSettings, Shadows};

/// How to get to a database, and the way there once it was gone.
pub(crate) struct Reach {
    settings: Settings,
    connections: Connections,
    shadow: ShadowSettings,
    /// Its name and why nothing is asked of it, where nobody knows the way to it.
    closed: Option<(String, String)>,
    live: OnceCell<Live>,
    /// The ledger knows that this process leads.
    leads: AtomicBool,
}

/// A database that answered, and what makes shadows for it.
struct Live {
    database: Database,
    shadows: Shadows,
}

impl Reach {
    pub(crate) fn new(settings: Settings, connections: Connections, shadow: ShadowSettings) -> Self {
        Self {
            settings,
            connections,
            shadow,
            closed: None,
            live: OnceCell::new(),
            leads: AtomicBool::new(false),
        }
    }

    /// One that nobody knows the way to.
    pub(crate) fn closed(name: String, reason: String) -> Self {
        let nowhere = Settings::new(Vec::new(), String::new(), String::new(), None);
        let reach = Self::new(nowhere, Connections::default(), ShadowSettings::default());
        Self { closed: Some((name, reason)), ..reach }
    }

    /// Whether the ledger knows that this process leads.
    pub(crate) fn leads(&self) -> bool {
        self.leads.load(Ordering::Relaxed)
    }

    /// The ledger knows by now.
    pub(crate) fn note_lead(&self) {
        self.leads.store(true, Ordering::Relaxed);
    }

    /// The settings it is connected with.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where and as whom shadows are made.
    pub(crate) fn shadow(&self) -> &ShadowSettings {
        &self.shadow
    }

    /// The database; connects where that was not done yet.
    ///
    /// # Errors
    /// As [`Database::connect`]; the next call tries again.
    pub(crate) async fn database(&self) -> Result<&Database, EngineError> {
        Ok(&self.live().await?.database)
    }

    /// What makes its shadows.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub(crate) async fn shadows(&self) -> Result<&Shadows, EngineError> {
        Ok(&self.live().await?.shadows)
    }

    /// A connection on loan.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub(crate) async fn session(&self) -> Result<Session, EngineError> {
        self.database().await?.session().await
    }

    /// Removes what was made for shadows, if anything was.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) async fn close(&self) -> Result<(), EngineError> {
        match self.live.get() {
            Some(live) => live.shadows.close().await,
            None => Ok(()),
        }
    }

    async fn live(&self) -> Result<&Live, EngineError> {
        if let Some((name, reason)) = &self.closed {
            return Err(EngineError::Unreachable { address: name.clone(), reason: reason.clone() });
        }
        self.live
            .get_or_try_init(async || {
                let database = Database::connect(&self.settings, &self.connections).await?;
                let shadows = Shadows::new(database.clone(), self.connections.clone(), self.shadow.clone());
                Ok(Live { database, shadows })
            })
            .await
    }
}
