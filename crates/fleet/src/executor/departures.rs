//! Carries out what becomes of the schemas of those who left, and gives those who came back theirs again.

use tenantry_engine::{
    Claim, DatabaseName, Departed, Departure, Engine, EngineError, Event, Fate, Labels, Ledger, SchemaName,
    Tenant, TenantKey, TenantRecord,
};
use tenantry_planner::Digest;

use super::ground::Ground;
use super::look::{Look, Subject};
use super::settle::remember_missing;
use super::{FleetError, Options, Progress};
use crate::departures::{DepartureReport, DepartureState, Rules, decide, single};
use crate::resolve::ApprovedDeparture;
use crate::rollout::{DigestError, Outcome, RolloutState, resolve_digest};
use crate::survey::Found;
use crate::{Mode, Removal, window};

/// So much of the history is looked through for what cannot come back.
const LOOKED_BACK: u32 = 1000;

/// Says what becomes of those who left; who came back stays told.
pub(super) fn consider<D>(ground: &Ground<D>, look: &mut Look) {
    let record = |key: &TenantKey| look.sites.get(&key.database)?.records.get(&key.schema);
    let leaving: Vec<_> =
        look.leaving.iter().filter_map(|leaving| Some((leaving, record(&leaving.known.key)?))).collect();
    let rules = Rules {
        set: &ground.spec.identity.set,
        removal: if ground.spec.mode == Mode::Observe { Removal::Retain } else { ground.spec.removal },
        approval: ground.spec.rollout.approval,
    };
    let mut departures = decide(rules, &leaving, &look.memory.approved);
    departures.tenants.extend(look.departures.tenants.iter().filter(|one| one.now).cloned());
    look.departures = departures;
    let waiting = look.leaving.iter().filter(|leaving| !leaving.gone);
    let waiting: Vec<String> =
        waiting.map(|leaving| format!("{}: {}", leaving.known.name, leaving.message)).collect();
    look.notes.extend(waiting);
}

/// Takes a person's word: what of it is about those who left. The rest is about a rollout, and whether the approval in Git
/// was about this is told too.
///
/// # Errors
/// When the home ledger cannot take it down.
pub(super) async fn approve<D: Engine>(
    ground: &Ground<D>,
    look: &mut Look,
    options: &Options,
) -> Result<(Options, bool), FleetError> {
    let Some(digest) = look.departures.digest.clone() else { return Ok((options.clone(), false)) };
    let mut rest = options.clone();
    rest.approve.retain(|typed| resolve_digest(typed, [&digest]).is_err());
    let in_git = ground.spec.rollout.approved_digest.as_ref() == Some(&digest);
    if rest.approve.len() == options.approve.len() && !in_git {
        return Ok((rest, false));
    }
    let git = "spec.rollout.approvedDigest".to_owned();
    let by = if in_git { Some(git) } else { options.by.clone() };
    let at = ground.now();
    for waiting in &mut look.departures.tenants {
        let Some(fate) = waiting.fate.filter(|_| waiting.state == DepartureState::AwaitingApproval) else {
            continue;
        };
        waiting.state = DepartureState::Due;
        waiting.approved_by.clone_from(&by);
        waiting.approved = Some(digest.clone());
        look.memory.approved.push(ApprovedDeparture {
            key: waiting.key(),
            oid: waiting.oid,
            fate,
            digest: digest.clone(),
            by: by.clone(),
            at,
        });
    }
    look.departures.digest = None;
    remember_missing(ground, look).await.map_err(|error| ground.home_failed(error))?;
    Ok((rest, in_git))
}

/// What is wrong with digests that approve nothing, where no rollout waits for any.
pub(super) fn unknown(look: &Look, options: &Options) -> Option<DigestError> {
    let typed = options.approve.first()?;
    let offered = look.departures.digest.iter();
    resolve_digest(typed, offered).err().filter(|_| look.departures.digest.is_some())
}

/// Whether a run ended so that those who left may be seen to.
fn may_go_on(outcome: Option<&Outcome>) -> bool {
    match outcome {
        None | Some(Outcome::AwaitingApproval | Outcome::Incomplete(_) | Outcome::OutsideWindow(_)) => true,
        Some(Outcome::Ended(state)) => matches!(state, RolloutState::Succeeded | RolloutState::Failed),
        Some(Outcome::Paused(_) | Outcome::RollBack | Outcome::Stopped) => false,
    }
}

