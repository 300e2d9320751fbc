//! The program as a user has it, on the manifests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::stage::{Failure, beside_this_program, file};

/// `kubectl-tenantry`, and the folder of manifests that it is given.
pub struct Program {
    path: PathBuf,
    manifests: PathBuf,
}

impl Program {
    /// The one that was built with this one.
    ///
    /// # Errors
    /// When it is not there.
    pub fn find(manifests: &Path) -> Result<Self, Failure> {
        Ok(Self { path: beside_this_program("kubectl-tenantry")?, manifests: manifests.to_owned() })
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

    /// A command, not yet started.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(arguments).arg("-f").arg(&self.manifests).stdin(Stdio::null());
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
