//! The figures, as a table.

use std::fmt;
use std::time::Duration;

/// One figure, and what it is compared with.
struct Row {
    what: String,
    tenants: usize,
    ours: String,
    bare: String,
    ratio: String,
    goal: &'static str,
}

/// All figures, in the order in which they were taken.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// A time beside that of the same done bare.
    pub fn compare(
        &mut self,
        what: &str,
        tenants: usize,
        ours: Duration,
        bare: Duration,
        goal: &'static str,
    ) {
        let ratio = format!("{:.2}", ours.as_secs_f64() / bare.as_secs_f64().max(1e-9));
        self.push(what, tenants, time(ours), time(bare), ratio, goal);
    }

    /// A figure that stands alone.
    pub fn figure(&mut self, what: &str, tenants: usize, ours: String, goal: &'static str) {
        self.push(what, tenants, ours, String::new(), String::new(), goal);
    }

    /// How much memory the program had at most, in MiB.
    pub fn memory(&mut self, tenants: usize, memory: f64) {
        self.figure("  memory at most", tenants, format!("{memory:.0} MiB"), "100 MiB");
    }

    fn push(
        &mut self,
        what: &str,
        tenants: usize,
        ours: String,
        bare: String,
        ratio: String,
        goal: &'static str,
    ) {
        println!("  {what}: {ours}{}{bare}", if bare.is_empty() { "" } else { ", bare " });
        self.0.push(Row { what: what.to_owned(), tenants, ours, bare, ratio, goal });
    }
}

/// A time in the unit that fits.
pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds => format!("{:.1} ms", seconds * 1000.0),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.0.iter().map(|row| row.what.len()).max().unwrap_or_default();
        writeln!(
            f,
            "{:<wide$}  {:>7}  {:>10}  {:>10}  {:>6}  GOAL",
            "WHAT", "TENANTS", "TENANTRY", "BARE", "RATIO"
        )?;
        for Row { what, tenants, ours, bare, ratio, goal } in &self.0 {
            writeln!(f, "{what:<wide$}  {tenants:>7}  {ours:>10}  {bare:>10}  {ratio:>6}  {goal}")?;
        }
        Ok(())
    }
}
