//! What is kept once, by its digest: plans, compiled targets, starting points, revisions.

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tenantry_catalog::{Catalog, Fingerprint};
use tenantry_engine::{EngineError, Environment, RevisionRecord, Target};
use tenantry_planner::{Digest, Plan, Policy};
use tokio_postgres::types::Type;

use super::body::{pack, unpack};
use super::row::Line;
use super::{PostgresLedger, Values};

/// What is kept again counts as new, for what is removed when it is old.
const PLAN: &str = "INSERT INTO plan (digest, body) VALUES ($1, $2)
    ON CONFLICT (digest) DO UPDATE SET at = now() WHERE plan.at < now() - interval '1 day'";
const CATALOG: &str = "INSERT INTO catalog (fingerprint, body) VALUES ($1, $2)
    ON CONFLICT (fingerprint) DO UPDATE SET at = now() WHERE catalog.at < now() - interval '1 day'";
const TARGET: &str = "INSERT INTO target (environment, revision, policy, body) VALUES ($1, $2, $3, $4)
    ON CONFLICT (environment, revision, policy) DO UPDATE SET at = now() WHERE target.at < now() - interval '1 day'";
const REVISION: &str = "INSERT INTO revision (set, revision, body, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (set, revision) DO NOTHING";

impl PostgresLedger {
    pub(super) async fn write_plan(&self, plan: &Plan) -> Result<Digest, EngineError> {
        let digest = plan.digest();
        let values = [(&digest.as_str() as _, Type::TEXT), (&pack(plan)? as _, Type::BYTEA)];
        self.tell("keeping a plan", PLAN, &values).await?;
        Ok(digest)
    }

    pub(super) async fn plan_of(&self, digest: &Digest) -> Result<Option<Plan>, EngineError> {
        let what = format!("the plan {digest}");
        let sql = "SELECT body FROM plan WHERE digest = $1";
        let plan: Option<Plan> = self.body(&what, sql, &[(&digest.as_str(), Type::TEXT)]).await?;
        match plan {
            // What was approved is what runs.
            Some(plan) if plan.digest() != *digest => Err(self.broken(&what, "it is another plan")),
            plan => Ok(plan),
        }
    }

    pub(super) async fn write_target(
        &self,
        environment: &Environment,
        target: &Target,
    ) -> Result<(), EngineError> {
        let (policy, body) = (key(&target.policy)?, pack(target)?);
        let values = [
            (&environment.digest as _, Type::TEXT),
            (&target.revision.as_str() as _, Type::TEXT),
            (&policy.as_str() as _, Type::TEXT),
            (&body as _, Type::BYTEA),
        ];
        self.tell("keeping a compiled definition", TARGET, &values).await.map(drop)
    }

    pub(super) async fn target_of(
        &self,
        environment: &Environment,
        revision: &Digest,
        policy: &Policy,
    ) -> Result<Option<Target>, EngineError> {
        let sql = "SELECT body FROM target WHERE environment = $1 AND revision = $2 AND policy = $3";
        let policy = key(policy)?;
        let values = [
            (&environment.digest as _, Type::TEXT),
            (&revision.as_str() as _, Type::TEXT),
            (&policy.as_str() as _, Type::TEXT),
        ];
        self.body(&format!("the compiled revision {revision}"), sql, &values).await
    }

    pub(super) async fn write_catalog(
        &self,
        fingerprint: &Fingerprint,
        catalog: &Catalog,
    ) -> Result<(), EngineError> {
        let values = [(&fingerprint.as_str() as _, Type::TEXT), (&pack(catalog)? as _, Type::BYTEA)];
        self.tell("keeping a starting point", CATALOG, &values).await.map(drop)
    }

    pub(super) async fn catalog_of(&self, fingerprint: &Fingerprint) -> Result<Option<Catalog>, EngineError> {
        let sql = "SELECT body FROM catalog WHERE fingerprint = $1";
        let what = format!("the starting point {fingerprint}");
        self.body(&what, sql, &[(&fingerprint.as_str(), Type::TEXT)]).await
    }

    pub(super) async fn write_revision(
        &self,
        set: &str,
        revision: &RevisionRecord,
    ) -> Result<(), EngineError> {
        let values = [
            (&set as _, Type::TEXT),
            (&revision.revision.as_str() as _, Type::TEXT),
            (&pack(revision)? as _, Type::BYTEA),
            (&revision.at as _, Type::TIMESTAMPTZ),
        ];
        self.tell("keeping a revision", REVISION, &values).await.map(drop)
    }

    pub(super) async fn revisions_of(&self, set: &str) -> Result<Vec<RevisionRecord>, EngineError> {
        let sql = "SELECT revision, body FROM revision WHERE set = $1 ORDER BY at DESC, revision";
        let rows = self.ask("reading revisions", sql, &[(&set, Type::TEXT)]).await?;
        let read = |row| {
            let line = Line::new(self, "revision", row);
            let revision: String = line.get("revision")?;
            unpack(line.get("body")?).map_err(|why| self.broken(&format!("the revision {revision}"), &why))
        };
        rows.iter().map(read).collect()
    }

    async fn body<T: DeserializeOwned>(
        &self,
        what: &str,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Option<T>, EngineError> {
        let rows = self.ask(&format!("reading {what}"), sql, values).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let body = Line::new(self, what, row).get("body")?;
        unpack(body).map(Some).map_err(|why| self.broken(what, &why))
    }

    fn broken(&self, what: &str, why: &str) -> EngineError {
        self.unfit(format!(
            "{what} cannot be used: {why}. Restore that row from a backup of this database, or delete it from schema {}: then it \
             is made anew where that is possible",
            self.reach.settings().ledger_schema
        ))
    }
}

/// What a compiled definition is kept under: the digest of the whole policy, without what follows from the definition.
fn key(policy: &Policy) -> Result<Digest, EngineError> {
    let policy = Policy { declared: Vec::new(), ..policy.clone() };
    let text = serde_json::to_vec(&policy)
        .map_err(|error| EngineError::Unread(format!("the policy cannot be written down: {error}")))?;
    Ok(Digest::of(Sha256::new_with_prefix(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_definition_declares_does_not_hide_what_it_was_compiled_to() {
        let policy = Policy::default();
        let declaring = Policy { declared: vec!["schema_migrations".to_owned()], ..Policy::default() };
        assert_eq!(key(&policy).unwrap(), key(&declaring).unwrap());
        let owners = Policy { owners: !policy.owners, ..Policy::default() };
        assert_ne!(key(&policy).unwrap(), key(&owners).unwrap());
    }
}
