//! Reads schemas into catalogs: a fixed number of set-based statements for any
//! number of schemas, one `.sql` file a kind, all read by one reader.
//!
//! It wants a READ COMMITTED transaction on a connection whose settings are
//! pinned (D4, D12): `search_path` is set LOCAL, by the row.

mod error;
mod facts;
mod reader;
mod row;
mod texts;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::future::{join, join_all, try_join_all};
use tenantry_catalog::Catalog;
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row};

pub use error::InspectError;

use reader::Reader;
use row::{Identity, Place, Rest, Sort};
use texts::{Texts, abstract_texts};

use crate::connect::Statements;

/// What reads one kind, or several of one shape, into facts.
struct Query {
    /// What it reads, for messages.
    what: &'static str,
    /// Of which objects: it is not asked where no schema has any.
    of: fn(&Sort) -> bool,
    /// Takes those objects' oids, and returns rows of the shape that [`facts::Facts`] takes.
    sql: &'static str,
}

/// What reads the comments on what stands in one catalog.
macro_rules! comments {
    ($what:literal, $class:literal, $file:literal) => {
        Query {
            what: concat!("comments on ", $what),
            of: |sort| sort.is(concat!("comment on ", $class), ""),
            sql: concat!(
                include_str!("comment/head.sql"),
                include_str!(concat!("comment/", $file, ".sql")),
                include_str!("comment/tail.sql")
            ),
        }
    };
}

/// Every kind's statement. A new kind is one more line, and its file.
const QUERIES: &[Query] = &[
    Query { what: "schemas", of: |sort| sort.is("pg_namespace", ""), sql: include_str!("schema.sql") },
    Query { what: "tables", of: is_table, sql: include_str!("table.sql") },
    Query { what: "columns", of: is_table, sql: include_str!("column.sql") },
    Query { what: "defaults", of: is_table, sql: include_str!("default.sql") },
    Query { what: "constraints", of: is_table, sql: include_str!("constraint.sql") },
    Query { what: "sequences", of: |sort| sort.is("pg_class", "S"), sql: include_str!("sequence.sql") },
    Query {
        what: "indexes",
        of: |sort| sort.is("pg_class", "rpm") && sort.has_index,
        sql: include_str!("index.sql"),
    },
    Query { what: "inheritance", of: |sort| sort.is("pg_class", "r"), sql: include_str!("inheritance.sql") },
    Query {
        what: "partitions",
        of: |sort| is_table(sort) && sort.is_partition,
        sql: include_str!("partition.sql"),
    },
    Query { what: "types", of: |sort| sort.is("pg_type", "ecrd"), sql: include_str!("type.sql") },
    Query {
        what: "checks of domains",
        of: |sort| sort.is("pg_type", "d"),
        sql: include_str!("domain_constraint.sql"),
    },
    Query {
        what: "functions and procedures",
        of: |sort| sort.is("pg_proc", "fwp"),
        sql: include_str!("routine.sql"),
    },
    Query { what: "aggregates", of: |sort| sort.is("pg_proc", "a"), sql: include_str!("aggregate.sql") },
    Query { what: "operators", of: |sort| sort.is("pg_operator", ""), sql: include_str!("operator.sql") },
    Query {
        what: "operator families",
        of: |sort| sort.is("pg_opfamily", ""),
        sql: include_str!("operator_family.sql"),
    },
    Query {
        what: "operator classes",
        of: |sort| sort.is("pg_opclass", ""),
        sql: include_str!("operator_class.sql"),
    },
    Query {
        what: "text search dictionaries",
        of: |sort| sort.is("pg_ts_dict", ""),
        sql: include_str!("text_search_dictionary.sql"),
    },
    Query {
        what: "text search configurations",
        of: |sort| sort.is("pg_ts_config", ""),
        sql: include_str!("text_search_configuration.sql"),
    },
    Query { what: "collations", of: |sort| sort.is("pg_collation", ""), sql: include_str!("collation.sql") },
    Query { what: "views", of: |sort| sort.is("pg_class", "vm"), sql: include_str!("view.sql") },
    Query {
        what: "rules",
        of: |sort| sort.is("pg_class", "rpvmf") && sort.has_rules,
        sql: include_str!("rule.sql"),
    },
    Query {
        what: "triggers",
        of: |sort| sort.is("pg_class", "rpvmf") && sort.has_triggers,
        sql: include_str!("trigger.sql"),
    },
    Query { what: "policies", of: |sort| sort.is("pg_class", "rpf"), sql: include_str!("policy.sql") },
    Query {
        what: "extended statistics",
        of: |sort| sort.is("pg_statistic_ext", ""),
        sql: include_str!("statistics.sql"),
    },
    Query { what: "privileges", of: |sort| sort.is("pg_namespace", ""), sql: include_str!("privilege.sql") },
    Query {
        what: "default privileges",
        of: |sort| sort.is("pg_default_acl", ""),
        sql: include_str!("default_privilege.sql"),
    },
    Query {
        what: "ties to extensions",
        of: |sort| sort.is("tie", ""),
        sql: include_str!("extension_tie.sql"),
    },
    comments!("schemas", "pg_namespace", "schema"),
    comments!("relations and columns", "pg_class", "relation"),
    comments!("constraints", "pg_constraint", "constraint"),
    comments!("triggers", "pg_trigger", "trigger"),
    comments!("rules", "pg_rewrite", "rule"),
    comments!("policies", "pg_policy", "policy"),
    comments!("types", "pg_type", "type"),
    comments!("functions and procedures", "pg_proc", "routine"),
    comments!("operators", "pg_operator", "operator"),
    comments!("operator families", "pg_opfamily", "operator_family"),
    comments!("operator classes", "pg_opclass", "operator_class"),
    comments!("text search configurations", "pg_ts_config", "text_search_configuration"),
    comments!("text search dictionaries", "pg_ts_dict", "text_search_dictionary"),
    comments!("collations", "pg_collation", "collation"),
    comments!("extended statistics", "pg_statistic_ext", "statistics"),
];

