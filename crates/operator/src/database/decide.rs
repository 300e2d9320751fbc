//! What the status of a TenantDatabase says of what was found. Decides only.

use jiff::Timestamp;
use tenantry_api::conditions::{Observation, Truth, merge, reasons, types};
use tenantry_api::tenant_database::TenantDatabaseStatus;
use tenantry_engine::{EngineError, Finding, Severity};
use tenantry_manifest::RefFault;

use super::Unusable;
use super::observe::{Reached, Seen};

/// How many entries a list of the status has at most, and how long one is, as the CRD says.
const ENTRIES: usize = 20;
const ENTRY_LENGTH: usize = 512;

/// What `doctor` calls the things that a login needs for its work.
const RIGHTS: [&str; 5] = ["schemas", "ledger", "shadows", "owner role", "ownership"];
/// What `doctor` calls the login itself.
const LOGIN: &str = "login";

/// The whole status. What is not known any more stays as it was last seen.
pub(super) fn decide(
    seen: &Seen,
    current: &TenantDatabaseStatus,
    generation: i64,
    now: Timestamp,
) -> TenantDatabaseStatus {
    let mut status = match seen {
        Seen::Reached(reached) => of_reached(reached),
        _ => current.clone(),
    };
    status.observed_generation = Some(generation);
    status.conditions = merge(&current.conditions, &observations(seen), generation, now);
    status
}

fn of_reached(reached: &Reached) -> TenantDatabaseStatus {
    TenantDatabaseStatus {
        address: Some(reached.identity.address.clone()),
        server_version: Some(reached.server_version.clone()),
        system_identifier: reached.identity.system_identifier.clone(),
        missing_privileges: entries(missing(&reached.findings)),
        excessive_privileges: entries(excessive(&reached.findings)),
        event_triggers: names(&reached.findings, "event triggers"),
        publications: names(&reached.findings, "publications"),
        tenant_schemas: reached.tenants.and_then(|tenants| i32::try_from(tenants).ok()),
        ..TenantDatabaseStatus::default()
    }
}

fn is_found(finding: &&Finding) -> bool {
    finding.severity >= Severity::Warning
}

fn missing(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(is_found).filter(|finding| RIGHTS.contains(&finding.subject.as_str()))
}

fn excessive(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(is_found).filter(|finding| finding.subject == LOGIN)
}

fn names(findings: &[Finding], subject: &str) -> Vec<String> {
    let names =
        findings.iter().filter(|finding| finding.subject == subject).flat_map(|finding| &finding.names);
    names.take(ENTRIES).cloned().collect()
}

fn entries<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<String> {
    findings.take(ENTRIES).map(|finding| text(finding).chars().take(ENTRY_LENGTH).collect()).collect()
}

/// What was found and what to do, in one line.
fn text(finding: &Finding) -> String {
    match finding.remedy.as_str() {
        "" => finding.message.clone(),
        remedy => format!("{}. {remedy}", finding.message),
    }
}

/// `Ready` first; `Stalled` only where nothing helps but another spec.
fn observations(seen: &Seen) -> Vec<Observation> {
    let not_reached = |reason: &'static str, message: String, stalled: bool| {
        let unknown = "it is known when the database is reached";
        let mut all = vec![
            Observation::new(types::READY, Truth::False, reason, message.as_str()),
            Observation::new(types::REACHABLE, Truth::False, reason, message.as_str()),
            Observation::new(types::PRIVILEGES_SUFFICIENT, Truth::Unknown, reason, unknown),
        ];
        all.extend(stalled.then(|| Observation::new(types::STALLED, Truth::True, reason, message.as_str())));
        all
    };
    match seen {
        Seen::Unusable(unusable) => {
            let (reason, stalled) = match unusable {
                Unusable::Unreadable { .. } => (reasons::REFERENCE_MISSING, false),
                // A Secret that comes wakes this one up: nobody has to touch the spec.
                Unusable::Unresolved(unresolved) => {
                    let missing = unresolved.iter().any(|one| one.fault == RefFault::Missing);
                    (if missing { reasons::REFERENCE_MISSING } else { reasons::SECRET_INCOMPLETE }, false)
                }
                Unusable::Refused(_) => (reasons::SPEC_REFUSED, true),
            };
            not_reached(reason, unusable.message(), stalled)
        }
        Seen::Unreachable(error) => not_reached(reasons::DATABASE_UNREACHABLE, unreachable(error), false),
        Seen::Reached(reached) => of_findings(&reached.findings),
    }
}

fn unreachable(error: &EngineError) -> String {
    let error = error.to_string();
    let end = if error.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{error}{end} It is tried again by itself")
}

fn of_findings(findings: &[Finding]) -> Vec<Observation> {
    let privileges = match (missing(findings).next(), excessive(findings).next()) {
        (Some(finding), _) => Observation::new(
            types::PRIVILEGES_SUFFICIENT,
            Truth::False,
            reasons::PRIVILEGES_MISSING,
            text(finding),
        ),
        (None, Some(finding)) => Observation::new(
            types::PRIVILEGES_SUFFICIENT,
            Truth::False,
            reasons::PRIVILEGES_EXCESSIVE,
            text(finding),
        ),
        (None, None) => Observation::new(
            types::PRIVILEGES_SUFFICIENT,
            Truth::True,
            reasons::PRIVILEGES_SUFFICIENT,
            "the login may do what is asked of it",
        ),
    };
    let reached = "the server answers and takes the login";
    // What stops all work is an error; what stops some of it stands in PrivilegesSufficient.
    let ready = match findings.iter().find(|finding| finding.severity == Severity::Error) {
        Some(finding) if finding.subject == "connection" => {
            Observation::new(types::READY, Truth::False, reasons::DATABASE_UNREACHABLE, text(finding))
        }
        Some(finding) => {
            Observation::new(types::READY, Truth::False, reasons::PRIVILEGES_MISSING, text(finding))
        }
        None => Observation::new(types::READY, Truth::True, reasons::REACHABLE, reached),
    };
    let reachable = match ready.reason {
        reasons::DATABASE_UNREACHABLE => Observation { type_: types::REACHABLE, ..ready.clone() },
        _ => Observation::new(types::REACHABLE, Truth::True, reasons::REACHABLE, reached),
    };
    vec![ready, reachable, privileges]
}

