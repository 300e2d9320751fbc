//! What a person says when a rollout is planned, begun or taken up.

use tenantry_engine::TenantName;

use crate::rollout::Order;

/// What a person says beside what the set says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Digests that are approved, in at least twelve of their digits: of the
    /// whole offer, or of single groups.
    pub approve: Vec<String>,
    /// Who says all this.
    pub by: Option<String>,
    /// Orders to the rollout, carried out before anything else. A retry of a
    /// tenant whose schema was lost has an empty one made.
    pub orders: Vec<Order>,
    /// The rollout that approvals and orders are about: with another one they have no effect. `None`: whichever it is.
    pub about: Option<String>,
    /// Which drifted tenants are brought back to the definition, whatever the
    /// set does about drift.
    pub correct: Correct,
    /// Schemas that somebody else has, or that are not what they were, are
    /// taken over.
    pub take_over: bool,
    /// Tenants that are missing from every source have left, however many.
    pub let_go: bool,
    /// A revision that was rolled back goes out again.
    pub again: bool,
}

/// Which drifted tenants are brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Correct {
    /// Those that the set's drift mode says.
    #[default]
    AsSet,
    /// All.
    All,
    /// These.
    Tenants(Vec<TenantName>),
}

impl Options {
    /// Whether a person said that an empty schema may take a lost one's place.
    pub(super) fn remakes(&self, name: &TenantName) -> bool {
        self.orders.iter().any(|order| matches!(order, Order::Retry(retried) if retried == name))
    }

    /// Whether a person said that this tenant is brought back.
    pub(super) fn corrects(&self, name: &TenantName) -> bool {
        match &self.correct {
            Correct::AsSet => false,
            Correct::All => true,
            Correct::Tenants(names) => names.contains(name),
        }
    }
}
