//! Statements in words of which the server makes what was read.
//!
//! `v IN ('a', 'b')` on a `character varying` is read back as
//! `(v)::text = ANY ((ARRAY['a'::character varying, ...])::text[])`. That cast is
//! of the whole array; written like this it becomes one of each element, which
//! means the same and prints differently. Without it the server adds it.

use std::ops::Range;

use crate::sql::lexer::{StringKind, Token, TokenKind, tokens};

/// The statement in such words.
pub(super) fn worded(sql: String) -> String {
    if !sql.contains("::text[]") {
        return sql;
    }
    let significant: Vec<Token<'_>> = tokens(&sql).filter(|token| !token.is_trivia()).collect();
    let superfluous: Vec<Range<usize>> =
        (0..significant.len()).filter_map(|at| cast_of_array(&significant[at..])).flatten().collect();
    let mut text = String::with_capacity(sql.len());
    let mut at = 0;
    for range in superfluous {
        text.push_str(&sql[at..range.start]);
        at = range.end;
    }
    text.push_str(&sql[at..]);
    text
}

/// What is superfluous at the start of the tokens, if an array of varying
/// characters is cast to texts there, to be compared by ANY or ALL.
fn cast_of_array(tokens: &[Token<'_>]) -> Option<Vec<Range<usize>>> {
    let mut rest = tokens.iter().peekable();
    rest.next_if(|token| token.is_word("any") || token.is_word("all"))?;
    rest.next_if(|token| token.is_symbol("("))?;
    let opening = rest.next_if(|token| token.is_symbol("("));
    rest.next_if(|token| token.is_word("array"))?;
    rest.next_if(|token| token.is_symbol("["))?;
    let end_of_array = loop {
        let literal = |token: &&Token<'_>| {
            matches!(token.kind, TokenKind::String(StringKind::Plain | StringKind::Escape))
                || token.is_word("null")
        };
        rest.next_if(literal)?;
        rest.next_if(|token| token.is_symbol("::"))?;
        rest.next_if(|token| token.is_word("character"))?;
        rest.next_if(|token| token.is_word("varying"))?;
        if rest.next_if(|token| token.is_symbol("(")).is_some() {
            rest.next_if(|token| token.kind == TokenKind::Number)?;
            rest.next_if(|token| token.is_symbol(")"))?;
        }
        let behind = rest.next()?;
        if behind.is_symbol("]") {
            break behind.end();
        }
        if !behind.is_symbol(",") {
            return None;
        }
    };
    if opening.is_some() {
        rest.next_if(|token| token.is_symbol(")"))?;
    }
    rest.next_if(|token| token.is_symbol("::"))?;
    rest.next_if(|token| token.is_word("text"))?;
    rest.next_if(|token| token.is_symbol("["))?;
    let end_of_cast = rest.next_if(|token| token.is_symbol("]"))?.end();
    rest.next_if(|token| token.is_symbol(")"))?;
    let mut superfluous: Vec<Range<usize>> = opening.iter().map(|token| token.start..token.end()).collect();
    superfluous.push(end_of_array..end_of_cast);
    Some(superfluous)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_the_server_adds() {
        for (sql, expected) in [
            (
                "CHECK (((v)::text = ANY ((ARRAY['a'::character varying, 'it''s'::character varying(3)])::text[])))",
                "CHECK (((v)::text = ANY (ARRAY['a'::character varying, 'it''s'::character varying(3)])))",
            ),
            (
                "WHERE v::text <> ALL (ARRAY['a'::character varying]::text[]) AND true",
                "WHERE v::text <> ALL (ARRAY['a'::character varying]) AND true",
            ),
        ] {
            assert_eq!(worded(sql.to_owned()), expected);
        }
        for same in [
            "CHECK (v = ANY (ARRAY['a'::text]::text[]))",
            "CHECK (v = ANY (ARRAY[w::character varying]::text[]))",
            "AS $$ x = ANY ((ARRAY['a'::character varying])::text[]) $$",
            "SELECT (ARRAY['a'::character varying])::text[]",
        ] {
            assert_eq!(worded(same.to_owned()), same);
        }
    }
}
