//! Which tenants are changed before which others (D17).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenantry_engine::{Labels, Tenant, TenantName};

use crate::{Amount, RolloutSpec, Select, WaveSpec};

/// The canary that there is without `waves`: this share, at most so many.
const CANARY: Amount = Amount::Percent(1);
const CANARY_AT_MOST: u32 = 10;

/// Which tenants a wave takes, fixed when the rollout began. A tenant's own
/// name and labels decide, not who else is there: none moves to another wave
/// because another one left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Chosen {
    /// Those that have all of these labels.
    Labels(Labels),
    /// Those of these names.
    Names(BTreeSet<String>),
    /// Those whose lot is not above this one.
    Lots {
        /// The highest lot that is in.
        up_to: u64,
    },
    /// All that are left.
    Rest,
}

/// One wave of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wave {
    /// Its name.
    pub name: String,
    /// Which tenants it takes.
    pub chosen: Chosen,
    /// How many may fail; `None`: none while no tenant of an earlier wave was
    /// confirmed, then what the rollout's own budget says.
    pub budget: Option<u32>,
    /// How long its tenants must have been in sync before the next one begins,
    /// in seconds.
    pub min_ready: i64,
    /// Wait after it until somebody resumes.
    pub pause: bool,
    /// How many tenants it had when the rollout began.
    pub tenants: u32,
    /// When its first tenant was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When its last tenant was settled; `min_ready` counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Timestamp>,
    /// Somebody said to go on after it.
    #[serde(default)]
    pub resumed: bool,
}

impl Wave {
    /// Whether it takes this tenant, if no earlier one does.
    pub fn takes(&self, tenant: &Tenant) -> bool {
        match &self.chosen {
            Chosen::Labels(labels) => labels.iter().all(|(key, value)| tenant.labels.get(key) == Some(value)),
            Chosen::Names(names) => names.contains(tenant.name.as_str()),
            Chosen::Lots { up_to } => lot(&tenant.name) <= *up_to,
            Chosen::Rest => true,
        }
    }

    /// When the next wave may begin, as far as this one's soak time goes.
    pub fn soaked(&self) -> Option<Timestamp> {
        self.ready.and_then(|ready| ready.checked_add(SignedDuration::from_secs(self.min_ready)).ok())
    }
}

/// A number that belongs to a tenant's name: the same in each rollout, and as
/// good as drawn by lot.
pub(crate) fn lot(name: &TenantName) -> u64 {
    let hash = Sha256::digest(name.as_str());
    hash.iter().take(8).fold(0, |lot, byte| lot << 8 | u64::from(*byte))
}

/// The waves of a new rollout: `work` are the tenants that it changes, `total`
/// is how many the set has.
pub fn lay_out(spec: &RolloutSpec, work: &[&Tenant], total: u32) -> Vec<Wave> {
    let mut left: Vec<&Tenant> = work.to_vec();
    let mut waves: Vec<Wave> = specified(spec, total)
        .iter()
        .map(|wave| {
            let chosen = choose(wave.select.as_ref(), &left, total);
            let budget = wave.failure_budget.map(|amount| amount.of(total));
            let min_ready = i64::try_from(wave.min_ready.as_secs()).unwrap_or(i64::MAX);
            let (name, pause) = (wave.name.clone(), wave.pause);
            let (started, ready, resumed, tenants) = (None, None, false, 0);
            let mut wave = Wave { name, chosen, budget, min_ready, pause, tenants, started, ready, resumed };
            let before = left.len();
            left.retain(|tenant| !wave.takes(tenant));
            wave.tenants = u32::try_from(before - left.len()).unwrap_or(u32::MAX);
            wave
        })
        .collect();
    if let Some(last) = waves.last_mut() {
        last.chosen = Chosen::Rest;
        last.tenants += u32::try_from(left.len()).unwrap_or(u32::MAX);
    }
    waves
}

/// One wave for all, under the rollout's own budget: for what is left over
/// from a rollout that already went through its waves.
pub(crate) fn single(spec: &RolloutSpec, work: &[&Tenant], total: u32) -> Vec<Wave> {
    let rest = WaveSpec { failure_budget: Some(spec.failure_budget), ..plain("rest", None) };
    lay_out(&RolloutSpec { waves: vec![rest], ..spec.clone() }, work, total)
}

