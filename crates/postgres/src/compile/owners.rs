//! Owners that a definition declares and that its policy leaves alone: what it grants to an object's declared owner is
//! meant for whoever owns the object.
//!
//! Dumps of older servers (until 9.5) say `REVOKE ALL ... FROM owner; GRANT ALL ... TO owner` of every object, newer ones
//! wherever an owner took a right from itself.

use std::collections::HashMap;

use tenantry_planner::sql::lexer::{Token, tokens};

/// Who grants and revokes to: the plan's role owns what it makes.
const WHOEVER: &str = "CURRENT_USER";

/// The owners that a definition declares.
#[derive(Debug, Default)]
pub(super) struct Owners(HashMap<Object, String>);

/// An object as both kinds of statement name it: its own name, and a routine's arguments as they are written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Object {
    name: String,
    arguments: String,
}

impl Owners {
    /// Reads them from `ALTER ... OWNER TO` statements; others say nothing.
    pub(super) fn declared<'a>(statements: impl Iterator<Item = &'a str>) -> Self {
        Self(statements.filter_map(owner).collect())
    }

    /// A GRANT or REVOKE with those of its grantees that own all of its objects replaced; other statements as they are.
    pub(super) fn left_alone(&self, statement: &str) -> String {
        let words: Vec<Token<'_>> = tokens(statement).filter(|token| !token.is_trivia()).collect();
        let mut result = statement.to_owned();
        let Some((objects, grantees)) = parts(&words).filter(|_| !self.0.is_empty()) else { return result };
        let owns =
            |role: &str| objects.iter().all(|object| self.0.get(object).is_some_and(|owner| owner == role));
        for token in grantees.iter().rev() {
            if !objects.is_empty() && token.name().is_some_and(|name| owns(&name)) {
                result.replace_range(token.start..token.end(), WHOEVER);
            }
        }
        result
    }
}

/// `ALTER kind name OWNER TO role`.
fn owner(statement: &str) -> Option<(Object, String)> {
    let words: Vec<Token<'_>> = tokens(statement).filter(|token| !token.is_trivia()).collect();
    let at = words.windows(2).rposition(|pair| pair[0].is_word("owner") && pair[1].is_word("to"))?;
    let first = words.first().filter(|word| word.is_word("alter"))?;
    let role = words.get(at + 2)?.name()?.into_owned();
    let rest = &words[1..at];
    let object = object(&rest[kind(rest)..]).filter(|_| first.is_word("alter"))?;
    Some((object, role))
}

