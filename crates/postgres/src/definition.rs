//! Reading a definition: what its text declares, before anything runs on a server.
//!
//! Pure: no server is asked, nothing is executed. A definition's sources are split into statements, each is classified by a
//! list of what a definition can hold (D1), the tenant's own schema is found and replaced by a placeholder (D3, D4), and what
//! cannot be is refused, all of it at once, with its place and what to write instead. Whether the rest is right
//! SQL is for the server to say; [`Definition::locate`] leads its complaints back to the text.

mod classify;
mod drops;
mod names;
mod note;
mod own;
mod qualify;
mod read;
mod refusal;
mod settings;
mod source;
mod split;

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest as _, Sha256};
use tenantry_engine::{DefinitionFault, Source};
use tenantry_planner::Digest;
use tenantry_planner::sql::lexer::tokens;
use tenantry_planner::sql::{Identifier, SqlTemplate};

use self::classify::Class;
use self::own::OwnSchema;
use self::qualify::Edits;
use self::read::ReadStatement;
use self::source::Lines;

pub use self::classify::StatementKind;
pub use self::note::{LeftOut, Note, NoteKind};
pub use self::refusal::{OtherSchema, Own, Reason, Refusal};
pub use self::source::{Excerpt, Location};

/// How to read a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The schema whose qualification means the tenant's own. Unless given, the text says it.
    pub own_schema: Option<String>,
}

/// What a definition's text declares: statements that make one tenant's schema, in the order they run.
#[derive(Clone, Debug)]
pub struct Definition {
    sources: Vec<Source>,
    statements: Vec<Statement>,
    preconditions: Vec<Precondition>,
    notes: Vec<Note>,
    own_schema: Option<String>,
    searched: Vec<String>,
    outside: BTreeSet<Outside>,
}

/// Something that a definition refers to and does not make.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outside {
    /// The schema that it is named with.
    pub schema: Option<String>,
    /// Its own name.
    pub name: String,
}

/// Something that a tenant's schema rests on, and that has to be there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precondition {
    /// The extension.
    pub extension: String,
    /// The schema that the definition expects it in, if it says so.
    pub schema: Option<String>,
    /// Where the definition says it.
    pub location: Location,
}

impl Precondition {
    /// A complaint about it, at its place in the text.
    pub fn fault(&self, message: impl Into<String>) -> DefinitionFault {
        fault(self.location.clone(), message.into(), None)
    }
}

/// One statement of a definition.
#[derive(Clone, Debug)]
pub struct Statement {
    kind: StatementKind,
    template: SqlTemplate,
    without_data: Option<SqlTemplate>,
    edits: Edits,
    source: usize,
    start: usize,
    head: String,
    location: Location,
}

impl Statement {
    /// What it does.
    pub fn kind(&self) -> StatementKind {
        self.kind
    }

    /// Its text, with the placeholder where it names the tenant's schema; no semicolon.
    pub fn template(&self) -> &SqlTemplate {
        &self.template
    }

    /// Its text for one schema.
    pub fn sql_for(&self, schema: &Identifier) -> String {
        self.template.fill(schema)
    }

    /// Its text for a shadow: a materialized view is made WITH NO DATA, since filling it would run the schema's own
    /// functions (D2).
    pub fn shadow_sql_for(&self, schema: &Identifier) -> String {
        self.without_data.as_ref().unwrap_or(&self.template).fill(schema)
    }

    /// Its first words, for people.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Where it begins.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl Definition {
    /// Reads the sources in their order, as one text. Refuses everything that cannot be in a definition, all at once.
    pub fn read(sources: &[Source], options: &ReadOptions) -> Result<Self, Vec<Refusal>> {
        let lines: Vec<Lines<'_>> = sources.iter().map(Lines::of).collect();
        let mut statements = read::read(&lines);
        let own = own::find(&statements, options.own_schema.as_deref());
        drops::decide(&mut statements, &own);
        let mut reading = Reading::new(&lines);
        reading.refuse_elsewhere(&statements, &own);
        for statement in &statements {
            reading.take(statement, &own);
        }
        if !reading.refusals.is_empty() {
            reading.refusals.sort_by_key(|(place, _)| *place);
            return Err(reading.refusals.into_iter().map(|(_, refusal)| refusal).collect());
        }
        Ok(Self {
            sources: sources.to_vec(),
            statements: reading.statements,
            preconditions: reading.preconditions,
            notes: reading.notes,
            own_schema: own.name().map(str::to_owned),
            searched: searched(&statements, &own),
            outside: outside(&statements, &own),
        })
    }

    /// The statements to run, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// What has to be there before.
    pub fn preconditions(&self) -> &[Precondition] {
        &self.preconditions
    }

    /// What was left out or read otherwise than it is written.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The schema whose qualification was taken for the tenant's own, if the text names one.
    pub fn own_schema(&self) -> Option<&str> {
        self.own_schema.as_deref()
    }

