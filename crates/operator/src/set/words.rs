//! Numbers and names as messages have them.

use std::fmt::Display;

use tenantry_fleet::{Report, TenantState};

/// How many names a message has.
const NAMES: usize = 3;

/// `1,500`.
pub(super) fn number(count: impl Display) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 tenant`, `1,500 tenants`.
pub(super) fn tenants(count: u32) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), "tenant")
}

/// `1 schema`, `1,500 schemas`.
pub(super) fn schemas(count: u32) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), "schema")
}

/// `1 database`, `2 databases`.
pub(super) fn plural(count: usize, what: &str) -> String {
    format!("{} {what}{}", number(count), if count == 1 { "" } else { "s" })
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
        Some(more) if more > 0 => format!("{shown} and {} more", number(more)),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let told = [0, 7, 999, 1000, 1500, 1_234_567].map(number);
        assert_eq!(told, ["0", "7", "999", "1,000", "1,500", "1,234,567"]);
    }
}
