//! `doctor` on a cluster: what the operator found of databases, and of definitions.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use serde::Serialize;
use serde_json::Value;
use tenantry_api::conditions::{reasons, types};
use tenantry_api::schema_definition::{Finding as Place, Severity as Weight};
use tenantry_api::{SchemaDefinition, TenantDatabase};
use tenantry_engine::{Finding, Severity};

use super::answer;
use super::client::{Cluster, object};
use super::words::revision;
use crate::args::DoctorArgs;
use crate::output::doctor as text;
use crate::{Failure, Outcome};

/// One object, as it was found.
#[derive(Serialize)]
struct Looked {
    object: String,
    findings: Vec<Finding>,
}

/// Says what was found of one database, or of all and of the definitions.
pub async fn run(args: &DoctorArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.cluster).await?;
    let mut looked = Vec::new();
    if let Some(name) = &args.name {
        looked.push(database(&cluster.one(name).await?));
    } else {
        looked.extend(cluster.list::<TenantDatabase>(None).await?.iter().map(database));
        looked.extend(cluster.list::<SchemaDefinition>(None).await?.iter().map(definition));
    }
    let texts = || {
        let all: Vec<String> = looked.iter().map(|one| text::doctor(&one.object, &one.findings)).collect();
        match all.is_empty() {
            true => format!("No TenantDatabases in namespace {}; -n names another.\n", cluster.namespace),
            false => all.join("\n"),
        }
    };
    answer(args.output, || serde_json::to_value(&looked).unwrap_or(Value::Null), texts)?;
    let errors = looked.iter().flat_map(|one| &one.findings).any(|one| one.severity == Severity::Error);
    Ok(if errors { Outcome::Differs } else { Outcome::Fine })
}

fn database(database: &TenantDatabase) -> Looked {
    let object = object::<TenantDatabase>(&database.name_any());
    let status = database.status.clone().unwrap_or_default();
    let mut findings =
        conditions(&status.conditions, status.observed_generation, database.metadata.generation);
    if let Some(version) = &status.server_version {
        let address = status.address.as_deref().map(|address| format!(" at {address}")).unwrap_or_default();
        findings.push(Finding::new(Severity::Ok, "server", format!("PostgreSQL {version}{address}"), ""));
    }
    if let Some(schemas) = status.tenant_schemas {
        findings.push(Finding::new(Severity::Ok, "ledger", format!("it knows {schemas} tenant schemas"), ""));
    }
    let lists = [
        (Severity::Error, "privileges missing", status.missing_privileges),
        (Severity::Warning, "privileges excessive", status.excessive_privileges),
    ];
    for (severity, subject, entries) in lists {
        findings.extend(entries.into_iter().map(|entry| Finding::new(severity, subject, entry, "")));
    }
    let surprises = [
        ("event triggers", status.event_triggers, "fires on Tenantry's statements too, in shadows as well"),
        ("publications", status.publications, "subscribers may break when a published table changes"),
    ];
    for (subject, names, what) in surprises {
        findings.extend(
            names
                .into_iter()
                .map(|name| Finding::new(Severity::Warning, subject, format!("{name}: {what}"), "")),
        );
    }
    Looked { object, findings }
}

fn definition(definition: &SchemaDefinition) -> Looked {
    let object = object::<SchemaDefinition>(&definition.name_any());
    let status = definition.status.clone().unwrap_or_default();
    let mut findings =
        conditions(&status.conditions, status.observed_generation, definition.metadata.generation);
    findings.extend(status.findings.iter().map(place));
    if let (Some(digits), Some(objects)) = (&status.revision, status.objects) {
        let what = format!("{} makes {objects} objects", revision(digits));
        findings.push(Finding::new(Severity::Ok, "revision", what, ""));
    }
    Looked { object, findings }
}

