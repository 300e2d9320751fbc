//! What the doctor finds, on servers that have it.

use tenantry_engine::{Engine as _, Finding, Severity};
use tenantry_postgres::{Connections, Owner, PostgresEngine, Settings, ShadowSettings};
use tenantry_testkit::pg::{Binaries, Cluster, Options};

use crate::engine;

async fn findings(engine: &PostgresEngine) -> Vec<Finding> {
    let findings = engine.doctor().await.unwrap();
    for finding in &findings {
        let fine = finding.severity == Severity::Ok;
        assert!(!finding.message.is_empty() && finding.remedy.is_empty() == fine, "{finding:?}");
        assert!(!finding.message.contains('\n') && !finding.remedy.ends_with('.'), "{finding:?}");
    }
    findings
}

#[track_caller]
fn assert_found(findings: &[Finding], severity: Severity, subject: &str, message: &str, remedy: &str) {
    let fits = |finding: &&Finding| {
        finding.severity == severity
            && finding.subject == subject
            && finding.message.contains(message)
            && finding.remedy.contains(remedy)
    };
    assert!(findings.iter().any(|finding| fits(&finding)), "{subject}: {findings:#?}");
}

fn worse_than_ok(findings: &[Finding]) -> Vec<&str> {
    findings.iter().filter(|f| f.severity != Severity::Ok).map(|f| f.subject.as_str()).collect()
}

#[tokio::test]
async fn a_role_of_its_own_is_well_and_others_are_told_what_they_lack() {
    let cluster = Cluster::start(&Binaries::find().unwrap()).unwrap();
    let name = cluster.create_database("doctor").unwrap();
    cluster
        .psql(
            &name,
            &format!(
                "CREATE ROLE good LOGIN CREATEDB; GRANT CREATE ON DATABASE {name} TO good;
                 GRANT pg_read_all_stats TO good;
                 REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
                 GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO good;
                 CREATE ROLE poor LOGIN; CREATE ROLE app; CREATE ROLE \"Tenant Owner\"; GRANT app TO good;
                 CREATE SCHEMA acme AUTHORIZATION app; CREATE TABLE acme.t (id int); ALTER TABLE acme.t OWNER TO app"
            ),
        )
        .unwrap();

    let good = findings(&engine(&cluster.url_as("good", None, &name))).await;
    assert_eq!(worse_than_ok(&good), [""; 0], "{good:#?}");
    assert_found(&good, Severity::Ok, "ownership", "1 schema ", "");
    assert_found(&good, Severity::Ok, "login", "good is no superuser", "");

    let superuser = findings(&engine(&cluster.url(&name))).await;
    assert_eq!(worse_than_ok(&superuser), ["login"]);
    assert_found(&superuser, Severity::Warning, "login", "is a superuser", "CREATE ROLE tenantry LOGIN");

    let poor = findings(&engine(&cluster.url_as("poor", None, &name))).await;
    let grant = format!("GRANT CREATE ON DATABASE {name} TO poor");
    assert_found(&poor, Severity::Warning, "schemas", "may not make schemas", &grant);
    assert_found(
        &poor,
        Severity::Warning,
        "ledger",
        "nothing can be applied",
        "CREATE SCHEMA tenantry AUTHORIZATION poor",
    );
    assert_found(&poor, Severity::Warning, "shadows", "no place", "ALTER ROLE poor CREATEDB");
    assert_found(&poor, Severity::Note, "pg_control", "pg_control_system() may not", "GRANT EXECUTE");
    assert_found(
        &poor,
        Severity::Warning,
        "visibility",
        "1 schema, which cannot be read: acme",
        "GRANT USAGE",
    );
    assert_found(&poor, Severity::Note, "ownership", "1 of 1 schema ", "TO poor");
    assert_found(&poor, Severity::Note, "ownership", ": app.", "");

    let owned = |owner: &str| {
        let shadow = ShadowSettings { owner: Owner::new(owner).unwrap(), ..ShadowSettings::default() };
        let settings = Settings::from_uri(&cluster.url_as("good", None, &name)).unwrap();
        PostgresEngine::new(settings, Connections::default(), shadow)
    };
    assert_found(&findings(&owned("app")).await, Severity::Ok, "owner role", "plans run as app", "");
    let refused = findings(&owned("Tenant Owner")).await;
    assert_found(&refused, Severity::Error, "owner role", "may not become", "GRANT \"Tenant Owner\" TO good");
    assert_found(
        &findings(&owned("nobody")).await,
        Severity::Error,
        "owner role",
        "not there",
        "CREATE ROLE nobody",
    );

    let own = findings(&owned("own_{name}")).await;
    assert_found(&own, Severity::Note, "owner role", "no such role yet", "CREATE ROLE");
    cluster.psql(&name, "CREATE ROLE own_acme; CREATE ROLE own_globex; GRANT own_acme TO good").unwrap();
    let own = findings(&owned("own_{name}")).await;
    assert_found(&own, Severity::Error, "owner role", "1 of the 2 roles own_{name}", "GRANT ... TO good");
    assert_found(&own, Severity::Error, "owner role", ": own_globex", "");
    cluster.psql(&name, "GRANT own_globex TO good").unwrap();
    assert_found(&findings(&owned("own_{name}")).await, Severity::Ok, "owner role", "2 roles", "");
}

