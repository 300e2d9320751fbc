//! What all parts of one call share: the set, its databases, and what was read
//! or made once and is needed by many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::{
    DatabaseName, Engine, EngineError, Environment, Ledger, RevisionRecord, Source, Target, revision,
};
use tenantry_planner::{Digest, Plan, Policy};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{Clock, Control, Progress};
use crate::FleetSpec;

/// No call is about more tenants than this at once.
pub(super) const BATCH: usize = 500;

/// Where a schema is, with what was renamed aside in it: that is part of its
/// catalog, and not of its fingerprint (D10).
pub(super) type Place = (Fingerprint, Option<Digest>);

type Slot = Arc<OnceCell<Arc<Target>>>;

/// What all parts of one call share.
pub(super) struct Ground<D> {
    pub spec: Arc<FleetSpec>,
    pub databases: Arc<BTreeMap<DatabaseName, Arc<D>>>,
    pub clock: Clock,
    pub stop: CancellationToken,
    /// Whether anything is written into ledgers.
    pub writes: bool,
    tell: Arc<dyn Fn(Progress) + Send + Sync>,
    /// The revision that the definition makes, without a server.
    pub declared: Digest,
    texts: OnceCell<Vec<RevisionRecord>>,
    targets: Mutex<BTreeMap<(String, Digest), Slot>>,
    catalogs: Mutex<BTreeMap<Place, Arc<Catalog>>>,
    plans: Mutex<BTreeMap<Digest, Arc<Plan>>>,
    kept: Mutex<BTreeSet<(DatabaseName, Digest)>>,
    /// Databases that have a ledger.
    remembering: Mutex<BTreeSet<DatabaseName>>,
}

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoTarget {
    /// No ledger has it, and the text is not known any more or must not be
    /// compiled now.
    #[error("revision {} is not known any more", .0.short())]
    Unknown(Digest),
    /// It cannot be made.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<NoTarget> for EngineError {
    fn from(none: NoTarget) -> Self {
        match none {
            NoTarget::Engine(error) => error,
            unknown @ NoTarget::Unknown(_) => EngineError::Unread(unknown.to_string()),
        }
    }
}

