//! `/healthz`, `/readyz` and `/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::metrics::Metrics;

/// What is served.
pub(crate) struct Served {
    pub(crate) metrics: Metrics,
    /// The API server has answered: this process leads, or would take over.
    pub(crate) ready: AtomicBool,
}

/// Serves until `stop`.
///
/// # Errors
/// When the address is taken, or cannot be listened to.
pub(crate) async fn serve(
    address: SocketAddr,
    served: Arc<Served>,
    stop: CancellationToken,
) -> Result<(), Error> {
    let failed = |source| Error::Listen { address, source };
    let listener = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(served);
    axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await.map_err(failed)
}

async fn readyz(State(served): State<Arc<Served>>) -> Response {
    match served.ready.load(Ordering::Relaxed) {
        true => "ok\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the API server has not answered yet\n").into_response(),
    }
}

async fn metrics(State(served): State<Arc<Served>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    match served.metrics.text() {
        Ok(text) => (kind, text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
