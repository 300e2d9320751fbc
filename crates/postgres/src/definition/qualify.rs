//! From a statement's text to a template: the tenant's own schema becomes the placeholder wherever it is named for
//! certain, and what a statement changes is looked for in the tenant's schema only.

use std::ops::Range;

use tenantry_planner::sql::{self, Identifier, PLACEHOLDER, SqlTemplate};

use super::names::{Name, Role};
use super::own::{OwnSchema, is_placeholder};
use super::read::ReadStatement;

/// A statement's template, and the way back from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Qualified {
    pub template: SqlTemplate,
    pub edits: Edits,
    /// Places in the function's body where the schema was replaced: how many, and where the first is.
    pub replaced_in_body: Vec<usize>,
    /// Places in the function's body where it stays, though it may be meant.
    pub left_in_body: Vec<usize>,
}

/// What was changed of a statement's text: bytes of the text, and what is there in the template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// The text with the edits made.
    fn apply(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len() + 16 * self.0.len());
        let mut at = 0;
        for (range, replacement) in &self.0 {
            result.push_str(&text[at..range.start]);
            result.push_str(replacement);
            at = range.end;
        }
        result.push_str(&text[at..]);
        result
    }

    /// Where a byte of the template stands in the text.
    pub(super) fn origin(&self, offset: usize) -> usize {
        let (mut before, mut after) = (0, 0);
        for (range, replacement) in &self.0 {
            let start = after + (range.start - before);
            if offset < start {
                break;
            }
            if offset < start + replacement.len() {
                return range.start;
            }
            (before, after) = (range.end, start + replacement.len());
        }
        before + (offset - after)
    }
}

/// Makes the template of one statement.
pub(super) fn qualify(statement: &ReadStatement<'_>, own: &OwnSchema) -> Qualified {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut replaced_in_body = Vec::new();
    let mut left_in_body = Vec::new();
    let in_body = |at: usize| statement.parts.body.as_ref().is_some_and(|body| body.contains(&at));
    if let Some(schema) = own.name() {
        for range in named_by_syntax(statement, own) {
            edits.push((range, PLACEHOLDER.to_owned()));
        }
        let declared: Vec<&str> = statement.declared.iter().map(String::as_str).collect();
        let owns = |object: &str| own.owns(object);
        let sought = sql::OwnSchema { schema, declared: &declared, owns: &owns };
        let strings = sql::abstract_strings(statement.text, sought);
        let (inside, outside): (Vec<_>, Vec<_>) =
            strings.replaced.into_iter().partition(|range| in_body(range.start));
        replaced_in_body.extend(inside.iter().map(|range| range.start));
        left_in_body.extend(strings.doubtful.into_iter().filter(|&at| in_body(at)));
        edits.extend(inside.into_iter().chain(outside).map(|range| (range, PLACEHOLDER.to_owned())));
        if !statement.parsed {
            // The tree may be wrong: what the lexer knows for certain still is.
            let lexed = sql::abstract_body(statement.text, "sql", sought);
            edits.extend(lexed.replaced.into_iter().map(|range| (range, PLACEHOLDER.to_owned())));
        }
    }
    if statement.parsed {
        edits.extend(pins(statement));
    }
    edits.extend(statement.parts.concurrently.clone().map(|word| (word, String::new())));
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    edits.dedup_by(|later, earlier| later.0.start < earlier.0.end);
    let edits = Edits(edits);
    let template = SqlTemplate::parse(edits.apply(statement.text));
    Qualified { template, edits, replaced_in_body, left_in_body }
}

/// Where the syntax tree names the tenant's own schema.
fn named_by_syntax<'s>(
    statement: &'s ReadStatement<'_>,
    own: &'s OwnSchema,
) -> impl Iterator<Item = Range<usize>> + 's {
    let objects = statement.names.objects.iter().filter_map(move |name| {
        let schema = name.schema.as_ref().filter(|schema| own.is_own(&schema.name))?;
        let tenants = name.role != Role::Refers || own.owns(&name.object);
        (tenants && !is_placeholder(&schema.name)).then(|| schema.range.clone())
    });
    let schemas = statement.names.schemas.iter().chain(&statement.names.search_path);
    let named = schemas.filter(|schema| own.name() == Some(schema.name.as_str()));
    objects.chain(named.map(|schema| schema.range.clone()))
}

/// An unqualified name of something that the statement changes gets the tenant's schema: without it the server would go on to
/// the rest of the search path, and change a table of everyone's.
fn pins<'s>(statement: &'s ReadStatement<'_>) -> impl Iterator<Item = (Range<usize>, String)> + 's {
    let unqualified = |name: &&Name| name.role == Role::Changes && name.schema.is_none();
    let changed = statement.names.objects.iter().filter(unqualified);
    changed.map(|name| (name.start..name.start, format!("{PLACEHOLDER}.")))
}

/// Where a character of the statement that ran in `schema` stands in the statement's text, in bytes. PostgreSQL counts
/// characters from 1.
pub(super) fn origin(template: &SqlTemplate, edits: &Edits, schema: &Identifier, position: u32) -> usize {
    let filled = template.fill(schema);
    let index = usize::try_from(position).unwrap_or(usize::MAX).saturating_sub(1);
    let offset = filled.char_indices().nth(index).map_or(filled.len(), |(at, _)| at);
    edits.origin(template.origin(schema, offset))
}

/// The template of a materialized view WITH NO DATA. Only its end differs, so positions mean the same in both.
pub(super) fn without_data(statement: &ReadStatement<'_>, qualified: &Qualified) -> SqlTemplate {
    let text = qualified.template.as_str();
    let end = match &statement.parts.with_data {
        Some(clause) => text.len() - (statement.text.len() - clause.start),
        None => text.len(),
    };
    SqlTemplate::parse(format!("{} WITH NO DATA", text[..end].trim_end()))
}
