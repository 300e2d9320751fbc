//! Small words: counts with their noun, lists that end in time.

/// `1 tenant`, `1,500 tenants`.
pub fn count(n: usize, noun: &str) -> String {
    let plural = match noun.strip_suffix('y') {
        Some(stem) if !noun.ends_with("ay") && !noun.ends_with("ey") => format!("{stem}ies"),
        _ => format!("{noun}s"),
    };
    format!("{} {}", grouped(n), if n == 1 { noun.to_owned() } else { plural })
}

/// A number with its thousands apart: `1,500`.
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The first names of a list, and how many more there are.
pub fn some_of<'a>(names: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let all = names.len();
    let mut text = names.take(most).collect::<Vec<_>>().join(", ");
    if all > most {
        text.push_str(&format!(" and {} more", grouped(all - most)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_lists() {
        assert_eq!(count(1, "tenant"), "1 tenant");
        assert_eq!(count(1500, "tenant"), "1,500 tenants");
        assert_eq!(count(2, "privilege"), "2 privileges");
        assert_eq!(count(1_234_567, "day"), "1,234,567 days");
        assert_eq!(some_of(["a", "b", "c"].into_iter(), 2), "a, b and 1 more");
    }
}
