//! Sequences that are not an identity column's own. Whatever changes, a
//! sequence goes on where it was.

use std::collections::BTreeSet;

use serde::Deserialize;
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::address::{Address, drop_step, owner_step};
use super::identity;
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::{Literal, Quoted};
use crate::{HazardKind, LockMode, PlanError, Step, Verb, reserved_name};

/// The rules of sequences.
pub(super) struct Sequence;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    #[serde(rename = "type")]
    data_type: String,
    #[serde(flatten)]
    options: Options,
    #[serde(default)]
    unlogged: bool,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
    #[serde(default, rename = "_reserved")]
    _reserved: Option<String>,
}

/// What a sequence counts by; an identity column's has the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Options {
    start: i64,
    increment: i64,
    min: i64,
    max: i64,
    cache: i64,
    #[serde(default)]
    cycle: bool,
}

impl Options {
    /// As `CREATE SEQUENCE` and `GENERATED ... AS IDENTITY (...)` take them,
    /// without what is usual for the type.
    pub(super) fn unusual(&self, data_type: &str) -> Vec<String> {
        let up = self.increment > 0;
        let (lowest, highest) = match data_type {
            "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
            "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let (min, max) = if up { (1, highest) } else { (lowest, -1) };
        let start = if up { self.min } else { self.max };
        let options = [
            (self.start != start, format!("START WITH {}", self.start)),
            (self.increment != 1, format!("INCREMENT BY {}", self.increment)),
            (self.min != min, format!("MINVALUE {}", self.min)),
            (self.max != max, format!("MAXVALUE {}", self.max)),
            (self.cache != 1, format!("CACHE {}", self.cache)),
            (self.cycle, "CYCLE".to_owned()),
        ];
        options.into_iter().filter(|(unusual, _)| *unusual).map(|(_, option)| option).collect()
    }

    /// The options that differ, as `ALTER SEQUENCE` takes them.
    pub(super) fn changes(&self, before: &Options) -> Vec<String> {
        let options = [
            (self.start != before.start, format!("START WITH {}", self.start)),
            (self.increment != before.increment, format!("INCREMENT BY {}", self.increment)),
            (self.min != before.min, format!("MINVALUE {}", self.min)),
            (self.max != before.max, format!("MAXVALUE {}", self.max)),
            (self.cache != before.cache, format!("CACHE {}", self.cache)),
            (self.cycle != before.cycle, if self.cycle { "CYCLE" } else { "NO CYCLE" }.to_owned()),
        ];
        options.into_iter().filter(|(differs, _)| *differs).map(|(_, option)| option).collect()
    }

    /// Whether a value that `before` allows may be out of bounds here.
    fn narrower(&self, before: &Options) -> bool {
        self.min > before.min || self.max < before.max
    }

    /// Whether no value that `before` allows is within these bounds: none of these numbers was ever given out.
    pub(super) fn starts_over(&self, before: &Options) -> bool {
        self.min > before.max || self.max < before.min
    }

    /// The step that sets these bounds, with what it does to the sequence.
    pub(super) fn warn(&self, step: Step, before: &Options, sequence: &ObjectId) -> Step {
        if self.starts_over(before) {
            step.hazard(HazardKind::ChangesValues, sequence, "it counts from its new start on")
        } else if self.narrower(before) {
            step.hazard(HazardKind::DependsOnRows, sequence, "fails where it has counted past its new bounds")
        } else {
            step
        }
    }

    /// The statements that take a sequence of this name to these bounds before it gets them, where it has not counted that far or
    /// not begun to count: skipping numbers is harmless, repeating them is not.
    pub(super) fn way_into(&self, name: &str, before: &Options) -> Vec<String> {
        if self.starts_over(before) {
            return Vec::new();
        }
        let name = Quoted(name).to_string();
        let set = |value: i64, condition: &str| {
            let literal = Literal(&name);
            format!("SELECT pg_catalog.setval({literal}, {value}, false) FROM {name} WHERE {condition}")
        };
        let (lowest, highest) = (self.min.max(before.min), self.max.min(before.max));
        let up = self.increment > 0;
        let sides = [
            ('<', self.min, up && self.min > before.min, before.start < self.min),
            ('>', self.max, !up && self.max < before.max, before.start > self.max),
        ];
        let moves = sides.into_iter().filter_map(|(beyond, bound, ahead, began_there)| {
            if ahead {
                Some(set(bound, &format!("last_value {beyond} {bound}")))
            } else {
                let start = self.start.clamp(lowest, highest);
                let begun = format!("last_value = {} AND NOT is_called", before.start);
                began_there.then(|| set(start, &begun))
            }
        });
        moves.collect()
    }
}

/// `OWNED BY t.c`, or `OWNED BY NONE`.
fn owned_by(fact: &Fact) -> String {
    match fact.parent.as_ref().filter(|parent| parent.kind == Kind::Column) {
        Some(column) => format!("OWNED BY {}.{}", Quoted(column.first()), Quoted(column.last())),
        None => "OWNED BY NONE".to_owned(),
    }
}

/// The sequences that the statement which makes their column needs: those that
/// the column owns.
pub(super) fn made_with<'a>(column: &ObjectId, context: &Context<'a>) -> Vec<&'a Fact> {
    context
        .to
        .children(column)
        .filter(|fact| fact.id.kind == Kind::Sequence && context.is_new(&fact.id))
        .collect()
}

