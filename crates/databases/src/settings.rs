//! From how a manifest says it to the settings of a connection.

use std::fmt::Write as _;

use tenantry_api::tenant_database;
use tenantry_manifest::Connection;
use tenantry_planner::sql::Identifier;
use tenantry_postgres::{BadSettings, Endpoint, Limits, Password, Settings, TlsMode};

/// The port where none is said.
const PORT: u16 = 5432;

/// The settings of a TenantDatabase: what stands in it goes before what its URI says.
///
/// # Errors
/// When the URI cannot be used, or the ledger's schema has no possible name.
pub fn settings(connection: &Connection) -> Result<Settings, BadSettings> {
    let mut settings = match &connection.uri {
        Some(uri) => with_uri(uri.expose(), connection)?,
        None => Settings::new(
            vec![Endpoint {
                host: connection.host.clone().ok_or(BadSettings::Missing("host"))?,
                port: connection.port.unwrap_or(PORT),
            }],
            connection.dbname.clone().ok_or(BadSettings::Missing("database"))?,
            connection.user.clone().ok_or(BadSettings::Missing("user"))?,
            None,
        ),
    };
    if let Some(password) = &connection.password {
        settings.password = Some(Password::new(password.expose()));
    }
    if let Some(mode) = connection.tls.mode {
        settings.tls.mode = tls_mode(mode);
    }
    if let Some(authorities) = &connection.tls.authorities {
        settings.tls.authorities = Some(authorities.clone().into_bytes());
    }
    if let Some(client) = &connection.tls.client {
        settings.tls.certificate = Some(client.certificate.clone().into_bytes());
        settings.tls.key = Some(client.key.expose().as_bytes().to_vec());
    }
    settings.limits = Limits {
        max_connections: usize::from(connection.max_connections),
        statement_timeout: connection.statement_timeout,
        lock_timeout: connection.lock_timeout,
        ..settings.limits
    };
    settings.ledger_schema = Identifier::new(&connection.ledger_schema)
        .map_err(|error| BadSettings::LedgerSchema(error.to_string()))?;
    Ok(settings)
}

/// A URI that may lack what the manifest says. A parameter goes before what stands in the address.
fn with_uri(uri: &str, connection: &Connection) -> Result<Settings, BadSettings> {
    let mut uri = uri.to_owned();
    let said = [("host", &connection.host), ("dbname", &connection.dbname), ("user", &connection.user)];
    for (parameter, value) in said {
        if let Some(value) = value {
            let separator = if uri.contains('?') { '&' } else { '?' };
            let _ = write!(uri, "{separator}{parameter}={}", percent_encoded(value));
        }
    }
    let mut settings = Settings::from_uri(&uri)?;
    if let Some(host) = &connection.host {
        let port = settings.endpoints.first().map_or(PORT, |endpoint| endpoint.port);
        settings.endpoints = vec![Endpoint { host: host.clone(), port }];
    }
    if let Some(port) = connection.port {
        settings.endpoints.iter_mut().for_each(|endpoint| endpoint.port = port);
    }
    Ok(settings)
}

/// What stands in a URI for a text, wherever in it.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn tls_mode(mode: tenant_database::TlsMode) -> TlsMode {
    match mode {
        tenant_database::TlsMode::Disable => TlsMode::Disable,
        tenant_database::TlsMode::Prefer => TlsMode::Prefer,
        tenant_database::TlsMode::Require => TlsMode::Require,
        tenant_database::TlsMode::VerifyCA => TlsMode::VerifyCa,
        tenant_database::TlsMode::VerifyFull => TlsMode::VerifyFull,
    }
}

#[cfg(test)]
mod tests {
    use tenantry_manifest::{Environment, Input, load};

    use super::*;

    fn of(spec: &str, uri: &str) -> Settings {
        let text = format!(
            "apiVersion: tenantry.dev/v1alpha1\nkind: TenantDatabase\nmetadata: {{name: eu-1}}\nspec: {spec}\n"
        );
        let environment = Environment::default();
        let secret =
            format!("---\napiVersion: v1\nkind: Secret\nmetadata: {{name: app}}\nstringData: {uri}\n");
        let input = Input::Text { name: "f".to_owned(), text: text + &secret };
        let manifests = load(&[input], &environment).unwrap();
        let database = manifests.databases.values().next().unwrap();
        settings(&manifests.connection(database, &environment).unwrap()).unwrap()
    }

    fn said(settings: &Settings) -> String {
        format!("{}@{} {:?}", settings.user, settings.address(), settings.tls.mode)
    }

    #[test]
    fn what_the_manifest_says_goes_before_the_uri() {
        for (spec, uri, expected) in [
            ("{connection: {secretRef: {name: app}}}", "postgres://u@h/d", "u@h:5432/d Prefer"),
            (
                "{connection: {secretRef: {name: app}, dbname: o'b & c}, tls: {mode: Require}}",
                "postgres://u@h:6000",
                "u@h:6000/o'b & c Require",
            ),
            (
                "{connection: {secretRef: {name: app}, host: proxy, port: 6432, dbname: d, user: 'é'}}",
                "postgres://u:p@a,b:7000/x?sslmode=require",
                "é@proxy:6432/d Require",
            ),
            (
                "{connection: {secretRef: {name: app}, port: 7, user: me}}",
                "postgres:///d?host=/run/pg",
                "me@/run/pg:7/d Prefer",
            ),
        ] {
            assert_eq!(said(&of(spec, &format!("{{uri: '{uri}'}}"))), expected);
        }
    }

    #[test]
    fn parts_and_limits_arrive() {
        let spec = "{connection: {secretRef: {name: app}, host: h}, ledgerSchema: book, \
                    limits: {maxConnections: 3, lockTimeout: 1s, statementTimeout: 1m}}";
        let settings = of(spec, "{username: u, password: p, dbname: d}");
        assert_eq!(said(&settings), "u@h:5432/d Prefer");
        assert_eq!(settings.password, Some(Password::new("p")));
        assert_eq!(settings.ledger_schema.as_str(), "book");
        let limits = &settings.limits;
        let seconds = [limits.lock_timeout, limits.statement_timeout].map(|limit| limit.as_secs());
        assert_eq!((limits.max_connections, seconds), (3, [1, 60]));
    }
}
