//! The engine for PostgreSQL against real servers; psql is the other hand and
//! the oracle.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod connect;
mod definition;
mod doctor;
mod inspection;
mod ledger;
mod proposals;
mod quoting;
mod reached;
mod schemas;
mod tenants;
mod watermark;

use tenantry_postgres::{Connections, Database, PostgresEngine, Settings, ShadowSettings};
use tenantry_testkit::pg::Cluster;

/// A new database on the shared server, and its name.
async fn database(prefix: &str) -> (Database, &'static Cluster, String) {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database(prefix).unwrap();
    let settings = Settings::from_uri(&cluster.url(&name)).unwrap();
    (Database::connect(&settings, &Connections::default()).await.unwrap(), cluster, name)
}

/// An engine for what this URL names.
fn engine(url: &str) -> PostgresEngine {
    PostgresEngine::new(Settings::from_uri(url).unwrap(), Connections::default(), ShadowSettings::default())
}