/// Does what is due. What fails is told, and holds up none of the others.
pub(super) async fn carry_out<D: Engine>(ground: &Ground<D>, look: &mut Look, outcome: Option<&Outcome>) {
    let due = |one: &DepartureReport| one.state == DepartureState::Due;
    let of = look.departures.tenants.iter().filter(|one| due(one)).count();
    if of == 0 {
        return;
    }
    if !may_go_on(outcome) {
        look.notes.push(format!(
            "{} of tenants that left stay until the rollout has gone on to its end",
            schemas(of)
        ));
        return;
    }
    if !window::open(&ground.spec.rollout.windows, ground.now()) {
        look.notes.push(format!("{} of tenants that left stay until the next window", schemas(of)));
        return;
    }
    let mut departures = std::mem::take(&mut look.departures);
    for (done, departing) in (0..).zip(departures.tenants.iter_mut().filter(|one| due(one))) {
        if ground.stop.is_cancelled() {
            break;
        }
        ground.tell(Progress::Departing { done, of: u32::try_from(of).unwrap_or(u32::MAX) });
        let key = departing.key();
        let record = look.sites.get(&key.database).and_then(|site| site.records.get(&key.schema)).cloned();
        let (Some(fate), Some(record)) = (departing.fate, record) else { continue };
        let digest = departing.approved.clone().unwrap_or_else(|| single(ground.set(), departing, fate));
        let by = departing.approved_by.clone();
        departing.now = true;
        match depart(ground, &key, &record, fate, &digest, by.as_deref()).await {
            Ok(became) => became_of(departing, &became),
            Err(error) => {
                failed(departing, &error);
                note_failure(ground, departing, &record, &digest, &error).await;
            }
        }
        if let Some(leaving) = look.leaving.iter_mut().find(|leaving| leaving.known.key == key)
            && let Some(message) = &departing.message
        {
            leaving.message.clone_from(message);
        }
    }
    look.departures = departures;
}

/// `1 schema`, `7 schemas`.
fn schemas(count: usize) -> String {
    format!("{count} schema{}", if count == 1 { "" } else { "s" })
}

fn became_of(departing: &mut DepartureReport, became: &Departed) {
    let (state, message) = match became {
        Departed::PutAside(aside) => {
            departing.aside = Some(aside.clone());
            (DepartureState::PutAside, format!("it left the set; its schema is put aside as {aside}"))
        }
        Departed::Dropped => (DepartureState::Dropped, "it left the set; its schema was dropped".to_owned()),
        Departed::WasGone => {
            (DepartureState::Forgotten, "it left the set; its schema was gone already".to_owned())
        }
        Departed::BroughtBack => {
            (DepartureState::BroughtBack, "it came back; its schema has its own name again".to_owned())
        }
    };
    departing.state = state;
    departing.message = Some(message);
}

fn failed(departing: &mut DepartureReport, error: &EngineError) {
    let again = if error.is_transient() { "; the next apply tries again" } else { "" };
    departing.state = DepartureState::Failed;
    departing.message = Some(format!("{error}{again}"));
}

/// What the ledger gets of what cannot pass by itself.
async fn note_failure<D: Engine>(
    ground: &Ground<D>,
    departing: &DepartureReport,
    record: &TenantRecord,
    digest: &Digest,
    error: &EngineError,
) {
    let Ok(database) = ground.database(&departing.database) else { return };
    if error.is_transient() {
        return;
    }
    let event = Event {
        at: ground.now(),
        tenant: departing.name.clone(),
        schema: departing.schema.clone(),
        rollout: String::new(),
        digest: digest.clone(),
        revision: record.revision.clone(),
        outcome: error.to_string(),
        took_ms: 0,
        approved_by: departing.approved_by.clone(),
    };
    if let Err(error) = database.ledger().record_failure(&event).await {
        tracing::warn!(%error, "a failure is not written down");
    }
}

/// By which right the set has schemas of a database.
fn claim<D>(ground: &Ground<D>, database: &DatabaseName) -> Option<Claim> {
    let entry = ground.spec.entries.iter().find(|entry| entry.database == *database)?;
    Some(ground.spec.claim(entry))
}

