//! Which of the tenant's own tables a plan alters, and how strongly each is locked before it begins (D12).

use std::collections::BTreeMap;

use tenantry_catalog::Kind;
use tenantry_planner::{LockMode, LockTarget, Step};

/// The strongest mode on each table.
#[derive(Debug, Default)]
pub(super) struct Locked<'a>(BTreeMap<&'a str, LockMode>);

impl<'a> Locked<'a> {
    /// What these steps lock. Shared tables are never locked before their turn: everybody waits there.
    pub(super) fn by(steps: &'a [Step]) -> Self {
        let mut tables: BTreeMap<&str, LockMode> = BTreeMap::new();
        for lock in steps.iter().flat_map(|step| &step.locks) {
            let LockTarget::Own(object) = &lock.on else { continue };
            if object.kind == Kind::Table {
                let mode = tables.entry(object.first()).or_insert(lock.mode);
                *mode = lock.mode.max(*mode);
            }
        }
        Self(tables)
    }

    /// Names and modes. What the plan itself makes is among them, and is not found when it is looked for.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&'a str, LockMode)> {
        self.0.iter().map(|(name, mode)| (*name, *mode))
    }
}

#[cfg(test)]
mod tests {
    use tenantry_catalog::{External, ObjectId};
    use tenantry_planner::{Lock, Verb};

    use super::*;

    #[test]
    fn each_table_once_in_its_strongest_mode_and_no_shared_one() {
        let table = |name: &str| ObjectId::new(Kind::Table, [name]);
        let step = |locks: Vec<Lock>| Step {
            locks: locks.into_iter().collect(),
            ..Step::new(&table("a"), Verb::Alter, "ALTER TABLE a ...")
        };
        let own = |name: &str, mode| Lock { on: LockTarget::Own(table(name)), mode };
        let shared = External {
            kind: "table".to_owned(),
            schema: Some("public".to_owned()),
            identity: "public.plan".to_owned(),
        };
        let shared = Lock { on: LockTarget::Shared(shared), mode: LockMode::ShareRowExclusive };
        let view =
            Lock { on: LockTarget::Own(ObjectId::new(Kind::View, ["v"])), mode: LockMode::AccessExclusive };
        let steps = [
            step(vec![own("b", LockMode::Share), own("a", LockMode::AccessExclusive)]),
            step(vec![own("b", LockMode::ShareRowExclusive), shared, view]),
        ];
        let found: Vec<_> = Locked::by(&steps).tables().collect();
        assert_eq!(found, [("a", LockMode::AccessExclusive), ("b", LockMode::ShareRowExclusive)]);
    }
}
