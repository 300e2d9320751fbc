//! The names in one statement: which objects it makes, changes or refers to, and by which schema they are qualified.
//!
//! By the syntax tree, so for certain: `acme.id` in an expression is a column of something called `acme`, `acme.f()`
//! is a function in the schema `acme`, whatever else is called so.

use std::ops::Range;

use squawk_syntax::{SyntaxKind, SyntaxNode};
use tenantry_planner::sql::lexer::tokens;

/// The name of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The schema in front of it.
    pub schema: Option<Qualifier>,
    /// Its own name, as the server reads it; an operator's symbols.
    pub object: String,
    /// Where it starts, qualifier and all, in the statement.
    pub start: usize,
    /// What the statement does to it.
    pub role: Role,
}

/// A schema's name, and the bytes of the statement that spell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Qualifier {
    pub name: String,
    pub range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Makes it, in the schema that is named, or else in the first of the search path.
    Makes,
    /// Makes it beside the object it belongs to: an index, what a RENAME leads to.
    MakesBeside,
    Changes,
    Refers,
}

/// All names of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// Qualified ones, and all that are made or changed.
    pub objects: Vec<Name>,
    /// Schemas that are named themselves: `ON SCHEMA x`, `IN SCHEMA x`, `SET SCHEMA x`.
    pub schemas: Vec<Qualifier>,
    /// Bare items of a `search_path`; those that are strings are not among them.
    pub search_path: Vec<Qualifier>,
    /// Relations and types that are referred to without a qualification.
    pub unqualified: Vec<String>,
}

impl Names {
    /// Reads the names of a statement. Byte ranges are those of the text that was parsed.
    pub(super) fn of(statement: &SyntaxNode) -> Self {
        let mut names = Self::default();
        let changed = changed_paths(statement);
        for node in statement.descendants() {
            match node.kind() {
                SyntaxKind::PATH | SyntaxKind::PATH_REF if is_outermost_path(&node) => {
                    let role = role_of(&node, statement.kind(), &changed);
                    names.objects.extend(path_name(&node, role));
                }
                SyntaxKind::OP if changed.contains(&node) || is_made_operator(&node) => {
                    let role = if changed.contains(&node) { Role::Changes } else { Role::Makes };
                    names.objects.extend(operator_name(&node, role));
                }
                SyntaxKind::OP => {
                    names
                        .objects
                        .extend(operator_name(&node, Role::Refers).filter(|name| name.schema.is_some()));
                }
                SyntaxKind::FIELD_EXPR => names.objects.extend(field_name(&node)),
                SyntaxKind::SCHEMA | SyntaxKind::SCHEMA_REF => names.schemas.extend(qualifier(&node)),
                SyntaxKind::CONFIG_VALUE_NAME if sets_search_path(&node) => {
                    names.search_path.extend(qualifier(&node));
                }
                _ => {}
            }
        }
        let (objects, unqualified) =
            names.objects.into_iter().partition(|name| name.schema.is_some() || name.role != Role::Refers);
        names.objects = objects;
        names.unqualified = unqualified.into_iter().map(|name: Name| name.object).collect();
        names
    }

    /// The objects that the statement makes or changes.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Name> {
        self.objects.iter().filter(|name| name.role != Role::Refers)
    }
}

/// A path that is no part of a longer one, nor of an operator (whose path holds only its schema), and names an object.
fn is_outermost_path(node: &SyntaxNode) -> bool {
    use SyntaxKind::{CONFIG_PARAMETER_REF, CONSTRAINT_NAME_REF, OP, PATH, PATH_REF};
    node.parent().is_none_or(|parent| {
        !matches!(parent.kind(), PATH | PATH_REF | OP | CONFIG_PARAMETER_REF | CONSTRAINT_NAME_REF)
    })
}

fn role_of(path: &SyntaxNode, statement: SyntaxKind, changed: &[SyntaxNode]) -> Role {
    if path.kind() == SyntaxKind::PATH || names_multirange(path) {
        let creates =
            statement != SyntaxKind::CREATE_INDEX && format!("{statement:?}").starts_with("CREATE_");
        if creates || segments(path).len() > 1 { Role::Makes } else { Role::MakesBeside }
    } else if changed.contains(path) {
        Role::Changes
    } else {
        Role::Refers
    }
}

/// `CREATE TYPE r AS RANGE (multirange_type_name = m)` makes two types.
fn names_multirange(path: &SyntaxNode) -> bool {
    let option = path.ancestors().find(|node| node.kind() == SyntaxKind::ATTRIBUTE_OPTION);
    let name = option.and_then(|o| o.children().find(|child| child.kind() == SyntaxKind::ATTRIBUTE_NAME));
    name.is_some_and(|name| name.text().to_string().eq_ignore_ascii_case("multirange_type_name"))
}

fn is_made_operator(operator: &SyntaxNode) -> bool {
    operator.parent().is_some_and(|parent| parent.kind() == SyntaxKind::CREATE_OPERATOR)
}

/// The paths and operators that the statement changes: those in its head, not those in what it says about them.
fn changed_paths(statement: &SyntaxNode) -> Vec<SyntaxNode> {
    let mut changed = Vec::new();
    collect_changed(statement, statement.kind(), &mut changed);
    changed
}

fn collect_changed(node: &SyntaxNode, statement: SyntaxKind, changed: &mut Vec<SyntaxNode>) {
    for child in node.children() {
        let kind = child.kind();
        if kind == SyntaxKind::PATH_REF
            || (kind == SyntaxKind::OP && statement != SyntaxKind::CREATE_OPERATOR)
        {
            changed.push(child);
        } else if leads_to_changed(kind, statement) {
            collect_changed(&child, statement, changed);
        }
    }
}

