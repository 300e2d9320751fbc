//! Statements with a place for the tenant's schema.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::places::{self, Form, Layer, OwnSchema, Part, Place, Sought};
use super::quote::Identifier;

/// What stands for the tenant's schema in a text that is meant for all tenants.
pub const PLACEHOLDER: &str = "__TENANT__";

/// SQL text that is the same for all tenants: where it must name the tenant's schema it says [`PLACEHOLDER`].
///
/// The placeholder is a name: it can stand wherever the name of a schema can, also in a function's body and in the
/// strings that hold names (`'__TENANT__.x'::regclass`). [`SqlTemplate::fill`] puts the schema's name there, quoted for the place: as a name,
/// in strings in strings, between dollar quotes. In any other string the placeholder is text and stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SqlTemplate {
    text: String,
    places: Vec<Place>,
    unfilled: Vec<usize>,
}

impl SqlTemplate {
    /// Takes one statement's text and finds the placeholders in it.
    pub fn parse(text: impl Into<String>) -> Self {
        let text = text.into();
        let found = places::find(&text, Part::Statement, Sought::Placeholder);
        Self { text, places: found.places, unfilled: found.doubtful }
    }

    /// The text with its placeholders: for digests, for people, and for storing.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Does it name the tenant's schema anywhere?
    pub fn names_schema(&self) -> bool {
        !self.places.is_empty()
    }

    /// Where the placeholder stands in a string that is not known to hold a name, and so will not be
    /// filled in: byte offsets.
    pub fn unfilled(&self) -> &[usize] {
        &self.unfilled
    }

    /// The statement for one schema.
    pub fn fill(&self, schema: &Identifier) -> String {
        let mut filled = String::with_capacity(self.text.len() + 16 * self.places.len());
        let mut at = 0;
        for (range, text) in self.replacements(schema) {
            filled.push_str(&self.text[at..range.start]);
            filled.push_str(&text);
            at = range.end;
        }
        filled.push_str(&self.text[at..]);
        filled
    }

    /// Where a byte of the statement for one schema stands in the template; a byte of the schema's name gives the place's start.
    pub fn origin(&self, schema: &Identifier, offset: usize) -> usize {
        let (mut before, mut after) = (0, 0);
        for (range, text) in self.replacements(schema) {
            let start = after + (range.start - before);
            if offset < start {
                break;
            }
            if offset < start + text.len() {
                return range.start;
            }
            (before, after) = (range.end, start + text.len());
        }
        (before + (offset - after)).min(self.text.len())
    }

    /// What is put where, in the order of the text.
    fn replacements(&self, schema: &Identifier) -> Vec<(Range<usize>, String)> {
        let mut replacements: Vec<_> =
            self.places.iter().map(|place| (place.at.clone(), encoded(place, schema))).collect();
        if schema.as_str().contains('$') {
            replacements.extend(self.safe_delimiters(schema));
            replacements.sort_by_key(|(range, _)| range.start);
        }
        replacements
    }

    /// New delimiters for every dollar quote with a place in it: words that occur neither in the text nor in the name.
    fn safe_delimiters(&self, schema: &Identifier) -> Vec<(Range<usize>, String)> {
        let layers = self.places.iter().flat_map(|place| &place.layers);
        let mut quotes: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        for layer in layers {
            if let Layer::Dollar(open, close) = layer
                && !quotes.iter().any(|(known, _)| known == open)
            {
                quotes.push((open.clone(), close.clone()));
            }
        }
        let free =
            |tag: &String| !self.text.contains(tag.as_str()) && !schema.as_str().contains(tag.as_str());
        let tags = (1u64..).map(|n| format!("body{n}")).filter(free);
        let delimit = |((open, close), tag): ((Range<usize>, Range<usize>), String)| {
            [(open, format!("${tag}$")), (close, format!("${tag}$"))]
        };
        quotes.into_iter().zip(tags).flat_map(delimit).collect()
    }
}

impl From<String> for SqlTemplate {
    fn from(text: String) -> Self {
        Self::parse(text)
    }
}

impl From<SqlTemplate> for String {
    fn from(template: SqlTemplate) -> Self {
        template.text
    }
}

impl fmt::Display for SqlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn encoded(place: &Place, schema: &Identifier) -> String {
    let name = match place.form {
        Form::Identifier => schema.to_string(),
        Form::Text => schema.as_str().to_owned(),
    };
    place.layers.iter().rev().fold(name, |name, layer| match layer {
        Layer::Plain => name.replace('\'', "''"),
        Layer::Escape => name.replace('\'', "''").replace('\\', "\\\\"),
        Layer::Dollar(..) => name,
    })
}

/// A text with the placeholder put where it named one schema for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abstracted {
    /// The text with placeholders.
    pub text: String,
    /// Where the schema's name was replaced: byte ranges of the text that was given, in its order.
    pub replaced: Vec<Range<usize>>,
    /// Where it seems to be meant, but is not for certain, and was left: byte offsets into the text that was given.
    pub doubtful: Vec<usize>,
}

/// Puts the placeholder into the body of a function in `sql` or `plpgsql`, wherever it qualifies by `own.schema` for
/// certain. Bodies in other languages, and everything that is not certain, stay as they are (D4).
///
/// Filling the result in with the same schema gives the body back, but for needless quotes around the name.
pub fn abstract_body(body: &str, language: &str, own: OwnSchema<'_>) -> Abstracted {
    if !places::is_sql_language(language) {
        return Abstracted { text: body.to_owned(), replaced: Vec::new(), doubtful: Vec::new() };
    }
    abstracted(body, Part::Body, own)
}

/// Puts the placeholder into the strings of a whole statement: bodies of functions, and names such as
/// `nextval('s.x'::regclass)`. What the statement itself names is for a parser to find.
pub fn abstract_strings(statement: &str, own: OwnSchema<'_>) -> Abstracted {
    abstracted(statement, Part::Statement, own)
}

fn abstracted(text: &str, part: Part, own: OwnSchema<'_>) -> Abstracted {
    let found = places::find(text, part, Sought::Schema(own));
    let replaced: Vec<_> = found.places.into_iter().map(|place| place.at).collect();
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for range in &replaced {
        result.push_str(&text[at..range.start]);
        result.push_str(PLACEHOLDER);
        at = range.end;
    }
    result.push_str(&text[at..]);
    Abstracted { text: result, replaced, doubtful: found.doubtful }
}

#[cfg(test)]
mod tests;
