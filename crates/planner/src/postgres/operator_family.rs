//! Operator families and operator classes. A class is what it is made of:
//! another one is a new class, with the indexes that use it.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_catalog::Fact;

use super::address::{Address, drop_step, owner_step};
use crate::rules::{Alteration, Context, Rules, Slot};
use crate::sql::Quoted;
use crate::{PlanError, Step, Verb};

/// The rules of operator families.
pub(super) struct OperatorFamily;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// By number and types, as ALTER writes them: what belongs to no class.
    #[serde(default)]
    operators: BTreeMap<String, String>,
    #[serde(default)]
    functions: BTreeMap<String, String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

/// ` OPERATOR 1 (a, b)`: how DROP names a member.
fn dropped(word: &str, from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> Vec<String> {
    let gone = from.iter().filter(|(key, member)| to.get(*key) != Some(member));
    gone.map(|(key, _)| format!("{word} {key}")).collect()
}

/// ` OPERATOR 1 =(a, b)`, ` FUNCTION 1 (a, b) f(a, b)`.
fn added(word: &str, from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> Vec<String> {
    let new = to.iter().filter(|(key, member)| from.get(*key) != Some(member));
    let sql = |(key, member): (&String, &String)| match key.split_once(' ') {
        // An operator says its types itself.
        Some((number, _)) if word == "OPERATOR" => format!("{word} {number} {member}"),
        _ => format!("{word} {key} {member}"),
    };
    new.map(sql).collect()
}

fn member_steps(fact: &Fact, verb: Verb, from: &Family, to: &Family) -> Vec<Step> {
    let drops = [
        dropped("OPERATOR", &from.operators, &to.operators),
        dropped("FUNCTION", &from.functions, &to.functions),
    ]
    .concat();
    let adds = [
        added("OPERATOR", &from.operators, &to.operators),
        added("FUNCTION", &from.functions, &to.functions),
    ]
    .concat();
    let statement = |act: &str, members: Vec<String>| {
        let sql = format!("ALTER {} {act}\n    {}", Address(&fact.id), members.join(",\n    "));
        (!members.is_empty()).then(|| Step::new(&fact.id, verb, sql))
    };
    statement("DROP", drops).into_iter().chain(statement("ADD", adds)).collect()
}

impl Rules for OperatorFamily {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let nothing = Family { operators: BTreeMap::new(), functions: BTreeMap::new(), _owner: None };
        let mut steps = vec![Step::new(&fact.id, Verb::Create, format!("CREATE {}", Address(&fact.id)))];
        steps.extend(member_steps(fact, Verb::Create, &nothing, &fact.decode()?));
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
        _: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        let mut steps = member_steps(to, Verb::Alter, &from.decode()?, &to.decode()?);
        steps.extend(owner_step(to, Verb::Alter).filter(|_| changed.iter().any(|name| name == "owner")));
        Ok(Alteration::in_place(steps))
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        vec![Slot("operator family", fact.id.name.join("."))]
    }
}

/// The rules of operator classes.
pub(super) struct OperatorClass;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    #[serde(default)]
    default: bool,
    #[serde(rename = "type")]
    data_type: String,
    /// As SQL.
    family: String,
    #[serde(default)]
    storage: Option<String>,
    /// As CREATE writes them, in order.
    #[serde(default)]
    members: Vec<String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

impl Rules for OperatorClass {
    fn create(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let class: Class = fact.decode()?;
        let (name, method) = (Quoted(fact.id.first()), Quoted(fact.id.last()));
        let default = if class.default { " DEFAULT" } else { "" };
        let (data_type, family) = (&class.data_type, &class.family);
        let mut members = class.members;
        members.extend(class.storage.map(|storage| format!("STORAGE {storage}")));
        if members.is_empty() {
            // The grammar wants one; this one says nothing.
            members.push(format!("STORAGE {data_type}"));
        }
        let sql = format!(
            "CREATE OPERATOR CLASS {name}{default} FOR TYPE {data_type} USING {method} FAMILY {family} AS\n    {}",
            members.join(",\n    ")
        );
        let mut steps = vec![Step::new(&fact.id, Verb::Create, sql)];
        steps.extend(owner_step(fact, Verb::Create));
        Ok(steps)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![drop_step(fact)])
    }

    fn alter(
        &self,
        _: &Fact,
        to: &Fact,
        changed: &[String],
        _: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        if changed.iter().all(|attribute| attribute == "owner") {
            return Ok(Alteration::in_place(owner_step(to, Verb::Alter).into_iter().collect()));
        }
        Ok(Alteration::Replace)
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        vec![Slot("operator class", fact.id.name.join("."))]
    }
}
