//! Connections: settings, TLS, sessions whose settings are pinned, and how
//! many of them a server is asked for (D4, D21).

mod login;
mod pool;
mod pooler;
mod session;
mod settings;
mod statements;
mod tls;

pub use login::Server;
pub use pool::Connections;
pub use session::Session;
pub use settings::{BadSettings, Endpoint, Limits, Password, Settings, Term, Tls, TlsMode};
pub use statements::Statements;

pub(crate) use login::Login;
pub(crate) use pool::Pool;
