//! Logins that cannot work, and what they are told: a wrong password, a database that is down, a standby, too few rights, TLS.

use crate::scene::{LOGIN, Scene, V1};

#[test]
fn a_wrong_password_is_said_without_the_password() {
    let scene = Scene::with_password("right");
    scene.set(&[&Scene::names(0, &["acme"])], "");
    let port = scene.cluster().port();
    let database = scene.databases[0].clone();
    scene.login(0, &format!("postgres://{LOGIN}:hunter2@127.0.0.1:{port}/{database}"));
    for verb in ["check", "apply", "plan", "status"] {
        let ran = scene.fleet(verb, &[]);
        let all = format!("{}{}", ran.out, ran.err);
        assert!(matches!(ran.code, Some(1 | 2)), "{verb}: {all}");
        assert!(all.contains("password authentication failed"), "{verb}: {all}");
        assert!(!all.contains("hunter2"), "{all}");
    }
    scene.login(0, &scene.cluster().url_as(LOGIN, Some("right"), &database));
    scene.fleet("apply", &[]).ended(0);
    scene.all_at(0, &["tenant_acme"], V1);
}

#[test]
fn a_database_that_is_down_holds_up_only_its_own_tenants() {
    let down = Scene::alone();
    let scene = Scene::with(1);
    scene.login(1, &down.cluster().url_as(LOGIN, None, &down.databases[0]));
    scene.set(
        &[&Scene::names(0, &["acme", "globex"]), &Scene::names(1, &["hooli"])],
        "  rollout: {retry: {attempts: 2, backoff: 100ms, maxBackoff: 200ms}}",
    );
    down.cluster().stop().unwrap();
    let ran = scene.fleet("apply", &[]).ended(1);
    assert!(ran.out.contains("1 unreachable: hooli"), "{}\n{}", ran.out, ran.err);
    scene.all_at(0, &["tenant_acme", "tenant_globex"], V1);
    scene.fleet("check", &[]).ended(1).says("1 unreachable");
    down.cluster().start_again().unwrap();
    scene.fleet("apply", &[]).ended(0);
    assert_eq!(down.dump(0, "tenant_hooli"), scene.reference(V1));
    scene.fleet("check", &[]).ended(0);
}

#[test]
fn a_standby_takes_no_changes() {
    let scene = Scene::alone();
    scene.set(&[&Scene::names(0, &["acme"])], "");
    scene.cluster().restart_as_standby().unwrap();
    let ran = scene.fleet("apply", &[]);
    assert!(matches!(ran.code, Some(1 | 2)), "{ran:?}");
    assert!(format!("{}{}", ran.out, ran.err).contains("standby"), "{ran:?}");
}

#[test]
fn a_uri_may_lack_what_the_manifest_says() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &["acme"])], "");
    let (port, database) = (scene.cluster().port(), scene.databases[0].clone());
    scene.database(0, &format!("postgres://{LOGIN}@127.0.0.1:{port}"), "");
    scene.fleet("apply", &[]).ended(2).warns("tenantdatabase/db-0").warns("names no database");
    let path = scene.folder().join("db-0.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("{secretRef:", &format!("{{dbname: {database}, secretRef:"))).unwrap();
    scene.fleet("apply", &[]).ended(0);
    scene.all_at(0, &["tenant_acme"], V1);
}

#[test]
fn a_login_without_create_is_told_the_grant() {
    let scene = Scene::with(1);
    let database = &scene.databases[0];
    scene.psql(0, &format!("REVOKE CREATE ON DATABASE {database} FROM {LOGIN}; CREATE SCHEMA tenant_acme"));
    scene.set(&[&Scene::names(0, &["acme", "globex"])], "");
    let grant = format!("GRANT CREATE ON DATABASE {database} TO {LOGIN}");
    for verb in ["plan", "apply"] {
        let ran = scene.fleet(verb, &[]);
        let all = format!("{}{}", ran.out, ran.err);
        assert!(matches!(ran.code, Some(1 | 2)), "{verb}: {all}");
        assert!(all.contains(&grant), "{verb}: {all}");
    }
    assert_eq!(scene.psql(0, "SELECT count(*) FROM pg_namespace WHERE nspname = 'tenant_globex'"), "0");
    // What it is told is enough.
    scene.psql(0, &format!("{grant}; DROP SCHEMA tenant_acme"));
    scene.fleet("apply", &[]).ended(0);
    scene.all_at(0, &["tenant_acme", "tenant_globex"], V1);
}

#[test]
fn tls_is_verified_against_the_secrets_authority() {
    let scene = Scene::with_tls();
    scene.set(&[&Scene::names(0, &["acme"])], "");
    let url = scene.cluster().url_as(LOGIN, None, &scene.databases[0]);
    let authority = std::fs::read_to_string(scene.cluster().authority().unwrap()).unwrap();
    let verified = "  tls: {mode: VerifyFull, caSecretRef: {name: ca, key: ca.crt}}";
    let stranger = Scene::with_tls();
    let other = std::fs::read_to_string(stranger.cluster().authority().unwrap()).unwrap();
    for (more, pem, said) in [
        ("  tls: {mode: Disable}", &authority, Some("no encryption")),
        (verified, &other, Some("invalid peer certificate")),
        (verified, &authority, None),
    ] {
        scene.database(0, &url, more);
        scene.authority(pem);
        match said {
            Some(said) => {
                let ran = scene.fleet("apply", &[]);
                assert!(matches!(ran.code, Some(1 | 2)), "{ran:?}");
                assert!(format!("{}{}", ran.out, ran.err).contains(said), "{ran:?}");
            }
            None => drop(scene.fleet("apply", &[]).ended(0)),
        }
    }
    scene.all_at(0, &["tenant_acme"], V1);
}
