//! A number of tenants, absolute or as a share of the whole set.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number of tenants: a count, or a percentage of the whole set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Amount {
    /// So many tenants.
    Count(u32),
    /// That share of the set's tenants, 0 to 100.
    Percent(u8),
}

impl Amount {
    /// How many tenants that is in a set of `total`. A percentage is rounded
    /// up, so that 1 % of a small set is one tenant and only 0 % is none.
    #[must_use]
    pub fn of(self, total: u32) -> u32 {
        match self {
            Amount::Count(count) => count,
            Amount::Percent(percent) => {
                let hundredths = u64::from(total) * u64::from(percent);
                u32::try_from(hundredths.div_ceil(100)).unwrap_or(u32::MAX)
            }
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Count(count) => write!(f, "{count}"),
            Amount::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_up_and_zero_stays_zero() {
        for (amount, total, expected) in [
            (Amount::Count(5), 3, 5),
            (Amount::Percent(0), 1500, 0),
            (Amount::Percent(1), 12, 1),
            (Amount::Percent(1), 1500, 15),
            (Amount::Percent(10), 1501, 151),
            (Amount::Percent(100), u32::MAX, u32::MAX),
        ] {
            assert_eq!(amount.of(total), expected, "{amount} of {total}");
        }
    }
}
