//! A certificate for a test server, signed by an authority made for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::{Error, Result};

/// Makes `ca.crt`, `server.crt` and `server.key` in `dir`, for `localhost` and 127.0.0.1. Returns the path of the first.
pub(crate) fn make_certificate(dir: &Path, account: &Account) -> Result<PathBuf> {
    let mut command = Command::new("/bin/sh");
    command.args(["-e", "-c", include_str!("tls.sh"), "tls"]).current_dir(dir).stdin(Stdio::null());
    let output = account
        .adopt(&mut command)
        .output()
        .map_err(|source| Error::Spawn { program: "/bin/sh".to_owned(), source })?;
    if !output.status.success() {
        return Err(Error::Program {
            program: "openssl (`sudo apt install openssl`)".to_owned(),
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Ok(dir.join("ca.crt"))
}
