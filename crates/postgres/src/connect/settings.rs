//! Where a database is, who logs in, and within which limits.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tenantry_planner::sql::Identifier;
use tokio_postgres::config::Host;

/// A password: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    /// The password itself, for the login only.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(_)")
    }
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// A host name, an IP address, or the directory of a Unix socket (it
    /// begins with a slash).
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How far the connection is encrypted and the server verified; libpq's
/// `sslmode`, which the client library knows only in part (D21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// Never encrypt.
    Disable,
    /// Encrypt only where the server insists.
    Allow,
    /// Encrypt where the server offers it, verify nothing.
    #[default]
    Prefer,
    /// Encrypt. With authorities given, verified as [`TlsMode::VerifyCa`] is,
    /// as libpq does it.
    Require,
    /// Encrypt; the certificate must come from a trusted authority.
    VerifyCa,
    /// Encrypt; the certificate must come from a trusted authority, and be
    /// for this host.
    VerifyFull,
}

impl TlsMode {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => TlsMode::Disable,
            "allow" => TlsMode::Allow,
            "prefer" => TlsMode::Prefer,
            "require" => TlsMode::Require,
            "verify-ca" => TlsMode::VerifyCa,
            "verify-full" => TlsMode::VerifyFull,
            _ => return None,
        })
    }
}

/// Encryption of the connection.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// How far.
    pub mode: TlsMode,
    /// The trusted authorities' certificates in PEM; `None` for the public
    /// ones (Mozilla's list).
    pub authorities: Option<Vec<u8>>,
    /// The login's certificate, with its chain, in PEM.
    pub certificate: Option<Vec<u8>>,
    /// The key of that, in PEM.
    pub key: Option<Vec<u8>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("mode", &self.mode)
            .field("authorities", &self.authorities.is_some())
            .field("certificate", &self.certificate.is_some())
            .finish_non_exhaustive()
    }
}

/// What is asked of a database at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at one time. Counted by host and port: the smallest
    /// number of all databases on one server holds for them together.
    pub max_connections: usize,
    /// How long a connection may take to come up.
    pub connect_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock: statements of the
    /// application queue up behind it.
    pub lock_timeout: Duration,
    /// How often an apply that found a lock taken is tried again before it is
    /// given up for now.
    pub lock_retries: u32,
    /// How many schemas one connection visits before another takes its
    /// place: a backend keeps what it learned of every table, about 18 kB
    /// each, and never gives it back.
    pub schemas_per_connection: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 8,
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(300),
            lock_timeout: Duration::from_secs(2),
            lock_retries: 4,
            schemas_per_connection: 200,
        }
    }
}

/// Where a database is, who logs in, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the server is; of several, the first that takes changes.
    pub endpoints: Vec<Endpoint>,
    /// The database.
    pub dbname: String,
    /// The role that logs in.
    pub user: String,
    /// Its password, where one is needed.
    pub password: Option<Password>,
    /// Encryption.
    pub tls: Tls,
    /// What may be asked of it.
    pub limits: Limits,
    /// The schema of the ledger.
    pub ledger_schema: Identifier,
    /// The term in which this process leads, where several could: nothing is applied once another has begun.
    pub term: Option<Term>,
}

/// The time in which one of several operators leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Which operators: those that share a Lease.
    pub scope: String,
    /// The Lease's UID: one that was made anew counts from the beginning.
    pub lease: String,
    /// Counts up with each leader.
    pub number: i64,
}

