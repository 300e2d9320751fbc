//! How a run is watched and steered while it goes on.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tenantry_engine::{DatabaseName, TenantName};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Report;
use crate::rollout::{Order, Waiting, WaveProgress};

/// Something that happened, for people who wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "event")]
pub enum Progress {
    /// A database answered: it is looked at.
    Looking {
        /// Which.
        database: DatabaseName,
        /// How many tenants it has.
        tenants: u32,
        /// How many of them have to be read.
        reading: u32,
    },
    /// Some tenants of a database were read.
    Read {
        /// Which database.
        database: DatabaseName,
        /// How many by now.
        read: u32,
        /// How many there are to read.
        of: u32,
    },
    /// A database does not answer, or cannot be used.
    Silent {
        /// Which.
        database: DatabaseName,
        /// What it or the system said.
        message: String,
    },
    /// A definition is compiled.
    Compiling {
        /// Where.
        database: DatabaseName,
    },
    /// A group has its proved plan, or none can be made.
    Planned {
        /// Which one, from 1.
        group: u32,
        /// How many there are.
        of: u32,
        /// How many tenants are in it.
        tenants: u32,
    },
    /// The rollout begins, or goes on after an earlier run.
    Rollout {
        /// Its name.
        id: String,
        /// Whether an earlier run began it.
        resumed: bool,
        /// How many tenants it changes.
        tenants: u32,
    },
    /// How far each wave is. Told at most five times a second.
    Waves {
        /// The waves, in order.
        waves: Vec<WaveProgress>,
        /// How many schemas were made.
        made: u32,
        /// How many schemas are to be made in all.
        to_make: u32,
    },
    /// A plan was committed on a tenant.
    Applied {
        /// Which.
        tenant: TenantName,
        /// How long it took.
        took: Duration,
        /// How often a lock was not to be had before.
        lock_retries: u32,
    },
    /// A tenant failed.
    Failed {
        /// Which.
        tenant: TenantName,
        /// In a few words, the same for equal causes.
        cause: String,
        /// Why.
        message: String,
    },
    /// A tenant is left alone.
    Blocked {
        /// Which.
        tenant: TenantName,
        /// Why.
        message: String,
    },
    /// Nothing is to be done until something happens.
    Waiting {
        /// For what.
        what: Waiting,
        /// Until when, where that is known.
        until: Option<Timestamp>,
    },
    /// An order that came while it ran was carried out, or makes no sense.
    Ordered {
        /// Why it was not carried out; `None` when it was.
        refused: Option<String>,
    },
    /// Those who left are seen to, one after the other.
    Departing {
        /// How many by now.
        done: u32,
        /// How many there are.
        of: u32,
    },
    /// What failed is brought back.
    RollingBack {
        /// The rollout that is undone.
        of: String,
    },
    /// Stopping: what runs is finished.
    Stopping {
        /// How many tenants are under way.
        running: u32,
    },
}

/// The side of a run that does the work.
pub struct Control {
    tell: Arc<dyn Fn(Progress) + Send + Sync>,
    pub(super) stop: CancellationToken,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    waves_told: Option<tokio::time::Instant>,
    reports: Option<Reports>,
}

/// Who is told the whole state while a rollout runs.
struct Reports {
    every: Duration,
    tell: Box<dyn Fn(Report) + Send + Sync>,
    told: Option<tokio::time::Instant>,
}

/// The side of a run that people hold.
#[derive(Clone, Debug)]
pub struct Handle {
    stop: CancellationToken,
    orders: mpsc::UnboundedSender<Order>,
}

impl Handle {
    /// Asks the run to stop: what is under way is finished, nothing is begun.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Gives an order to a rollout that runs; whether it made sense is told as
    /// [`Progress::Ordered`].
    pub fn order(&self, order: Order) {
        // A run that is over takes no orders.
        let _ = self.orders.send(order);
    }
}

/// So often a person can read how far the waves are.
const WAVES_EVERY: Duration = Duration::from_millis(200);

impl Control {
    /// A run that tells what happens to `tell`, which must not block.
    pub fn new(tell: impl Fn(Progress) + Send + Sync + 'static) -> (Self, Handle) {
        let stop = CancellationToken::new();
        let (sender, orders) = mpsc::unbounded_channel();
        let handle = Handle { stop: stop.clone(), orders: sender };
        (Self { tell: Arc::new(tell), stop, orders, waves_told: None, reports: None }, handle)
    }

    /// Tells the whole state too while a rollout runs: when it begins, and then at most once in this time. How drifted
    /// tenants differ is not in it.
    #[must_use]
    pub fn reporting(mut self, every: Duration, tell: impl Fn(Report) + Send + Sync + 'static) -> Self {
        self.reports = Some(Reports { every, tell: Box::new(tell), told: None });
        self
    }

    /// A run that nobody watches.
    pub fn unwatched() -> (Self, Handle) {
        Self::new(|_| {})
    }

    pub(super) fn tell(&self, progress: Progress) {
        (self.tell)(progress);
    }

    /// For tasks, which cannot borrow.
    pub(super) fn teller(&self) -> Arc<dyn Fn(Progress) + Send + Sync> {
        Arc::clone(&self.tell)
    }

    /// Tells the whole state, where somebody wants to know it and was not told a moment ago.
    pub(super) fn tell_report(&mut self, report: impl FnOnce() -> Report) {
        let Some(reports) = &mut self.reports else { return };
        if reports.told.is_none_or(|told| told.elapsed() >= reports.every) {
            reports.told = Some(tokio::time::Instant::now());
            (reports.tell)(report());
        }
    }

    /// Tells how far the waves are, unless that was told a moment ago.
    pub(super) fn tell_waves(&mut self, at_once: bool, progress: impl FnOnce() -> Progress) {
        let recently = self.waves_told.is_some_and(|told| told.elapsed() < WAVES_EVERY);
        if at_once || !recently {
            self.waves_told = Some(tokio::time::Instant::now());
            self.tell(progress());
        }
    }
}
