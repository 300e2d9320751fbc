//! A database in which schemas are made, changed and dumped by PostgreSQL's own programs.

use tenantry_planner::sql::Quoted;
use tenantry_testkit::pg::{Cluster, Error, Owners};

/// One database of a cluster.
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    /// A new one, with the extensions that this server has of these, in `public`.
    pub fn new(cluster: &'static Cluster, prefix: &str, extensions: &[&str]) -> Result<Self, Error> {
        let database = Self { cluster, name: cluster.create_database(prefix)? };
        for extension in extensions {
            // A server without it fails to load what needs it, and that is reported.
            let _ = database.run(&format!("CREATE EXTENSION {} SCHEMA public", Quoted(extension)));
        }
        Ok(database)
    }

    /// Where it is, for the superuser.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Makes a schema anew out of a definition. Roles that are missing are made too.
    pub fn load(&self, schema: &str, definition: &str) -> Result<(), Error> {
        self.load_all(&[(schema, definition)])
    }

    /// Makes schemas anew, each out of its definition. Roles that are missing are made too.
    pub fn load_all(&self, schemas: &[(&str, &str)]) -> Result<(), Error> {
        let load = |(schema, definition): &(&str, &str)| {
            let schema = Quoted(schema);
            let definition = definition.replace("__TENANT__", &schema.to_string());
            format!(
                "SET client_min_messages = error;\nDROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};\n\
                 SET search_path = {schema}, public; SET check_function_bodies = off;\n{definition}\n;\nDISCARD ALL;\n"
            )
        };
        let sql: String = schemas.iter().map(load).collect();
        loop {
            let Err(error) = self.run(&sql) else { return Ok(()) };
            match missing_role(&error.to_string()) {
                Some(role) => self.create_role(&role)?,
                None => return Err(error),
            }
        }
    }

    /// Another worker may make it at the same time: roles belong to the whole cluster.
    fn create_role(&self, role: &str) -> Result<(), Error> {
        let create = format!(
            "DO $do$ BEGIN CREATE ROLE {}; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $do$",
            Quoted(role)
        );
        self.run(&create).map(drop)
    }

    /// Runs a script by psql, stopping at the first error.
    pub fn run(&self, sql: &str) -> Result<String, Error> {
        self.cluster.psql(&self.name, sql)
    }

    /// The schema as pg_dump shows it, without its name and without owners.
    pub fn dump(&self, schema: &str) -> Result<String, Error> {
        self.cluster.normalised_dump(&self.name, schema, Owners::LeftAlone)
    }

    /// Removes schemas.
    pub fn drop_schemas(&self, schemas: &[&str]) -> Result<(), Error> {
        let names: Vec<String> = schemas.iter().map(|schema| Quoted(schema).to_string()).collect();
        let sql = format!("SET client_min_messages = error; DROP SCHEMA {} CASCADE", names.join(", "));
        self.run(&sql).map(drop)
    }
}

/// The role that is missing, if that is what an error says.
fn missing_role(error: &str) -> Option<String> {
    let (_, rest) = error.split_once("role \"")?;
    let (role, _) = rest.split_once("\" does not exist")?;
    Some(role.to_owned())
}
