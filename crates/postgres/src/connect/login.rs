//! From settings to one open connection whose session is pinned.

use std::time::Duration;

use tenantry_engine::EngineError;
use tenantry_planner::sql::Literal;
use tokio::task::JoinHandle;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, SimpleQueryMessage, SimpleQueryRow};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::{BadSettings, Settings};
use super::statements::Statements;
use super::tls;
use crate::error::{reason, reason_and_remedy};

/// `invalid_authorization_specification`: what a server says that wants, or
/// does not want, encryption.
const WRONG_ENCRYPTION: &str = "28000";
/// The oldest server that is supported, as `server_version_num` has it.
const OLDEST: u32 = 130_000;
/// A connection that says nothing for so long is asked whether it is alive.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// How long the peer may leave data unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// As people write it: `15.18`.
    pub version: String,
    /// As `server_version_num` has it.
    pub version_num: u32,
    /// The database's oid.
    pub database_oid: u32,
}

/// One open connection.
pub(crate) struct Open {
    pub(super) client: Client,
    pub(super) task: JoinHandle<()>,
    /// The server's process.
    pub(super) pid: i32,
    pub(super) server: Server,
    /// What was prepared on it.
    pub(super) statements: Statements,
    /// How many schemas it has been used for.
    pub(super) visited: usize,
}

/// Everything that is needed to open connections to one database.
pub(crate) struct Login {
    pub(super) settings: Settings,
    pub(super) address: String,
    config: Config,
    tls: MakeRustlsConnect,
    /// The statements that pin a session.
    pinned: String,
}

impl Login {
    /// Takes settings.
    ///
    /// # Errors
    /// When certificates or the key cannot be understood.
    pub(crate) fn new(settings: Settings) -> Result<Self, BadSettings> {
        let mut config = Config::new();
        for endpoint in &settings.endpoints {
            config.host(&endpoint.host).port(endpoint.port);
        }
        if settings.endpoints.len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config
            .dbname(&settings.dbname)
            .user(&settings.user)
            .application_name(APPLICATION)
            .connect_timeout(settings.limits.connect_timeout)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3)
            .tcp_user_timeout(UNACKNOWLEDGED);
        if let Some(password) = &settings.password {
            config.password(password.reveal());
        }
        Ok(Self {
            tls: tls::connector(&settings.tls)?,
            address: settings.address(),
            pinned: pinned(&settings),
            config,
            settings,
        })
    }

    /// The client's side of TLS, for requests to cancel.
    pub(super) fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }

    /// What it logs in with.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// `host:port/dbname`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn unreachable(&self, reason: impl Into<String>) -> EngineError {
        EngineError::Unreachable { address: self.address.clone(), reason: reason.into() }
    }

    /// Opens a connection and pins its session.
    pub(super) async fn open(&self) -> Result<Open, EngineError> {
        // The library's own timeout is about each address and not about the login.
        let limit = self.settings.limits.connect_timeout;
        let opening = async {
            let (client, task) = self.connect().await?;
            match self.pin(&client).await {
                Ok((pid, server)) => {
                    Ok(Open { client, task, pid, server, statements: Statements::default(), visited: 0 })
                }
                Err(error) => Err(error),
            }
        };
        match tokio::time::timeout(limit, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(self.unreachable(format!("no answer within {} s. Is the host right, and does the network (a firewall, a NetworkPolicy) let the connection through?", limit.as_secs()))),
        }
    }

    /// Connects in the modes that the settings allow, one after the other.
    async fn connect(&self) -> Result<(Client, JoinHandle<()>), EngineError> {
        let mut tries = tls::tries(self.settings.tls.mode).iter().peekable();
        while let Some(mode) = tries.next() {
            match self.config.clone().ssl_mode(*mode).connect(self.tls.clone()).await {
                Ok((client, connection)) => {
                    let address = self.address.clone();
                    let task = tokio::spawn(async move {
                        if let Err(error) = connection.await {
                            tracing::debug!(%address, reason = reason(&error), "connection ended");
                        }
                    });
                    return Ok((client, task));
                }
                Err(error) if tries.peek().is_some() && may_do_without(*mode, &error) => {}
                Err(error) => return Err(self.unreachable(reason_and_remedy(&error))),
            }
        }
        Err(self.unreachable("no way to connect is allowed"))
    }

    /// Pins the session and asks the server who it is, in one round trip.
    async fn pin(&self, client: &Client) -> Result<(i32, Server), EngineError> {
        let answers = client
            .simple_query(&self.pinned)
            .await
            .map_err(|error| self.unreachable(reason_and_remedy(&error)))?;
        let row = answers.iter().rev().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let Some((pid, standby, server)) = row.and_then(greeting) else {
            return Err(self.unreachable("it does not answer as PostgreSQL does"));
        };
        if standby {
            return Err(self.unreachable(
                "it is a standby, which takes no changes. Name the primary (with CloudNativePG the service that ends in -rw)",
            ));
        }
        if server.version_num < OLDEST {
            return Err(EngineError::Unsuitable {
                address: self.address.clone(),
                reason: format!("it is PostgreSQL {}", server.version),
                remedy: "Tenantry needs 13 or newer".to_owned(),
            });
        }
        Ok((pid, server))
    }
}

/// What sessions call themselves, so that an administrator knows whose they are.
pub(super) const APPLICATION: &str = "tenantry";

/// Whether a server that refused this mode may be asked in the other one: where
/// it is about encryption, never where it is about the login.
fn may_do_without(mode: SslMode, error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(error) => error.code().code() == WRONG_ENCRYPTION,
        None => mode == SslMode::Prefer && error.to_string().contains("TLS"),
    }
}

/// The statements that pin a session and read who the server is.
fn pinned(settings: &Settings) -> String {
    let limits = &settings.limits;
    format!(
        "SET statement_timeout = {statement};\nSET lock_timeout = {lock};\n\
         SELECT pg_catalog.set_config('search_path', {path}, false);\n{pin};\n{greet}",
        path = Literal(&format!("pg_catalog, {}, pg_temp", settings.ledger_schema)),
        pin = include_str!("pin.sql").trim_end(),
        statement = Literal(&limits.statement_timeout.as_millis().to_string()),
        lock = Literal(&limits.lock_timeout.as_millis().to_string()),
        greet = include_str!("greet.sql"),
    )
}

/// The backend's process, whether the server is a standby, and what it is.
fn greeting(row: &SimpleQueryRow) -> Option<(i32, bool, Server)> {
    let text = |column| row.try_get(column).ok().flatten();
    let version: &str = text("version")?;
    let server = Server {
        version: version.split(' ').next().unwrap_or(version).to_owned(),
        version_num: text("version_num")?.parse().ok()?,
        database_oid: text("oid")?.parse().ok()?,
    };
    Some((text("pid")?.parse().ok()?, text("standby")? == "t", server))
}
