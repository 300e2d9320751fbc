//! `schema apply`: one schema, with its row in the ledger that fleets look into.

use std::process::{Command, Stdio};

use tenantry_engine::Ledger as _;
use tenantry_postgres::{Connections, PostgresLedger, Settings};

use crate::scene::{LOGIN, Ran, Running, Scene, V1, V2, V3};

struct One {
    scene: Scene,
}

impl One {
    /// A schema of its own, empty.
    fn set() -> Self {
        let scene = Scene::with(1);
        scene.psql(0, &format!("CREATE SCHEMA solo AUTHORIZATION {LOGIN}"));
        Self { scene }
    }

    fn command(&self, verb: &str, definition: &str, more: &[&str]) -> Command {
        let file = self.scene.folder().join("schema.sql");
        std::fs::write(&file, definition).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-tenantry"));
        let url = self.scene.cluster().url_as(LOGIN, None, &self.scene.databases[0]);
        command
            .args(["schema", verb, "--database", &url, "--schema", "solo", "--definition"])
            .arg(file)
            .args(more);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, verb: &str, definition: &str, more: &[&str]) -> Ran {
        Ran::of(&self.command(verb, definition, more).output().unwrap())
    }
}

#[test]
fn it_runs_what_it_shows_and_writes_it_down() {
    let one = One::set();
    let scene = &one.scene;
    let ran = one.run("apply", V1, &[]).ended(0).warns("CREATE TABLE invoice").says("schema solo is at ");
    assert_eq!(ran.out.lines().count(), 1, "one sentence: {}", ran.out);
    scene.all_at(0, &["solo"], V1);
    let row = "SELECT name, set, revision IS NOT NULL, watermark IS NOT NULL FROM tenantry.tenant";
    let database = &scene.databases[0];
    assert_eq!(scene.psql(0, row), format!("solo|cli/{database}/solo|t|t"));
    assert_eq!(scene.applied(0), "1|1");

    let again = one.run("apply", V1, &[]).ended(0).warns("nothing to do");
    assert_eq!(again.out, "");
    assert_eq!(one.run("diff", V1, &[]).ended(0).out, "");
    assert_eq!(scene.applied(0), "1|1");
}

#[tokio::test]
async fn a_definition_from_standard_input_is_kept_as_it_was_read() {
    let one = One::set();
    let database = &one.scene.databases[0];
    let url = one.scene.cluster().url_as(LOGIN, None, database);
    let file = one.scene.folder().join("schema.sql");
    std::fs::write(&file, V1).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-tenantry"));
    command.args(["schema", "apply", "--database", &url, "--schema", "solo", "--definition", "-"]);
    command.stdin(std::fs::File::open(&file).unwrap());
    Ran::of(&command.output().unwrap()).ended(0);
    let ledger = PostgresLedger::at(Settings::from_uri(&url).unwrap(), Connections::default());
    let kept = ledger.revisions(&format!("cli/{database}/solo")).await.unwrap();
    let texts: Vec<&str> =
        kept.iter().flat_map(|one| &one.sources).map(|source| source.text.as_str()).collect();
    assert_eq!(texts, [V1]);
}

#[test]
fn what_it_put_aside_comes_back_with_its_rows() {
    let one = One::set();
    let scene = &one.scene;
    one.run("apply", V1, &[]).ended(0);
    scene.psql(0, "INSERT INTO solo.app_user (email) VALUES ('a@x'); INSERT INTO solo.invoice (id, user_id, note) VALUES (1, 1, 'kept')");
    one.run("apply", V3, &["--destructive", "deny"]).ended(2).warns("invoice.note");
    scene.all_at(0, &["solo"], V1);
    one.run("apply", V3, &[]).ended(0);
    assert_eq!(one.run("plan", V3, &[]).ended(0).out, "", "what is aside does not count");
    assert_eq!(one.run("diff", V3, &[]).ended(0).out, "");
    let plan = one.run("plan", V1, &[]).ended(0);
    assert!(
        plan.out.contains("RENAME") && !plan.out.contains("ADD COLUMN"),
        "it is renamed back: {}",
        plan.out
    );
    one.run("apply", V1, &[]).ended(0);
    scene.all_at(0, &["solo"], V1);
    assert_eq!(scene.psql(0, "SELECT note FROM solo.invoice"), "kept");
}