/// The statements that make it, not yet owned by any column.
///
/// # Errors
/// When the fact cannot be understood.
pub(super) fn make(fact: &Fact) -> Result<Vec<Step>, PlanError> {
    let sequence: Attributes = fact.decode()?;
    let unlogged = if sequence.unlogged { "UNLOGGED " } else { "" };
    let mut sql = format!("CREATE {unlogged}SEQUENCE {}", Quoted(fact.id.first()));
    if sequence.data_type != "bigint" {
        sql.push_str(&format!(" AS {}", sequence.data_type));
    }
    for option in sequence.options.unusual(&sequence.data_type) {
        sql.push(' ');
        sql.push_str(&option);
    }
    let mut steps = vec![Step::new(&fact.id, Verb::Create, sql)];
    steps.extend(owner_step(fact, Verb::Create));
    Ok(steps)
}

/// The statement that gives it to the column which owns it, or to none.
pub(super) fn own(fact: &Fact, verb: Verb) -> Step {
    Step::new(&fact.id, verb, format!("ALTER {} {}", Address(&fact.id), owned_by(fact)))
}

impl Rules for Sequence {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let mut steps = make(fact)?;
        if let Some(column) = &fact.parent {
            steps.push(own(fact, Verb::Create));
            steps.extend(identity::hand_over_to_sequence(fact, column, context));
        }
        Ok(steps)
    }

    /// A new column's default may count by it from the first row on.
    fn created_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        fact.parent.clone().filter(|column| context.is_new(column))
    }

    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        if identity::takes_over(fact, context) {
            return Ok(Vec::new());
        }
        Ok(vec![drop_step(fact).hazard(HazardKind::DropsData, &fact.id, "where it counted to is lost")])
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        _: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        let mut options = Vec::new();
        if before.data_type != after.data_type {
            options.push(format!("AS {}", after.data_type));
        }
        let mut changes = after.options.changes(&before.options);
        if before.data_type != after.data_type {
            // Another type may move bounds that are not named.
            changes.retain(|option| !option.starts_with("MINVALUE") && !option.starts_with("MAXVALUE"));
            changes.push(format!("MINVALUE {}", after.options.min));
            changes.push(format!("MAXVALUE {}", after.options.max));
        }
        options.extend(changes);
        let alter =
            |options: &str| Step::new(&to.id, Verb::Alter, format!("ALTER {} {options}", Address(&to.id)));
        let way = after.options.way_into(to.id.first(), &before.options);
        let mut steps: Vec<Step> = way.into_iter().map(|sql| Step::new(&to.id, Verb::Alter, sql)).collect();
        if after.options.starts_over(&before.options) {
            options.push("RESTART".to_owned());
        }
        if !options.is_empty() {
            steps.push(after.options.warn(alter(&options.join(" ")), &before.options, &to.id));
        }
        if before.unlogged != after.unlogged {
            steps.push(alter(if after.unlogged { "SET UNLOGGED" } else { "SET LOGGED" }));
        }
        if changed.iter().any(|attribute| attribute == "parent") {
            steps.push(own(to, Verb::Alter));
        }
        if changed.iter().any(|attribute| attribute == "owner") {
            steps.extend(owner_step(to, Verb::Alter));
        }
        Ok(Alteration::in_place(steps))
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        vec![Slot("relation", fact.id.first().to_owned())]
    }

    /// One that a column owns goes with it, whatever becomes of that.
    fn holds_data(&self, fact: &Fact, _: &Context<'_>) -> bool {
        fact.parent.is_none()
    }

    fn quarantine(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let reserved = reserved_name(&fact.id, context.from);
        let sql = format!("ALTER {} RENAME TO {}", Address(&fact.id), Quoted(&reserved));
        let step = Step::new(&fact.id, Verb::Quarantine, sql).aside(reserved);
        Ok(vec![step.hazard(
            HazardKind::QuarantinesData,
            &fact.id,
            "is renamed aside, and can be brought back",
        )])
    }

    fn restore(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let now = ObjectId::new(Kind::Sequence, [fact.text("_reserved").unwrap_or_default()]);
        let sql = format!("ALTER {} RENAME TO {}", Address(&now), Quoted(fact.id.first()));
        Ok(vec![Step::new(&fact.id, Verb::Restore, sql)])
    }
}

