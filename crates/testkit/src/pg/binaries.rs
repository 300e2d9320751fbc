//! Finds the programs of PostgreSQL: those named by the environment, the system's, those fetched into the build folder.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Error, Result};

/// The oldest major version that Tenantry supports.
pub const OLDEST_VERSION: u16 = 13;

/// Directory with the programs of one PostgreSQL; overrides every other place.
const BIN_VARIABLE: &str = "TENANTRY_PG_BIN";
/// Major version that [`Binaries::find`] is to find.
const VERSION_VARIABLE: &str = "TENANTRY_PG_VERSION";
/// The build folder, where it is not `build/` at the root of the repository.
const BUILD_VARIABLE: &str = "TENANTRY_BUILD_DIR";

/// A server of one version, and client tools that can talk to it (their version may be newer).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    server: Programs,
    client: Programs,
}

/// A directory with programs of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    /// The directory.
    pub(crate) bin: PathBuf,
    /// Major version.
    pub(crate) version: u16,
    /// Whether the programs can be moved about with what they need: bin, lib and share in one directory.
    pub(crate) relocatable: bool,
}

impl Binaries {
    /// The PostgreSQL to test with: of the version that `TENANTRY_PG_VERSION` says, or else the first found.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::Environment`] if a variable is wrong.
    pub fn find() -> Result<Self> {
        match env::var(VERSION_VARIABLE) {
            Ok(text) if !text.is_empty() => match text.parse() {
                Ok(version) => Self::find_version(version),
                Err(_) => Err(Error::Environment {
                    name: VERSION_VARIABLE,
                    value: text,
                    problem: "is not a major version of PostgreSQL, such as 15".to_owned(),
                }),
            },
            _ => Self::choose(&Places::of_this_machine()?, None),
        }
    }

    /// A PostgreSQL of this major version, 13 to 18.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub fn find_version(version: u16) -> Result<Self> {
        Self::choose(&Places::of_this_machine()?, Some(version))
    }

    /// Major version of the server.
    pub fn version(&self) -> u16 {
        self.server.version
    }

    /// Major version of psql and pg_dump.
    pub fn client_version(&self) -> u16 {
        self.client.version
    }

    /// A client program (`psql`, `pg_dump`), ready to be given arguments. None of the caller's `PG...` variables reach it.
    pub fn client(&self, program: &str) -> Command {
        self.client.command(program)
    }

    pub(crate) fn server(&self) -> &Programs {
        &self.server
    }

    fn choose(places: &Places, wanted: Option<u16>) -> Result<Self> {
        let not_found = |wanted: String, version: Option<u16>| {
            let fetch =
                version.map_or_else(|| "postgres".to_owned(), |version| format!("postgres-{version}"));
            let otherwise = ", or install one: `sudo apt install postgresql`";
            Error::NotFound { wanted, looked: places.to_string(), fetch, otherwise }
        };
        let found = places.programs();
        let fits = |programs: &&Programs| {
            programs.has_server()
                && wanted.map_or(programs.version >= OLDEST_VERSION, |v| programs.version == v)
        };
        let server = found.iter().find(fits).ok_or_else(|| match wanted {
            Some(version) => not_found(format!("PostgreSQL {version}"), wanted),
            None => not_found(format!("PostgreSQL {OLDEST_VERSION} or newer"), wanted),
        })?;
        let newest = || {
            let clients =
                found.iter().filter(|programs| programs.has_client() && programs.version >= server.version);
            clients.max_by_key(|programs| programs.version)
        };
        let client = Some(server).filter(|programs| programs.has_client()).or_else(newest);
        let client = client
            .ok_or_else(|| not_found(format!("psql and pg_dump for PostgreSQL {}", server.version), None))?;
        Ok(Self { server: server.clone(), client: client.clone() })
    }
}

impl Programs {
    /// The programs in `bin`, if it has a `postgres` or a `psql` that runs and tells its version.
    fn look(bin: &Path) -> Option<Self> {
        let relocatable = bin.parent().is_some_and(|prefix| {
            let beside = |name: &str| prefix.join(name).is_dir();
            beside("lib") && beside("share") && bin.ends_with("bin") && !prefix.starts_with("/usr")
        });
        let mut programs = Self { bin: bin.to_owned(), version: 0, relocatable };
        let teller = ["postgres", "psql"].into_iter().find(|program| bin.join(program).is_file())?;
        let output = programs.command(teller).arg("--version").stdin(Stdio::null()).output().ok()?;
        programs.version = major_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(programs)
    }

    fn has_server(&self) -> bool {
        ["postgres", "initdb", "pg_ctl"].iter().all(|program| self.bin.join(program).is_file())
    }

    fn has_client(&self) -> bool {
        ["psql", "pg_dump"].iter().all(|program| self.bin.join(program).is_file())
    }

