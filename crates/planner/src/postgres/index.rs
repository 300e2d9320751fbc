//! Indexes that no constraint made, in the server's own words.
//!
//! A partition's index that belongs to one of the partitioned table is a fact
//! like any other, so that it has the name which it shall have: made by itself
//! and attached by name, or attached with its partition.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::lineage;
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Step, Verb};

/// The rules of indexes.
pub(super) struct Index;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    definition: String,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    clustered: bool,
    #[serde(default)]
    replica_identity: bool,
    /// Statistics targets by the number of the index's column.
    #[serde(default)]
    statistics: BTreeMap<String, i64>,
    /// The partitioned table's index that a partition's belongs to.
    #[serde(default)]
    attached_to: Option<String>,
    #[serde(default)]
    invalid: bool,
    #[serde(default, rename = "_partitioned")]
    partitioned: bool,
    #[serde(default, rename = "_reserved")]
    _reserved: Option<String>,
}

/// The relation that an index is on.
fn relation(fact: &Fact) -> ObjectId {
    fact.parent.clone().unwrap_or_else(|| fact.id.clone())
}

/// A step that works on the index's relation under a lock.
fn on_relation(fact: &Fact, verb: Verb, sql: String, mode: LockMode) -> Step {
    Step::new(&fact.id, verb, sql).locks(&relation(fact), mode)
}

/// `ALTER TABLE t CLUSTER ON i` and its like for materialized views.
fn alter_relation(fact: &Fact, verb: Verb, action: &str, mode: LockMode) -> Step {
    let on = relation(fact);
    let sql = format!("ALTER {} {} {action}", on.kind.word().to_uppercase(), Quoted(on.first()));
    on_relation(fact, verb, sql, mode)
}

fn cluster(fact: &Fact, verb: Verb) -> Step {
    let action = format!("CLUSTER ON {}", Quoted(fact.id.first()));
    alter_relation(fact, verb, &action, LockMode::ShareUpdateExclusive)
}

fn identify(fact: &Fact, verb: Verb) -> Step {
    let action = format!("REPLICA IDENTITY USING INDEX {}", Quoted(fact.id.first()));
    alter_relation(fact, verb, &action, LockMode::AccessExclusive)
}

fn set_statistics(fact: &Fact, verb: Verb, column: &str, target: i64) -> Step {
    let sql =
        format!("ALTER INDEX {} ALTER COLUMN {column} SET STATISTICS {target}", Quoted(fact.id.first()));
    on_relation(fact, verb, sql, LockMode::ShareUpdateExclusive)
}

/// Attaches a partition's index by name.
fn attach(fact: &Fact, verb: Verb, above: &ObjectId) -> Step {
    let sql = format!("ALTER INDEX {} ATTACH PARTITION {}", Quoted(above.first()), Quoted(fact.id.first()));
    on_relation(fact, verb, sql, LockMode::AccessExclusive)
}

/// The index above, if the plan has to attach this one to it: attaching the
/// partition itself attaches its indexes too.
fn above(fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
    let incomplete = || {
        let above = ObjectId::new(Kind::Index, [fact.text("attached_to")?]);
        // It comes after all partitions are attached.
        context.to.get(&above).filter(|index| index.is("invalid") && context.is_new(&index.id))?;
        Some(above)
    };
    lineage::index_above(fact, relation(fact).first(), context).or_else(incomplete)
}

/// The index of another name that takes a partition's place under the same
/// index of the partitioned table: neither can be dropped or made.
fn namesake<'a>(fact: &Fact, catalog: &'a Catalog, context: &Context<'_>) -> Option<&'a Fact> {
    lineage::namesake(fact, &above(fact, context)?, catalog, context)
}

/// The names of an index and of those above it, the uppermost first.
///
/// The server attaches to each index of the partitioned table the first one of the partition that is like it, in the order
/// in which they were made, and takes `(a)` and `(a DESC)` for alike (`CompareIndexInfo` does not look at the direction).
fn succession<'a>(index: &'a Fact, catalog: &'a Catalog) -> Vec<&'a str> {
    let mut names = vec![index.id.first()];
    let mut at = index;
    while let Some(name) = at.text("attached_to") {
        names.push(name);
        match catalog.get(&ObjectId::new(Kind::Index, [name])) {
            Some(above) if names.len() <= MOST_LEVELS => at = above,
            _ => break,
        }
    }
    names.reverse();
    names
}

