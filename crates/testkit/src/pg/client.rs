//! psql and pg_dump on a cluster: the oracle that is not the code under test.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use super::cluster::SUPERUSER;
use super::{Cluster, Error, Result, normalise};
use crate::process::{failure, run};

/// Whether owners belong to what a dump shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// They do.
    Managed,
    /// They do not (`pg_dump -O`).
    LeftAlone,
}

impl Cluster {
    /// A client program (`psql`, `pg_dump`, ...) set up to work on a database as the superuser, through the Unix socket.
    pub fn command(&self, program: &str, database: &str) -> Command {
        let mut command = self.binaries().client(program);
        command.env("PGHOST", self.socket_dir()).env("PGPORT", self.port().to_string());
        command.env("PGUSER", SUPERUSER).env("PGDATABASE", database).env("PGCLIENTENCODING", "UTF8");
        if let Some(password) = self.password() {
            command.env("PGPASSWORD", password);
        }
        command
    }

    /// Runs statements by psql, as the superuser, and stops at the first that fails. Returns the rows of all of them, a line
    /// a row, `|` between columns, no headings.
    ///
    /// # Errors
    /// [`Error::Program`] with what psql printed: line of the statement, message, detail.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        self.psql_as(SUPERUSER, database, sql)
    }

    /// As [`Cluster::psql`], logged in as another role (one without a password, if the cluster asks for one).
    ///
    /// # Errors
    /// As [`Cluster::psql`].
    pub fn psql_as(&self, role: &str, database: &str, sql: &str) -> Result<String> {
        let mut psql = self.command("psql", database);
        psql.env("PGUSER", role).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
        let spawned = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let spawn_error =
            |source| Error::Spawn { program: psql.get_program().to_string_lossy().into_owned(), source };
        let mut child = spawned.map_err(spawn_error)?;
        let input = child.stdin.take();
        let output = thread::scope(|scope| {
            // A pipe holds little: what psql prints has to be read while it is being fed. It may end early, at an error.
            scope.spawn(move || input.map(|mut input| input.write_all(sql.as_bytes())));
            child.wait_with_output()
        })
        .map_err(Error::file("read from", "psql"))?;
        if !output.status.success() {
            return Err(failure(&psql, &output));
        }
        let mut text = utf8("psql", output.stdout)?;
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }

    /// What `pg_dump --schema-only` prints for one schema.
    ///
    /// # Errors
    /// [`Error::Program`] with what pg_dump printed, also where there is no such schema.
    pub fn pg_dump(&self, database: &str, schema: &str, owners: Owners) -> Result<String> {
        let mut dump = self.command("pg_dump", database);
        // No server here has a provider of security labels, and to plan the question about them takes long.
        dump.args(["--schema-only", "--no-security-labels", "--schema"]);
        dump.arg(format!("\"{}\"", schema.replace('"', "\"\"")));
        if owners == Owners::LeftAlone {
            dump.arg("--no-owner");
        }
        utf8("pg_dump", run(dump.stdin(Stdio::null()))?.stdout)
    }

    /// A dump of one schema that is the same text as that of an equal schema of another name: see [`fn@normalise`].
    ///
    /// # Errors
    /// As [`Cluster::pg_dump`].
    pub fn normalised_dump(&self, database: &str, schema: &str, owners: Owners) -> Result<String> {
        self.pg_dump(database, schema, owners).map(|dump| normalise(&dump, schema))
    }
}

fn utf8(program: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::NotUtf8 { program: program.to_owned() })
}