fn plain(name: &str, select: Option<Select>) -> WaveSpec {
    WaveSpec {
        name: name.to_owned(),
        select,
        failure_budget: None,
        min_ready: std::time::Duration::ZERO,
        pause: false,
    }
}

/// The waves as written, or the canary and the rest.
fn specified(spec: &RolloutSpec, total: u32) -> Vec<WaveSpec> {
    if !spec.waves.is_empty() {
        return spec.waves.clone();
    }
    let canary = CANARY.of(total).clamp(1, CANARY_AT_MOST);
    vec![plain("canary", Some(Select::Some(Amount::Count(canary)))), plain("rest", None)]
}

fn choose(select: Option<&Select>, left: &[&Tenant], total: u32) -> Chosen {
    match select {
        None => Chosen::Rest,
        Some(Select::Labels(labels)) => Chosen::Labels(labels.clone()),
        Some(Select::Names(names)) => Chosen::Names(names.iter().cloned().collect()),
        Some(Select::Some(amount)) => {
            let mut lots: Vec<u64> = left.iter().map(|tenant| lot(&tenant.name)).collect();
            lots.sort_unstable();
            let count = usize::try_from(amount.of(total)).unwrap_or(usize::MAX);
            match count.checked_sub(1) {
                None => Chosen::Names(BTreeSet::new()),
                Some(last) => Chosen::Lots { up_to: lots.get(last).copied().unwrap_or(u64::MAX) },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tenantry_engine::{DatabaseName, TenantKey};

    use super::*;
    use crate::testing::schema;

    fn tenants(count: usize) -> Vec<Tenant> {
        (0..count)
            .map(|n| Tenant {
                name: TenantName::new(format!("t{n}")).unwrap(),
                key: TenantKey { database: DatabaseName::new("a"), schema: schema(&format!("t{n}")) },
                labels: [("tier".to_owned(), if n < 3 { "internal" } else { "paying" }.to_owned())].into(),
            })
            .collect()
    }

    fn sizes(spec: &RolloutSpec, tenants: &[Tenant]) -> Vec<(String, u32)> {
        let work: Vec<&Tenant> = tenants.iter().collect();
        let waves = lay_out(spec, &work, u32::try_from(tenants.len()).unwrap());
        waves.into_iter().map(|wave| (wave.name, wave.tenants)).collect()
    }

    #[test]
    fn there_is_a_canary_without_being_asked() {
        for (count, canary, rest) in
            [(1, 1, 0), (50, 1, 49), (300, 3, 297), (1500, 10, 1490), (5000, 10, 4990)]
        {
            assert_eq!(
                sizes(&RolloutSpec::default(), &tenants(count)),
                [("canary".to_owned(), canary), ("rest".to_owned(), rest)],
                "{count}"
            );
        }
    }

    #[test]
    fn each_tenant_is_in_one_wave() {
        let labels = [("tier".to_owned(), "internal".to_owned())].into();
        let wave =
            |name: &str, select| WaveSpec { min_ready: Duration::from_secs(60), ..plain(name, select) };
        let spec = RolloutSpec {
            waves: vec![
                wave("internal", Some(Select::Labels(labels))),
                wave("named", Some(Select::Names(vec!["t1".to_owned(), "t7".to_owned()]))),
                wave("tenth", Some(Select::Some(Amount::Percent(10)))),
                wave("none", Some(Select::Some(Amount::Count(0)))),
                wave("rest", None),
            ],
            ..RolloutSpec::default()
        };
        let all = tenants(200);
        let sizes: Vec<u32> = sizes(&spec, &all).into_iter().map(|(_, size)| size).collect();
        assert_eq!(sizes, [3, 1, 20, 0, 176]);
    }

    #[test]
    fn nobody_changes_waves_because_another_one_left() {
        let all = tenants(300);
        let work: Vec<&Tenant> = all.iter().collect();
        let waves = lay_out(&RolloutSpec::default(), &work, 300);
        let canaries: Vec<&Tenant> = all.iter().filter(|tenant| waves[0].takes(tenant)).collect();
        assert_eq!(canaries.len(), 3);
        let again: Vec<Tenant> = all.iter().filter(|tenant| *tenant != canaries[0]).cloned().collect();
        assert_eq!(again.iter().filter(|tenant| waves[0].takes(tenant)).count(), 2);
    }
}
