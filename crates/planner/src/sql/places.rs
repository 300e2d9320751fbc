//! Finds where a SQL text names the tenant's schema, and how deep in strings that place is.
//!
//! Two questions, one walk, so that they can never disagree: where does the placeholder stand (to fill it), and where
//! is a given schema named for certain (to put the placeholder there). A string is looked into only where it is
//! known to hold a name or SQL: a function's body, `EXECUTE '...'`, `'s.x'::regclass`, `nextval('s.x')`, an item of
//! `search_path`. Any other string is text, and is never changed.

use std::ops::Range;

use super::lexer::{Content, StringKind, Token, TokenKind, tokens};
use super::template::PLACEHOLDER;

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) enum Sought<'a> {
    /// The placeholder: whoever wrote it meant it, wherever a name can stand.
    Placeholder,
    /// A schema by its name: found only where nothing else can be meant.
    Schema(OwnSchema<'a>),
}

/// Which schema is to be abstracted from, and what else a text could mean by its name.
#[derive(Clone, Copy)]
pub struct OwnSchema<'a> {
    /// The schema's bare name.
    pub schema: &'a str,
    /// Names that a body can use without declaring them: its function's and its parameters'.
    pub declared: &'a [&'a str],
    /// Is this the name of an object of the schema? Others are left as they are: a type of an extension that lives in
    /// `public`, say, while the tenant's schema is `public` too.
    pub owns: &'a dyn Fn(&str) -> bool,
}

/// A place of the schema's name in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The bytes that stand for the name, quotes of a name included.
    pub at: Range<usize>,
    /// What is to be put there.
    pub form: Form,
    /// The strings it stands in, the outermost first.
    pub layers: Vec<Layer>,
}

/// How the name is written at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As SQL: quoted where needed.
    Identifier,
    /// As it is: the whole content of a string.
    Text,
}

/// A string around a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// `'...'`: quotes double.
    Plain,
    /// `E'...'`: quotes and backslashes double.
    Escape,
    /// `$tag$...$tag$`: the name must not end it. Where its two delimiters stand.
    Dollar(Range<usize>, Range<usize>),
}

/// What a walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// In the order of the text.
    pub places: Vec<Place>,
    /// Where the name seems to be meant, but not for certain, or where it cannot be filled in: byte offsets.
    pub doubtful: Vec<usize>,
}

/// What kind of text is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A whole statement. Of a schema by name, only its strings are looked at: its names need a parser.
    Statement,
    /// The body of a function in `sql` or `plpgsql`.
    Body,
    /// The beginning of a statement that a body puts together: an alias may stand in the part that is not seen.
    Piece,
}

/// Walks a whole text.
pub(super) fn find(text: &str, part: Part, sought: Sought<'_>) -> Found {
    let mut walk = Walk { sought, found: Found::default() };
    if walk.may_occur(text) {
        walk.sql(text, &|at| at, part, &[]);
    }
    walk.found
}

/// Languages whose bodies are SQL to the lexer.
pub(super) fn is_sql_language(name: &str) -> bool {
    matches!(name, "sql" | "plpgsql")
}

struct Walk<'a> {
    sought: Sought<'a>,
    found: Found,
}

