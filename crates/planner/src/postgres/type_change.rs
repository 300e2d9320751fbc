//! What another type does to the values of a column, and how they get there.
//! Types are judged by their names as the server prints them; what is not
//! known to be harmless is taken to be not.

use crate::HazardKind;

/// A column's type, as its fact has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'a> {
    /// With its modifier: `numeric(10,2)`.
    pub(super) name: &'a str,
    /// Without, and seen through domains: `numeric`.
    pub(super) base: &'a str,
    /// `pg_type.typcategory`.
    pub(super) category: &'a str,
}

impl<'a> Typed<'a> {
    /// A type of which only the name is known, and of its category what matters for casts.
    pub(super) fn named(name: &'a str) -> Self {
        let base = name.split('(').next().unwrap_or_default().trim_end();
        let category = match base {
            _ if name.ends_with("[]") => "A",
            _ if TEXT.contains(&base) || base == "character" => "S",
            _ if BUILT_IN_RANGES.contains(&base) => "R",
            _ => "",
        };
        Typed { name, base: if category == "A" { name } else { base }, category }
    }
}

impl Typed<'_> {
    /// The numbers of its modifier.
    fn modifier(&self) -> Option<Vec<i64>> {
        let (_, rest) = self.name.split_once('(')?;
        let (numbers, _) = rest.split_once(')')?;
        numbers.split(',').map(|number| number.trim().parse().ok()).collect()
    }

    fn is(&self, bases: &[&str]) -> bool {
        bases.contains(&self.base)
    }

    fn is_domain(&self) -> bool {
        let bare = self.name.split('(').next().unwrap_or_default().trim();
        !self.base.starts_with(bare) && !self.name.contains(" with")
    }

    fn is_array(&self) -> bool {
        self.category == "A"
    }

    /// The elements' type, if it is an array. Of its category is known what matters for casts.
    fn element(&self) -> Option<Typed<'_>> {
        let base = self.is_array().then(|| self.base.trim_end_matches("[]"))?;
        let category = match base {
            _ if TEXT.contains(&base) || base == "character" => "S",
            _ if BUILT_IN_RANGES.contains(&base) => "R",
            _ => "",
        };
        Some(Typed { name: base, base, category })
    }

    fn is_multirange(&self) -> bool {
        self.base.contains("multirange")
    }
}

const TEXT: [&str; 2] = ["text", "character varying"];
const WHOLE: [&str; 3] = ["smallint", "integer", "bigint"];
const FLOAT: [&str; 2] = ["real", "double precision"];

const BUILT_IN_RANGES: [&str; 6] =
    ["daterange", "int4range", "int8range", "numrange", "tsrange", "tstzrange"];

/// What the server has a cast for between types that are neither text nor both
/// numbers, explicit ones too, by the catalog `pg_cast` of 13 to 18.
const CASTS: &[(&str, &[&str])] = &[
    ("bigint", &["bit", "money", "oid"]),
    ("bit", &["bigint", "bit varying", "integer"]),
    ("bit varying", &["bit"]),
    ("boolean", &["integer"]),
    ("box", &["circle", "lseg", "point", "polygon"]),
    ("cidr", &["inet"]),
    ("circle", &["box", "point", "polygon"]),
    ("date", &["timestamp with time zone", "timestamp without time zone"]),
    ("inet", &["cidr"]),
    ("integer", &["bit", "boolean", "money", "oid"]),
    ("interval", &["time without time zone"]),
    ("json", &["jsonb"]),
    ("jsonb", &["bigint", "boolean", "double precision", "integer", "json", "numeric", "real", "smallint"]),
    ("lseg", &["point"]),
    ("macaddr", &["macaddr8"]),
    ("macaddr8", &["macaddr"]),
    ("money", &["numeric"]),
    ("numeric", &["money"]),
    ("oid", &["bigint", "integer"]),
    ("path", &["polygon"]),
    ("point", &["box"]),
    ("polygon", &["box", "circle", "path", "point"]),
    ("time with time zone", &["time without time zone"]),
    ("time without time zone", &["interval", "time with time zone"]),
    (
        "timestamp with time zone",
        &["date", "time with time zone", "time without time zone", "timestamp without time zone"],
    ),
    ("timestamp without time zone", &["date", "time without time zone", "timestamp with time zone"]),
    ("xid8", &["xid"]),
];

