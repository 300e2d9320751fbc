//! What was approved is what runs (D18).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenantry_catalog::Fingerprint;
use tenantry_engine::{DatabaseName, Tenant, TenantName};
use tenantry_planner::Digest;

use super::group::Group;

/// How many digits of a digest a person has to type at least.
pub const PLAN_DIGITS: usize = 12;

/// One group as it was offered: its statements and its tenants, frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferedGroup {
    /// What approves this group alone.
    pub digest: Digest,
    /// The plan: statements and target.
    pub plan: Digest,
    /// Where its tenants start.
    pub from: Option<Fingerprint>,
    /// Its tenants by database. Empty for those that are to be made, who may
    /// come later.
    pub tenants: BTreeMap<DatabaseName, BTreeSet<TenantName>>,
}

/// Everything that was offered for approval, frozen when it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// What approves the whole.
    pub digest: Digest,
    /// Its groups.
    pub groups: Vec<OfferedGroup>,
    /// When it was offered.
    pub at: Timestamp,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    /// Of what: the whole offer, or one group.
    pub digest: Digest,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Digits that name no digest, or more than one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Too few, or no hex digits.
    #[error("{0:?} is no digest: give at least {PLAN_DIGITS} of its hex digits, as the plan prints them")]
    Malformed(String),
    /// Nothing that is offered begins so.
    #[error(
        "nothing that is offered has the digest {0}: statements, target or tenants changed since it was printed; look at the plan again"
    )]
    Unknown(String),
    /// More than one thing that is offered begins so.
    #[error("more than one digest begins with {0}: give more digits")]
    Ambiguous(String),
}

impl Offer {
    /// Offers groups with the tenants that are in them now. Groups that have
    /// the same statements from the same start are one, whatever database
    /// they are in.
    pub fn of<'a>(
        target: &Digest,
        groups: &[Group],
        members: impl IntoIterator<Item = (usize, &'a Tenant)>,
        at: Timestamp,
    ) -> Self {
        let mut offered: BTreeMap<(Option<Fingerprint>, Digest), BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for group in groups {
            if let Some(route) = group.verdict.route() {
                offered.entry((group.key.from.clone(), route.plan.clone())).or_default();
            }
        }
        for (group, tenant) in members {
            let Some(group) = groups.get(group) else { continue };
            let Some(route) = group.verdict.route() else { continue };
            if group.key.way.makes() {
                continue;
            }
            let place = offered.entry((group.key.from.clone(), route.plan.clone())).or_default();
            place.entry(tenant.key.database.clone()).or_default().insert(tenant.name.clone());
        }
        let groups: Vec<OfferedGroup> = offered
            .into_iter()
            .map(|((from, plan), tenants)| OfferedGroup {
                digest: group_digest(target, &plan, from.as_ref(), &tenants),
                plan,
                from,
                tenants,
            })
            .collect();
        let digests: BTreeSet<&str> = groups.iter().map(|group| group.digest.as_str()).collect();
        let digest = Digest::of_texts(["rollout", target.as_str()].into_iter().chain(digests));
        Self { digest, groups, at }
    }

    /// The offered group that has this plan and this tenant.
    pub(super) fn holding(
        &self,
        plan: &Digest,
        from: Option<&Fingerprint>,
        tenant: &Tenant,
    ) -> Option<&OfferedGroup> {
        self.groups.iter().find(|group| {
            group.plan == *plan
                && group.from.as_ref() == from
                && group.tenants.get(&tenant.key.database).is_some_and(|names| names.contains(&tenant.name))
        })
    }

    /// Who approved that this tenant gets this plan, if somebody did.
    pub fn approved_by<'a>(
        &self,
        approvals: &'a [Approved],
        plan: &Digest,
        from: Option<&Fingerprint>,
        tenant: &Tenant,
    ) -> Option<&'a Approved> {
        let group = self.holding(plan, from, tenant)?;
        approvals.iter().find(|approved| approved.digest == self.digest || approved.digest == group.digest)
    }

    /// Who approved that tenants are made by this plan.
    pub fn making_approved_by<'a>(&self, approvals: &'a [Approved], plan: &Digest) -> Option<&'a Approved> {
        let group = self.groups.iter().find(|group| group.plan == *plan && group.from.is_none())?;
        approvals.iter().find(|approved| approved.digest == self.digest || approved.digest == group.digest)
    }

    /// Whether this approves anything of the offer.
    pub fn knows(&self, digest: &Digest) -> bool {
        self.digest == *digest || self.groups.iter().any(|group| group.digest == *digest)
    }

    /// Everything that can be approved.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        std::iter::once(&self.digest).chain(self.groups.iter().map(|group| &group.digest))
    }
}

/// The digest of one group: statements and target, and the sorted tenants.
fn group_digest(
    target: &Digest,
    plan: &Digest,
    from: Option<&Fingerprint>,
    tenants: &BTreeMap<DatabaseName, BTreeSet<TenantName>>,
) -> Digest {
    let what = ["group", target.as_str(), plan.as_str(), from.map_or("", Fingerprint::as_str)];
    let whom = tenants
        .iter()
        .flat_map(|(database, names)| names.iter().flat_map(|name| [database.as_str(), name.as_str()]));
    Digest::of_texts(what.into_iter().chain(whom))
}

