//! Stubs: what shadows refer to outside of the schema, made in the shadows' database as it is in the tenants' (D8).
//!
//! Extensions are made as they are. Tables have their columns and keys, and neither triggers nor policies nor foreign keys: a
//! stub never holds a row. Everything is written by the planner, out of the facts of the schema that it is in.
//!
//! What was made stays: another proof may be using it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenantry_catalog::{Catalog, External, Fact, Kind, ObjectId, Reference, TENANT};
use tenantry_engine::EngineError;
use tenantry_planner::sql::lexer::tokens;
use tenantry_planner::sql::{Identifier, Quoted, SqlTemplate};
use tenantry_planner::{Destructive, Online, Policy, ServerVersion, plan, postgres::Postgres};

use super::apart::Apart;
use crate::connect::Session;
use crate::database::Database;
use crate::inspect::inspect;

/// Schemas that every database has.
const EVERYWHERE: [&str; 3] = ["pg_catalog", "information_schema", "pg_toast"];

/// Makes the stubs of these, and of what they rest on in turn.
pub(super) async fn prepare<'a>(
    apart: &mut Apart,
    beside: &Database,
    externals: impl IntoIterator<Item = &'a External> + Send,
) -> Result<(), EngineError> {
    let mut wanted = Names::default();
    for external in externals {
        wanted.add(external);
    }
    if wanted.0.is_empty() {
        return Ok(());
    }
    let session = beside.session().await?;
    let extensions = extensions(&session).await?;
    let found = read(&session, wanted).await?;
    let version = ServerVersion(session.server().version_num);
    session.put_back();

    let session = apart.session().await?;
    let refused = make_extensions(&session, &extensions).await?;
    for (schema, found) in found.iter().rev() {
        let missing =
            found.names.iter().find(|name| !found.stub.facts().any(|fact| fact.id.first() == *name));
        if let (Some(name), Some((extension, reason))) = (missing, refused.first()) {
            return Err(EngineError::NoShadow {
                reason: format!(
                    "{schema}.{name} is not there, and the extension {extension} cannot be made: {reason}"
                ),
                remedy: "Name a scratch database that has the extension in spec.shadow.databaseRef"
                    .to_owned(),
            });
        }
        let known = apart.stubs.remove(schema).filter(|_| apart.is_ours());
        let made = make(&session, schema, known, &found.stub, version).await?;
        apart.stubs.insert(schema.clone(), made);
    }
    session.put_back();
    Ok(())
}

/// Names by schema.
#[derive(Default)]
struct Names(BTreeMap<String, BTreeSet<String>>);

impl Names {
    fn add(&mut self, external: &External) {
        let Some(schema) = external.schema.as_deref() else { return };
        if schema == TENANT || EVERYWHERE.contains(&schema) {
            return;
        }
        if let Some(name) = first_name(&external.identity) {
            self.0.entry(schema.to_owned()).or_default().insert(name);
        }
    }
}

/// The object's own name out of an identity as the server prints it: `public.customer.id`, `public.total(integer)`.
fn first_name(identity: &str) -> Option<String> {
    let mut tokens = tokens(identity).filter(|token| !token.is_trivia());
    let _schema = tokens.next()?;
    tokens.next().filter(|token| token.is_symbol("."))?;
    let token = tokens.next()?;
    token.name().map(|name| name.into_owned())
}

/// What of one schema is to be made.
struct Found {
    names: BTreeSet<String>,
    stub: Catalog,
}

