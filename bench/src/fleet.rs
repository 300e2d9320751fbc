//! A server with a database to be filled by Tenantry, and one to be filled by psql.

use std::fs;

use tempfile::TempDir;
use tenantry_testkit::pg::{Binaries, Cluster, Options};

use crate::{Failure, system};

/// Whom Tenantry logs in as.
pub const LOGIN: &str = "tenantry";
/// The database that Tenantry fills.
pub const OURS: &str = "ours";
/// The database that psql fills.
pub const BARE: &str = "bare";
/// What each tenant has.
pub const DEFINITION: &str = include_str!("../sql/v1.sql");
/// Three statements that change it.
pub const THREE: &str = include_str!("../sql/three.sql");
/// Three further ones.
pub const MORE: &str = include_str!("../sql/three_more.sql");

/// The server, its databases, and manifests.
pub struct Fleet {
    pub cluster: Cluster,
    pub size: usize,
    folder: TempDir,
}

impl Fleet {
    /// Starts a server; no tenant is there yet.
    pub fn set_up(size: usize) -> Result<Self, Failure> {
        let options = Options::default()
            .setting("max_locks_per_transaction", "2048")
            .setting("shared_buffers", "512MB")
            .setting("max_wal_size", "4GB")
            .setting("autovacuum_naptime", "10s");
        let cluster = Cluster::start_with(&Binaries::find()?, &options)?;
        cluster.psql("postgres", &format!("CREATE ROLE {LOGIN} LOGIN CREATEDB"))?;
        for database in [OURS, BARE] {
            cluster.psql("postgres", &format!("CREATE DATABASE {database} OWNER {LOGIN}"))?;
            cluster.psql_as(
                LOGIN,
                database,
                &format!(
                    "CREATE SCHEMA product; CREATE TABLE product.customer (name text PRIMARY KEY);
                     INSERT INTO product.customer SELECT 't' || n FROM generate_series(1, {size}) AS n;"
                ),
            )?;
        }
        let fleet = Self { cluster, size, folder: tempfile::tempdir().map_err(system("make a folder"))? };
        fleet.define(DEFINITION)?;
        let uri = fleet.cluster.url_as(LOGIN, None, OURS);
        fleet.write("rest.yaml", &include_str!("../rest.yaml").replace("URI", &uri))?;
        Ok(fleet)
    }

    /// Makes another text the definition.
    pub fn define(&self, sql: &str) -> Result<(), Failure> {
        let indented: String = sql.lines().map(|line| format!("    {line}\n")).collect();
        let head = "apiVersion: tenantry.dev/v1alpha1\nkind: SchemaDefinition\nmetadata: {name: app}\nspec:\n  sql: |\n";
        self.write("definition.yaml", &format!("{head}{indented}"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        fs::write(self.folder.path().join(name), text).map_err(system("write a manifest"))
    }

    /// Where the manifests are.
    pub fn manifests(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The tenants' schemas.
    pub fn schemas(&self) -> Vec<String> {
        (1..=self.size).map(|number| format!("tenant_t{number}")).collect()
    }
}
