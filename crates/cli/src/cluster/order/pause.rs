//! `pause` and `resume`.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt as _;
use serde_json::{Value, json};
use tenantry_api::SchemaRollout;
use tenantry_api::conditions::{reasons, types};
use tenantry_api::schema_rollout::{Resumption, RolloutState, SchemaRolloutStatus, WaveStatus};

use super::{Refused, Verdict, by, carry_out};
use crate::args::{OrderArgs, SetArgs};
use crate::cluster::client::Cluster;
use crate::cluster::scene::Scene;
use crate::cluster::status::progress;
use crate::{Failure, Outcome};

/// Starts no further tenant.
pub async fn run_pause(args: &SetArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.cluster).await?;
    carry_out(&cluster, args, async |scene| Ok(pause(scene)?)).await
}

/// Goes on.
pub async fn run_resume(args: &OrderArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.set.cluster).await?;
    let by = by(args, &cluster);
    carry_out(&cluster, &args.set, async |scene| Ok(resume(scene, by.as_deref(), Timestamp::now())?)).await
}

fn verdict(spec: Option<Value>, said: String) -> Verdict {
    Verdict { spec, said, tenants: Vec::new() }
}

fn pause(scene: &Scene) -> Result<Verdict, Refused> {
    let rollout = scene.for_orders_to("pause")?;
    let name = rollout.name_any();
    if rollout.spec.paused {
        return Ok(verdict(None, format!("schemarollout/{name} is paused already.")));
    }
    let said =
        format!("schemarollout/{name} is paused: what is under way is finished, nothing further is started.");
    Ok(verdict(Some(json!({ "paused": true })), said))
}

/// Ends a person's pause; otherwise says that it goes on after what stopped it. One word ends one of both: who ends a pause has
/// not yet seen what failed.
fn resume(scene: &Scene, by: Option<&str>, now: Timestamp) -> Result<Verdict, Refused> {
    let rollout = scene.for_orders_to("resume")?;
    let name = rollout.name_any();
    if rollout.spec.paused {
        let said = format!("schemarollout/{name} is not paused any more.");
        return Ok(verdict(Some(json!({ "paused": false })), said));
    }
    let status = rollout.status.clone().unwrap_or_default();
    let stopped = stopped_by(&status).filter(|_| status.state == Some(RolloutState::Paused));
    let Some((condition, wave)) = stopped else {
        return Err(Refused::NotPaused { rollout: name, state: progress(&status) });
    };
    let after = condition.last_transition_time.0.saturating_add(SignedDuration::from_secs(1));
    let at = Time(now.max(after.unwrap_or(now)));
    let word = Resumption { wave: wave.to_owned(), by: by.map(str::to_owned), at };
    let said = match condition.reason.as_str() {
        reasons::WAVE_PAUSE => format!("schemarollout/{name} goes on after wave {wave}."),
        _ => format!("schemarollout/{name} goes on: the failures so far, of wave {wave} too, are let pass."),
    };
    Ok(verdict(Some(json!({ "resumed": with(rollout, word) })), said))
}

fn with(rollout: &SchemaRollout, word: Resumption) -> Vec<Resumption> {
    let mut resumed = rollout.spec.resumed.clone();
    resumed.retain(|before| before.wave != word.wave);
    resumed.push(word);
    resumed
}

/// What stopped the rollout that is no person's pause, and the wave whose name the word to go on has to carry.
fn stopped_by(status: &SchemaRolloutStatus) -> Option<(&Condition, &str)> {
    let paused = status.conditions.iter().find(|one| one.type_ == types::PAUSED && one.status == "True")?;
    let wave = match paused.reason.as_str() {
        reasons::WAVE_PAUSE => finished(status),
        reasons::BUDGET_SPENT => overspent(status),
        _ => None,
    };
    Some((paused, &wave?.name))
}

/// The wave that is worked on, by its place.
fn current(status: &SchemaRolloutStatus) -> Option<usize> {
    let (_, name) = status.wave.as_deref()?.split_once(' ')?;
    status.waves.iter().position(|wave| wave.name == name)
}

/// The wave that is over and says to wait. The status names the first one that has somebody to do: the next one, or the one
/// itself where some of its tenants' databases do not answer.
fn finished(status: &SchemaRolloutStatus) -> Option<&WaveStatus> {
    let current = current(status)?;
    let wave = status.waves.get(current)?;
    if wave.start_time.is_some() {
        return Some(wave);
    }
    status.waves.get(..current)?.iter().rev().find(|wave| wave.tenants > 0)
}

