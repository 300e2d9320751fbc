//! What happened to a set, as its ledgers have it.

use tenantry_engine::{Engine, Ledger, TenantName};

use super::report::{History, HistoryEvent, RevisionReport};
use super::site::{read_home, read_sites};
use super::{Control, Fleet, FleetError, tell};

impl<D: Engine> Fleet<D> {
    /// What happened, at most `limit` events, of one tenant or of all.
    ///
    /// # Errors
    /// When the home ledger cannot be read.
    pub async fn history(&self, tenant: Option<&TenantName>, limit: u32) -> Result<History, FleetError> {
        let (control, _handle) = Control::unwatched();
        let ground = self.ground(&control, false)?;
        let sites = read_sites(&ground, false).await?;
        let home = read_home(&ground, &sites).await?;
        if let Some(reason) = home.trouble {
            return Err(FleetError::Home { database: self.spec.home.clone(), reason });
        }
        let mut history = History {
            set: self.spec.name.clone(),
            rollouts: home
                .rollouts
                .iter()
                .map(|kept| tell::rollout(&self.spec, &kept.rollout, None))
                .collect(),
            events: Vec::new(),
            revisions: Vec::new(),
            notes: Vec::new(),
        };
        let in_force = home.latest().and_then(|latest| latest.in_force());
        let revisions = ground.revisions().await.map_err(|error| ground.home_failed(error))?;
        history.revisions = revisions
            .iter()
            .map(|known| RevisionReport {
                revision: known.revision.clone(),
                at: known.at,
                in_force: in_force == Some(&known.revision),
            })
            .collect();
        for (name, site) in &sites {
            if let Some(trouble) = &site.trouble {
                history.notes.push(trouble.clone());
                continue;
            }
            if !site.ledger {
                continue;
            }
            match ground.databases[name].ledger().history(Some(ground.set()), tenant, limit).await {
                Ok(events) => {
                    let told = events.into_iter().map(|event| HistoryEvent { database: name.clone(), event });
                    history.events.extend(told);
                }
                Err(error) => history.notes.push(format!("{name}: {error}")),
            }
        }
        history.events.sort_by_key(|told| std::cmp::Reverse(told.event.at));
        history.events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(history)
    }
}
