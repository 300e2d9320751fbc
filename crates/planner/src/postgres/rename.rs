//! Renames that hints ask for: statements that run before all others, so that what is compared bears its new names.
//!
//! Pure names: what else the server words otherwise afterwards (views, checks, indexes) is read from the server, not guessed.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::address::Address;
use crate::sql::Quoted;
use crate::{HazardKind, LockMode, PlanError, Refusal, Rename, Step, Verb};

/// The renames that apply: what is there has the old name and not the new one, and the target has it the other way round.
/// A table comes before what is in it.
///
/// # Errors
/// When a hint asks for more than another name.
pub fn renames(from: &Catalog, to: &Catalog, hints: &[Rename]) -> Result<Vec<Step>, PlanError> {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let mut steps = Vec::new();
    let (whole, parts): (Vec<&Rename>, Vec<&Rename>) =
        hints.iter().filter(|hint| hint.from.kind == hint.to.kind).partition(|hint| !is_part(hint.from.kind));
    for hint in whole {
        if !applies(&hint.from, &hint.to, &hint.from, from, to) {
            continue;
        }
        if hint.from.name.get(1) != hint.to.name.get(1) {
            let remedy = "Give both the same arguments in spec.renames, or remove the hint";
            return Err(Refusal::new(&hint.from, "cannot get other arguments by a hint", remedy).into());
        }
        owners.insert(hint.from.first(), hint.to.first());
        steps.push(step(&hint.from, &hint.to, &hint.from, from));
    }
    let mut refused = Vec::new();
    for hint in parts {
        // Its owner may be written by the name that it had, or by the one that it has now.
        let was = owners.iter().find(|(_, now)| **now == hint.from.first()).map(|(was, _)| *was);
        let old = ObjectId::new(hint.from.kind, [was.unwrap_or(hint.from.first()), hint.from.last()]);
        let owner = owners.get(old.first()).copied().unwrap_or(old.first());
        let still = ObjectId::new(hint.from.kind, [owner, hint.from.last()]);
        let taken = ObjectId::new(hint.from.kind, [old.first(), hint.to.last()]);
        if !applies(&old, &hint.to, &still, from, to) || from.contains(&taken) {
            continue;
        }
        if owner == hint.to.first() {
            steps.push(step(&old, &hint.to, &still, from));
        } else {
            let reason = format!("cannot become {} by another name: that stands elsewhere", hint.to);
            let remedy = "Rename what it stands in by a hint too, or remove the hint from spec.renames";
            refused.push(Refusal::new(&old, reason, remedy));
        }
    }
    if refused.is_empty() { Ok(steps) } else { Err(PlanError::Refused(refused)) }
}

/// The renames that follow: constraints, indexes and sequences of the tables that were renamed, or whose columns were, which
/// the target has under another name and otherwise alike. Made anew they would cost a scan, or their place in counting.
pub fn followers(from: &Catalog, to: &Catalog, done: &[Step]) -> Vec<Step> {
    let tables: BTreeSet<&str> = done
        .iter()
        .filter(|step| matches!(step.object.kind, Kind::Table | Kind::Column))
        .map(|step| step.object.first())
        .collect();
    let mut steps = Vec::new();
    for table in tables {
        let gone = followed(from, to, table);
        let new = followed(to, from, table);
        for fact in &gone {
            let alike: Vec<&&Fact> = new.iter().filter(|other| are_alike(fact, other)).collect();
            let twins = gone.iter().filter(|other| are_alike(fact, other)).count();
            if let ([other], 1) = (alike.as_slice(), twins) {
                steps.push(step(&fact.id, &other.id, &fact.id, from));
            }
        }
    }
    steps
}

/// What of a table can follow, is in one catalog, and not in the other.
fn followed<'a>(catalog: &'a Catalog, other: &Catalog, table: &str) -> Vec<&'a Fact> {
    let table = ObjectId::new(Kind::Table, [table]);
    let children: Vec<&Fact> = catalog.children(&table).collect();
    let columns = children.iter().filter(|fact| fact.id.kind == Kind::Column);
    let counted = columns.flat_map(|column| catalog.children(&column.id));
    let follows = |fact: &&Fact| matches!(fact.id.kind, Kind::Constraint | Kind::Index | Kind::Sequence);
    let all = children.iter().copied().chain(counted);
    all.filter(follows).filter(|fact| !other.contains(&fact.id)).collect()
}

