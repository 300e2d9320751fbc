//! What can go wrong with a test server, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// What can go wrong with a test server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server of the kind (and version) asked for was found.
    #[error("no {wanted} found; looked in {looked}. Fetch it with `tools/fetch {fetch}`{otherwise}")]
    NotFound {
        /// What was looked for: "PostgreSQL 13", or "psql and pg_dump".
        wanted: String,
        /// The places, in the order in which they were tried.
        looked: String,
        /// What to give to `tools/fetch`.
        fetch: String,
        /// What else can be done, with what leads over to it.
        otherwise: &'static str,
    },
    /// An environment variable holds something that cannot be used.
    #[error("{name}={value:?}: {problem}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What is wrong with that.
        problem: String,
    },
    /// A program could not be started.
    #[error("cannot run {program}: {source}")]
    Spawn {
        /// The program, with its path where it is known.
        program: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A program ran and failed.
    #[error("{program} failed ({status}): {output}")]
    Program {
        /// The program's name.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to standard error, or else to standard output.
        output: String,
    },
    /// The server did not start.
    #[error("{server} did not start: {output}\nits log:\n{log}")]
    Start {
        /// Which, with its version where there are several.
        server: String,
        /// What whoever started it said.
        output: String,
        /// The end of the server's log.
        log: String,
    },
    /// PostgreSQL refuses to run as root, and there is no other account to run it as.
    #[error(
        "PostgreSQL does not run as root, and neither `postgres` nor `nobody` is in /etc/passwd: run as another user"
    )]
    NoAccount,
    /// The account that the server runs as can reach none of the temporary directories.
    #[error(
        "the account `{account}` can reach none of {tried:?}; set TMPDIR to a directory that it can reach"
    )]
    NoTempDir {
        /// The account.
        account: String,
        /// What was tried.
        tried: Vec<PathBuf>,
    },
    /// Reading or writing a file failed.
    #[error("cannot {deed} {path}: {source}")]
    File {
        /// What was meant to be done: "read", "write", "create".
        deed: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What psql or pg_dump printed is not UTF-8.
    #[error("{program} printed what is not UTF-8")]
    NotUtf8 {
        /// The program's name.
        program: String,
    },
}

impl Error {
    /// Makes a [`Error::File`] out of an I/O error, for `map_err`.
    pub(crate) fn file(deed: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { deed, path, source }
    }
}

/// Result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;
