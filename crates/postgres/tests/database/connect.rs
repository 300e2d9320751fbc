//! Connections: TLS, pinned sessions, limits, cancellation, and who is refused.

use std::time::{Duration, Instant};

use tenantry_engine::EngineError;
use tenantry_postgres::{Connections, Database, Password, Settings, TlsMode};
use tenantry_testkit::pg::{Binaries, Cluster, Options};

use crate::database;

#[tokio::test]
async fn what_the_database_sets_does_not_change_what_a_session_prints() {
    let (db, cluster, name) = database("pinned").await;
    for setting in [
        "datestyle = 'German'",
        "intervalstyle = 'iso_8601'",
        "timezone = 'Asia/Tokyo'",
        "bytea_output = 'escape'",
        "extra_float_digits = -15",
        "quote_all_identifiers = on",
        "default_transaction_read_only = on",
        "row_security = on",
        "search_path = public",
        "statement_timeout = '50ms'",
    ] {
        cluster.psql("postgres", &format!("ALTER DATABASE {name} SET {setting}")).unwrap();
    }
    // A new connection: the settings of a database are taken when one begins.
    let db = Database::connect(db.settings(), &Connections::default()).await.unwrap();
    let session = db.session().await.unwrap();
    let printed: String = session
        .query_one_scalar(
            r"SELECT concat_ws(' ', date '2020-12-24', interval '1 day 2 hours', '\x01'::bytea, 0.1::float8,
                quote_ident('a'), current_setting('timezone'), current_setting('row_security'),
                current_setting('search_path'), current_setting('transaction_read_only'))",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(printed, r"2020-12-24 1 day 02:00:00 \x01 0.1 a UTC off pg_catalog, tenantry, pg_temp off");
    session.put_back();
}

