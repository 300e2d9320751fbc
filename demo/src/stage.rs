//! What the story plays on: a PostgreSQL of its own, the manifests, and the
//! program as a user has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
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

/// Server, manifests, program.
pub struct Stage {
    /// The server.
    pub cluster: Cluster,
    folder: TempDir,
    program: PathBuf,
}

impl Stage {
    /// Starts the server, makes the database, the login and what tenants
    /// share, and `tenants` rows in the table of customers.
    ///
    /// # Errors
    /// When there is no PostgreSQL, or no program beside this one.
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
        let folder = tempfile::tempdir().map_err(file("make a folder"))?;
        let stage = Self { cluster, folder, program: beside_this_program("kubectl-tenantry")? };
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
        self.folder.path()
    }

    /// Writes one of the manifests' files.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        fs::write(self.folder.path().join(name), text).map_err(file(name))
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

    /// The digest that waits for an approval.
    ///
    /// # Errors
    /// When nothing does.
    pub fn offered(&self) -> Result<String, Failure> {
        let status = self.json(&["fleet", "status"])?;
        let digest = status["rollout"]["digest"].as_str().map(str::to_owned);
        digest.ok_or_else(|| Failure::Claim("nothing waits for an approval".to_owned()))
    }

    /// Waits until the server has noticed that a client is gone.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn quiet(&self) -> Result<(), Failure> {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tenantry'";
        for _ in 0..300 {
            if self.psql(sql)?.trim() == "0" {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Err(Failure::Claim("connections of a killed process stay open".to_owned()))
    }

    /// A command of the program on the manifests, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("-f").arg(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Shows and runs a command as a person would, and says what it exits with.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Result<Option<i32>, Failure> {
        println!("$ kubectl-tenantry {} -f manifests/", arguments.join(" "));
        let status = self.command(arguments).status().map_err(file("start kubectl-tenantry"))?;
        Ok(status.code())
    }

    /// Runs a command for its JSON, and shows nothing.
    ///
    /// # Errors
    /// When it cannot be started, or writes no JSON.
    pub fn json(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let mut command = self.command(arguments);
        let output = command.args(["-o", "json"]).output().map_err(file("start kubectl-tenantry"))?;
        serde_json::from_slice(&output.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            Failure::Claim(format!("{} -o json wrote no JSON: {error}\n{said}", arguments.join(" ")))
        })
    }

    /// Starts a command in the background, silent.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, arguments: &[&str]) -> Result<Child, Failure> {
        println!("$ kubectl-tenantry {} -f manifests/ &", arguments.join(" "));
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(file("start kubectl-tenantry"))
    }
}

/// A closure that says what was being done with a file.
pub fn file(what: &str) -> impl FnOnce(std::io::Error) -> Failure {
    let what = what.to_owned();
    move |source| Failure::File { what, source }
}

/// The program that was built with this one.
fn beside_this_program(name: &str) -> Result<PathBuf, Failure> {
    let this = std::env::current_exe().map_err(file("find the programs"))?;
    let program = this.with_file_name(name);
    if program.exists() {
        Ok(program)
    } else {
        Err(Failure::Claim(format!("{} is not built", program.display())))
    }
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
