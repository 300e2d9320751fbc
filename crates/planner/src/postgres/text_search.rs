//! Text search configurations and dictionaries.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::{Address, drop_step, owner_step};
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::sql::lexer::{Token, tokens};
use crate::{HazardKind, PlanError, Step, Verb};

/// The rules of text search objects. A fact's name is the sort
/// (`configuration`, `dictionary`) and the object's own name.
pub(super) struct TextSearch;

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Attributes {
    Dictionary(Dictionary),
    Configuration(Configuration),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dictionary {
    template: String,
    /// As the server prints them: `stopwords = 'english', language = 'x'`.
    #[serde(default)]
    options: Option<String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    parser: String,
    /// By token type: the dictionaries that are asked, in order.
    #[serde(default)]
    mappings: BTreeMap<String, Vec<String>>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

/// The options of a dictionary by name, each as it is written.
fn options(dictionary: &Dictionary) -> BTreeMap<String, String> {
    let text = dictionary.options.as_deref().unwrap_or_default();
    let words: Vec<Token<'_>> = tokens(text).filter(|token| !token.is_trivia()).collect();
    let parts = words.split(|token| token.is_symbol(","));
    parts
        .filter_map(|part| {
            let (name, last) = (part.first()?, part.last()?);
            Some((name.name()?.into_owned(), text[name.start..last.end()].to_owned()))
        })
        .collect()
}

/// What leads from one set of mappings to another, where ALTER stands before.
fn mapping_changes(from: &BTreeMap<String, Vec<String>>, to: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let gone = from.keys().filter(|token| !to.contains_key(*token));
    let drops = gone.map(|token| format!("DROP MAPPING FOR {}", Quoted(token)));
    let changed = to.iter().filter(|(token, dictionaries)| from.get(*token) != Some(*dictionaries));
    let sets = changed.map(|(token, dictionaries)| {
        let verb = if from.contains_key(token) { "ALTER" } else { "ADD" };
        format!("{verb} MAPPING FOR {} WITH {}", Quoted(token), dictionaries.join(", "))
    });
    drops.chain(sets).collect()
}

/// What is stored was computed by the old one.
fn stale(mut step: Step, to: &Fact, context: &Context<'_>) -> Step {
    let on = context.to.dependents(&to.id).filter(|id| context.from.contains(id) && !context.is_new(id));
    for id in on {
        step = step.hazard(HazardKind::StaleValues, id, format!("holds what the old {} computed", to.id));
    }
    step
}

impl Rules for TextSearch {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let address = Address(&fact.id);
        let mut steps = Vec::new();
        match fact.decode()? {
            Attributes::Dictionary(dictionary) => {
                let options = dictionary.options.map_or(String::new(), |options| format!(", {options}"));
                let sql = format!("CREATE {address} (TEMPLATE = {}{options})", dictionary.template);
                steps.push(Step::new(&fact.id, Verb::Create, sql));
            }
            Attributes::Configuration(configuration) => {
                let sql = format!("CREATE {address} (PARSER = {})", configuration.parser);
                steps.push(Step::new(&fact.id, Verb::Create, sql));
                let mappings = mapping_changes(&BTreeMap::new(), &configuration.mappings);
                steps.extend(
                    mappings
                        .iter()
                        .map(|m| Step::new(&fact.id, Verb::Create, format!("ALTER {address} {m}"))),
                );
            }
        }
        steps.extend(owner_step(fact, Verb::Create));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![drop_step(fact)])
    }

    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let address = Address(&to.id);
        let actions = match (from.decode()?, to.decode()?) {
            (Attributes::Dictionary(before), Attributes::Dictionary(after))
                if before.template == after.template =>
            {
                let (before, after) = (options(&before), options(&after));
                let gone = before.keys().filter(|name| !after.contains_key(*name));
                let gone = gone.map(|name| Quoted(name).to_string());
                let set = after.iter().filter(|(name, option)| before.get(*name) != Some(option));
                let parts: Vec<String> = gone.chain(set.map(|(_, option)| option.clone())).collect();
                if parts.is_empty() { Vec::new() } else { vec![format!("({})", parts.join(", "))] }
            }
            (Attributes::Configuration(before), Attributes::Configuration(after))
                if before.parser == after.parser =>
            {
                mapping_changes(&before.mappings, &after.mappings)
            }
            _ => return Ok(Alteration::Replace),
        };
        let step = |action: &String| Step::new(&to.id, Verb::Alter, format!("ALTER {address} {action}"));
        let mut steps: Vec<Step> = actions.iter().map(step).map(|step| stale(step, to, context)).collect();
        steps.extend(owner_step(to, Verb::Alter).filter(|_| changed.iter().any(|name| name == "owner")));
        Ok(Alteration::in_place(steps))
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        vec![Slot("text search", fact.id.name.join(" "))]
    }
}
