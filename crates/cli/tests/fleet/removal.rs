//! What becomes of the schemas of tenants that left: psql makes the scene and tells what came of it.

use crate::scene::{Scene, V1, V2};

/// Names that have to be quoted, or that are nearly too long.
const HOSTILE: [&str; 3] =
    ["o'brien; \"x\"", "Ünïcode %_*", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"];

fn everybody() -> Vec<&'static str> {
    ["acme", "globex", "hooli"].into_iter().chain(HOSTILE).collect()
}

fn set(scene: &Scene, names: &[&str], removal: &str) {
    scene.set(&[&Scene::names(0, names)], &format!("  removal: {removal}"));
}

/// Six tenants with a row each.
fn six(removal: &str) -> Scene {
    let scene = Scene::with(1);
    set(&scene, &everybody(), removal);
    scene.fleet("apply", &[]).ended(0).says("6 of 6 tenants");
    scene.psql(
        0,
        "DO $$ DECLARE name text; BEGIN FOR name IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\\_%' LOOP
         EXECUTE format('INSERT INTO %I.app_user (email) VALUES (%L)', name, name || '@example.org'); END LOOP; END $$",
    );
    scene
}

/// Every schema that a user made, the ledger's left out.
fn standing(scene: &Scene) -> usize {
    let sql = "SELECT count(*) FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|public$|tenantry$|other$|reference$)'";
    scene.psql(0, sql).parse().unwrap()
}

fn aside(scene: &Scene) -> Vec<String> {
    let sql = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenantry\\_q\\_%' ORDER BY 1";
    scene.psql(0, sql).lines().map(str::to_owned).collect()
}