/// A map that is only held for one look-up: a panic in between leaves it whole.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<D: Engine> Ground<D> {
    pub(super) fn new(
        spec: &Arc<FleetSpec>,
        databases: &Arc<BTreeMap<DatabaseName, Arc<D>>>,
        clock: &Clock,
        control: &Control,
        writes: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            spec: Arc::clone(spec),
            databases: Arc::clone(databases),
            clock: Arc::clone(clock),
            stop: control.stop.clone(),
            writes,
            tell: control.teller(),
            declared: revision(&spec.definition.sources, &spec.definition.policy),
            texts: OnceCell::new(),
            targets: Mutex::default(),
            catalogs: Mutex::default(),
            plans: Mutex::default(),
            kept: Mutex::default(),
            remembering: Mutex::default(),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn tell(&self, progress: Progress) {
        (self.tell)(progress);
    }

    pub(super) fn set(&self) -> &str {
        &self.spec.identity.set
    }

    /// A database of the set.
    ///
    /// # Errors
    /// Never for a name that the set speaks of.
    pub(super) fn database(&self, name: &DatabaseName) -> Result<&Arc<D>, EngineError> {
        self.databases.get(name).ok_or_else(|| EngineError::Unreachable {
            address: name.to_string(),
            reason: "no such database was given".to_owned(),
        })
    }

    /// Whether a database has a ledger. One that is made on the way counts from then on.
    pub(super) async fn remembers(&self, name: &DatabaseName) -> Result<bool, EngineError> {
        if hold(&self.remembering).contains(name) {
            return Ok(true);
        }
        let exists = self.database(name)?.ledger().exists().await?;
        if exists {
            hold(&self.remembering).insert(name.clone());
        }
        Ok(exists)
    }

    /// The revisions whose text the home ledger keeps, newest first.
    pub(super) async fn revisions(&self) -> Result<&[RevisionRecord], EngineError> {
        let read = || async {
            let home = &self.spec.home;
            match self.remembers(home).await? {
                true => self.database(home)?.ledger().revisions(self.set()).await,
                false => Ok(Vec::new()),
            }
        };
        self.texts.get_or_try_init(read).await.map(Vec::as_slice)
    }

    /// The text of a revision, with the policy that it is compared under.
    pub(super) async fn text(&self, revision: &Digest) -> Result<(Vec<Source>, Policy), NoTarget> {
        let definition = &self.spec.definition;
        if *revision == self.declared {
            return Ok((definition.sources.clone(), definition.policy.clone()));
        }
        let known = self.revisions().await?.iter().find(|known| known.revision == *revision);
        known
            .map(|known| (known.sources.clone(), known.policy.clone()))
            .ok_or_else(|| NoTarget::Unknown(revision.clone()))
    }

    /// A revision as the servers of an environment understand it: from the
    /// ledger, or compiled there. Once, whoever asks.
    pub(super) async fn target(
        &self,
        environment: &Environment,
        revision: &Digest,
        at: &DatabaseName,
        compile: bool,
    ) -> Result<Arc<Target>, NoTarget> {
        let key = (environment.digest.clone(), revision.clone());
        let slot = Arc::clone(hold(&self.targets).entry(key).or_default());
        slot.get_or_try_init(|| self.make_target(environment, revision, at, compile)).await.cloned()
    }

    async fn make_target(
        &self,
        environment: &Environment,
        revision: &Digest,
        at: &DatabaseName,
        compile: bool,
    ) -> Result<Arc<Target>, NoTarget> {
        let database = self.database(at)?;
        let ledger = database.ledger();
        let (sources, policy) = self.text(revision).await?;
        let remembers = self.remembers(at).await?;
        if remembers {
            match ledger.target(environment, revision, &policy).await {
                Ok(Some(target)) => return Ok(Arc::new(target)),
                Ok(None) | Err(EngineError::Denied { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if !compile {
            return Err(NoTarget::Unknown(revision.clone()));
        }
        self.tell(Progress::Compiling { database: at.clone() });
        let target = database.compile(&sources, &policy).await?;
        if remembers && self.writes {
            tolerate(ledger.keep_target(environment, &target).await)?;
        }
        Ok(Arc::new(target))
    }

    /// The target, if it was made already.
    pub(super) fn made_target(&self, environment: &str, revision: &Digest) -> Option<Arc<Target>> {
        hold(&self.targets).get(&(environment.to_owned(), revision.clone()))?.get().cloned()
    }

    /// Keeps a catalog, once for all tenants that are equal.
    pub(super) fn saw(&self, place: Place, catalog: Arc<Catalog>) {
        hold(&self.catalogs).entry(place).or_insert(catalog);
    }

    /// A catalog that this run has already.
    pub(super) fn catalog_seen(&self, place: &Place) -> Option<Arc<Catalog>> {
        hold(&self.catalogs).get(place).cloned()
    }

    /// A catalog by where its tenants are, from this run or from the ledger,
    /// which keeps those in which nothing was renamed aside.
    pub(super) async fn catalog(
        &self,
        place: &Place,
        at: &DatabaseName,
    ) -> Result<Option<Arc<Catalog>>, EngineError> {
        if let Some(catalog) = self.catalog_seen(place) {
            return Ok(Some(catalog));
        }
        if place.1.is_some() || !self.remembers(at).await? {
            return Ok(None);
        }
        let catalog = match self.database(at)?.ledger().catalog(&place.0).await {
            Ok(catalog) => catalog,
            Err(EngineError::Denied { .. }) => None,
            Err(error) => return Err(error),
        };
        if let Some(catalog) = catalog {
            self.saw(place.clone(), Arc::new(catalog));
        }
        Ok(self.catalog_seen(place))
    }

    /// Takes note of a plan that was proved in this run.
    pub(super) fn proved(&self, plan: &Plan) {
        hold(&self.plans).entry(plan.digest()).or_insert_with(|| Arc::new(plan.clone()));
    }

    /// A plan by its digest: from this run, or from the ledger of a database or
    /// of the home.
    pub(super) async fn plan(
        &self,
        digest: &Digest,
        at: &DatabaseName,
    ) -> Result<Option<Arc<Plan>>, EngineError> {
        if let Some(plan) = hold(&self.plans).get(digest) {
            return Ok(Some(Arc::clone(plan)));
        }
        for name in [at, &self.spec.home] {
            if self.remembers(name).await?
                && let Some(plan) = self.database(name)?.ledger().plan(digest).await?
            {
                hold(&self.kept).insert((name.clone(), digest.clone()));
                self.proved(&plan);
                break;
            }
        }
        Ok(hold(&self.plans).get(digest).cloned())
    }

    /// Keeps a plan, whose digest this is, in a database's ledger, once.
    pub(super) async fn keep(
        &self,
        digest: &Digest,
        plan: &Plan,
        at: &DatabaseName,
    ) -> Result<(), EngineError> {
        let key = (at.clone(), digest.clone());
        if hold(&self.kept).contains(&key) {
            return Ok(());
        }
        self.database(at)?.ledger().keep_plan(plan).await?;
        hold(&self.kept).insert(key);
        Ok(())
    }
}

/// A write that may be left out where the role may not.
pub(super) fn tolerate(written: Result<(), EngineError>) -> Result<(), EngineError> {
    match written {
        Err(EngineError::Denied { .. }) => Ok(()),
        other => other,
    }
}
