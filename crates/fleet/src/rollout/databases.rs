//! Databases that stopped to answer, and when they are asked again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tenantry_engine::DatabaseName;

use crate::Retry;

/// A moment so much later.
pub(super) fn after(now: Timestamp, pause: Duration) -> Timestamp {
    SignedDuration::try_from(pause)
        .ok()
        .and_then(|pause| now.checked_add(pause).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The pause after so many attempts: it doubles, up to a limit. `lot` spreads
/// those who were stopped by the same thing over a quarter of it.
pub(super) fn pause(retry: &Retry, attempts: u32, lot: u64) -> Duration {
    let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    let pause = retry.backoff.saturating_mul(factor).min(retry.max_backoff);
    let hundredths = u32::try_from(lot % 26).unwrap_or_default();
    pause + pause * hundredths / 100
}

/// A database that does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    /// What the system said.
    pub message: String,
    /// How often it was asked in vain.
    pub asked: u32,
    /// When it is asked next.
    pub next: Timestamp,
    /// It is being asked.
    pub asking: bool,
}

/// The databases of a rollout.
#[derive(Clone, Debug, Default)]
pub(super) struct Databases {
    silent: BTreeMap<DatabaseName, Silence>,
    /// How often reading failed since it last went well.
    troubles: BTreeMap<DatabaseName, u32>,
}

impl Databases {
    /// Notes that a database does not answer.
    pub(super) fn fell_silent(
        &mut self,
        database: &DatabaseName,
        message: &str,
        retry: &Retry,
        now: Timestamp,
    ) {
        let troubles = self.troubles.entry(database.clone()).or_default();
        *troubles = troubles.saturating_add(1);
        let troubles = *troubles;
        let silence = self.silent.entry(database.clone()).or_insert_with(|| Silence {
            message: message.to_owned(),
            asked: 0,
            next: now,
            asking: false,
        });
        if silence.asking {
            silence.asking = false;
            silence.asked += 1;
        }
        message.clone_into(&mut silence.message);
        silence.next = after(now, pause(retry, troubles.max(1), 0));
    }

    /// Notes that it answers again.
    pub(super) fn answered(&mut self, database: &DatabaseName) {
        self.silent.remove(database);
    }

    /// Notes that reading from it went well.
    pub(super) fn went_well(&mut self, database: &DatabaseName) {
        self.troubles.remove(database);
    }

    pub(super) fn is_silent(&self, database: &DatabaseName) -> bool {
        self.silent.contains_key(database)
    }

    /// Whether this run no longer waits for it.
    pub(super) fn given_up(&self, database: &DatabaseName, retry: &Retry) -> bool {
        self.troubles.get(database).is_some_and(|troubles| *troubles >= retry.attempts)
            && self.is_silent(database)
    }

    /// The databases that are to be asked now.
    pub(super) fn due(&mut self, retry: &Retry, now: Timestamp) -> Vec<DatabaseName> {
        let troubles = &self.troubles;
        self.silent
            .iter_mut()
            .filter(|(database, silence)| {
                let given_up = troubles.get(*database).is_some_and(|troubles| *troubles >= retry.attempts);
                !silence.asking && silence.next <= now && !given_up
            })
            .map(|(database, silence)| {
                silence.asking = true;
                database.clone()
            })
            .collect()
    }

    /// When the next one is to be asked.
    pub(super) fn next(&self, retry: &Retry) -> Option<Timestamp> {
        self.silent
            .iter()
            .filter(|(database, silence)| !silence.asking && !self.given_up(database, retry))
            .map(|(_, silence)| silence.next)
            .min()
    }

    /// Whether one is being asked.
    pub(super) fn is_asking(&self) -> bool {
        self.silent.values().any(|silence| silence.asking)
    }

    /// Those that do not answer, with what the system said.
    pub(super) fn silent(&self) -> impl Iterator<Item = (&DatabaseName, &Silence)> {
        self.silent.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noon;

    #[test]
    fn pauses_double_and_end_somewhere() {
        let retry =
            Retry { attempts: 5, backoff: Duration::from_secs(1), max_backoff: Duration::from_secs(5) };
        let pauses: Vec<u64> = (1..6).map(|n| pause(&retry, n, 0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        assert_eq!(pause(&retry, u32::MAX, 25), Duration::from_millis(6250));
    }

    #[test]
    fn is_asked_until_patience_ends() {
        let retry = Retry { attempts: 3, ..Retry::default() };
        let database = DatabaseName::new("eu-1");
        let mut databases = Databases::default();
        databases.fell_silent(&database, "refused", &retry, noon(0));
        assert!(databases.due(&retry, noon(0)).is_empty());
        assert_eq!(databases.due(&retry, noon(1)), std::slice::from_ref(&database));
        assert!(databases.due(&retry, noon(1)).is_empty() && databases.is_asking());
        databases.fell_silent(&database, "refused", &retry, noon(1));
        assert_eq!(databases.next(&retry), Some(noon(3)));
        assert_eq!(databases.due(&retry, noon(3)), std::slice::from_ref(&database));
        databases.fell_silent(&database, "refused", &retry, noon(3));
        assert!(databases.given_up(&database, &retry));
        assert_eq!(databases.next(&retry), None);
        databases.answered(&database);
        assert!(!databases.is_silent(&database));
    }
}