impl Walk<'_> {
    /// Cheap and generous: most texts name no schema at all.
    fn may_occur(&self, text: &str) -> bool {
        let needle = match self.sought {
            Sought::Placeholder => PLACEHOLDER,
            // A name with a quote is written in more than one way.
            Sought::Schema(own) if own.schema.contains(['"', '\'', '\\']) => return true,
            Sought::Schema(own) => own.schema,
        };
        contains_ignoring_case(text, needle)
    }

    fn is_sought(&self, token: &Token<'_>) -> bool {
        match self.sought {
            Sought::Placeholder => is_placeholder(token),
            Sought::Schema(own) => token.name().is_some_and(|name| name == own.schema),
        }
    }

    fn place(&mut self, at: Range<usize>, form: Form, layers: &[Layer]) {
        self.found.places.push(Place { at, form, layers: layers.to_vec() });
    }

    fn sql(&mut self, text: &str, origin: &dyn Fn(usize) -> usize, part: Part, layers: &[Layer]) {
        let all: Vec<Token<'_>> = tokens(text).filter(|token| !token.is_trivia()).collect();
        let body = Context::new(&all);
        let alone = match self.sought {
            Sought::Schema(own) if part == Part::Body => self.nothing_else_bears_it(&body, own),
            _ => false,
        };
        for (at, token) in all.iter().enumerate() {
            if let TokenKind::String(_) = token.kind {
                self.string(&body, at, origin, part, layers);
            } else if self.is_sought(token) {
                self.name(&body, at, origin, part, alone, layers);
            }
        }
    }

    /// A variable, an alias or a table of the schema's name would have to be introduced, by its bare name or as the last part of
    /// one. If nothing does, whatever it qualifies is an object of the schema.
    fn nothing_else_bears_it(&self, body: &Context<'_, '_>, own: OwnSchema<'_>) -> bool {
        !own.declared.contains(&own.schema)
            && (0..body.len()).all(|at| {
                !self.is_sought(&body.tokens[at])
                    || body.is_symbol(at + 1, ".")
                    || body.is_search_path_item(at)
            })
    }

    fn name(
        &mut self,
        body: &Context<'_, '_>,
        at: usize,
        origin: &dyn Fn(usize) -> usize,
        part: Part,
        alone: bool,
        layers: &[Layer],
    ) {
        let token = &body.tokens[at];
        let range = origin(token.start)..origin(token.end());
        let certain = match self.sought {
            Sought::Placeholder => true,
            Sought::Schema(_) if part == Part::Statement => return,
            Sought::Schema(_) if body.is_search_path_item(at) => true,
            Sought::Schema(own) if body.qualifies(at) && (own.owns)(&body.object(at + 2)) => {
                alone || body.needs_schema(at)
            }
            Sought::Schema(_) => return,
        };
        if certain {
            self.place(range, Form::Identifier, layers);
        } else {
            self.found.doubtful.push(range.start);
        }
    }

    fn string(
        &mut self,
        body: &Context<'_, '_>,
        at: usize,
        origin: &dyn Fn(usize) -> usize,
        part: Part,
        layers: &[Layer],
    ) {
        let token = &body.tokens[at];
        let Some(content) = token.content() else {
            if self.may_occur(token.text) {
                self.found.doubtful.push(origin(token.start));
            }
            return;
        };
        if !self.may_occur(&content.text) {
            return;
        }
        let outward = |inner: usize| origin(content.origin(inner));
        let mut inside = layers.to_vec();
        inside.push(layer(token, &content, origin));
        match body.role(at, part) {
            Role::Body => self.sql(&content.text, &outward, Part::Body, &inside),
            Role::Piece => self.sql(&content.text, &outward, Part::Piece, &inside),
            Role::Names => self.names(&content, &outward, &inside),
            Role::SearchPathItem if self.is_exactly(&content.text) => {
                self.place(outward(0)..outward(content.text.len()), Form::Text, &inside);
            }
            Role::SearchPathItem => {}
            Role::Text => self.text(&content.text, &outward),
        }
    }

    /// A string that holds names: `s.x`, `s.f(s.t)`, or `s, public`.
    fn names(&mut self, content: &Content, outward: &dyn Fn(usize) -> usize, layers: &[Layer]) {
        let all: Vec<Token<'_>> = tokens(&content.text).filter(|token| !token.is_trivia()).collect();
        let inner = Context::new(&all);
        for (at, token) in all.iter().enumerate() {
            let leads = at == 0 || !inner.is_symbol(at - 1, ".");
            let whole = inner.get(at + 1).is_none_or(|next| next.is_symbol(",") || next.is_symbol("."));
            if self.is_sought(token) && leads && whole {
                self.place(outward(token.start)..outward(token.end()), Form::Identifier, layers);
            }
        }
    }

    /// A string that is text to us: says only that the name is in it.
    fn text(&mut self, text: &str, outward: &dyn Fn(usize) -> usize) {
        if self.is_exactly(text) {
            self.found.doubtful.push(outward(0));
            return;
        }
        let all: Vec<Token<'_>> = tokens(text).collect();
        let next_is_dot = |at: usize| all.get(at + 1).is_some_and(|next| next.is_symbol("."));
        let meant = |at: usize| {
            self.is_sought(&all[at]) && (next_is_dot(at) || matches!(self.sought, Sought::Placeholder))
        };
        if let Some(at) = (0..all.len()).find(|&at| meant(at)) {
            self.found.doubtful.push(outward(all[at].start));
        }
    }

    fn is_exactly(&self, text: &str) -> bool {
        match self.sought {
            Sought::Placeholder => text == PLACEHOLDER,
            Sought::Schema(own) => text == own.schema,
        }
    }
}

