//! Ctrl-C and SIGTERM: the first one asks to stop, the second one ends what runs, the third one the process.

use std::future::Future;
use std::pin::pin;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Failure;

/// The exit code of a run that was interrupted, as shells have it.
pub const EXIT_CODE: u8 = 130;

/// What the first signal comes to.
pub enum Stop {
    /// What runs was asked to stop, and is waited for.
    Wait,
    /// What runs is ended at once.
    AtOnce,
}

/// The signals by which people end a program.
pub struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    seen: u32,
}

impl Interrupts {
    /// Takes the signals from now on.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::Signals);
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            seen: 0,
        })
    }

    /// Whether somebody asked to stop.
    pub fn came(&self) -> bool {
        self.seen > 0
    }

    /// Works until the work is done, or is ended by a signal; then there is no answer. What the work borrowed is
    /// dropped by then, and what it ran on servers is being cancelled.
    pub async fn during<T>(
        &mut self,
        work: impl Future<Output = T>,
        mut stop: impl FnMut() -> Stop,
    ) -> Option<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                () = self.next() => match (self.seen, stop()) {
                    (1, Stop::Wait) => {}
                    _ => return None,
                },
            }
        }
    }

    /// Tidies up: a signal during that is the last one.
    pub async fn tidying<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let last = self.seen + 1;
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                () = self.next() => if self.seen > last { return None },
            }
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
        self.seen += 1;
    }
}