/// Other types that are known to have no casts but by way of text.
const WITHOUT_CASTS: &[&str] = &[
    "bytea",
    "double precision",
    "jsonpath",
    "line",
    "pg_lsn",
    "pg_snapshot",
    "real",
    "smallint",
    "tid",
    "tsquery",
    "tsvector",
    "txid_snapshot",
    "uuid",
    "xid",
    "xml",
];

/// Whether values of one type can become values of the other. Where a type is
/// not known, it is for the server to say.
pub(super) fn castable(from: Typed<'_>, to: Typed<'_>) -> bool {
    if from.base == to.base
        || from.category == "S"
        || to.category == "S"
        || from.category == to.category && from.category == "E"
    {
        return true;
    }
    match (from.element(), to.element()) {
        (None, None) => {}
        (Some(from), Some(to)) => return castable(from, to),
        _ => return false,
    }
    if from.category == "R" && to.category == "R" {
        // A range becomes a multirange of its own; what a user's is called cannot be told from its name.
        return !from.is_multirange()
            && to.is_multirange()
            && (!BUILT_IN_RANGES.contains(&from.base)
                || to.base == from.base.replace("range", "multirange"));
    }
    let plain = |typed: Typed<'_>| typed.is(&WHOLE) || typed.is(&FLOAT) || typed.is(&["numeric"]);
    let casts = CASTS.iter().find(|(base, _)| *base == from.base);
    let known = |typed: Typed<'_>| {
        let listed = CASTS.iter().any(|(base, _)| *base == typed.base) || WITHOUT_CASTS.contains(&typed.base);
        listed || matches!(typed.category, "E" | "C" | "R")
    };
    plain(from) && plain(to)
        || casts.is_some_and(|(_, to_these)| to_these.contains(&to.base))
        || !known(from)
        || !known(to)
}

/// Whether it is a whole number of fewer bytes.
pub(super) fn narrows(from: Typed<'_>, to: Typed<'_>) -> bool {
    let rank = |typed: Typed<'_>| WHOLE.iter().position(|base| *base == typed.base);
    rank(from).zip(rank(to)).is_some_and(|(from, to)| to < from)
}

/// The expression that converts a column's values; `None` where the server has
/// a cast that it takes for an assignment, which fails where a value does not
/// fit, as opposed to an explicit one, which may cut it.
pub(super) fn conversion(column: &str, from: Typed<'_>, to: Typed<'_>) -> Option<String> {
    let explicit = Some(format!("{column}::{}", to.name));
    if from.base == to.base && !to.is_array() {
        return None;
    }
    match (from.category, to.category) {
        // Only their texts have anything in common.
        ("A", "A") if is_strange(from) && is_strange(to) => Some(format!("{column}::text[]::{}", to.name)),
        // A domain's category is its base type's.
        ("N", "N") if from.is(&["money"]) || to.is(&["money"]) => explicit,
        (_, "S") | ("N", "N") | ("D", "D") => None,
        ("E", "E") => Some(format!("{column}::text::{}", to.name)),
        _ => explicit,
    }
}

/// Whether the elements of an array are of a type that is not known here, so that a cast between two such ones is not either.
fn is_strange(array: Typed<'_>) -> bool {
    let element = array.base.trim_end_matches("[]");
    let listed = [&TEXT[..], &WHOLE, &FLOAT, &["numeric", "character"], WITHOUT_CASTS].concat();
    !listed.contains(&element) && !CASTS.iter().any(|(base, _)| *base == element)
}