    /// One of the programs, in an environment where nothing but its arguments tells it what to do.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C");
        if self.relocatable {
            command.env("LD_LIBRARY_PATH", self.bin.with_file_name("lib"));
        }
        command
    }
}

/// The directories to look in, in order.
struct Places(Vec<PathBuf>);

impl Places {
    fn of_this_machine() -> Result<Self> {
        if let Some(named) = env::var_os(BIN_VARIABLE).filter(|named| !named.is_empty()) {
            let bin = PathBuf::from(&named);
            if Programs::look(&bin).is_none() {
                return Err(Error::Environment {
                    name: BIN_VARIABLE,
                    value: bin.display().to_string(),
                    problem: "is not a directory with `postgres` and `psql` in it".to_owned(),
                });
            }
            return Ok(Self(vec![bin].into_iter().chain(Self::fetched()).collect()));
        }
        Ok(Self(Self::system().into_iter().chain(Self::fetched()).collect()))
    }

    fn system() -> Vec<PathBuf> {
        let configured = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok();
        let configured = configured.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        let configured = configured.filter(|bin| !bin.is_empty()).map(PathBuf::from);
        let packaged = subdirectories(Path::new("/usr/lib/postgresql"));
        configured.into_iter().chain(packaged.into_iter().map(|version| version.join("bin"))).collect()
    }

    /// What `tools/fetch` left.
    fn fetched() -> Vec<PathBuf> {
        let build = env::var_os(BUILD_VARIABLE).filter(|build| !build.is_empty()).map(PathBuf::from);
        let build = build.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build"));
        let build = fs::canonicalize(&build).unwrap_or(build);
        let mut fetched = subdirectories(&build.join("postgres"));
        if fetched.is_empty() {
            fetched.push(build.join("postgres/*"));
        }
        fetched.into_iter().map(|prefix| prefix.join("bin")).collect()
    }

    /// What is there.
    fn programs(&self) -> Vec<Programs> {
        self.0.iter().filter_map(|bin| Programs::look(bin)).collect()
    }
}

impl std::fmt::Display for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let places: Vec<String> = self.0.iter().map(|bin| bin.display().to_string()).collect();
        write!(f, "{}", places.join(", "))
    }
}

/// The directories in `dir`, the highest number first.
fn subdirectories(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    found.sort_by_key(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        (Reverse(digits.parse::<u64>().unwrap_or_default()), name)
    });
    found
}

/// The major version out of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_version(output: &str) -> Option<u16> {
    let version = output.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|c: char| !c.is_ascii_digit()).map_or(version, |end| &version[..end]);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_version_is_read_from_what_the_programs_print() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("psql (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("postgres 15"), None);
    }

    /// Makes a directory with programs that print a version.
    fn install(root: &Path, name: &str, version: &str, programs: &[&str]) -> PathBuf {
        let bin = root.join(name).join("bin");
        fs::create_dir_all(&bin).unwrap();
        for program in programs {
            let path = bin.join(program);
            fs::write(&path, format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        bin
    }

    const SERVER: [&str; 3] = ["postgres", "initdb", "pg_ctl"];
    const BOTH: [&str; 5] = ["postgres", "initdb", "pg_ctl", "psql", "pg_dump"];

    #[test]
    fn a_server_without_tools_gets_the_newest_tools_there_are() {
        let root = tempfile::tempdir().unwrap();
        let places = Places(vec![
            install(root.path(), "a", "15.1", &BOTH),
            install(root.path(), "b", "13.2", &SERVER),
            install(root.path(), "c", "18.3", &BOTH),
            install(root.path(), "d", "12.9", &BOTH),
        ]);
        let versions = |wanted| {
            Binaries::choose(&places, wanted).map(|found| (found.version(), found.client_version())).ok()
        };
        assert_eq!(versions(None), Some((15, 15)));
        assert_eq!(versions(Some(13)), Some((13, 18)));
        assert_eq!(versions(Some(18)), Some((18, 18)));
        assert_eq!(versions(Some(14)), None);
    }

    #[test]
    fn what_is_missing_is_named_with_the_places_and_the_way_to_get_it() {
        let root = tempfile::tempdir().unwrap();
        let old = install(root.path(), "old", "12.9", &BOTH);
        let server = install(root.path(), "server", "13.2", &SERVER);
        let places = Places(vec![old.clone(), server]);

        let message = Binaries::choose(&places, None).unwrap_err().to_string();
        assert!(message.starts_with("no psql and pg_dump for PostgreSQL 13 found"), "{message}");
        assert!(
            message.contains(&old.display().to_string()) && message.contains("sudo apt install"),
            "{message}"
        );
        assert!(message.contains("`tools/fetch postgres`"), "{message}");
        let message = Binaries::choose(&places, Some(14)).unwrap_err().to_string();
        assert!(message.starts_with("no PostgreSQL 14 found"), "{message}");
        assert!(message.contains("`tools/fetch postgres-14`"), "{message}");
    }
}
