//! The next command, as the person can type it.

use std::fmt::Write as _;

use super::text::quoted;

/// The commands that may come next, with the places and the set that were typed.
pub struct Commands {
    places: String,
}

impl Commands {
    /// After a command on these places; `set` where they hold several.
    pub fn new(files: &[String], set: Option<&str>) -> Self {
        let mut places = String::new();
        for file in files {
            let _ = write!(places, " -f {}", quoted(file));
        }
        if let Some(set) = set {
            let _ = write!(places, " --set {}", quoted(set));
        }
        Self { places }
    }

    /// `kubectl-tenantry fleet apply -f manifests/ --resume`.
    pub fn fleet(&self, verb: &str, more: &str) -> String {
        let space = if more.is_empty() { "" } else { " " };
        format!("kubectl-tenantry fleet {verb}{}{space}{more}", self.places)
    }
}

/// What can be done, a line each: `  approve:  kubectl-tenantry ...`.
#[derive(Default)]
pub struct Next(Vec<(String, String)>);

impl Next {
    /// Adds a line.
    pub fn add(&mut self, what: impl Into<String>, how: impl Into<String>) {
        self.0.push((what.into(), how.into()));
    }

    /// The lines; nothing where nothing can be done.
    pub fn text(&self) -> String {
        let width = self.0.iter().map(|(what, _)| what.len() + 1).max().unwrap_or_default();
        self.0.iter().map(|(what, how)| format!("  {:width$}  {how}\n", format!("{what}:"))).collect()
    }
}