/// What is bad about it.
pub(super) fn hazards(from: Typed<'_>, to: Typed<'_>) -> Vec<(HazardKind, String)> {
    if from.name == to.name {
        return Vec::new();
    }
    let mut hazards = Vec::new();
    let between = format!("from {} to {}", from.name, to.name);
    if !keeps_storage(from, to) {
        hazards.push((HazardKind::RewritesTable, format!("every row is written anew, {between}")));
    }
    match fate_of_values(from, to) {
        Values::Kept => {}
        Values::MayNotFit => {
            hazards.push((HazardKind::DependsOnRows, format!("fails where a value does not fit, {between}")));
        }
        Values::Changed => {
            hazards.push((HazardKind::ChangesValues, format!("values are cut or rounded, {between}")));
            hazards.push((HazardKind::DependsOnRows, format!("fails where a value does not fit, {between}")));
        }
    }
    hazards
}

enum Values {
    Kept,
    MayNotFit,
    Changed,
}

/// Whether the server leaves the table's file as it is: measured on 15.
fn keeps_storage(from: Typed<'_>, to: Typed<'_>) -> bool {
    if from.is_domain() || to.is_domain() || from.is_array() || to.is_array() {
        return false;
    }
    match (from.modifier(), to.modifier()) {
        _ if from.is(&TEXT) && to.is(&["text"]) => true,
        (_, None) if from.is(&TEXT) && to.is(&TEXT) => true,
        (Some(old), Some(new)) if from.is(&["character varying"]) && to.is(&["character varying"]) => {
            new >= old
        }
        (Some(old), Some(new)) if from.is(&["numeric"]) && to.is(&["numeric"]) => {
            new.first() >= old.first() && new.get(1) == old.get(1)
        }
        (Some(_), None) if from.is(&["numeric"]) && to.is(&["numeric"]) => true,
        _ => false,
    }
}