#[tokio::test]
async fn what_else_is_in_the_database_is_named() {
    let options = Options::default()
        .setting("track_counts", "off")
        .setting("wal_level", "logical")
        .setting("max_prepared_transactions", "5")
        .setting("max_connections", "12");
    let cluster = Cluster::start_with(&Binaries::find().unwrap(), &options).unwrap();
    let name = cluster.create_database("around").unwrap();
    cluster
        .psql(
            &name,
            "CREATE SCHEMA acme; CREATE TABLE acme.t (id int PRIMARY KEY); CREATE TABLE acme.tenantry_q_1234_old (id int);
             CREATE TABLE acme.u (tenantry_q_1234_fax text);
             CREATE SCHEMA tenantry_shadow_99999999; CREATE DATABASE tenantry_shadow_0123456789ab_99999999;
             CREATE FUNCTION public.note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
             CREATE EVENT TRIGGER audit_ddl ON ddl_command_end EXECUTE FUNCTION public.note();
             CREATE EVENT TRIGGER sleeping ON ddl_command_end EXECUTE FUNCTION public.note();
             ALTER EVENT TRIGGER sleeping DISABLE;
             CREATE PUBLICATION everything FOR ALL TABLES; CREATE PUBLICATION one FOR TABLE acme.t;
             BEGIN; LOCK TABLE acme.u; PREPARE TRANSACTION 'left by a crash'",
        )
        .unwrap();
    cluster
        .psql(
            "postgres",
            &format!(
                "ALTER DATABASE {name} SET search_path = acme; ALTER ROLE postgres SET default_tablespace = pg_default;
                 ALTER ROLE postgres IN DATABASE {name} SET app.jwt_secret = 'hunter2'"
            ),
        )
        .unwrap();
    let found = findings(&engine(&cluster.url(&name))).await;
    use Severity::{Note, Warning};
    assert_found(&found, Warning, "track_counts", "off", "ALTER SYSTEM SET track_counts = on");
    assert_found(&found, Warning, "event triggers", "audit_ddl (ddl_command_end)", "DISABLE");
    assert!(!format!("{found:?}").contains("sleeping"), "one that is disabled does not fire");
    assert_found(&found, Warning, "publications", "everything (all tables), one (1 tables)", "Subscribers");
    assert_found(&found, Warning, "prepared transactions", "left by a crash", "ROLLBACK PREPARED");
    assert_found(&found, Warning, "settings", "default_tablespace (of the role)", "RESET");
    assert_found(&found, Note, "settings", "search_path (of the database)", "psql");
    assert!(!format!("{found:?}").contains("hunter2"));
    assert_found(&found, Note, "leftovers", "schema tenantry_shadow_99999999", "DROP SCHEMA");
    assert_found(&found, Note, "leftovers", "database tenantry_shadow_0123456789ab_99999999", "");
    assert_found(
        &found,
        Note,
        "quarantine",
        "2 tables and columns are renamed aside (tenantry_q_*) in 1 schema",
        "rollback",
    );
    assert_found(&found, Severity::Ok, "connections", "12 are allowed", "");
}
