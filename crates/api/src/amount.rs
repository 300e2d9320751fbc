//! A number of tenants, absolute or as a share of the whole set.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of tenants: a count (`5`), or a percentage of the whole set (`"1%"`).
///
/// Kubernetes calls this IntOrString. Percentages are of all tenants of the set, also where a wave has fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountOrPercent {
    /// So many tenants.
    Count(u32),
    /// That share of the set's tenants, 0 to 100.
    Percent(u8),
}

/// The largest count: `int32`, as Kubernetes has it.
const MAX_COUNT: u32 = i32::MAX as u32;
const PERCENT_PATTERN: &str = "^(100|[0-9]{1,2})%$";
const EXPECTED: &str = "a number such as 5, or a percentage such as \"10%\"";

impl CountOrPercent {
    /// How many tenants that is in a set of `total`. A percentage is rounded up, so that `1%` of a small set
    /// is one tenant and only `0%` is none.
    #[must_use]
    pub fn of(self, total: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => {
                let hundredths = u64::from(total) * u64::from(percent);
                u32::try_from(hundredths.div_ceil(100)).unwrap_or(u32::MAX)
            }
        }
    }
}

/// Text that is neither a count nor a percentage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAmount;

impl fmt::Display for InvalidAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "write {EXPECTED}")
    }
}

impl std::error::Error for InvalidAmount {}

impl FromStr for CountOrPercent {
    type Err = InvalidAmount;

    /// Reads a percentage, as a manifest writes it. A count in quotes is refused, as the CRD's pattern does.
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let digits = text.strip_suffix('%').ok_or(InvalidAmount)?;
        if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidAmount);
        }
        match digits.parse::<u8>() {
            Ok(100) => Ok(Self::Percent(100)),
            Ok(percent) if digits.len() < 3 => Ok(Self::Percent(percent)),
            _ => Err(InvalidAmount),
        }
    }
}

impl fmt::Display for CountOrPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for CountOrPercent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for CountOrPercent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = CountOrPercent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Self::Value, E> {
                match u32::try_from(count) {
                    Ok(count) if count <= MAX_COUNT => Ok(CountOrPercent::Count(count)),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(count), &self)),
                }
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Self::Value, E> {
                match u64::try_from(count) {
                    Ok(count) => self.visit_u64(count),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(count), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for CountOrPercent {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CountOrPercent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // A pattern, not a CEL rule: the API server takes an int-or-string for 3 MB of text when it estimates
        // what a rule costs, and would refuse the CRD.
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "minimum": 0,
            "maximum": MAX_COUNT,
            "pattern": PERCENT_PATTERN,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_up_and_zero_stays_zero() {
        for (amount, total, expected) in [
            (CountOrPercent::Count(5), 3, 5),
            (CountOrPercent::Percent(0), 1500, 0),
            (CountOrPercent::Percent(1), 12, 1),
            (CountOrPercent::Percent(1), 1500, 15),
            (CountOrPercent::Percent(10), 1501, 151),
            (CountOrPercent::Percent(100), 7, 7),
            (CountOrPercent::Percent(100), u32::MAX, u32::MAX),
            (CountOrPercent::Percent(50), 0, 0),
        ] {
            assert_eq!(amount.of(total), expected, "{amount} of {total}");
        }
    }

    #[test]
    fn reads_what_kubernetes_reads_and_prints_it_back() {
        for (json, amount) in [
            ("5", CountOrPercent::Count(5)),
            ("0", CountOrPercent::Count(0)),
            ("\"10%\"", CountOrPercent::Percent(10)),
            ("\"100%\"", CountOrPercent::Percent(100)),
        ] {
            assert_eq!(serde_json::from_str::<CountOrPercent>(json).unwrap(), amount);
            assert_eq!(serde_json::to_string(&amount).unwrap(), json);
        }
        let pattern = regex_lite::Regex::new(PERCENT_PATTERN).unwrap();
        for text in ["101%", "-1%", "5", "", "%", "1 %", "1%%", "1.5%", "+5%", "000%", "099%"] {
            assert!(text.parse::<CountOrPercent>().is_err(), "{text}");
            assert!(!pattern.is_match(text), "{text}");
        }
        for number in ["-1", "1.5", "4294967296", "2147483648"] {
            assert!(serde_json::from_str::<CountOrPercent>(number).is_err(), "{number}");
        }
    }
}
