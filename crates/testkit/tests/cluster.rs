//! A cluster does what its documentation says, on whatever PostgreSQL this machine has.

use std::net::TcpStream;
use std::process::{Command, Stdio};

use tenantry_testkit::pg::{Binaries, Cluster, Error, Options};

#[test]
fn psql_answers_with_rows_and_fails_with_the_line_and_the_message() {
    let cluster = Cluster::shared().unwrap();
    let db = cluster.create_database("psql").unwrap();

    assert_eq!(cluster.psql(&db, "SELECT 1, 'a'; SELECT NULL, 'ü'").unwrap(), "1|a\n|ü");
    assert_eq!(cluster.psql(&db, "").unwrap(), "");
    let error = cluster.psql(&db, "CREATE TABLE t ();\nSELECT 1/0;\nDROP TABLE t").unwrap_err().to_string();
    assert!(error.contains("psql:<stdin>:2: ERROR:  division by zero"), "{error}");
    assert_eq!(cluster.psql(&db, "SELECT to_regclass('t')").unwrap(), "t", "it stopped at the error");
}

#[test]
fn psql_is_fed_and_read_at_the_same_time() {
    let cluster = Cluster::shared().unwrap();
    let db = cluster.create_database("pipes").unwrap();
    let statement = format!("SELECT '{}';\n", "x".repeat(1000));
    let rows = cluster.psql(&db, &statement.repeat(2000)).unwrap();
    assert_eq!(rows.lines().count(), 2000);
}

#[test]
fn databases_are_new_each_time_whatever_they_are_called() {
    let cluster = Cluster::shared().unwrap();
    for prefix in ["same", "same", "Or'ders \"x\"; y"] {
        let db = cluster.create_database(prefix).unwrap();
        assert_eq!(cluster.psql(&db, "CREATE TABLE t (); SELECT current_database()").unwrap(), db);
        cluster.drop_database(&db).unwrap();
        assert!(cluster.psql(&db, "").is_err());
    }
}

#[test]
fn a_server_of_the_version_asked_for_runs() {
    let cluster = Cluster::shared().unwrap();
    let number = cluster.psql("postgres", "SHOW server_version_num").unwrap();
    assert_eq!(number.parse::<u32>().unwrap() / 10_000, u32::from(cluster.version()));
    assert!(cluster.binaries().client_version() >= cluster.version());
}

#[test]
fn the_server_comes_back_after_a_stop_and_a_crash_and_as_a_standby() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    cluster.psql("postgres", "CREATE TABLE t AS SELECT 1 AS id").unwrap();
    let recovering = || cluster.psql("postgres", "SELECT id, pg_is_in_recovery() FROM t");

    cluster.stop().unwrap();
    assert!(recovering().is_err());
    cluster.start_again().unwrap();
    assert_eq!(recovering().unwrap(), "1|f");
    cluster.psql("postgres", "SET synchronous_commit = on; UPDATE t SET id = 2").unwrap();
    cluster.crash().unwrap();
    cluster.start_again().unwrap();
    assert_eq!(recovering().unwrap(), "2|f");
    cluster.restart_as_standby().unwrap();
    assert_eq!(recovering().unwrap(), "2|t");
}

#[test]
fn passwords_and_tls_are_asked_for_where_that_was_wanted() {
    let options =
        Options::default().password("pass word:/@").tls().setting("max_locks_per_transaction", "77");
    let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
    assert_eq!(cluster.psql("postgres", "SHOW max_locks_per_transaction").unwrap(), "77");

    // psql may have been built without TLS, so openssl is the client here.
    let connect = |authority: &str| {
        let mut client = Command::new("openssl");
        client.args([
            "s_client",
            "-starttls",
            "postgres",
            "-connect",
            &format!("127.0.0.1:{}", cluster.port()),
        ]);
        client
            .args(["-verify_return_error", "-verify_ip", "127.0.0.1", "-CAfile", authority])
            .stdin(Stdio::null());
        client.output().unwrap().status.success()
    };
    assert!(connect(&cluster.authority().unwrap().display().to_string()));
    assert!(!connect("/dev/null"), "openssl verifies the certificate");

    let plain = format!("{}?sslmode=disable", cluster.url("postgres"));
    let output = cluster.command("psql", "").args(["-X", "-w", &plain]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("no pg_hba.conf entry"), "{output:?}");

    let wrong = cluster
        .command("psql", "postgres")
        .env("PGPASSWORD", "passw0rd")
        .args(["-X", "-w"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("password authentication failed"), "{wrong:?}");
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let options = Options::default().setting("shared_buffers", "many");
    let error = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap_err();
    assert!(matches!(error, Error::Start { .. }));
    assert!(error.to_string().contains("invalid value for parameter \"shared_buffers\""), "{error}");
}

#[test]
fn a_dropped_cluster_leaves_nothing_behind() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let dir = cluster.socket_dir().to_owned();
    let port = cluster.port();
    let alive = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(alive());
    drop(cluster);
    assert!(!alive());
    assert!(!dir.exists());
}
