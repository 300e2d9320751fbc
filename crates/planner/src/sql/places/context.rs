//! Questions about what stands around a token.

use super::{Part, is_sql_language};
use crate::sql::lexer::{Token, TokenKind};

/// What a string is for, judged by what stands around it.
pub(super) enum Role {
    /// The body of a function in a language that is SQL to the lexer.
    Body,
    /// The (beginning of the) statement that `EXECUTE` runs.
    Piece,
    /// One or more names as SQL.
    Names,
    /// One bare name.
    SearchPathItem,
    /// Anything else.
    Text,
}

/// Functions whose first argument is a name as SQL.
const TAKES_NAME: [&str; 11] = [
    "nextval",
    "currval",
    "setval",
    "pg_get_serial_sequence",
    "to_regclass",
    "to_regtype",
    "to_regproc",
    "to_regprocedure",
    "to_regoper",
    "to_regcollation",
    "to_regnamespace",
];

/// Functions in whose arguments FROM begins no list of tables.
const TAKES_FROM: [&str; 5] = ["extract", "substring", "trim", "overlay", "position"];

/// Words after which a dotted name is an object's, never a column's or a variable's field.
const NAMES_OBJECT: [&str; 9] =
    ["join", "only", "table", "truncate", "references", "view", "collate", "as", "update"];

/// Tokens without blanks and comments, with questions about what stands around one of them.
pub(super) struct Context<'t, 'a> {
    pub(super) tokens: &'t [Token<'a>],
    /// The name in front of the parenthesis that each token stands in.
    called: Vec<Option<usize>>,
}

