//! Splits a text into its statements as `psql` would: strings, comments, `BEGIN ATOMIC` bodies, rows of COPY and
//! psql's own commands known.

use std::ops::Range;

use tenantry_planner::sql::lexer::{Token, tokens};

/// One statement of a text, or what stands in the place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// From its first token to its last, without the semicolon: bytes of the text.
    pub range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// A statement for the server.
    Sql,
    /// A command of psql's: from its backslash to the end of the line.
    PsqlCommand,
    /// Something that never ends: the text behind its start (an unclosed string, name or comment) cannot be split.
    Unclosed,
}

/// Splits a text. Nothing but blanks, comments, semicolons and rows of COPY is lost.
pub(super) fn split(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(piece) = next_piece(text, &mut at) {
        pieces.push(piece);
    }
    pieces
}

/// The next piece at or after byte `at`, which moves behind it.
fn next_piece(text: &str, at: &mut usize) -> Option<Piece> {
    let base = *at;
    let mut statement = Statement::default();
    for token in tokens(&text[base..]) {
        let start = base + token.start;
        if !token.closed {
            *at = text.len();
            return Some(Piece { kind: PieceKind::Unclosed, range: start..text.len() });
        }
        if token.is_trivia() {
            continue;
        }
        if token.is_symbol("\\") {
            let end = start + line_length(&text[start..]);
            *at = end;
            return Some(Piece { kind: PieceKind::PsqlCommand, range: start..end });
        }
        if token.is_symbol(";") && statement.can_end() {
            if let Some(range) = statement.range {
                *at = base + token.end();
                if statement.copies_rows {
                    skip_rows(text, at);
                }
                return Some(Piece { kind: PieceKind::Sql, range });
            }
            continue;
        }
        statement.add(&token, start);
    }
    *at = text.len();
    statement.range.map(|range| Piece { kind: PieceKind::Sql, range })
}

fn line_length(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}

/// From behind `COPY ... FROM stdin;` to behind the line `\.`.
fn skip_rows(text: &str, at: &mut usize) {
    for line in text[*at..].split_inclusive('\n') {
        *at += line.len();
        if line.trim_end() == "\\." {
            break;
        }
    }
}

/// What is known of the statement being read.
#[derive(Default)]
struct Statement {
    range: Option<Range<usize>>,
    /// Its first words, upper case: enough to know CREATE OR REPLACE FUNCTION.
    head: Vec<String>,
    parentheses: usize,
    /// BEGIN ATOMIC and CASE that are open: semicolons in there belong to the body.
    blocks: usize,
    last_word: String,
    copies_rows: bool,
}

impl Statement {
    fn can_end(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn add(&mut self, token: &Token<'_>, start: usize) {
        let end = start + token.text.len();
        self.range = Some(self.range.as_ref().map_or(start, |range| range.start)..end);
        if token.is_symbol("(") {
            self.parentheses += 1;
        } else if token.is_symbol(")") {
            self.parentheses = self.parentheses.saturating_sub(1);
        }
        let word = if token.is_word(token.text) { token.text.to_ascii_uppercase() } else { String::new() };
        if self.head.len() < 4 {
            self.head.push(word.clone());
        }
        self.count_blocks(&word);
        let copies = self.head.first().is_some_and(|first| first == "COPY");
        self.copies_rows |= copies && self.last_word == "FROM" && word == "STDIN";
        self.last_word = word;
    }

    fn count_blocks(&mut self, word: &str) {
        match word {
            "ATOMIC" if self.last_word == "BEGIN" && self.creates_routine() => self.blocks += 1,
            "CASE" if self.blocks > 0 => self.blocks += 1,
            "END" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }

    fn creates_routine(&self) -> bool {
        let head: Vec<&str> = self.head.iter().map(String::as_str).collect();
        matches!(
            head[..],
            ["CREATE", "FUNCTION" | "PROCEDURE", ..]
                | ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE", ..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<(PieceKind, &str)> {
        split(text).into_iter().map(|piece| (piece.kind, &text[piece.range])).collect()
    }

    fn statements(text: &str) -> Vec<&str> {
        pieces(text).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn semicolons_end_statements_only_where_psql_says_so() {
        for (text, expected) in [
            ("a; b ;; -- c;\n d", vec!["a", "b", "d"]),
            ("SELECT ';', \"a;b\", E'\\';', $$;$$, $x$ $$; $x$ /* ; /* ; */ ; */; b", {
                vec!["SELECT ';', \"a;b\", E'\\';', $$;$$, $x$ $$; $x$", "b"]
            }),
            ("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); b", {
                vec!["CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)", "b"]
            }),
            (
                "create or replace function f() returns int begin atomic select case when a then 1 end; select 2; end; b",
                {
                    vec![
                        "create or replace function f() returns int begin atomic select case when a then 1 end; select 2; end",
                        "b",
                    ]
                },
            ),
            ("BEGIN; END; b", vec!["BEGIN", "END", "b"]),
            ("", vec![]),
            (" ; -- nothing", vec![]),
        ] {
            assert_eq!(statements(text), expected, "{text}");
        }
    }

    #[test]
    fn rows_of_copy_belong_to_their_statement() {
        let text =
            "COPY t (a) FROM stdin;\n1\tit's; \"x\n\\.\n\nCREATE TABLE u ();\nCOPY u FROM '/tmp/x';\nb";
        assert_eq!(
            statements(text),
            ["COPY t (a) FROM stdin", "CREATE TABLE u ()", "COPY u FROM '/tmp/x'", "b"]
        );
        assert_eq!(statements("COPY t FROM stdin;\n1\n2"), ["COPY t FROM stdin"]);
    }

    #[test]
    fn commands_of_psql_end_with_their_line() {
        let text = "\\restrict a'b\nCREATE TABLE t ();\n\\connect x\nSELECT 1 \\gset\nb";
        assert_eq!(
            pieces(text),
            [
                (PieceKind::PsqlCommand, "\\restrict a'b"),
                (PieceKind::Sql, "CREATE TABLE t ()"),
                (PieceKind::PsqlCommand, "\\connect x"),
                (PieceKind::PsqlCommand, "\\gset"),
                (PieceKind::Sql, "b"),
            ]
        );
    }

    #[test]
    fn what_is_not_closed_is_said_and_ends_the_splitting() {
        let text = "a; SELECT 'b; c";
        assert_eq!(pieces(text), [(PieceKind::Sql, "a"), (PieceKind::Unclosed, "'b; c")]);
    }
}
