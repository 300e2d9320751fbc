//! Whose a schema is (D14).

use std::collections::BTreeMap;

use tenantry_engine::{Claim, ClaimConflict, DatabaseIdentity, EngineError, SchemaName, TenantName};
use tokio_postgres::types::Type;

use super::row::Line;
use super::{PostgresLedger, Values};

const STANDING: &str = include_str!("claims.sql");
const FREE: &str = include_str!("claim_free.sql");
const NAME: &str = include_str!("claim_name.sql");
const TAKEN: &str = include_str!("claim_taken.sql");
const MOVED: &str = include_str!("moved.sql");
const DOING: &str = "claiming schemas";
/// How many schemas are claimed with one statement: its locks are held while it runs.
const CHUNK: usize = 1000;

/// What the ledger says of a schema that is not simply the claim's own.
enum Standing {
    /// Nobody has it.
    Free,
    /// It is the claim's own, under another tenant's name.
    Named,
    /// It is the claim's own, and was made again.
    Recreated,
    /// Somebody else has it.
    Held(Claim),
}

impl PostgresLedger {
    pub(super) async fn claim_schemas(
        &self,
        tenants: &[(TenantName, SchemaName)],
        claim: &Claim,
        take_over: Option<&Claim>,
    ) -> Result<Vec<(SchemaName, ClaimConflict)>, EngineError> {
        let tenants: BTreeMap<&SchemaName, &TenantName> =
            tenants.iter().map(|(name, schema)| (schema, name)).collect();
        if tenants.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(conflict) = self.database_conflict(claim, take_over).await? {
            return Ok(tenants.into_keys().map(|schema| (schema.clone(), conflict.clone())).collect());
        }
        let mut conflicts = Vec::new();
        let tenants: Vec<(&SchemaName, &TenantName)> = tenants.into_iter().collect();
        for chunk in tenants.chunks(CHUNK) {
            let schemas: Vec<&str> = chunk.iter().map(|(schema, _)| schema.as_str()).collect();
            let names: Vec<&str> = chunk.iter().map(|(_, name)| name.as_str()).collect();
            conflicts.extend(self.claim_chunk(&schemas, &names, claim, take_over).await?);
        }
        Ok(conflicts)
    }

    /// Claims some; what stands in the way of the others.
    async fn claim_chunk(
        &self,
        schemas: &[&str],
        names: &[&str],
        claim: &Claim,
        take_over: Option<&Claim>,
    ) -> Result<Vec<(SchemaName, ClaimConflict)>, EngineError> {
        let mut values: Vec<(&(dyn tokio_postgres::types::ToSql + Sync), Type)> = vec![
            (&schemas, Type::TEXT_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&claim.set, Type::TEXT),
            (&claim.cluster, Type::TEXT),
            (&claim.database, Type::TEXT),
        ];
        let standing = self.standing_of(&values).await?;
        let may_be_taken = |standing: &Standing| match (standing, take_over) {
            (Standing::Held(held), Some(given_up)) => held == given_up,
            (Standing::Recreated, Some(given_up)) => claim == given_up,
            _ => false,
        };
        let any = |wanted: &dyn Fn(&Standing) -> bool| standing.iter().any(|(_, found)| wanted(found));
        let (free, named, taken) = (
            any(&|found| matches!(found, Standing::Free)),
            any(&|found| matches!(found, Standing::Named)),
            any(&may_be_taken),
        );
        if free {
            self.tell(DOING, FREE, &values).await?;
        }
        if named {
            self.tell(DOING, NAME, &values).await?;
        }
        let standing = match take_over.filter(|_| taken) {
            Some(given_up) => {
                values.extend([
                    (&given_up.set as _, Type::TEXT),
                    (&given_up.cluster as _, Type::TEXT),
                    (&given_up.database as _, Type::TEXT),
                ]);
                self.tell(DOING, TAKEN, &values).await?;
                self.standing_of(&values[..5]).await?
            }
            None if free => self.standing_of(&values).await?,
            None => standing,
        };
        let conflict = |(schema, standing)| match standing {
            Standing::Free | Standing::Named => None,
            Standing::Recreated => Some((schema, ClaimConflict::Recreated)),
            Standing::Held(held) => Some((schema, ClaimConflict::Other { held })),
        };
        Ok(standing.into_iter().filter_map(conflict).collect())
    }

