//! One statement of a definition, as it was read from its text alone.

mod parts;

use std::ops::Range;

use squawk_syntax::SourceFile;
use squawk_syntax::ast::AstNode;
use tenantry_planner::sql::lexer::{StringKind, TokenKind, tokens};

use super::classify::{Class, classify};
use super::names::{Name, Names};
use super::refusal::Reason;
use super::source::{Lines, Location};
use super::split::{Piece, PieceKind, split};

/// One statement.
pub(super) struct ReadStatement<'a> {
    /// Which source it stands in.
    pub source: usize,
    /// Where it starts in there, in bytes.
    pub start: usize,
    pub location: Location,
    /// Without its semicolon.
    pub text: &'a str,
    pub class: Class,
    /// Where in the text the reason for a refusal is, if that is not the whole statement.
    pub fault: Option<usize>,
    pub names: Names,
    /// False if the parser is not sure of it; then its names may be wrong.
    pub parsed: bool,
    /// The names that its function's body can use without declaring them.
    pub declared: Vec<String>,
    /// The node's ranges that later steps ask for.
    pub parts: Parts,
    /// The schema that unqualified names are made in here, where a SET said so.
    pub searches: Option<String>,
}

/// Parts of a statement, as bytes of its text.
#[derive(Default)]
pub(super) struct Parts {
    /// The string that holds a function's body.
    pub body: Option<Range<usize>>,
    /// The word CONCURRENTLY.
    pub concurrently: Option<Range<usize>>,
    /// `WITH [NO] DATA` of a materialized view.
    pub with_data: Option<Range<usize>>,
    /// Is it CREATE MATERIALIZED VIEW?
    pub materialized_view: bool,
    /// An ALTER TABLE that does nothing but drop constraints and defaults.
    pub only_drops: bool,
    /// IF EXISTS.
    pub if_exists: bool,
    /// It says in which tablespace something lies.
    pub tablespace: bool,
}

impl ReadStatement<'_> {
    /// The schema of an object that the statement makes or changes, as far as the text says.
    pub(super) fn schema_of<'s>(&'s self, name: &'s Name) -> Option<&'s str> {
        name.schema.as_ref().map(|schema| schema.name.as_str()).or(self.searches.as_deref())
    }

    /// Its first words, for people: up to its first parenthesis or string, at most 60 characters.
    pub(super) fn head(&self) -> String {
        head(self.text)
    }
}

pub(super) fn head(text: &str) -> String {
    let mut head = String::new();
    for token in tokens(text) {
        match token.kind {
            TokenKind::String(_) => break,
            _ if token.is_symbol("(") => break,
            _ if token.is_trivia() && !head.is_empty() => head.push(' '),
            _ if token.is_trivia() => {}
            _ => head.extend(token.text.chars().filter(|c| !c.is_control())),
        }
        if head.chars().count() > 60 {
            head = head.chars().take(57).collect::<String>() + "...";
            break;
        }
    }
    if head.is_empty() {
        head = text.chars().take(12).map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    head.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads the statements of all sources, in their order.
pub(super) fn read<'a>(sources: &[Lines<'a>]) -> Vec<ReadStatement<'a>> {
    let mut reader = Reader { standard_strings: true, searches: None };
    let mut all = Vec::new();
    for (index, lines) in sources.iter().enumerate() {
        if let Some(at) = lines.text().find('\0') {
            all.push(refused(index, lines, at..at + 1, Reason::Nul));
            continue;
        }
        all.extend(split(lines.text()).into_iter().map(|piece| reader.read(index, lines, piece)));
    }
    all
}

fn refused<'a>(index: usize, lines: &Lines<'a>, range: Range<usize>, reason: Reason) -> ReadStatement<'a> {
    ReadStatement {
        source: index,
        start: range.start,
        location: lines.location(range.start),
        text: &lines.text()[range],
        class: Class::Refused(reason),
        fault: None,
        names: Names::default(),
        parsed: false,
        declared: Vec::new(),
        parts: Parts::default(),
        searches: None,
    }
}

/// What SETs said so far: they hold to the end, through all sources.
struct Reader {
    standard_strings: bool,
    searches: Option<String>,
}

impl Reader {
    fn read<'a>(&mut self, index: usize, lines: &Lines<'a>, piece: Piece) -> ReadStatement<'a> {
        let text = &lines.text()[piece.range.clone()];
        match piece.kind {
            PieceKind::Sql => self.statement(index, lines, piece.range),
            PieceKind::Unclosed => ReadStatement {
                fault: Some(0),
                ..refused(index, lines, piece.range, Reason::Unclosed(opened(text)))
            },
            PieceKind::PsqlCommand if is_harmless(text) => ReadStatement {
                class: Class::Nothing,
                ..refused(index, lines, piece.range, Reason::PsqlCommand)
            },
            PieceKind::PsqlCommand => refused(index, lines, piece.range, Reason::PsqlCommand),
        }
    }

    fn statement<'a>(&mut self, index: usize, lines: &Lines<'a>, range: Range<usize>) -> ReadStatement<'a> {
        let text = &lines.text()[range.clone()];
        if let Some(string) = self.backslash(text) {
            let mut refused = refused(index, lines, range, Reason::Backslash);
            refused.fault = Some(string);
            return refused;
        }
        let parse = SourceFile::parse(text);
        let tree = parse.tree();
        let parsed = parse.errors().is_empty();
        let Some(node) = tree.syntax().first_child() else {
            return refused(index, lines, range, Reason::Unknown);
        };
        let class = classify(&node);
        match &class {
            Class::StandardStrings(on) => self.standard_strings = *on,
            Class::SearchPath(items) => self.searches = first_schema(items),
            _ => {}
        }
        ReadStatement {
            names: Names::of(&node),
            class,
            parsed,
            declared: parts::declared(&node),
            parts: parts::of(&node),
            searches: self.searches.clone(),
            ..refused(index, lines, range, Reason::Unknown)
        }
    }

    /// Where a plain string has a backslash, while it is not known to be text.
    fn backslash(&self, text: &str) -> Option<usize> {
        let plain = |kind| kind == TokenKind::String(StringKind::Plain);
        let string = tokens(text).find(|token| plain(token.kind) && token.text.contains('\\'))?;
        (!self.standard_strings).then_some(string.start)
    }
}

/// What pg_dump prints since 2025, against injection through psql.
fn is_harmless(command: &str) -> bool {
    let word = command.split_whitespace().next();
    matches!(word, Some("\\restrict" | "\\unrestrict"))
}

fn opened(text: &str) -> &'static str {
    if text.starts_with("/*") {
        "the comment"
    } else if text.starts_with('"') || text.starts_with("U&\"") {
        "the quoted name"
    } else {
        "the string"
    }
}

/// The first schema of a search path that objects could be made in.
fn first_schema(items: &[String]) -> Option<String> {
    let never = ["", "pg_catalog", "information_schema", "pg_temp", "$user"];
    items.iter().find(|item| !never.contains(&item.as_str())).cloned()
}
