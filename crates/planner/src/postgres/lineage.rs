//! What stands above and below a table: what it is a partition of, or inherits
//! from. A statement on the table above changes the one below too, and what
//! came from above cannot be changed below.

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use crate::rules::{Context, Rebuild};
use crate::{Fate, Verb};

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

/// The links below a table that the plan makes, at any depth, each with the table below.
pub(super) fn new_links_below<'a>(table: &'a str, context: &Context<'a>) -> Vec<(&'a ObjectId, &'a str)> {
    let (mut tables, mut found, mut at) = (vec![table], Vec::new(), 0);
    while let Some(parent) = tables.get(at) {
        let links: Vec<_> = below(parent, context.to).collect();
        tables.extend(
            links.iter().map(|(_, child)| *child).filter(|child| !tables.contains(child)).collect::<Vec<_>>(),
        );
        found.extend(links.into_iter().filter(|(link, _)| context.is_new(link)));
        at += 1;
    }
    found
}

/// The checks that a table passes on to one that is put below it: its own, and what came from above.
pub(super) fn passed_on<'a>(table: &str, catalog: &'a Catalog) -> Vec<&'a Fact> {
    let id = ObjectId::new(Kind::Table, [table]);
    let own = catalog.children(&id).filter(|fact| is_passed_on(fact));
    own.chain(above(table, catalog).flat_map(|(_, parent)| passed_on(parent, catalog))).collect()
}

/// Whether a constraint is a check that tables below have too.
pub(super) fn is_passed_on(constraint: &Fact) -> bool {
    constraint.id.kind == Kind::Constraint
        && constraint.text("type") == Some("check")
        && constraint.text("definition").is_some_and(|text| !text.ends_with(" NO INHERIT"))
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

/// What partitions have of the keys of a partitioned table, which can be referred to only when all have theirs.
pub(super) fn keys_below<'a>(table: &str, catalog: &'a Catalog) -> Vec<&'a ObjectId> {
    let partitions = partitions_below(table, catalog).into_iter();
    let parts =
        partitions.flat_map(|name| catalog.children(&ObjectId::new(Kind::Table, [name])).collect::<Vec<_>>());
    let keys = parts.filter(|fact| match fact.id.kind {
        Kind::Index => fact.is("unique"),
        Kind::Constraint => matches!(fact.text("type"), Some("primary key" | "unique")),
        _ => false,
    });
    keys.filter(|fact| fact.text("attached_to").is_some()).map(|fact| &fact.id).collect()
}

/// The foreign keys that refer to a table, or to one that it is a partition of.
pub(super) fn references_to<'a>(table: &str, catalog: &'a Catalog) -> Vec<&'a ObjectId> {
    let id = ObjectId::new(Kind::Table, [table]);
    // They rest on the columns, and on the key.
    let parts: Vec<&ObjectId> = catalog.children(&id).map(|part| &part.id).chain([&id]).collect();
    let refers = |id: &&ObjectId| catalog.get(id).is_some_and(|fact| fact.text("_references") == Some(table));
    let mut found: Vec<&ObjectId> =
        parts.iter().flat_map(|part| catalog.dependents(part).filter(refers)).collect();
    found.extend(above(table, catalog).flat_map(|(_, parent)| references_to(parent, catalog)));
    found
}

/// Whether a foreign key refers to a table, or to one that it is a partition
/// of: then it cannot be dropped while it is a partition.
pub(super) fn is_referred_to(table: &str, catalog: &Catalog) -> bool {
    !references_to(table, catalog).is_empty()
}

/// Whether the plan takes partitions away from a table, at any depth.
pub(super) fn loses_partitions(table: &str, context: &Context<'_>) -> bool {
    let lost = |table: &&str| context.is_gone(&ObjectId::new(Kind::Partition, [*table]));
    partitions_below(table, context.from).iter().any(lost)
}

/// The foreign key of the partitioned table that a partition's is a copy of,
/// whether or not it stays a partition.
pub(super) fn copied_from(key: &Fact, catalog: &Catalog) -> Option<ObjectId> {
    let name = key.text("attached_to")?;
    let link = catalog.get(&ObjectId::new(Kind::Partition, [key.id.first()]))?;
    Some(ObjectId::new(Kind::Constraint, [link.text("_parent")?, name]))
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

/// The sibling of another name that takes a fact's place below the one `above`, which stays: what is below it can neither be
/// dropped nor made, only renamed.
pub(super) fn namesake<'a>(
    fact: &Fact,
    above: &ObjectId,
    catalog: &'a Catalog,
    context: &Context<'_>,
) -> Option<&'a Fact> {
    if context.is_new(above) || context.is_gone(above) {
        return None;
    }
    catalog.children(fact.parent.as_ref()?).find(|sibling| {
        sibling.id.kind == fact.id.kind
            && sibling.text("attached_to") == fact.text("attached_to")
            && sibling.id != fact.id
            && matches!(context.fate(&sibling.id), Fate::Create | Fate::Drop | Fate::Replace)
    })
}

/// What has the name that a fact is to have, by the name that it gets before.
pub(super) fn gives_up_its_name(
    fact: &Fact,
    context: &Context<'_>,
    namesake: for<'a> fn(&Fact, &'a Catalog, &Context<'_>) -> Option<&'a Fact>,
) -> Option<ObjectId> {
    let before = context.from.get(&fact.id).filter(|before| context.is_gone(&before.id))?;
    namesake(before, context.to, context).map(|renamed| renamed.id.clone())
}
