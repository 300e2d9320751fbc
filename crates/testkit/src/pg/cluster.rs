//! A server of one's own: made, started, stopped for certain.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use super::account::Account;
use super::binaries::Programs;
use super::{Binaries, Error, Result, tls};
use crate::process::{self, free_port, run};
use crate::watchdog::{self, Watchdog};

/// The role that initdb makes, a superuser.
pub(crate) const SUPERUSER: &str = "postgres";
/// What the name of each cluster's directory begins with.
const DIR_PREFIX: &str = "tenantry-pg-";
/// How often another port is tried, when somebody else took the free one that was found.
const PORT_TRIES: u32 = 10;

/// How a cluster is to be set up. The default: everybody is trusted, no TLS, nothing survives a crash of the machine.
#[derive(Debug, Clone, Default)]
pub struct Options {
    settings: Vec<(String, String)>,
    password: Option<String>,
    tls: bool,
}

impl Options {
    /// Adds a line to postgresql.conf, such as `("max_locks_per_transaction", "256")`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks everybody for a password (scram-sha-256); this one is the superuser's.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Takes connections over TCP with TLS only, see [`Cluster::authority`]. Needs openssl.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }
}

/// A running server with a directory of its own. Both are gone when this value is, or its process, however that ends.
#[derive(Debug)]
pub struct Cluster {
    dir: PathBuf,
    port: u16,
    binaries: Binaries,
    server: Programs,
    account: Account,
    password: Option<String>,
    authority: Option<PathBuf>,
    databases: AtomicU32,
    _watchdog: Watchdog,
}

impl Cluster {
    /// Makes a cluster and starts it. Takes one to two seconds.
    ///
    /// # Errors
    /// Whatever stops that: see [`Error`].
    pub fn start(binaries: &Binaries) -> Result<Self> {
        Self::start_with(binaries, &Options::default())
    }

    /// Makes a cluster with options, and starts it.
    ///
    /// # Errors
    /// Whatever stops that: see [`Error`].
    pub fn start_with(binaries: &Binaries, options: &Options) -> Result<Self> {
        let (dir, account) = make_dir()?;
        let watchdog = Watchdog::over(&dir)?;
        let server = reachable(binaries.server(), &account, &dir)?;
        let mut cluster = Self {
            dir,
            port: 0,
            binaries: binaries.clone(),
            server,
            account,
            password: options.password.clone(),
            authority: None,
            databases: AtomicU32::new(0),
            _watchdog: watchdog,
        };
        cluster.initialise(options)?;
        cluster.start_on_a_free_port()?;
        cluster.psql("postgres", include_str!("cluster.sql"))?;
        Ok(cluster)
    }