/// Reads the schemas, and whatever these names rest on in other ones: those come later.
async fn read(session: &Session, mut wanted: Names) -> Result<Vec<(String, Found)>, EngineError> {
    let mut catalogs: BTreeMap<String, Catalog> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    loop {
        let new: Vec<String> =
            wanted.0.keys().filter(|schema| !catalogs.contains_key(*schema)).cloned().collect();
        for schema in new {
            catalogs.insert(schema.clone(), read_schema(session, &schema).await?);
            order.push(schema);
        }
        let mut more = Names::default();
        for (schema, names) in &wanted.0 {
            if let Some(catalog) = catalogs.get(schema) {
                stub(catalog, names).externals().into_iter().for_each(|external| more.add(external));
            }
        }
        let before: usize = wanted.0.values().map(BTreeSet::len).sum();
        for (schema, names) in more.0 {
            wanted.0.entry(schema).or_default().extend(names);
        }
        if wanted.0.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    let found = |schema: String| {
        let (names, catalog) = (wanted.0.remove(&schema)?, catalogs.remove(&schema)?);
        let stub = stub(&catalog, &names);
        Some((schema, Found { names, stub }))
    };
    Ok(order.into_iter().filter_map(found).collect())
}

async fn read_schema(session: &Session, schema: &str) -> Result<Catalog, EngineError> {
    let doing = "reading what tenants share";
    session.run(doing, "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY").await?;
    let catalog = read_in(session, schema).await?;
    session.run(doing, "ROLLBACK").await?;
    Ok(catalog.unwrap_or_else(Catalog::empty))
}

/// Reads a schema, in a transaction that is open; `None` where there is none.
async fn read_in(session: &Session, schema: &str) -> Result<Option<Catalog>, EngineError> {
    let failed = |error| session.failed("reading what tenants share", &error);
    let row = session
        .query_opt("SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1", &[&schema])
        .await
        .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let oid: u32 = row.try_get(0).map_err(failed)?;
    Ok(inspect(&**session, session.statements(), &[oid])
        .await
        .map_err(|error| error.told(session))?
        .remove(&oid)
        .map(Arc::unwrap_or_clone))
}

/// The part of a schema that has these names, with what it rests on, and without what a stub does not need.
fn stub(catalog: &Catalog, names: &BTreeSet<String>) -> Catalog {
    let mut kept: BTreeSet<&ObjectId> = BTreeSet::new();
    let named = |fact: &&Fact| fact.parent.is_none() && names.contains(fact.id.first());
    let mut stack: Vec<&ObjectId> = catalog.facts().filter(named).map(|fact| &fact.id).collect();
    while let Some(id) = stack.pop() {
        let Some(fact) = catalog.get(id).filter(|fact| stands_in(fact)) else { continue };
        if kept.insert(&fact.id) {
            stack.extend(catalog.depends_on(id).chain(&fact.parent));
            stack.extend(catalog.children(id).map(|child| &child.id));
        }
    }
    kept.insert(&SCHEMA);
    catalog.filtered(|fact| kept.contains(&fact.id))
}

static SCHEMA: ObjectId = ObjectId { kind: Kind::Schema, name: Vec::new() };

fn is_table(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView)
}

/// Whether a stub has it.
fn stands_in(fact: &Fact) -> bool {
    match fact.id.kind {
        Kind::Constraint => matches!(fact.text("type"), Some("primary key" | "unique")),
        Kind::Index => fact.is("unique"),
        Kind::Default
        | Kind::Inheritance
        | Kind::Partition
        | Kind::Statistics
        | Kind::Rule
        | Kind::Trigger
        | Kind::Policy
        | Kind::Privilege
        | Kind::DefaultPrivilege
        | Kind::ExtensionTie
        | Kind::Comment => false,
        _ => true,
    }
}

/// The stubs that are there, with the wanted ones in the place of those of the same names.
fn united(made: &Catalog, wanted: &Catalog) -> Catalog {
    let names: BTreeSet<&str> =
        wanted.facts().filter(|fact| fact.parent.is_none()).map(|fact| fact.id.first()).collect();
    let mut united = made.filtered(|fact| fact.parent.is_some() || !names.contains(fact.id.first()));
    let kept: Vec<ObjectId> = united.facts().map(|fact| fact.id.clone()).collect();
    wanted.facts().for_each(|fact| united.insert(fact.clone()));
    let kept = kept.iter().map(|id| (made, id));
    for (of, id) in kept.chain(wanted.facts().map(|fact| (wanted, &fact.id))) {
        for reference in of.references(id) {
            if !matches!(reference, Reference::Inside(on) if !united.contains(on)) {
                united.refer(id.clone(), reference.clone());
            }
        }
    }
    united
}