fn fate_of_values(from: Typed<'_>, to: Typed<'_>) -> Values {
    if to.is_domain() {
        return Values::MayNotFit;
    }
    let rank = |typed: Typed<'_>, order: &[&str]| order.iter().position(|base| *base == typed.base);
    if let (Some(old), Some(new)) = (rank(from, &WHOLE), rank(to, &WHOLE)) {
        return if new >= old { Values::Kept } else { Values::MayNotFit };
    }
    if from.is(&WHOLE) && to.is(&["numeric"]) {
        return if to.modifier().is_none() { Values::Kept } else { Values::MayNotFit };
    }
    if from.is(&["smallint"]) && to.is(&FLOAT) || from.is(&["integer"]) && to.is(&["double precision"]) {
        return Values::Kept;
    }
    if from.is(&["real"]) && to.is(&["double precision"]) {
        return Values::Kept;
    }
    if from.is(&["numeric"]) && to.is(&["numeric"]) {
        return match (from.modifier(), to.modifier()) {
            (_, None) => Values::Kept,
            (Some(old), Some(new)) if new.get(1).unwrap_or(&0) >= old.get(1).unwrap_or(&0) => {
                let whole = |m: &[i64]| m.first().unwrap_or(&0) - m.get(1).unwrap_or(&0);
                if whole(&new) >= whole(&old) { Values::Kept } else { Values::MayNotFit }
            }
            _ => Values::Changed,
        };
    }
    if from.category == "N" && to.category == "N" {
        return Values::Changed;
    }
    if to.category == "S" {
        // Blanks at the end of a `character(n)` go; a longer text is refused.
        return match to.modifier() {
            _ if from.is(&["character"]) && !to.is(&["character"]) => Values::Changed,
            None => Values::Kept,
            Some(new) if from.is(&["character varying", "character"]) => match from.modifier() {
                Some(old) if new >= old => Values::Kept,
                _ => Values::MayNotFit,
            },
            Some(_) => Values::MayNotFit,
        };
    }
    if from.category == "D" && to.category == "D" {
        let wider = from.is(&["date"]) && to.is(&["timestamp without time zone"]) && to.modifier().is_none();
        let precise = from.base == to.base
            && match (from.modifier(), to.modifier()) {
                (_, None) => true,
                (Some(old), Some(new)) => new >= old,
                (None, Some(_)) => false,
            };
        return if wider || precise { Values::Kept } else { Values::Changed };
    }
    if from.is(&["json"]) && to.is(&["jsonb"]) {
        return Values::Changed;
    }
    if from.category == "S" {
        return Values::MayNotFit;
    }
    Values::Changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed<'a>(name: &'a str, category: &'a str) -> Typed<'a> {
        Typed { name, base: name.split('(').next().unwrap_or_default(), category }
    }

    #[test]
    fn judges_by_what_becomes_of_values() {
        for ((from, to), expected) in [
            (("integer", "bigint"), "rewrites-table"),
            (("bigint", "integer"), "rewrites-table depends-on-rows"),
            (("numeric(10,2)", "numeric(12,2)"), ""),
            (("numeric(10,2)", "numeric(10,1)"), "rewrites-table changes-values depends-on-rows"),
            (("numeric(10,2)", "numeric"), ""),
            (("numeric", "integer"), "rewrites-table changes-values depends-on-rows"),
            (("bigint", "double precision"), "rewrites-table changes-values depends-on-rows"),
        ] {
            let words: Vec<&str> =
                hazards(typed(from, "N"), typed(to, "N")).iter().map(|(kind, _)| kind.word()).collect();
            assert_eq!(words.join(" "), expected, "{from} -> {to}");
        }
        for ((from, to), expected) in [
            (("character varying(10)", "character varying(20)"), ""),
            (("character varying(20)", "character varying(10)"), "rewrites-table depends-on-rows"),
            (("character varying(20)", "text"), ""),
            (("text", "character varying(10)"), "rewrites-table depends-on-rows"),
            (("character(3)", "text"), "changes-values depends-on-rows"),
        ] {
            let words: Vec<&str> = hazards(typed(from, "S"), typed(to, "S"))
                .iter()
                .map(|(kind, _)| kind.word())
                .filter(|word| !from.starts_with("character(") || *word != "rewrites-table")
                .collect();
            assert_eq!(words.join(" "), expected, "{from} -> {to}");
        }
    }

    #[test]
    fn knows_what_cannot_be_cast() {
        for (from, from_category, to, to_category, expected) in [
            ("int4range", "R", "int8range", "R", false),
            ("int4range", "R", "int4multirange", "R", true),
            ("int4range", "R", "int8multirange", "R", false),
            ("int4multirange", "R", "int4range", "R", false),
            ("span", "R", "spans_multirange", "R", true),
            ("int4range", "R", "integer", "N", false),
            ("int4range", "R", "text", "S", true),
            ("integer[]", "A", "uuid[]", "A", false),
            ("integer[]", "A", "bigint[]", "A", true),
            ("integer[]", "A", "text[]", "A", true),
            ("text[]", "A", "uuid[]", "A", true),
            ("date[]", "A", "boolean[]", "A", false),
            ("mood[]", "A", "state[]", "A", true),
            ("integer[]", "A", "integer", "N", false),
            ("tsvector", "U", "jsonpath", "U", false),
        ] {
            let found = castable(typed(from, from_category), typed(to, to_category));
            assert_eq!(found, expected, "{from} -> {to}");
        }
    }

    #[test]
    fn converts_by_assignment_where_there_is_one() {
        let to = |from, from_category, to, to_category| {
            conversion("c", typed(from, from_category), typed(to, to_category))
        };
        assert_eq!(to("text", "S", "character varying(5)", "S"), None);
        assert_eq!(to("integer", "N", "text", "S"), None);
        assert_eq!(to("text", "S", "integer", "N").as_deref(), Some("c::integer"));
        assert_eq!(to("mood", "E", "state", "E").as_deref(), Some("c::text::state"));
        assert_eq!(to("mood[]", "A", "state[]", "A").as_deref(), Some("c::text[]::state[]"));
        assert_eq!(to("text[]", "A", "state[]", "A").as_deref(), Some("c::state[]"));
    }
}
