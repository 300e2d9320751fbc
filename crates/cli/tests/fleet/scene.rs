//! A fleet as somebody has it: databases with a login that is no superuser, a folder with manifests, and the program.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tenantry_testkit::pg::{Binaries, Cluster, Options, Owners};

/// The login. Its password counts only where the cluster asks for one.
pub const LOGIN: &str = "tenantry";

/// The first version of a small product's schema.
pub const V1: &str = "
CREATE TABLE app_user (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES app_user (id),
    total numeric(12, 2) NOT NULL DEFAULT 0,
    note text
);
CREATE INDEX invoice_user_idx ON invoice (user_id);
CREATE VIEW open_invoice AS SELECT id, total FROM invoice WHERE total > 0;
";

/// The next one: a column, and a key that rows can be in the way of.
pub const V2: &str = "
CREATE TABLE app_user (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    CONSTRAINT app_user_email_key UNIQUE (email)
);
CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES app_user (id),
    total numeric(12, 2) NOT NULL DEFAULT 0,
    note text,
    paid_at timestamptz
);
COMMENT ON COLUMN invoice.paid_at IS 'When the bank confirmed it';
CREATE INDEX invoice_user_idx ON invoice (user_id);
CREATE VIEW open_invoice AS SELECT id, total FROM invoice WHERE total > 0;
";

/// The one after that: a column is gone, with what stood in it.
pub const V3: &str = "
CREATE TABLE app_user (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES app_user (id),
    total numeric(12, 2) NOT NULL DEFAULT 0
);
CREATE INDEX invoice_user_idx ON invoice (user_id);
CREATE VIEW open_invoice AS SELECT id, total FROM invoice WHERE total > 0;
";

/// Where the servers of a scene come from.
enum Server {
    Shared(&'static Cluster),
    Own(Box<Cluster>),
}

/// One fleet.
pub struct Scene {
    server: Server,
    folder: TempDir,
    /// The databases' own names.
    pub databases: Vec<String>,
    password: Option<&'static str>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// It ended with this code; otherwise all that it said is shown.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Standard output has this in it.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "{text:?} is not in\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Standard error has this in it.
    #[track_caller]
    pub fn warns(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in\n{}\n--- stdout\n{}", self.err, self.out);
        self
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

impl Scene {
    /// So many databases on the server that the tests share.
    pub fn with(databases: usize) -> Self {
        Self::on(Server::Shared(Cluster::shared().unwrap()), databases, None)
    }

    /// One database on a server of its own, which may be stopped.
    pub fn alone() -> Self {
        let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
        Self::on(Server::Own(Box::new(cluster)), 1, None)
    }

    /// One database on a server that asks for this password.
    pub fn with_password(password: &'static str) -> Self {
        let options = Options::default().password(password);
        let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
        Self::on(Server::Own(Box::new(cluster)), 1, Some(password))
    }

    /// One database on a server that takes encrypted connections only.
    pub fn with_tls() -> Self {
        let cluster = Cluster::start_with(&Binaries::find().unwrap(), &Options::default().tls()).unwrap();
        Self::on(Server::Own(Box::new(cluster)), 1, None)
    }

    fn on(server: Server, databases: usize, password: Option<&'static str>) -> Self {
        let mut scene =
            Self { server, folder: tempfile::tempdir().unwrap(), databases: Vec::new(), password };
        let secret = password.map(|password| format!(" PASSWORD '{password}'")).unwrap_or_default();
        // Tests run side by side, and a role is the server's: the second one finds it there.
        scene
            .cluster()
            .psql(
                "postgres",
                &format!(
                    "DO $$ BEGIN CREATE ROLE {LOGIN} LOGIN CREATEDB{secret};
                     EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                ),
            )
            .unwrap();
        for _ in 0..databases {
            let name = scene.cluster().create_database("fleet").unwrap();
            scene.cluster().psql(&name, &format!("GRANT CREATE ON DATABASE {name} TO {LOGIN}")).unwrap();
            scene.databases.push(name);
        }
        scene.define(V1);
        for at in 0..databases {
            scene.login(at, &scene.cluster().url_as(LOGIN, scene.password, &scene.databases[at]));
        }
        scene
    }

    pub fn cluster(&self) -> &Cluster {
        match &self.server {
            Server::Shared(cluster) => cluster,
            Server::Own(cluster) => cluster,
        }
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join(file), text).unwrap();
    }

    /// Writes the TenantDatabase `db-N` with a login by URI.
    pub fn login(&self, at: usize, uri: &str) {
        self.database(at, uri, "");
    }

    /// As [`Scene::login`], with more fields of `spec`.
    pub fn database(&self, at: usize, uri: &str, more: &str) {
        self.write(
            &format!("db-{at}.yaml"),
            &format!(
                "apiVersion: tenantry.dev/v1alpha1\nkind: TenantDatabase\nmetadata: {{name: db-{at}}}\n\
                 spec:\n  connection: {{secretRef: {{name: db-{at}-app}}}}\n{more}\n---\n\
                 apiVersion: v1\nkind: Secret\nmetadata: {{name: db-{at}-app}}\nstringData: {{uri: '{uri}'}}\n"
            ),
        );
    }

    /// Writes the Secret `ca` with a certificate in PEM.
    pub fn authority(&self, pem: &str) {
        let secret = serde_json::json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ca"}, "stringData": {"ca.crt": pem}
        });
        self.write("ca.yaml", &secret.to_string());
    }

