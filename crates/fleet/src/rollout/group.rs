//! Tenants that start from the same point and are treated alike.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tenantry_catalog::{Fingerprint, ObjectId};
use tenantry_engine::{Proposal, TenantName};
use tenantry_planner::{Digest, HazardKind, Plan, Verb};

use super::record::Kind;
use crate::Approval;

/// How a tenant gets to the target from where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Way {
    /// There is no schema; it is made.
    Provision {
        /// At which revision: the one in force.
        revision: Digest,
    },
    /// From a revision as it was, or without keeping what was changed by hand.
    Plain,
    /// From a drifted revision; what the tenant changed by hand stays (D20a).
    Keep {
        /// The revision that it drifted from.
        base: Digest,
    },
    /// From where a plan of several steps stopped.
    Finish {
        /// That plan.
        plan: Digest,
    },
    /// From a schema that Tenantry did not make (D20).
    Adopt,
}

impl Way {
    /// Whether the schema is made.
    pub fn makes(&self) -> bool {
        matches!(self, Way::Provision { .. })
    }

    /// Whether what the tenant has of its own stays.
    pub fn keeps(&self) -> bool {
        matches!(self, Way::Keep { .. })
    }
}

/// What makes two tenants the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupKey {
    /// What their databases have in common: plans are proved once for each.
    pub environment: String,
    /// Where they are; `None` where there is no schema.
    pub from: Option<Fingerprint>,
    /// How they get on.
    pub way: Way,
    /// What was renamed aside in them, as a digest: a plan may bring it back
    /// (D10). `None` where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<Digest>,
}

/// The digest of what was renamed aside; `None` for nothing.
pub(crate) fn aside(renamed: &[(ObjectId, String)]) -> Option<Digest> {
    if renamed.is_empty() {
        return None;
    }
    let texts = renamed.iter().flat_map(|(object, reserved)| [object.to_string(), reserved.clone()]);
    Some(Digest::of_texts(texts))
}

/// A proved plan, as far as a rollout has to know it. The plan itself is in
/// the ledger, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// The plan.
    pub plan: Digest,
    /// The fingerprint that a read-back must find.
    pub to: Fingerprint,
    /// Whether that is the target itself, and not a merge.
    pub reaches_target: bool,
    /// The proved way back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Digest>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_back: Option<String>,
    /// How many statements it has.
    pub statements: u32,
    /// What is bad about it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hazards: BTreeSet<HazardKind>,
    /// Whether it only makes what was not there.
    pub only_adds: bool,
}

impl Route {
    /// What a rollout has to know of a plan and its way back.
    pub fn of(plan: &Plan, back: &Result<Plan, String>, to: Fingerprint, reaches_target: bool) -> Self {
        let hazards: BTreeSet<HazardKind> = plan.hazards().map(|hazard| hazard.kind).collect();
        Self {
            plan: plan.digest(),
            to,
            reaches_target,
            back: back.as_ref().ok().map(Plan::digest),
            no_back: back.as_ref().err().cloned(),
            statements: u32::try_from(plan.steps.len()).unwrap_or(u32::MAX),
            only_adds: !plan.is_destructive() && plan.steps.iter().all(|step| step.verb == Verb::Create),
            hazards,
        }
    }

    /// Whether `approval: Destructive` waits for a person.
    pub fn is_destructive(&self) -> bool {
        self.hazards.iter().any(|hazard| hazard.destructive())
    }

    /// Whether something is lost that quarantine does not keep.
    pub fn loses_data(&self) -> bool {
        self.hazards.iter().any(|hazard| hazard.destructive() && *hazard != HazardKind::QuarantinesData)
    }
}

/// What is done with a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing: it is equal to the target, though it prints differently (D5).
    InSync,
    /// A proved plan.
    Migrate(Route),
    /// No plan can be made, or it was not proved: the reasons.
    Blocked(Vec<String>),
}

impl Verdict {
    /// The verdict of a proposal.
    pub fn of(proposal: &Proposal) -> Self {
        match proposal {
            Proposal::InSync => Verdict::InSync,
            Proposal::Migrate { plan, back, to, reaches_target } => {
                Verdict::Migrate(Route::of(plan, back, to.clone(), *reaches_target))
            }
            Proposal::Blocked { reasons } => Verdict::Blocked(reasons.clone()),
        }
    }

