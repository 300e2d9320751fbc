//! Identity columns: their options, and the way between `serial` and identity
//! on which the counter goes on where it was.

use serde::Deserialize;
use tenantry_catalog::{Fact, Kind, ObjectId};

use super::column::locked;
use super::sequence::Options;
use crate::rules::Context;
use crate::sql::{Literal, Quoted};
use crate::{Destructive, HazardKind, PlanError, Refusal, Step, Verb, reserved_name};

/// What a column's fact says of its identity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Identity {
    always: bool,
    sequence: String,
    #[serde(flatten)]
    options: Options,
}

impl Identity {
    fn generated(&self) -> &'static str {
        if self.always { "ALWAYS" } else { "BY DEFAULT" }
    }

    /// `GENERATED ... AS IDENTITY (...)`; the sequence is named unless it has
    /// the name that the server would give it.
    pub(super) fn clause(&self, column: &ObjectId, data_type: &str) -> String {
        let mut options = self.options.unusual(data_type);
        if self.sequence != format!("{}_{}_seq", column.first(), column.last()) {
            options.insert(0, format!("SEQUENCE NAME {}", Quoted(&self.sequence)));
        }
        let options = if options.is_empty() { String::new() } else { format!(" ({})", options.join(" ")) };
        format!("GENERATED {} AS IDENTITY{options}", self.generated())
    }

    /// The statements from one identity to another.
    pub(super) fn way_to(&self, after: &Identity, column: &Fact) -> Vec<Step> {
        let mut statements = Vec::new();
        if self.sequence != after.sequence {
            statements.push(format!(
                "ALTER SEQUENCE {} RENAME TO {}",
                Quoted(&self.sequence),
                Quoted(&after.sequence)
            ));
        }
        statements.extend(after.options.way_into(&after.sequence, &self.options));
        let mut sets = Vec::new();
        if self.always != after.always {
            sets.push(format!("SET GENERATED {}", after.generated()));
        }
        sets.extend(after.options.changes(&self.options).into_iter().map(|option| match option.as_str() {
            "NO CYCLE" => "SET NO CYCLE".to_owned(),
            option => format!("SET {option}"),
        }));
        if after.options.starts_over(&self.options) {
            sets.push("RESTART".to_owned());
        }
        if !sets.is_empty() {
            statements.push(format!("{} {}", alter_column(&column.id), sets.join(" ")));
        }
        let mut steps: Vec<Step> = statements.into_iter().map(|sql| locked(column, sql)).collect();
        if let Some(last) = steps.pop() {
            let sequence = ObjectId::new(Kind::Sequence, [&after.sequence]);
            steps.push(after.options.warn(last, &self.options, &sequence));
        }
        steps
    }
}

/// `ALTER TABLE t ALTER COLUMN c`.
fn alter_column(column: &ObjectId) -> String {
    format!("ALTER TABLE {} ALTER COLUMN {}", Quoted(column.first()), Quoted(column.last()))
}

/// The statement by which the sequence of a column whose table is renamed aside leaves its name to others. Brought back, it
/// gets the name that is declared then.
pub(super) fn put_aside(column: &Fact, context: &Context<'_>) -> Option<Step> {
    let sequence = column.get("identity")?.get("sequence")?.as_str()?;
    let aside = reserved_name(&column.id, context.from);
    let sql = format!("ALTER SEQUENCE {} RENAME TO {}", Quoted(sequence), Quoted(&aside));
    Some(Step::new(&column.id, Verb::Alter, sql))
}

/// The name of the counter that carries a value from one sequence to another
/// of the same name.
fn carrier(column: &ObjectId, context: &Context<'_>) -> String {
    reserved_name(column, context.from)
}

/// `setval` to where another sequence is.
fn carry(from: &str, to: &str) -> String {
    let name = Quoted(to).to_string();
    format!("SELECT pg_catalog.setval({}, last_value, is_called) FROM {}", Literal(&name), Quoted(from))
}

