//! What was read otherwise than it is written, and what a person should know about it.

use std::fmt;

use super::source::Location;

/// One thing that a person should know about how a definition was read. Nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub location: Location,
    /// What.
    pub kind: NoteKind,
}

/// The kinds of notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Statements were left out.
    LeftOut {
        /// The first words of the first one.
        statement: String,
        /// How many more there are.
        more: usize,
        /// Why.
        why: LeftOut,
    },
    /// This schema was taken for the tenant's own: names qualified by it are the tenant's.
    OwnSchema(String),
    /// CONCURRENTLY was taken out: a definition says what is, the plan decides how to get there.
    Concurrently {
        /// The statement's first words.
        statement: String,
    },
    /// It says where files lie. Tablespaces are not compared: what is there stays where it is.
    Tablespace {
        /// The statement's first words.
        statement: String,
    },
    /// A function's body names the tenant's own schema. It was replaced where that is certain.
    HardCodedSchema {
        /// The function, as the statement names it.
        function: String,
        /// The schema.
        schema: String,
        /// In how many places it was replaced.
        replaced: usize,
        /// The lines where it stays: a string, or a name that could mean something else.
        left: Vec<u32>,
    },
}

/// Why a statement was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeftOut {
    /// A row of a migration tool's own table.
    Bookkeeping,
    /// Where a sequence stands, or the refreshing of a materialized view.
    Data,
    /// A DROP of what is not there yet.
    DropBefore,
    /// COMMENT ON EXTENSION, ALTER EXTENSION, DROP EXTENSION: tenants rest on extensions, and do not own them.
    Extension,
    /// plpgsql is part of every server.
    Language,
    /// A comment on the database.
    Database,
    /// SECURITY LABEL.
    SecurityLabel,
    /// SET default_tablespace.
    Tablespace,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.kind)
    }
}

impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftOut { statement, more: 0, why } => write!(f, "`{statement}` is left out: {why}"),
            Self::LeftOut { statement, more, why } => {
                write!(f, "`{statement}` and {more} more like it are left out: {why}")
            }
            Self::Concurrently { statement } => {
                write!(f, "`{statement}` is read without CONCURRENTLY: the plan decides how to do it in use")
            }
            Self::Tablespace { statement } => write!(
                f,
                "`{statement}` names a tablespace: where files lie is not compared, and no plan makes or moves \
                 anything there. Move it by hand, or set the database's default_tablespace"
            ),
            Self::OwnSchema(schema) => write!(f, "schema `{schema}` is taken for the tenant's own"),
            Self::HardCodedSchema { function, schema, replaced, left } => {
                write!(f, "function {function} names schema `{schema}` in its body: ")?;
                if *replaced > 0 {
                    write!(
                        f,
                        "replaced by the tenant's in {replaced} {}",
                        if *replaced == 1 { "place" } else { "places" }
                    )?;
                }
                if *replaced > 0 && !left.is_empty() {
                    f.write_str("; ")?;
                }
                if !left.is_empty() {
                    let lines: Vec<_> = left.iter().map(ToString::to_string).collect();
                    write!(
                        f,
                        "left as it is in line {}, where it may mean something else",
                        lines.join(", ")
                    )?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bookkeeping => "rows of a migration tool's own table are not part of a definition",
            Self::Data => "data is not part of a definition",
            Self::DropBefore => "nothing of the name is there yet",
            Self::Extension => "extensions are checked for, and not changed",
            Self::Language => "plpgsql is part of every server",
            Self::Database => "it concerns the database, not a schema",
            Self::Tablespace => "where files lie is not compared, and no plan makes or moves anything there",
            Self::SecurityLabel => "security labels are not managed",
        })
    }
}
