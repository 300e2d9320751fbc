//! The same, by a real API server: `make test-api-server`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tenantry_testkit::kube::ControlPlane;

use super::cases::{CASES, UPDATES};
use super::{changed, merge, without_nulls};

/// One for all tests, with the custom resources in it.
fn control_plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::with_custom_resources().unwrap())
}

/// What kubectl says of each of these objects, by its name.
fn asked(verb: &[&str], objects: &[Value]) -> BTreeMap<String, String> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let mut command = control_plane().kubectl();
    command.args(verb).args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut kubectl = command.spawn().unwrap();
    kubectl.stdin.take().unwrap().write_all(list.to_string().as_bytes()).unwrap();
    let output = kubectl.wait_with_output().unwrap();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    let mut of = None;
    // What an object is refused for can take several lines.
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        if let Some(name) = line.split_once("\" is invalid").and_then(|(head, _)| head.rsplit_once('"')) {
            of = Some(name.1.to_owned());
        } else if line.starts_with("Error") {
            panic!("{line}");
        }
        if let Some(of) = &of {
            let text = said.entry(of.clone()).or_default();
            text.push_str(line);
            text.push('\n');
        }
    }
    said
}

/// The object by a name that no other one has, unless its name is what it is about.
fn named(mut object: Value, at: usize) -> Value {
    if object["metadata"]["name"] == "it" {
        merge(&mut object, json!({"metadata": {"name": format!("case-{at}")}}));
    }
    object
}

/// A case that another one of the database is named by the name that the sound object has.
fn is_about_its_name(change: &str) -> bool {
    change.contains("name: it}")
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn it_refuses_the_same_with_the_same_words() {
    let objects = CASES.iter().enumerate().map(|(at, case)| {
        let object = without_nulls(&changed(case.kind, case.change));
        if is_about_its_name(case.change) { object } else { named(object, at) }
    });
    let objects: Vec<Value> = objects.collect();
    let said = asked(&["create", "--dry-run=server"], &objects);
    for (case, object) in CASES.iter().zip(&objects) {
        let (kind, change) = (case.kind, case.change);
        let name = object["metadata"]["name"].as_str().unwrap();
        match said.get(name) {
            None => assert!(case.refused.is_empty(), "{kind} {change} is taken"),
            Some(said) => {
                assert!(!case.refused.is_empty(), "{kind} {change} is refused: {said}");
                for (_, check) in case.refused {
                    assert!(
                        said.contains(check.message),
                        "{kind} {change}: {:?} is not in\n{said}",
                        check.message
                    );
                }
            }
        }
    }
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn what_must_not_change_cannot_be_changed() {
    // That an engine never changes cannot be tried before there are two.
    let cases = || UPDATES.iter().enumerate().filter(|(_, (_, _, after, _))| !after.contains("Redshift"));
    let at = |change: fn(&(&str, &str, &str, _)) -> Value| {
        cases().map(|(at, case)| without_nulls(&named(change(case), 1000 + at))).collect::<Vec<_>>()
    };
    let made = asked(&["create"], &at(|(kind, before, _, _)| changed(kind, before)));
    assert!(made.is_empty(), "{made:?}");
    let said = asked(&["replace", "--dry-run=server"], &at(|(kind, _, after, _)| changed(kind, after)));
    for (at, (kind, before, after, refused)) in cases() {
        let name = format!("case-{}", 1000 + at);
        match (said.get(&name), refused) {
            (Some(said), Some(check)) => {
                assert!(said.contains(check.message), "{kind} {before} -> {after}: {said}");
            }
            (None, None) => {}
            (said, _) => panic!("{kind} {before} -> {after}: {said:?}"),
        }
    }
}

#[test]
#[ignore = "needs etcd and kube-apiserver: make test-api-server"]
fn the_samples_are_taken() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/samples");
    let mut command = control_plane().kubectl();
    let made = command.args(["create", "--dry-run=server", "-f"]).arg(samples).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