/// Nodes of a statement's head, from the statement to the names of what it changes.
fn leads_to_changed(kind: SyntaxKind, statement: SyntaxKind) -> bool {
    let name = format!("{kind:?}");
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    let on_table = matches!(
        kind,
        SyntaxKind::TABLE_RELATION_NAME
            | SyntaxKind::ON_RELATION
            | SyntaxKind::ON_TABLE
            | SyntaxKind::RULE_ON
    );
    if format!("{statement:?}").starts_with("CREATE_") {
        let names_table = matches!(kind, SyntaxKind::TABLE_NAME_REF | SyntaxKind::RELATION_NAME_REF);
        return on_table || kind == SyntaxKind::PARTITION_OF || names_table;
    }
    on_table
        || starts(&["OBJECT_", "PRIVILEGE_", "ON_PRIVILEGE_", "ATTACH_", "DETACH_"])
        || ends(&["_SIG", "_SIG_LIST", "_NAME_REF"])
        || (ends(&["_REF"]) && !starts(&["ROLE", "SCHEMA", "CONSTRAINT", "COLUMN", "CONFIG"]))
        || kind == SyntaxKind::AGGREGATE
}

/// The name that a path spells: `object`, `schema.object`; for a column, `table.column`, the table's.
fn path_name(path: &SyntaxNode, role: Role) -> Option<Name> {
    let mut segments = segments(path);
    if path.parent().is_some_and(|parent| names_column(parent.kind())) {
        segments.pop();
    }
    let start = usize::from(path.text_range().start());
    let object = segments.pop()?.name;
    Some(Name { schema: segments.pop(), object, start, role })
}

/// The nodes whose path ends with a column.
fn names_column(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::QUALIFIED_COLUMN_NAME_REF | SyntaxKind::PERCENT_TYPE)
}

/// The parts of a path, each with its place.
fn segments(path: &SyntaxNode) -> Vec<Qualifier> {
    let parts = path
        .descendants()
        .filter(|node| matches!(node.kind(), SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF));
    parts.filter_map(|part| qualifier(&part)).collect()
}

/// `===`, `s.===`: the operator's path, if it has one, is its schema.
fn operator_name(operator: &SyntaxNode, role: Role) -> Option<Name> {
    let range = operator.text_range();
    let schema = operator
        .children()
        .find(|child| child.kind() == SyntaxKind::PATH_REF)
        .and_then(|path| segments(&path).into_iter().next());
    let text = operator.text().to_string();
    let object = text.rsplit('.').next().unwrap_or(&text).trim().to_owned();
    Some(Name { schema, object, start: range.start().into(), role })
}

/// `s.f(...)`, `s.t.c` and `s.t.*` in an expression.
fn field_name(field: &SyntaxNode) -> Option<Name> {
    let mut parts = field.children();
    let (base, object) = (parts.next()?, parts.next());
    if base.kind() != SyntaxKind::NAME_REF {
        return None;
    }
    let parent = field.parent()?;
    let called = parent.kind() == SyntaxKind::CALL_EXPR;
    let three_parts = parent.kind() == SyntaxKind::FIELD_EXPR;
    let object = object.and_then(|object| qualifier(&object))?;
    let start = field.text_range().start().into();
    (called || three_parts).then_some(())?;
    Some(Name { schema: Some(qualifier(&base)?), object: object.name, start, role: Role::Refers })
}

/// The one name in a node.
fn qualifier(node: &SyntaxNode) -> Option<Qualifier> {
    let text = node.text().to_string();
    let token = tokens(&text).find(|token| !token.is_trivia())?;
    let base = usize::from(node.text_range().start());
    Some(Qualifier { name: token.name()?.into_owned(), range: base + token.start..base + token.end() })
}

/// Is this an item of `SET search_path = ...`?
fn sets_search_path(item: &SyntaxNode) -> bool {
    let parameter = item
        .ancestors()
        .find_map(|node| node.children().find(|child| child.kind() == SyntaxKind::CONFIG_PARAMETER_REF));
    parameter.is_some_and(|parameter| parameter.text().to_string().eq_ignore_ascii_case("search_path"))
}

#[cfg(test)]
mod tests {
    use squawk_syntax::SourceFile;

    use super::*;

    fn shown(text: &str) -> String {
        let parse = SourceFile::parse(text);
        assert!(parse.errors().is_empty(), "{text}: {:?}", parse.errors());
        let statement = parse.syntax_node().children().next().expect("a statement");
        let names = Names::of(&statement);
        let mut parts: Vec<String> = Vec::new();
        for name in names.objects {
            if let Some(schema) = &name.schema {
                assert_eq!(tokens(&text[schema.range.clone()]).next().unwrap().name().unwrap(), schema.name);
            }
            let role = match name.role {
                Role::Makes => "makes",
                Role::MakesBeside => "makes beside",
                Role::Changes => "changes",
                Role::Refers => "refers to",
            };
            let schema = name.schema.map_or("-".to_owned(), |schema| schema.name);
            parts.push(format!("{role} {schema}/{}", name.object));
        }
        parts.extend(names.schemas.iter().map(|schema| format!("schema {}", schema.name)));
        parts.extend(names.search_path.iter().map(|schema| format!("path {}", schema.name)));
        parts.join(", ")
    }

    #[test]
    fn tells_what_a_statement_makes_changes_and_refers_to() {
        let statements = include_str!("names/statements.sql");
        let lines = statements.lines().filter(|line| !line.is_empty() && !line.starts_with("--"));
        let shown: Vec<_> = lines.map(|line| format!("{line}\n    {}", shown(line))).collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