/// Whether two facts differ in nothing but their names.
fn are_alike(one: &Fact, other: &Fact) -> bool {
    if one.id.kind != other.id.kind || one.parent != other.parent {
        return false;
    }
    // An index says its own name.
    let nameless = |fact: &Fact| {
        let definition = fact.text("definition")?;
        Some(definition.replacen(&format!(" {} ON ", Quoted(fact.id.first())), " ON ", 1))
    };
    match one.differing(other).as_slice() {
        [] => true,
        [definition] if definition == "definition" && one.id.kind == Kind::Index => {
            nameless(one) == nameless(other)
        }
        _ => false,
    }
}

/// Whether it stands in something that has a name of its own.
fn is_part(kind: Kind) -> bool {
    matches!(kind, Kind::Column | Kind::Constraint | Kind::DomainConstraint | Kind::Trigger | Kind::Policy)
}

fn applies(old: &ObjectId, new: &ObjectId, still: &ObjectId, from: &Catalog, to: &Catalog) -> bool {
    from.contains(old) && !from.contains(new) && to.contains(new) && !to.contains(still)
}

/// Gives `old` the name of `new`; `still` is what it is called by then.
fn step(old: &ObjectId, new: &ObjectId, still: &ObjectId, from: &Catalog) -> Step {
    let (name, owner, was) = (Quoted(new.last()), Quoted(still.first()), Quoted(still.last()));
    let sql = match old.kind {
        Kind::Column => format!("ALTER TABLE {owner} RENAME COLUMN {was} TO {name}"),
        Kind::Constraint => format!("ALTER TABLE {owner} RENAME CONSTRAINT {was} TO {name}"),
        Kind::DomainConstraint => format!("ALTER DOMAIN {owner} RENAME CONSTRAINT {was} TO {name}"),
        _ => format!(
            "ALTER {} RENAME TO {}",
            Address(still),
            if is_part(old.kind) { name } else { Quoted(new.first()) }
        ),
    };
    let mut step = Step::new(new, Verb::Alter, sql);
    // By the names that are there before the plan runs.
    let mode = match old.kind {
        Kind::Index => LockMode::ShareUpdateExclusive,
        _ => LockMode::AccessExclusive,
    };
    match old.kind {
        Kind::Table => step = step.locks(old, mode),
        Kind::Column | Kind::Constraint | Kind::Trigger | Kind::Policy => {
            step = step.locks(&ObjectId::new(Kind::Table, [old.first()]), mode);
        }
        Kind::Index => {
            if let Some(on) = from.get(old).and_then(|index| index.parent.as_ref()) {
                step = step.locks(on, mode);
            }
        }
        _ => {}
    }
    let is_named = !matches!(
        old.kind,
        Kind::Index | Kind::Constraint | Kind::DomainConstraint | Kind::Trigger | Kind::Policy
    );
    if is_named {
        let detail = format!("is called {name} from now on, and statements that use the old name fail");
        step = step.hazard(HazardKind::ChangesContract, old, detail);
    }
    step
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenantry_catalog::Reference;

    use super::*;

    fn catalog(facts: &[(&str, &str, serde_json::Value)]) -> Catalog {
        let mut catalog = Catalog::empty();
        for (id, parent, attributes) in facts {
            let id = object(id);
            let parent = (!parent.is_empty()).then(|| object(parent));
            let attributes = serde_json::from_value(attributes.clone()).unwrap();
            catalog.insert(Fact { id: id.clone(), parent: parent.clone(), attributes });
            if let Some(parent) = parent {
                catalog.refer(id, Reference::Inside(parent));
            }
        }
        catalog
    }

    /// `table t`, `column t.a`, `function f(integer)`.
    fn object(text: &str) -> ObjectId {
        let (kind, name) = text.split_once(' ').unwrap();
        let kind = *Kind::ALL.iter().find(|known| known.word() == kind).unwrap();
        match name.strip_suffix(')').and_then(|name| name.split_once('(')) {
            Some((name, types)) => ObjectId::new(kind, [name, types]),
            None => ObjectId::new(kind, name.split('.')),
        }
    }

    fn sql(
        from: &[(&str, &str, serde_json::Value)],
        to: &[(&str, &str, serde_json::Value)],
        hints: &[(&str, &str)],
    ) -> String {
        let hints: Vec<Rename> =
            hints.iter().map(|(from, to)| Rename { from: object(from), to: object(to) }).collect();
        match renames(&catalog(from), &catalog(to), &hints) {
            Ok(steps) => steps.iter().map(|step| step.sql.as_str()).collect::<Vec<_>>().join("; "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_hint_applies_where_the_old_name_is_there_and_the_new_one_is_wanted() {
        let none = json!({});
        let t = ("table t", "", none.clone());
        let (a, b) = (("column t.a", "table t", none.clone()), ("column t.b", "table t", none.clone()));
        let hint = [("column t.a", "column t.b")];
        let renamed = "ALTER TABLE t RENAME COLUMN a TO b";
        assert_eq!(sql(&[t.clone(), a.clone()], &[t.clone(), b.clone()], &hint), renamed);
        assert_eq!(
            sql(&[t.clone(), b.clone()], &[t.clone(), b.clone()], &hint),
            "",
            "it was renamed already"
        );
        assert_eq!(
            sql(&[t.clone(), a.clone()], &[t.clone(), a.clone()], &hint),
            "",
            "the old name is wanted still"
        );
        let both = [t.clone(), a.clone(), b.clone()];
        assert_eq!(sql(&both, &[t.clone(), b.clone()], &hint), "", "nobody knows which of both is meant");
        assert_eq!(sql(std::slice::from_ref(&t), &[t.clone(), b], &hint), "", "there is nothing to rename");
    }

    #[test]
    fn what_is_in_a_renamed_table_is_found_by_either_name() {
        let none = json!({});
        let from = [("table t", "", none.clone()), ("column t.a", "table t", none.clone())];
        let to = [("table u", "", none.clone()), ("column u.b", "table u", none.clone())];
        let both = "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME COLUMN a TO b";
        assert_eq!(sql(&from, &to, &[("column t.a", "column u.b"), ("table t", "table u")]), both);
        assert_eq!(sql(&from, &to, &[("table t", "table u"), ("column u.a", "column u.b")]), both);
        let alone = sql(&from, &to, &[("column t.a", "column u.b")]);
        assert!(alone.starts_with("column t.a: cannot become column u.b by another name"), "{alone}");
    }

    #[test]
    fn what_is_alike_under_the_new_names_follows() {
        let key = |name: &'static str| {
            (name, "table u", json!({"type": "primary key", "definition": "PRIMARY KEY (id)"}))
        };
        let index = |id: &'static str, name: &str, on: &str| {
            (id, "table u", json!({"definition": format!("CREATE INDEX {name} ON u USING btree ({on})")}))
        };
        let table = ("table u", "", json!({}));
        let from = [
            table.clone(),
            key("constraint u.t_pkey"),
            index("index t_a", "t_a", "a"),
            index("index t_b", "t_b", "b"),
        ];
        let to = [
            table,
            key("constraint u.u_pkey"),
            index("index u_a", "u_a", "a"),
            index("index u_b", "u_b", "b, a"),
        ];
        let done = [Step::new(&object("table u"), Verb::Alter, "")];
        let steps = followers(&catalog(&from), &catalog(&to), &done);
        let sql: Vec<&str> = steps.iter().map(|step| step.sql.as_str()).collect();
        assert_eq!(
            sql,
            ["ALTER INDEX t_a RENAME TO u_a", "ALTER TABLE u RENAME CONSTRAINT t_pkey TO u_pkey"]
        );
    }
}
