//! What the fleet asks of one PostgreSQL database.

use std::sync::Arc;

use tenantry_engine::EngineError;

use crate::connect::{Connections, Settings};
use crate::ledger::PostgresLedger;
use crate::reach::Reach;
use crate::shadow::ShadowSettings;

/// One PostgreSQL database that tenants live in. Connects when it is first asked something.
pub struct PostgresEngine {
    reach: Arc<Reach>,
    #[expect(dead_code, reason = "read by what comes next")]
    ledger: PostgresLedger,
}

impl PostgresEngine {
    /// A database by where it is; nothing is asked of it yet.
    pub fn new(settings: Settings, connections: Connections, shadow: ShadowSettings) -> Self {
        let reach = Arc::new(Reach::new(settings, connections, shadow));
        Self { ledger: PostgresLedger::new(Arc::clone(&reach)), reach }
    }

    /// Removes what was made for shadows, if anything was. To be called before the process ends, also when it is
    /// interrupted.
    ///
    /// # Errors
    /// What the server says.
    pub async fn close(&self) -> Result<(), EngineError> {
        self.reach.close().await
    }
}
