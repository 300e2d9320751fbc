//! The names under which objects are put aside (D10).

use sha2::{Digest as _, Sha256};
use tenantry_catalog::ObjectId;

/// What the name of everything that was put aside begins with.
pub const PREFIX: &str = "tenantry_q_";

/// The most that PostgreSQL keeps of a name, in bytes.
const LONGEST: usize = 63;

/// The reserved name of an object: the same one each time, other than that of
/// any other object, at most 63 bytes, and ending in what it was called.
pub fn reserved_name(id: &ObjectId) -> String {
    let mut hash = Sha256::new();
    for part in [id.kind.word()].into_iter().chain(id.name.iter().map(String::as_str)) {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let mut name = PREFIX.to_owned();
    for byte in &hash.finalize()[..6] {
        name.push_str(&format!("{byte:02x}"));
    }
    name.push('_');
    for c in id.last().chars().take_while({
        let mut left = LONGEST - name.len();
        move |c| {
            let fits = c.len_utf8() <= left;
            left = left.saturating_sub(c.len_utf8());
            fits
        }
    }) {
        name.push(c);
    }
    name
}

#[cfg(test)]
mod tests {
    use tenantry_catalog::Kind;

    use super::*;

    #[test]
    fn names_are_short_stable_and_apart() {
        let column = ObjectId::new(Kind::Column, ["invoice", "fax"]);
        assert_eq!(reserved_name(&column), reserved_name(&column));
        assert!(reserved_name(&column).ends_with("_fax"));
        assert_ne!(reserved_name(&column), reserved_name(&ObjectId::new(Kind::Column, ["other", "fax"])));
        let long = ObjectId::new(Kind::Table, ["é".repeat(31)]);
        assert!(reserved_name(&long).len() <= 63);
        assert!(reserved_name(&long).starts_with(PREFIX));
    }
}