/// What the conditions say. `Ready` only where no other one that is bad has said the same.
fn conditions(all: &[Condition], seen: Option<i64>, generation: Option<i64>) -> Vec<Finding> {
    if all.is_empty() {
        let remedy = "see that the operator runs: kubectl get pods -A | grep tenantry-operator";
        return vec![Finding::new(Severity::Error, "operator", "it has not looked at this yet", remedy)];
    }
    let mut findings: Vec<Finding> = Vec::new();
    if seen < generation {
        let message = "it has not looked at the last change of this yet";
        findings.push(Finding::new(Severity::Note, "operator", message, ""));
    }
    let mut sorted: Vec<&Condition> = all.iter().collect();
    sorted.sort_by_key(|condition| condition.type_ == types::READY);
    for condition in sorted {
        let severity = match (condition.type_.as_str(), condition.status.as_str(), condition.reason.as_str())
        {
            (types::RECONCILING, ..) => Severity::Note,
            (types::STALLED, "True", _) | (_, "Unknown", reasons::DATABASE_UNREACHABLE) => Severity::Error,
            (_, "True", _) => Severity::Ok,
            (_, "Unknown", _) => Severity::Note,
            (_, _, reasons::PRIVILEGES_EXCESSIVE) => Severity::Warning,
            _ => Severity::Error,
        };
        let said = findings.iter().any(|finding| finding.message == condition.message);
        if !said || severity == Severity::Ok && condition.type_ == types::READY {
            let message = condition.message.clone();
            findings.push(Finding::new(severity, condition.type_.clone(), message, ""));
        }
    }
    findings
}

/// `app-schema/30-audit.sql, line 4, column 10: type "jsonbb" does not exist`
fn place(finding: &Place) -> Finding {
    let severity = match finding.severity {
        Weight::Error => Severity::Error,
        Weight::Note => Severity::Note,
    };
    let line = finding.line.map(|line| format!(", line {line}")).unwrap_or_default();
    let column = finding.column.map(|column| format!(", column {column}")).unwrap_or_default();
    Finding::new(severity, "definition", format!("{}{line}{column}: {}", finding.source, finding.message), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::object;

    #[test]
    fn goldens() {
        let looked = [
            database(&object(
                r#"{"metadata": {"name": "eu-1", "generation": 1}, "spec": {"connection": {"secretRef": {"name": "s"}}},
                "status": {"observedGeneration": 1, "address": "pg:5432/app", "serverVersion": "15.18", "tenantSchemas": 1499,
                "missingPrivileges": ["tenantry may not create schemas. GRANT CREATE ON DATABASE app TO tenantry"],
                "eventTriggers": ["audit_ddl"], "publications": ["all_tables"], "conditions": [
                {"type": "Ready", "status": "True", "reason": "Reachable", "message": "it answers", "lastTransitionTime": "2026-11-25T14:02:00Z"},
                {"type": "Reachable", "status": "True", "reason": "Reachable", "message": "it answers", "lastTransitionTime": "2026-11-25T14:02:00Z"},
                {"type": "PrivilegesSufficient", "status": "False", "reason": "PrivilegesMissing", "message": "the login lacks 1 privilege", "lastTransitionTime": "2026-11-25T14:02:00Z"}]}}"#,
            )),
            definition(&object(
                r#"{"metadata": {"name": "app", "generation": 2}, "spec": {"sql": "x"}, "status": {"observedGeneration": 1,
                "revision": "7f3c2a91b0", "objects": 12, "findings": [{"severity": "Error", "source": "app-schema/30-audit.sql",
                "line": 4, "column": 10, "message": "type \"jsonbb\" does not exist"}], "conditions": [
                {"type": "Accepted", "status": "False", "reason": "DefinitionRefused", "message": "it is refused", "lastTransitionTime": "2026-11-25T14:02:00Z"},
                {"type": "Ready", "status": "False", "reason": "DefinitionRefused", "message": "it is refused", "lastTransitionTime": "2026-11-25T14:02:00Z"}]}}"#,
            )),
            database(&object(
                r#"{"metadata": {"name": "us-1", "generation": 1}, "spec": {"connection": {"secretRef": {"name": "s"}}}}"#,
            )),
        ];
        let texts: Vec<String> = looked.iter().map(|one| text::doctor(&one.object, &one.findings)).collect();
        insta::assert_snapshot!("doctor", texts.join("\n"));
    }
}
