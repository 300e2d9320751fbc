//! Time limits, lost connections, and what is known after them.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tenantry_engine::EngineError;
use tenantry_planner::sql::Identifier;
use tenantry_planner::{LockMode, Plan};
use tenantry_postgres::ShadowSettings;

use crate::scene::{APPLIED, Scene, UNTOUCHED, adds_column, plan, step};

fn adds_a_column_and_sleeps() -> Plan {
    let mut slow = adds_column();
    slow.steps.push(step("item", LockMode::AccessShare, "SELECT pg_sleep(30)"));
    slow
}

#[tokio::test]
async fn what_takes_too_long_is_ended_and_nothing_of_it_happens() {
    let scene = Scene::set().await;
    let start = scene.watermark().await;
    let slow = adds_a_column_and_sleeps();
    let began = Instant::now();
    let error = scene.apply_within(Some(&start), &slow, Duration::from_millis(700)).await.unwrap_err();
    assert!(matches!(error, EngineError::Timeout { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!((scene.columns().as_str(), scene.ledger().as_str()), ("id name price", UNTOUCHED));
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()";
    assert_eq!(scene.psql(sleeping), "0");
}

#[tokio::test]
async fn a_connection_that_the_server_ends_changes_nothing() {
    let scene = Scene::set().await;
    let start = scene.watermark().await;
    let slow = adds_a_column_and_sleeps();
    let killer = std::thread::spawn({
        let (cluster, database) = (scene.cluster, scene.database.clone());
        move || {
            std::thread::sleep(Duration::from_millis(700));
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            cluster.psql(&database, sql).unwrap();
        }
    });
    let error = scene.apply_from(Some(&start), &slow).await.unwrap_err();
    killer.join().unwrap();
    assert!(matches!(error, EngineError::Unreachable { .. } | EngineError::InDoubt { .. }), "{error}");
    assert_eq!((scene.columns().as_str(), scene.ledger().as_str()), ("id name price", UNTOUCHED));
    scene.apply(&adds_column()).await.unwrap();
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_in_doubt_and_the_ledger_tells() {
    let direct = Scene::set().await;
    let line = Line::to(&direct.cluster.url(&direct.database));
    let scene = Scene::again(&direct, &line.url, ShadowSettings::default());
    let start = scene.watermark().await;
    line.cut_after_the_next_answer();
    let error = scene.apply_from(Some(&start), &adds_column()).await.unwrap_err();
    assert!(matches!(error, EngineError::InDoubt { .. }), "{error}");
    assert!(error.is_transient());
    // It did happen: that stands where it has to stand.
    assert_eq!((direct.columns().as_str(), direct.ledger().as_str()), ("added id name price", APPLIED));
    let error = direct.apply_from(Some(&start), &adds_column()).await.unwrap_err();
    assert!(matches!(error, EngineError::Moved { .. }), "{error}");
}

#[tokio::test]
async fn an_apply_that_nobody_waits_for_any_more_is_ended() {
    let scene = Scene::set().await;
    let start = scene.watermark().await;
    let slow = plan(vec![step("item", LockMode::AccessExclusive, "SELECT pg_sleep(30)")], &[]);
    let given_up =
        tokio::time::timeout(Duration::from_millis(500), scene.apply_from(Some(&start), &slow)).await;
    assert!(given_up.is_err());
    // Its connection is cancelled and closed: the lock is free.
    let began = Instant::now();
    while scene.apply(&adds_column()).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "the lock is still held");
    }
}

#[tokio::test]
async fn a_ledger_of_another_name_works_as_well() {
    let ledger = Identifier::new("Ledger \"1\"").unwrap();
    let scene = Scene::without_schema(&ledger, ShadowSettings::default(), |_| {}).await;
    scene.apply_from(None, &plan(vec![], &[])).await.unwrap();
    assert_eq!(scene.psql(&format!("SELECT count(*) FROM {ledger}.event")), "1");
}

/// A line to the server that can be cut.
struct Line {
    url: String,
    cut: Arc<AtomicBool>,
}

impl Line {
    fn to(url: &str) -> Self {
        let address = url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let cut = Arc::new(AtomicBool::new(false));
        let cutting = Arc::clone(&cut);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&address).unwrap());
                relay(client.try_clone().unwrap(), server.try_clone().unwrap(), None);
                relay(server, client, Some(Arc::clone(&cutting)));
            }
        });
        Self { url: url.replace(url.split_once('@').unwrap().1.split_once('/').unwrap().0, &own), cut }
    }

    /// Whatever the server answers next is lost, and the line with it.
    fn cut_after_the_next_answer(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, cut: Option<Arc<AtomicBool>>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if cut.as_ref().is_some_and(|cut| cut.load(Ordering::SeqCst)) {
                // The answer is complete when nothing more comes for a while.
                from.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                while let Ok(1..) = from.read(&mut buffer) {}
                break;
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
