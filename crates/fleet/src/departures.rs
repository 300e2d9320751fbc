//! What becomes of the schemas of those who left. Pure: the ledgers and the engines are asked elsewhere.

use serde::Serialize;
use tenantry_engine::{DatabaseName, Fate, SchemaName, TenantKey, TenantName, TenantRecord};
use tenantry_planner::Digest;

use crate::resolve::{ApprovedDeparture, Leaving};
use crate::{Approval, Removal};

/// Where a tenant is on its way out, or back in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DepartureState {
    /// No source names it; it does not count as gone yet.
    Missing,
    /// No source names it, nor many others at once: a person has to say whether they left.
    TooMany,
    /// It left, and its schema stays as it is.
    Retained,
    /// The next `fleet apply` does it.
    Due,
    /// A person has to approve it first.
    AwaitingApproval,
    /// Its schema is renamed aside.
    PutAside,
    /// Its schema was dropped.
    Dropped,
    /// There was no schema; the ledger forgot the tenant.
    Forgotten,
    /// It came back, and its schema has its own name again.
    BroughtBack,
    /// It could not be done.
    Failed,
}

/// One tenant that left or came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DepartureReport {
    /// Its name.
    pub name: TenantName,
    /// The database.
    pub database: DatabaseName,
    /// The schema, by its own name.
    pub schema: SchemaName,
    /// Where it is.
    pub state: DepartureState,
    /// What is to be done, or was done or tried in this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
    /// What its schema is called, or will be, when it is put aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aside: Option<SchemaName>,
    /// Who approved, where somebody had to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// What was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<Digest>,
    /// Whether it happened in this run.
    pub now: bool,
    /// What is waited for, or why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The oid of the schema that is meant.
    #[serde(skip)]
    pub oid: u32,
}

impl DepartureReport {
    /// Where it lives.
    pub fn key(&self) -> TenantKey {
        TenantKey { database: self.database.clone(), schema: self.schema.clone() }
    }
}

/// Those who left, and those who came back in this run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Departures {
    /// What the set says becomes of their schemas.
    pub removal: Removal,
    /// What approves all that waits for an approval; `None` when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Each of them, by database and schema.
    pub tenants: Vec<DepartureReport>,
}

impl Departures {
    /// Those that are in this state.
    pub fn in_state(&self, state: DepartureState) -> impl Iterator<Item = &DepartureReport> {
        self.tenants.iter().filter(move |tenant| tenant.state == state)
    }

    /// Whether any is in one of these states.
    pub fn any(&self, states: &[DepartureState]) -> bool {
        self.tenants.iter().any(|tenant| states.contains(&tenant.state))
    }
}

/// What the set says.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// By which the ledgers know it.
    pub set: &'a str,
    /// What becomes of schemas.
    pub removal: Removal,
    /// What waits for a person.
    pub approval: Approval,
}

/// Decides what becomes of each, with what the ledger has of it.
///
/// What is put aside comes back with its rows, so only a set that asks about every change asks about that. What is dropped is
/// lost: that waits for a person whatever the set says.
pub fn decide(
    rules: Rules<'_>,
    leaving: &[(&Leaving, &TenantRecord)],
    approved: &[ApprovedDeparture],
) -> Departures {
    let mut tenants: Vec<DepartureReport> =
        leaving.iter().map(|(leaving, record)| one(rules, leaving, record, approved)).collect();
    tenants.sort_by(|a, b| (&a.database, &a.schema).cmp(&(&b.database, &b.schema)));
    let digest = digest(rules.set, &tenants);
    Departures { removal: rules.removal, digest, tenants }
}

fn one(
    rules: Rules<'_>,
    leaving: &Leaving,
    record: &TenantRecord,
    approved: &[ApprovedDeparture],
) -> DepartureReport {
    let known = &leaving.known;
    let fate = match rules.removal {
        Removal::Quarantine if leaving.gone && record.aside.is_none() => Some(Fate::PutAside),
        Removal::Drop if leaving.gone => Some(Fate::Drop),
        _ => None,
    };
    let needs_approval = fate == Some(Fate::Drop) || rules.approval == Approval::Always;
    let word = approved.iter().find(|approved| {
        approved.key == known.key && approved.oid == record.oid && Some(approved.fate) == fate
    });
    let state = match fate {
        Some(_) if needs_approval && word.is_none() => DepartureState::AwaitingApproval,
        Some(_) => DepartureState::Due,
        None if leaving.too_many => DepartureState::TooMany,
        None if !leaving.gone => DepartureState::Missing,
        None if record.aside.is_some() => DepartureState::PutAside,
        None => DepartureState::Retained,
    };
    let aside = match fate {
        Some(Fate::PutAside) => known.key.schema.aside().ok(),
        _ => record.aside.clone(),
    };
    DepartureReport {
        name: known.name.clone(),
        database: known.key.database.clone(),
        schema: known.key.schema.clone(),
        state,
        fate,
        aside,
        approved_by: word.and_then(|word| word.by.clone()),
        approved: word.map(|word| word.digest.clone()),
        now: false,
        message: Some(leaving.message.clone()),
        oid: record.oid,
    }
}

/// Names all that waits: what is done, to which tenants, to which schemas.
fn digest(set: &str, tenants: &[DepartureReport]) -> Option<Digest> {
    let waiting = tenants.iter().filter(|tenant| tenant.state == DepartureState::AwaitingApproval);
    let texts: Vec<String> = waiting
        .flat_map(|tenant| {
            let fate = tenant.fate.map(Fate::word).unwrap_or_default();
            [fate, tenant.database.as_str(), tenant.schema.as_str(), tenant.name.as_str()]
                .map(str::to_owned)
                .into_iter()
                .chain([tenant.oid.to_string()])
        })
        .collect();
    let said = ["departures", set].into_iter().chain(texts.iter().map(String::as_str));
    (!texts.is_empty()).then(|| Digest::of_texts(said))
}

