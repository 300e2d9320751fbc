//! What the planner asks of a kind. One implementation a kind, one file each,
//! under its dialect.

use std::collections::BTreeSet;

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId};

use crate::fate::{Fate, Fates};
use crate::{
    Hazard, HazardKind, Lock, LockMode, LockTarget, PlanError, Policy, Refusal, Step, Transaction, Verb,
};

/// A server's version, as `server_version_num` has it (150018 is 15.18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerVersion(pub u32);

impl ServerVersion {
    /// The major version: 15 of 15.18.
    pub const fn major(self) -> u32 {
        self.0 / 10_000
    }
}

/// A dialect: the rules of the kinds that it knows.
pub trait Dialect: Sync {
    /// The rules of a kind; `None` for one that the dialect cannot plan.
    fn rules(&self, kind: Kind) -> Option<&dyn Rules>;

    /// What follows the making and the changing of any object, whatever its
    /// kind: what the server gave it that it is not to have.
    ///
    /// # Errors
    /// When a fact cannot be understood.
    fn settle(&self, done: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let _ = (done, context);
        Ok(Vec::new())
    }

    /// A statement in words of which the server makes what was read, and not
    /// only what means the same.
    fn worded(&self, sql: String) -> String {
        sql
    }
}

/// Everything a rule may look at.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The schema as it is.
    pub from: &'a Catalog,
    /// The schema as it shall be.
    pub to: &'a Catalog,
    /// What was renamed aside and stays so, by the names that it had.
    pub aside: &'a Catalog,
    /// What the plan may do.
    pub policy: &'a Policy,
    /// For which server.
    pub server: ServerVersion,
    pub(crate) fates: &'a Fates,
    pub(crate) folded: &'a BTreeSet<ObjectId>,
}

impl<'a> Context<'a> {
    /// What becomes of a fact. While alterations are being judged it is known
    /// only of facts that one side lacks.
    pub fn fate(&self, id: &ObjectId) -> Fate {
        self.fates.of(id)
    }

    /// Whether the plan makes it, so that no row of it can be in the way and
    /// nobody can wait for it.
    pub fn is_new(&self, id: &ObjectId) -> bool {
        self.fate(id).creates()
    }

    /// Whether the plan removes it (also to make it anew).
    pub fn is_gone(&self, id: &ObjectId) -> bool {
        self.fate(id).drops()
    }

    /// The facts that are to be written within the statement that makes
    /// `parent`, of one kind, by name. See [`Rules::foldable`].
    pub fn folded_into(&self, parent: &ObjectId, kind: Kind) -> impl Iterator<Item = &'a Fact> {
        let folded = self.folded;
        self.to.children(parent).filter(move |fact| fact.id.kind == kind && folded.contains(&fact.id))
    }

    /// Whether a fact is written within the statement that makes its parent.
    pub fn is_folded(&self, id: &ObjectId) -> bool {
        self.folded.contains(id)
    }
}

/// What an alteration comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Alteration {
    /// It is changed where it is.
    InPlace {
        /// By these statements (none where the differing attributes follow
        /// from another fact's change).
        steps: Vec<Step>,
        /// After these facts are dropped; they are made again afterwards.
        rebuild: BTreeSet<ObjectId>,
    },
    /// It is dropped and made anew.
    Replace,
}

impl Alteration {
    /// An alteration that needs nothing else to be rebuilt.
    pub fn in_place(steps: Vec<Step>) -> Self {
        Alteration::InPlace { steps, rebuild: BTreeSet::new() }
    }
}

/// What becomes of a fact when something that it depends on is dropped and
/// made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebuild {
    /// It must be dropped before, and made again after.
    Replace,
    /// It need not be touched.
    Keep,
    /// It cannot be: no plan. The reason, and what the user can do.
    Refuse {
        /// Why not.
        reason: String,
        /// What the user can do.
        remedy: String,
    },
}

/// A name that only one object at a time can have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub &'static str, pub String);

/// The rules of one kind.
pub trait Rules: Sync {
    /// The statements that make it, as `to` has it.
    ///
    /// # Errors
    /// When it cannot be made, or the fact cannot be understood.
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError>;

