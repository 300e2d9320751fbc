//! In which TenantSlice each tenant stands: where it stood before, so that one more tenant changes one slice. Decides
//! only.

use std::collections::BTreeMap;

use tenantry_api::refs::LocalRef;
use tenantry_api::tenant_set::TenantStatus;
use tenantry_api::tenant_slice::{TENANTS_IN_A_SLICE, TenantSliceSpec};

/// Slices by name.
pub(super) type Slices = BTreeMap<String, TenantSliceSpec>;

/// A slice with fewer is given up where the others have room for its tenants.
const TOO_FEW: usize = TENANTS_IN_A_SLICE / 4;

/// The slices that should be there. One that is in `current` and not among them is to be deleted.
pub(super) fn lay_out(set: &str, current: &Slices, tenants: Vec<TenantStatus>) -> Slices {
    let mut places: BTreeMap<(String, String), String> = BTreeMap::new();
    for (name, slice) in current {
        for tenant in &slice.tenants {
            places.insert((tenant.database.clone(), tenant.name.clone()), name.clone());
        }
    }
    let mut slices: BTreeMap<String, Vec<TenantStatus>> = BTreeMap::new();
    let mut homeless = Vec::new();
    for tenant in tenants {
        match places.get(&(tenant.database.clone(), tenant.name.clone())) {
            Some(name) => slices.entry(name.clone()).or_default().push(tenant),
            None => homeless.push(tenant),
        }
    }
    give_up_small(&mut slices, &mut homeless);
    let mut homeless = homeless.into_iter().peekable();
    for slice in slices.values_mut() {
        let room = TENANTS_IN_A_SLICE.saturating_sub(slice.len());
        slice.extend(homeless.by_ref().take(room));
    }
    let mut number = 0_u32;
    while homeless.peek().is_some() {
        let name = format!("{set}-{number}");
        number += 1;
        slices.entry(name).or_insert_with(|| homeless.by_ref().take(TENANTS_IN_A_SLICE).collect());
    }
    slices.into_iter().map(|(name, tenants)| (name, slice(set, tenants))).collect()
}

/// The smallest slices' tenants go where there is room.
fn give_up_small(slices: &mut BTreeMap<String, Vec<TenantStatus>>, homeless: &mut Vec<TenantStatus>) {
    while let Some((name, count)) =
        slices.iter().map(|(name, slice)| (name.clone(), slice.len())).min_by_key(|(_, count)| *count)
    {
        let others = slices.iter().filter(|(other, _)| **other != name);
        let room: usize = others.map(|(_, slice)| TENANTS_IN_A_SLICE.saturating_sub(slice.len())).sum();
        if count >= TOO_FEW || room < count + homeless.len() {
            return;
        }
        homeless.extend(slices.remove(&name).unwrap_or_default());
    }
}

fn slice(set: &str, mut tenants: Vec<TenantStatus>) -> TenantSliceSpec {
    tenants.sort_by(|a, b| (&a.name, &a.database).cmp(&(&b.name, &b.database)));
    let mut counts: Vec<(String, usize)> = Vec::new();
    for tenant in &tenants {
        let state = format!("{:?}", tenant.state);
        match counts.iter_mut().find(|(known, _)| *known == state) {
            Some((_, count)) => *count += 1,
            None => counts.push((state, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let summary: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    TenantSliceSpec {
        tenant_set_ref: LocalRef { name: set.to_owned() },
        count: i32::try_from(tenants.len()).unwrap_or(i32::MAX),
        summary: Some(summary.join(", ")),
        tenants,
    }
}

#[cfg(test)]
mod tests {
    use tenantry_api::TenantState;

    use super::*;

    fn tenant(number: usize) -> TenantStatus {
        TenantStatus {
            name: format!("t{number:05}"),
            database: "main".to_owned(),
            schema: format!("tenant_t{number:05}"),
            revision: None,
            state: TenantState::InSync,
            since: None,
            fingerprint: None,
            message: None,
        }
    }

    fn sizes(slices: &Slices) -> Vec<(&str, usize)> {
        slices.iter().map(|(name, slice)| (name.as_str(), slice.tenants.len())).collect()
    }

    #[test]
    fn one_more_tenant_changes_one_slice() {
        let first = lay_out("s", &Slices::new(), (0..450).map(|number| tenant(number * 2)).collect());
        assert_eq!(sizes(&first), [("s-0", 200), ("s-1", 200), ("s-2", 50)]);
        let more = (0..450).map(|number| tenant(number * 2)).chain([tenant(1)]).collect();
        let second = lay_out("s", &first, more);
        let changed: Vec<&String> = second
            .iter()
            .filter(|(name, slice)| first.get(*name) != Some(slice))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(changed, ["s-2"]);
        assert_eq!(
            lay_out("s", &second, second.values().flat_map(|slice| slice.tenants.clone()).collect()),
            second
        );
    }

    #[test]
    fn slices_that_became_small_are_given_up() {
        let first = lay_out("s", &Slices::new(), (0..600).map(tenant).collect());
        let left = (0..30).chain(200..250).chain(400..500).map(tenant).collect();
        let second = lay_out("s", &first, left);
        assert_eq!(sizes(&second), [("s-1", 80), ("s-2", 100)]);
        assert_eq!(lay_out("s", &second, Vec::new()), Slices::new());
    }

    #[test]
    fn a_name_that_is_free_again_is_used_again() {
        let first = lay_out("s", &Slices::new(), (0..400).map(tenant).collect());
        let without = lay_out("s", &first, (200..400).map(tenant).collect());
        assert_eq!(sizes(&without), [("s-1", 200)]);
        assert_eq!(
            sizes(&lay_out("s", &without, (100..400).map(tenant).collect())),
            [("s-0", 100), ("s-1", 200)]
        );
    }
}