    /// Writes the SchemaDefinition `app`.
    pub fn define(&self, sql: &str) {
        self.define_with(sql, "");
    }

    /// As [`Scene::define`], with more fields of `spec`.
    pub fn define_with(&self, sql: &str, more: &str) {
        let sql: String = sql.lines().map(|line| format!("    {line}\n")).collect();
        self.write(
            "app.yaml",
            &format!(
                "apiVersion: tenantry.dev/v1alpha1\nkind: SchemaDefinition\nmetadata: {{name: app}}\n\
                 spec:\n{more}\n  configMapRefs: [{{name: app-schema}}]\n---\n\
                 apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: app-schema}}\ndata:\n  10-app.sql: |\n{sql}\n"
            ),
        );
    }

    /// Writes the TenantSet `customers`: these databases, and more fields of `spec`.
    pub fn set(&self, databases: &[&str], more: &str) {
        self.set_named("customers", databases, more);
    }

    /// Writes a TenantSet.
    pub fn set_named(&self, name: &str, databases: &[&str], more: &str) {
        let entries: String = databases.iter().map(|entry| format!("  - {entry}\n")).collect();
        self.write(
            &format!("set-{name}.yaml"),
            &format!(
                "apiVersion: tenantry.dev/v1alpha1\nkind: TenantSet\nmetadata: {{name: {name}}}\n\
                 spec:\n  schemaRef: {{name: app}}\n  databases:\n{entries}{more}\n"
            ),
        );
    }