/// How many words say the kind of object that follows.
fn kind(words: &[Token<'_>]) -> usize {
    const KINDS: [&[&str]; 12] = [
        &["foreign", "table"],
        &["materialized", "view"],
        &["table"],
        &["view"],
        &["sequence"],
        &["function"],
        &["procedure"],
        &["routine"],
        &["aggregate"],
        &["domain"],
        &["type"],
        &["schema"],
    ];
    let starts = |words: &[Token<'_>], phrase: &[&str]| {
        phrase.len() < words.len() && phrase.iter().zip(words).all(|(word, token)| token.is_word(word))
    };
    let mut skipped = KINDS.iter().find(|phrase| starts(words, phrase)).map_or(0, |phrase| phrase.len());
    for phrase in [&["if", "exists"][..], &["only"]] {
        if skipped > 0 && starts(&words[skipped..], phrase) {
            skipped += phrase.len();
        }
    }
    skipped
}

/// A name, qualified or not, and what stands in parentheses after it.
fn object(words: &[Token<'_>]) -> Option<Object> {
    let end = words.iter().position(|token| token.is_symbol("(")).unwrap_or(words.len());
    let name = words[..end].last()?.name()?.into_owned();
    let path = words[..end].iter().enumerate().all(|(at, token)| token.is_symbol(".") == (at % 2 == 1));
    let arguments = words[end..].iter().map(|token| token.text).collect::<Vec<_>>().join(" ");
    path.then_some(Object { name, arguments })
}

/// The objects and the grantees of a GRANT or REVOKE on named objects.
fn parts<'t, 'a>(words: &'t [Token<'a>]) -> Option<(Vec<Object>, &'t [Token<'a>])> {
    let verb = words.first()?;
    let preposition = match (verb.is_word("grant"), verb.is_word("revoke")) {
        (true, _) => "to",
        (_, true) => "from",
        _ => return None,
    };
    let mut depth = 0_usize;
    let outer: Vec<usize> = words
        .iter()
        .enumerate()
        .filter_map(|(at, token)| {
            depth += usize::from(token.is_symbol("("));
            let outside = depth == 0;
            depth -= usize::from(token.is_symbol(")") && depth > 0);
            outside.then_some(at)
        })
        .collect();
    let on = outer.iter().copied().find(|&at| words[at].is_word("on"))?;
    let to = outer.iter().copied().find(|&at| at > on && words[at].is_word(preposition))?;
    let named = &words[on + 1..to];
    let named = &named[kind(named)..];
    let commas: Vec<usize> = outer
        .iter()
        .filter_map(|at| at.checked_sub(to - named.len()))
        .filter(|at| named.get(*at).is_some_and(|t| t.is_symbol(",")))
        .collect();
    let mut objects = Vec::new();
    let mut start = 0;
    for end in commas.into_iter().chain([named.len()]) {
        objects.push(object(named.get(start..end)?)?);
        start = end + 1;
    }
    let ends =
        |token: &Token<'_>| ["with", "granted", "cascade", "restrict"].iter().any(|word| token.is_word(word));
    let grantees = &words[to + 1..];
    let end = grantees.iter().position(ends).unwrap_or(grantees.len());
    Some((objects, &grantees[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_to_the_declared_owner_is_meant_for_any() {
        let owners = Owners::declared(
            [
                "ALTER TABLE public.t OWNER TO dv",
                "ALTER TABLE ONLY \"T x\" OWNER TO \"D V\";",
                "ALTER FUNCTION f(integer, text) OWNER TO dv",
                "ALTER MATERIALIZED VIEW IF EXISTS a.m OWNER TO dv",
                "ALTER TYPE mood OWNER TO app",
                "CREATE TABLE owner_to (a int)",
            ]
            .into_iter(),
        );
        for (statement, expected) in [
            ("REVOKE ALL ON TABLE t FROM dv;", "REVOKE ALL ON TABLE t FROM CURRENT_USER;"),
            ("GRANT SELECT (a, b) ON a.t TO dv, app", "GRANT SELECT (a, b) ON a.t TO CURRENT_USER, app"),
            (
                "GRANT ALL ON t, m TO dv WITH GRANT OPTION",
                "GRANT ALL ON t, m TO CURRENT_USER WITH GRANT OPTION",
            ),
            ("GRANT ALL ON TABLE \"T x\" TO \"D V\"", "GRANT ALL ON TABLE \"T x\" TO CURRENT_USER"),
            (
                "GRANT ALL ON FUNCTION f(integer, text) TO dv",
                "GRANT ALL ON FUNCTION f(integer, text) TO CURRENT_USER",
            ),
            ("GRANT USAGE ON TYPE mood TO app", "GRANT USAGE ON TYPE mood TO CURRENT_USER"),
            // Not all of it, not that one, not a declared owner.
            ("GRANT ALL ON t, other TO dv", "GRANT ALL ON t, other TO dv"),
            ("GRANT ALL ON FUNCTION f(integer) TO dv", "GRANT ALL ON FUNCTION f(integer) TO dv"),
            ("GRANT ALL ON ALL TABLES IN SCHEMA t TO dv", "GRANT ALL ON ALL TABLES IN SCHEMA t TO dv"),
            ("GRANT ALL ON t TO app", "GRANT ALL ON t TO app"),
            ("COMMENT ON TABLE t IS 'GRANT ALL ON t TO dv'", "COMMENT ON TABLE t IS 'GRANT ALL ON t TO dv'"),
        ] {
            assert_eq!(owners.left_alone(statement), expected);
        }
        assert_eq!(Owners::default().left_alone("GRANT ALL ON t TO dv"), "GRANT ALL ON t TO dv");
    }
}
