//! TenantDatabases: whether each can be reached, and what its login may.

mod decide;
mod engines;
mod observe;
mod reach;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tenantry_api::TenantDatabase;

pub(crate) use engines::{Engines, Origin};
pub(crate) use reach::{Unusable, reach, told};

use crate::context::Context;
use crate::control::{Controlled, Next};
use crate::subject::{Key, Subject};
use crate::{Error, report};
use decide::decide;
use observe::observe;

/// How often a database that does well is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

impl Controlled for TenantDatabase {
    const AT_ONCE: u16 = 8;

    fn subject(key: Key) -> Subject {
        Subject::Database(key)
    }

    async fn reconcile(database: &Self, context: &Arc<Context>) -> Result<Next, Error> {
        // Observe (client, server).
        let seen = observe(context, database).await;
        // Decide (neither).
        let current = database.status.clone().unwrap_or_default();
        let generation = database.metadata.generation.unwrap_or_default();
        let status = decide(&seen, &current, generation, Timestamp::now());
        // Report (client).
        if database.status.as_ref() != Some(&status) {
            report::status(context, database, &status).await?;
            report::told(context, database, &current.conditions, &status.conditions).await;
        }
        Ok(match seen.is_well() {
            true => Next::In(LOOK_EVERY),
            false => Next::Soon,
        })
    }

    /// Nothing in the database is gone. This is noticed when it would have been looked at again.
    async fn forget(key: &Key, context: &Arc<Context>) {
        context.secrets.keep(&Subject::Database(key.clone()), &[].into());
        context.engines.forget(key);
    }
}