/// The indexes of a partition that are to be attached with it, and in whose place the server would take this one, of its own, if
/// it were there before.
fn taken_first<'a>(own: &'a Fact, context: &Context<'a>) -> impl Iterator<Item = &'a Fact> + use<'a> {
    let (on, to) = (relation(own), context.to);
    let comes = own.text("attached_to").is_none() && lineage::attached_by_plan(on.first(), context).is_some();
    let siblings = to.children(&on).filter(|fact| fact.id.kind == Kind::Index).collect::<Vec<_>>();
    let key = key(own);
    let like = move |fact: &&Fact| comes && fact.text("attached_to").is_some() && self::key(fact) == key;
    siblings.into_iter().filter(like)
}

/// The keys of the same columns, for an index in a tree of partitions: they come first, on each level, or the server would take
/// their indexes for this one's.
fn keys_like<'a>(index: &Fact, context: &Context<'a>) -> impl Iterator<Item = &'a Fact> + use<'a> {
    let in_a_tree = index.text("attached_to").is_some() || index.is("_partitioned");
    let columns = |text: &str| text.find('(').map(|at| text[at..].to_owned());
    let own = columns(&key(index)).filter(|_| in_a_tree && index.is("unique"));
    let siblings: Vec<&Fact> = context.to.children(&relation(index)).collect();
    siblings.into_iter().filter(move |key| {
        matches!(key.text("type"), Some("primary key" | "unique"))
            && !key.is("invalid")
            && own.is_some()
            && key.text("definition").and_then(columns) == own
    })
}

/// What the server compares of an index: not its name, nor the directions of its columns.
fn key(index: &Fact) -> String {
    let definition = index.text("definition").unwrap_or_default();
    let key = definition.split_once(" USING ").map_or(definition, |(_, key)| key);
    [" DESC", " ASC", " NULLS FIRST", " NULLS LAST"]
        .iter()
        .fold(key.to_owned(), |key, word| key.replace(word, ""))
}

/// More levels of partitions than anybody has: an index is never above itself.
const MOST_LEVELS: usize = 64;

