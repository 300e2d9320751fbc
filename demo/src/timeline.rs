//! What was done, on how many tenants, and how long it took.

use std::time::{Duration, Instant};

/// The acts of the story, in order.
#[derive(Default)]
pub struct Timeline {
    acts: Vec<(String, usize, Duration)>,
}

impl Timeline {
    /// Does something, and remembers how long it took.
    pub fn time<T>(&mut self, what: &str, tenants: usize, act: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let outcome = act();
        self.acts.push((what.to_owned(), tenants, began.elapsed()));
        outcome
    }

    /// Prints the table.
    pub fn print(&self) {
        let width = self.acts.iter().map(|(what, ..)| what.len()).max().unwrap_or_default();
        println!("\n{:<width$}  {:>8}  {:>8}", "WHAT", "TENANTS", "TOOK");
        for (what, tenants, took) in &self.acts {
            println!("{what:<width$}  {tenants:>8}  {:>7.1}s", took.as_secs_f64());
        }
        println!();
    }
}
