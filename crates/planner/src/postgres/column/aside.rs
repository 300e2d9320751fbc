//! A column that is renamed aside, and one that comes back (D10). The server renames the columns below with it.

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::super::{domain, lineage};
use super::write::alter;
use super::{Attributes, table_of};
use crate::rules::Context;
use crate::sql::Quoted;
use crate::{Destructive, Fate, HazardKind, LockMode, PlanError, Step, Verb, reserved_name};

/// The statements that rename a column aside. Rows that are added from then on have no value for it: nothing may ask for one.
///
/// # Errors
/// When the fact cannot be understood.
pub(super) fn put(fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let mut steps = relieve(fact, None, context)?;
    if let Some(base) = base_of_demanding(fact, context) {
        // The server writes no row anew for this.
        steps.push(alter(fact, Verb::Drop, &format!("TYPE {base}")));
    }
    steps.extend(put_sequences(fact, context));
    for below in below(fact, context) {
        steps.extend(relieve(below, Some(fact), context)?);
        steps.extend(put_sequences(below, context));
    }
    let reserved = reserved_name(&fact.id, context.from);
    let sql = format!(
        "ALTER TABLE {} RENAME COLUMN {} TO {}",
        Quoted(fact.id.first()),
        Quoted(fact.id.last()),
        Quoted(&reserved)
    );
    steps.push(
        Step::new(&fact.id, Verb::Quarantine, sql)
            .locks(&table_of(fact), LockMode::AccessExclusive)
            .aside(reserved)
            .hazard(HazardKind::QuarantinesData, &fact.id, "is renamed aside, and can be brought back")
            .hazard(HazardKind::ChangesContract, &fact.id, "whoever uses it will fail"),
    );
    Ok(steps)
}

/// The type beneath a domain that a row without a value would not satisfy.
fn base_of_demanding(fact: &Fact, context: &Context<'_>) -> Option<String> {
    let domain = domain::Demands::of_column(fact, context.from);
    (domain.are_some() && !domain.default).then_some(domain.base)
}

/// The columns of the tables below that are put aside with this one, the upper ones first.
fn below<'a>(fact: &Fact, context: &Context<'a>) -> impl Iterator<Item = &'a Fact> {
    let name = fact.id.last().to_owned();
    let tables =
        lineage::stay_below(fact.id.first(), context).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let columns =
        tables.into_iter().map(move |table| ObjectId::new(Kind::Column, [table.as_str(), name.as_str()]));
    columns.filter(|id| context.is_gone(id)).filter_map(|id| context.from.get(&id))
}

/// What a column says of its values, taken from it, as far as it is not what the one above says too.
fn relieve(fact: &Fact, above: Option<&Fact>, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let column: Attributes = fact.decode()?;
    let has_default =
        |fact: &Fact| context.from.children(&fact.id).any(|child| child.id.kind == Kind::Default);
    let mut actions = Vec::new();
    if has_default(fact) && !above.is_some_and(has_default) {
        actions.push("DROP DEFAULT");
    }
    if column.identity.is_some() && above.is_none_or(|above| above.get("identity").is_none()) {
        actions.push("DROP IDENTITY");
    }
    if column.not_null && !above.is_some_and(|above| above.is("not_null")) {
        actions.push("DROP NOT NULL");
    }
    Ok(actions.into_iter().map(|action| alter(fact, Verb::Drop, action)).collect())
}

/// The statements that rename the sequences aside that a column owns.
fn put_sequences(fact: &Fact, context: &Context<'_>) -> Vec<Step> {
    let owned = context.from.children(&fact.id).filter(|child| child.id.kind == Kind::Sequence);
    let put = owned.map(|owned| {
        let name = reserved_name(&owned.id, context.from);
        let sql = format!("ALTER SEQUENCE {} RENAME TO {}", Quoted(owned.id.first()), Quoted(&name));
        Step::new(&owned.id, Verb::Quarantine, sql).aside(name)
    });
    put.collect()
}

/// The statement that renames one back; none for a column that comes back with the one above.
///
/// # Errors
/// When the fact cannot be understood.
pub(super) fn bring_back(fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
    let column: Attributes = fact.decode()?;
    let above = |table: &String| context.from.contains(&ObjectId::new(Kind::Column, [table, fact.id.last()]));
    if column.follows.iter().any(above) {
        return Ok(Vec::new());
    }
    let sql = format!(
        "ALTER TABLE {} RENAME COLUMN {} TO {}",
        Quoted(fact.id.first()),
        Quoted(&column.reserved.unwrap_or_default()),
        Quoted(fact.id.last())
    );
    let step = Step::new(&fact.id, Verb::Restore, sql);
    Ok(vec![step.locks(&table_of(fact), LockMode::AccessExclusive)])
}

/// The statements that give a table the columns which are renamed aside in the partitioned one: it must have all of them.
pub(in super::super) fn like_those_aside(
    child: &ObjectId,
    parent: &ObjectId,
    context: &Context<'_>,
) -> Vec<Step> {
    let columns = |catalog: &'_ Catalog| {
        let columns = catalog.children(parent).filter(|fact| fact.id.kind == Kind::Column);
        columns.cloned().collect::<Vec<_>>()
    };
    let earlier = columns(context.aside).into_iter().filter_map(|column| {
        let (reserved, of) = (column.text("_reserved")?.to_owned(), column.text("type")?.to_owned());
        Some((column, reserved, of))
    });
    let puts = |column: &Fact| {
        context.policy.destructive == Destructive::Quarantine
            && context.fate(&column.id) == Fate::Drop
            && column.get("generated").is_none()
    };
    let now = columns(context.from).into_iter().filter(puts).filter_map(|column| {
        let of = base_of_demanding(&column, context).or_else(|| column.text("type").map(str::to_owned))?;
        let reserved = reserved_name(&column.id, context.from);
        Some((column, reserved, of))
    });
    let add = earlier.chain(now).map(|(column, reserved, of)| {
        let collation = column.text("collation").map_or(String::new(), |name| format!(" COLLATE {name}"));
        let (table, name) = (Quoted(child.first()), Quoted(&reserved));
        let sql = format!("ALTER TABLE {table} ADD COLUMN {name} {of}{collation}");
        Step::new(child, Verb::Alter, sql).locks(child, LockMode::AccessExclusive)
    });
    add.collect()
}