    /// Further schemas that the definition's own `SET search_path` looks for unqualified names in.
    pub fn searched_schemas(&self) -> &[String] {
        &self.searched
    }

    /// What it refers to and does not make, as far as the syntax tells: relations, types, and whatever is qualified.
    pub fn outside(&self) -> &BTreeSet<Outside> {
        &self.outside
    }

    /// True if it makes nothing: whoever applied it would remove everything there is.
    pub fn is_empty(&self) -> bool {
        !self.statements.iter().any(|statement| statement.kind == StatementKind::Create)
    }

    /// The digest of what is declared: of the statements, and of what has to be there. Comments and blanks outside of strings
    /// and bodies, and what is left out, do not matter.
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update(text.len().to_be_bytes());
            hash.update(text.as_bytes());
        };
        for precondition in &self.preconditions {
            add(&precondition.extension);
            add(precondition.schema.as_deref().unwrap_or_default());
        }
        add("");
        for statement in &self.statements {
            add(&without_trivia(statement.template.as_str()));
        }
        Digest::of(hash)
    }

    /// Where a complaint of the server's belongs in the text. `position` is the one that the server gives with an error,
    /// counted in characters from 1, in [`Statement::sql_for`] or [`Statement::shadow_sql_for`] of that schema; without one, it is the statement's
    /// beginning.
    pub fn locate(
        &self,
        statement: &Statement,
        schema: &Identifier,
        position: Option<u32>,
    ) -> (Location, Excerpt) {
        let offset = position.map_or(0, |position| {
            let template = statement.without_data.as_ref().unwrap_or(&statement.template);
            qualify::origin(template, &statement.edits, schema, position)
        });
        let lines = Lines::of(&self.sources[statement.source]);
        let at = statement.start + offset;
        (lines.location(at), lines.excerpt(at))
    }

    /// A complaint of the server's about one statement, at its place in the text.
    pub fn fault(
        &self,
        statement: &Statement,
        schema: &Identifier,
        position: Option<u32>,
        message: impl Into<String>,
    ) -> DefinitionFault {
        let (location, excerpt) = self.locate(statement, schema, position);
        fault(location, message.into(), Some(&excerpt))
    }
}

impl Refusal {
    /// The same in the words that leave the engine.
    pub fn fault(&self) -> DefinitionFault {
        let message = format!("`{}`: {}", self.statement, self.reason);
        fault(self.location.clone(), message, self.excerpt.as_ref())
    }
}

fn fault(location: Location, message: String, excerpt: Option<&Excerpt>) -> DefinitionFault {
    let Location { source, line, column } = location;
    DefinitionFault {
        source,
        line,
        column,
        message,
        excerpt: excerpt.map(ToString::to_string).unwrap_or_default(),
    }
}

/// A definition while it is put together.
struct Reading<'a> {
    lines: &'a [Lines<'a>],
    statements: Vec<Statement>,
    preconditions: Vec<Precondition>,
    notes: Vec<Note>,
    /// The note on what is left out alike.
    left_out: HashMap<(LeftOut, String), usize>,
    /// By their places: source and byte.
    refusals: Vec<((usize, usize), Refusal)>,
}

