//! Stops servers when their owner is gone: dropped, panicked, interrupted or killed.
//!
//! A shell holds the reading end of a pipe whose writing end lives in the owner only. The kernel closes the latter with the
//! owner, whatever ends it, and the shell then stops the servers and removes their directory. Should the shell be killed as
//! well, the next start finds the directory with a lock that nobody holds, and does the same.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::error::{Error, Result};

const LOCK_NAME: &str = "owner.lock";

/// Stops the servers of a directory, and removes that, once this value is gone.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
    /// Locked as long as the owner lives.
    _lock: File,
}

impl Watchdog {
    /// Begins to watch over `dir`.
    pub(crate) fn over(dir: &Path) -> Result<Self> {
        let lock = lock(dir)?;
        let shell = shell(dir, Stdio::piped())?;
        Ok(Self { shell, _lock: lock })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Nothing can be done about a failure here, and the next start sweeps.
        let _ = self.shell.wait();
    }
}

/// Stops and removes the servers in `temp` whose owner and whose watchdog were both killed: in directories whose names begin
/// like this.
pub(crate) fn sweep(temp: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(temp) else { return };
    let ours = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(prefix);
    for dir in entries.flatten().filter(ours).map(|entry| entry.path()) {
        // Other people's servers, and those just being made, cannot be opened.
        let Ok(lock) = File::open(dir.join(LOCK_NAME)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = shell(&dir, Stdio::null())
                .and_then(|mut shell| shell.wait().map_err(Error::file("sweep", &dir)));
        }
    }
}

/// Takes the lock that says that the owner lives. It gets its name only when it is held, so that no sweep sees it free.
fn lock(dir: &Path) -> Result<File> {
    let (draft, path) = (dir.join("owner.lock.new"), dir.join(LOCK_NAME));
    let lock = File::create(&draft).map_err(Error::file("create", &draft))?;
    lock.lock().map_err(Error::file("lock", &draft))?;
    fs::rename(&draft, &path).map_err(Error::file("create", &path))?;
    Ok(lock)
}

/// The shell that stops what runs in `dir` (by the process ids in `data/postmaster.pid` and `*.pid`) when `input` ends. A process
/// group of its own: a Ctrl-C is not for it.
fn shell(dir: &Path, input: Stdio) -> Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", include_str!("watchdog.sh"), "watchdog"])
        .arg(dir)
        .current_dir("/")
        .stdin(input)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|source| Error::Spawn { program: "/bin/sh".to_owned(), source })
}
