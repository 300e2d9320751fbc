//! One plan on one tenant.

use std::time::Duration;

use tenantry_catalog::Fingerprint;
use tenantry_planner::{Digest, Plan};

use crate::{Claim, Tenant, Watermark};

/// Everything that the applying transaction needs.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// Which tenant.
    pub tenant: &'a Tenant,
    /// By which right.
    pub claim: &'a Claim,
    /// The watermark at which the plan's starting point was read; `None` when
    /// the schema is not there and is to be made.
    pub start: Option<&'a Watermark>,
    /// The proved plan.
    pub plan: &'a Plan,
    /// Its digest, by which the ledger knows it.
    pub digest: &'a Digest,
    /// The revision that the tenant is at afterwards.
    pub revision: &'a Digest,
    /// The fingerprint that it has afterwards.
    pub to: &'a Fingerprint,
    /// The rollout that it is part of.
    pub rollout: &'a str,
    /// Who approved, where somebody had to.
    pub approved_by: Option<&'a str>,
    /// How long it may take, waiting for locks included. Then it is ended, and
    /// is an [`crate::EngineError::Timeout`].
    pub within: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// From lock to commit.
    pub took: Duration,
    /// How often a lock was waited for in vain before.
    pub lock_retries: u32,
}
