//! SQL text as tokens, by the lexical rules of PostgreSQL (`scan.l`), `standard_conforming_strings` on.
//!
//! Lossless: the tokens' texts put together are the text. It never fails; what is not closed runs to the end and
//! says so. Every place that has to know where a string, a comment or a name begins and ends asks here.

use std::borrow::Cow;

use super::quote::Identifier;

/// One token of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text, with quotes and prefixes.
    pub text: &'a str,
    /// Where it starts in the text, in bytes.
    pub start: usize,
    /// False if a string, a quoted name or a comment is not closed: then it runs to the end of the text.
    pub closed: bool,
}

/// The kinds of tokens that matter to those who split, quote and qualify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks and line ends.
    Space,
    /// `-- to the end of the line`, without the line's end.
    LineComment,
    /// `/* nested /* too */ */`.
    BlockComment,
    /// A bare name or a keyword.
    Word,
    /// `"Name"`.
    QuotedName,
    /// `U&"Name"`.
    UnicodeName,
    /// Any kind of string.
    String(StringKind),
    /// A number, and what is glued to it.
    Number,
    /// `$1`.
    Parameter,
    /// `::`, or one character of an operator or of punctuation.
    Symbol,
}

/// How a string is written. A string that continues another one across a line end has the kind of that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringKind {
    /// `'it''s'`, and `N'...'`.
    Plain,
    /// `E'it\'s'`.
    Escape,
    /// `U&'d\0061t'`.
    Unicode,
    /// `B'01'` and `X'1f'`.
    Bits,
    /// `$tag$...$tag$`.
    Dollar,
}

/// Splits a text into its tokens.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0, string: None }
}

/// The iterator behind [`tokens`].
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// The quoted string before, while only blanks and line comments followed it.
    string: Option<Continuation>,
}

#[derive(Clone, Copy, Debug)]
struct Continuation {
    kind: StringKind,
    after_line_end: bool,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        let (kind, len, closed) = self.measure(rest, first);
        let text = &rest[..len];
        self.remember(kind, text);
        let start = self.at;
        self.at += len;
        Some(Token { kind, text, start, closed })
    }
}

impl Tokens<'_> {
    /// Kind, length in bytes and closedness of the token in front of `rest`.
    fn measure(&self, rest: &str, first: char) -> (TokenKind, usize, bool) {
        let second = rest.chars().nth(1);
        let open = |kind: TokenKind, (len, closed): (usize, bool)| (kind, len, closed);
        match first {
            c if is_space(c) => (TokenKind::Space, run(rest, is_space), true),
            '\u{feff}' if self.at == 0 => (TokenKind::Space, first.len_utf8(), true),
            '-' if second == Some('-') => {
                (TokenKind::LineComment, run(rest, |c| c != '\n' && c != '\r'), true)
            }
            '/' if second == Some('*') => open(TokenKind::BlockComment, block_comment(rest)),
            '\'' => {
                let kind = match self.string {
                    Some(Continuation { kind, after_line_end: true }) => kind,
                    _ => StringKind::Plain,
                };
                open(TokenKind::String(kind), quoted(rest, 0, '\'', kind == StringKind::Escape))
            }
            '"' => open(TokenKind::QuotedName, quoted(rest, 0, '"', false)),
            'e' | 'E' if second == Some('\'') => {
                open(TokenKind::String(StringKind::Escape), quoted(rest, 1, '\'', true))
            }
            'n' | 'N' if second == Some('\'') => {
                open(TokenKind::String(StringKind::Plain), quoted(rest, 1, '\'', false))
            }
            'b' | 'B' | 'x' | 'X' if second == Some('\'') => {
                open(TokenKind::String(StringKind::Bits), quoted(rest, 1, '\'', false))
            }
            'u' | 'U' if rest[1..].starts_with("&'") => {
                open(TokenKind::String(StringKind::Unicode), quoted(rest, 2, '\'', false))
            }
            'u' | 'U' if rest[1..].starts_with("&\"") => {
                open(TokenKind::UnicodeName, quoted(rest, 2, '"', false))
            }
            c if begins_name(c) => (TokenKind::Word, run(rest, continues_name), true),
            c if c.is_ascii_digit() => (TokenKind::Number, number(rest), true),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => (TokenKind::Number, number(rest), true),
            '$' if second.is_some_and(|c| c.is_ascii_digit()) => {
                (TokenKind::Parameter, 1 + run(&rest[1..], |c| c.is_ascii_digit()), true)
            }
            '$' => match dollar_delimiter_in_front(rest) {
                Some(delimiter) => {
                    open(TokenKind::String(StringKind::Dollar), dollar_quoted(rest, delimiter))
                }
                None => (TokenKind::Symbol, 1, true),
            },
            ':' if second == Some(':') => (TokenKind::Symbol, 2, true),
            c => (TokenKind::Symbol, c.len_utf8(), true),
        }
    }

    /// Keeps what decides whether the next `'` goes on with the string before: PostgreSQL joins strings with a line
    /// end between them, line comments allowed, and the later ones have the first one's escapes.
    fn remember(&mut self, kind: TokenKind, text: &str) {
        self.string = match (kind, self.string) {
            (TokenKind::String(StringKind::Dollar), _) => None,
            (TokenKind::String(kind), _) => Some(Continuation { kind, after_line_end: false }),
            (TokenKind::Space, Some(before)) => Some(Continuation {
                after_line_end: before.after_line_end || text.contains(['\n', '\r']),
                ..before
            }),
            (TokenKind::LineComment, before) => before,
            _ => None,
        };
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn continues_name(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit() || c == '$'
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn block_comment(text: &str) -> (usize, bool) {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (2, 1);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return (at, true);
        }
    }
    (text.len(), false)
}

