//! Programs that are run or started: what they print, where they listen, how their logs end.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use crate::error::{Error, Result};

/// How many characters of a log are shown at most.
const LOG_SHOWN: usize = 4000;

/// Runs a program to its end and takes what it prints.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let output = command.output().map_err(|source| Error::Spawn {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if output.status.success() { Ok(output) } else { Err(failure(command, &output)) }
}

/// The error for a program that ran and failed.
pub(crate) fn failure(command: &Command, output: &Output) -> Error {
    let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    Error::Program {
        program: program.to_string_lossy().into_owned(),
        status: output.status,
        output: String::from_utf8_lossy(said).trim_end().to_owned(),
    }
}

/// A port that nobody listens on now; somebody may before it is taken.
pub(crate) fn free_port() -> Result<u16> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(Error::file("listen on", "127.0.0.1"))
}

/// The end of a log; empty where there is none.
pub(crate) fn end_of_log(path: &Path) -> String {
    let log = fs::read_to_string(path).unwrap_or_default();
    let from = log.char_indices().rev().nth(LOG_SHOWN).map_or(0, |(at, _)| at);
    log[from..].to_owned()
}
