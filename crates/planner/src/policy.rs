//! What a plan may do, and what it leaves alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

/// What becomes of an object that holds data and is no longer declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Destructive {
    /// It is renamed aside and can be brought back.
    #[default]
    Quarantine,
    /// It is dropped.
    Allow,
    /// The plan is refused.
    Deny,
}

/// Whether locks that are felt are avoided, at the price of more steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Online {
    /// Where a table is large enough for it to matter.
    #[default]
    Auto,
    /// Never: every plan is as short as it can be.
    Never,
}

/// A hint that something was renamed, and not dropped and made anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rename {
    /// What it was.
    pub from: ObjectId,
    /// What it is now.
    pub to: ObjectId,
}

impl Rename {
    /// The hint for the way back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { from: self.to.clone(), to: self.from.clone() }
    }
}

/// Objects by kind and name, `*` standing for any text: `table audit_*`,
/// `index *`, `column invoice.x_*`, or without a kind `flyway_schema_history`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    kind: Option<Kind>,
    name: String,
}

/// A pattern that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no object pattern: write a kind and a name, as in `index invoice_*`")]
pub struct BadPattern(String);

impl Pattern {
    /// Whether the pattern means this object. A name without a dot means what
    /// stands in the schema itself, never a column or a constraint.
    pub fn matches(&self, id: &ObjectId) -> bool {
        let kind_fits = match self.kind {
            Some(kind) => kind == id.kind,
            None => !matches!(id.kind, Kind::Schema | Kind::Comment | Kind::Privilege | Kind::ExtensionTie),
        };
        let name = match id.kind {
            Kind::Function | Kind::Procedure | Kind::Aggregate => id.first().to_owned(),
            _ => id.name.join("."),
        };
        kind_fits && glob(&self.name, &name)
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| glob(rest, &text[at..]))
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let kind = Kind::ALL
            .iter()
            .filter(|kind| text.strip_prefix(kind.word()).is_some_and(|rest| rest.starts_with(' ')))
            .max_by_key(|kind| kind.word().len());
        let name = kind.map_or(text, |kind| text[kind.word().len()..].trim());
        if name.is_empty() || name.contains(char::is_whitespace) && kind.is_none() {
            return Err(BadPattern(text.to_owned()));
        }
        Ok(Self { kind: kind.copied(), name: name.to_owned() })
    }
}

impl TryFrom<String> for Pattern {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{kind} {}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What a plan may do, and what counts when two schemas are compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Policy {
    /// Drops of what holds data.
    pub destructive: Destructive,
    /// Locks that are felt.
    pub online: Online,
    /// Whether owners are brought to the definition's; left alone by default.
    pub owners: bool,
    /// Whether privileges are brought to the definition's; they are by default.
    pub privileges: bool,
    /// Hints about renames.
    pub renames: Vec<Rename>,
    /// What tenants may own themselves, beside the default ignores.
    pub ignore: Vec<Pattern>,
    /// The tables of [`BOOKKEEPING`] that the definition declares: they are its
    /// business, and not left alone. See [`Policy::declaring`].
    #[serde(default)]
    pub declared: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            destructive: Destructive::default(),
            online: Online::default(),
            owners: false,
            privileges: true,
            renames: Vec::new(),
            ignore: Vec::new(),
            declared: Vec::new(),
        }
    }
}

/// The bookkeeping tables of migration tools (D6): Flyway, Liquibase, Alembic,
/// Django, Rails, Prisma, golang-migrate (and others that share the name),
/// goose, sqlx, diesel, Atlas.
pub const BOOKKEEPING: &[&str] = &[
    "flyway_schema_history",
    "databasechangelog",
    "databasechangeloglock",
    "alembic_version",
    "django_migrations",
    "schema_migrations",
    "ar_internal_metadata",
    "_prisma_migrations",
    "goose_db_version",
    "_sqlx_migrations",
    "__diesel_schema_migrations",
    "atlas_schema_revisions",
];

impl Policy {
    /// Whether the policy leaves this object alone, whatever is declared.
    pub fn ignores(&self, id: &ObjectId) -> bool {
        let bookkeeping = id.kind == Kind::Table && BOOKKEEPING.contains(&id.first());
        bookkeeping && !self.declared.iter().any(|table| table == id.first())
            || self.ignore.iter().any(|pattern| pattern.matches(id))
    }

    /// The policy for a definition that declares what is in this catalog: the
    /// bookkeeping tables among it are compared like any other (their rows are
    /// never touched).
    #[must_use]
    pub fn declaring(&self, declared: &Catalog) -> Policy {
        let is_there = |table: &&&str| declared.contains(&ObjectId::new(Kind::Table, [**table]));
        let declared = BOOKKEEPING.iter().filter(is_there).map(|table| (*table).to_owned()).collect();
        Policy { declared, ..self.clone() }
    }

    /// The catalog as this policy sees it: without what is ignored, and
    /// without owners or privileges where they are left alone.
    #[must_use]
    pub fn project(&self, catalog: &Catalog) -> Catalog {
        let seen = |fact: &Fact| {
            let access = matches!(fact.id.kind, Kind::Privilege | Kind::DefaultPrivilege);
            !self.ignores(&fact.id) && (self.privileges || !access)
        };
        let mut projected = catalog.filtered(seen);
        if !self.owners {
            let owned: Vec<Fact> = projected.facts().filter(|f| f.get("owner").is_some()).cloned().collect();
            for mut fact in owned {
                fact.attributes.remove("owner");
                projected.insert(fact);
            }
        }
        projected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_say() {
        let index = ObjectId::new(Kind::Index, ["invoice_total_idx"]);
        let column = ObjectId::new(Kind::Column, ["invoice", "x_1"]);
        for (pattern, id, fits) in [
            ("index invoice_*", &index, true),
            ("invoice_total_idx", &index, true),
            ("table invoice_*", &index, false),
            ("column invoice.x_*", &column, true),
            ("column invoice.y*", &column, false),
            ("column *", &column, true),
        ] {
            assert_eq!(pattern.parse::<Pattern>().unwrap().matches(id), fits, "{pattern}");
        }
        assert!("".parse::<Pattern>().is_err());
        assert!("no such kind x".parse::<Pattern>().is_err());
    }

    #[test]
    fn the_longest_kind_wins() {
        let view = ObjectId::new(Kind::MaterializedView, ["v"]);
        assert!("materialized view v".parse::<Pattern>().unwrap().matches(&view));
    }

    #[test]
    fn bookkeeping_is_ignored_with_what_is_on_it() {
        let mut catalog = Catalog::empty();
        let table = ObjectId::new(Kind::Table, ["flyway_schema_history"]);
        let column = ObjectId::new(Kind::Column, ["flyway_schema_history", "version"]);
        catalog.insert(Fact { id: table.clone(), parent: None, attributes: Default::default() });
        catalog.insert(Fact { id: column, parent: Some(table), attributes: Default::default() });
        assert!(Policy::default().project(&catalog).is_empty());
        assert_eq!(Policy::default().declaring(&catalog).project(&catalog), catalog);
    }
}
