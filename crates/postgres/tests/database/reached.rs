//! A database that is down, refuses, or comes back: what is said, and that it is found again.

use std::time::Duration;

use tenantry_engine::{Engine as _, EngineError, Severity};
use tenantry_testkit::pg::{Binaries, Cluster, Options};

use crate::engine;

#[tokio::test]
async fn a_database_that_cannot_be_reached_says_what_to_do() {
    let options = Options::default().password("right password").setting("max_connections", "8");
    let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
    cluster
        .psql(
            "postgres",
            "CREATE ROLE idle LOGIN PASSWORD 'p'; CREATE ROLE barred PASSWORD 'p' NOLOGIN;
             CREATE ROLE single LOGIN PASSWORD 'p' CONNECTION LIMIT 0; CREATE DATABASE private;
             REVOKE CONNECT ON DATABASE private FROM PUBLIC",
        )
        .unwrap();
    let closed = format!("postgres://postgres:hunter2@127.0.0.1:{}/postgres", free_port());
    for (url, said, remedy) in [
        (closed, "refused", "Is the server up, and are host and port right?"),
        ("postgres://u:hunter2@nowhere.invalid/d".to_owned(), "lookup address", "Is the host's name right"),
        (
            cluster.url_as("idle", Some("hunter2"), "postgres"),
            "password authentication failed",
            "user and password",
        ),
        (
            cluster.url_as("nobody", Some("hunter2"), "postgres"),
            "password authentication failed",
            "user and password",
        ),
        (cluster.url_as("barred", Some("p"), "postgres"), "not permitted to log in", "may it log in"),
        (cluster.url_as("single", Some("p"), "postgres"), "too many connections", "limits.maxConnections"),
        (cluster.url_as("idle", Some("p"), "private"), "permission denied", "GRANT CONNECT"),
        (cluster.url_as("idle", Some("p"), "nowhere"), "does not exist", "Create the database"),
    ] {
        let engine = engine(&url);
        let error = engine.pulse().await.unwrap_err();
        assert!(matches!(error, EngineError::Unreachable { .. }) && error.is_transient(), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(said) && text.contains(remedy), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        let findings = engine.doctor().await.unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].severity, Severity::Error);
        assert!(findings[0].message.contains(said) && findings[0].remedy.contains(remedy), "{findings:?}");
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_database_that_was_down_at_first_or_restarts_is_found_again() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    cluster.psql("postgres", "CREATE SCHEMA acme").unwrap();
    let engine = engine(&cluster.url("postgres"));
    cluster.stop().unwrap();
    assert!(engine.schemas("*").await.unwrap_err().is_transient());
    cluster.start_again().unwrap();
    assert_eq!(engine.schemas("*").await.unwrap().len(), 1);

    cluster.crash().unwrap();
    cluster.start_again().unwrap();
    // A connection that was used a moment ago is not asked whether it is alive: one call may find it broken.
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(engine.schemas("*").await.map(|schemas| schemas.len()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(answers.pop().unwrap().unwrap(), 1);
    assert!(answers.iter().all(|answer| answer.as_ref().err().is_none_or(EngineError::is_transient)));

    cluster.stop().unwrap();
    cluster.start_again().unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(engine.schemas("*").await.unwrap().len(), 1, "an old connection is asked before it is used");

    cluster.restart_as_standby().unwrap();
    let findings = engine.doctor().await.unwrap();
    assert!(
        findings[0].message.contains("it is a standby") && findings[0].remedy.contains("primary"),
        "{findings:?}"
    );
}
