//! How many connections a server is asked for, whoever needs them (D21).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tenantry_engine::EngineError;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::login::{Login, Open, Server};
use super::pooler;
use super::session::Session;

/// An idle connection is closed after this time.
const IDLE: Duration = Duration::from_secs(120);
/// One that was idle for longer is asked whether it is alive before it is used.
const FRESH: Duration = Duration::from_secs(1);

/// All connections of a process, counted by host and port. Clones are one.
#[derive(Clone, Default)]
pub struct Connections(Arc<All>);

#[derive(Default)]
struct All {
    servers: Mutex<HashMap<String, Arc<Host>>>,
    /// Requests to cancel, and connections that are being closed.
    endings: TaskTracker,
    pools: AtomicU64,
}

/// One host and port.
struct Host {
    /// How many connections may be in use.
    in_use: Arc<Semaphore>,
    shared: Mutex<Shared>,
}

struct Shared {
    /// How many may be open.
    limit: usize,
    idle: Vec<Idle>,
}

struct Idle {
    pool: u64,
    open: Open,
    since: Instant,
}

impl Connections {
    /// Waits until the statements of dropped sessions have been cancelled and
    /// their connections closed: before a process ends.
    pub async fn drain(&self) {
        self.0.endings.close();
        self.0.endings.wait().await;
        self.0.endings.reopen();
    }

    /// The host's entry; where several databases are on it, the smallest limit
    /// holds for all.
    fn host(&self, endpoints: &str, limit: usize) -> Arc<Host> {
        let limit = limit.max(1);
        let mut servers = locked(&self.0.servers);
        let host = servers.entry(endpoints.to_owned()).or_insert_with(|| {
            Arc::new(Host {
                in_use: Arc::new(Semaphore::new(limit)),
                shared: Mutex::new(Shared { limit, idle: Vec::new() }),
            })
        });
        let mut shared = locked(&host.shared);
        if limit < shared.limit {
            let surplus = u32::try_from(shared.limit - limit).unwrap_or(u32::MAX);
            shared.limit = limit;
            let in_use = Arc::clone(&host.in_use);
            // Those in use beyond the new limit are taken away when they come back.
            tokio::spawn(async move {
                if let Ok(permits) = in_use.acquire_many_owned(surplus).await {
                    permits.forget();
                }
            });
        }
        drop(shared);
        Arc::clone(host)
    }
}

/// The connections to one database.
pub(crate) struct Pool {
    id: u64,
    login: Login,
    host: Arc<Host>,
    all: Connections,
}

impl Pool {
    /// A pool for one database, on the connections of its host.
    pub(crate) fn new(login: Login, all: &Connections) -> Arc<Self> {
        let endpoints: Vec<String> = login.settings.endpoints.iter().map(ToString::to_string).collect();
        let host = all.host(&endpoints.join(","), login.settings.limits.max_connections);
        let id = all.0.pools.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { id, login, host, all: all.clone() })
    }

    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    /// Makes sure that there are sessions of our own behind the address, and
    /// says who the server is.
    pub(crate) async fn greet(&self) -> Result<Server, EngineError> {
        let permit = self.permit().await?;
        let first = self.login.open().await?;
        let second = self.login.open().await?;
        pooler::refuse(&self.login, &first, &second).await?;
        let server = first.server.clone();
        self.take_back(first, permit);
        self.close(second, None, Running::Nothing);
        Ok(server)
    }

    /// A connection on loan; waits until one is free.
    pub(crate) async fn session(self: &Arc<Self>) -> Result<Session, EngineError> {
        let permit = self.permit().await?;
        loop {
            match self.idle() {
                Some((open, age)) if age < FRESH || open.client.check_connection().await.is_ok() => {
                    return Ok(Session::new(open, Arc::clone(self), permit));
                }
                Some(_) => {}
                None => break,
            }
        }
        self.make_room().await;
        let open = self.login.open().await?;
        Ok(Session::new(open, Arc::clone(self), permit))
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, EngineError> {
        let permit = Arc::clone(&self.host.in_use).acquire_owned().await;
        permit.map_err(|_| EngineError::Cancelled)
    }

    /// The connection of ours that was used last, and for how long it was idle.
    fn idle(&self) -> Option<(Open, Duration)> {
        let mut shared = locked(&self.host.shared);
        let (kept, old) =
            std::mem::take(&mut shared.idle).into_iter().partition(|idle| idle.since.elapsed() < IDLE);
        shared.idle = kept;
        let at = shared.idle.iter().rposition(|idle| idle.pool == self.id && !idle.open.client.is_closed());
        let found = at.map(|at| shared.idle.remove(at)).map(|idle| (idle.open, idle.since.elapsed()));
        drop(shared);
        for idle in old {
            self.close(idle.open, None, Running::Nothing);
        }
        found
    }

    /// Closes an idle connection of another database, where the limit leaves
    /// no room for one more.
    async fn make_room(&self) {
        let surplus = {
            let mut shared = locked(&self.host.shared);
            let in_use = shared.limit.saturating_sub(self.host.in_use.available_permits());
            let full = in_use + shared.idle.len() > shared.limit && !shared.idle.is_empty();
            full.then(|| shared.idle.remove(0).open)
        };
        if let Some(open) = surplus {
            drop(open.client);
            // Its own end cannot fail; a panic of the task would have ended it too.
            let _ = open.task.await;
        }
    }

    /// Takes back a connection that is idle.
    pub(super) fn take_back(&self, open: Open, permit: OwnedSemaphorePermit) {
        let worn = open.visited >= self.login.settings.limits.schemas_per_connection;
        if open.client.is_closed() || worn {
            return self.close(open, Some(permit), Running::Nothing);
        }
        locked(&self.host.shared).idle.push(Idle { pool: self.id, open, since: Instant::now() });
    }

    /// Closes a connection, and lets another one take its place once it is
    /// closed.
    pub(super) fn close(&self, open: Open, permit: Option<OwnedSemaphorePermit>, running: Running) {
        let Ok(runtime) = Handle::try_current() else { return };
        let cancel = open.client.cancel_token();
        let tls = self.login.tls();
        let limit = self.login.settings.limits.connect_timeout;
        let ending = async move {
            if running == Running::Perhaps && !open.client.is_closed() {
                // Where this fails, the server ends the statement when it notices that its client is gone.
                let _ = tokio::time::timeout(limit, cancel.cancel_query(tls)).await;
            }
            drop(open.client);
            let _ = tokio::time::timeout(limit, open.task).await;
            drop(permit);
        };
        self.all.0.endings.spawn_on(ending, &runtime);
    }
}

/// Whether a connection that is closed may be running a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Running {
    /// It is idle.
    Nothing,
    /// It may be; whatever it is, it is cancelled.
    Perhaps,
}

/// What the lock holds stays whole even if a holder panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
