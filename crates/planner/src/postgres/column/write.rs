//! A column as statements write it.

use std::collections::BTreeMap;

use tenantry_catalog::{Fact, Kind, ObjectId};

use super::super::default::expression;
use super::super::options::Options;
use super::super::{domain, lineage};
use super::{Attributes, not_null, table_of};
use crate::rules::Context;
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Step, Verb};

/// A column as it stands within `CREATE TABLE` and `ADD COLUMN`.
///
/// # Errors
/// When a fact cannot be understood.
pub(in super::super) fn clause(fact: &Fact, context: &Context<'_>) -> Result<String, PlanError> {
    clause_of(fact, &fact.decode()?, context)
}

/// The same, of a column that is said to be like this.
///
/// # Errors
/// When a fact cannot be understood.
pub(super) fn clause_of(
    fact: &Fact,
    column: &Attributes,
    context: &Context<'_>,
) -> Result<String, PlanError> {
    let mut text = format!("{} {}", Quoted(fact.id.last()), column.data_type);
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    text.push_str(&with_values(fact, column, context)?);
    Ok(text)
}

/// Where a new column's values come from, and whether there must be one.
fn with_values(fact: &Fact, column: &Attributes, context: &Context<'_>) -> Result<String, PlanError> {
    let mut text = String::new();
    if let Some(generated) = &column.generated {
        let kind = if column.is_virtual { "VIRTUAL" } else { "STORED" };
        text.push_str(&format!(" GENERATED ALWAYS AS ({generated}) {kind}"));
    }
    if let Some(identity) = &column.identity {
        text.push_str(&format!(" {}", identity.clause(&fact.id, &column.data_type)));
    }
    for default in context.folded_into(&fact.id, Kind::Default) {
        text.push_str(&format!(" DEFAULT {}", expression(default)?));
    }
    let later =
        !context.is_new(&table_of(fact)) && !not_null::first_below(fact, Verb::Create, context)?.is_empty();
    if column.not_null && !column.not_null_not_valid && !later {
        text.push_str(&format!(" {}", not_null::clause(column)));
    }
    Ok(text)
}

/// `ALTER TABLE t ALTER COLUMN c ...`, which tables below follow.
pub(super) fn alter(fact: &Fact, verb: Verb, action: &str) -> Step {
    let sql =
        format!("ALTER TABLE {} ALTER COLUMN {} {action}", Quoted(fact.id.first()), Quoted(fact.id.last()));
    Step::new(&fact.id, verb, sql).locks(&table_of(fact), LockMode::AccessExclusive)
}

/// `ALTER TABLE t ALTER COLUMN c ...` of what each table says for itself.
pub(super) fn alter_only(fact: &Fact, verb: Verb, action: &str, context: &Context<'_>) -> Step {
    let (table, column) = (fact.id.first(), fact.id.last());
    let only = lineage::only(table, context);
    let sql = format!("ALTER TABLE {only}{} ALTER COLUMN {} {action}", Quoted(table), Quoted(column));
    Step::new(&fact.id, verb, sql).locks(&table_of(fact), LockMode::AccessExclusive)
}