    /// The cluster that all tests of one test binary share; made at the first call, with [`Binaries::find`].
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        static STARTING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match SHARED.get() {
            Some(cluster) => Ok(cluster),
            None => Self::start(&Binaries::find()?).map(|cluster| SHARED.get_or_init(|| cluster)),
        }
    }

    /// Makes an empty database, whose name begins with `prefix` and is unlike any other that this made. Returns the name.
    ///
    /// # Errors
    /// What psql says.
    pub fn create_database(&self, prefix: &str) -> Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{prefix}_{number}");
        let quoted = name.replace('"', "\"\"");
        self.psql(SUPERUSER, &format!("CREATE DATABASE \"{quoted}\" TEMPLATE template0"))?;
        Ok(name)
    }

    /// Drops a database, with the sessions in it.
    ///
    /// # Errors
    /// What psql says.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        let quoted = name.replace('"', "\"\"");
        self.psql(SUPERUSER, &format!("DROP DATABASE \"{quoted}\" WITH (FORCE)")).map(drop)
    }

    /// The programs in use.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Major version of the server.
    pub fn version(&self) -> u16 {
        self.binaries.version()
    }

    /// TCP port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Directory of the Unix socket.
    pub fn socket_dir(&self) -> &Path {
        &self.dir
    }

    /// Name of the superuser.
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// The superuser's password, if the cluster asks for one.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Certificate of the authority that signed the server's, in a PEM file, if the cluster has TLS. Valid names of the
    /// server are `localhost` and `127.0.0.1`.
    pub fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// URL of a database as the superuser, over TCP.
    pub fn url(&self, database: &str) -> String {
        self.url_as(SUPERUSER, self.password.as_deref(), database)
    }

    /// URL of a database as some role, over TCP.
    pub fn url_as(&self, role: &str, password: Option<&str>, database: &str) -> String {
        let password = password.map(|password| format!(":{}", percent_encoded(password))).unwrap_or_default();
        let (role, database) = (percent_encoded(role), percent_encoded(database));
        format!("postgres://{role}{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Stops the server as an administrator would: sessions are ended, transactions rolled back.
    ///
    /// # Errors
    /// What pg_ctl says.
    pub fn stop(&self) -> Result<()> {
        self.pg_ctl(&["stop", "-m", "fast"]).map(drop)
    }

    /// Stops the server as a crash would: at the next start it recovers.
    ///
    /// # Errors
    /// What pg_ctl says.
    pub fn crash(&self) -> Result<()> {
        self.pg_ctl(&["stop", "-m", "immediate"]).map(drop)
    }

    /// Starts the server again, on the same port.
    ///
    /// # Errors
    /// [`Error::Start`], with the server's log.
    pub fn start_again(&self) -> Result<()> {
        let log = self.dir.join("log");
        let command = ["start", "-w", "-t", "60", "-l", &log.display().to_string()];
        self.pg_ctl(&command).map(drop).map_err(|error| match error {
            Error::Program { output, .. } => Error::Start {
                server: format!("PostgreSQL {}", self.version()),
                output,
                log: process::end_of_log(&log),
            },
            other => other,
        })
    }

    /// Restarts the server as a standby that follows nobody: it is in recovery, and read-only.
    ///
    /// # Errors
    /// What pg_ctl says.
    pub fn restart_as_standby(&self) -> Result<()> {
        self.stop()?;
        let signal = self.dir.join("data/standby.signal");
        fs::write(&signal, "").map_err(Error::file("write", &signal))?;
        self.account.give(&signal)?;
        self.start_again()
    }

    /// Runs initdb and writes the settings.
    fn initialise(&mut self, options: &Options) -> Result<()> {
        let mut initdb = self.server.command("initdb");
        initdb.args(["--username", SUPERUSER, "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata"]);
        initdb.arg(self.data());
        match &self.password {
            None => initdb.arg("--auth=trust"),
            Some(password) => {
                let file = self.dir.join("password");
                fs::write(&file, password).map_err(Error::file("write", &file))?;
                self.account.give(&file)?;
                initdb.arg("--auth=scram-sha-256").arg("--pwfile").arg(file)
            }
        };
        self.run(&mut initdb)?;
        if options.tls {
            self.authority = Some(tls::make_certificate(&self.dir, &self.account)?);
            let hba = self.data().join("pg_hba.conf");
            let rules = fs::read_to_string(&hba).map_err(Error::file("read", &hba))?;
            fs::write(&hba, rules.replace("\nhost ", "\nhostssl ")).map_err(Error::file("write", &hba))?;
        }
        self.configure(&settings(&self.dir, options))
    }

    /// Starts the server on a port that is free; between finding one and taking it somebody else may.
    fn start_on_a_free_port(&mut self) -> Result<()> {
        let mut tries = 0;
        loop {
            self.port = free_port()?;
            self.configure(&[("port".to_owned(), self.port.to_string())])?;
            tries += 1;
            match self.start_again() {
                Err(Error::Start { log, .. })
                    if log.contains("Address already in use") && tries < PORT_TRIES => {}
                other => return other,
            }
        }
    }

    /// Adds lines to postgresql.conf, where the last one counts.
    fn configure(&self, settings: &[(String, String)]) -> Result<()> {
        let path = self.data().join("postgresql.conf");
        let mut lines = String::new();
        for (name, value) in settings {
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{name} = '{}'", value.replace('\'', "''"));
        }
        let file = OpenOptions::new().append(true).open(&path);
        file.and_then(|mut file| file.write_all(lines.as_bytes())).map_err(Error::file("write", &path))
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<Output> {
        self.run(self.server.command("pg_ctl").arg("-D").arg(self.data()).args(arguments))
    }

    /// Runs a program of the server's, as its account.
    fn run(&self, command: &mut Command) -> Result<Output> {
        let command =
            self.account.adopt(command).current_dir(&self.dir).env("HOME", &self.dir).stdin(Stdio::null());
        run(command)
    }
}

/// Makes the directory of a cluster: in the first temporary directory that the server's account can reach. The path of its
/// socket must be short, so that one with a long name does not count.
fn make_dir() -> Result<(PathBuf, Account)> {
    let candidates = [std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
    let mut unreachable_for = None;
    for temp in candidates.iter().filter(|temp| temp.as_os_str().len() < 60) {
        watchdog::sweep(temp, DIR_PREFIX);
        let Ok(dir) = tempfile::Builder::new().prefix(DIR_PREFIX).tempdir_in(temp) else {
            continue;
        };
        let account = Account::for_owner_of(dir.path())?;
        account.give(dir.path())?;
        if account.can_enter(dir.path()) {
            return Ok((dir.keep(), account));
        }
        unreachable_for = Some(account);
    }
    let account = unreachable_for.map_or_else(|| "this one".to_owned(), |account| account.name().to_owned());
    Err(Error::NoTempDir { account, tried: candidates.to_vec() })
}

/// The server's programs where its account can run them: those that lie in a directory which it may not enter (a checkout
/// in root's home) are copied into the cluster's own.
fn reachable(programs: &Programs, account: &Account, dir: &Path) -> Result<Programs> {
    if account.can_run(&programs.bin.join("postgres")) || !programs.relocatable {
        return Ok(programs.clone());
    }
    let copy = dir.join("programs");
    let prefix = programs.bin.with_file_name(".");
    run(Command::new("cp").arg("-R").arg(&prefix).arg(&copy))?;
    if let Account::Other { uid, gid, .. } = account {
        run(Command::new("chown").arg("-R").arg(format!("{uid}:{gid}")).arg(&copy))?;
    }
    Ok(Programs { bin: copy.join("bin"), ..programs.clone() })
}

fn settings(dir: &Path, options: &Options) -> Vec<(String, String)> {
    let socket_dir = dir.display().to_string();
    let file = |name: &str| dir.join(name).display().to_string();
    let mut settings: Vec<(String, String)> = [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", &socket_dir),
        ("timezone", "UTC"),
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    if options.tls {
        settings.push(("ssl".to_owned(), "on".to_owned()));
        settings.push(("ssl_cert_file".to_owned(), file("server.crt")));
        settings.push(("ssl_key_file".to_owned(), file("server.key")));
    }
    settings.extend(options.settings.iter().cloned());
    settings
}

/// What stands in a URL for `text`, wherever in it.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