#[test]
fn a_tenant_of_a_set_is_left_to_it_unless_it_is_taken_over() {
    let one = One::set();
    let scene = &one.scene;
    let entry = Scene::names(0, &["solo"]).replace("tenants:", "schemaTemplate: '{name}', tenants:");
    scene.psql(0, "DROP SCHEMA solo");
    scene.set(&[&entry], "");
    scene.fleet("apply", &[]).ended(0);
    one.run("apply", V2, &[])
        .ended(2)
        .warns("it belongs to tenantset default/customers")
        .warns("--take-over");
    scene.all_at(0, &["solo"], V1);
    one.run("apply", V2, &["--take-over"]).ended(0);
    scene.all_at(0, &["solo"], V2);
    scene.fleet("check", &[]).ended(1).says("1 blocked");
}

#[test]
fn a_column_put_aside_stands_in_no_inserts_way() {
    let one = One::set();
    let scene = &one.scene;
    let domains = "CREATE DOMAIN share AS integer NOT NULL CHECK (VALUE BETWEEN 0 AND 100);
        CREATE DOMAIN part AS share;";
    let with = format!("{domains} CREATE TABLE t (id integer PRIMARY KEY, a part, b integer NOT NULL);");
    one.run("apply", &with, &[]).ended(0);
    scene.psql(0, "INSERT INTO solo.t VALUES (1, 10, 20)");
    one.run("apply", &format!("{domains} CREATE TABLE t (id integer PRIMARY KEY);"), &[]).ended(0);
    scene.psql(0, "INSERT INTO solo.t VALUES (2)");
    // Only that row stands in the way of having it back.
    one.run("apply", &with, &[]).ended(2);
    scene.psql(0, "DELETE FROM solo.t WHERE id = 2");
    one.run("apply", &with, &[]).ended(0);
    assert_eq!(scene.psql(0, "SELECT id, a, b FROM solo.t"), "1|10|20");
    scene.all_at(0, &["solo"], &with);
}

#[test]
fn rows_in_the_way_are_told_and_nothing_is_half_done() {
    let one = One::set();
    let scene = &one.scene;
    one.run("apply", V1, &[]).ended(0);
    scene.psql(0, "INSERT INTO solo.app_user (email) VALUES ('a@x'), ('a@x')");
    let ran = one.run("apply", V2, &[]).ended(2).warns("unique_violation on app_user_email_key");
    assert!(!ran.err.contains("a@x"), "{}", ran.err);
    scene.all_at(0, &["solo"], V1);
    let outcome = "SELECT outcome LIKE '%unique_violation%' FROM tenantry.event ORDER BY id DESC LIMIT 1";
    assert_eq!(scene.psql(0, outcome), "t");
}

#[test]
fn ctrl_c_leaves_no_scratch_database() {
    let one = One::set();
    let scene = &one.scene;
    scene.psql(
        0,
        &format!(
            "CREATE TABLE public.plan (id integer PRIMARY KEY); GRANT REFERENCES ON public.plan TO {LOGIN}"
        ),
    );
    // A shared table is referred to: the shadow is a database of its own.
    let definition = "CREATE TABLE t (a integer REFERENCES public.plan (id));";
    let database = &scene.databases[0];
    let scratch = format!(
        "SELECT count(*) FROM pg_database
         WHERE datname LIKE 'tenantry_shadow_' || encode(substr(sha256('{database}'), 1, 6), 'hex') || '%'"
    );
    let there = |count: &str| scene.psql(0, &scratch) == count;
    let running = Running::of(one.command("plan", definition, &[]));
    scene.wait_for(0, &scratch, "1");
    running.signal("INT");
    running.end().ended(130);
    assert!(there("0"));
    for delay in [100, 300, 600, 1000, 1500, 2500] {
        let running = Running::of(one.command("plan", definition, &[]));
        std::thread::sleep(std::time::Duration::from_millis(delay));
        running.signal("INT");
        let ran = running.end();
        assert!(matches!(ran.code, Some(130 | 0)), "{ran:?}");
        assert!(there("0"), "after {delay} ms");
    }
}
