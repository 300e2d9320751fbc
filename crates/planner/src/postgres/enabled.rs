//! Whether a trigger or a rule fires, and in which replication role.

use serde::Deserialize;
use tenantry_catalog::Kind;

use crate::sql::Quoted;

/// As `tgenabled` and `ev_enabled` have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Enabled {
    /// Fires unless the session replays.
    #[default]
    #[serde(rename = "O")]
    Origin,
    /// Never fires.
    #[serde(rename = "D")]
    Disabled,
    /// Fires only where the session replays.
    #[serde(rename = "R")]
    Replica,
    /// Always fires.
    #[serde(rename = "A")]
    Always,
}

impl Enabled {
    /// `ALTER TABLE ... ENABLE TRIGGER ...` or `... RULE ...`; it is `ALTER
    /// TABLE` for views and foreign tables too.
    pub(super) fn sql(self, kind: Kind, only: &str, table: &str, name: &str) -> String {
        let state = match self {
            Enabled::Origin => "ENABLE",
            Enabled::Disabled => "DISABLE",
            Enabled::Replica => "ENABLE REPLICA",
            Enabled::Always => "ENABLE ALWAYS",
        };
        let what = if kind == Kind::Rule { "RULE" } else { "TRIGGER" };
        format!("ALTER TABLE {only}{} {state} {what} {}", Quoted(table), Quoted(name))
    }
}
