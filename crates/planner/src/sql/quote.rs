//! Names and strings as SQL text.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::keywords::QUOTED_KEYWORDS;

/// The name of one object as the catalog holds it: 1 to 63 bytes, no NUL.
///
/// `Display` prints it as SQL, quoted where `quote_ident` would: never print it into SQL another way.
/// [`Identifier::as_str`] is the bare name, for people and for parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identifier(String);

/// Why a text cannot be the name of an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// PostgreSQL has no empty names.
    #[error("a name cannot be empty")]
    Empty,
    /// PostgreSQL would cut the name off, and then another object might be meant.
    #[error("the name `{name}` has {bytes} bytes; PostgreSQL keeps {} of a name", Identifier::MAX_BYTES)]
    TooLong {
        /// The name as it was given.
        name: String,
        /// Its length.
        bytes: usize,
    },
    /// No text of PostgreSQL holds a NUL.
    #[error("a name cannot hold a NUL character: {name:?}")]
    Nul {
        /// The name as it was given.
        name: String,
    },
}

impl Identifier {
    /// How many bytes of a name PostgreSQL keeps (`NAMEDATALEN - 1`).
    pub const MAX_BYTES: usize = 63;

    /// Takes a bare name (not SQL text: quotes in it are part of it).
    pub fn new(name: impl Into<String>) -> Result<Self, IdentifierError> {
        let name = name.into();
        match name.len() {
            0 => Err(IdentifierError::Empty),
            bytes if bytes > Self::MAX_BYTES => Err(IdentifierError::TooLong { name, bytes }),
            _ if name.contains('\0') => Err(IdentifierError::Nul { name }),
            _ => Ok(Self(name)),
        }
    }

    /// The bare name, as the catalog holds it. Not for use in SQL text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(&self.0).fmt(f)
    }
}

impl TryFrom<String> for Identifier {
    type Error = IdentifierError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl TryFrom<&str> for Identifier {
    type Error = IdentifierError;

    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<Identifier> for String {
    fn from(name: Identifier) -> Self {
        name.0
    }
}

/// A name read from a catalog, hence known to be one: `Display` prints it as SQL, quoted where it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if stands_bare(self.0) {
            f.write_str(self.0)
        } else {
            write!(f, "\"{}\"", self.0.replace('"', "\"\""))
        }
    }
}

/// The rule of `quote_identifier` in PostgreSQL's `ruleutils.c`: lower-case ASCII letters, digits and underscores, no digit in front,
/// not a keyword. (`$` may stand in a bare name, but `quote_ident` quotes it, and so do we.)
fn stands_bare(name: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(word)
        && QUOTED_KEYWORDS.binary_search(&name).is_err()
}

/// A string as a literal: `Display` prints `'it''s'`, or `E'a\\b'` where a backslash is in it, as `quote_literal` does.
///
/// Right whatever `standard_conforming_strings` is. A text with a NUL is printed as it is; no server
/// takes it, and the client refuses to send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal<'a>(pub &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = self.0.replace('\'', "''");
        if quoted.contains('\\') {
            write!(f, "E'{}'", quoted.replace('\\', "\\\\"))
        } else {
            write!(f, "'{quoted}'")
        }
    }
}

/// A body between dollar quotes: `Display` prints `$$...$$`, with the first tag of `$$`, `$_$`, `$_1$`, `$_2$`, ... that the
/// body does not end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DollarQuoted<'a>(pub &'a str);

impl fmt::Display for DollarQuoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delimiter = dollar_delimiter(self.0);
        write!(f, "{delimiter}{}{delimiter}", self.0)
    }
}

/// A dollar-quote delimiter whose first occurrence after `body` is where it is put.
pub(super) fn dollar_delimiter(body: &str) -> String {
    let tags = ["$$".to_owned(), "$_$".to_owned()];
    let numbered = (1u64..).map(|n| format!("$_{n}$"));
    let ends_body =
        |delimiter: &String| format!("{body}{delimiter}").find(delimiter.as_str()) == Some(body.len());
    // The fallback is never reached: a text of n bytes cannot hold more than n different tags.
    tags.into_iter().chain(numbered).find(ends_body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(name: &str) -> String {
        Identifier::new(name).expect("a valid name").to_string()
    }

    #[test]
    fn keywords_are_sorted() {
        assert!(QUOTED_KEYWORDS.is_sorted());
    }

    #[test]
    fn names_are_quoted_only_when_they_must_be() {
        for bare in ["invoice", "_x", "a1", "tenant_acme", "name", "text", "data"] {
            assert_eq!(quoted(bare), bare);
        }
        for (name, sql) in [
            ("Invoice", r#""Invoice""#),
            ("1a", r#""1a""#),
            ("a$b", r#""a$b""#),
            ("a b", r#""a b""#),
            (r#"a"b"#, r#""a""b""#),
            ("x;DROP", r#""x;DROP""#),
            ("é", r#""é""#),
            ("user", r#""user""#),
            ("json_table", r#""json_table""#),
        ] {
            assert_eq!(quoted(name), sql);
        }
    }

    #[test]
    fn what_postgres_would_cut_or_cannot_hold_is_no_name() {
        assert_eq!(Identifier::new(""), Err(IdentifierError::Empty));
        assert!(Identifier::new("x".repeat(63)).is_ok());
        assert!(matches!(Identifier::new("x".repeat(64)), Err(IdentifierError::TooLong { bytes: 64, .. })));
        assert!(matches!(Identifier::new("é".repeat(32)), Err(IdentifierError::TooLong { bytes: 64, .. })));
        assert!(matches!(Identifier::new("a\0b"), Err(IdentifierError::Nul { .. })));
    }

    #[test]
    fn names_survive_json_and_bad_ones_do_not_come_out_of_it() {
        let name = Identifier::new("Größe \"x\"").expect("a valid name");
        let json = serde_json::to_string(&name).expect("json");
        assert_eq!(serde_json::from_str::<Identifier>(&json).expect("a name"), name);
        assert!(serde_json::from_str::<Identifier>("\"\"").is_err());
    }

    #[test]
    fn literals_double_quotes_and_escape_backslashes() {
        assert_eq!(Literal("it's").to_string(), "'it''s'");
        assert_eq!(Literal(r"a\b'c").to_string(), r"E'a\\b''c'");
        assert_eq!(Literal("").to_string(), "''");
    }

    #[test]
    fn dollar_quotes_are_not_ended_by_their_body() {
        for (body, sql) in [
            ("SELECT 1", "$$SELECT 1$$"),
            ("SELECT $$x$$", "$_$SELECT $$x$$$_$"),
            ("costs 5$", "$_$costs 5$$_$"),
            ("$$ $_", "$_1$$$ $_$_1$"),
        ] {
            assert_eq!(DollarQuoted(body).to_string(), sql);
        }
    }
}
