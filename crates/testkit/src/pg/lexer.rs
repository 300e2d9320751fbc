//! Cuts SQL into tokens, as far as that is needed to tell names, strings, bodies and statements apart.
//!
//! Lossless: the tokens' texts, one after the other, are the input. Rules: PostgreSQL documentation, "Lexical
//! Structure".

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key word, a name without quotes, or a number.
    Word,
    /// A name in double quotes.
    QuotedName,
    /// A string in single quotes; one with a prefix (`E`, `B`, `X`) has the prefix as a word before it.
    String,
    /// A dollar-quoted string.
    Dollar,
    /// `-- ...` or `/* ... */`.
    Comment,
    /// A psql command: a line that begins with a backslash.
    PsqlCommand,
    /// White space.
    Space,
    /// Any other single character.
    Symbol,
}

/// A piece of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its text, delimiters included.
    pub(crate) text: &'t str,
}

impl Token<'_> {
    /// Whether it is this key word, in whatever case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this character.
    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether it is more than white space or a comment.
    pub(crate) fn is_significant(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Comment)
    }

    /// Whether it is a name, and is this one: quotes undone, or folded to lower case without them.
    pub(crate) fn names(&self, name: &str) -> bool {
        match self.kind {
            Kind::Word => self.text.to_lowercase() == name,
            Kind::QuotedName => {
                let inner = self.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                inner.is_some_and(|inner| inner.replace("\"\"", "\"") == name)
            }
            _ => false,
        }
    }
}

/// Cuts `sql` into tokens.
pub(crate) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let escapes = found.last().is_some_and(|last| last.is_word("e"));
        let line_start = found.last().is_none_or(|last| last.text.ends_with('\n'));
        let (kind, length) = match first {
            '\'' => (Kind::String, quoted(rest, '\'', escapes)),
            '"' => (Kind::QuotedName, quoted(rest, '"', false)),
            '$' => dollar(rest).map_or((Kind::Symbol, 1), |length| (Kind::Dollar, length)),
            '\\' if line_start => (Kind::PsqlCommand, line(rest)),
            '-' if rest.starts_with("--") => (Kind::Comment, line(rest)),
            '/' if rest.starts_with("/*") => (Kind::Comment, block_comment(rest)),
            c if c.is_whitespace() => (Kind::Space, span(rest, char::is_whitespace)),
            c if begins_word(c) => (Kind::Word, span(rest, |c| begins_word(c) || c == '$')),
            c => (Kind::Symbol, c.len_utf8()),
        };
        let (text, after) = rest.split_at(length);
        found.push(Token { kind, text });
        rest = after;
    }
    found
}

fn begins_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || !c.is_ascii()
}

/// Length of the longest prefix whose characters all satisfy `belongs`.
fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Length of a quoted piece; a doubled quote stands for itself, and with `escapes` a backslash guards what follows.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// Length of a dollar-quoted string, if `text` begins with one.
fn dollar(text: &str) -> Option<usize> {
    let tag = text.get(1..)?.find('$').and_then(|end| text.get(..end + 2))?;
    let name = tag.trim_matches('$');
    let is_name = name.chars().all(begins_word) && !name.starts_with(|c: char| c.is_ascii_digit());
    if !is_name {
        return None;
    }
    let body = text.get(tag.len()..)?;
    Some(body.find(tag).map_or(text.len(), |end| tag.len() + end + tag.len()))
}

/// Length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sql: &str) -> Vec<(Kind, &str)> {
        tokens(sql).into_iter().filter(Token::is_significant).map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn what_looks_like_a_delimiter_inside_of_another_one_is_none() {
        use Kind::{Dollar, PsqlCommand, QuotedName, String, Symbol, Word};
        let cases: &[(&str, &[(Kind, &str)])] = &[
            ("'a;''b'", &[(String, "'a;''b'")]),
            (r"'a\' b", &[(String, r"'a\'"), (Word, "b")]),
            (r"E'a\';' b", &[(Word, "E"), (String, r"'a\';'"), (Word, "b")]),
            ("\"a\"\"b;\" c", &[(QuotedName, "\"a\"\"b;\""), (Word, "c")]),
            ("$$a;'$$ b", &[(Dollar, "$$a;'$$"), (Word, "b")]),
            ("$_$a $$;$$ $_$ b", &[(Dollar, "$_$a $$;$$ $_$"), (Word, "b")]),
            ("$1 $2", &[(Symbol, "$"), (Word, "1"), (Symbol, "$"), (Word, "2")]),
            ("a$b$c", &[(Word, "a$b$c")]),
            ("a -- ';\nb", &[(Word, "a"), (Word, "b")]),
            ("/* ' /* */ ; */ b", &[(Word, "b")]),
            ("\\restrict a'b\nc", &[(PsqlCommand, "\\restrict a'b"), (Word, "c")]),
            ("größe.ß", &[(Word, "größe"), (Symbol, "."), (Word, "ß")]),
        ];
        for (sql, expected) in cases {
            assert_eq!(cut(sql), *expected, "{sql}");
        }
    }

    #[test]
    fn nothing_is_lost_even_from_what_is_not_closed() {
        for sql in
            ["'open", "\"open", "$x$open", "/* open /*", "a.b;\n--c\n", "E'\\", "$", "\\", "é'é'$é$é$é$"]
        {
            assert_eq!(tokens(sql).iter().map(|token| token.text).collect::<std::string::String>(), sql);
        }
    }

    #[test]
    fn names_are_compared_as_the_server_does() {
        let is = |text: &str, name: &str| tokens(text)[0].names(name);
        assert!(
            is("acme", "acme") && is("ACME", "acme") && is("\"acme\"", "acme") && is("\"A\"\"c\"", "A\"c")
        );
        assert!(!is("Acme", "Acme") && !is("\"Acme\"", "acme") && !is("'acme'", "acme"));
    }
}
