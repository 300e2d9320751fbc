//! Telling what an earlier plan renamed aside from what is in use (D10).

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use tenantry_catalog::{Catalog, Fact, Fingerprint, Kind, ObjectId, Reference};

/// How the names begin of what was renamed aside.
pub const RESERVED: &str = "tenantry_q_";

/// The longest name that PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;

/// The name that an object gets when it is renamed aside: the same one for
/// every tenant that starts there, another one when the schema has changed in
/// between, and still to be read by a person.
pub fn reserved_name(object: &ObjectId, from: &Catalog) -> String {
    let mut hash = Sha256::new();
    hash.update(Fingerprint::of(from).as_str());
    hash.update(object.to_string());
    let digits: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let mut name = format!("{RESERVED}{digits}_{}", object.last());
    name.truncate(name.floor_char_boundary(LONGEST_NAME));
    name
}

/// Parts a schema into what is in use and what was renamed aside, which gets
/// back the identities that it had; the carried attribute `_reserved` says
/// what each of the `renamed` objects is called now.
///
/// `renamed` are pairs of what an object was and its reserved name, as the
/// ledger recorded them. One that is no longer there is passed over; what only
/// looks reserved, and the ledger does not know, is in use.
pub fn part_aside(catalog: &Catalog, renamed: &[(ObjectId, String)]) -> (Catalog, Catalog) {
    let mut was: BTreeMap<ObjectId, ObjectId> = BTreeMap::new();
    // Tables first: what is in one is found under the table's reserved name.
    let mut ordered: Vec<&(ObjectId, String)> = renamed.iter().collect();
    ordered.sort_by_key(|(id, _)| id.name.len());
    for (original, reserved) in ordered {
        let now = original.name.split_last().map(|(_, path)| {
            let path = path.iter().map(|part| reserved_table(renamed, part).unwrap_or(part).to_owned());
            path.chain([reserved.clone()]).collect()
        });
        let now = ObjectId { kind: original.kind, name: now.unwrap_or_default() };
        if catalog.contains(&now) {
            was.insert(now, original.clone());
        }
    }
    renamed_with(catalog, &mut was);
    let tops: Vec<ObjectId> = was.keys().cloned().collect();
    for top in &tops {
        below(catalog, top, &mut was);
    }
    let in_use = catalog.filtered(|fact| !was.contains_key(&fact.id));
    let mut aside = Catalog::default();
    for (now, original) in &was {
        let Some(fact) = catalog.get(now) else { continue };
        let parent = fact.parent.as_ref().map(|parent| was.get(parent).unwrap_or(parent).clone());
        let mut attributes = fact.attributes.clone();
        if tops.contains(now) {
            attributes.insert("_reserved".to_owned(), now.last().into());
        }
        aside.insert(Fact { id: original.clone(), parent, attributes });
        for reference in catalog.references(now) {
            let to = match reference {
                Reference::Inside(on) => Reference::Inside(was.get(on).unwrap_or(on).clone()),
                Reference::Outside(_) => reference.clone(),
            };
            aside.refer(original.clone(), to);
        }
    }
    (in_use, aside)
}

/// Adds the columns of partitions and heirs, which the server renames with the one above.
fn renamed_with(catalog: &Catalog, was: &mut BTreeMap<ObjectId, ObjectId>) {
    let mut stack: Vec<ObjectId> = was.keys().filter(|id| id.kind == Kind::Column).cloned().collect();
    while let Some(above) = stack.pop() {
        let Some(name) = was.get(&above).map(|original| original.last().to_owned()) else { continue };
        for column in catalog.of_kind(Kind::Column).filter(|column| column.id.last() == above.last()) {
            let follows = column.get("_follows").and_then(|tables| tables.as_array());
            let is_below = follows
                .is_some_and(|tables| tables.iter().any(|table| table.as_str() == Some(above.first())));
            if is_below && !was.contains_key(&column.id) {
                let table = ObjectId::new(Kind::Table, [column.id.first()]);
                let table = was.get(&table).unwrap_or(&table).first().to_owned();
                was.insert(column.id.clone(), ObjectId::new(Kind::Column, [table, name.clone()]));
                stack.push(column.id.clone());
            }
        }
    }
}

