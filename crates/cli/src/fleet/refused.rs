//! A definition that was refused: which one, where, what the server said, and what stays in force.

use tenantry_engine::Engine;
use tenantry_fleet::{Control, Fleet, FleetError};

use crate::Failure;
use crate::output::text::count;

/// The error as people see it. For a definition that is refused the ledgers are asked what stays in force.
pub async fn in_full<D: Engine>(error: FleetError, fleet: &Fleet<D>) -> Failure {
    if !matches!(error, FleetError::Definition { .. } | FleetError::EmptyDefinition(_)) {
        return error.into();
    }
    let (mut control, _handle) = Control::unwatched();
    let stays = match fleet.status(&mut control).await {
        Ok(report) => match &report.revision {
            Some(force) => {
                let tenants = count(report.counts.total, "tenant");
                format!("Nothing was changed; revision {} stays in force for {tenants}.", force.revision())
            }
            None => "Nothing was changed; no revision is in force yet.".to_owned(),
        },
        Err(_) => "Nothing was changed.".to_owned(),
    };
    Failure::Definition(format!("{error}\n{stays}"))
}