/// What is said of a new column after it was made: what no statement that
/// makes one can say, and, where the statement of another table made it, what
/// that did not say.
///
/// # Errors
/// When the fact cannot be understood.
pub(in super::super) fn extras(fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let column: Attributes = fact.decode()?;
    let mut steps = Vec::new();
    let of_type = context.to.get(&table_of(fact)).is_some_and(|table| table.get("of_type").is_some());
    let made_above = fact.is("inherited")
        || lineage::column_above(fact, context).is_some_and(|above| context.is_new(&above));
    let given = made_above && above_has(fact, &column, context, |above| above.is("not_null"));
    if column.not_null && !column.not_null_not_valid && (of_type || made_above) && !given {
        steps.push(alter(fact, Verb::Create, "SET NOT NULL"));
    }
    if column.not_null && column.not_null_not_valid && !given {
        steps.push(not_null::not_valid(fact, Verb::Create, &column));
    }
    let has_default = |id: &ObjectId| context.to.children(id).any(|child| child.id.kind == Kind::Default);
    let inherits_default = made_above
        && !has_default(&fact.id)
        && column.follows.iter().any(|parent| {
            let above = ObjectId::new(Kind::Column, [parent.as_str(), fact.id.last()]);
            has_default(&above) || context.from.children(&above).any(|child| child.id.kind == Kind::Default)
        });
    let mut actions = Vec::new();
    if inherits_default {
        actions.push("DROP DEFAULT".to_owned());
    }
    if let Some(storage) = &column.storage {
        actions.push(format!("SET STORAGE {}", storage.to_uppercase()));
    }
    if let Some(compression) = &column.compression {
        actions.push(format!("SET COMPRESSION {compression}"));
    }
    if let Some(target) = column.statistics {
        actions.push(format!("SET STATISTICS {target}"));
    }
    let nothing = BTreeMap::new();
    actions.extend(Options { values: &nothing, order: &[] }.way_to(column.options()));
    steps.extend(actions.iter().map(|action| alter_only(fact, Verb::Create, action, context)));
    Ok(steps)
}

/// Whether something is true of the column above, in one of the tables that a
/// column comes from.
pub(super) fn above_has(
    fact: &Fact,
    column: &Attributes,
    context: &Context<'_>,
    is: fn(&Fact) -> bool,
) -> bool {
    let above = column
        .follows
        .iter()
        .filter_map(|parent| context.to.get(&ObjectId::new(Kind::Column, [parent.as_str(), fact.id.last()])));
    above.into_iter().any(is)
}

/// The extras of the columns below that this new one makes too.
///
/// # Errors
/// When a fact cannot be understood.
pub(super) fn extras_below(fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let mut steps = Vec::new();
    for below in lineage::stay_below(fact.id.first(), context) {
        let id = ObjectId::new(Kind::Column, [below, fact.id.last()]);
        let Some(column) = context.to.get(&id).filter(|_| context.is_new(&id)) else { continue };
        if lineage::column_above(column, context).is_some_and(|above| context.is_new(&above)) {
            steps.extend(extras(column, context)?);
        }
    }
    Ok(steps)
}

/// The step that adds a column, with what is bad about it.
///
/// # Errors
/// When a fact cannot be understood.
pub(super) fn with_hazards(mut step: Step, fact: &Fact, context: &Context<'_>) -> Result<Step, PlanError> {
    let (column, table): (Attributes, ObjectId) = (fact.decode()?, table_of(fact));
    let defaults: Vec<String> =
        context.folded_into(&fact.id, Kind::Default).map(expression).collect::<Result<_, _>>()?;
    let stored = column.generated.is_some() && !column.is_virtual;
    if stored || column.identity.is_some() || defaults.iter().any(|default| may_be_volatile(default)) {
        step = step.hazard(HazardKind::RewritesTable, &table, "every row is written anew with its value");
    }
    let given = column.generated.is_some() || column.identity.is_some() || !defaults.is_empty();
    let domain = domain::Demands::of_column(fact, context.to);
    if domain.are_some() {
        step = step.hazard(HazardKind::RewritesTable, &table, "every row is checked against the domain");
    }
    let demanding = column.not_null || domain.are_some();
    if demanding && column.generated.is_some() {
        let detail = "fails where it computes no value from a row, or one that it may not have";
        step = step.hazard(HazardKind::DependsOnRows, &table, detail);
    } else if demanding && !given && !domain.default {
        step = step.hazard(
            HazardKind::DependsOnRows,
            &table,
            "fails where there are rows: they have no value for it",
        );
    }
    Ok(step)
}

/// Whether each row may get another value: the server then writes all rows
/// anew. Known not to: constants, and what is the same for a whole statement.
fn may_be_volatile(default: &str) -> bool {
    let calls = default.replace("now()", "").replace("CURRENT_TIMESTAMP", "");
    let call = |at: usize| calls[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
    calls.match_indices('(').any(|(at, _)| call(at))
}