impl<'a> Reading<'a> {
    fn new(lines: &'a [Lines<'a>]) -> Self {
        let (statements, preconditions, notes, refusals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { lines, statements, preconditions, notes, left_out: HashMap::new(), refusals }
    }

    /// `fault` is where in the statement the reason is, if that is not the whole of it.
    fn refuse(&mut self, statement: &ReadStatement<'_>, reason: Reason, fault: Option<usize>) {
        let lines = &self.lines[statement.source];
        let at = statement.start + fault.unwrap_or(0);
        let excerpt = fault.map(|_| lines.excerpt(at));
        let refusal = Refusal { location: lines.location(at), statement: statement.head(), reason, excerpt };
        self.refusals.push(((statement.source, at), refusal));
    }

    /// One refusal for each other schema, at the first statement that reaches into it.
    fn refuse_elsewhere(&mut self, statements: &[ReadStatement<'_>], own: &OwnSchema) {
        for (schema, found) in &own.elsewhere {
            let (schema, statements_there) = (schema.clone(), found.len());
            let reason = OtherSchema { schema, statements: statements_there, own: own.own.clone() };
            self.refuse(&statements[found[0]], Reason::OtherSchema(reason), None);
        }
        if let Own::Named(name, location) = &own.own {
            self.notes.push(Note { location: location.clone(), kind: NoteKind::OwnSchema(name.clone()) });
        }
    }

    fn take(&mut self, statement: &ReadStatement<'_>, own: &OwnSchema) {
        match &statement.class {
            Class::Run(kind) => self.run(statement, *kind, own),
            Class::Extension { name, schema } => self.preconditions.push(Precondition {
                extension: name.clone(),
                schema: schema.clone(),
                location: statement.location.clone(),
            }),
            Class::LeftOut(why) => self.leave_out(statement, *why),
            Class::Refused(reason) => self.refuse(statement, reason.clone(), statement.fault),
            Class::Nothing | Class::Schema | Class::SearchPath(_) | Class::StandardStrings(_) => {}
            // Every DROP was decided on before.
            Class::Drop { .. } | Class::DropSchema => {}
        }
    }

    /// Notes what is left out: one note for all that is alike.
    fn leave_out(&mut self, statement: &ReadStatement<'_>, why: LeftOut) {
        let head = statement.head();
        let alike = if why == LeftOut::Bookkeeping { head.clone() } else { String::new() };
        let noted = self.left_out.get(&(why, alike.clone())).and_then(|&at| self.notes.get_mut(at));
        if let Some(Note { kind: NoteKind::LeftOut { more, .. }, .. }) = noted {
            *more += 1;
            return;
        }
        self.left_out.insert((why, alike), self.notes.len());
        let kind = NoteKind::LeftOut { statement: head, more: 0, why };
        self.notes.push(Note { location: statement.location.clone(), kind });
    }

    fn run(&mut self, statement: &ReadStatement<'_>, kind: StatementKind, own: &OwnSchema) {
        let qualified = qualify::qualify(statement, own);
        let location = |at: usize| self.lines[statement.source].location(statement.start + at);
        if kind != StatementKind::Comment
            && let Some(&at) = qualified.template.unfilled().first()
        {
            let fault = qualified.edits.origin(at);
            self.refuse(statement, Reason::PlaceholderInText, Some(fault));
            return;
        }
        if statement.parts.concurrently.is_some() {
            let kind = NoteKind::Concurrently { statement: statement.head() };
            self.notes.push(Note { location: statement.location.clone(), kind });
        }
        if statement.parts.tablespace {
            let kind = NoteKind::Tablespace { statement: statement.head() };
            self.notes.push(Note { location: statement.location.clone(), kind });
        }
        if let Some(schema) = own.name()
            && let Some(&at) = qualified.replaced_in_body.iter().chain(&qualified.left_in_body).min()
        {
            let function =
                statement.names.targets().next().map(|name| name.object.clone()).unwrap_or_default();
            let kind = NoteKind::HardCodedSchema {
                function,
                schema: schema.to_owned(),
                replaced: qualified.replaced_in_body.len(),
                left: qualified.left_in_body.iter().map(|&at| location(at).line).collect(),
            };
            self.notes.push(Note { location: location(at), kind });
        }
        self.statements.push(Statement {
            kind,
            without_data: statement
                .parts
                .materialized_view
                .then(|| qualify::without_data(statement, &qualified)),
            template: qualified.template,
            edits: qualified.edits,
            source: statement.source,
            start: statement.start,
            head: statement.head(),
            location: statement.location.clone(),
        });
    }
}

/// The further schemas of all search paths that the definition sets.
fn searched(statements: &[ReadStatement<'_>], own: &OwnSchema) -> Vec<String> {
    let paths = statements.iter().filter_map(|statement| match &statement.class {
        Class::SearchPath(items) => Some(items),
        _ => None,
    });
    let never = ["", "$user", "pg_catalog", "pg_temp", "information_schema"];
    let mut schemas: Vec<String> = Vec::new();
    for schema in paths.flatten() {
        if !never.contains(&schema.as_str()) && !own.is_own(schema) && !schemas.contains(schema) {
            schemas.push(schema.clone());
        }
    }
    schemas
}

/// What all statements that run refer to and none makes.
fn outside(statements: &[ReadStatement<'_>], own: &OwnSchema) -> BTreeSet<Outside> {
    let run = statements.iter().filter(|statement| matches!(statement.class, Class::Run(_)));
    let names = run.flat_map(|statement| {
        let unqualified = statement.names.unqualified.iter().map(|name| (None, name));
        let objects = statement.names.objects.iter();
        objects.map(|name| (name.schema.as_ref().map(|schema| &schema.name), &name.object)).chain(unqualified)
    });
    let elsewhere = names.filter(|(schema, name)| match schema {
        Some(schema) => !own.is_own(schema) || !own.owns(name),
        None => !own.made.contains(*name),
    });
    elsewhere.map(|(schema, name)| Outside { schema: schema.cloned(), name: name.clone() }).collect()
}

/// The text with every run of blanks and comments outside of strings as one blank.
fn without_trivia(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut apart = false;
    for token in tokens(text) {
        if token.is_trivia() {
            apart = true;
            continue;
        }
        if apart && !result.is_empty() {
            result.push(' ');
        }
        apart = false;
        result.push_str(token.text);
    }
    result
}

#[cfg(test)]
mod tests;
