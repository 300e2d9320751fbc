//! Why the fleet did not do what was asked.

use tenantry_engine::{DatabaseName, DefinitionFault, EngineError};

use crate::rollout::{DigestError, StateError};

/// Why nothing was done. What goes wrong with one tenant or one database is no
/// such error: it stands in the report, and the others go on.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// An entry, the home or a query speaks of a database that was not given.
    #[error("database {0} is not among those that can be connected to")]
    UnknownDatabase(DatabaseName),
    /// The set is suspended.
    #[error("tenantset {0} is suspended: set spec.suspend to false")]
    Suspended(String),
    /// Tenants are only looked at.
    #[error("tenantset {0} only observes: set spec.mode to Apply to have tenants changed")]
    ObservesOnly(String),
    /// The home ledger is needed, and its database did not do its part.
    #[error("database {database}: {error}")]
    Database {
        /// Which.
        database: DatabaseName,
        /// What it said.
        error: Box<EngineError>,
    },
    /// The home ledger is needed, and its database could not be worked with.
    #[error("database {database}: {reason}")]
    Home {
        /// Which.
        database: DatabaseName,
        /// What it said.
        reason: String,
    },
    /// The definition was refused by every database that could be asked, or
    /// none could be asked.
    #[error(
        "schemadefinition/{definition} cannot be compiled on {database} (PostgreSQL {version}): {reason}"
    )]
    Definition {
        /// The definition's name.
        definition: String,
        /// The first database that refused it.
        database: DatabaseName,
        /// Its server's version.
        version: String,
        /// Why.
        reason: String,
        /// Where in its text, as far as the server said so.
        faults: Vec<DefinitionFault>,
    },
    /// A definition without any object, and nobody said that this is meant.
    #[error(
        "schemadefinition/{0} makes nothing: tenants would lose everything. If that is meant, set spec.policy.allowEmpty"
    )]
    EmptyDefinition(String),
    /// Digits that name no revision, or more than one.
    #[error("revision: {0}")]
    Revision(String),
    /// There is nothing to go back to.
    #[error("tenantset {0} has no earlier revision to go back to")]
    NoEarlierRevision(String),
    /// The revision was rolled back, and goes out again only when told to.
    #[error(
        "revision {revision} was rolled back by rollout {rollout}: change the definition, or pin the earlier revision; fleet apply --again sends it out once more"
    )]
    RolledBack {
        /// The revision, in digits that people read.
        revision: String,
        /// The rollout that undid it.
        rollout: String,
    },
    /// What a person approves is not what is offered.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// An approval, and nothing waits for one.
    #[error("nothing waits for an approval: {0}")]
    NothingToApprove(String),
    /// A person's order makes no sense now.
    #[error("{0}")]
    Order(String),
    /// The ledger's record of a rollout cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// Somebody asked to stop before anything was begun.
    #[error("stopped on request; no tenant was touched")]
    Stopped,
    /// A task of ours ended before its work did: a fault of the program.
    #[error("a task came to no end: {0}; what it was about is read anew at the next start")]
    Task(String),
}