/// The wave in which more failed than may; where it is the whole set's budget, any wave will do.
fn overspent(status: &SchemaRolloutStatus) -> Option<&WaveStatus> {
    let over = |wave: &&WaveStatus| wave.failure_budget.is_some_and(|budget| wave.failed > budget);
    let named = || current(status).and_then(|at| status.waves.get(at));
    status.waves.iter().rev().find(over).or_else(named).or_else(|| status.waves.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::{at, failed, running, stopped};

    fn outcome(decided: Result<Verdict, Refused>) -> String {
        match decided {
            Ok(Verdict { spec, said, .. }) => {
                format!("{said} {}", spec.map(|spec| spec.to_string()).unwrap_or_default())
            }
            Err(refused) => format!("refused: {refused}"),
        }
    }

    fn paused(scene: Scene) -> Scene {
        let mut scene = scene;
        scene.rollout.as_mut().unwrap().spec.paused = true;
        scene
    }

    #[test]
    fn a_pause() {
        let name = "schemarollout/customers-9d02e61f7c";
        let begun = format!(
            "{name} is paused: what is under way is finished, nothing further is started. {{\"paused\":true}}"
        );
        assert_eq!(outcome(pause(&running())), begun);
        assert_eq!(outcome(pause(&paused(running()))), format!("{name} is paused already. "));
        assert_eq!(
            outcome(pause(&failed())),
            format!("refused: {name} is over (Failed): there is nothing to pause")
        );
    }

    #[test]
    fn what_a_word_to_go_on_is_about() {
        let word =
            |wave: &str, at: &str| format!(r#"{{"resumed":[{{"at":"{at}","by":"ada","wave":"{wave}"}}]}}"#);
        let name = "schemarollout/customers-9d02e61f7c";
        let (early, late) = ("2026-11-25T14:05:01Z", "2026-11-25T14:12:00Z");
        for (scene, now, expected) in [
            (
                running(),
                10,
                format!(
                    "refused: {name} is not paused: Running, wave 2/3 first, 163 of 1,500 tenants done, 1 failed"
                ),
            ),
            (failed(), 10, format!("refused: {name} is over (Failed): there is nothing to resume")),
            (paused(running()), 10, format!("{name} is not paused any more. {{\"paused\":false}}")),
            // A person's pause ends first.
            (
                paused(stopped(reasons::BUDGET_SPENT, "2/3 first")),
                10,
                format!("{name} is not paused any more. {{\"paused\":false}}"),
            ),
            (
                stopped(reasons::WAVE_PAUSE, "2/3 first"),
                10,
                format!("{name} goes on after wave canary. {}", word("canary", late)),
            ),
            // A clock that is behind: the word still comes after what stopped it.
            (
                stopped(reasons::WAVE_PAUSE, "2/3 first"),
                0,
                format!("{name} goes on after wave canary. {}", word("canary", early)),
            ),
            // Tenants of the finished wave do not answer.
            (
                stopped(reasons::WAVE_PAUSE, "1/3 canary"),
                10,
                format!("{name} goes on after wave canary. {}", word("canary", late)),
            ),
        ] {
            assert_eq!(outcome(resume(&scene, Some("ada"), at(now))), expected);
        }
        let mut spent = stopped(reasons::BUDGET_SPENT, "3/3 rest");
        let waves = &mut spent.rollout.as_mut().unwrap().status.as_mut().unwrap().waves;
        waves[1].failed = 3;
        let said = outcome(resume(&spent, Some("ada"), at(10)));
        assert!(said.contains("of wave first too") && said.ends_with(&word("first", late)), "{said}");
    }

    #[test]
    fn a_word_takes_the_place_of_an_earlier_one_about_the_same_wave() {
        let mut scene = stopped(reasons::WAVE_PAUSE, "2/3 first");
        let old = |wave: &str| Resumption { wave: wave.to_owned(), by: None, at: Time(at(-100)) };
        scene.rollout.as_mut().unwrap().spec.resumed = vec![old("canary"), old("zero")];
        let spec = resume(&scene, None, at(10)).unwrap().spec.unwrap();
        let words: Vec<(&str, &str)> = spec["resumed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| (word["wave"].as_str().unwrap(), word["at"].as_str().unwrap()))
            .collect();
        assert_eq!(words, [("zero", "2026-11-25T12:22:00Z"), ("canary", "2026-11-25T14:12:00Z")]);
    }
}
