//! `rollback`: the pin that takes a set back to an earlier revision.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::json;
use tenantry_api::{SchemaRevision, TenantSet};

use super::client::{Cluster, object};
use super::history::Past;
use super::order::Refused;
use super::scene::made;
use super::words::{Kubectl, revision};
use super::{ClusterError, answer};
use crate::args::RollbackArgs;
use crate::output::Next;
use crate::output::text::{ago, names};
use crate::{Failure, Outcome};

/// So many digits of a revision have to be typed.
const DIGITS: usize = 10;
/// How often a write is tried that somebody else was faster than.
const TRIES: u32 = 5;

/// Where a set goes back to.
#[derive(Debug, PartialEq, Eq)]
struct Pin {
    to: String,
    /// Whether the set is pinned there already.
    is_there: bool,
}

/// Prints the pin, or writes it.
pub async fn run(args: &RollbackArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.set.cluster).await?;
    let kubectl = Kubectl::new(&args.set.cluster);
    for _ in 0..TRIES {
        let past = Past::read(&cluster, &args.set.set).await?;
        let pin = decide(&past, args.to.as_deref()).map_err(ClusterError::from)?;
        let write = args.now && !pin.is_there;
        if write {
            let spec = json!({ "schemaRef": { "revision": pin.to } });
            if !cluster.patch(&past.set, &spec).await? {
                continue;
            }
        }
        let json = || json!({ "set": args.set.set, "from": past.in_force(), "to": pin.to, "written": write });
        answer(args.set.output, json, || text(&past, &pin, args.now, &kubectl, Timestamp::now()))?;
        return Ok(Outcome::Fine);
    }
    Err(ClusterError::Conflict { object: object::<TenantSet>(&args.set.set), tries: TRIES }.into())
}

fn decide(past: &Past, typed: Option<&str>) -> Result<Pin, Refused> {
    let name = past.set.name_any();
    let to = match typed {
        Some(typed) => named(past, typed)?,
        None => {
            let status = past.set.status.as_ref();
            let ahead = status.and_then(|status| status.target_revision.as_deref()).map(revision);
            if let (Some(ahead), Some(stays)) = (ahead, past.in_force())
                && ahead != stays
            {
                return Err(Refused::Revision(format!(
                    "{ahead} is not in force yet, so there is nothing to go back from: --to {stays} keeps tenantset/{name} \
                     where it is"
                )));
            }
            before(past).ok_or_else(|| {
                Refused::Revision(format!(
                    "tenantset/{name} has no revision before the one in force: {}",
                    kept(past)
                ))
            })?
        }
    };
    let is_there = past.set.spec.schema_ref.revision.as_deref().map(revision) == Some(to.as_str());
    Ok(Pin { to, is_there })
}

/// The revision before the one in force: of the set's own rollouts, or else of its definition by their numbers. It must be kept;
/// and no way back leads to a revision that somebody went back from.
pub fn before(past: &Past) -> Option<String> {
    let in_force = past.in_force()?;
    let number = |digits: &str| {
        past.revisions
            .iter()
            .find(|kept| revision(&kept.spec.revision) == digits)
            .map(|kept| kept.spec.number)
    };
    let ways = || {
        past.rollouts
            .iter()
            .filter_map(|one| Some((revision(one.spec.from.as_deref()?), revision(&one.spec.to))))
    };
    let undone: BTreeSet<&str> =
        ways().filter(|(from, to)| number(to) < number(from)).map(|(from, _)| from).collect();
    // What came after the one in force is no way back from it.
    let came_from = ways()
        .skip_while(|(_, to)| *to != in_force)
        .map(|(from, _)| from)
        .find(|from| *from != in_force && !undone.contains(from) && number(from).is_some());
    let by_number = || {
        let mut older = past.revisions.iter().filter(|kept| Some(kept.spec.number) < number(in_force));
        older.next().map(|kept| revision(&kept.spec.revision))
    };
    came_from.or_else(by_number).map(str::to_owned)
}

/// The kept revision that a person means by its first digits.
fn named(past: &Past, typed: &str) -> Result<String, Refused> {
    let digits = typed.trim().to_ascii_lowercase();
    if digits.len() < DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refused::Revision(format!(
            "{typed:?} are not ten or more hex digits of a revision; {}",
            kept(past)
        )));
    }
    let is_meant = |kept: &&SchemaRevision| kept.spec.content_hash.starts_with(&digits);
    let mut meant = past.revisions.iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(revision(&one.spec.revision).to_owned()),
        _ => Err(Refused::Revision(format!("no revision {digits} is kept; {}", kept(past)))),
    }
}

fn kept(past: &Past) -> String {
    let definition = &past.set.spec.schema_ref.name;
    let all: Vec<&str> = past.revisions.iter().map(|kept| revision(&kept.spec.revision)).collect();
    match all.as_slice() {
        [] => format!("no revision of schemadefinition/{definition} is kept"),
        some => format!("of schemadefinition/{definition} there are {}", names(some, some.len())),
    }
}

