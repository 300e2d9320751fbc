//! What was done, on how many tenants, and how long it took.

use std::time::{Duration, Instant};

/// The acts of the story, in order.
pub struct Timeline {
    began: Instant,
    acts: Vec<(&'static str, usize, Duration)>,
}

impl Timeline {
    /// Begins now.
    pub fn begin() -> Self {
        Self { began: Instant::now(), acts: Vec::new() }
    }

    /// Says what comes now and when, does it, and remembers how long it took.
    pub fn act<T>(
        &mut self,
        heading: &str,
        what: &'static str,
        tenants: usize,
        act: impl FnOnce() -> T,
    ) -> T {
        let began = Instant::now();
        let seconds = (began - self.began).as_secs();
        println!("\n== {:02}:{:02}  {heading}", seconds / 60, seconds % 60);
        let outcome = act();
        self.acts.push((what, tenants, began.elapsed()));
        outcome
    }

    /// Prints the table.
    pub fn print(&self) {
        let width = self.acts.iter().map(|(what, ..)| what.len()).max().unwrap_or_default();
        println!("\n{:<width$}  {:>8}  {:>8}", "WHAT", "TENANTS", "TOOK");
        for (what, tenants, took) in &self.acts {
            println!("{what:<width$}  {tenants:>8}  {:>7.1}s", took.as_secs_f64());
        }
        println!("{:<width$}  {:>8}  {:>7.1}s\n", "all of it", "", self.began.elapsed().as_secs_f64());
    }
}

/// `1,500`.
pub fn number(count: usize) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", number(count / 1000), count % 1000) }
}
