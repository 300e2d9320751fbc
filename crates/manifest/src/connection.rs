//! How to reach a database, once its Secrets are looked up.

use std::time::Duration;

use tenantry_api::{
    tenant_database::{InPlace, TenantDatabaseSpec, TlsMode},
    validation::FieldPath,
};

use crate::{Secret, manifests::SecretData, references::Unresolved};

/// How to reach a database, as whom, and within which limits.
///
/// Where there is a `uri`, it says what the other fields do not; where there is none, `host`, `dbname` and
/// `user` are there.
#[derive(Clone, Debug)]
pub struct Connection {
    /// A whole PostgreSQL URI.
    pub uri: Option<Secret>,
    /// The host; goes before the URI's.
    pub host: Option<String>,
    /// The port; goes before the URI's.
    pub port: Option<u16>,
    /// The database; goes before the URI's.
    pub dbname: Option<String>,
    /// The login; goes before the URI's.
    pub user: Option<String>,
    /// Its password; goes before the URI's.
    pub password: Option<Secret>,
    /// Encryption.
    pub tls: Tls,
    /// Connections at one time, by host and port.
    pub max_connections: u16,
    /// `statement_timeout` of what runs on a tenant.
    pub statement_timeout: Duration,
    /// `lock_timeout` of what runs on a tenant.
    pub lock_timeout: Duration,
    /// The role as which a tenant's statements run; `{name}` stands for the tenant's name.
    pub owner_role: Option<String>,
    /// The schema of the ledger.
    pub ledger_schema: String,
    /// Whether a shadow may be made in this database itself.
    pub in_place: InPlace,
    /// The TenantDatabase that is the scratch for shadows.
    pub shadow: Option<String>,
}

/// Encryption of a connection.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// How far; none means as the URI's `sslmode` says, otherwise `Prefer`.
    pub mode: Option<TlsMode>,
    /// The certificates that are trusted, in PEM; none means the public authorities.
    pub authorities: Option<String>,
    /// What is shown to the server.
    pub client: Option<ClientCertificate>,
}

/// A certificate that is shown to the server, with its key.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The chain, in PEM.
    pub certificate: String,
    /// The private key, in PEM.
    pub key: Secret,
}

impl Connection {
    /// Looks up the Secrets of a TenantDatabase. `override_uri` takes the place of its login Secret and of
    /// the address in its `connection`.
    ///
    /// # Errors
    /// What is missing, and what to add; never a Secret's content.
    pub fn resolve<'s>(
        spec: &TenantDatabaseSpec,
        secret: &dyn Fn(&str) -> Option<&'s SecretData>,
        override_uri: Option<&Secret>,
    ) -> Result<Self, Vec<Unresolved>> {
        let mut unresolved = Vec::new();
        let mut connection = Self {
            uri: override_uri.cloned(),
            host: None,
            port: None,
            dbname: None,
            user: None,
            password: None,
            tls: resolve_tls(spec, secret, &mut unresolved),
            max_connections: u16::try_from(spec.limits.max_connections).unwrap_or(u16::MAX),
            statement_timeout: spec.limits.statement_timeout.get(),
            lock_timeout: spec.limits.lock_timeout.get(),
            owner_role: spec.owner_role.clone(),
            ledger_schema: spec.ledger_schema.clone(),
            in_place: spec.shadow.in_place,
            shadow: spec.shadow.database_ref.as_ref().map(|reference| reference.name.clone()),
        };
        if override_uri.is_none() {
            connection.log_in(spec, secret, &mut unresolved);
        }
        if unresolved.is_empty() { Ok(connection) } else { Err(unresolved) }
    }

    /// Fills in the login: what the spec says goes before what the Secret says.
    fn log_in<'s>(
        &mut self,
        spec: &TenantDatabaseSpec,
        secret: &dyn Fn(&str) -> Option<&'s SecretData>,
        unresolved: &mut Vec<Unresolved>,
    ) {
        let name = &spec.connection.secret_ref.name;
        let path = FieldPath::default().field("spec").field("connection").field("secretRef").field("name");
        let Some(data) = secret(name) else {
            return unresolved.push(Unresolved::missing(path, "Secret", name));
        };
        let text = |key: &str| {
            data.get(key).map(|value| without_line_break(value.expose())).filter(|text| !text.is_empty())
        };
        let own = &spec.connection;

        self.uri = text("uri").map(Secret::new);
        let with_uri = self.uri.is_some();
        // A Secret with a URI has the same in parts, but a shorter host name: the URI is the whole of it.
        let part = |key: &str| if with_uri { None } else { text(key).map(str::to_owned) };
        self.host = own.host.clone().or_else(|| part("host"));
        self.dbname = own.dbname.clone().or_else(|| part("dbname"));
        self.user = own.user.clone().or_else(|| part("user")).or_else(|| part("username"));
        self.password = part("password").map(Secret::new);
        self.port = match own.port {
            Some(port) => u16::try_from(port).ok(),
            None => match part("port").map(|port| port.parse::<u16>()) {
                Some(Ok(port)) if port > 0 => Some(port),
                Some(_) => {
                    let message = format!("the key port of Secret {name} is no number from 1 to 65535");
                    return unresolved.push(Unresolved::unfit(path, message));
                }
                None => None,
            },
        };
        let needed = [("host", &self.host), ("dbname", &self.dbname), ("user", &self.user)];
        let lacking: Vec<&str> =
            needed.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| *key).collect();
        if !with_uri && !lacking.is_empty() {
            let message = format!(
                "Secret {name} has no uri, and neither it nor spec.connection says {}; add that to one of the two",
                lacking.join(", ")
            );
            unresolved.push(Unresolved::unfit(path, message));
        }
    }
}

