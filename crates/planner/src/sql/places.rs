//! Finds where a SQL text names the tenant's schema, and how deep in strings that place is.
//!
//! Two questions, one walk, so that they can never disagree: where does the placeholder stand (to fill it), and where
//! is a given schema named for certain (to put the placeholder there). A string is looked into only where it is
//! known to hold a name or SQL: a function's body, `EXECUTE '...'`, `'s.x'::regclass`, `nextval('s.x')`, an item of
//! `search_path`. Any other string is text, and is never changed.

mod context;

use std::ops::Range;

use self::context::{Context, Role};
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
            Role::Text => {
                let names_schema = body.is_compared_to_schema_name(at);
                self.text(&content.text, &outward, names_schema);
            }
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
    fn text(&mut self, text: &str, outward: &dyn Fn(usize) -> usize, names_schema: bool) {
        let placeholder = matches!(self.sought, Sought::Placeholder);
        if self.is_exactly(text) && (placeholder || names_schema) {
            self.found.doubtful.push(outward(0));
            return;
        }
        if let Some(at) = self.mentioned(text, placeholder) {
            self.found.doubtful.push(outward(at));
        }
    }

    /// Where the name stands in a text that may be in any language: as a word, and before a dot if it is a schema's.
    fn mentioned(&self, text: &str, anywhere: bool) -> Option<usize> {
        let needle = match self.sought {
            Sought::Placeholder => PLACEHOLDER,
            Sought::Schema(own) => own.schema,
        };
        let of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let is_word = |at: usize| {
            let rest = text[at + needle.len()..].trim_start_matches(['"', '\\']);
            let qualifies =
                rest.strip_prefix('.').is_some_and(|object| object.starts_with(|c| of_name(c) || c == '"'));
            let ends = !rest.starts_with(of_name);
            !text[..at].ends_with(of_name) && (qualifies || (anywhere && ends))
        };
        let matches = |at: &usize| {
            text.is_char_boundary(*at)
                && text.get(*at..*at + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(needle))
        };
        (0..text.len()).filter(matches).find(|&at| is_word(at))
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
