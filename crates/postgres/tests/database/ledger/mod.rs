//! The ledger: what is remembered beside the tenants. psql sees what stands there.

mod claims;
mod kept;
mod prepare;
mod rollouts;
mod tenants;

use sha2::{Digest as _, Sha256};
use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::{Claim, Ledger as _, SchemaName, TenantName};
use tenantry_planner::Digest;
use tenantry_postgres::{Connections, PostgresLedger, Settings};
use tenantry_testkit::pg::Cluster;

/// Names that somebody will have.
const HOSTILE: &[&str] = &["acme", "Acme Ltd", "o'brien", "a\"b", "x;DROP TABLE tenant", "é\\{,}", "null"];

/// The ledger of a new database on the shared server, not made yet.
fn unmade(prefix: &str) -> (PostgresLedger, &'static Cluster, String) {
    let cluster = Cluster::shared().unwrap();
    let name = cluster.create_database(prefix).unwrap();
    (open(cluster, &name), cluster, name)
}

/// The ledger of a new database.
async fn ledger(prefix: &str) -> (PostgresLedger, &'static Cluster, String) {
    let (ledger, cluster, name) = unmade(prefix);
    ledger.prepare().await.unwrap();
    (ledger, cluster, name)
}

/// A database's ledger, as another process would see it.
fn open(cluster: &Cluster, database: &str) -> PostgresLedger {
    PostgresLedger::at(Settings::from_uri(&cluster.url(database)).unwrap(), Connections::default())
}

/// How many statements a server that logs all of them was sent.
fn statements(cluster: &Cluster) -> usize {
    let log = std::fs::read_to_string(cluster.socket_dir().join("log")).unwrap();
    log.matches("execute <unnamed>").count()
}

fn claim(set: &str) -> Claim {
    Claim { set: set.to_owned(), cluster: None, database: "main".to_owned() }
}

fn schema(name: &str) -> SchemaName {
    SchemaName::new(name).unwrap()
}

fn tenant(name: &str) -> (TenantName, SchemaName) {
    (TenantName::new(format!("tenant {name}")).unwrap(), schema(name))
}

fn digest(text: &str) -> Digest {
    Digest::of(Sha256::new_with_prefix(text))
}

/// Some fingerprint, another one for each text.
fn fingerprint(text: &str) -> Fingerprint {
    let empty = Fingerprint::of(&Catalog::empty()).to_string();
    let version = empty.split(':').next().unwrap();
    format!("{version}:{}", digest(text)).parse().unwrap()
}