/// The statements that keep the sequences which a table's columns own as they shall be, where another persistence of the table
/// would take them along (from 15).
pub(super) fn left_as_they_are(table: &ObjectId, unlogged: bool, context: &Context<'_>) -> Vec<Step> {
    if context.server.major() < 15 {
        return Vec::new();
    }
    let owned = |catalog: &Catalog| -> BTreeSet<ObjectId> {
        let columns = catalog.children(table).filter(|fact| fact.id.kind == Kind::Column);
        let owned = columns.flat_map(|column| catalog.children(&column.id));
        owned.filter(|fact| fact.id.kind == Kind::Sequence).map(|fact| fact.id.clone()).collect()
    };
    // Whichever of the two comes first: another owner or another persistence.
    let owned = owned(context.from).into_iter().chain(owned(context.to)).collect::<BTreeSet<_>>();
    let there = owned.iter().filter(|id| context.from.contains(id) && !context.is_gone(id));
    let others = there.filter_map(|id| context.to.get(id)).filter(|to| to.is("unlogged") != unlogged);
    let keep = others.map(|sequence| {
        let word = if unlogged { "LOGGED" } else { "UNLOGGED" };
        let sql = format!("ALTER SEQUENCE {} SET {word}", Quoted(sequence.id.first()));
        Step::new(table, Verb::Alter, sql).locks(table, LockMode::AccessExclusive)
    });
    keep.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sequence(attributes: &serde_json::Value) -> Result<Attributes, tenantry_catalog::CatalogError> {
        let attributes = serde_json::from_value(attributes.clone()).unwrap();
        Fact { id: ObjectId::new(Kind::Sequence, ["s"]), parent: None, attributes }.decode()
    }

    #[test]
    fn writes_only_what_is_unusual() {
        for (data_type, options, unusual) in [
            ("bigint", json!({"start": 1, "increment": 1, "min": 1, "max": i64::MAX, "cache": 1}), ""),
            ("integer", json!({"start": 1, "increment": 1, "min": 1, "max": i32::MAX, "cache": 1}), ""),
            (
                "bigint",
                json!({"start": -1, "increment": -1, "min": i64::MIN, "max": -1, "cache": 1}),
                "INCREMENT BY -1",
            ),
            (
                "bigint",
                json!({"start": 9, "increment": 2, "min": 5, "max": 99, "cache": 3, "cycle": true}),
                "START WITH 9 INCREMENT BY 2 MINVALUE 5 MAXVALUE 99 CACHE 3 CYCLE",
            ),
        ] {
            let options: Options = serde_json::from_value(options).unwrap();
            assert_eq!(options.unusual(data_type).join(" "), unusual);
        }
    }

    #[test]
    fn knows_all_of_its_attributes() {
        let known = json!({"type": "bigint", "start": 1, "increment": 1, "min": 1, "max": 9, "cache": 1});
        assert!(sequence(&known).is_ok());
        let mut strange = known;
        strange["strange"] = json!(1);
        assert!(sequence(&strange).is_err());
    }
}
