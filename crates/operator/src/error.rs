//! Why something was not done. It is tried again, later each time.

use std::net::SocketAddr;

use tenantry_fleet::FleetError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no way to an API server.
    #[error("no API server can be asked: {0}")]
    Client(Box<kube::Error>),
    /// The system does not tell of signals.
    #[error("signals cannot be listened to: {0}")]
    Signals(std::io::Error),
    /// Nothing can be served there.
    #[error(
        "cannot listen on {address} for /healthz, /readyz and /metrics: {source}; choose another with --listen"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A set that is no fleet: a fault of the program.
    #[error("tenantset {set}: {error}")]
    Fleet {
        /// Which: `namespace/name`.
        set: String,
        /// Why.
        error: Box<FleetError>,
    },
    /// The API server did not do what was asked.
    #[error("{doing} {object}: {source}")]
    Api {
        /// What was being done.
        doing: &'static str,
        /// Of what: `tenantdatabase/eu-1`.
        object: String,
        /// What it said.
        source: Box<kube::Error>,
    },
}

impl Error {
    /// A closure that says what was being done to what.
    pub(crate) fn api(doing: &'static str, object: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let object = object.into();
        move |source| Self::Api { doing, object, source: Box::new(source) }
    }
}