/// What names one departure in the history that nobody had to approve.
pub(crate) fn single(set: &str, tenant: &DepartureReport, fate: Fate) -> Digest {
    Digest::of_texts([
        "departure",
        set,
        fate.word(),
        tenant.database.as_str(),
        tenant.schema.as_str(),
        tenant.name.as_str(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::Known;
    use crate::testing::{digest, noon, record, schema};

    fn left(name: &str, gone: bool, aside: bool) -> (Leaving, TenantRecord) {
        let key = TenantKey { database: DatabaseName::new("eu-1"), schema: schema(name) };
        let mut record = record(name, "f", Some("w"));
        record.aside = aside.then(|| schema(name).aside().unwrap());
        let known = Known { name: record.name.clone(), key, aside: record.aside.clone() };
        (Leaving { known, gone, too_many: false, message: "it left".to_owned() }, record)
    }

    fn told(
        removal: Removal,
        approval: Approval,
        tenants: &[(Leaving, TenantRecord)],
        approved: &[ApprovedDeparture],
    ) -> Departures {
        let tenants: Vec<_> = tenants.iter().map(|(leaving, record)| (leaving, record)).collect();
        decide(Rules { set: "s", removal, approval }, &tenants, approved)
    }

    fn word(name: &str, oid: u32, fate: Fate) -> ApprovedDeparture {
        let key = TenantKey { database: DatabaseName::new("eu-1"), schema: schema(name) };
        ApprovedDeparture { key, oid, fate, digest: digest("d"), by: Some("ada".to_owned()), at: noon(0) }
    }

    #[test]
    fn what_becomes_of_one_depends_on_the_set_and_on_a_person() {
        use Approval::{Always, Destructive, Never};
        use DepartureState::{AwaitingApproval, Due, Missing, PutAside, Retained};
        let (drop, put) = (word("a", 1, Fate::Drop), word("a", 1, Fate::PutAside));
        let (other_schema, other_tenant) = (word("a", 2, Fate::Drop), word("b", 1, Fate::Drop));
        for (removal, approval, gone, aside, approved, state, fate) in [
            (Removal::Retain, Destructive, true, false, None, Retained, None),
            (Removal::Retain, Destructive, true, true, None, PutAside, None),
            (Removal::Quarantine, Destructive, false, false, None, Missing, None),
            (Removal::Quarantine, Destructive, true, false, None, Due, Some(Fate::PutAside)),
            (Removal::Quarantine, Never, true, false, None, Due, Some(Fate::PutAside)),
            (Removal::Quarantine, Always, true, false, None, AwaitingApproval, Some(Fate::PutAside)),
            (Removal::Quarantine, Always, true, false, Some(&drop), AwaitingApproval, Some(Fate::PutAside)),
            (Removal::Quarantine, Always, true, false, Some(&put), Due, Some(Fate::PutAside)),
            (Removal::Quarantine, Always, true, true, None, PutAside, None),
            (Removal::Drop, Destructive, false, false, Some(&drop), Missing, None),
            (Removal::Drop, Destructive, true, false, None, AwaitingApproval, Some(Fate::Drop)),
            (Removal::Drop, Never, true, false, None, AwaitingApproval, Some(Fate::Drop)),
            (Removal::Drop, Never, true, true, None, AwaitingApproval, Some(Fate::Drop)),
            (Removal::Drop, Never, true, false, Some(&put), AwaitingApproval, Some(Fate::Drop)),
            (Removal::Drop, Never, true, false, Some(&other_schema), AwaitingApproval, Some(Fate::Drop)),
            (Removal::Drop, Never, true, false, Some(&other_tenant), AwaitingApproval, Some(Fate::Drop)),
            (Removal::Drop, Never, true, false, Some(&drop), Due, Some(Fate::Drop)),
        ] {
            let approved: Vec<ApprovedDeparture> = approved.into_iter().cloned().collect();
            let departures = told(removal, approval, &[left("a", gone, aside)], &approved);
            let case = format!("{removal:?} {approval:?} gone {gone} aside {aside} {approved:?}");
            assert_eq!((departures.tenants[0].state, departures.tenants[0].fate), (state, fate), "{case}");
            assert_eq!(departures.digest.is_some(), state == AwaitingApproval, "{case}");
        }
    }

    #[test]
    fn the_digest_names_who_and_what_and_nothing_that_is_approved_or_waits_for_time() {
        let (a, b) = (left("a", true, false), left("b", true, false));
        let digest = |tenants: &[(Leaving, TenantRecord)], approved: &[ApprovedDeparture]| {
            told(Removal::Drop, Approval::Never, tenants, approved).digest
        };
        let both = digest(&[a.clone(), b.clone()], &[]);
        assert_eq!(both, digest(&[b.clone(), a.clone()], &[]), "order");
        assert_eq!(
            both,
            digest(&[a.clone(), b.clone(), left("c", false, false)], &[]),
            "one that is not gone"
        );
        let alone = digest(std::slice::from_ref(&b), &[]);
        assert_ne!(both, alone);
        assert_eq!(
            alone,
            digest(&[a.clone(), b.clone()], &[word("a", 1, Fate::Drop)]),
            "one that is approved"
        );
        let mut again = b.clone();
        again.1.oid = 9;
        assert_ne!(alone, digest(&[again], &[]), "another schema of the same name");
        assert_ne!(alone, told(Removal::Quarantine, Approval::Always, &[b], &[]).digest, "another fate");
    }
}
