//! What `doctor` found, worst first.

use std::fmt::Write as _;

use tenantry_engine::{Finding, Severity};

use super::table::table;
use super::text::count;

/// What was found in one database.
pub fn doctor(database: &str, findings: &[Finding]) -> String {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counts =
        [(of(Severity::Error), "error"), (of(Severity::Warning), "warning"), (of(Severity::Note), "note")];
    let said: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(*n, noun)).collect();
    let said = if said.is_empty() { "all as it should be".to_owned() } else { said.join(", ") };
    let mut text = format!("{database}: {said}\n");
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    if !sorted.is_empty() {
        let rows = sorted.iter().map(|finding| {
            let severity = format!("{:?}", finding.severity);
            vec![severity, finding.subject.replace(' ', "-"), finding.message.replace('\n', " ")]
        });
        let table = table(&["SEVERITY", "SUBJECT", "FOUND"], &[], rows);
        let mut lines = table.lines();
        let _ = writeln!(text, "\n{}", lines.next().unwrap_or_default());
        for (line, finding) in lines.zip(sorted) {
            let _ = writeln!(text, "{line}");
            if !finding.remedy.is_empty() {
                let _ = writeln!(text, "    -> {}", finding.remedy);
            }
        }
    }
    text
}
