//! Several operators: one works, and another goes on where it ended.

use std::time::{Duration, Instant};

use crate::sets::{SET, WITH_DATE, definition, in_sync, with_column};

/// Each ALTER TABLE takes a while: a rollout has a middle.
const SLOW: &str = "CREATE FUNCTION public.slow() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.1); END $$;
    CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION public.slow()";
const ONE_BY_ONE: &str = "  rollout: {waves: [{name: all}], maxConcurrent: 1}\n";

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn asked_to_end_it_hands_over_at_once() {
    let mut scene = in_sync("handover", 40, ONE_BY_ONE);
    scene.kill_operator();
    // The Lease of the one that was killed is not over yet: the first of these waits for it.
    let mut first = scene.replica("first");
    scene.wait_for("the first to lead", || first.leads());
    let second = scene.replica("second");
    scene.wait_for("the second to be ready", || second.get("/readyz").starts_with("HTTP/1.1 200"));
    assert!(!second.leads());
    assert!(second.get("/healthz").starts_with("HTTP/1.1 200"));
    scene.psql(SLOW);
    scene.apply(&definition(WITH_DATE));
    scene.wait_for("the middle", || with_column(&scene, "paid_at").parse::<u32>().unwrap() > 3);
    let asked = Instant::now();
    first.terminate();
    scene.wait_for("the second to lead", || second.leads());
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(first.process.wait().unwrap().success());
    let reached: u32 = with_column(&scene, "paid_at").parse().unwrap();
    assert!(reached < 40, "{reached}");
    scene.wait_for("the end", || with_column(&scene, "paid_at") == "40");
    scene.comes_to(SET, "Ready", "True InSync");
    let metrics = second.get("/metrics");
    let line = "tenantry_tenants{namespace=\"handover\",tenantset=\"customers\",kind=\"InSync\"} 40";
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.contains("tenantry_apply_seconds_count"), "{metrics}");
    println!("handed over in {took:?}");
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn one_that_hangs_changes_nothing_once_another_leads() {
    let mut scene = in_sync("hangs", 40, ONE_BY_ONE);
    scene.kill_operator();
    let first = scene.replica("first");
    scene.wait_for("the first to lead", || first.leads());
    let second = scene.replica("second");
    scene.psql(SLOW);
    scene.apply(&definition(WITH_DATE));
    scene.wait_for("the middle", || with_column(&scene, "paid_at").parse::<u32>().unwrap() > 3);
    let signal = |name: &str| {
        let pid = first.process.id().to_string();
        std::process::Command::new("kill").args([name, &pid]).status().unwrap();
    };
    signal("-STOP");
    scene.wait_for("the second to lead", || second.leads());
    scene.wait_for("the end", || with_column(&scene, "paid_at") == "40");
    signal("-CONT");
    scene.wait_for("the first to notice", || !first.leads());
    scene.comes_to(SET, "Ready", "True InSync");
    assert_eq!(scene.psql("SELECT max(term) > 1 FROM tenantry.leader"), "t");
    let twice = "SELECT count(*) FROM (SELECT 1 FROM tenantry.event WHERE outcome = 'applied'
        GROUP BY tenant, revision HAVING count(*) > 1) AS twice";
    assert_eq!(scene.psql(twice), "0");
}