/// Settings that cannot be used. Says which, never what stands in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// No URI.
    #[error("the connection is no PostgreSQL URI: write postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    NoUri,
    /// A part is missing.
    #[error("the connection names no {0}")]
    Missing(&'static str),
    /// A parameter that is not known.
    #[error("the connection's parameter `{0}` is not supported: leave it out")]
    Parameter(String),
    /// A parameter's value.
    #[error("the connection's parameter `{parameter}` cannot have this value: {expected}")]
    Value {
        /// Which.
        parameter: &'static str,
        /// What it can have.
        expected: &'static str,
    },
    /// A file that a parameter names.
    #[error("{parameter}: {path} cannot be read: {reason}")]
    File {
        /// Which parameter.
        parameter: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Certificates or a key that cannot be understood.
    #[error("{what} cannot be used: {reason}")]
    Certificate {
        /// What of.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The ledger's schema.
    #[error("the ledger's schema: {0}")]
    LedgerSchema(String),
}

impl Settings {
    /// The schema of the ledger, unless another is named.
    pub const LEDGER_SCHEMA: &str = "tenantry";

    /// Settings out of parts, with the defaults for the rest.
    pub fn new(
        endpoints: Vec<Endpoint>,
        dbname: impl Into<String>,
        user: impl Into<String>,
        password: Option<Password>,
    ) -> Self {
        #[expect(clippy::expect_used, reason = "a constant that is a name")]
        let ledger_schema = Identifier::new(Self::LEDGER_SCHEMA).expect("a name");
        Self {
            endpoints,
            dbname: dbname.into(),
            user: user.into(),
            password,
            tls: Tls::default(),
            limits: Limits::default(),
            ledger_schema,
            term: None,
        }
    }

    /// Settings out of a URI as libpq takes it:
    /// `postgres://user:password@host:port/dbname?sslmode=verify-full&sslrootcert=ca.crt`.
    ///
    /// # Errors
    /// When it is no URI, lacks a part, has a parameter that is not
    /// supported, or names a file that cannot be read.
    pub fn from_uri(uri: &str) -> Result<Self, BadSettings> {
        if !uri.starts_with("postgres://") && !uri.starts_with("postgresql://") {
            return Err(BadSettings::NoUri);
        }
        let (place, query) = uri.split_once('?').unwrap_or((uri, ""));
        let (ours, theirs): (Vec<_>, Vec<_>) = query
            .split('&')
            .filter(|parameter| !parameter.is_empty())
            .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
            .partition(|(name, _)| !matches!(*name, "host" | "port" | "user" | "password" | "dbname"));
        let theirs: Vec<String> = theirs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let config: tokio_postgres::Config =
            format!("{place}?{}", theirs.join("&")).parse().map_err(|_| BadSettings::NoUri)?;
        let text =
            |value: &[u8]| String::from_utf8(value.to_vec()).map(Password).map_err(|_| BadSettings::NoUri);
        let mut settings = Self::new(
            endpoints(&config)?,
            config.get_dbname().ok_or(BadSettings::Missing("database"))?,
            config.get_user().ok_or(BadSettings::Missing("user"))?,
            config.get_password().map(text).transpose()?,
        );
        for (name, value) in ours {
            settings.set(name, &percent_decoded(value).ok_or(BadSettings::NoUri)?)?;
        }
        Ok(settings)
    }

    /// Takes one parameter of a URI.
    fn set(&mut self, name: &str, value: &str) -> Result<(), BadSettings> {
        match name {
            "sslmode" => {
                self.tls.mode = TlsMode::parse(value).ok_or(BadSettings::Value {
                    parameter: "sslmode",
                    expected: "disable, allow, prefer, require, verify-ca or verify-full",
                })?;
            }
            "sslrootcert" if value == "system" => self.tls.authorities = None,
            "sslrootcert" => self.tls.authorities = Some(read("sslrootcert", value)?),
            "sslcert" => self.tls.certificate = Some(read("sslcert", value)?),
            "sslkey" => self.tls.key = Some(read("sslkey", value)?),
            "connect_timeout" => {
                let seconds = value.parse().map_err(|_| BadSettings::Value {
                    parameter: "connect_timeout",
                    expected: "a number of seconds",
                })?;
                self.limits.connect_timeout = Duration::from_secs(seconds);
            }
            "target_session_attrs" if matches!(value, "any" | "read-write" | "primary") => {}
            "target_session_attrs" => {
                return Err(BadSettings::Value {
                    parameter: "target_session_attrs",
                    expected: "read-write: a standby takes no changes",
                });
            }
            // Tenantry says itself who it is, and keeps its connections alive.
            "application_name"
            | "fallback_application_name"
            | "keepalives"
            | "keepalives_idle"
            | "keepalives_interval"
            | "keepalives_count"
            | "gssencmode"
            | "sslcompression"
            | "sslsni" => {}
            other => return Err(BadSettings::Parameter(other.to_owned())),
        }
        Ok(())
    }

    /// `host:port/dbname`, as people know the database. Never with a login.
    pub fn address(&self) -> String {
        let endpoints: Vec<String> = self.endpoints.iter().map(ToString::to_string).collect();
        format!("{}/{}", endpoints.join(","), self.dbname)
    }
}

/// The endpoints of a parsed URI: a port a host, or one for all.
fn endpoints(config: &tokio_postgres::Config) -> Result<Vec<Endpoint>, BadSettings> {
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
    let endpoints: Vec<Endpoint> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| Endpoint {
            host: match host {
                Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                Host::Unix(path) => path.display().to_string(),
            },
            port: port(at),
        })
        .collect();
    if endpoints.is_empty() { Err(BadSettings::Missing("host")) } else { Ok(endpoints) }
}

fn read(parameter: &'static str, path: &str) -> Result<Vec<u8>, BadSettings> {
    std::fs::read(path).map_err(|error| BadSettings::File {
        parameter,
        path: path.into(),
        reason: error.to_string(),
    })
}

/// The text without its percent signs; `None` where one is not followed by
/// two hex digits, or the result is no text.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(uri: &str) -> Settings {
        Settings::from_uri(uri).unwrap()
    }

    #[test]
    fn a_uri_is_read_as_libpq_reads_it() {
        let settings =
            parse("postgres://us%40er:p%2Fw:d@db.example:6432/app?sslmode=verify-full&connect_timeout=3");
        assert_eq!(settings.user, "us@er");
        assert_eq!(settings.password, Some(Password::new("p/w:d")));
        assert_eq!(settings.address(), "db.example:6432/app");
        assert_eq!(settings.tls.mode, TlsMode::VerifyFull);
        assert_eq!(settings.limits.connect_timeout, Duration::from_secs(3));

        let socket = parse("postgresql:///app?host=/run/postgresql&user=me&port=5433");
        assert_eq!(socket.address(), "/run/postgresql:5433/app");
        let several = parse("postgres://me@a,b:5433/app?target_session_attrs=read-write");
        assert_eq!(several.endpoints.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named_and_the_password_is_not() {
        for (uri, said) in [
            ("mysql://u:hunter2@h/d", "no PostgreSQL URI"),
            ("postgres://u:hunter2@h", "names no database"),
            ("postgres://h/d", "names no user"),
            ("postgres://u:hunter2@h:port/d", "no PostgreSQL URI"),
            ("postgres://u:hunter2@h/d?sslmode=maybe", "verify-ca or verify-full"),
            ("postgres://u:hunter2@h/d?options=-csearch_path%3Dx", "`options` is not supported"),
            ("postgres://u:hunter2@h/d?target_session_attrs=standby", "a standby takes no changes"),
            ("postgres://u:hunter2@h/d?sslrootcert=/nowhere/ca.crt", "/nowhere/ca.crt cannot be read"),
        ] {
            let error = Settings::from_uri(uri).unwrap_err().to_string();
            assert!(error.contains(said), "{uri}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(!format!("{:?}", parse("postgres://u:hunter2@h/d")).contains("hunter2"));
    }
}