    /// The statements that remove it, as `from` has it.
    ///
    /// # Errors
    /// When it cannot be removed, or the fact cannot be understood.
    fn drop(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError>;

    /// What to do when attributes differ. Asked twice: for the verdict, and,
    /// once the fates of all facts are known, for the statements. A change
    /// that no rule covers is to be [`Alteration::Replace`] or refused, never
    /// passed over.
    ///
    /// # Errors
    /// When there is no safe way, or a fact cannot be understood.
    fn alter(
        &self,
        from: &Fact,
        to: &Fact,
        changed: &[String],
        context: &Context<'_>,
    ) -> Result<Alteration, PlanError>;

    /// The other facts that such an alteration changes too, though they say the
    /// same before and after: the columns of a type that is made anew. What
    /// rests on one of them goes before, and comes after.
    ///
    /// # Errors
    /// As [`Rules::alter`].
    fn reaches(
        &self,
        from: &Fact,
        to: &Fact,
        context: &Context<'_>,
    ) -> Result<BTreeSet<ObjectId>, PlanError> {
        let _ = (from, to, context);
        Ok(BTreeSet::new())
    }

    /// What must go before this fact is made, and come back after it, though it
    /// says the same before and after.
    fn displaces(&self, fact: &Fact, context: &Context<'_>) -> BTreeSet<ObjectId> {
        let _ = (fact, context);
        BTreeSet::new()
    }

    /// Whether a later step, of something that rests on this kind's object, uses
    /// what a step makes and what must be committed before it is used.
    fn uses(&self, made: &Step, later: &Step) -> bool {
        let _ = (made, later);
        true
    }

    /// What becomes of it when `because`, which it depends on, is dropped and
    /// made anew, or is dropped though this fact does not change.
    fn rebuild(&self, fact: &Fact, because: &ObjectId, context: &Context<'_>) -> Rebuild {
        let _ = (fact, because, context);
        Rebuild::Replace
    }

    /// Whether it may be removed and made anew where a change in its place would come both before and after another one.
    fn gives_way(&self) -> bool {
        false
    }

    /// The fact whose creation makes this one too, always (a column, by its
    /// new table).
    fn created_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let _ = (fact, context);
        None
    }

    /// Whether the statement that makes its new parent can make this one too,
    /// if the order allows. The parent's rule finds it by
    /// [`Context::folded_into`].
    fn foldable(&self, fact: &Fact, context: &Context<'_>) -> bool {
        let _ = (fact, context);
        false
    }

    /// The fact whose removal removes this one too.
    fn dropped_with(&self, fact: &Fact, context: &Context<'_>) -> Option<ObjectId> {
        let _ = context;
        fact.parent.clone()
    }

    /// What must be done before this fact is made, changed or removed, beside what
    /// the references tell of: which facts made ([`Verb::Create`]), changed
    /// ([`Verb::Alter`]) or removed ([`Verb::Drop`]). What the plan does not do is
    /// not waited for.
    fn waits_for(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> Vec<(Verb, ObjectId)> {
        let _ = (fact, verb, context);
        Vec::new()
    }

    /// The names that it occupies.
    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        let _ = fact;
        Vec::new()
    }

    /// What a person should know of a difference between what is declared and what was found, if no plan can end it.
    fn advice(&self, declared: &Fact, found: &Fact) -> Option<&'static str> {
        let _ = (declared, found);
        None
    }

    /// Whether its removal loses what users stored.
    fn holds_data(&self, fact: &Fact, context: &Context<'_>) -> bool {
        let _ = (fact, context);
        false
    }

    /// The statements that rename it aside, with all that goes with it. Asked
    /// only of what holds data.
    ///
    /// # Errors
    /// When it cannot be put aside, or the fact cannot be understood.
    fn quarantine(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        self.drop(fact, context)
    }

    /// The statements that rename it back from its carried attribute
    /// `_reserved`. Asked only of what [`Rules::quarantine`] renamed.
    ///
    /// # Errors
    /// When it cannot be brought back, or the fact cannot be understood.
    fn restore(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let _ = context;
        Err(Refusal::new(
            &fact.id,
            "was renamed aside, and cannot be renamed back by a plan",
            "Rename it back by hand, or drop it if its rows are not needed",
        )
        .into())
    }

    /// Where it goes when the order leaves a choice: below zero is earlier,
    /// above is later.
    fn rank(&self, fact: &Fact, verb: Verb, context: &Context<'_>) -> i8 {
        let _ = (fact, verb, context);
        0
    }
}

impl Step {
    /// A statement in a transaction, with no locks or hazards yet.
    pub fn new(object: &ObjectId, verb: Verb, sql: impl Into<String>) -> Self {
        Step {
            object: object.clone(),
            verb,
            sql: sql.into(),
            transaction: Transaction::Within,
            locks: BTreeSet::new(),
            hazards: Vec::new(),
            reserved: None,
        }
    }

    /// Renames the object aside: this is its name from now on
    /// ([`crate::reserved_name`]).
    #[must_use]
    pub fn aside(mut self, reserved: impl Into<String>) -> Self {
        self.reserved = Some(reserved.into());
        self
    }

    /// With a lock on a relation of the schema.
    #[must_use]
    pub fn locks(mut self, relation: &ObjectId, mode: LockMode) -> Self {
        self.locks.insert(Lock { on: LockTarget::Own(relation.clone()), mode });
        self
    }

    /// With a hazard.
    #[must_use]
    pub fn hazard(mut self, kind: HazardKind, object: &ObjectId, detail: impl Into<String>) -> Self {
        self.hazards.push(Hazard { kind, object: object.clone(), detail: detail.into() });
        self
    }

    /// With another stand to transactions.
    #[must_use]
    pub fn transaction(mut self, transaction: Transaction) -> Self {
        self.transaction = transaction;
        self
    }
}
