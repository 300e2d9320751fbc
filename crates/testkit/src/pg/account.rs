//! Which account the server runs as: our own, or an unprivileged one where we are root.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Error, Result};

/// The account that a server and its files belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// The one that this process runs as.
    Own,
    /// Another one, because PostgreSQL refuses to run as root.
    Other {
        /// Its name in /etc/passwd.
        name: String,
        /// Its user id.
        uid: u32,
        /// Its primary group.
        gid: u32,
    },
}

impl Account {
    /// The account for a server whose files go into `dir`, a directory that this process has just made: its
    /// owner tells who we are.
    pub(crate) fn for_owner_of(dir: &Path) -> Result<Self> {
        let uid = fs::metadata(dir).map_err(Error::file("read", dir))?.uid();
        if uid != 0 {
            return Ok(Self::Own);
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(Error::file("read", "/etc/passwd"))?;
        unprivileged(&passwd).ok_or(Error::NoAccount)
    }

    /// Makes `command` run as this account.
    pub(crate) fn adopt<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        match self {
            Self::Own => command,
            Self::Other { uid, gid, .. } => command.uid(*uid).gid(*gid),
        }
    }

    /// Gives `path` to this account.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => {
                chown(path, Some(*uid), Some(*gid)).map_err(Error::file("give away", path))
            }
        }
    }

    /// Whether this account can work inside `dir` (each directory above it counts too).
    pub(crate) fn can_enter(&self, dir: &Path) -> bool {
        self.succeeds(Command::new("/bin/sh").args(["-c", "cd \"$1\"", "sh"]).arg(dir))
    }

    /// Whether this account can run `program --version`.
    pub(crate) fn can_run(&self, program: &Path) -> bool {
        self.succeeds(Command::new(program).arg("--version"))
    }

    fn succeeds(&self, command: &mut Command) -> bool {
        let command =
            command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.adopt(command).status().is_ok_and(|status| status.success())
    }

    /// The account's name, for messages.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Own => "this one",
            Self::Other { name, .. } => name,
        }
    }
}

/// `postgres` out of the text of /etc/passwd, or else `nobody`.
fn unprivileged(passwd: &str) -> Option<Account> {
    let find = |wanted: &str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| *name == wanted)?;
            let uid: u32 = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
            let gid = fields.next()?.parse().ok()?;
            Some(Account::Other { name: name.to_owned(), uid, gid })
        })
    };
    find("postgres").or_else(|| find("nobody"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_is_preferred_to_nobody_and_root_is_never_taken() {
        let nobody = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533::/nonexistent:/usr/sbin/nologin\n";
        let both = format!("{nobody}postgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n");
        let rootly = "postgres:x:0:0::/:/bin/sh\nnobody:x:0:0::/:/bin/sh\n";

        let named = |name: &str, uid, gid| Some(Account::Other { name: name.to_owned(), uid, gid });
        assert_eq!(unprivileged(nobody), named("nobody", 65534, 65533));
        assert_eq!(unprivileged(&both), named("postgres", 101, 104));
        assert_eq!(unprivileged(rootly), None);
        assert_eq!(unprivileged(""), None);
    }
}
