//! Those who left the set and those who came back, and what becomes of their schemas.

use std::fmt::Write as _;

use tenantry_engine::Fate;
use tenantry_fleet::{DepartureReport, DepartureState, Departures, Report};

use super::commands::{Commands, Next};
use super::text::{count, names};

/// What is done, was done, or waits. Each that is dropped or failed is named; of those that are put aside long since, some.
pub fn departures(report: &Report) -> String {
    let departures = &report.departures;
    let mut text = String::new();
    for tenant in departures.tenants.iter().filter(|tenant| is_told(tenant)) {
        let _ = writeln!(text, "  {}", line(tenant));
    }
    let aside: Vec<_> = departures
        .in_state(DepartureState::PutAside)
        .filter(|tenant| !tenant.now)
        .map(|tenant| &tenant.name)
        .collect();
    if !aside.is_empty() {
        let _ = writeln!(
            text,
            "  put aside before, and back with all that is in it when it is named again: {}",
            names(&aside, aside.len())
        );
    }
    if text.is_empty() { text } else { format!("\nLeft the set, or came back\n{text}") }
}

fn is_told(tenant: &DepartureReport) -> bool {
    match tenant.state {
        DepartureState::Missing | DepartureState::TooMany | DepartureState::Retained => false,
        DepartureState::PutAside => tenant.now,
        _ => true,
    }
}

/// `acme (schema tenant_acme of eu-1): is dropped with all that is in it once that is approved`
fn line(tenant: &DepartureReport) -> String {
    let aside = tenant.aside.as_ref().map(ToString::to_string).unwrap_or_default();
    let by = tenant.approved_by.as_ref().map(|by| format!(", approved by {by}")).unwrap_or_default();
    let what = match (tenant.state, tenant.fate) {
        (DepartureState::AwaitingApproval, Some(Fate::Drop)) => {
            "is dropped with all that is in it, once that is approved".to_owned()
        }
        (DepartureState::AwaitingApproval, _) => format!("is put aside as {aside}, once that is approved"),
        (DepartureState::Due, Some(Fate::Drop)) => {
            format!("is dropped with all that is in it by the next fleet apply{by}")
        }
        (DepartureState::Due, _) => format!("is put aside as {aside} by the next fleet apply{by}"),
        (DepartureState::PutAside, _) => format!("was put aside as {aside}{by}"),
        (DepartureState::Dropped, _) => format!("was dropped with all that was in it{by}"),
        (DepartureState::Forgotten, _) => "was gone already, and is forgotten".to_owned(),
        (DepartureState::BroughtBack, _) => "has its own name again, with all that is in it".to_owned(),
        (DepartureState::Failed, _) => {
            format!("stays as it is: {}", tenant.message.as_deref().unwrap_or("it failed"))
        }
        (DepartureState::Missing | DepartureState::TooMany | DepartureState::Retained, _) => {
            "stays as it is".to_owned()
        }
    };
    format!("{} (schema {} of {}): {what}", tenant.name, tenant.schema, tenant.database)
}

/// How many wait for a person, in a sentence.
pub fn waits(departures: &Departures) -> Option<String> {
    let digest = departures.digest.as_ref()?;
    let waiting = departures.in_state(DepartureState::AwaitingApproval).count();
    Some(format!(
        "What becomes of {} that left waits for an approval, and never happens without. It has the digest {}.\n",
        count(waiting, "schema"),
        digest.short()
    ))
}

/// What can be done about them.
pub fn next(report: &Report, commands: &Commands, next: &mut Next) {
    if let Some(digest) = &report.departures.digest {
        let what = match report.departures.in_state(DepartureState::AwaitingApproval).next() {
            Some(DepartureReport { fate: Some(Fate::PutAside), .. }) => "put aside",
            _ => "drop them",
        };
        next.add(what, commands.fleet("apply", &format!("--approve {}", digest.short())));
    } else if report.departures.any(&[DepartureState::Due]) {
        next.add("see to them", commands.fleet("apply", ""));
    }
}
