//! Runs a command with a PostgreSQL of its own, or keeps one up until standard input ends.
//!
//! `with-postgres [--version N] [COMMAND ARGUMENT...]`: the command finds the database in `DATABASE_URL` and in the `PG...`
//! variables, and `psql` and `pg_dump` on its `PATH`. Without a command the URL is printed, as the one line of output.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode};

use tenantry_testkit::pg::{Binaries, Cluster};

/// The database that initdb makes.
const DATABASE: &str = "postgres";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let binaries = if arguments.first().is_some_and(|first| first == "--version") {
        let version = arguments.get(1).ok_or("--version needs a number")?.to_string_lossy().parse()?;
        arguments.drain(..2);
        Binaries::find_version(version)?
    } else {
        Binaries::find()?
    };
    let cluster = Cluster::start(&binaries)?;
    let Some((program, arguments)) = arguments.split_first() else {
        writeln!(io::stdout(), "{}", cluster.url(DATABASE))?;
        io::copy(&mut io::stdin(), &mut io::sink())?;
        return Ok(ExitCode::SUCCESS);
    };
    let status = with_environment_of(&cluster, Command::new(program))?.args(arguments).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Lets a command find the database and the client programs.
fn with_environment_of(cluster: &Cluster, mut command: Command) -> Result<Command, Box<dyn Error>> {
    let client = cluster.command("psql", DATABASE);
    let tells_where = |name: &str| name.starts_with("PG") || name == "LD_LIBRARY_PATH";
    for (name, value) in client.get_envs().filter(|(name, _)| tells_where(&name.to_string_lossy())) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let bin = Path::new(client.get_program()).parent().map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    command.env("PATH", env::join_paths(bin.into_iter().chain(env::split_paths(&path)))?);
    command.env("DATABASE_URL", cluster.url(DATABASE));
    Ok(command)
}
