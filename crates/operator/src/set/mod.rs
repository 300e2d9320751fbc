//! TenantSets: who is where, what is to be done, and how far it is.

mod conditions;
mod decide;
mod observe;
mod orders;
mod publish;
mod revisions;
mod rollouts;
mod situation;
mod slices;
mod status;
#[cfg(test)]
mod testing;
mod words;
mod worker;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use tenantry_api::TenantSet;
use tenantry_fleet::{Fleet, Mode, Options};

pub(crate) use observe::config_maps_of;
pub(crate) use publish::Published;
pub(crate) use worker::{View, Workers};

use crate::Error;
use crate::context::Context;
use crate::control::{Controlled, Next};
use crate::subject::{Key, Subject};
use decide::{Facts, Todo, decide};
use observe::{Seen, Wanted, observe};
use orders::{Orders, pending};
use worker::Job;

impl Controlled for TenantSet {
    const AT_ONCE: u16 = 32;

    fn subject(key: Key) -> Subject {
        Subject::Set(key)
    }

    async fn reconcile(set: &Self, context: &Arc<Context>) -> Result<Next, Error> {
        let key = Key::of(set);
        // Observe (client).
        let seen = observe(context, set).await;
        let rollouts = context.rollouts(&key);
        let view = context.workers.view(&key);
        // Decide (neither client nor server).
        let wanted = match &seen {
            Seen::Wanted(wanted) => Some(wanted),
            _ => None,
        };
        let orders = match &view.report {
            Some((_, report)) => pending(report, &rollouts, &view.given),
            None => Orders::default(),
        };
        let todo = decide(Facts {
            origin: wanted.map(|wanted| &wanted.origin),
            mode: wanted.map_or(Mode::Observe, |wanted| wanted.spec.mode),
            known: set.status.as_ref().is_some_and(|status| status.revision.is_some()),
            view: &view,
            orders,
            drift_interval: set.spec.drift.interval.get(),
            now: Timestamp::now(),
        });
        // Act (servers, by a worker that is not waited for).
        let next = act(context, &key, wanted.map(Box::as_ref), todo)?;
        // Report (client).
        publish::publish(context, set, &seen, &context.workers.view(&key), &rollouts).await?;
        Ok(next)
    }

    /// No tenant's schema goes with it.
    async fn forget(key: &Key, context: &Arc<Context>) {
        context.workers.forget(key);
        context.published.forget(key);
        context.config_maps.keep(&Subject::Set(key.clone()), &[].into());
        context.forget_namespace(&key.namespace);
    }
}

/// Does what was decided; when the set is looked at again if nothing wakes it up.
fn act(context: &Arc<Context>, key: &Key, wanted: Option<&Wanted>, todo: Todo) -> Result<Next, Error> {
    match (todo, wanted) {
        (Todo::Wait(pause), _) => return Ok(Next::In(pause)),
        (Todo::Stop, _) => context.workers.stop(key),
        (Todo::Give(orders), _) => context.workers.order(key, orders),
        (Todo::Begin(job, options, orders), Some(wanted)) => {
            begin(context, key, wanted, job, *options, orders)?;
        }
        (Todo::Begin(..), None) => {}
    }
    Ok(Next::In(decide::LOOK_AFTER_JOB))
}

fn begin(
    context: &Arc<Context>,
    key: &Key,
    wanted: &Wanted,
    job: Job,
    options: Options,
    orders: HashSet<String>,
) -> Result<(), Error> {
    let known = context.workers.view(key).origin.is_some_and(|origin| origin == wanted.origin);
    let fleet = match context.workers.fleet(key).filter(|_| known) {
        Some(fleet) => fleet,
        None => {
            let fleet = Fleet::new(wanted.spec.clone(), wanted.databases.clone());
            Arc::new(fleet.map_err(|error| Error::Fleet { set: key.to_string(), error: Box::new(error) })?)
        }
    };
    tracing::debug!(tenantset = %key, ?job, "begun");
    let (subject, again) = (Subject::Set(key.clone()), Arc::clone(context));
    let wake = move || again.wake(&subject);
    let made = (fleet, wanted.origin.clone());
    context.workers.begin(key, made, job, (options, orders), Arc::clone(&context.served), wake);
    Ok(())
}