fn layer(token: &Token<'_>, content: &Content, origin: &dyn Fn(usize) -> usize) -> Layer {
    match token.kind {
        TokenKind::String(StringKind::Dollar) => {
            let (body, end) = (content.origin(0), content.origin(content.text.len()));
            Layer::Dollar(origin(token.start)..origin(body), origin(end)..origin(token.end()))
        }
        TokenKind::String(StringKind::Escape) => Layer::Escape,
        _ => Layer::Plain,
    }
}

/// The placeholder as a name: bare in any case, or quoted as it stands.
fn is_placeholder(token: &Token<'_>) -> bool {
    token.is_word(PLACEHOLDER)
        || (token.kind == TokenKind::QuotedName && token.name().is_some_and(|name| name == PLACEHOLDER))
}

fn contains_ignoring_case(text: &str, needle: &str) -> bool {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

/// What a string is for, judged by what stands around it.
enum Role {
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
struct Context<'t, 'a> {
    tokens: &'t [Token<'a>],
    /// The name in front of the parenthesis that each token stands in.
    called: Vec<Option<usize>>,
}

impl<'t, 'a> Context<'t, 'a> {
    fn new(tokens: &'t [Token<'a>]) -> Self {
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

    fn len(&self) -> usize {
        self.tokens.len()
    }

    fn get(&self, at: usize) -> Option<&Token<'a>> {
        self.tokens.get(at)
    }

    /// The token `back` places before `at`.
    fn before(&self, at: usize, back: usize) -> Option<&Token<'a>> {
        self.tokens.get(at.checked_sub(back)?)
    }

    fn is_symbol(&self, at: usize, symbol: &str) -> bool {
        self.get(at).is_some_and(|token| token.is_symbol(symbol))
    }

    fn follows_word(&self, at: usize, back: usize, word: &str) -> bool {
        self.before(at, back).is_some_and(|token| token.is_word(word))
    }

    fn follows_symbol(&self, at: usize, back: usize, symbol: &str) -> bool {
        self.before(at, back).is_some_and(|token| token.is_symbol(symbol))
    }

    /// The object named at `at`, after a qualifier's dot: a name, or an operator.
    fn object(&self, at: usize) -> String {
        match self.get(at).and_then(Token::name) {
            Some(name) => name.into(),
            None => {
                let symbols = self.tokens.iter().skip(at).take_while(|token| token.kind == TokenKind::Symbol);
                symbols.map(|token| token.text).take_while(|symbol| *symbol != ")").collect()
            }
        }
    }

    /// Is the name at `at` the first part of a dotted one?
    fn qualifies(&self, at: usize) -> bool {
        self.is_symbol(at + 1, ".") && !self.follows_symbol(at, 1, ".")
    }

    /// Can the dotted name that starts at `at` be nothing but schema and object, whatever else is called like the schema?
    fn needs_schema(&self, at: usize) -> bool {
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
    fn is_search_path_item(&self, at: usize) -> bool {
        let mut first = at;
        while self.follows_symbol(first, 1, ",") && first >= 2 {
            first -= 2;
        }
        let set = ["set", "local", "session"];
        (self.follows_word(first, 1, "to") || self.follows_symbol(first, 1, "="))
            && self.follows_word(first, 2, "search_path")
            && set.iter().any(|word| self.follows_word(first, 3, word))
    }

    fn role(&self, at: usize, part: Part) -> Role {
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