    /// Tenants of one database by their names.
    pub fn names(at: usize, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| serde_json::to_string(name).unwrap()).collect();
        format!("{{databaseRef: {{name: db-{at}}}, tenants: {{names: [{}]}}}}", names.join(", "))
    }

    /// Tenants of one database by a query.
    pub fn query(at: usize, sql: &str) -> String {
        let sql = serde_json::to_string(sql).unwrap();
        format!("{{databaseRef: {{name: db-{at}}}, tenants: {{query: {sql}}}}}")
    }

    /// The folder with the manifests, as it is typed.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    fn command(&self, verb: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-tenantry"));
        command.args(["fleet", verb, "-f"]).arg(self.folder.path()).args(more);
        command.stdin(Stdio::null()).env_remove("RUST_LOG").env("USER", "ada").env_remove("LOGNAME");
        command
    }

    /// Runs `fleet VERB -f FOLDER ...`.
    pub fn fleet(&self, verb: &str, more: &[&str]) -> Ran {
        Ran::of(&self.command(verb, more).output().unwrap())
    }

    /// Starts it, and lets it run.
    pub fn start(&self, verb: &str, more: &[&str]) -> Running {
        Running::of(self.command(verb, more))
    }

    /// Runs SQL as the superuser.
    #[track_caller]
    pub fn psql(&self, at: usize, sql: &str) -> String {
        self.cluster().psql(&self.databases[at], sql).unwrap()
    }

    /// What psql makes of a definition, without Tenantry, as a dump.
    pub fn reference(&self, definition: &str) -> String {
        self.psql(
            0,
            &format!(
                "DROP SCHEMA IF EXISTS reference CASCADE; CREATE SCHEMA reference; SET search_path = reference; {definition}"
            ),
        );
        self.dump(0, "reference")
    }

    pub fn dump(&self, at: usize, schema: &str) -> String {
        self.cluster().normalised_dump(&self.databases[at], schema, Owners::LeftAlone).unwrap()
    }

    /// Every one of these schemas is what psql makes of the definition.
    #[track_caller]
    pub fn all_at<S: AsRef<str>>(&self, at: usize, schemas: &[S], definition: &str) {
        let reference = self.reference(definition);
        for schema in schemas {
            assert_eq!(self.dump(at, schema.as_ref()), reference, "{}", schema.as_ref());
        }
    }

    /// The schemas of tenants, in their order.
    pub fn schemas(&self, at: usize) -> Vec<String> {
        let sql = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\\_%' ORDER BY 1";
        self.psql(at, sql).lines().map(str::to_owned).collect()
    }

    /// How often something was applied to each tenant: a line for each number of times.
    pub fn applied(&self, at: usize) -> String {
        self.psql(
            at,
            "SELECT times, count(*) FROM (SELECT count(*) AS times FROM tenantry.event WHERE outcome = 'applied'
             GROUP BY tenant, revision) AS tenants GROUP BY 1 ORDER BY 1",
        )
    }

    /// Waits until SQL answers this.
    #[track_caller]
    pub fn wait_for(&self, at: usize, sql: &str, answer: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        let mut last = String::new();
        while Instant::now() < until {
            last = self.cluster().psql(&self.databases[at], sql).unwrap_or_else(|error| error.to_string());
            if last == answer {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{sql}: {last:?} and not {answer:?}");
    }

    /// A session that holds a lock until it is let go.
    pub fn hold(&self, at: usize, sql: &str) -> Held {
        let mut psql = self.cluster().command("psql", &self.databases[at]);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]).env("PGAPPNAME", "shop");
        psql.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = psql.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, format!("BEGIN; {sql};\n").as_bytes()).unwrap();
        self.wait_for(
            at,
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shop' AND state = 'idle in transaction'
             AND datname = current_database()",
            "1",
        );
        Held { child, input: Some(input) }
    }
}

/// A transaction of an application that does not come to its end.
pub struct Held {
    child: Child,
    input: Option<std::process::ChildStdin>,
}

impl Held {
    /// Its changes are there for all from now on.
    pub fn commit(mut self) {
        if let Some(mut input) = self.input.take() {
            std::io::Write::write_all(&mut input, b"COMMIT;\n").unwrap();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // At the end of its input psql ends, and the transaction is rolled back.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// A run that goes on.
pub struct Running {
    child: Option<Child>,
    err: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts a command, and lets it run.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stderr.take().unwrap();
        let err = Arc::new(Mutex::new(Vec::new()));
        let said = Arc::clone(&err);
        let reader = std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(bytes @ 1..) = pipe.read(&mut some) {
                said.lock().unwrap().extend_from_slice(&some[..bytes]);
            }
        });
        Self { child: Some(child), err, reader: Some(reader) }
    }

    /// Sends a signal: `INT`, `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits until it says this on standard error.
    #[track_caller]
    pub fn says(&self, what: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.said().contains(what) {
            assert!(Instant::now() < until, "{what:?} is not in\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it ends.
    pub fn end(mut self) -> Ran {
        let mut output = self.child.take().unwrap().wait_with_output().unwrap();
        self.reader.take().unwrap().join().unwrap();
        output.stderr = self.said().into_bytes();
        Ran::of(&output)
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.err.lock().unwrap()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
