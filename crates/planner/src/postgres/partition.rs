//! Partitions: attached and detached, never dropped and made. The rows stay
//! where they are.

use serde::Deserialize;
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::{column, lineage};
use crate::rules::{Alteration, Context, Rebuild, Rules};
use crate::sql::Quoted;
use crate::sql::lexer::tokens;
use crate::{Destructive, HazardKind, LockMode, PlanError, Step, Verb};

/// The rules of partitions.
pub(super) struct Partition;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    /// The partitioned table, as SQL text.
    of: String,
    bound: String,
    /// Its bare name, where it is the schema's own.
    #[serde(default, rename = "_parent")]
    parent: String,
}

/// Whether a column is named in its table's partition key: its type cannot
/// change.
pub(super) fn is_key(column: &Fact, catalog: &Catalog) -> bool {
    let table = column.parent.as_ref().and_then(|table| catalog.get(table));
    let Some(key) = table.and_then(|table| table.text("partition_key")) else { return false };
    // What stands before the parenthesis is the way of partitioning.
    let columns = key.split_once('(').map_or("", |(_, columns)| columns);
    tokens(columns).any(|token| token.name().is_some_and(|name| name == column.id.last()))
}

fn table(name: &str) -> ObjectId {
    ObjectId::new(Kind::Table, [name])
}

impl Rules for Partition {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let partition: Attributes = fact.decode()?;
        let (child, parent) = (table(fact.id.first()), table(&partition.parent));
        let sql = format!(
            "ALTER TABLE {} ATTACH PARTITION {} {}",
            partition.of,
            Quoted(fact.id.first()),
            partition.bound
        );
        let mut step = Step::new(&fact.id, Verb::Create, sql)
            .locks(&parent, LockMode::ShareUpdateExclusive)
            .locks(&child, LockMode::AccessExclusive);
        if !context.is_new(&child) {
            step = step
                .hazard(HazardKind::ScansTable, &child, "its rows are checked against the bounds")
                .hazard(HazardKind::DependsOnRows, &child, "fails where a row is outside of the bounds");
        } else if !context.is_new(&parent) {
            step = step.hazard(
                HazardKind::DependsOnRows,
                &parent,
                "fails where a row of the default partition belongs into this one",
            );
        }
        let mut steps = column::like_those_aside(&child, &parent, context);
        steps.push(step);
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let partition: Attributes = fact.decode()?;
        let sql = format!("ALTER TABLE {} DETACH PARTITION {}", partition.of, Quoted(fact.id.first()));
        let mut step = Step::new(&fact.id, Verb::Drop, sql)
            .locks(&table(&partition.parent), LockMode::AccessExclusive)
            .locks(&table(fact.id.first()), LockMode::AccessExclusive)
            .hazard(
                HazardKind::ChangesContract,
                &table(&partition.parent),
                "no longer shows the rows of the detached table",
            );
        let refers = lineage::references_to(&partition.parent, context.from);
        if refers.into_iter().any(|key| !context.is_gone(key)) {
            step = step.hazard(
                HazardKind::DependsOnRows,
                &table(fact.id.first()),
                "fails where one of its rows is referred to",
            );
        }
        Ok(vec![step])
    }

    fn alter(&self, _: &Fact, _: &Fact, _: &[String], _: &Context<'_>) -> Result<Alteration, PlanError> {
        Ok(Alteration::Replace)
    }

    /// A table that is put aside must not go on taking rows, and one that is
    /// referred to through its parent cannot be dropped.
    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let referred_to = fact.text("_parent").is_some_and(|of| lineage::is_referred_to(of, context.from));
        match context.policy.destructive {
            Destructive::Allow if referred_to => None,
            Destructive::Allow => fact.parent.clone(),
            Destructive::Quarantine | Destructive::Deny => None,
        }
    }

    fn rebuild(&self, _: &Fact, because: &ObjectId, _: &Context<'_>) -> Rebuild {
        lineage::rebuild_link(because)
    }

    /// As long as a foreign key is there, no row that it refers to can leave,
    /// also where the row that refers leaves too; and a copy of one that the
    /// partitioned table has would stay.
    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        if verb == Verb::Create {
            return lineage::gone_before(fact, context);
        }
        let Some(parent) = fact.text("_parent") else { return Vec::new() };
        let above = table(parent);
        let own = context.from.children(&above).filter(|fact| fact.text("type") == Some("foreign key"));
        let own = own.map(|key| &key.id);
        let keys = lineage::references_to(parent, context.from).into_iter().chain(own);
        keys.filter(|key| context.is_gone(key)).map(|key| (Verb::Drop, key.clone())).collect()
    }
}