/// The reserved name of a table that was renamed aside.
fn reserved_table<'a>(renamed: &'a [(ObjectId, String)], table: &str) -> Option<&'a String> {
    let is_it = |id: &ObjectId| id.kind == Kind::Table && id.first() == table;
    renamed.iter().find(|(id, _)| is_it(id)).map(|(_, reserved)| reserved)
}

/// Finds what everything below an object was called.
fn below(catalog: &Catalog, top: &ObjectId, was: &mut BTreeMap<ObjectId, ObjectId>) {
    let mut stack = vec![top.clone()];
    while let Some(parent) = stack.pop() {
        for child in catalog.children(&parent) {
            if !was.contains_key(&child.id) {
                let original = original_of(&child.id, &parent, was);
                was.insert(child.id.clone(), original);
                stack.push(child.id.clone());
            }
        }
    }
}

/// What a child was called when its parent was called otherwise.
fn original_of(child: &ObjectId, parent: &ObjectId, was: &BTreeMap<ObjectId, ObjectId>) -> ObjectId {
    let Some(then) = was.get(parent) else { return child.clone() };
    let mut name = child.name.clone();
    // A comment's or privilege's name has its target's kind in front.
    let at = usize::from(child.target().is_some());
    if name.get(at..at + parent.name.len()) == Some(parent.name.as_slice()) {
        name.splice(at..at + parent.name.len(), then.name.iter().cloned());
    } else if name.first() == parent.name.first()
        && let (Some(first), Some(then)) = (name.first_mut(), then.name.first())
    {
        first.clone_from(then);
    }
    ObjectId { kind: child.kind, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: Kind, name: &[&str], parent: Option<(Kind, &[&str])>) -> Fact {
        let id = |kind, name: &[&str]| ObjectId::new(kind, name.iter().copied());
        Fact {
            id: id(kind, name),
            parent: parent.map(|(kind, name)| id(kind, name)),
            attributes: BTreeMap::new(),
        }
    }

    #[test]
    fn reserved_names_fit_and_differ_by_what_was_there() {
        let column = ObjectId::new(Kind::Column, ["t".to_owned(), "é".repeat(31)]);
        let mut catalog = Catalog::empty();
        let name = reserved_name(&column, &catalog);
        assert!(name.starts_with(RESERVED) && name.len() <= LONGEST_NAME && name.ends_with('é'), "{name}");
        catalog.insert(fact(Kind::Table, &["t"], None));
        assert_ne!(name, reserved_name(&column, &catalog));
    }

    #[test]
    fn gives_back_names_to_all_that_was_renamed() {
        let table: Option<(Kind, &[&str])> = Some((Kind::Table, &["q1"]));
        let kept: Option<(Kind, &[&str])> = Some((Kind::Table, &["kept"]));
        let mut catalog = Catalog::empty();
        for fact in [
            fact(Kind::Table, &["q1"], None),
            fact(Kind::Column, &["q1", "id"], table),
            fact(Kind::Comment, &["column", "q1", "id"], Some((Kind::Column, &["q1", "id"]))),
            fact(Kind::Index, &["q2"], table),
            fact(Kind::Table, &["kept"], None),
            fact(Kind::Column, &["kept", "a"], kept),
            fact(Kind::Column, &["kept", "q3"], kept),
            fact(Kind::Column, &["kept", "q_unknown"], kept),
        ] {
            catalog.insert(fact);
        }
        let renamed = [
            (ObjectId::new(Kind::Table, ["old"]), "q1".to_owned()),
            (ObjectId::new(Kind::Index, ["old_idx"]), "q2".to_owned()),
            (ObjectId::new(Kind::Column, ["kept", "fax"]), "q3".to_owned()),
            (ObjectId::new(Kind::Table, ["long_gone"]), "q4".to_owned()),
        ];
        let (in_use, aside) = part_aside(&catalog, &renamed);
        let names = |catalog: &Catalog| catalog.facts().map(|f| f.id.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&in_use), ["schema", "table kept", "column kept.a", "column kept.q_unknown"]);
        assert_eq!(
            names(&aside),
            ["table old", "column kept.fax", "column old.id", "index old_idx", "comment on column old.id"]
        );
        let column = aside.get(&ObjectId::new(Kind::Column, ["kept", "fax"])).unwrap();
        assert_eq!(column.text("_reserved"), Some("q3"));
        let index = aside.get(&ObjectId::new(Kind::Index, ["old_idx"])).unwrap();
        assert_eq!(index.parent, Some(ObjectId::new(Kind::Table, ["old"])));
    }
}