async fn depart<D: Engine>(
    ground: &Ground<D>,
    key: &TenantKey,
    record: &TenantRecord,
    fate: Fate,
    digest: &Digest,
    approved_by: Option<&str>,
) -> Result<Departed, EngineError> {
    // Without an entry of its database the set has no right there; the engine says whose it is.
    let claim = claim(ground, &key.database).unwrap_or_else(|| Claim {
        set: ground.set().to_owned(),
        cluster: ground.spec.identity.cluster.clone(),
        database: String::new(),
    });
    let tenant = Tenant { name: record.name.clone(), key: key.clone(), labels: Labels::new() };
    let departure = Departure {
        tenant: &tenant,
        claim: &claim,
        fate,
        oid: record.oid,
        digest,
        approved_by,
        within: ground.spec.rollout.tenant_timeout,
    };
    ground.database(&key.database)?.depart(&departure).await
}

/// Gives those who came back their schemas: before anything is looked at, as they are planned from what is in them.
pub(super) async fn bring_back<D: Engine>(ground: &Ground<D>, look: &mut Look) {
    let returned = |subject: &&mut Subject| {
        subject.entry.is_some()
            && !matches!(subject.found, Found::Unreachable(_))
            && subject.record.as_ref().is_some_and(|record| record.aside.is_some())
    };
    for subject in look.subjects.values_mut().filter(returned) {
        if ground.stop.is_cancelled() {
            return;
        }
        let key = subject.tenant.key.clone();
        let Some(record) = &mut subject.record else { continue };
        let mut departing = returning(&subject.tenant, record);
        let digest = single(ground.set(), &departing, Fate::BringBack);
        match depart(ground, &key, record, Fate::BringBack, &digest, None).await {
            Ok(became) => {
                became_of(&mut departing, &became);
                record.aside = None;
                record.watermark = None;
            }
            // It is lost, and treated as one that was lost at home.
            Err(EngineError::Missing { .. }) => {
                record.aside = None;
                continue;
            }
            Err(error) => {
                failed(&mut departing, &error);
                subject.blocked.clone_from(&departing.message);
            }
        }
        if let Some(site) = look.sites.get_mut(&key.database) {
            site.records.insert(key.schema.clone(), record.clone());
        }
        look.departures.tenants.push(departing);
    }
}

fn returning(tenant: &Tenant, record: &TenantRecord) -> DepartureReport {
    DepartureReport {
        name: tenant.name.clone(),
        database: tenant.key.database.clone(),
        schema: tenant.key.schema.clone(),
        state: DepartureState::Due,
        fate: Some(Fate::BringBack),
        aside: record.aside.clone(),
        approved_by: None,
        approved: None,
        now: true,
        message: None,
        oid: record.oid,
    }
}

/// Says what going back to an earlier revision does not bring back.
pub(super) async fn note_lost<D: Engine>(ground: &Ground<D>, look: &mut Look) {
    let since = look.home.latest().map(|latest| latest.planned);
    let mut lost: Vec<SchemaName> = Vec::new();
    for (name, site) in &look.sites {
        let Some(database) = ground.database(name).ok().filter(|_| site.ledger && site.trouble.is_none())
        else {
            continue;
        };
        // What was done cannot be undone, whether or not it can be told.
        let Ok(events) = database.ledger().history(Some(ground.set()), None, LOOKED_BACK).await else {
            continue;
        };
        let dropped = events.into_iter().filter(|event| {
            event.outcome == "dropped"
                && event.rollout.is_empty()
                && since.is_none_or(|since| event.at >= since)
        });
        lost.extend(dropped.map(|event| event.schema));
    }
    if !lost.is_empty() {
        let names: Vec<String> = lost.iter().take(5).map(ToString::to_string).collect();
        let more = if lost.len() > 5 { format!(" and {} more", lost.len() - 5) } else { String::new() };
        look.notes.push(format!(
            "{} of tenants that left dropped since, not brought back by this: {}{more}; that needs a backup",
            schemas(lost.len()),
            names.join(", ")
        ));
    }
    let aside = look.leaving.iter().filter(|leaving| leaving.known.aside.is_some()).count();
    if aside > 0 {
        look.notes.push(format!(
            "{} of tenants that left put aside, and left so; name a tenant again, and its schema is renamed back", schemas(aside)
        ));
    }
}
