//! Domains and their checks. Another base type is a new domain, to which the
//! columns are migrated.

mod arrays;

use std::collections::BTreeSet;

use serde::Deserialize;
use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use super::address::{drop_step, owner_step};
use super::retype::{self, Retype, Values};
use super::slot;
use crate::rules::{Alteration, Context, Rebuild, Rules, Slot};
use crate::sql::Quoted;
use crate::{HazardKind, PlanError, Step, Verb};

/// The longest name that PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;

/// The rules of domains.
pub(super) struct Domain;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    base: String,
    /// Where it is not the base type's own.
    #[serde(default)]
    collation: Option<String>,
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    not_null: bool,
    /// Where it is not the usual one (from 17 on).
    #[serde(default)]
    not_null_name: Option<String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

fn create_step(fact: &Fact, verb: Verb, domain: &Attributes, checks: &[String]) -> Step {
    let mut sql = format!("CREATE DOMAIN {} AS {}", Quoted(fact.id.first()), domain.base);
    if let Some(collation) = &domain.collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = &domain.default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if domain.not_null {
        // While the old type is there, its NOT NULL has the usual name (from 17 on).
        let usual = format!("{}_not_null", fact.id.first());
        let usual = Some(usual).filter(|name| verb == Verb::Alter && name.len() <= LONGEST_NAME);
        let name = domain.not_null_name.clone().or(usual);
        let name = name.map_or(String::new(), |name| format!(" CONSTRAINT {}", Quoted(&name)));
        sql.push_str(&format!("{name} NOT NULL"));
    }
    for check in checks {
        sql.push_str("\n    ");
        sql.push_str(check);
    }
    Step::new(&fact.id, verb, sql)
}

/// The domain of this name that a fact is of, and each one beneath it.
fn beneath<'a>(
    fact: &'a Fact,
    name: Option<&'a str>,
    catalog: &'a Catalog,
) -> impl Iterator<Item = &'a Fact> {
    let of = |fact: &'a Fact, name: Option<&str>| {
        let named =
            |on: &&ObjectId| on.kind == Kind::Domain && name == Some(Quoted(on.first()).to_string().as_str());
        catalog.depends_on(&fact.id).filter(named).find_map(|on| catalog.get(on))
    };
    std::iter::successors(of(fact, name), move |domain| of(domain, domain.text("base")))
}

/// What a column's domain, and the domains that it rests on, demand of values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Demands {
    not_null: bool,
    checks: bool,
    /// The type beneath all of them.
    pub base: String,
    /// Rows that have no value get one.
    pub default: bool,
}

impl Demands {
    /// Of a column. Domains outside of the schema are not known.
    pub(super) fn of_column(column: &Fact, catalog: &Catalog) -> Self {
        let mut demands = Self::default();
        for domain in beneath(column, column.text("type"), catalog) {
            demands.not_null |= domain.is("not_null");
            demands.checks |= catalog.children(&domain.id).any(|of| of.id.kind == Kind::DomainConstraint);
            demands.default |= domain.get("default").is_some();
            domain.text("base").unwrap_or_default().clone_into(&mut demands.base);
        }
        demands
    }

    /// Whether there are any: then a null is checked too.
    pub(super) fn are_some(&self) -> bool {
        self.not_null || self.checks
    }
}

impl Rules for Domain {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let folded = context.folded_into(&fact.id, Kind::DomainConstraint);
        let checks: Vec<String> = folded.map(check_clause).collect::<Result<_, _>>()?;
        let mut steps = vec![create_step(fact, Verb::Create, &fact.decode()?, &checks)];
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
        let (before, after): (Attributes, Attributes) = (from.decode()?, to.decode()?);
        let name = Quoted(to.id.first());
        if is_another_type(changed) {
            return retyped(from, to, &before, &after, context);
        }
        let (mut steps, mut rebuild) = (Vec::new(), BTreeSet::new());
        for attribute in changed {
            let clause = match (attribute.as_str(), &after.default) {
                ("default", Some(default)) => format!("SET DEFAULT {default}"),
                ("default", None) => "DROP DEFAULT".to_owned(),
                ("not_null", _) if after.not_null => match &after.not_null_name {
                    Some(constraint) => format!("ADD CONSTRAINT {} NOT NULL", Quoted(constraint)),
                    None => "SET NOT NULL".to_owned(),
                },
                ("not_null", _) => "DROP NOT NULL".to_owned(),
                ("not_null_name", _) if before.not_null && after.not_null => {
                    let usual = format!("{}_not_null", to.id.first());
                    let old = before.not_null_name.as_deref().unwrap_or(&usual);
                    let new = after.not_null_name.as_deref().unwrap_or(&usual);
                    format!("RENAME CONSTRAINT {} TO {}", Quoted(old), Quoted(new))
                }
                ("not_null_name", _) => continue,
                _ => {
                    steps.extend(owner_step(to, Verb::Alter));
                    continue;
                }
            };
            let step = Step::new(&to.id, Verb::Alter, format!("ALTER DOMAIN {name} {clause}"));
            if attribute == "not_null" && after.not_null {
                steps.extend(arrays::checking(step, &to.id, "fails where a value is null", context)?);
                rebuild.extend(arrays::rest_on_columns(&to.id, context));
            } else {
                steps.push(step);
            }
        }
        Ok(Alteration::InPlace { steps, rebuild })
    }

    fn reaches(
        &self,
        from: &Fact,
        to: &Fact,
        context: &Context<'_>,
    ) -> Result<BTreeSet<ObjectId>, PlanError> {
        if is_another_type(&from.differing(to)) {
            return retype::reaches(from, context);
        }
        let demands = to.is("not_null") && !from.is("not_null");
        Ok(if demands { arrays::columns(&to.id, context) } else { BTreeSet::new() })
    }

    fn rebuild(&self, fact: &Fact, because: &ObjectId, context: &Context<'_>) -> Rebuild {
        retype::unless_held(fact, because, context)
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        slot::data_type(fact)
    }
}