impl Rules for Index {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let index: Attributes = fact.decode()?;
        let on = relation(fact);
        if let Some(before) = namesake(fact, context.from, context) {
            let (was, is) = (Quoted(before.id.first()), Quoted(fact.id.first()));
            let sql = format!("ALTER INDEX {was} RENAME TO {is}");
            return Ok(vec![on_relation(fact, Verb::Create, sql, LockMode::ShareUpdateExclusive)]);
        }
        let mut build = on_relation(fact, Verb::Create, index.definition.clone(), LockMode::Share);
        if !context.is_new(&on) {
            build = build.hazard(HazardKind::BuildsIndex, &on, "writes wait while the index is built");
            if index.unique {
                build = build.hazard(
                    HazardKind::DependsOnRows,
                    &on,
                    "fails where rows are equal in these columns",
                );
            }
            let calls = |id: &&ObjectId| matches!(id.kind, Kind::Function | Kind::Aggregate);
            if let Some(function) = context.to.depends_on(&fact.id).find(calls) {
                build = build.hazard(
                    HazardKind::RunsTenantFunctions,
                    function,
                    "is called for each row while the index is built",
                );
            }
        }
        let mut steps = vec![build];
        steps.extend(above(fact, context).map(|above| attach(fact, Verb::Create, &above)));
        for (column, target) in &index.statistics {
            steps.push(set_statistics(fact, Verb::Create, column, *target));
        }
        if index.clustered {
            steps.push(cluster(fact, Verb::Create));
        }
        if index.replica_identity {
            steps.push(identify(fact, Verb::Create));
        }
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        if namesake(fact, context.to, context).is_some() {
            return Ok(Vec::new());
        }
        let sql = format!("DROP INDEX {}", Quoted(fact.id.first()));
        Ok(vec![on_relation(fact, Verb::Drop, sql, LockMode::AccessExclusive)])
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        let mut steps = Vec::new();
        for attribute in changed {
            match attribute.as_str() {
                "clustered" if after.clustered => steps.push(cluster(to, Verb::Alter)),
                "clustered" => {
                    let on = relation(to);
                    let another = context.to.children(&on).any(|other| other.is("clustered"));
                    if !another {
                        let action = "SET WITHOUT CLUSTER";
                        steps.push(alter_relation(to, Verb::Alter, action, LockMode::ShareUpdateExclusive));
                    }
                }
                "replica_identity" if after.replica_identity => steps.push(identify(to, Verb::Alter)),
                // The table's own replica identity says what it is now.
                "replica_identity" => {}
                "statistics" => {
                    let gone =
                        before.statistics.keys().filter(|column| !after.statistics.contains_key(*column));
                    steps.extend(gone.map(|column| set_statistics(to, Verb::Alter, column, -1)));
                    let set = after
                        .statistics
                        .iter()
                        .filter(|(c, target)| before.statistics.get(*c) != Some(target));
                    steps
                        .extend(set.map(|(column, target)| set_statistics(to, Verb::Alter, column, *target)));
                }
                "attached_to" => match above(to, context) {
                    Some(above) if before.attached_to.is_none() => {
                        steps.push(attach(to, Verb::Alter, &above));
                    }
                    Some(_) => return Ok(Alteration::Replace),
                    // The one above goes, and takes it along, though the partition stays.
                    None if above(from, context).is_some() => return Ok(Alteration::Replace),
                    // It comes and leaves with its partition.
                    None => {}
                },
                // It is valid as soon as every partition has its own, which is
                // never taken away from it again.
                "invalid" if after.partitioned && !after.invalid => {}
                _ => return Ok(Alteration::Replace),
            }
        }
        Ok(Alteration::in_place(steps))
    }

    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        above(fact, context).filter(|above| context.is_gone(above)).or_else(|| fact.parent.clone())
    }

    /// A partition that is attached gets what it lacks; one that is to lack it
    /// is attached before. Its indexes are made in the order of those above.
    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        if verb != Verb::Create {
            return Vec::new();
        }
        let on = relation(fact);
        let mut waits: Vec<ObjectId> =
            lineage::gives_up_its_name(fact, context, namesake).into_iter().collect();
        if fact.is("invalid") {
            let below = lineage::partitions_below(on.first(), context.to);
            waits.extend(below.iter().map(|table| ObjectId::new(Kind::Partition, [*table])));
        }
        let place = succession(fact, context.to);
        // What is attached by name is attached to the right one.
        let by_itself = |index: &Fact| {
            let in_a_tree = index.text("attached_to").is_some() || index.is("_partitioned");
            in_a_tree && !index.is("invalid") && above(index, context).is_none()
        };
        let earlier = context.to.children(&on).filter(|sibling| {
            sibling.id.kind == Kind::Index && by_itself(sibling) && succession(sibling, context.to) < place
        });
        if by_itself(fact) {
            waits.extend(earlier.map(|sibling| sibling.id.clone()));
        } else if fact.text("attached_to").is_none() {
            waits.extend(taken_first(fact, context).map(|sibling| sibling.id.clone()));
        }
        waits.extend(keys_like(fact, context).map(|key| key.id.clone()));
        waits.into_iter().map(|id| (Verb::Create, id)).collect()
    }

    /// One that the server would attach in its place comes back after it.
    fn displaces(&self, fact: &Fact, context: &Context<'_>) -> BTreeSet<ObjectId> {
        if fact.text("attached_to").is_none() {
            return BTreeSet::new();
        }
        let on = relation(fact);
        let siblings = context.to.children(&on).filter(|sibling| sibling.id.kind == Kind::Index);
        let local = siblings.filter(|sibling| taken_first(sibling, context).any(|first| first.id == fact.id));
        local.map(|sibling| sibling.id.clone()).collect()
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        vec![Slot("relation", fact.id.first().to_owned())]
    }

    fn restore(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let now = fact.text("_reserved").unwrap_or_default();
        let sql = format!("ALTER INDEX {} RENAME TO {}", Quoted(now), Quoted(fact.id.first()));
        Ok(vec![Step::new(&fact.id, Verb::Restore, sql)])
    }
}