impl<'t, 'a> Context<'t, 'a> {
    pub(super) fn new(tokens: &'t [Token<'a>]) -> Self {
        let mut called = Vec::with_capacity(tokens.len());
        let mut open: Vec<Option<usize>> = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            if token.is_symbol(")") {
                open.pop();
            }
            called.push(open.last().copied().flatten());
            if token.is_symbol("(") {
                open.push(at.checked_sub(1).filter(|&before| tokens[before].kind == TokenKind::Word));
            }
        }
        Self { tokens, called }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Token<'a>> {
        self.tokens.get(at)
    }

    /// The token `back` places before `at`.
    fn before(&self, at: usize, back: usize) -> Option<&Token<'a>> {
        self.tokens.get(at.checked_sub(back)?)
    }

    pub(super) fn is_symbol(&self, at: usize, symbol: &str) -> bool {
        self.get(at).is_some_and(|token| token.is_symbol(symbol))
    }

    fn follows_word(&self, at: usize, back: usize, word: &str) -> bool {
        self.before(at, back).is_some_and(|token| token.is_word(word))
    }

    fn follows_symbol(&self, at: usize, back: usize, symbol: &str) -> bool {
        self.before(at, back).is_some_and(|token| token.is_symbol(symbol))
    }

    /// The object named at `at`, after a qualifier's dot: a name, or an operator.
    pub(super) fn object(&self, at: usize) -> String {
        match self.get(at).and_then(Token::name) {
            Some(name) => name.into(),
            None => {
                let symbols = self.tokens.iter().skip(at).take_while(|token| token.kind == TokenKind::Symbol);
                symbols.map(|token| token.text).take_while(|symbol| *symbol != ")").collect()
            }
        }
    }

    /// Is the name at `at` the first part of a dotted one?
    pub(super) fn qualifies(&self, at: usize) -> bool {
        self.is_symbol(at + 1, ".") && !self.follows_symbol(at, 1, ".")
    }

    /// Can the dotted name that starts at `at` be nothing but schema and object, whatever else is called like the schema?
    pub(super) fn needs_schema(&self, at: usize) -> bool {
        let calls = self.is_symbol(at + 3, "(");
        let row_type = self.is_symbol(at + 3, "%") && self.get(at + 4).is_some_and(|t| t.is_word("rowtype"));
        let casts = self.follows_symbol(at, 1, "::");
        let operator = self.follows_symbol(at, 1, "(") && self.follows_word(at, 2, "operator");
        let after = |word: &&str| self.follows_word(at, 1, word);
        let into =
            after(&"into") && (self.follows_word(at, 2, "insert") || self.follows_word(at, 2, "merge"));
        let from =
            after(&"from") && !self.follows_word(at, 2, "distinct") && !self.in_call_of(at, &TAKES_FROM);
        let declares = self.is_declared_type(at);
        calls || row_type || casts || operator || into || from || declares || NAMES_OBJECT.iter().any(after)
    }

    /// The type in a declaration: `DECLARE x s.t; y CONSTANT s.t := ...; BEGIN`.
    fn is_declared_type(&self, at: usize) -> bool {
        let variable = 1 + usize::from(self.follows_word(at, 1, "constant"));
        let begins =
            self.follows_symbol(at, variable + 1, ";") || self.follows_word(at, variable + 1, "declare");
        let section = || self.tokens[..at].iter().rev().find(|t| t.is_word("declare") || t.is_word("begin"));
        begins
            && self.before(at, variable).is_some_and(is_name)
            && section().is_some_and(|t| t.is_word("declare"))
    }

    fn in_call_of(&self, at: usize, functions: &[&str]) -> bool {
        self.called[at].is_some_and(|name| functions.iter().any(|f| self.tokens[name].is_word(f)))
    }

    /// An item of `SET search_path { TO | = } item, item`.
    pub(super) fn is_search_path_item(&self, at: usize) -> bool {
        let mut first = at;
        while self.follows_symbol(first, 1, ",") && first >= 2 {
            first -= 2;
        }
        let set = ["set", "local", "session"];
        (self.follows_word(first, 1, "to") || self.follows_symbol(first, 1, "="))
            && self.follows_word(first, 2, "search_path")
            && set.iter().any(|word| self.follows_word(first, 3, word))
    }

    pub(super) fn role(&self, at: usize, part: Part) -> Role {
        if part == Part::Statement && self.follows_word(at, 1, "as") && self.defines_sql_function() {
            Role::Body
        } else if part == Part::Body && self.follows_word(at, 1, "execute") {
            Role::Piece
        } else if self.is_search_path_item(at) {
            Role::SearchPathItem
        } else if self.holds_names(at) {
            Role::Names
        } else {
            Role::Text
        }
    }

    /// `nspname = 'x'`, `table_schema IN ('x', ...)`: the string is a schema's name.
    pub(super) fn is_compared_to_schema_name(&self, at: usize) -> bool {
        let about_schemas = |token: &Token<'_>| {
            token.name().is_some_and(|name| name.contains("schema") || name.contains("nspname"))
        };
        self.tokens[at.saturating_sub(4)..at].iter().any(about_schemas)
    }

    fn defines_sql_function(&self) -> bool {
        let language = (0..self.len()).find(|&at| self.tokens[at].is_word("language"));
        let named = language.and_then(|at| self.get(at + 1)).and_then(|token| match token.kind {
            TokenKind::String(_) => token.content().map(|content| content.text.to_ascii_lowercase()),
            _ => token.name().map(Into::into),
        });
        self.get(0).is_some_and(|token| token.is_word("create")) && named.is_some_and(|l| is_sql_language(&l))
    }

    /// `'x'::regclass`, `('x'::text)::regclass`, `CAST('x' AS regclass)`, `regclass 'x'`, `nextval('x'`,
    /// `set_config('search_path', 'x'`.
    fn holds_names(&self, at: usize) -> bool {
        let mut opened = at;
        while self.follows_symbol(opened, 1, "(") && !self.before(opened, 2).is_some_and(|t| is_name(t)) {
            opened -= 1;
        }
        let argument = self.follows_symbol(opened, 1, "(")
            && TAKES_NAME.iter().any(|function| self.follows_word(opened, 2, function));
        let setting = self.follows_symbol(at, 1, ",")
            && self.before(at, 2).and_then(Token::content).is_some_and(|c| c.text == "search_path")
            && self.follows_word(at, 4, "set_config");
        let typed = self.before(at, 1).is_some_and(is_reg_type);
        argument || setting || typed || self.is_cast_to_name(at + 1)
    }

    fn is_cast_to_name(&self, mut at: usize) -> bool {
        loop {
            let cast = self.is_symbol(at, "::") || self.get(at).is_some_and(|t| t.is_word("as"));
            if cast && self.get(at + 1).is_some_and(is_reg_type) {
                return true;
            }
            if cast && self.is_symbol(at + 2, ".") && self.get(at + 3).is_some_and(is_reg_type) {
                return true;
            }
            at += match self.get(at + 1) {
                Some(text) if self.is_symbol(at, "::") && text.is_word("text") => 2,
                _ if self.is_symbol(at, ")") => 1,
                _ => return false,
            };
        }
    }
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
}

/// The types whose text form is a name as SQL.
fn is_reg_type(token: &Token<'_>) -> bool {
    const TYPES: [&str; 10] = [
        "regclass",
        "regtype",
        "regproc",
        "regprocedure",
        "regoper",
        "regoperator",
        "regnamespace",
        "regcollation",
        "regconfig",
        "regdictionary",
    ];
    TYPES.iter().any(|name| token.is_word(name))
}