/// Whether a change is more than ALTER DOMAIN can do.
fn is_another_type(changed: &[String]) -> bool {
    changed
        .iter()
        .any(|attribute| !["default", "not_null", "not_null_name", "owner"].contains(&attribute.as_str()))
}

/// A domain on another base type takes the old one's place.
fn retyped(
    from: &Fact,
    to: &Fact,
    before: &Attributes,
    after: &Attributes,
    context: &Context<'_>,
) -> Result<Alteration, PlanError> {
    let mut make = vec![create_step(to, Verb::Alter, after, &[])];
    make.extend(owner_step(to, Verb::Alter));
    let detail = format!(
        "values of {} are converted to {} by way of their text; what does not fit is cut, rounded or refused",
        before.base, after.base
    );
    Retype { from, to, make, values: Values::ByText, hazards: vec![(HazardKind::ChangesValues, detail)] }
        .plan(context)
}

/// The statement that makes a domain as a fact has it, without its checks.
pub(super) fn create_sql(fact: &Fact) -> Result<String, PlanError> {
    Ok(create_step(fact, Verb::Alter, &fact.decode()?, &[]).sql)
}

/// The rules of a domain's checks.
pub(super) struct DomainConstraint;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    /// `CHECK (...)`.
    definition: String,
    validated: bool,
}

fn check_clause(fact: &Fact) -> Result<String, PlanError> {
    Ok(format!("CONSTRAINT {} {}", Quoted(fact.id.last()), fact.decode::<Check>()?.definition))
}

impl Rules for DomainConstraint {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let validated = fact.decode::<Check>()?.validated;
        let not_valid = if validated { "" } else { " NOT VALID" };
        let sql = format!("ALTER DOMAIN {} ADD {}{not_valid}", Quoted(fact.id.first()), check_clause(fact)?);
        let step = Step::new(&fact.id, Verb::Create, sql);
        let domain = ObjectId::new(Kind::Domain, [fact.id.first()]);
        if !validated || context.is_new(&domain) {
            return Ok(vec![step]);
        }
        arrays::checking(step, &domain, "fails where a value does not satisfy it", context)
    }

    /// What rests on columns that hold the domain's values in arrays.
    fn displaces(&self, fact: &Fact, context: &Context<'_>) -> BTreeSet<ObjectId> {
        let domain = ObjectId::new(Kind::Domain, [fact.id.first()]);
        if !fact.is("validated") || context.is_new(&domain) {
            return BTreeSet::new();
        }
        arrays::rest_on_columns(&domain, context)
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let (domain, name) = (Quoted(fact.id.first()), Quoted(fact.id.last()));
        Ok(vec![Step::new(&fact.id, Verb::Drop, format!("ALTER DOMAIN {domain} DROP CONSTRAINT {name}"))])
    }

    fn alter(
        &self,
        _: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError> {
        if !matches!(changed, [only] if only == "validated") || !to.decode::<Check>()?.validated {
            return Ok(Alteration::Replace);
        }
        let (name, domain) = (Quoted(to.id.last()), ObjectId::new(Kind::Domain, [to.id.first()]));
        let sql = format!("ALTER DOMAIN {} VALIDATE CONSTRAINT {name}", Quoted(to.id.first()));
        let step = Step::new(&to.id, Verb::Alter, sql);
        let steps = arrays::checking(step, &domain, "fails where a value does not satisfy it", context)?;
        Ok(Alteration::InPlace { steps, rebuild: arrays::rest_on_columns(&domain, context) })
    }

    fn reaches(&self, _: &Fact, to: &Fact, context: &Context<'_>) -> Result<BTreeSet<ObjectId>, PlanError> {
        Ok(arrays::columns(&ObjectId::new(Kind::Domain, [to.id.first()]), context))
    }

    fn foldable(&self, fact: &Fact, _: &Context<'_>) -> bool {
        fact.is("validated")
    }
}