/// The digest that a person means by its first digits.
///
/// # Errors
/// When there are too few of them, or none or several of `digests` begin so.
pub fn resolve_digest<'a>(
    typed: &str,
    digests: impl IntoIterator<Item = &'a Digest>,
) -> Result<Digest, DigestError> {
    let typed = typed.trim().to_ascii_lowercase();
    if typed.len() < PLAN_DIGITS || typed.len() > 64 || !typed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(DigestError::Malformed(typed));
    }
    let found: BTreeSet<&Digest> =
        digests.into_iter().filter(|digest| digest.as_str().starts_with(&typed)).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(digest), None) => Ok(digest.clone()),
        (None, _) => Err(DigestError::Unknown(typed)),
        (Some(_), Some(_)) => Err(DigestError::Ambiguous(typed)),
    }
}

#[cfg(test)]
mod tests {
    use tenantry_engine::{Labels, TenantKey};

    use super::*;
    use crate::rollout::{GroupKey, Route, Verdict, Way};
    use crate::testing::{digest, fingerprint, noon, schema};

    fn tenant(name: &str) -> Tenant {
        let key = TenantKey { database: DatabaseName::new("eu-1"), schema: schema(name) };
        Tenant { name: TenantName::new(name).unwrap(), key, labels: Labels::new() }
    }

    fn group(from: &str, plan: &str) -> Group {
        let way = if from.is_empty() { Way::Provision { revision: digest("r2") } } else { Way::Plain };
        let from = (!from.is_empty()).then(|| fingerprint(from));
        Group {
            key: GroupKey { environment: "e1".to_owned(), from, way, aside: None },
            revision: digest("r2"),
            verdict: Verdict::Migrate(Route {
                plan: digest(plan),
                to: fingerprint("f2"),
                reaches_target: true,
                back: None,
                no_back: None,
                statements: 1,
                hazards: BTreeSet::new(),
                only_adds: false,
            }),
            tenants: 0,
            examples: Vec::new(),
        }
    }

    fn offer(groups: &[Group], members: &[(usize, &str)]) -> Offer {
        let members: Vec<(usize, Tenant)> = members.iter().map(|(at, name)| (*at, tenant(name))).collect();
        Offer::of(&digest("r2"), groups, members.iter().map(|(at, tenant)| (*at, tenant)), noon(0))
    }

    #[test]
    fn names_statements_target_and_tenants_and_nothing_else() {
        let groups = [group("f1", "p1"), group("f0", "p0")];
        let one = offer(&groups, &[(0, "a"), (0, "b"), (1, "c")]);
        assert_eq!(one.digest, offer(&groups, &[(1, "c"), (0, "b"), (0, "a")]).digest, "order");
        for (name, other) in [
            ("another tenant", offer(&groups, &[(0, "a"), (0, "b"), (1, "c"), (1, "d")])),
            ("a tenant less", offer(&groups, &[(0, "a"), (1, "c")])),
            ("another group", offer(&groups, &[(0, "a"), (1, "b"), (1, "c")])),
            (
                "other statements",
                offer(&[group("f1", "px"), group("f0", "p0")], &[(0, "a"), (0, "b"), (1, "c")]),
            ),
        ] {
            assert_ne!(one.digest, other.digest, "{name}");
        }
        let making = [groups.as_slice(), &[group("", "make")]].concat();
        let with = offer(&making, &[(0, "a"), (0, "b"), (1, "c")]);
        assert_ne!(one.digest, with.digest, "how tenants are made counts");
        assert_eq!(
            with.digest,
            offer(&making, &[(0, "a"), (0, "b"), (1, "c"), (2, "new")]).digest,
            "who is made not"
        );
    }

    #[test]
    fn one_group_may_be_approved_without_the_other() {
        let groups = [group("f1", "p1"), group("f0", "p0")];
        let offer = offer(&groups, &[(0, "a"), (1, "c")]);
        let small = offer.groups.iter().find(|group| group.plan == digest("p0")).unwrap();
        let approvals = [Approved { digest: small.digest.clone(), by: Some("ada".to_owned()), at: noon(0) }];
        let by = |plan: &str, from: &str, name: &str| {
            offer.approved_by(&approvals, &digest(plan), Some(&fingerprint(from)), &tenant(name)).is_some()
        };
        assert!(by("p0", "f0", "c"));
        assert!(!by("p1", "f1", "a"), "the other group");
        assert!(!by("p0", "f0", "d"), "another tenant");
        assert!(!by("p1", "f0", "c"), "other statements");
    }

    #[test]
    fn a_person_types_twelve_digits() {
        let (one, two) = (digest("one"), digest("two"));
        let all = [&one, &two];
        assert_eq!(resolve_digest(&one.as_str()[..12], all).unwrap(), one);
        assert_eq!(resolve_digest(&one.as_str().to_uppercase(), all).unwrap(), one);
        assert!(matches!(resolve_digest(&one.as_str()[..11], all), Err(DigestError::Malformed(_))));
        assert!(matches!(resolve_digest("no digits here", all), Err(DigestError::Malformed(_))));
        assert!(matches!(resolve_digest(&digest("x").as_str()[..12], all), Err(DigestError::Unknown(_))));
        assert_eq!(resolve_digest(&one.as_str()[..12], [&one, &one]).unwrap(), one);
    }
}