fn is_table(sort: &Sort) -> bool {
    sort.is("pg_class", "rp")
}

/// What stands in the schemas, by its sort.
const OBJECTS: &str = include_str!("objects.sql");
/// What bears a comment there, by its sort.
const COMMENTED: &str = include_str!("comment/objects.sql");
/// Everything that is in the schemas, by address, with what it rests on.
const RESTS: &str = concat!(
    "WITH place AS MATERIALIZED (\n",
    include_str!("everything.sql"),
    "\n)\n",
    include_str!("dependencies.sql")
);
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
) -> Result<BTreeMap<u32, Arc<Catalog>>, InspectError> {
    let asked = &Asked { client, statements };
    let mut reader = Reader::default();
    let these: [&(dyn ToSql + Sync); 1] = [&schemas];
    let rows = asked.query("lists of objects", OBJECTS, &these).await?;
    let mut sorts = rows.iter().map(Sort::decode).collect::<Result<Vec<_>, _>>()?;
    if sorts.iter().any(|sort| sort.is("pg_description", "")) {
        for row in &asked.query("lists of comments", COMMENTED, &these).await? {
            sorts.push(Sort::decode(row)?);
        }
    }
    let wanted: Vec<(&Query, Vec<u32>)> = QUERIES
        .iter()
        .map(|query| {
            let objects = sorts.iter().filter(|sort| (query.of)(sort)).flat_map(|sort| &sort.objects);
            (query, objects.copied().collect::<Vec<u32>>())
        })
        .filter(|(_, objects)| !objects.is_empty())
        .collect();
    asked.prepare(&wanted).await?;
    // All of them are sent at once: what is waited for is the server, and not the way to it.
    let answers = wanted.iter().map(|(query, objects)| async move {
        asked.query(query.what, query.sql, &[objects]).await.map(|rows| (query.what, rows))
    });
    let (answers, rests) = join(join_all(answers), asked.query("dependencies", RESTS, &these)).await;
    for answer in answers {
        let (what, rows) = answer?;
        for row in &rows {
            reader.fact(what, row)?;
        }
    }
    for row in &rests? {
        reader.rest(&Rest::decode(row)?);
    }
    let (classes, objects) = columns(reader.unnamed());
    let identities = asked.query("identities of objects", IDENTIFY, &[&classes, &objects]).await?;
    for row in &identities {
        reader.identity(Identity::decode(row)?);
    }
    let mut catalogs = reader.finish()?;
    let names = asked.query("names of schemas", NAMES, &these).await?;
    // Equal schemas share a catalog.
    let mut texts: HashMap<*const Catalog, Texts> = HashMap::new();
    for row in &names {
        let broken = InspectError::query("names of schemas");
        if let Some(catalog) = catalogs.get_mut(&row.try_get("oid").map_err(&broken)?) {
            let texts = texts.entry(Arc::as_ptr(catalog)).or_insert_with(|| Texts::of(catalog));
            abstract_texts(catalog, texts, row.try_get("name").map_err(&broken)?);
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
    /// Prepares these statements, so that none of them waits for that among the others.
    async fn prepare(&self, wanted: &[(&'static Query, Vec<u32>)]) -> Result<(), InspectError> {
        self.client.batch_execute(PATH).await.map_err(InspectError::query("search path"))?;
        let statements =
            wanted.iter().map(|(query, _)| (query.what, query.sql)).chain([("dependencies", RESTS)]);
        let prepare = |(what, sql)| async move {
            let prepared = self.statements.prepare(self.client, sql).await;
            prepared.map_err(InspectError::query(what))
        };
        try_join_all(statements.map(prepare)).await.map(drop)
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
