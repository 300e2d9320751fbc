//! TenantDatabases: what is said of a Secret, a login, a server.

use tenantry_testkit::kube::ControlPlane;

use crate::scene::{DATABASE, PASSWORD, Scene, shared};

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_database_is_ready_once_its_secret_is_right_and_its_server_there() {
    let scene = Scene::start(shared(), "secrets");
    scene.apply(DATABASE);
    let message = scene.comes_to("tdb/shop", "Ready", "False ReferenceMissing");
    assert!(message.contains("there is no Secret shop-login; add it"), "{message}");

    scene.login("wrong-one");
    let message = scene.comes_to("tdb/shop", "Ready", "False DatabaseUnreachable");
    assert!(message.contains("password authentication failed"), "{message}");

    // Nobody restarts anything: the Secret wakes it up.
    scene.login(PASSWORD);
    scene.comes_to("tdb/shop", "Ready", "True Reachable");
    scene.comes_to("tdb/shop", "PrivilegesSufficient", "True PrivilegesSufficient");
    let table = scene.kubectl(&["get", "tdb"]);
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    let address = format!("127.0.0.1:{}/shop", scene.cluster.port());
    assert_eq!(row[..3], ["shop", "PostgreSQL", address.as_str()], "{table}");

    scene.cluster.stop().unwrap();
    scene.kubectl(&["annotate", "tdb", "shop", "look=again"]);
    scene.comes_to("tdb/shop", "Reachable", "False DatabaseUnreachable");
    scene.cluster.start_again().unwrap();
    scene.comes_to("tdb/shop", "Ready", "True Reachable");

    let everything = scene.log()
        + &scene.kubectl(&["get", "events", "-o", "yaml"])
        + &scene.kubectl(&["get", "tdb", "-o", "yaml", "--show-managed-fields"]);
    assert!(!everything.contains("wrong-one"), "a password was told: {everything}");
    let reasons = scene.kubectl(&["get", "events", "-o", "jsonpath={.items[*].reason}"]);
    for reason in ["ReferenceMissing", "DatabaseUnreachable", "Reachable"] {
        assert!(reasons.contains(reason), "{reasons}");
    }
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn what_a_login_lacks_is_said_with_the_grant() {
    let scene = Scene::start(shared(), "rights");
    scene.cluster.psql("postgres", "ALTER DATABASE shop OWNER TO postgres").unwrap();
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    let message = scene.comes_to("tdb/shop", "PrivilegesSufficient", "False PrivilegesMissing");
    assert!(message.contains("GRANT CREATE ON DATABASE"), "{message}");
    scene.comes_to("tdb/shop", "Ready", "True Reachable");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn a_look_that_finds_nothing_new_writes_nothing() {
    let plane = ControlPlane::with_custom_resources().unwrap();
    let scene = Scene::start(&plane, "idle");
    scene.login(PASSWORD);
    scene.apply(DATABASE);
    scene.comes_to("tdb/shop", "Ready", "True Reachable");
    let looks = || {
        let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'shop'";
        scene.cluster.psql("postgres", sql).unwrap().trim().parse::<u64>().unwrap()
    };
    let written = || writes(&scene.kubectl(&["get", "--raw", "/metrics"]));
    let (first, before) = (written(), looks());
    assert!(first > 0);
    scene.kubectl(&["annotate", "tdb", "shop", "look=1"]);
    scene.wait_for("a look", || looks() > before);
    // What it finds next is written, and nothing was in between.
    scene.cluster.psql("shop", "CREATE PUBLICATION everything FOR ALL TABLES").unwrap();
    scene.kubectl(&["annotate", "tdb", "shop", "look=2", "--overwrite"]);
    let found = ["get", "tdb", "shop", "-o", "jsonpath={.status.publications[0]}"];
    scene.wait_for("another look", || scene.kubectl(&found) == "everything");
    assert_eq!(written(), first + 1, "status is written only when it changed");
    let reasons = scene.kubectl(&["get", "events", "-o", "jsonpath={.items[*].reason}"]);
    assert_eq!(reasons.split_whitespace().filter(|reason| *reason == "Reachable").count(), 1, "{reasons}");

    // One that is deleted leaves no watch behind.
    let watches = || watches_of_secrets(&scene.kubectl(&["get", "--raw", "/metrics"]));
    let before = watches();
    scene.apply(
        &DATABASE.replace("name: shop}\nspec", "name: gone}\nspec").replace("shop-login", "gone-login"),
    );
    scene.wait_for("a watch of a Secret that is not there", || watches() == before + 1);
    scene.kubectl(&["delete", "tdb", "gone"]);
    scene.wait_for("the end of that watch", || watches() == before);
}

/// How many watches of Secrets there are, as the API server counts.
fn watches_of_secrets(metrics: &str) -> u64 {
    let ours = |line: &&str| {
        line.starts_with("apiserver_longrunning_requests{")
            && line.contains("resource=\"secrets\"")
            && line.contains("verb=\"WATCH\"")
    };
    metrics.lines().filter(ours).filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

/// How often the status of a TenantDatabase was written, as the API server counts.
fn writes(metrics: &str) -> u64 {
    let ours = |line: &&str| {
        line.starts_with("apiserver_request_total{")
            && line.contains("resource=\"tenantdatabases\"")
            && line.contains("subresource=\"status\"")
    };
    metrics.lines().filter(ours).filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}