fn text(past: &Past, pin: &Pin, now: bool, kubectl: &Kubectl, at: Timestamp) -> String {
    let (name, definition) = (past.set.name_any(), &past.set.spec.schema_ref.name);
    let to = &pin.to;
    if pin.is_there {
        return format!("tenantset/{name} is pinned to {definition} {to} already. Nothing was changed.\n");
    }
    let of = past.revisions.iter().find(|kept| revision(&kept.spec.revision) == to);
    let age = of.and_then(made).map(|then| format!(", made {}", ago(then, at))).unwrap_or_default();
    let from = past.in_force().unwrap_or("nothing");
    let pinned = format!("spec:\n  schemaRef:\n    name: {definition}\n    revision: {to}\n");
    let mut next = Next::default();
    let mut text = if now {
        next.add("follow", kubectl.tenantry("status", &name, "--watch"));
        format!(
            "tenantset/{name} is pinned: from {definition} {from} to {to}{age}. Commit the same, or what keeps the set in Git \
             sets it back:\n\n"
        )
    } else {
        next.add("at once", kubectl.tenantry("rollback", &name, &format!("--to {to} --now")));
        format!(
            "From {definition} {from} to {to}{age}: commit this to tenantset/{name}. Nothing was changed.\n\n"
        )
    };
    text.push_str(&pinned);
    let _ = write!(
        text,
        "\nWhat was put aside comes back with its rows. Without the pin the set follows its definition again.\n{}",
        next.text()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::{NEW, OLD, OLDER, at, kubectl, past, revision_of, rollout_of};

    fn way(typed: Option<&str>, change: impl FnOnce(&mut Past)) -> String {
        let mut past = past();
        change(&mut past);
        match decide(&past, typed) {
            Ok(Pin { to, is_there: true }) => format!("there: {to}"),
            Ok(Pin { to, .. }) => to,
            Err(refused) => refused.to_string(),
        }
    }

    #[test]
    fn where_it_leads() {
        let nothing = |_: &mut Past| {};
        let in_force = |past: &mut Past, digits: &str| {
            past.set.status.as_mut().unwrap().revision = Some(digits.to_owned());
        };
        assert_eq!(way(None, nothing), OLD);
        // The set never had the revision between: it goes back to where it came from.
        assert_eq!(way(None, |past| past.rollouts[0].spec.from = Some(OLDER.to_owned())), OLDER);
        // Without rollouts, the definition's numbers say it.
        assert_eq!(way(None, |past| past.rollouts.clear()), OLD);
        // It went back already: the next step is further back, and not forward again.
        let went_back = |past: &mut Past| {
            past.rollouts.insert(0, rollout_of(Some(NEW), OLD, "Succeeded"));
            in_force(past, OLD);
        };
        assert_eq!(way(None, went_back), OLDER);
        // What is not kept cannot be pinned.
        let forgotten = |past: &mut Past| past.revisions.retain(|kept| kept.spec.revision != OLD);
        assert_eq!(way(None, forgotten), OLDER);
        assert_eq!(
            way(None, |past| in_force(past, OLDER)),
            "tenantset/customers has no revision before the one in force: of schemadefinition/app there are 9d02e61f7c, \
             7f3c2a91b0, 1122334455"
        );
        let ahead = |past: &mut Past| {
            past.set.status.as_mut().unwrap().target_revision = Some("ffffffffff".to_owned());
        };
        assert!(way(None, ahead).contains("--to 9d02e61f7c keeps tenantset/customers where it is"));
        assert_eq!(way(Some(OLD), ahead), OLD);
        let pinned = |past: &mut Past| past.set.spec.schema_ref.revision = Some(format!("{OLD}000000"));
        assert_eq!(way(Some(OLD), pinned), format!("there: {OLD}"));
    }

    #[test]
    fn what_may_be_typed() {
        let nothing = |_: &mut Past| {};
        assert_eq!(way(Some("7F3C2A91B000"), nothing), OLD);
        let there = "of schemadefinition/app there are 9d02e61f7c, 7f3c2a91b0, 1122334455";
        assert_eq!(
            way(Some("7f3c"), nothing),
            format!("\"7f3c\" are not ten or more hex digits of a revision; {there}")
        );
        assert_eq!(way(Some("ffffffffff"), nothing), format!("no revision ffffffffff is kept; {there}"));
        let twice = |past: &mut Past| past.revisions.push(revision_of(&format!("{OLD}00"), 9));
        assert!(way(Some(OLD), twice).contains("no revision"));
    }

    #[test]
    fn goldens() {
        let (past, pin) = (past(), Pin { to: OLD.to_owned(), is_there: false });
        insta::assert_snapshot!("rollback", text(&past, &pin, false, &kubectl(), at(0)));
        insta::assert_snapshot!("rollback_now", text(&past, &pin, true, &kubectl(), at(0)));
    }
}