/// Makes the wanted stubs of one schema where they are not as they should be. `known` is what is there, where nobody else
/// makes any. What is there then.
async fn make(
    session: &Session,
    schema: &str,
    known: Option<Catalog>,
    wanted: &Catalog,
    version: ServerVersion,
) -> Result<Catalog, EngineError> {
    let doing = "making stubs";
    let no_shadow = |reason: String| EngineError::NoShadow {
        reason: format!(
            "what tenants share in schema {schema} cannot be made in the shadows' database: {reason}"
        ),
        remedy: "Name a scratch database that has it in spec.shadow.databaseRef".to_owned(),
    };
    let name = Identifier::new(schema).map_err(|error| no_shadow(error.to_string()))?;
    // A scratch database that is named may be other processes' too: one makes stubs at a time.
    session
        .run(
            doing,
            &format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('stubs'));
                 CREATE SCHEMA IF NOT EXISTS {name}; GRANT USAGE ON SCHEMA {name} TO PUBLIC"
            ),
        )
        .await?;
    let made = match known {
        Some(made) => made,
        None => read_in(session, schema).await?.unwrap_or_else(Catalog::empty),
    };
    let united = united(&made, wanted);
    let policy = Policy {
        destructive: Destructive::Allow,
        online: Online::Never,
        privileges: false,
        ..Policy::default()
    };
    let plan =
        plan(&Postgres, &made, &united, &policy, version).map_err(|error| no_shadow(error.to_string()))?;
    let mut sql = format!(
        "SET LOCAL search_path = {name}, pg_catalog, pg_temp; SET LOCAL check_function_bodies = off;\n"
    );
    for step in &plan.steps {
        sql.push_str(&SqlTemplate::parse(step.sql.as_str()).fill(&name));
        sql.push_str("\n;\n");
    }
    // Of the new ones only: a shadow that is in use and refers to another one has its row in pg_class.
    for fact in united.facts().filter(|fact| is_table(fact.id.kind) && !made.contains(&fact.id)) {
        sql.push_str(&format!("GRANT ALL ON {} TO PUBLIC;\n", Quoted(fact.id.first())));
    }
    if let Err(error) = session.batch_execute(&format!("{sql} COMMIT")).await {
        let reason = session.failed(doing, &error).to_string();
        session.run(doing, "ROLLBACK").await?;
        return Err(no_shadow(reason));
    }
    Ok(united)
}

/// An extension of the tenants' database.
struct Extension {
    name: String,
    schema: String,
    version: String,
}

async fn extensions(session: &Session) -> Result<Vec<Extension>, EngineError> {
    let failed = |error| session.failed("reading extensions", &error);
    let rows = session.query(include_str!("extensions.sql"), &[]).await.map_err(failed)?;
    let extension = |row: &tokio_postgres::Row| {
        Ok(Extension {
            name: row.try_get("name")?,
            schema: row.try_get("schema")?,
            version: row.try_get("version")?,
        })
    };
    rows.iter().map(extension).collect::<Result<_, _>>().map_err(failed)
}

/// Makes the extensions that can be made; the others with the reason.
async fn make_extensions(
    session: &Session,
    extensions: &[Extension],
) -> Result<Vec<(String, String)>, EngineError> {
    let mut refused = Vec::new();
    for Extension { name, schema, version } in extensions {
        let sql = format!(
            "CREATE SCHEMA IF NOT EXISTS {schema}; CREATE EXTENSION IF NOT EXISTS {name} SCHEMA {schema} VERSION {version}",
            name = Quoted(name),
            schema = Quoted(schema),
            version = Quoted(version)
        );
        match session.batch_execute(&sql).await {
            Ok(()) => {}
            Err(error) if error.as_db_error().is_some() => {
                refused.push((name.clone(), session.failed("making an extension", &error).to_string()));
            }
            Err(error) => return Err(session.failed("making an extension", &error)),
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_stays_and_what_is_wanted_takes_the_place_of_its_like() {
        let table = |catalog: &mut Catalog, name: &str, column: &str| {
            let id = ObjectId::new(Kind::Table, [name]);
            let parts = ObjectId::new(Kind::Column, [name, column]);
            catalog.insert(Fact { id: id.clone(), parent: None, attributes: BTreeMap::new() });
            catalog.insert(Fact { id: parts, parent: Some(id), attributes: BTreeMap::new() });
        };
        let (mut made, mut wanted) = (Catalog::empty(), Catalog::empty());
        table(&mut made, "country", "code");
        table(&mut made, "currency", "old");
        table(&mut wanted, "currency", "new");
        let united = united(&made, &wanted);
        let names: Vec<String> = united.facts().map(|fact| fact.id.to_string()).collect();
        assert_eq!(
            names,
            ["schema", "table country", "table currency", "column country.code", "column currency.new"]
        );
    }

    #[test]
    fn the_name_of_an_object_is_found_in_its_identity() {
        for (identity, name) in [
            ("public.customer", "customer"),
            ("public.customer.id", "customer"),
            ("\"My. Schema\".\"Ta\"\"ble\"", "Ta\"ble"),
            ("public.total(integer,text)", "total"),
        ] {
            assert_eq!(first_name(identity).as_deref(), Some(name));
        }
        assert_eq!(first_name("app"), None);
    }
}