#[tokio::test]
async fn a_wrong_password_a_closed_port_and_a_missing_database_say_so() {
    let options = Options::default().password("right password");
    let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
    let right = Settings::from_uri(&cluster.url("postgres")).unwrap();
    Database::connect(&right, &Connections::default()).await.unwrap();

    let wrong = Settings { password: Some(Password::new("hunter2")), ..right.clone() };
    let missing = Settings { dbname: "nowhere".to_owned(), ..right.clone() };
    let mut closed = right.clone();
    closed.endpoints[0].port = 1;
    for (settings, said) in [
        (wrong, "password authentication failed for user \"postgres\""),
        (missing, "database \"nowhere\" does not exist"),
        (closed, "refused"),
    ] {
        let error = Database::connect(&settings, &Connections::default()).await.map(drop).unwrap_err();
        assert!(matches!(error, EngineError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_unreachable_until_it_is_back() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let settings = Settings::from_uri(&cluster.url("postgres")).unwrap();
    let db = Database::connect(&settings, &Connections::default()).await.unwrap();
    cluster.stop().unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let error = db.session().await.map(drop).unwrap_err();
    assert!(matches!(error, EngineError::Unreachable { .. }), "{error:?}");
    cluster.start_again().unwrap();
    db.session().await.unwrap().put_back();
    cluster.restart_as_standby().unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let error = db.session().await.map(drop).unwrap_err().to_string();
    assert!(error.contains("it is a standby"), "{error}");
}

#[tokio::test]
async fn every_tls_mode_is_libpqs() {
    let cluster = Cluster::start_with(&Binaries::find().unwrap(), &Options::default().tls()).unwrap();
    let authority = std::fs::read(cluster.authority().unwrap()).unwrap();
    let other = Cluster::start_with(&Binaries::find().unwrap(), &Options::default().tls()).unwrap();
    let stranger = std::fs::read(other.authority().unwrap()).unwrap();
    let base = Settings::from_uri(&cluster.url("postgres")).unwrap();

    use TlsMode::{Allow, Disable, Prefer, Require, VerifyCa, VerifyFull};
    for (mode, authorities, encrypted) in [
        (Disable, None, Err("no pg_hba.conf entry")),
        (Allow, None, Ok(true)),
        (Prefer, None, Ok(true)),
        (Require, None, Ok(true)),
        (Require, Some(&stranger), Err("invalid peer certificate")),
        (VerifyCa, Some(&authority), Ok(true)),
        (VerifyCa, Some(&stranger), Err("invalid peer certificate")),
        (VerifyCa, None, Err("invalid peer certificate")),
        (VerifyFull, Some(&authority), Ok(true)),
        (VerifyFull, Some(&stranger), Err("invalid peer certificate")),
    ] {
        let mut settings = base.clone();
        settings.tls.mode = mode;
        settings.tls.authorities = authorities.cloned();
        let connected = Database::connect(&settings, &Connections::default()).await;
        match (connected, encrypted) {
            (Ok(db), Ok(expected)) => assert_eq!(is_encrypted(&db).await, expected, "{mode:?}"),
            (Err(error), Err(said)) => assert!(error.to_string().contains(said), "{mode:?}: {error}"),
            (got, expected) => panic!("{mode:?}: {:?}, expected {expected:?}", got.map(drop)),
        }
    }

    let plain = Cluster::shared().unwrap();
    let base = Settings::from_uri(&plain.url("postgres")).unwrap();
    for (mode, expected) in [(Allow, true), (Prefer, true), (Require, false), (VerifyFull, false)] {
        let mut settings = base.clone();
        settings.tls.mode = mode;
        let connected = Database::connect(&settings, &Connections::default()).await;
        assert_eq!(connected.is_ok(), expected, "{mode:?} without TLS on the server");
    }
}

async fn is_encrypted(db: &Database) -> bool {
    let session = db.session().await.unwrap();
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    session.query_one_scalar(sql, &[]).await.unwrap()
}

#[tokio::test]
async fn dropping_a_session_ends_its_statement_on_the_server() {
    let (db, cluster, name) = database("cancel").await;
    let session = db.session().await.unwrap();
    let pid = session.pid();
    let sleeping = tokio::spawn(async move { session.simple_query("SELECT pg_sleep(600)").await.map(drop) });
    let active =
        format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND query LIKE '%pg_sleep%'");
    until(|| cluster.psql(&name, &active).unwrap() == "1").await;
    sleeping.abort();
    until(|| cluster.psql(&name, &active).unwrap() == "0").await;
}

/// Waits for what happens soon.
pub(crate) async fn until(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not happen in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_host_has_no_more_connections_than_its_smallest_limit() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let connections = Connections::default();
    let mut databases = Vec::new();
    for limit in [5, 3] {
        let name = cluster.create_database("limit").unwrap();
        let mut settings = Settings::from_uri(&cluster.url(&name)).unwrap();
        settings.limits.max_connections = limit;
        databases.push(Database::connect(&settings, &connections).await.unwrap());
    }
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tenantry'";
    let most = std::sync::atomic::AtomicUsize::new(0);
    let tasks = (0..40).map(|n| {
        let db = databases[n % 2].clone();
        async move {
            let session = db.session().await.unwrap();
            let open: i64 = session.query_one_scalar(count, &[]).await.unwrap();
            session.put_back();
            usize::try_from(open).unwrap()
        }
    });
    for open in futures::future::join_all(tasks).await {
        most.fetch_max(open, std::sync::atomic::Ordering::Relaxed);
    }
    assert_eq!(most.into_inner(), 3);
}

#[tokio::test]
async fn a_connection_is_used_again_until_it_has_visited_enough_schemas() {
    let cluster = Cluster::shared().unwrap();
    let mut settings = Settings::from_uri(&cluster.url("postgres")).unwrap();
    settings.limits.schemas_per_connection = 10;
    let db = Database::connect(&settings, &Connections::default()).await.unwrap();
    let visit = async |schemas| {
        let mut session = db.session().await.unwrap();
        session.visit(schemas);
        let pid = session.pid();
        session.put_back();
        pid
    };
    let first = visit(4).await;
    assert_eq!(visit(6).await, first);
    assert_ne!(visit(1).await, first);
}