fn resolve_tls<'s>(
    spec: &TenantDatabaseSpec,
    secret: &dyn Fn(&str) -> Option<&'s SecretData>,
    unresolved: &mut Vec<Unresolved>,
) -> Tls {
    let Some(tls) = &spec.tls else { return Tls::default() };
    let mut pem = |field: &str, name: &str, key: &str, kind: &str| {
        let path = FieldPath::default().field("spec").field("tls").field(field).field("name");
        let Some(data) = secret(name) else {
            unresolved.push(Unresolved::missing(path, "Secret", name));
            return None;
        };
        let Some(text) = data.get(key) else {
            let keys: Vec<&str> = data.keys().map(String::as_str).collect();
            let message = format!("Secret {name} has no key {key}; it has {}", keys.join(", "));
            unresolved.push(Unresolved::unfit(path, message));
            return None;
        };
        if !text.expose().contains("-----BEGIN ") {
            let message = format!("the key {key} of Secret {name} is no {kind} in PEM (-----BEGIN ...)");
            unresolved.push(Unresolved::unfit(path, message));
            return None;
        }
        Some(text.clone())
    };
    let authorities = tls.ca_secret_ref.as_ref();
    let authorities = authorities.and_then(|ca| pem("caSecretRef", &ca.name, &ca.key, "certificate"));
    let client = tls.client_cert_secret_ref.as_ref().and_then(|reference| {
        let certificate = pem("clientCertSecretRef", &reference.name, "tls.crt", "certificate");
        let key = pem("clientCertSecretRef", &reference.name, "tls.key", "private key");
        Some(ClientCertificate { certificate: certificate?.expose().to_owned(), key: key? })
    });
    Tls { mode: tls.mode, authorities: authorities.map(|pem| pem.expose().to_owned()), client }
}

