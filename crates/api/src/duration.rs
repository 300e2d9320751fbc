//! Lengths of time as Kubernetes writes them: `30s`, `10m`, `1h30m`.

use std::{borrow::Cow, fmt, str::FromStr, time};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::rules;

/// A length of time, zero or more, written as numbers with units: `ms`, `s`, `m`, `h`.
///
/// The units are those of Go's `time.ParseDuration` that make sense for a rollout; it is never negative. It
/// prints without needless parts: 90 minutes are `1h30m`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(time::Duration);

/// With at most six digits a number and sixteen characters in all, the longest is 228 years: CEL's
/// `duration()` (int64 nanoseconds) cannot overflow on what this type reads.
const MAX_LEN: usize = 16;
const MAX_DIGITS: usize = 6;

impl Duration {
    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(time::Duration::from_millis(millis))
    }

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(time::Duration::from_secs(secs))
    }

    /// So many minutes.
    #[must_use]
    pub const fn from_mins(mins: u64) -> Self {
        Self::from_secs(mins * 60)
    }

    /// The same as the standard library has it.
    #[must_use]
    pub const fn get(self) -> time::Duration {
        self.0
    }

    /// Whether it is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Duration> for time::Duration {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

/// Text that is not a duration; says what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDuration;

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(rules::DURATION.message)
    }
}

impl std::error::Error for InvalidDuration {}

impl FromStr for Duration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let mut rest = text;
        let mut millis = 0_u64;
        if rest.is_empty() || rest.len() > MAX_LEN {
            return Err(InvalidDuration);
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = rest.split_at(digits);
            // `ms` before `m`: the longer unit first.
            let (unit, after) = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
                .into_iter()
                .find_map(|(name, unit)| after.strip_prefix(name).map(|after| (unit, after)))
                .ok_or(InvalidDuration)?;
            if digits > MAX_DIGITS {
                return Err(InvalidDuration);
            }
            millis += number.parse::<u64>().map_err(|_| InvalidDuration)? * unit;
            rest = after;
        }
        Ok(Self::from_millis(millis))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let parts = [
            (millis / 3_600_000, "h"),
            (millis / 60_000 % 60, "m"),
            (millis / 1000 % 60, "s"),
            (millis % 1000, "ms"),
        ];
        if millis == 0 {
            return f.write_str("0s");
        }
        parts
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .try_for_each(|(number, unit)| write!(f, "{number}{unit}"))
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": MAX_LEN,
            "x-kubernetes-validations": [{ "rule": rules::DURATION.cel, "message": rules::DURATION.message }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for (text, millis, printed) in [
            ("30s", 30_000, "30s"),
            ("10m", 600_000, "10m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("90m", 5_400_000, "1h30m"),
            ("250ms", 250, "250ms"),
            ("1500ms", 1500, "1s500ms"),
            ("0s", 0, "0s"),
            ("0h0m", 0, "0s"),
            ("1m1m", 120_000, "2m"),
            ("48h", 172_800_000, "48h"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration, Duration::from_millis(millis), "{text}");
            assert_eq!(duration.to_string(), printed, "{text}");
            assert_eq!(printed.parse::<Duration>().unwrap(), duration, "{text}");
            assert!((rules::DURATION.holds)(&text.into()), "{text}");
        }
    }

    #[test]
    fn refuses_what_the_rule_in_the_crd_refuses() {
        for text in [
            "", "5", "s", "-1s", "1 s", "1d", "1us", "1.5h", "PT5M", "1h30", "10m ", "+1s", "1S", "ms",
            "1m 30s",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
            assert!(!(rules::DURATION.holds)(&text.into()), "{text}");
        }
    }

    #[test]
    fn refuses_what_would_overflow() {
        for text in ["99999999999999h", "1000000h", "1000000ms1h"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
            assert!(!(rules::DURATION.holds)(&text.into()), "{text}");
        }
        assert!("1h1h1h1h1h1h1h1h1h".parse::<Duration>().is_err(), "longer than the schema's maxLength");
    }
}
