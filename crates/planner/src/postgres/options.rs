//! Storage parameters and other options of relations (`WITH (...)`). Their
//! order means nothing, but pg_dump shows it: what is made anew gets its
//! options in the order in which they were declared.

use std::collections::BTreeMap;

use crate::sql::{Literal, Quoted};

/// A relation's options, and the order in which they were set.
#[derive(Clone, Copy)]
pub(super) struct Options<'a> {
    pub(super) values: &'a BTreeMap<String, String>,
    pub(super) order: &'a [String],
}

/// An option's name, which may have a namespace (`toast.fillfactor`).
fn option_name(name: &str) -> String {
    name.split('.').map(|part| Quoted(part).to_string()).collect::<Vec<_>>().join(".")
}

fn list(options: &[(&String, &String)]) -> String {
    let options = options.iter().map(|(name, value)| format!("{}={}", option_name(name), Literal(value)));
    options.collect::<Vec<_>>().join(", ")
}

impl<'a> Options<'a> {
    /// In the order in which they were set.
    fn sorted(&self) -> Vec<(&'a String, &'a String)> {
        let place =
            |name: &String| self.order.iter().position(|other| other == name).unwrap_or(self.order.len());
        let mut sorted: Vec<_> = self.values.iter().collect();
        sorted.sort_by_key(|(name, _)| place(name));
        sorted
    }

    /// `WITH (...)`, with a space before it; nothing without options.
    pub(super) fn with(&self) -> String {
        if self.values.is_empty() { String::new() } else { format!(" WITH ({})", list(&self.sorted())) }
    }

    /// `RESET (...)` and `SET (...)`: what leads to `to`, where ALTER stands
    /// before it.
    pub(super) fn way_to(&self, to: Options<'a>) -> Vec<String> {
        let gone: Vec<String> = self
            .values
            .keys()
            .filter(|name| !to.values.contains_key(*name))
            .map(|name| option_name(name))
            .collect();
        let stays = |(name, value): &(&String, &String)| self.values.get(*name) == Some(*value);
        let (target, mut changed) = (to.sorted(), to.sorted());
        changed.retain(|option| !stays(option));
        // What is set goes to the end.
        let kept = self.sorted().into_iter().filter(|(name, value)| to.values.get(*name) == Some(*value));
        let outcome: Vec<_> = kept.chain(changed.iter().copied()).collect();
        let set = if changed.is_empty() || outcome == target { changed } else { target };
        let mut clauses = Vec::new();
        if !gone.is_empty() {
            clauses.push(format!("RESET ({})", gone.join(", ")));
        }
        if !set.is_empty() {
            clauses.push(format!("SET ({})", list(&set)));
        }
        clauses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_as_little_as_leads_to_the_same_order() {
        let map = |text: &str| -> (BTreeMap<String, String>, Vec<String>) {
            let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
            let order = pairs.clone().map(|(name, _)| name.to_owned()).collect();
            (pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), order)
        };
        for (from, to, expected) in [
            ("a=1", "a=1", vec![]),
            ("a=1 b=1", "b=1 a=1", vec![]),
            ("a=1 b=1", "a=1 b=2", vec!["SET (b='2')"]),
            ("a=1 b=1", "a=2 b=1", vec!["SET (a='2', b='1')"]),
            ("a=1 b=1", "b=1 toast.c=3", vec!["RESET (a)", "SET (toast.c='3')"]),
        ] {
            let (from, to) = (map(from), map(to));
            let from = Options { values: &from.0, order: &from.1 };
            assert_eq!(from.way_to(Options { values: &to.0, order: &to.1 }), expected);
        }
    }
}
