//! `status --watch`: follows a set until it is ready, or needs a person.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tenantry_api::conditions::types;
use tenantry_api::schema_rollout::RolloutState;

use super::client::Cluster;
use super::error::ClusterError;
use super::scene::{Scene, Standing};
use super::status::progress;
use super::words::{counted, judged_against};
use crate::Failure;
use crate::interrupt::{Interrupts, Stop};
use crate::output::{status, text};

/// How often it is looked.
const INTERVAL: Duration = Duration::from_secs(2);
/// How often progress alone is worth a line in a log.
const LOG_INTERVAL: Duration = Duration::from_secs(10);
/// How long the operator may take to begin what was ordered, before what it says of the set counts.
const TO_BEGIN: Duration = Duration::from_mins(1);
/// How long no API server may answer before that is the end.
const SILENCE: Duration = Duration::from_mins(2);

/// Follows a set, a line a change, until nothing more happens by itself; nothing where somebody ended it.
pub async fn follow(cluster: &Cluster, name: &str) -> Result<Option<Scene>, Failure> {
    let mut interrupts = Interrupts::listen()?;
    Ok(interrupts.during(until_still(cluster, name), || Stop::AtOnce).await.transpose()?)
}

async fn until_still(cluster: &Cluster, name: &str) -> Result<Scene, ClusterError> {
    let terminal = std::io::stderr().is_terminal();
    let mut said: Option<(Line, Instant)> = None;
    let began = Instant::now();
    let mut answered = Instant::now();
    // The first answer says whether there is such a set, and whether one may look.
    let mut scene = Scene::read(cluster, name).await?;
    loop {
        let may_begin = scene.may_be_about_to_begin() && began.elapsed() < TO_BEGIN;
        if matches!(scene.standing(), Standing::Ready | Standing::NeedsPerson) && !may_begin {
            return Ok(scene);
        }
        let line = Line::of(&scene);
        let is_worth_it = said.as_ref().is_none_or(|(before, at)| {
            line.what != before.what || (line != *before && (terminal || at.elapsed() >= LOG_INTERVAL))
        });
        if is_worth_it {
            let now = text::moment(Timestamp::now());
            let _ = writeln!(anstream::stderr(), "{now} {}", line.text);
            said = Some((line, Instant::now()));
        }
        tokio::time::sleep(INTERVAL).await;
        match Scene::read(cluster, name).await {
            Ok(read) => {
                scene = read;
                answered = Instant::now();
            }
            Err(ClusterError::Unreachable { .. }) if answered.elapsed() < SILENCE => {}
            Err(error) => return Err(error),
        }
    }
}

/// One line of progress.
#[derive(PartialEq, Eq)]
struct Line {
    /// What goes on: another one is always said.
    what: (Option<RolloutState>, Option<String>, Option<String>),
    text: String,
}

impl Line {
    fn of(scene: &Scene) -> Self {
        let status = scene.rollout_status();
        let of_set = scene.status().conditions.into_iter().find(|condition| condition.type_ == types::READY);
        let reason = of_set.map(|ready| ready.reason);
        let what = (
            status.and_then(|status| status.state),
            status.and_then(|status| status.wave.clone()),
            reason.clone(),
        );
        let text = match status {
            Some(status) => format!("{}: {}", scene.name(), progress(status)),
            None => status::counted(&scene.name(), &judged_against(&scene.set), &counted(&scene.counts())),
        };
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        Self { what, text: text + &reason }
    }
}
