//! DROPs in a definition: what `pg_dump --clean` prints at the head removes nothing that is there; what removes something made
//! before is part of how the definition gets to what it declares.

use std::collections::HashSet;

use super::classify::{Class, StatementKind};
use super::names::Role;
use super::note::LeftOut;
use super::own::OwnSchema;
use super::read::ReadStatement;
use super::refusal::Reason;

/// Decides on every DROP: it runs, or it is left out, or it is refused.
pub(super) fn decide(statements: &mut [ReadStatement<'_>], own: &OwnSchema) {
    let mut there: HashSet<String> = HashSet::new();
    for statement in statements {
        let names_there = statement.names.targets().any(|name| there.contains(&name.object));
        match &statement.class {
            Class::Drop { forgiving } => statement.class = drop(statement, *forgiving, names_there, own),
            Class::DropSchema => statement.class = Class::LeftOut(LeftOut::DropBefore),
            Class::Run(StatementKind::Alter) if !names_there && only_drops(statement, own) => {
                statement.class = Class::LeftOut(LeftOut::DropBefore);
            }
            _ => {}
        }
        if matches!(statement.class, Class::Run(_)) {
            let made = statement.names.targets().filter(|name| name.role != Role::Changes);
            there.extend(made.map(|name| name.object.clone()));
        }
    }
}

fn drop(statement: &ReadStatement<'_>, forgiving: bool, there: bool, own: &OwnSchema) -> Class {
    if there {
        Class::Run(StatementKind::Drop)
    } else if forgiving || made_later(statement, own) {
        Class::LeftOut(LeftOut::DropBefore)
    } else {
        let name = statement.names.targets().next().map(|name| name.object.clone());
        Class::Refused(Reason::DropsUnknown(name.unwrap_or_default()))
    }
}

/// `ALTER TABLE ... DROP CONSTRAINT ...` of a table that is not there yet, or need not be.
fn only_drops(statement: &ReadStatement<'_>, own: &OwnSchema) -> bool {
    statement.parts.only_drops && (statement.parts.if_exists || made_later(statement, own))
}

/// Nothing of it is there yet, but the definition makes it.
fn made_later(statement: &ReadStatement<'_>, own: &OwnSchema) -> bool {
    statement.names.targets().any(|name| own.made.contains(&name.object))
}
