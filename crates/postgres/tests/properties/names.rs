//! Names that are hard to handle.

use super::model::Schema;

const POOL: &[&str] = &[
    "a",
    "item",
    "Ab C",
    "we\"ird",
    "o'brien",
    "semi;colon",
    "größe",
    "select",
    "user",
    "back\\slash",
    "$body$",
    "-- comment",
    "/* open",
    "1st",
    "public",
    "a.b",
    "%s",
    "x_that_is_as_long_as_a_name_can_be_for_it_has_sixty_three_bytes",
    "öööööööööööööööööööööööööööööö",
    "X",
    "x",
    "value",
    "t_id_seq",
];

const LABELS: &[&str] = &["id", "b", "It's", "Ö", "c d", "e\"f", "order", "g\\h", "i", "J"];

/// A name of a column, an attribute or an enum's label.
pub fn label(number: u16) -> String {
    LABELS[usize::from(number) % LABELS.len()].to_owned()
}

/// A name that nothing in the schema has.
pub fn free(schema: &Schema, number: u16) -> String {
    let taken = taken(schema);
    let base = POOL[usize::from(number) % POOL.len()];
    let numbered = (2..).map(|n| {
        let suffix = format!("_{n}");
        let mut end = base.len().min(63 - suffix.len());
        while !base.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}{suffix}", &base[..end])
    });
    [base.to_owned()]
        .into_iter()
        .chain(numbered)
        .find(|name| !taken.contains(&name.as_str()))
        .unwrap_or_default()
}

fn taken(schema: &Schema) -> Vec<&str> {
    let mut taken: Vec<&str> = Vec::new();
    taken.extend(schema.enums.iter().map(|e| e.name.as_str()));
    taken.extend(schema.domains.iter().map(|d| d.name.as_str()));
    taken.extend(schema.composites.iter().map(|c| c.name.as_str()));
    taken.extend(schema.sequences.iter().map(|s| s.name.as_str()));
    taken.extend(schema.functions.iter().map(|f| f.name.as_str()));
    for view in &schema.views {
        taken.push(&view.name);
        taken.extend(view.index.iter().map(|(name, _)| name.as_str()));
    }
    for table in &schema.tables {
        taken.push(&table.name);
        taken.extend(table.columns.iter().map(|column| column.name.as_str()));
        taken.extend(table.constraints.iter().filter_map(|constraint| constraint.name.as_deref()));
        taken.extend(table.indexes.iter().map(|index| index.name.as_str()));
        taken.extend(table.triggers.iter().map(|trigger| trigger.name.as_str()));
        taken.extend(table.policies.iter().map(|policy| policy.name.as_str()));
        let parts = table.partitioned.iter().flat_map(|partitioned| &partitioned.parts);
        taken.extend(parts.map(|part| part.name.as_str()));
    }
    taken
}
