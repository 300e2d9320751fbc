//! A plan for people: each statement with its locks and hazards.

use std::fmt::Write as _;

use tenantry_planner::{Lock, Plan, Segment, Step};

use super::text::count;

/// The whole plan: first what it comes to, then each statement.
pub fn plan(plan: &Plan) -> String {
    let mut text = format!("{}\n", summary(plan));
    let segments = plan.segments();
    for (at, segment) in segments.iter().enumerate() {
        if segments.len() > 1 {
            let how = match segment {
                Segment::Transaction(_) => "one transaction",
                Segment::Alone(_) => "outside of a transaction",
            };
            let _ = write!(text, "\npart {} of {}, {how}\n", at + 1, segments.len());
        }
        for step in segment.steps() {
            text.push('\n');
            text.push_str(&statement(step));
        }
    }
    text
}

/// `3 statements, one transaction; drops-data, locks`.
pub fn summary(plan: &Plan) -> String {
    let segments = plan.segments().len();
    let parts = if segments == 1 { "one transaction".to_owned() } else { format!("{segments} parts") };
    let mut hazards: Vec<&str> = plan.hazards().map(|hazard| hazard.kind.word()).collect();
    hazards.sort_unstable();
    hazards.dedup();
    let hazards = if hazards.is_empty() { String::new() } else { format!("; {}", hazards.join(", ")) };
    format!("{}, {parts}{hazards}", count(plan.steps.len(), "statement"))
}

/// One statement, and below it what it does to others.
pub fn statement(step: &Step) -> String {
    let mut text = format!("{};\n", step.sql);
    let locks: Vec<String> = step.locks.iter().filter_map(Lock::felt).collect();
    if !locks.is_empty() {
        let _ = writeln!(text, "    locks {}", locks.join("; "));
    }
    for hazard in &step.hazards {
        let _ = writeln!(text, "    {}: {}", hazard.kind, hazard.detail);
    }
    text
}
