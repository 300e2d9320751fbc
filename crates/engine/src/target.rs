//! What a schema shall be, and how one starting point gets there.

use serde::{Deserialize, Serialize};
use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_planner::{Digest, Plan, Policy};

/// One piece of a definition's text: a file, or a key of a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What people call it.
    pub name: String,
    /// Its SQL.
    pub text: String,
}

/// A definition as a server understood it, under one policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The digest of the definition's text: the revision.
    pub revision: Digest,
    /// What it declares, in canonical form (D5), as the policy sees it.
    pub catalog: Catalog,
    /// The fingerprint of that.
    pub fingerprint: Fingerprint,
    /// The policy under which tenants are compared with it.
    pub policy: Policy,
    /// What was left out of the text or is worth knowing, for people.
    pub notes: Vec<String>,
}

/// A state of a schema that several tenants may share.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// As it was inspected, as the policy sees it.
    pub catalog: &'a Catalog,
    /// The catalog of the revision in force, when drift is to be kept (D20a):
    /// the plan then goes to the merge of that, the target and this. `None`
    /// goes to the target itself.
    pub base: Option<&'a Catalog>,
}

/// What is to be done with one starting point.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub enum Proposal {
    /// It is equal to where it should go; there is nothing to do.
    InSync,
    /// This plan was proved to lead there.
    Migrate {
        /// The proved plan.
        plan: Plan,
        /// The proved way back; or why there is none.
        back: Result<Plan, String>,
        /// Where the plan leads: the target, or the merge with the tenant's
        /// own. The fingerprint that a read-back must find.
        to: Fingerprint,
        /// Whether that is the target itself.
        reaches_target: bool,
    },
    /// No plan can be made, or it was not proved.
    Blocked {
        /// The objects and reasons, a line each.
        reasons: Vec<String>,
    },
}
