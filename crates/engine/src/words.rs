//! Counts as people read them, the same on the command line and in the messages of a cluster's objects.

/// `1 tenant`, `1,500 tenants`.
pub fn count(n: impl TryInto<usize>, noun: &str) -> String {
    let n = n.try_into().unwrap_or(usize::MAX);
    let plural = match noun.strip_suffix('y') {
        Some(stem) if !noun.ends_with("ay") && !noun.ends_with("ey") => format!("{stem}ies"),
        _ => format!("{noun}s"),
    };
    format!("{} {}", grouped(n), if n == 1 { noun.to_owned() } else { plural })
}

/// A number with its thousands apart: `1,500`.
pub fn grouped(n: impl TryInto<usize>) -> String {
    let digits = n.try_into().unwrap_or(usize::MAX).to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(count(1, "tenant"), "1 tenant");
        assert_eq!(count(1500, "tenant"), "1,500 tenants");
        assert_eq!(count(2, "privilege"), "2 privileges");
        assert_eq!(count(1_234_567, "day"), "1,234,567 days");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let told = [0_usize, 7, 999, 1000, 1500, 1_234_567].map(grouped);
        assert_eq!(told, ["0", "7", "999", "1,000", "1,500", "1,234,567"]);
    }
}
