//! A pooler that gives each transaction another backend (PgBouncer with
//! `pool_mode = transaction`): settings, advisory locks and steps outside of
//! transactions would land on backends of others.

use tenantry_engine::EngineError;

use super::login::{Login, Open};
use crate::error::reason_and_remedy;

/// How often both clients are asked.
const ROUNDS: usize = 3;

/// Refuses an address behind which two clients share backends. Needs two open
/// connections; leaves both idle.
pub(super) async fn refuse(login: &Login, first: &Open, second: &Open) -> Result<(), EngineError> {
    let mut seen = vec![(1, first.pid), (2, second.pid)];
    for _ in 0..ROUNDS {
        // Within a transaction each keeps its backend, so that two real sessions never tell the same.
        for (client, open) in [(1, first), (2, second)] {
            let pid = open.client.simple_query("SELECT pg_catalog.pg_backend_pid()").await;
            let rows = pid.map_err(|error| login.unreachable(reason_and_remedy(&error)))?;
            let pid = rows.iter().find_map(|row| match row {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
                _ => None,
            });
            seen.extend(pid.map(|pid| (client, pid)));
        }
    }
    if share_backends(&seen) {
        return Err(EngineError::Unsuitable {
            address: login.address().to_owned(),
            reason: "it is a pooler that gives each transaction another session".to_owned(),
            remedy: "Name the server itself, or a pooler with pool_mode = session".to_owned(),
        });
    }
    Ok(())
}

/// Whether clients, open at the same time, were served by backends of others:
/// two were told the same process, or one was told two.
fn share_backends(seen: &[(u8, i32)]) -> bool {
    seen.iter().enumerate().any(|(at, (client, pid))| {
        seen[at + 1..].iter().any(|(other, other_pid)| (client == other) != (pid == other_pid))
    })
}

#[cfg(test)]
mod tests {
    use super::share_backends;

    #[test]
    fn sessions_of_their_own_and_shared_ones_are_told_apart() {
        assert!(!share_backends(&[(1, 10), (2, 11), (1, 10), (2, 11)]));
        assert!(share_backends(&[(1, 10), (2, 10)]), "a quiet pool hands out the same one");
        assert!(share_backends(&[(1, 10), (2, 11), (1, 12)]), "a busy pool hands out another one");
        assert!(share_backends(&[(1, 10), (2, 11), (1, 11), (2, 10)]));
    }
}
