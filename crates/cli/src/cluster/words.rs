//! What the texts of all cluster commands share: the next command, counts, conditions, troubles.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tenantry_api::conditions::types;
use tenantry_api::tenant_set::{TenantCounts, TenantStatus};
use tenantry_api::{TenantSet, TenantState};
use tenantry_fleet::TenantCounts as Counted;
use tenantry_fleet::rollout::PLAN_DIGITS;
use tenantry_planner::REVISION_DIGITS;

use crate::args::ClusterArgs;
use crate::output::text::{count, indented, names, quoted};

/// The commands that may come next, for the cluster that was typed.
#[derive(Clone, Debug, Default)]
pub struct Kubectl {
    options: String,
}

impl Kubectl {
    /// After a command with these arguments.
    pub fn new(args: &ClusterArgs) -> Self {
        let mut options = String::new();
        let kubeconfig = args.kubeconfig.as_ref().map(|path| path.display().to_string());
        let typed = [("-n", &args.namespace), ("--context", &args.context), ("--kubeconfig", &kubeconfig)];
        for (option, value) in typed {
            if let Some(value) = value {
                let _ = write!(options, " {option} {}", quoted(value));
            }
        }
        Self { options }
    }

    /// The same, for a set of a namespace that nobody typed.
    pub fn within(&self, namespace: &str) -> Self {
        Self { options: format!(" -n {}{}", quoted(namespace), self.options) }
    }

    /// `kubectl tenantry approve customers 4be1c0d29a77 -n prod`.
    pub fn tenantry(&self, verb: &str, object: &str, more: &str) -> String {
        let space = if more.is_empty() { "" } else { " " };
        format!("kubectl tenantry {verb} {}{space}{more}{}", quoted(object), self.options)
    }

    /// `kubectl tenantry doctor -n prod`.
    pub fn of_all(&self, verb: &str) -> String {
        format!("kubectl tenantry {verb}{}", self.options)
    }
}

/// The first digits of a digest, as people see and type it.
pub fn short(digest: &str) -> &str {
    digest.get(..PLAN_DIGITS).unwrap_or(digest)
}

/// The first digits of a revision, as people see and type it.
pub fn revision(digits: &str) -> &str {
    digits.get(..REVISION_DIGITS).unwrap_or(digits)
}

/// `app 9d02e61f7c`: what a set's tenants are judged against.
pub fn judged_against(set: &TenantSet) -> String {
    let status = set.status.as_ref();
    let in_force = status.and_then(|status| status.revision.as_deref().or(status.target_revision.as_deref()));
    let definition = &set.spec.schema_ref.name;
    in_force.map_or_else(|| definition.clone(), |digits| format!("{definition} {}", revision(digits)))
}

/// Counts as the texts of a fleet take them. The API's are never negative.
pub fn counted(counts: &TenantCounts) -> Counted {
    let number = |n: i32| u32::try_from(n).unwrap_or_default();
    Counted {
        total: number(counts.total),
        pending: number(counts.pending),
        in_sync: number(counts.in_sync),
        outdated: number(counts.outdated),
        migrating: number(counts.migrating),
        drifted: number(counts.drifted),
        failed: number(counts.failed),
        blocked: number(counts.blocked),
        unreachable: number(counts.unreachable),
        removed: number(counts.removed),
    }
}

/// The conditions that say what is not as it should be, or what is waited for, a line each; the same is said once.
pub fn conditions(conditions: &[Condition]) -> String {
    let order = [
        (types::ACCEPTED, "False"),
        (types::DATABASES_REACHABLE, "False"),
        (types::STALLED, "True"),
        (types::AWAITING_APPROVAL, "True"),
        (types::PAUSED, "True"),
        (types::READY, "False"),
        (types::READY, "Unknown"),
        (types::RECONCILING, "True"),
    ];
    let mut lines: Vec<String> = Vec::new();
    for (type_, status) in order {
        let found =
            conditions.iter().filter(|condition| condition.type_ == type_ && condition.status == status);
        for condition in found {
            let line = format!("{}: {}", condition.reason, condition.message);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The tenants that somebody has to look at, by state, equal reasons together.
pub fn troubles(attention: &[TenantStatus]) -> String {
    let mut text = String::new();
    for state in TenantState::ALL.iter().rev().filter(|state| **state != TenantState::Drifted) {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for tenant in attention.iter().filter(|tenant| tenant.state == *state) {
            reasons.entry(tenant.message.as_deref().unwrap_or_default()).or_default().push(&tenant.name);
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, tenants)| std::cmp::Reverse(tenants.len()));
        if !reasons.is_empty() {
            let _ = writeln!(text, "\n{state}");
        }
        for (reason, tenants) in reasons {
            let who = names(&tenants, tenants.len());
            let _ = write!(text, "  {}: {who}\n{}", count(tenants.len(), "tenant"), indented(reason, 4));
        }
    }
    text
}

/// Names some of a number of tenants: `globex, hooli and 3 more`.
pub fn some_of(examples: &[String], tenants: i32) -> String {
    names(examples, usize::try_from(tenants).unwrap_or_default())
}