    async fn standing_of(&self, values: Values<'_>) -> Result<Vec<(SchemaName, Standing)>, EngineError> {
        let rows = self.ask(DOING, STANDING, values).await?;
        let read = |row| {
            let line = Line::new(self, "tenant", row);
            let standing = if line.get("is_free")? {
                Standing::Free
            } else if !line.get::<bool>("is_own")? {
                Standing::Held(held(&line)?)
            } else if line.get("is_recreated")? {
                Standing::Recreated
            } else {
                Standing::Named
            };
            Ok((line.schema("schema")?, standing))
        };
        rows.iter().map(read).collect()
    }

    /// Whether the ledger is of another database: a clone, or one that moved. Who takes over says so by naming their own
    /// claim, or any that stands in it.
    async fn database_conflict(
        &self,
        claim: &Claim,
        take_over: Option<&Claim>,
    ) -> Result<Option<ClaimConflict>, EngineError> {
        let found = self.reach.database().await?.identity().clone();
        let rows =
            self.ask(DOING, "SELECT address, system_identifier, database_oid FROM layout", &[]).await?;
        let row = rows.first().ok_or_else(|| {
            self.unfit("its table layout is empty. Restore it from a backup of this database")
        })?;
        let line = Line::new(self, "layout", row);
        let recorded = DatabaseIdentity {
            address: line.get("address")?,
            system_identifier: line.get("system_identifier")?,
            oid: line.get("database_oid")?,
        };
        if is_same(&recorded, &found) {
            self.note_address(&recorded, &found).await?;
            return Ok(None);
        }
        let may_move = match take_over {
            Some(given_up) => given_up == claim || self.is_held(given_up).await?,
            None => false,
        };
        if !may_move {
            return Ok(Some(ClaimConflict::Database { recorded, found }));
        }
        let values = [
            (&found.address as _, Type::TEXT),
            (&found.system_identifier as _, Type::TEXT),
            (&found.oid as _, Type::OID),
        ];
        self.tell("taking over the ledger of another database", MOVED, &values).await?;
        Ok(None)
    }

    /// Whether a claim stands in this ledger.
    async fn is_held(&self, claim: &Claim) -> Result<bool, EngineError> {
        let sql =
            "SELECT FROM tenant WHERE set = $1 AND cluster IS NOT DISTINCT FROM $2 AND database = $3 LIMIT 1";
        let values = [
            (&claim.set as _, Type::TEXT),
            (&claim.cluster as _, Type::TEXT),
            (&claim.database as _, Type::TEXT),
        ];
        Ok(!self.ask(DOING, sql, &values).await?.is_empty())
    }

    /// The same database at another address, or whose identifier can be read now.
    async fn note_address(
        &self,
        recorded: &DatabaseIdentity,
        found: &DatabaseIdentity,
    ) -> Result<(), EngineError> {
        let is_known = recorded.system_identifier.is_some() || found.system_identifier.is_none();
        if recorded.address == found.address && is_known {
            return Ok(());
        }
        let sql = "UPDATE layout SET address = $1, system_identifier = coalesce($2, system_identifier)";
        let values = [(&found.address as _, Type::TEXT), (&found.system_identifier as _, Type::TEXT)];
        self.tell(DOING, sql, &values).await.map(drop)
    }
}

/// The claim that stands in a row.
pub(super) fn held(line: &Line<'_>) -> Result<Claim, EngineError> {
    Ok(Claim { set: line.get("set")?, cluster: line.get("cluster")?, database: line.get("database")? })
}

/// Whether two identities are of one database. Its address may change, and its system identifier may not be readable.
fn is_same(one: &DatabaseIdentity, other: &DatabaseIdentity) -> bool {
    let systems = one.system_identifier.as_ref().zip(other.system_identifier.as_ref());
    one.oid == other.oid && systems.is_none_or(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_known_by_its_system_and_oid_where_they_can_be_read() {
        let identity = |address: &str, system: Option<&str>, oid| DatabaseIdentity {
            address: address.to_owned(),
            system_identifier: system.map(str::to_owned),
            oid,
        };
        let one = identity("a", Some("1"), 5);
        assert!(is_same(&one, &identity("b", Some("1"), 5)));
        assert!(is_same(&one, &identity("a", None, 5)));
        assert!(!is_same(&one, &identity("a", Some("2"), 5)));
        assert!(!is_same(&one, &identity("a", Some("1"), 6)));
    }
}
