//! What both stories play on: a PostgreSQL of its own with the product's customers, and the manifests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use tenantry_testkit::pg::{Binaries, Cluster, Options};

/// Why the story ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A server or a client program did not do as it should.
    #[error(transparent)]
    Server(#[from] tenantry_testkit::pg::Error),
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    File {
        /// What was being done.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something is not as the story says.
    #[error("{0}")]
    Claim(String),
}

/// The database that tenants live in.
pub const DATABASE: &str = "app";
/// The role that Tenantry logs in as: no superuser.
const LOGIN: &str = "tenantry";

/// Server and manifests. Both are gone when this value is, or its process, however that ends.
pub struct Stage {
    /// The server.
    pub cluster: Cluster,
    folder: PathBuf,
}

impl Stage {
    /// Starts the server, makes the database, the login and what tenants share, and `tenants` rows in the table of customers.
    ///
    /// # Errors
    /// When there is no PostgreSQL.
    pub fn set_up(tenants: usize) -> Result<Self, Failure> {
        let options = Options::default()
            .setting("max_locks_per_transaction", "1024")
            .setting("shared_buffers", "256MB")
            .setting("fsync", "off");
        let cluster = Cluster::start_with(&Binaries::find()?, &options)?;
        cluster.psql(
            "postgres",
            &format!("CREATE ROLE {LOGIN} LOGIN CREATEDB; CREATE DATABASE {DATABASE}; GRANT CREATE ON DATABASE {DATABASE} TO {LOGIN};"),
        )?;
        cluster.psql(DATABASE, include_str!("../sql/shared.sql"))?;
        cluster.psql(DATABASE, &customers(tenants))?;
        let folder = cluster.socket_dir().join("manifests");
        fs::create_dir(&folder).map_err(file("make a folder"))?;
        let stage = Self { cluster, folder };
        for (name, text) in [
            ("kustomization.yaml", include_str!("../manifests/kustomization.yaml")),
            ("database.yaml", include_str!("../manifests/database.yaml")),
            ("definition.yaml", include_str!("../manifests/definition.yaml")),
            ("tenants.yaml", include_str!("../manifests/tenants.yaml")),
            ("login.env", &format!("uri={}\n", stage.url())),
        ] {
            stage.write(name, text)?;
        }
        Ok(stage)
    }

    /// Where the database is, for the login of Tenantry.
    pub fn url(&self) -> String {
        self.cluster.url_as(LOGIN, None, DATABASE)
    }

    /// The folder of the manifests.
    pub fn manifests(&self) -> &Path {
        &self.folder
    }

    /// Writes one of the manifests' files.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        fs::write(self.folder.join(name), text).map_err(file(name))
    }

    /// Runs SQL as the product's own people would.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn psql(&self, sql: &str) -> Result<String, Failure> {
        Ok(self.cluster.psql(DATABASE, sql)?)
    }

    /// Runs SQL as the login of Tenantry would.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn psql_as_login(&self, sql: &str) -> Result<String, Failure> {
        Ok(self.cluster.psql_as(LOGIN, DATABASE, sql)?)
    }

    /// The server's version.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn version(&self) -> Result<String, Failure> {
        Ok(format!("PostgreSQL {}", self.psql("SHOW server_version")?.trim()))
    }
}

/// A closure that says what was being done with a file.
pub fn file(what: &str) -> impl FnOnce(std::io::Error) -> Failure {
    let what = what.to_owned();
    move |source| Failure::File { what, source }
}

/// The program that was built with this one.
///
/// # Errors
/// When it is not there.
pub fn beside_this_program(name: &str) -> Result<PathBuf, Failure> {
    let this = std::env::current_exe().map_err(file("find the programs"))?;
    let program = this.with_file_name(name);
    if program.exists() {
        Ok(program)
    } else {
        Err(Failure::Claim(format!("{} is not built", program.display())))
    }
}

/// Ends a process as a machine that loses its power does.
///
/// # Errors
/// When the system does not let it.
pub fn kill(process: &mut Child) -> Result<(), Failure> {
    process.kill().map_err(file("kill a process"))?;
    process.wait().map_err(file("wait for a killed process")).map(drop)
}

/// The rows of the product's table of customers: the first few by name, one
/// of them the product's own people, who go first.
fn customers(tenants: usize) -> String {
    let known = "VALUES (1, 'house', 'internal'), (2, 'acme', 'standard'), (3, 'globex', 'standard'), (4, 'hooli', 'standard'),
        (5, 'initech', 'standard'), (6, 'umbrella', 'large'), (7, 'stark', 'large'), (8, 'wayne', 'standard'), (9, 'wonka', 'standard')";
    format!(
        "INSERT INTO public.customer (slug, tier)
         SELECT coalesce(k.slug, 'c' || lpad(n::text, 5, '0')), coalesce(k.tier, 'standard')
         FROM generate_series(1, {tenants}) AS n
         LEFT JOIN ({known}) AS k (n, slug, tier) USING (n);
         GRANT SELECT ON public.customer, public.plan TO {LOGIN};
         GRANT REFERENCES ON public.plan TO {LOGIN};"
    )
}
