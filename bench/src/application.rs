//! An application that reads and writes its tenants' tables all the while: how long its slowest statement took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

use crate::Failure;
use crate::fleet::{Fleet, LOGIN};

/// An application at work.
pub struct Application {
    stop: Arc<AtomicBool>,
    at_work: JoinHandle<Result<Duration, Failure>>,
}

impl Application {
    /// Starts it.
    pub fn start(fleet: &Fleet, database: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (url, schemas) = (fleet.cluster.url_as(LOGIN, None, database), fleet.schemas());
        let stopped = Arc::clone(&stop);
        let at_work = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(crate::system("start a client"))?.block_on(work(&url, &schemas, &stopped))
        });
        Self { stop, at_work }
    }

    /// Stops it; its slowest statement.
    pub fn stop(self) -> Result<Duration, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        self.at_work.join().map_err(|_| Failure::Wrong("the application came to no end".to_owned()))?
    }
}

async fn work(url: &str, schemas: &[String], stop: &AtomicBool) -> Result<Duration, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let mut slowest = Duration::ZERO;
    for schema in schemas.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        for statement in [
            format!("INSERT INTO {schema}.audit (action) VALUES ('seen')"),
            format!("SELECT count(*) FROM {schema}.invoice i JOIN {schema}.contact c ON c.id = i.contact_id"),
            format!("UPDATE {schema}.setting SET value = '1' WHERE key = 'none'"),
            "SELECT count(*) FROM product.customer WHERE name = 't1'".to_owned(),
        ] {
            let began = Instant::now();
            client.batch_execute(&statement).await?;
            slowest = slowest.max(began.elapsed());
        }
    }
    Ok(slowest)
}
