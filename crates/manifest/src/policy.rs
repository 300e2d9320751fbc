//! What a definition's policy, renames and ignore list mean to the planner.

use tenantry_api::{
    schema_definition::{Destructive, Management, Online, Rename, SchemaDefinitionSpec},
    validation::FieldPath,
};
use tenantry_catalog::{Kind, ObjectId};
use tenantry_planner::{self as planner, Pattern};

use crate::Unresolved;

/// The planner's policy.
///
/// # Errors
/// Renames and patterns that name no kind of object, each with its field.
pub fn policy(spec: &SchemaDefinitionSpec) -> Result<planner::Policy, Vec<Unresolved>> {
    let path = FieldPath::default().field("spec");
    let mut unresolved = Vec::new();
    let mut ignore: Vec<Pattern> = Vec::new();
    for (index, text) in spec.ignore.iter().enumerate() {
        match text.parse() {
            Ok(pattern) => ignore.push(pattern),
            Err(error) => {
                unresolved.push(Unresolved::unfit(path.field("ignore").item(index), format!("{error}")));
            }
        }
    }
    let mut renames = Vec::new();
    for (index, Rename { from, to }) in spec.renames.iter().enumerate() {
        let path = path.field("renames").item(index);
        match (object(from), object(to)) {
            (Ok(from), Ok(to)) => renames.push(planner::Rename { from, to }),
            (from, to) => {
                let wrong = [("from", from.err()), ("to", to.err())];
                unresolved.extend(
                    wrong
                        .into_iter()
                        .filter_map(|(field, message)| Some(Unresolved::unfit(path.field(field), message?))),
                );
            }
        }
    }
    if !unresolved.is_empty() {
        return Err(unresolved);
    }
    Ok(planner::Policy {
        destructive: match spec.policy.destructive {
            Destructive::Quarantine => planner::Destructive::Quarantine,
            Destructive::Allow => planner::Destructive::Allow,
            Destructive::Deny => planner::Destructive::Deny,
        },
        online: match spec.policy.online {
            Online::Auto => planner::Online::Auto,
            Online::Never => planner::Online::Never,
        },
        owners: spec.policy.owners == Management::Managed,
        privileges: spec.policy.privileges == Management::Managed,
        renames,
        ignore,
        ..planner::Policy::default()
    })
}

/// The object that a text names, as the catalog prints it: `table invoice`, `column invoice.fax`,
/// `function total(integer)`.
fn object(text: &str) -> Result<ObjectId, String> {
    let kind = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| text.strip_prefix(kind.word()).is_some_and(|rest| rest.starts_with(' ')))
        .max_by_key(|kind| kind.word().len());
    let Some(kind) = kind else {
        return Err(format!(
            "{text} names no kind of object; write such as table invoice, or column invoice.fax"
        ));
    };
    let name = text[kind.word().len()..].trim();
    let parts: Option<Vec<&str>> = match kind {
        Kind::Table
        | Kind::View
        | Kind::MaterializedView
        | Kind::Sequence
        | Kind::Index
        | Kind::Enum
        | Kind::Composite
        | Kind::Range
        | Kind::Domain => Some(vec![name]),
        Kind::Column | Kind::Constraint | Kind::DomainConstraint | Kind::Trigger | Kind::Policy => {
            name.split_once('.').map(|(outer, inner)| vec![outer, inner])
        }
        Kind::Function | Kind::Procedure | Kind::Aggregate => name
            .strip_suffix(')')
            .and_then(|name| name.split_once('('))
            .map(|(name, types)| vec![name, types]),
        other => return Err(format!("{text}: a {other} cannot be renamed by a hint")),
    };
    match parts {
        Some(parts) if parts[0].is_empty() => Err(format!("{text} names no object")),
        Some(parts) => Ok(ObjectId::new(kind, parts)),
        None if matches!(kind, Kind::Function | Kind::Procedure | Kind::Aggregate) => {
            Err(format!("{text}: write the argument types too, such as {kind} total(integer, text)"))
        }
        None => Err(format!("{text}: write what it stands in too, such as {kind} invoice.{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(yaml: &str) -> SchemaDefinitionSpec {
        serde_saphyr::from_str(&format!("sql: x\n{yaml}")).unwrap()
    }

    #[test]
    fn the_defaults_are_the_planners() {
        assert_eq!(policy(&spec("")).unwrap(), planner::Policy::default());
    }

    #[test]
    fn every_word_has_its_meaning() {
        let policy = policy(&spec(
            "policy: {destructive: Deny, online: Never, owners: Managed, privileges: Unmanaged}\n\
             ignore: ['table audit_*', materialized view m]\n\
             renames:\n- {from: column invoice.fax, to: column invoice.fax_number}\n\
             - {from: 'function total(integer, text)', to: 'function sum_up(integer, text)'}",
        ))
        .unwrap();
        assert_eq!((policy.destructive, policy.online), (planner::Destructive::Deny, planner::Online::Never));
        assert_eq!((policy.owners, policy.privileges), (true, false));
        assert_eq!(
            policy.ignore.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["table audit_*", "materialized view m"]
        );
        // The catalog prints an object as people write it.
        let renames = policy.renames.iter().map(|rename| format!("{} -> {}", rename.from, rename.to));
        assert_eq!(
            renames.collect::<Vec<_>>(),
            [
                "column invoice.fax -> column invoice.fax_number",
                "function total(integer, text) -> function sum_up(integer, text)"
            ]
        );
    }

    #[test]
    fn what_names_no_object_is_refused_at_its_field() {
        let refused = policy(&spec(
            "ignore: [table a, no such kind]\nrenames:\n- {from: column fax, to: column a.b}\n\
             - {from: tabel a, to: tabel b}\n- {from: function f, to: function g()}\n- {from: rule a.r, to: rule a.s}",
        ));
        let refused: Vec<String> =
            refused.unwrap_err().iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
        assert_eq!(
            refused,
            [
                "spec.ignore[1]: \"no such kind\" is no object pattern: write a kind and a name, as in `index invoice_*`",
                "spec.renames[0].from: column fax: write what it stands in too, such as column invoice.fax",
                "spec.renames[1].from: tabel a names no kind of object; write such as table invoice, or column invoice.fax",
                "spec.renames[1].to: tabel b names no kind of object; write such as table invoice, or column invoice.fax",
                "spec.renames[2].from: function f: write the argument types too, such as function total(integer, text)",
                "spec.renames[3].from: rule a.r: a rule cannot be renamed by a hint",
                "spec.renames[3].to: rule a.s: a rule cannot be renamed by a hint",
            ]
        );
    }
}
