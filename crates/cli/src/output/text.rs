//! Small words: lists that end, times; counts with their noun.

use std::fmt::Display;

use jiff::Timestamp;

pub use tenantry_engine::words::{count, grouped};

/// So many names are said before the rest is counted.
const NAMES: usize = 10;

/// `a, b`, or the first ten `and 1,490 more`. Of `all` there may be more than are at hand.
pub fn names<T: Display>(some: &[T], all: usize) -> String {
    let shown: Vec<String> = some.iter().take(NAMES).map(ToString::to_string).collect();
    let more = all.saturating_sub(shown.len());
    match (shown.is_empty(), more) {
        (_, 0) => shown.join(", "),
        (true, more) => grouped(more),
        (false, more) => format!("{} and {} more", shown.join(", "), grouped(more)),
    }
}

/// How long something took: `0.8 s`, `14 s`, `3 m 20 s`, `2 h 5 m`.
pub fn took(milliseconds: i64) -> String {
    let tenths = milliseconds.max(0).saturating_add(50) / 100;
    let seconds = milliseconds.max(0).saturating_add(500) / 1000;
    match seconds {
        0..10 => format!("{}.{} s", tenths / 10, tenths % 10),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} m {} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long ago something was, in one unit: `3 h ago`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    let (number, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "m"),
        3600..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    format!("{number} {unit} ago")
}

/// A moment to the second, in UTC: `2026-11-23T14:02:10Z`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Every line of a text that is not empty, so many spaces further to the right.
pub fn indented(text: &str, spaces: usize) -> String {
    text.lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{:spaces$}{line}\n", "") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end() {
        let all: Vec<String> = (1..=1497).map(|n| format!("t{n}")).collect();
        assert_eq!(names(&all[..2], 2), "t1, t2");
        assert_eq!(names(&all[..10], 10).split(", ").count(), 10);
        assert!(names(&all, all.len()).ends_with("t10 and 1,487 more"));
        assert_eq!(names(&all[..5], 12), "t1, t2, t3, t4, t5 and 7 more");
    }

    #[test]
    fn times() {
        for (ms, text) in [
            (0, "0.0 s"),
            (840, "0.8 s"),
            (9_960, "10 s"),
            (14_200, "14 s"),
            (200_000, "3 m 20 s"),
            (7_500_000, "2 h 5 m"),
        ] {
            assert_eq!(took(ms), text, "{ms}");
        }
    }

    #[test]
    fn a_shell_gets_one_word() {
        assert_eq!(quoted("manifests/"), "manifests/");
        assert_eq!(quoted("O'Brien & Co"), r"'O'\''Brien & Co'");
        assert_eq!(quoted(""), "''");
    }
}
