//! What a schema shall be, and how one starting point gets there.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenantry_catalog::{Catalog, Fingerprint, ObjectId};
use tenantry_planner::{Digest, Plan, Policy};

/// One piece of a definition's text: a file, or a key of a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What people call it.
    pub name: String,
    /// Its SQL.
    pub text: String,
}

/// The digest of what a policy compares: whose owners and privileges, and what
/// it ignores. Two policies with the same one see the same fingerprints.
pub fn compared(policy: &Policy) -> Digest {
    let mut ignore: Vec<String> = policy.ignore.iter().map(ToString::to_string).collect();
    ignore.sort_unstable();
    let mut hash = Sha256::new();
    hash.update([u8::from(policy.owners), u8::from(policy.privileges)]);
    for pattern in &ignore {
        hash.update(pattern.len().to_be_bytes());
        hash.update(pattern);
    }
    Digest::of(hash)
}

/// The revision that a text makes under a policy. What the pieces of the text
/// are called does not count, nor what a plan may do on its way.
pub fn revision(sources: &[Source], policy: &Policy) -> Digest {
    Digest::of_texts(sources.iter().map(|source| source.text.as_str()).chain([compared(policy).as_str()]))
}

/// A definition as a server understood it, under one policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The revision that the definition makes ([`revision()`]).
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
    /// As it was inspected, as the policy sees it, with what was renamed aside.
    pub catalog: &'a Catalog,
    /// What was renamed aside, as the ledger knows it: what each object was,
    /// and its reserved name. It does not count, but a plan may bring it back.
    pub renamed: &'a [(ObjectId, String)],
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

#[cfg(test)]
mod tests {
    use tenantry_planner::Destructive;

    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_revision_is_its_text_and_what_is_compared() {
        let policy = Policy::default();
        let one = revision(&[source("a", "x"), source("b", "y")], &policy);
        assert_eq!(one, revision(&[source("c", "x"), source("d", "y")], &policy));
        assert_ne!(one, revision(&[source("a", "y"), source("b", "x")], &policy));
        assert_ne!(one, revision(&[source("a", "xy")], &policy));
        let cautious = Policy { destructive: Destructive::Deny, ..Policy::default() };
        assert_eq!(one, revision(&[source("a", "x"), source("b", "y")], &cautious));
        let lax = Policy { ignore: vec!["table audit_*".parse().unwrap()], ..Policy::default() };
        assert_ne!(one, revision(&[source("a", "x"), source("b", "y")], &lax));
    }
}
