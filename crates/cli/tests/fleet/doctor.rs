//! `doctor`: what the login may and may not, of one database or of all in some manifests.

use std::process::{Command, Stdio};

use crate::scene::{LOGIN, Ran, Scene};

fn doctor(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-tenantry"));
    Ran::of(&command.arg("doctor").args(arguments).stdin(Stdio::null()).output().unwrap())
}

#[test]
fn a_login_that_may_what_it_needs_is_well() {
    let scene = Scene::with(1);
    let url = scene.cluster().url_as(LOGIN, None, &scene.databases[0]);
    doctor(&["--database", &url]).ended(0).says("SEVERITY");
    let findings = doctor(&["-f", scene.folder().to_str().unwrap(), "-o", "json"]).ended(0).json();
    assert_eq!(findings[0]["database"], "db-0");
}

#[test]
fn what_is_missing_and_what_is_too_wide_is_said() {
    let scene = Scene::with(2);
    let superuser = scene.cluster().url(&scene.databases[1]);
    doctor(&["--database", &superuser]).says("superuser");
    let nobody = format!("postgres://{LOGIN}@127.0.0.1:1/nowhere");
    scene.login(1, &nobody);
    let ran = doctor(&["-f", scene.folder().to_str().unwrap()]).ended(1);
    assert!(
        ran.out.contains("db-0") && ran.out.contains("cannot be reached"),
        "the others are looked at: {}",
        ran.out
    );
    doctor(&[]).ended(2);
}
