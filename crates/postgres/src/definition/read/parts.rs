//! The parts of a statement's syntax tree that later steps ask for.

use std::ops::Range;

use squawk_syntax::{SyntaxKind, SyntaxNode};
use tenantry_planner::sql::lexer::tokens;

use super::Parts;
use crate::definition::classify::actions;

/// The parts of one statement.
pub(super) fn of(statement: &SyntaxNode) -> Parts {
    let find = |kinds: &[SyntaxKind]| statement.descendants().find(|node| kinds.contains(&node.kind()));
    Parts {
        concurrently: concurrently(statement),
        body: find(&[SyntaxKind::AS_DEFINITION]).map(|node| range(&node)),
        with_data: statement
            .children()
            .find(|node| matches!(node.kind(), SyntaxKind::WITH_DATA | SyntaxKind::WITH_NO_DATA))
            .map(|node| range(&node)),
        materialized_view: statement.kind() == SyntaxKind::CREATE_MATERIALIZED_VIEW,
        only_drops: statement.kind() == SyntaxKind::ALTER_TABLE
            && actions(statement).all(|action| is_drop(&action)),
        tablespace: find(&[
            SyntaxKind::TABLESPACE_CLAUSE,
            SyntaxKind::CONSTRAINT_INDEX_TABLESPACE,
            SyntaxKind::SET_TABLESPACE,
        ])
        .is_some(),
        if_exists: statement.children().any(|node| node.kind() == SyntaxKind::IF_EXISTS),
    }
}

fn concurrently(statement: &SyntaxNode) -> Option<Range<usize>> {
    use SyntaxKind::{ALTER_TABLE, CREATE_INDEX, DROP_INDEX};
    if !matches!(statement.kind(), ALTER_TABLE | CREATE_INDEX | DROP_INDEX) {
        return None;
    }
    let text = statement.text().to_string();
    let word = tokens(&text).find(|token| token.is_word("concurrently"))?;
    Some(word.start..word.end())
}

fn is_drop(action: &SyntaxNode) -> bool {
    let drops_default = || action.children().any(|node| node.kind() == SyntaxKind::DROP_DEFAULT);
    action.kind() == SyntaxKind::DROP_CONSTRAINT
        || (action.kind() == SyntaxKind::ALTER_COLUMN && drops_default())
}

/// The function's name, its parameters and the columns it returns.
pub(super) fn declared(statement: &SyntaxNode) -> Vec<String> {
    use SyntaxKind::{COLUMN_NAME, CREATE_FUNCTION, CREATE_PROCEDURE, PARAM_NAME, PATH_SEGMENT};
    if !matches!(statement.kind(), CREATE_FUNCTION | CREATE_PROCEDURE) {
        return Vec::new();
    }
    let names =
        statement.descendants().filter(|n| matches!(n.kind(), COLUMN_NAME | PARAM_NAME | PATH_SEGMENT));
    let spelled = names.filter_map(|node| {
        let text = node.text().to_string();
        let token = tokens(&text).find(|token| !token.is_trivia())?;
        token.name().map(Into::into)
    });
    spelled.collect()
}

fn range(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    range.start().into()..range.end().into()
}
