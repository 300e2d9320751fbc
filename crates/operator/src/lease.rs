//! Which of several operators works: the one that holds the Lease. Another takes over when it is let go, or was not renewed
//! for its duration, by this process' own clock: what time the holder thinks it is does not matter.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, pin_mut};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// The Lease's name.
const NAME: &str = "tenantry-operator";
/// How long a Lease that is not renewed holds.
const DURATION: Duration = Duration::from_secs(15);
/// How often the holder renews it.
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// After so long without a renewal its holder stops: well before another may begin.
const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
/// The pause after a renewal that failed.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The Lease of the operators of one namespace.
pub(crate) struct Election {
    api: Api<Lease>,
    namespaces: Api<Namespace>,
    namespace: String,
    me: String,
}

/// The time in which this process leads.
pub(crate) struct Term {
    lease: Lease,
    /// What sets these operators apart from those of another cluster.
    scope: String,
    /// The Lease was lost: nothing more may be begun.
    pub(crate) lost: CancellationToken,
}

/// The Lease as it was last seen.
#[derive(Clone, Debug)]
struct Seen {
    lease: Lease,
    /// When it was first seen so.
    since: Instant,
}

/// What somebody does who does not hold the Lease.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// There is none.
    Make,
    /// It is free.
    Take,
    /// Somebody holds it for at least this long.
    Wait(Duration),
}

/// What to do. Pure.
fn step(seen: Option<&Seen>, me: &str, now: Instant) -> Step {
    let Some(seen) = seen else { return Step::Make };
    let spec = seen.lease.spec.as_ref();
    let holder = spec.and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
    // It is ours where this process was started again in the same pod.
    if holder.is_empty() || holder == me {
        return Step::Take;
    }
    let seconds =
        spec.and_then(|spec| spec.lease_duration_seconds).and_then(|seconds| u64::try_from(seconds).ok());
    let duration = seconds.map_or(DURATION, Duration::from_secs);
    match duration.checked_sub(now.duration_since(seen.since)) {
        Some(left) if !left.is_zero() => Step::Wait(left),
        _ => Step::Take,
    }
}

/// What is seen after an event of the watch.
fn next(seen: Option<Seen>, lease: Option<Lease>, now: Instant) -> Option<Seen> {
    let lease = lease?;
    let since = match seen {
        Some(before) if before.lease.spec == lease.spec => before.since,
        _ => now,
    };
    Some(Seen { lease, since })
}

impl Election {
    /// `namespace`: where the Lease is. `me`: what tells this process from the others.
    pub(crate) fn new(client: Client, namespace: &str, me: String) -> Self {
        let namespaces = Api::all(client.clone());
        Self { api: Api::namespaced(client, namespace), namespaces, namespace: namespace.to_owned(), me }
    }