    /// The plan, where there is one.
    pub fn route(&self) -> Option<&Route> {
        match self {
            Verdict::Migrate(route) => Some(route),
            Verdict::InSync | Verdict::Blocked(_) => None,
        }
    }
}

/// A group of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Who is in it.
    pub key: GroupKey,
    /// The revision that it is brought to: for tenants that are made while a
    /// rollout waits for approval, the one in force.
    pub revision: Digest,
    /// What is done with it.
    pub verdict: Verdict,
    /// How many tenants it had when the rollout began.
    pub tenants: u32,
    /// Some of them.
    pub examples: Vec<TenantName>,
}

impl Group {
    /// Whether a person has to approve it. `first` says that nothing was in
    /// force before.
    pub fn needs_approval(&self, approval: Approval, kind: &Kind, first: bool) -> bool {
        let Some(route) = self.verdict.route() else { return false };
        let always = approval == Approval::Always;
        let destructive = approval == Approval::Destructive && route.is_destructive();
        match (&self.key.way, kind) {
            // Those that arrive while a revision is in force are not asked for.
            (Way::Provision { .. }, _) => always && first,
            // Whatever the rollout's own rule is (D20).
            (Way::Adopt, _) => always || !route.only_adds,
            // `onFailure: RollBack` asked for it; what would be lost for good
            // is not part of that.
            (_, Kind::RollBack { automatic: true, .. }) => always || route.loses_data(),
            _ => always || destructive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digest, fingerprint};

    fn group(way: Way, hazards: &[HazardKind], only_adds: bool) -> Group {
        let to = fingerprint("f2");
        Group {
            key: GroupKey { environment: "e1".to_owned(), from: Some(fingerprint("f1")), way, aside: None },
            revision: digest("r2"),
            verdict: Verdict::Migrate(Route {
                plan: digest("plan"),
                to,
                reaches_target: true,
                back: None,
                no_back: None,
                statements: 1,
                hazards: hazards.iter().copied().collect(),
                only_adds,
            }),
            tenants: 1,
            examples: Vec::new(),
        }
    }

    fn making() -> Way {
        Way::Provision { revision: digest("r2") }
    }

    #[test]
    fn who_is_asked_depends_on_what_may_be_lost() {
        use Approval::{Always, Destructive, Never};
        use HazardKind::{DropsData, QuarantinesData, RewritesTable};
        let back = Kind::RollBack { of: "customers-1".to_owned(), automatic: true };
        let by_hand = Kind::RollBack { of: "customers-1".to_owned(), automatic: false };
        for (name, way, hazards, adds, kind, first, approval, asked) in [
            ("harmless", Way::Plain, vec![RewritesTable], false, &Kind::Forward, false, Destructive, false),
            ("harmless, always", Way::Plain, vec![], true, &Kind::Forward, false, Always, true),
            ("drops", Way::Plain, vec![DropsData], false, &Kind::Forward, false, Destructive, true),
            ("drops, never", Way::Plain, vec![DropsData], false, &Kind::Forward, false, Never, false),
            ("adoption that adds", Way::Adopt, vec![], true, &Kind::Forward, true, Destructive, false),
            ("adoption that alters", Way::Adopt, vec![], false, &Kind::Forward, true, Never, true),
            ("new tenant", making(), vec![], true, &Kind::Forward, false, Always, false),
            ("very first tenants", making(), vec![], true, &Kind::Forward, true, Always, true),
            (
                "automatic way back",
                Way::Plain,
                vec![QuarantinesData],
                false,
                &back,
                false,
                Destructive,
                false,
            ),
            ("automatic, with loss", Way::Plain, vec![DropsData], false, &back, false, Destructive, true),
            (
                "way back by hand",
                Way::Plain,
                vec![QuarantinesData],
                false,
                &by_hand,
                false,
                Destructive,
                true,
            ),
        ] {
            assert_eq!(group(way, &hazards, adds).needs_approval(approval, kind, first), asked, "{name}");
        }
    }
}
