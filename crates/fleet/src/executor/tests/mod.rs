//! What the executor does, told as behaviour, against databases that are not
//! there.

mod departures;
mod faults;
mod looks;
mod rollouts;

use tenantry_engine::TenantName;

use super::testing::Stage;
use crate::rollout::{Outcome, RolloutState};
use crate::{TenantState, TenantStatus};

const SUCCEEDED: Option<Outcome> = Some(Outcome::Ended(RolloutState::Succeeded));
const FAILED: Option<Outcome> = Some(Outcome::Ended(RolloutState::Failed));

fn name(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

fn state(tenants: &[TenantStatus], name: &str) -> TenantState {
    tenants.iter().find(|tenant| tenant.name.as_str() == name).unwrap().state
}

/// A fleet on one database, provisioned with one definition.
async fn provisioned(count: usize, definition: &str) -> Stage {
    let stage = Stage::new(&[("a", count)], definition);
    assert_eq!(stage.apply().await.unwrap().outcome, SUCCEEDED);
    assert_eq!(stage.with("a", definition), count);
    stage
}
