//! What can go wrong while schemas are read.

use tenantry_catalog::UnknownKind;
use tenantry_engine::EngineError;

use crate::connect::Session;

/// Why schemas could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// A statement failed, or returned other columns than it should.
    #[error("cannot read the {what} of the schemas: {source}")]
    Query {
        /// What was being read.
        what: &'static str,
        /// What the server or the client says.
        source: tokio_postgres::Error,
    },
    /// A statement named a kind that there is not.
    #[error("cannot read the {what} of the schemas: {source}")]
    Kind {
        /// What was being read.
        what: &'static str,
        /// The word.
        source: UnknownKind,
    },
    /// A statement returned attributes that are no JSON object.
    #[error("cannot read the {what} of the schemas: the attributes of {object}: {source}")]
    Attributes {
        /// What was being read.
        what: &'static str,
        /// Whose attributes.
        object: String,
        /// What is wrong with them.
        source: serde_json::Error,
    },
    /// Two rows claim the same identity.
    #[error(
        "cannot read the {what} of the schemas: {object} is there twice; this is a fault of the program, please report it"
    )]
    Twice {
        /// What was being read.
        what: &'static str,
        /// The identity.
        object: String,
    },
}

impl InspectError {
    /// The same in the words that leave the engine.
    pub(crate) fn told(self, session: &Session) -> EngineError {
        match self {
            InspectError::Query { what, source } => {
                session.failed(&format!("reading the {what} of schemas"), &source)
            }
            error => EngineError::Unread(error.to_string()),
        }
    }

    /// Wraps what the client says, with what was being read.
    pub(super) fn query(what: &'static str) -> impl Fn(tokio_postgres::Error) -> Self {
        move |source| InspectError::Query { what, source }
    }
}
