//! Numbers and names as messages have them.

use tenantry_fleet::{Report, TenantState};

pub(super) use tenantry_engine::words::{count, grouped};

/// How many names a message has.
const NAMES: usize = 3;

/// A count as the API has it.
pub(super) fn bounded(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

/// `1 tenant`, `1,500 tenants`.
pub(super) fn tenants(number: u32) -> String {
    count(number, "tenant")
}

/// The names of those in a state: `globex, hooli and 3 more`.
pub(super) fn list(report: &Report, state: TenantState) -> String {
    let names: Vec<&str> = report
        .tenants
        .iter()
        .filter(|tenant| tenant.state == state)
        .map(|tenant| tenant.name.as_str())
        .collect();
    let shown = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMES) {
        Some(more) if more > 0 => format!("{shown} and {} more", grouped(more)),
        _ => shown,
    }
}
