//! Reads schemas into catalogs: a fixed number of set-based statements for any
//! number of schemas, one `.sql` file a kind, all read by one reader.
//!
//! It wants a READ COMMITTED transaction on a connection whose settings are
//! pinned (D4, D12): `search_path` is set LOCAL, by the row.

mod bodies;
mod error;
mod reader;
mod row;

use std::collections::BTreeMap;

use futures::future::{join, join_all, try_join_all};
use tenantry_catalog::Catalog;
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row};

pub use error::InspectError;

use reader::Reader;
use row::{Edge, FactRow, Identity, Place};

use crate::connect::Statements;

/// What reads one kind, or several of one shape, into facts.
struct Query {
    /// What it reads, for messages.
    what: &'static str,
    /// Takes the namespaces' oids, and returns rows of the shape of [`FactRow`].
    sql: &'static str,
}

/// Every kind's statement. A new kind is one more line, and its file.
const QUERIES: &[Query] = &[
    Query { what: "schemas", sql: include_str!("schema.sql") },
    Query { what: "tables", sql: include_str!("table.sql") },
    Query { what: "columns", sql: include_str!("column.sql") },
    Query { what: "defaults", sql: include_str!("default.sql") },
    Query { what: "constraints", sql: include_str!("constraint.sql") },
    Query { what: "sequences", sql: include_str!("sequence.sql") },
    Query { what: "indexes", sql: include_str!("index.sql") },
    Query { what: "inheritance", sql: include_str!("inheritance.sql") },
    Query { what: "partitions", sql: include_str!("partition.sql") },
    Query { what: "types", sql: include_str!("type.sql") },
    Query { what: "checks of domains", sql: include_str!("domain_constraint.sql") },
    Query { what: "functions and procedures", sql: include_str!("routine.sql") },
    Query { what: "aggregates", sql: include_str!("aggregate.sql") },
    Query { what: "operators", sql: include_str!("operator.sql") },
    Query { what: "operator families", sql: include_str!("operator_family.sql") },
    Query { what: "operator classes", sql: include_str!("operator_class.sql") },
    Query { what: "text search objects", sql: include_str!("text_search.sql") },
    Query { what: "collations", sql: include_str!("collation.sql") },
    Query { what: "views", sql: include_str!("view.sql") },
    Query { what: "rules", sql: include_str!("rule.sql") },
    Query { what: "triggers", sql: include_str!("trigger.sql") },
    Query { what: "policies", sql: include_str!("policy.sql") },
    Query { what: "extended statistics", sql: include_str!("statistics.sql") },
    Query { what: "privileges", sql: include_str!("privilege.sql") },
    Query { what: "default privileges", sql: include_str!("default_privilege.sql") },
    Query { what: "comments", sql: include_str!("comment.sql") },
];

/// Everything that is in the schemas, by address.
const EVERYTHING: &str = include_str!("everything.sql");
/// What rests on what.
const DEPENDENCIES: &str = include_str!("dependencies.sql");
/// Where the statements look for the names in them.
const PATH: &str = "SET LOCAL search_path = pg_catalog, pg_temp";
/// What the schemas are called.
const NAMES: &str = "SELECT oid, nspname::text AS name FROM pg_namespace WHERE oid = ANY ($1)";
/// Names of what no fact answers for.
const IDENTIFY: &str = include_str!("identify.sql");

/// Reads these schemas, given by their namespaces' oids. One that is not there
/// is missing from the answer. All of the answer is held in memory: a caller
/// with many schemas asks for some at a time.
///
/// # Errors
/// When a statement fails, or returns what cannot be understood.
pub async fn inspect(
    client: &impl GenericClient,
    statements: &Statements,
    schemas: &[u32],
) -> Result<BTreeMap<u32, Catalog>, InspectError> {
    let asked = Asked { client, statements };
    asked.prepare().await?;
    let mut reader = Reader::default();
    // All of them are sent at once: what is waited for is the server, and not the way to it.
    let these: [&(dyn ToSql + Sync); 1] = [&schemas];
    let answers = join_all(QUERIES.iter().map(|query| asked.query(query.what, query.sql, &these))).await;
    for (query, rows) in QUERIES.iter().zip(answers) {
        for row in &rows? {
            reader.fact(FactRow::decode(query.what, row)?)?;
        }
    }
    let everything = asked.query("lists of objects", EVERYTHING, &these).await?;
    for row in &everything {
        reader.place(
            row.try_get("schema").map_err(InspectError::query("lists of objects"))?,
            Place::decode(row)?,
        );
    }
    let (classes, objects) = columns(reader.places());
    let edges = asked.query("dependencies", DEPENDENCIES, &[&classes, &objects]).await?;
    for row in &edges {
        reader.edge(&Edge::decode(row)?);
    }
    let (classes, objects) = columns(reader.unnamed());
    let identities = asked.query("identities of objects", IDENTIFY, &[&classes, &objects]).await?;
    for row in &identities {
        reader.identity(Identity::decode(row)?);
    }
    let mut catalogs = reader.finish();
    let names = asked.query("names of schemas", NAMES, &these).await?;
    for row in &names {
        let broken = InspectError::query("names of schemas");
        if let Some(catalog) = catalogs.get_mut(&row.try_get("oid").map_err(&broken)?) {
            bodies::abstract_bodies(catalog, row.try_get("name").map_err(&broken)?);
        }
    }
    Ok(catalogs)
}

/// Whom the statements are asked of.
struct Asked<'a, C> {
    client: &'a C,
    statements: &'a Statements,
}

impl<C: GenericClient> Asked<'_, C> {
    /// Prepares the kinds' statements, so that none of them waits for that among the others.
    async fn prepare(&self) -> Result<(), InspectError> {
        self.client.batch_execute(PATH).await.map_err(InspectError::query("search path"))?;
        let prepare = |query: &'static Query| async move {
            let prepared = self.statements.prepare(self.client, query.sql).await;
            prepared.map_err(InspectError::query(query.what))
        };
        try_join_all(QUERIES.iter().map(prepare)).await.map(drop)
    }

    /// Runs one statement, under a search path that is always the same: the names in it are the server's own, whatever the
    /// rows before left as the path, and its plan stays valid.
    async fn query(
        &self,
        what: &'static str,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, InspectError> {
        let (path, rows) =
            join(self.client.batch_execute(PATH), self.statements.query(self.client, sql, parameters)).await;
        path.map_err(InspectError::query(what))?;
        rows.map_err(InspectError::query(what))
    }
}

/// Places as the two arrays that the statements take.
fn columns(places: impl Iterator<Item = Place>) -> (Vec<u32>, Vec<u32>) {
    places.map(|place| (place.class, place.object)).unzip()
}
