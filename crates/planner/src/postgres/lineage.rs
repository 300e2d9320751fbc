//! What stands above and below a table: what it is a partition of, or inherits
//! from. A statement on the table above changes the one below too, and what
//! came from above cannot be changed below.

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use crate::Verb;
use crate::rules::{Context, Rebuild};

/// The tables of the schema above one, each with the fact that says so.
fn above<'a>(table: &str, catalog: &'a Catalog) -> impl Iterator<Item = (&'a ObjectId, &'a str)> + use<'a> {
    let table = ObjectId::new(Kind::Table, [table]);
    let links = catalog.children(&table).filter(is_link);
    links.filter_map(|link| Some((&link.id, link.text("_parent")?))).collect::<Vec<_>>().into_iter()
}

/// The tables of the schema below one, each with the fact that says so.
fn below<'a>(table: &str, catalog: &'a Catalog) -> impl Iterator<Item = (&'a ObjectId, &'a str)> + use<'a> {
    let id = ObjectId::new(Kind::Table, [table]);
    let links = catalog.dependents(&id).filter_map(|link| catalog.get(link)).filter(is_link);
    let links = links.filter(|link| link.text("_parent") == Some(table));
    links.map(|link| (&link.id, link.id.first())).collect::<Vec<_>>().into_iter()
}

fn is_link(fact: &&Fact) -> bool {
    matches!(fact.id.kind, Kind::Partition | Kind::Inheritance)
}

/// Whether a table is below another one throughout the plan.
fn stays(link: &ObjectId, context: &Context<'_>) -> bool {
    let there = context.from.contains(link) && context.to.contains(link);
    there && !context.is_new(link) && !context.is_gone(link)
}

/// The tables that a table stays under.
pub(super) fn stays_under<'a>(table: &str, context: &Context<'a>) -> Vec<&'a str> {
    above(table, context.to).filter(|(link, _)| stays(link, context)).map(|(_, parent)| parent).collect()
}

/// The tables that stay under a table, at any depth.
pub(super) fn stay_below<'a>(table: &'a str, context: &Context<'a>) -> Vec<&'a str> {
    let (mut found, mut at) = (vec![table], 0);
    while let Some(parent) = found.get(at) {
        let children = below(parent, context.to).filter(|(link, _)| stays(link, context));
        let fresh: Vec<&str> =
            children.map(|(_, child)| child).filter(|child| !found.contains(child)).collect();
        found.extend(fresh);
        at += 1;
    }
    found.split_off(1)
}

/// The partitions below a table in one catalog, at any depth.
pub(super) fn partitions_below<'a>(table: &'a str, catalog: &'a Catalog) -> Vec<&'a str> {
    let (mut found, mut at) = (vec![table], 0);
    while let Some(parent) = found.get(at) {
        let children = below(parent, catalog).filter(|(link, _)| link.kind == Kind::Partition);
        found.extend(children.map(|(_, child)| child).collect::<Vec<_>>());
        at += 1;
    }
    found.split_off(1)
}

/// Whether a foreign key refers to a table, or to one that it is a partition
/// of: then it cannot be dropped while it is a partition.
pub(super) fn is_referred_to(table: &str, catalog: &Catalog) -> bool {
    let id = ObjectId::new(Kind::Table, [table]);
    // It rests on the columns, and on the key.
    let parts = catalog.children(&id).map(|part| &part.id);
    let refers = |id: &ObjectId| catalog.get(id).is_some_and(|fact| fact.text("_references") == Some(table));
    parts.chain([&id]).any(|part| catalog.dependents(part).any(refers))
        || above(table, catalog).any(|(_, parent)| is_referred_to(parent, catalog))
}

/// `ONLY`, with a space after it, where a statement would reach tables below.
pub(super) fn only(table: &str, context: &Context<'_>) -> &'static str {
    let has_any = |catalog: &Catalog| below(table, catalog).next().is_some();
    if has_any(context.from) || has_any(context.to) { "ONLY " } else { "" }
}

/// Whether a table stays a partition.
pub(super) fn is_partition(table: &str, context: &Context<'_>) -> bool {
    stays(&ObjectId::new(Kind::Partition, [table]), context)
}

/// The links from which a column comes, and those behind them, whose places
/// they would take: cut and made again, they leave the column as the table's
/// own.
pub(super) fn links_from(column: &Fact, context: &Context<'_>) -> Vec<ObjectId> {
    let place = |link: &Fact| link.get("order").and_then(serde_json::Value::as_i64);
    let table = ObjectId::new(Kind::Table, [column.id.first()]);
    let links: Vec<&Fact> = context.to.children(&table).filter(is_link).collect();
    let both = |link: &Fact| context.from.contains(&link.id);
    let gives = |link: &&&Fact| {
        let parent = link.text("_parent").unwrap_or_default();
        both(link) && context.from.contains(&ObjectId::new(Kind::Column, [parent, column.id.last()]))
    };
    let Some(first) = links.iter().filter(gives).map(|link| place(link)).min() else { return Vec::new() };
    links.iter().filter(|link| both(link) && place(link) >= first).map(|link| link.id.clone()).collect()
}

/// What must be gone from both tables before one is put below the other: what
/// it lacks, it cannot inherit.
pub(super) fn gone_before(link: &Fact, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
    let mut gone = Vec::new();
    for table in link.text("_parent").into_iter().chain([link.id.first()]) {
        let table = ObjectId::new(Kind::Table, [table]);
        let goes = context
            .from
            .children(&table)
            .filter(|fact| matches!(fact.id.kind, Kind::Column | Kind::Constraint | Kind::Trigger));
        gone.extend(goes.map(|fact| (Verb::Drop, fact.id.clone())));
    }
    gone
}

/// What becomes of a link when something that it rests on goes: it stays, but
/// for one of the two tables.
pub(super) fn rebuild_link(because: &ObjectId) -> Rebuild {
    if because.kind == Kind::Table { Rebuild::Replace } else { Rebuild::Keep }
}

/// The fact that attaches a table to its partitioned table, if the plan makes
/// it.
pub(super) fn attached_by_plan(table: &str, context: &Context<'_>) -> Option<ObjectId> {
    Some(ObjectId::new(Kind::Partition, [table])).filter(|partition| context.is_new(partition))
}

/// The column above that a column only follows: what is done there is done
/// here.
pub(super) fn column_above(column: &Fact, context: &Context<'_>) -> Option<ObjectId> {
    let parents = stays_under(column.id.first(), context);
    let follows = column.get("_follows").and_then(|list| list.as_array())?;
    let followed =
        parents.into_iter().filter(|parent| follows.iter().any(|name| name.as_str() == Some(parent)));
    followed.map(|parent| ObjectId::new(Kind::Column, [parent, column.id.last()])).next()
}

/// The constraint above that a partition's constraint belongs to, as long as
/// the partition stays one.
pub(super) fn constraint_above(constraint: &Fact, context: &Context<'_>) -> Option<ObjectId> {
    let name = constraint.text("attached_to")?;
    let parent = stays_under(constraint.id.first(), context).into_iter().next()?;
    Some(ObjectId::new(Kind::Constraint, [parent, name]))
}

/// The index above that a partition's index belongs to, as long as the
/// partition stays one.
pub(super) fn index_above(index: &Fact, table: &str, context: &Context<'_>) -> Option<ObjectId> {
    let name = index.text("attached_to")?;
    (!stays_under(table, context).is_empty()).then(|| ObjectId::new(Kind::Index, [name]))
}
