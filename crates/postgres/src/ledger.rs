//! What is remembered beside the tenants, in a schema of its own in each database (D12 to D16).

use std::sync::Arc;

use crate::reach::Reach;

/// The ledger of one database.
#[derive(Clone)]
pub struct PostgresLedger {
    #[expect(dead_code, reason = "read by what comes next")]
    reach: Arc<Reach>,
}

impl PostgresLedger {
    pub(crate) fn new(reach: Arc<Reach>) -> Self {
        Self { reach }
    }
}
