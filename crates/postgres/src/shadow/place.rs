//! Where a shadow can live (D8): a decision, made of facts.

use std::collections::BTreeSet;

use tenantry_catalog::{Catalog, External, Kind};
use tenantry_engine::EngineError;

/// Whether a shadow may be made in the tenants' own database, in a transaction that is rolled back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InPlace {
    /// Where nobody would notice it.
    #[default]
    Auto,
    /// Also where foreign keys to shared tables have to be tried; a lock is waited for 100 ms.
    Allow,
    /// Only in a database of its own.
    Never,
}

/// What a shadow is wanted for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// How many locks on relations it will hold at one time, about.
    pub locks: u64,
    /// Tables and views outside of the schema that it refers to.
    pub shared: BTreeSet<String>,
    /// Whether something in it has to be committed before something else runs (D9).
    pub commits: bool,
}

/// What is known of the database and of the login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Situation {
    /// `host:port/dbname`.
    pub address: String,
    /// The login's name, as SQL quotes it.
    pub login: String,
    /// The database's name, as SQL quotes it.
    pub database: String,
    /// What the configuration says.
    pub in_place: InPlace,
    /// The login may create schemas in the database.
    pub may_create_schema: bool,
    /// The login may create databases on the server.
    pub may_create_database: bool,
    /// Another database is named for shadows.
    pub named: bool,
    /// The entries of the lock table that nobody uses.
    pub free_locks: u64,
}

/// Why there is no place for a shadow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoPlace {
    /// What is in the way of one in place.
    reason: String,
    /// What to grant or set.
    remedy: String,
}

impl From<NoPlace> for EngineError {
    fn from(NoPlace { reason, remedy }: NoPlace) -> Self {
        EngineError::NoShadow { reason, remedy }
    }
}

/// Where a shadow lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the tenants' database, in a transaction that is rolled back.
    InPlace,
    /// In a database of its own.
    Apart,
}

/// Locks that one table takes at most while it is made: itself, its toast table and that one's index.
const LOCKS_A_TABLE: u64 = 3;

impl Wanted {
    /// What it takes to make this schema.
    pub(crate) fn for_schema(catalog: &Catalog) -> Self {
        let locks = catalog.facts().map(|fact| match fact.id.kind {
            Kind::Table | Kind::ForeignTable | Kind::MaterializedView => LOCKS_A_TABLE,
            Kind::Index | Kind::Constraint | Kind::Sequence | Kind::View | Kind::Composite => 1,
            _ => 0,
        });
        let shared = catalog.externals().into_iter().filter(|external| is_relation(external));
        Self {
            locks: locks.sum(),
            shared: shared.map(|external| external.identity.clone()).collect(),
            commits: false,
        }
    }

    /// What it takes to do both, one after the other.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.locks += other.locks;
        self.shared.extend(other.shared);
        self.commits |= other.commits;
        self
    }
}

/// Whether it is, or is a part of, a relation outside of the schema: making something that refers to it locks it.
fn is_relation(external: &External) -> bool {
    let kind = external.kind.strip_suffix(" column").unwrap_or(&external.kind);
    external.schema.is_some()
        && matches!(
            kind,
            "table" | "foreign table" | "view" | "materialized view" | "index" | "table constraint"
        )
}

impl Situation {
    /// Decides.
    ///
    /// # Errors
    /// Why not in place, and what to grant or set.
    pub(super) fn choose(&self, wanted: &Wanted) -> Result<Place, NoPlace> {
        let Some((reason, mut remedy)) = self.obstacle(wanted) else { return Ok(Place::InPlace) };
        if self.named || self.may_create_database {
            return Ok(Place::Apart);
        }
        if !remedy.is_empty() {
            remedy.push_str("; or ");
        }
        let Self { login, .. } = self;
        remedy.push_str(&format!(
            "ALTER ROLE {login} CREATEDB, or name a scratch database in spec.shadow.databaseRef"
        ));
        Err(NoPlace { reason, remedy })
    }

    /// What is in the way of a shadow in place, and what would help beside a database of its own.
    fn obstacle(&self, wanted: &Wanted) -> Option<(String, String)> {
        let Self { address, login, database, free_locks, .. } = self;
        if self.in_place == InPlace::Never {
            return Some(("spec.shadow.inPlace is Never".to_owned(), String::new()));
        }
        if wanted.commits {
            return Some(("the plan has steps that must be committed one by one".to_owned(), String::new()));
        }
        if !self.may_create_schema {
            let reason = format!("{login} may not create schemas in {address}");
            return Some((reason, format!("GRANT CREATE ON DATABASE {database} TO {login}")));
        }
        if wanted.locks > free_locks / 4 {
            let reason = format!(
                "about {} locks are needed, more than a quarter of the {free_locks} that the server has left",
                wanted.locks
            );
            return Some((reason, "raise max_locks_per_transaction".to_owned()));
        }
        if let Some(shared) = wanted.shared.first()
            && self.in_place != InPlace::Allow
        {
            let reason = format!("it refers to {shared}, which other tenants use and which would be locked");
            return Some((reason, "set spec.shadow.inPlace to Allow".to_owned()));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation() -> Situation {
        Situation {
            address: "db:5432/shop".to_owned(),
            login: "tenantry".to_owned(),
            database: "shop".to_owned(),
            may_create_schema: true,
            free_locks: 400,
            ..Situation::default()
        }
    }

    fn wanted() -> Wanted {
        Wanted { locks: 100, ..Wanted::default() }
    }

    fn refused(situation: &Situation, wanted: &Wanted) -> String {
        let apart = Situation { may_create_database: true, ..situation.clone() };
        assert_eq!(apart.choose(wanted).unwrap(), Place::Apart);
        let apart = Situation { named: true, ..situation.clone() };
        assert_eq!(apart.choose(wanted).unwrap(), Place::Apart);
        EngineError::from(situation.choose(wanted).unwrap_err()).to_string()
    }

    #[test]
    fn in_place_where_nobody_would_notice() {
        assert_eq!(situation().choose(&wanted()).unwrap(), Place::InPlace);
    }

    #[test]
    fn apart_or_refused_where_somebody_would() {
        let commits = Wanted { commits: true, ..wanted() };
        assert_eq!(
            refused(&situation(), &commits),
            "there is no place for a shadow: the plan has steps that must be committed one by one. ALTER ROLE \
             tenantry CREATEDB, or name a scratch database in spec.shadow.databaseRef"
        );
        let locks = Wanted { locks: 101, ..wanted() };
        assert!(
            refused(&situation(), &locks)
                .contains("about 101 locks are needed, more than a quarter of the 400")
        );
        let denied = Situation { may_create_schema: false, ..situation() };
        assert!(
            refused(&denied, &wanted()).contains("GRANT CREATE ON DATABASE shop TO tenantry; or ALTER ROLE")
        );
        let never = Situation { in_place: InPlace::Never, ..situation() };
        assert!(refused(&never, &wanted()).contains("inPlace is Never"));
    }

    #[test]
    fn shared_tables_are_locked_only_where_that_is_allowed() {
        let shared = Wanted { shared: ["public.customer".to_owned()].into(), ..wanted() };
        assert!(refused(&situation(), &shared).contains("it refers to public.customer"));
        let allowed = Situation { in_place: InPlace::Allow, ..situation() };
        assert_eq!(allowed.choose(&shared).unwrap(), Place::InPlace);
    }
}
