//! From a URI of the command line to the settings of a connection.

use tenantry_postgres::{Password, Settings};

use crate::Failure;

/// The settings for a URI. A password that is not in it may stand in `PGPASSWORD`.
///
/// # Errors
/// When it cannot be used.
pub fn settings(argument: &'static str, uri: &str) -> Result<Settings, Failure> {
    let mut settings = Settings::from_uri(uri).map_err(|bad| Failure::Settings { argument, bad })?;
    if settings.password.is_none() {
        settings.password = std::env::var("PGPASSWORD").ok().map(Password::new);
    }
    Ok(settings)
}