fn digest(scene: &Scene) -> String {
    let plan = scene.fleet("plan", &["-o", "json"]).ended(0).json();
    plan["departures"]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_put_aside_comes_back_with_its_rows_and_with_what_was_rolled_out_since() {
    let scene = six("Quarantine");
    for name in HOSTILE {
        let left: Vec<&str> = everybody().into_iter().filter(|other| *other != name).collect();
        set(&scene, &left, "Quarantine");
        scene.fleet("plan", &[]).ended(0).says("by the next fleet apply");
        assert_eq!(aside(&scene), Vec::<String>::new(), "a plan does nothing");
        scene.fleet("check", &[]).ended(1);
        assert_eq!(aside(&scene), Vec::<String>::new(), "a check does nothing");
        scene.fleet("apply", &[]).ended(0).says("was put aside as tenantry_q_").says(name);
        let put = aside(&scene);
        assert_eq!((put.len(), standing(&scene)), (1, 6));
        let quoted = put[0].replace('"', "\"\"");
        assert_eq!(scene.psql(0, &format!("SELECT count(*) FROM \"{quoted}\".app_user")), "1");
        // It is nobody's: no pattern finds it, and nothing more happens to it.
        scene.fleet("apply", &[]).ended(0).says("Nothing to do").says("put aside before");
        scene.fleet("status", &[]).ended(0).says("put aside before");
        scene.fleet("history", &["-o", "json"]).ended(0).says("put aside as tenantry_q_");

        set(&scene, &everybody(), "Quarantine");
        scene.fleet("check", &[]).ended(1).says("the next apply renames it back");
        scene.fleet("apply", &[]).ended(0).says("has its own name again").says("all 6 tenants");
        assert_eq!((aside(&scene).len(), standing(&scene)), (0, 6));
        let own = format!("tenant_{name}").replace('"', "\"\"");
        let row = scene.psql(0, &format!("SELECT email FROM \"{own}\".app_user"));
        assert_eq!(row, format!("tenant_{name}@example.org"));
        scene.fleet("check", &[]).ended(0);
    }
    // Who was away while a version went out gets it on coming back.
    set(&scene, &everybody()[1..], "Quarantine");
    scene.fleet("apply", &[]).ended(0);
    scene.define(V2);
    scene.fleet("apply", &[]).ended(0).says("5 of 5 tenants");
    set(&scene, &everybody(), "Quarantine");
    scene.fleet("apply", &[]).ended(0).says("6 of 6 tenants");
    assert_eq!(scene.psql(0, "SELECT email FROM tenant_acme.app_user"), "tenant_acme@example.org");
    scene.all_at(0, &["tenant_acme", "tenant_hooli"], V2);
}

#[test]
fn nothing_is_dropped_before_its_digest_is_approved() {
    let scene = six("Drop");
    for name in HOSTILE {
        let before = standing(&scene);
        let left: Vec<&str> = everybody().into_iter().filter(|other| *other != name).collect();
        set(&scene, &left, "Drop");
        let digest = digest(&scene);
        let plan = scene.fleet("plan", &[]).ended(0).says("is dropped with all that is in it").says(name);
        assert!(plan.out.contains(&format!("--approve {}", &digest[..12])), "{}", plan.out);
        scene.fleet("apply", &[]).ended(1).says("waits for an approval");
        scene.fleet("status", &[]).ended(1);
        scene.fleet("apply", &["--approve", "000000000000"]).ended(2).warns("look at the plan again");
        assert_eq!(standing(&scene), before, "{name}");
        scene
            .fleet("apply", &["--approve", &digest[..12]])
            .ended(0)
            .says("was dropped")
            .says("approved by ada")
            .says(name);
        assert_eq!(standing(&scene), before - 1, "{name}");
        let event = scene.psql(
            0,
            "SELECT concat_ws(' ', outcome, approved_by, plan) FROM tenantry.event ORDER BY id DESC LIMIT 1",
        );
        assert_eq!(event, format!("dropped ada {digest}"));
        scene.fleet("history", &[]).ended(0).says("dropped");
        scene.fleet("check", &[]).ended(0);
        // One that comes back is new.
        set(&scene, &everybody(), "Drop");
        scene.fleet("apply", &[]).ended(0).says("6 of 6 tenants");
        let own = format!("tenant_{name}").replace('"', "\"\"");
        assert_eq!(scene.psql(0, &format!("SELECT count(*) FROM \"{own}\".app_user")), "0");
    }
    scene.all_at(0, &["tenant_acme"], V1);
}

#[test]
fn what_others_built_on_a_schema_is_never_dropped_with_it() {
    let scene = six("Drop");
    scene.psql(
        0,
        "CREATE SCHEMA other; CREATE TABLE other.bill (user_id bigint REFERENCES tenant_acme.app_user (id));
         CREATE VIEW other.mails AS SELECT email FROM tenant_acme.app_user",
    );
    set(&scene, &everybody()[1..], "Drop");
    let digest = digest(&scene);
    scene
        .fleet("apply", &["--approve", &digest])
        .ended(1)
        .says("constraint bill_user_id_fkey on table other.bill")
        .says("view other.mails");
    assert_eq!(scene.psql(0, "SELECT count(*) FROM other.mails"), "1");
    scene.fleet("history", &[]).ended(0).says("view other.mails");
    // The approval holds, once what is in the way is gone.
    scene.psql(0, "DROP SCHEMA other CASCADE");
    scene.fleet("apply", &[]).ended(0).says("was dropped");
    assert_eq!(standing(&scene), 5);
}

#[test]
fn a_lock_of_an_application_is_not_waited_for_and_tried_again() {
    for removal in ["Quarantine", "Drop"] {
        let scene = six(removal);
        let url = scene.cluster().url_as(crate::scene::LOGIN, None, &scene.databases[0]);
        scene.database(0, &url, "  limits: {lockTimeout: 200ms}");
        set(&scene, &everybody()[1..], removal);
        let held = scene.hold(0, "SELECT count(*) FROM tenant_acme.app_user");
        let approval = (removal == "Drop").then(|| digest(&scene));
        let more: Vec<&str> = approval.iter().flat_map(|digest| ["--approve", digest.as_str()]).collect();
        scene.fleet("apply", &more).ended(1).says("shop").says("the next apply tries again");
        assert_eq!((standing(&scene), aside(&scene).len()), (6, 0));
        drop(held);
        scene.fleet("apply", &[]).ended(0);
        assert_eq!(scene.schemas(0).len(), 5);
    }
}

#[test]
fn one_that_is_killed_on_the_way_leaves_one_or_the_other() {
    for removal in ["Quarantine", "Drop"] {
        let scene = six(removal);
        set(&scene, &everybody()[1..], removal);
        let approval = (removal == "Drop").then(|| digest(&scene));
        let more: Vec<&str> = approval.iter().flat_map(|digest| ["--approve", digest.as_str()]).collect();
        // It stands before its ledger row, with the deed done and not committed.
        let held = scene.hold(0, "LOCK TABLE tenantry.event IN ACCESS EXCLUSIVE MODE");
        let running = scene.start("apply", &more);
        let waiting =
            "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'tenantry.event'::regclass";
        scene.wait_for(0, waiting, "t");
        running.signal("KILL");
        assert_eq!(running.end().code, None);
        drop(held);
        let ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'tenantry'";
        scene.wait_for(0, ours, "0");
        let agrees = "SELECT count(*) FROM tenantry.tenant WHERE namespace <> coalesce(
            (SELECT oid FROM pg_namespace WHERE nspname = coalesce(tenant.aside, tenant.schema)), 0)";
        assert_eq!(scene.psql(0, agrees), "0", "{removal}");
        scene.fleet("apply", &[]).ended(0);
        assert_eq!(scene.psql(0, agrees), "0", "{removal}");
        assert_eq!((scene.schemas(0).len(), aside(&scene).len()), (5, usize::from(removal == "Quarantine")));
    }
}

#[test]
fn a_schema_that_was_made_again_by_hand_is_left_alone() {
    let scene = six("Quarantine");
    scene.psql(0, "ALTER SCHEMA tenant_acme RENAME TO kept; CREATE SCHEMA tenant_acme");
    set(&scene, &everybody()[1..], "Quarantine");
    scene.fleet("apply", &[]).ended(1).says("dropped and made again");
    assert_eq!((standing(&scene), aside(&scene).len()), (7, 0));
    // What only observes, or retains, does nothing.
    scene.psql(0, "DROP SCHEMA tenant_acme; ALTER SCHEMA kept RENAME TO tenant_acme");
    scene.set(&[&Scene::names(0, &everybody()[1..])], "  removal: Drop\n  mode: Observe");
    scene.fleet("check", &[]).ended(0).says("1 tenant left the set");
    set(&scene, &everybody()[1..], "Retain");
    scene.fleet("apply", &[]).ended(0);
    assert_eq!((standing(&scene), aside(&scene).len()), (6, 0));
}
