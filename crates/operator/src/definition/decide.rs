//! What the status of a SchemaDefinition says. Decides only.

use jiff::Timestamp;
use tenantry_api::conditions::{Observation, Truth, merge, reasons, types};
use tenantry_api::schema_definition::{Finding, ObjectCount, SchemaDefinitionStatus, Severity};
use tenantry_engine::DefinitionFault;
use tenantry_fleet::{FleetError, Report};
use tenantry_planner::Digest;

use crate::set::View;

/// How many findings a status has, and how long one is, as the CRD says.
const FINDINGS: usize = 20;
const FINDING: usize = 1024;

/// What is known of a definition.
pub(super) struct Seen {
    pub(super) text: Text,
    /// What its sets found out, by their names.
    pub(super) sets: Vec<(String, View)>,
}

/// The text of a definition.
pub(super) enum Text {
    /// It makes this revision.
    Revision(Digest),
    /// Something of it is not there.
    Missing(String),
    /// Its policy cannot be carried out.
    Refused(String),
}

/// What a set's databases made of it.
enum Verdict<'a> {
    Compiled(&'a str, &'a Report),
    Refused(String, &'a [DefinitionFault]),
}

/// The whole status. What is not known any more stays as it was last seen.
pub(super) fn decide(
    seen: &Seen,
    current: &SchemaDefinitionStatus,
    generation: i64,
    now: Timestamp,
) -> SchemaDefinitionStatus {
    let mut status = SchemaDefinitionStatus { findings: Vec::new(), ..current.clone() };
    status.observed_generation = Some(generation);
    let observed = match &seen.text {
        Text::Missing(message) => not(reasons::REFERENCE_MISSING, message, Truth::Unknown, false),
        Text::Refused(message) => not(reasons::SPEC_REFUSED, message, Truth::False, true),
        Text::Revision(revision) => {
            if status.revision.as_deref() != Some(revision.revision()) {
                status.revision = Some(revision.revision().to_owned());
                status.objects = None;
                status.objects_by_kind = Vec::new();
            }
            let verdicts: Vec<Verdict<'_>> =
                seen.sets.iter().filter_map(|(name, view)| verdict(name, view, revision)).collect();
            of_verdicts(&verdicts, &seen.sets, current, &mut status)
        }
    };
    status.conditions = merge(&current.conditions, &observed, generation, now);
    status
}

fn verdict<'a>(set: &'a str, view: &'a View, revision: &Digest) -> Option<Verdict<'a>> {
    let (_, report) = view.report.as_ref()?;
    let error = view.ended.as_ref().and_then(|ended| ended.error.as_deref());
    match error {
        Some(FleetError::Definition { database, version, faults, reason, .. }) => {
            let place = faults.first().map_or_else(|| reason.clone(), DefinitionFault::in_a_line);
            Some(Verdict::Refused(
                format!("{place} (PostgreSQL {version} on {database}, tenantset/{set})"),
                faults,
            ))
        }
        Some(error @ FleetError::EmptyDefinition(_)) => Some(Verdict::Refused(error.to_string(), &[])),
        _ if report.target == *revision => Some(Verdict::Compiled(set, report)),
        _ => None,
    }
}

fn of_verdicts(
    verdicts: &[Verdict<'_>],
    sets: &[(String, View)],
    current: &SchemaDefinitionStatus,
    status: &mut SchemaDefinitionStatus,
) -> Vec<Observation> {
    let refused = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Refused(message, faults) => Some((message, *faults)),
        Verdict::Compiled(..) => None,
    });
    if let Some((message, faults)) = refused {
        status.findings = faults.iter().take(FINDINGS).map(finding).collect();
        return not(reasons::DEFINITION_REFUSED, message, Truth::False, true);
    }
    let compiled = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Compiled(set, report) => Some((*set, *report)),
        Verdict::Refused(..) => None,
    });
    let Some((set, report)) = compiled else {
        // An operator that has just started has not looked yet.
        let same = status.revision == current.revision && !current.conditions.is_empty();
        let before = current.conditions.iter().find(|condition| condition.type_ == types::ACCEPTED);
        if same && before.is_some_and(|before| before.status == "True") {
            return accepted("a server has taken it");
        }
        let message = match sets.first() {
            Some((set, _)) => format!("tenantset/{set} has not given it to its databases yet"),
            None => "no TenantSet has given it a database yet".to_owned(),
        };
        return not(reasons::NOT_COMPILED, &message, Truth::Unknown, false);
    };
    if !report.objects.is_empty() {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        status.objects = Some(number(report.objects.values().sum()));
        status.objects_by_kind = report
            .objects
            .iter()
            .map(|(kind, count)| ObjectCount { kind: (*kind).to_owned(), count: number(*count) })
            .collect();
    }
    accepted(&format!("the databases of tenantset/{set} have taken it"))
}

fn accepted(message: &str) -> Vec<Observation> {
    [types::READY, types::ACCEPTED]
        .map(|type_| Observation::new(type_, Truth::True, reasons::COMPILED, message))
        .into()
}

fn not(reason: &'static str, message: &str, accepted: Truth, stalled: bool) -> Vec<Observation> {
    let one = |type_, status| Observation::new(type_, status, reason, message);
    let mut all =
        vec![one(types::READY, if accepted == Truth::Unknown { Truth::Unknown } else { Truth::False })];
    all.extend(stalled.then(|| one(types::STALLED, Truth::True)));
    all.push(one(types::ACCEPTED, accepted));
    all
}

fn finding(fault: &DefinitionFault) -> Finding {
    let number = |number: u32| i32::try_from(number).ok().filter(|number| *number > 0);
    Finding {
        severity: Severity::Error,
        source: fault.source.clone(),
        line: number(fault.line),
        column: number(fault.column),
        message: fault.message.chars().take(FINDING).collect(),
    }
}