/// Length of a string or name whose opening quote stands at `prefix`.
fn quoted(text: &str, prefix: usize, quote: char, backslashes: bool) -> (usize, bool) {
    let mut chars = text[prefix + 1..].char_indices().map(|(at, c)| (prefix + 1 + at, c)).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && backslashes {
            chars.next();
        } else if c == quote && chars.next_if(|&(_, next)| next == quote).is_none() {
            return (at + 1, true);
        }
    }
    (text.len(), false)
}

fn number(text: &str) -> usize {
    let mut len = run(text, |c| c.is_ascii_digit() || c == '_');
    let fraction = &text[len..];
    if fraction.starts_with('.') && !fraction.starts_with("..") {
        len += 1 + run(&fraction[1..], |c| c.is_ascii_digit() || c == '_');
    }
    let exponent = &text[len..];
    if exponent.starts_with(['e', 'E']) {
        let sign = usize::from(exponent[1..].starts_with(['+', '-']));
        let digits = run(&exponent[1 + sign..], |c| c.is_ascii_digit());
        if digits > 0 {
            len += 1 + sign + digits;
        }
    }
    len + run(&text[len..], continues_name)
}

/// `$$` or `$tag$` at the start of `text`.
fn dollar_delimiter_in_front(text: &str) -> Option<&str> {
    let tag = &text[1..];
    let len = run(tag, |c| continues_name(c) && c != '$');
    let well_formed = len == 0 || tag.starts_with(begins_name);
    (well_formed && tag[len..].starts_with('$')).then(|| &text[..len + 2])
}

fn dollar_quoted(text: &str, delimiter: &str) -> (usize, bool) {
    match text[delimiter.len()..].find(delimiter) {
        Some(body) => (body + 2 * delimiter.len(), true),
        None => (text.len(), false),
    }
}

impl<'a> Token<'a> {
    /// Where it ends in the text, in bytes.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Blanks and comments.
    pub fn is_trivia(&self) -> bool {
        matches!(self.kind, TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment)
    }

    /// Is it this bare word, in any case?
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Is it this symbol?
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    /// The name that the server reads here: folded, unquoted, cut to 63 bytes. None for what is no name, and
    /// for `U&"..."`, which nobody writes.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        let mut name = match self.kind {
            TokenKind::Word if self.text.bytes().any(|b| b.is_ascii_uppercase()) => {
                Cow::Owned(self.text.to_ascii_lowercase())
            }
            TokenKind::Word => Cow::Borrowed(self.text),
            TokenKind::QuotedName if self.closed => {
                let inner = &self.text[1..self.text.len() - 1];
                if inner.contains('"') { inner.replace("\"\"", "\"").into() } else { inner.into() }
            }
            _ => return None,
        };
        if name.len() > Identifier::MAX_BYTES {
            let cut = (0..=Identifier::MAX_BYTES).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
            name = name[..cut].to_owned().into();
        }
        Some(name)
    }

    /// What a string says, with where each of its bytes stands in the text. None for what is no string, is not
    /// closed, or is of a kind (`U&''`, bits) or holds an escape that is not decoded here.
    pub fn content(&self) -> Option<Content> {
        let TokenKind::String(kind) = self.kind else { return None };
        if !self.closed {
            return None;
        }
        match kind {
            StringKind::Dollar => {
                let delimiter = dollar_delimiter_in_front(self.text)?.len();
                let range = delimiter..self.text.len() - delimiter;
                Some(Content::verbatim(&self.text[range], self.start + delimiter))
            }
            StringKind::Plain | StringKind::Escape => {
                let open = self.text.find('\'')? + 1;
                let inner = &self.text[open..self.text.len() - 1];
                Content::decode(inner, self.start + open, kind == StringKind::Escape)
            }
            StringKind::Unicode | StringKind::Bits => None,
        }
    }
}

/// What a string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The text, without quotes and escapes.
    pub text: String,
    /// For each byte of `text`, and for its end, where it stands in the text that was split into tokens.
    origin: Vec<usize>,
}

impl Content {
    fn verbatim(text: &str, start: usize) -> Self {
        Self { text: text.to_owned(), origin: (start..=start + text.len()).collect() }
    }

    fn decode(inner: &str, start: usize, escapes: bool) -> Option<Self> {
        let mut content = Self { text: String::with_capacity(inner.len()), origin: Vec::new() };
        let mut chars = inner.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let said = match c {
                '\'' => chars.next().map(|_| '\'')?,
                '\\' if escapes => match chars.next()?.1 {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'x' | 'u' | 'U' | '0'..='7' => return None,
                    other => other,
                },
                other => other,
            };
            content.text.push(said);
            content.origin.resize(content.text.len(), start + at);
        }
        content.origin.push(start + inner.len());
        Some(content)
    }

    /// Where a byte of the content stands in the text that was split into tokens.
    pub fn origin(&self, at: usize) -> usize {
        self.origin.get(at).or(self.origin.last()).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
