//! Differences for people: a sentence each, then what is declared and what was
//! found.

use std::fmt::Write as _;

use tenantry_planner::Difference;

use super::text::count;

/// All differences, with their number first.
pub fn differences(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return String::new();
    }
    let mut text = format!("{} from the definition\n", count(differences.len(), "difference"));
    for difference in differences {
        let _ = write!(text, "\n{}\n", difference.sentence);
        for line in &difference.declared {
            let _ = writeln!(text, "  - {line}");
        }
        for line in &difference.found {
            let _ = writeln!(text, "  + {line}");
        }
    }
    text
}