/// `echo secret | base64` has a line break that nobody meant.
fn without_line_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(yaml: &str) -> TenantDatabaseSpec {
        serde_saphyr::from_str(&format!("connection: {{secretRef: {{name: app}}}}\n{yaml}")).unwrap()
    }

    fn data(pairs: &[(&str, &str)]) -> SecretData {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect()
    }

    fn resolve(spec: &TenantDatabaseSpec, pairs: &[(&str, &str)]) -> Result<Connection, String> {
        let login = data(pairs);
        let ca = data(&[("ca.crt", "-----BEGIN CERTIFICATE-----\n"), ("tls.crt", "nonsense")]);
        let lookup = |name: &str| match name {
            "app" => Some(&login),
            "ca" => Some(&ca),
            _ => None,
        };
        Connection::resolve(spec, &lookup, None)
            .map_err(|all| all.iter().map(|one| one.message.clone()).collect::<Vec<_>>().join("\n"))
    }

    /// Host, port, dbname, user and password, `-` for none.
    fn address(connection: &Connection) -> String {
        let port = connection.port.map(|port| port.to_string());
        let password = connection.password.as_ref().map(|password| password.expose().to_owned());
        let parts = [&connection.host, &port, &connection.dbname, &connection.user, &password];
        parts.map(|part| part.as_deref().unwrap_or("-")).join(" ")
    }

    /// The keys that each of these writes into its Secrets.
    #[test]
    fn secrets_of_others_are_understood() {
        let cloud_native_pg = [
            ("dbname", "app"),
            ("host", "eu-1-rw"),
            ("password", "pw"),
            ("port", "5432"),
            ("uri", "postgresql://app:pw@eu-1-rw.db:5432/app"),
            ("user", "app"),
            ("username", "app"),
        ];
        let connection = resolve(&spec(""), &cloud_native_pg).unwrap();
        assert_eq!(
            connection.uri.as_ref().map(Secret::expose),
            Some("postgresql://app:pw@eu-1-rw.db:5432/app")
        );
        assert_eq!(address(&connection), "- - - - -");

        let rds = [
            ("dbname", "app"),
            ("engine", "postgres"),
            ("host", "eu-1.rds.amazonaws.com"),
            ("password", "pw\n"),
            ("port", "5432"),
            ("username", "admin"),
        ];
        let connection = resolve(&spec(""), &rds).unwrap();
        assert_eq!(address(&connection), "eu-1.rds.amazonaws.com 5432 app admin pw");

        let zalando = [("username", "app_owner"), ("password", "pw")];
        let in_spec = "connection: {secretRef: {name: app}, host: eu-1, dbname: app}";
        let connection = resolve(&serde_saphyr::from_str(in_spec).unwrap(), &zalando).unwrap();
        assert_eq!(address(&connection), "eu-1 - app app_owner pw");
        assert_eq!(
            resolve(&spec(""), &zalando).unwrap_err(),
            "Secret app has no uri, and neither it nor spec.connection says host, dbname; add that to one of the two"
        );
    }

    #[test]
    fn the_spec_goes_before_the_secret() {
        let in_spec = "connection: {secretRef: {name: app}, host: proxy, port: 6432, dbname: d, user: u}";
        let uri = [("uri", "postgresql://app:pw@eu-1/app")];
        let connection = resolve(&serde_saphyr::from_str(in_spec).unwrap(), &uri).unwrap();
        assert!(connection.uri.is_some());
        assert_eq!(address(&connection), "proxy 6432 d u -");
    }

    #[test]
    fn what_is_missing_is_named_and_no_content_is_shown() {
        let parts = [("host", "h"), ("dbname", "d"), ("user", "u"), ("port", "s3cret")];
        assert_eq!(
            resolve(&spec(""), &parts).unwrap_err(),
            "the key port of Secret app is no number from 1 to 65535"
        );
        let uri = [("uri", "postgresql://u:s3cret@h/d")];
        for (tls, message) in [
            ("{caSecretRef: {name: nowhere}}", "there is no Secret nowhere; add it"),
            (
                "{caSecretRef: {name: ca, key: root.crt}}",
                "Secret ca has no key root.crt; it has ca.crt, tls.crt",
            ),
            (
                "{clientCertSecretRef: {name: ca}}",
                "the key tls.crt of Secret ca is no certificate in PEM (-----BEGIN ...)\n\
                 Secret ca has no key tls.key; it has ca.crt, tls.crt",
            ),
        ] {
            assert_eq!(resolve(&spec(&format!("tls: {tls}")), &uri).unwrap_err(), message);
        }
        let connection = resolve(&spec("tls: {caSecretRef: {name: ca}}"), &uri).unwrap();
        assert!(!format!("{connection:?}").contains("s3cret"), "{connection:?}");
    }

    #[test]
    fn a_uri_from_elsewhere_takes_the_secrets_place() {
        let in_spec = "connection: {secretRef: {name: nowhere}, host: in-cluster}";
        let uri = Secret::new("postgresql://me@localhost/app");
        let connection =
            Connection::resolve(&serde_saphyr::from_str(in_spec).unwrap(), &|_| None, Some(&uri)).unwrap();
        assert_eq!(connection.uri, Some(uri));
        assert_eq!(address(&connection), "- - - - -");
    }
}