/// The sequence of a `serial` column that becomes an identity column.
fn serial_of<'a>(column: &ObjectId, context: &Context<'a>) -> Option<&'a Fact> {
    let becomes = context.to.get(column).is_some_and(|fact| fact.get("identity").is_some())
        && context.from.get(column).is_some_and(|fact| fact.get("identity").is_none());
    context
        .from
        .children(column)
        .find(|fact| becomes && fact.id.kind == Kind::Sequence && !context.to.contains(&fact.id))
}

/// Whether an identity column takes a sequence's place, and its value.
pub(super) fn takes_over(sequence: &Fact, context: &Context<'_>) -> bool {
    let column = sequence.parent.as_ref().filter(|column| column.kind == Kind::Column);
    column.and_then(|column| serial_of(column, context)).is_some_and(|serial| serial.id == sequence.id)
}

/// The statements that give a column its identity, which goes on where the
/// column's own sequence was, if it had one.
pub(super) fn add(column: &Fact, identity: &Identity, data_type: &str, context: &Context<'_>) -> Vec<String> {
    let add = format!("{} ADD {}", alter_column(&column.id), identity.clause(&column.id, data_type));
    let Some(serial) = serial_of(&column.id, context) else { return vec![add] };
    let aside = carrier(&column.id, context);
    vec![
        format!("ALTER SEQUENCE {} OWNED BY NONE", Quoted(serial.id.first())),
        format!("ALTER SEQUENCE {} RENAME TO {}", Quoted(serial.id.first()), Quoted(&aside)),
        add,
        carry(&aside, &identity.sequence),
        format!("DROP SEQUENCE {}", Quoted(&aside)),
    ]
}

/// The sequence that a column which is no longer an identity column goes on
/// counting by.
fn successor<'a>(column: &ObjectId, context: &Context<'a>) -> Option<&'a Fact> {
    let ends = context.from.get(column).is_some_and(|fact| fact.get("identity").is_some())
        && context.to.get(column).is_some_and(|fact| fact.get("identity").is_none());
    context
        .to
        .children(column)
        .find(|fact| ends && fact.id.kind == Kind::Sequence && !context.from.contains(&fact.id))
}

/// The steps that take a column's identity away; where it counted to is kept for its successor.
///
/// # Errors
/// When it has none, and nothing may be lost.
pub(super) fn remove(
    column: &Fact,
    identity: &Identity,
    context: &Context<'_>,
) -> Result<Vec<Step>, PlanError> {
    let remove = format!("{} DROP IDENTITY", alter_column(&column.id));
    if successor(&column.id, context).is_some() {
        let aside = carrier(&column.id, context);
        let statements =
            [format!("CREATE SEQUENCE {}", Quoted(&aside)), carry(&identity.sequence, &aside), remove];
        return Ok(statements.into_iter().map(|sql| locked(column, sql)).collect());
    }
    if context.policy.destructive == Destructive::Deny {
        return Err(Refusal::new(
            &column.id,
            "would no longer be an identity column, and where it counted to would be lost",
            "Keep GENERATED ... AS IDENTITY in the definition, or declare a sequence that the column owns, which goes on \
             counting, or set policy.destructive to Quarantine or Allow",
        )
        .into());
    }
    let sequence = ObjectId::new(Kind::Sequence, [&identity.sequence]);
    Ok(vec![locked(column, remove).hazard(HazardKind::DropsData, &sequence, "where it counted to is lost")])
}

/// The statements by which a new sequence goes on where its column's identity
/// was.
pub(super) fn hand_over_to_sequence(sequence: &Fact, column: &ObjectId, context: &Context<'_>) -> Vec<Step> {
    if successor(column, context).is_none_or(|fact| fact.id != sequence.id) {
        return Vec::new();
    }
    let aside = carrier(column, context);
    [carry(&aside, sequence.id.first()), format!("DROP SEQUENCE {}", Quoted(&aside))]
        .into_iter()
        .map(|sql| Step::new(&sequence.id, Verb::Create, sql))
        .collect()
}