    /// Waits until this process leads; `None` when it is to stop before.
    pub(crate) async fn win(&self, ready: &AtomicBool, stop: &CancellationToken) -> Option<Term> {
        let changes = watch_object(self.api.clone(), NAME).default_backoff();
        pin_mut!(changes);
        let mut seen: Option<Seen> = None;
        let mut known = false;
        loop {
            let pause = match step(seen.as_ref(), &self.me, Instant::now()) {
                _ if !known => Duration::MAX,
                Step::Wait(left) => left,
                step => match self.take(seen.as_ref().filter(|_| step == Step::Take)).await {
                    Ok((lease, scope)) => return Some(Term { lease, scope, lost: CancellationToken::new() }),
                    Err(error) => {
                        // Another one was quicker, or the API server is away.
                        tracing::info!(%error, "the lease was not taken; it is tried again");
                        TRY_AGAIN
                    }
                },
            };
            tokio::select! {
                () = stop.cancelled() => return None,
                change = changes.next() => match change {
                    Some(Ok(lease)) => {
                        seen = next(seen, lease, Instant::now());
                        known = true;
                        ready.store(true, Ordering::Relaxed);
                    }
                    Some(Err(error)) => tracing::warn!(%error, "the lease cannot be read; it is tried again"),
                    None => return None,
                },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The Lease, and the UID of its namespace.
    async fn take(&self, seen: Option<&Seen>) -> Result<(Lease, String), Error> {
        let object = || format!("namespace/{}", self.namespace);
        let namespace =
            self.namespaces.get(&self.namespace).await.map_err(Error::api("reading", object()))?;
        let before = seen.and_then(|seen| seen.lease.spec.clone()).unwrap_or_default();
        let now = Some(MicroTime(Timestamp::now()));
        let spec = LeaseSpec {
            holder_identity: Some(self.me.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            lease_transitions: Some(before.lease_transitions.map_or(0, |transitions| transitions + 1)),
            acquire_time: now.clone(),
            renew_time: now,
            ..before
        };
        let written = match seen {
            Some(seen) => {
                let lease = Lease { spec: Some(spec), metadata: seen.lease.metadata.clone() };
                self.api.replace(NAME, &PostParams::default(), &lease).await
            }
            None => {
                let metadata = ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() };
                self.api.create(&PostParams::default(), &Lease { metadata, spec: Some(spec) }).await
            }
        };
        let lease = written.map_err(Error::api("taking", format!("lease/{NAME}")))?;
        Ok((lease, namespace.uid().unwrap_or_default()))
    }

    /// Renews the Lease until `over`; cancels the term's `lost` where that cannot be done in time. Gives it back at the end.
    pub(crate) async fn keep(&self, term: &Term, over: &CancellationToken) {
        let mut lease = term.lease.clone();
        let mut renewed = Instant::now();
        let mut pause = RENEW_EVERY;
        loop {
            tokio::select! {
                () = over.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            let left = GIVE_UP_AFTER.saturating_sub(renewed.elapsed());
            match tokio::time::timeout(left.min(RENEW_EVERY), self.renew(&lease)).await {
                Ok(Ok(Some(written))) => {
                    (lease, renewed, pause) = (written, Instant::now(), RENEW_EVERY);
                    continue;
                }
                Ok(Ok(None)) => {
                    tracing::warn!("another operator has the lease: this one stops");
                    term.lost.cancel();
                    return;
                }
                Ok(Err(error)) => tracing::warn!(%error, "the lease was not renewed; it is tried again"),
                Err(_) => tracing::warn!("the lease was not renewed in time; it is tried again"),
            }
            pause = TRY_AGAIN;
            if renewed.elapsed() + TRY_AGAIN >= GIVE_UP_AFTER {
                tracing::error!("the lease could not be renewed: this one stops until it has it again");
                term.lost.cancel();
                over.cancelled().await;
                return;
            }
        }
        self.give_back(lease).await;
    }

    /// `None` where somebody else has it.
    async fn renew(&self, lease: &Lease) -> Result<Option<Lease>, Error> {
        match self.write(lease, |spec| spec.renew_time = Some(MicroTime(Timestamp::now()))).await {
            Ok(written) => Ok(Some(written)),
            Err(kube::Error::Api(said)) if said.code == 409 || said.code == 404 => {
                let doing = Error::api("reading", format!("lease/{NAME}"));
                let now = self.api.get_opt(NAME).await.map_err(doing)?;
                let ours = |lease: &Lease| {
                    lease.spec.as_ref().is_some_and(|spec| spec.holder_identity.as_ref() == Some(&self.me))
                };
                // Somebody put a label on it, perhaps: with its new version it is renewed the next time.
                Ok(now.filter(|now| ours(now) && now.uid() == lease.uid()))
            }
            Err(error) => Err(Error::api("renewing", format!("lease/{NAME}"))(error)),
        }
    }

    /// So that another one need not wait.
    async fn give_back(&self, lease: Lease) {
        let given = self.write(&lease, |spec| {
            spec.holder_identity = None;
            spec.renew_time = Some(MicroTime(Timestamp::now()));
        });
        match tokio::time::timeout(TRY_AGAIN, given).await {
            Ok(Ok(_)) => tracing::info!("gave the lease back"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease was not given back: another one waits until it is over");
            }
            Err(_) => {
                tracing::warn!("the lease was not given back in time: another one waits until it is over");
            }
        }
    }

    async fn write(&self, lease: &Lease, change: impl FnOnce(&mut LeaseSpec)) -> Result<Lease, kube::Error> {
        let mut lease = lease.clone();
        change(lease.spec.get_or_insert_default());
        self.api.replace(NAME, &PostParams::default(), &lease).await
    }
}

impl Term {
    /// As ledgers know it. Operators of another namespace or cluster have another Lease; what they share no claim of is
    /// none of this one's business.
    pub(crate) fn in_ledgers(&self) -> tenantry_postgres::Term {
        let transitions =
            self.lease.spec.as_ref().and_then(|spec| spec.lease_transitions).unwrap_or_default();
        tenantry_postgres::Term {
            scope: self.scope.clone(),
            lease: self.lease.uid().unwrap_or_default(),
            number: i64::from(transitions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_by(holder: &str) -> Lease {
        let spec = LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: Some(15),
            ..LeaseSpec::default()
        };
        Lease { metadata: ObjectMeta::default(), spec: Some(spec) }
    }

    #[test]
    fn a_lease_is_taken_when_nobody_holds_it_any_more() {
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let seen = |holder: &str| next(None, Some(held_by(holder)), start);
        assert_eq!(step(None, "me", start), Step::Make);
        assert_eq!(step(seen("").as_ref(), "me", start), Step::Take);
        assert_eq!(step(seen("me").as_ref(), "me", start), Step::Take);
        assert_eq!(step(seen("other").as_ref(), "me", after(5)), Step::Wait(Duration::from_secs(10)));
        assert_eq!(step(seen("other").as_ref(), "me", after(15)), Step::Take);

        // Each renewal begins anew, whatever time it says; the same one told twice does not.
        let first = seen("other");
        let mut renewed = held_by("other");
        renewed.spec.get_or_insert_default().renew_time = Some(MicroTime(Timestamp::UNIX_EPOCH));
        let second = next(first, Some(renewed.clone()), after(14));
        assert_eq!(step(second.as_ref(), "me", after(20)), Step::Wait(Duration::from_secs(9)));
        let again = next(second, Some(renewed), after(20));
        assert_eq!(step(again.as_ref(), "me", after(29)), Step::Take);
        assert!(next(again, None, after(29)).is_none());
    }
}