#[cfg(test)]
mod tests {
    use tenantry_api::validation::FieldPath;
    use tenantry_engine::DatabaseIdentity;
    use tenantry_manifest::Unresolved;

    use super::*;

    fn found(severity: Severity, subject: &str) -> Finding {
        Finding {
            severity,
            subject: subject.to_owned(),
            message: format!("what is with {subject}"),
            remedy: "do this".to_owned(),
            names: vec!["one".to_owned()],
        }
    }

    fn reached(findings: Vec<Finding>) -> Seen {
        Seen::Reached(Reached {
            identity: DatabaseIdentity {
                address: "h:5432/d".to_owned(),
                system_identifier: Some("7".to_owned()),
                oid: 5,
            },
            server_version: "15.18".to_owned(),
            findings,
            tenants: Some(3),
        })
    }

    fn path() -> FieldPath {
        FieldPath::default().field("spec")
    }

    /// `Ready=False DatabaseUnreachable, ...`
    fn told(seen: &Seen) -> String {
        let status = decide(seen, &TenantDatabaseStatus::default(), 2, Timestamp::UNIX_EPOCH);
        let one = |condition: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| {
            format!("{}={} {}", condition.type_, condition.status, condition.reason)
        };
        status.conditions.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn each_situation_has_its_conditions() {
        let lost = EngineError::Unreachable { address: "h:5432/d".to_owned(), reason: "refused".to_owned() };
        for (seen, expected) in [
            (
                Seen::Unusable(Unusable::Unresolved(vec![Unresolved::missing(path(), "Secret", "app")])),
                "Ready=False ReferenceMissing, Reachable=False ReferenceMissing, PrivilegesSufficient=Unknown ReferenceMissing",
            ),
            (
                Seen::Unusable(Unusable::Unresolved(vec![Unresolved::unfit(
                    path(),
                    "Secret app has no uri",
                )])),
                "Ready=False SecretIncomplete, Reachable=False SecretIncomplete, PrivilegesSufficient=Unknown SecretIncomplete",
            ),
            (
                Seen::Unusable(Unusable::Refused("a port is no number".to_owned())),
                "Ready=False SpecRefused, Reachable=False SpecRefused, PrivilegesSufficient=Unknown SpecRefused, Stalled=True SpecRefused",
            ),
            (
                Seen::Unreachable(lost),
                "Ready=False DatabaseUnreachable, Reachable=False DatabaseUnreachable, PrivilegesSufficient=Unknown DatabaseUnreachable",
            ),
            (
                reached(vec![found(Severity::Ok, "login"), found(Severity::Note, "schemas")]),
                "Ready=True Reachable, Reachable=True Reachable, PrivilegesSufficient=True PrivilegesSufficient",
            ),
            (
                reached(vec![found(Severity::Warning, "login"), found(Severity::Warning, "schemas")]),
                "Ready=True Reachable, Reachable=True Reachable, PrivilegesSufficient=False PrivilegesMissing",
            ),
            (
                reached(vec![found(Severity::Warning, "login")]),
                "Ready=True Reachable, Reachable=True Reachable, PrivilegesSufficient=False PrivilegesExcessive",
            ),
            (
                reached(vec![found(Severity::Error, "connection")]),
                "Ready=False DatabaseUnreachable, Reachable=False DatabaseUnreachable, PrivilegesSufficient=True PrivilegesSufficient",
            ),
        ] {
            assert_eq!(told(&seen), expected);
        }
    }

    #[test]
    fn what_was_found_stays_while_nobody_answers() {
        let before =
            reached(vec![found(Severity::Warning, "event triggers"), found(Severity::Warning, "ledger")]);
        let first = decide(&before, &TenantDatabaseStatus::default(), 1, Timestamp::UNIX_EPOCH);
        assert_eq!(first.event_triggers, ["one"]);
        assert_eq!(first.missing_privileges, ["what is with ledger. do this"]);
        assert_eq!(first.tenant_schemas, Some(3));
        let down = Seen::Unreachable(EngineError::Cancelled);
        let second = decide(&down, &first, 1, Timestamp::UNIX_EPOCH);
        assert_eq!(
            TenantDatabaseStatus { conditions: Vec::new(), ..second },
            TenantDatabaseStatus { conditions: Vec::new(), ..first }
        );
    }

    #[test]
    fn nothing_new_is_nothing_to_write() {
        let seen = reached(vec![found(Severity::Warning, "publications")]);
        let first = decide(&seen, &TenantDatabaseStatus::default(), 1, Timestamp::UNIX_EPOCH);
        let later = Timestamp::from_second(9).unwrap();
        assert_eq!(decide(&seen, &first, 1, later), first);
    }
}
