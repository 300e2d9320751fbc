//! What installs the operator, and what reads its objects' health, on a real API server: `make test-deploy`. Judged by
//! kubectl, by Helm, by the library that Flux uses and by the Lua that Argo CD runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own functions may fail as the test does")]

mod access;
mod documents;
mod health;
mod image;
mod manifests;

use std::env;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tenantry_testkit::kube::ControlPlane;

/// One for all tests but one, with the custom resources in it. Each test has namespaces of its own.
fn shared() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::with_custom_resources().unwrap())
}

/// The root of the repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program that `tools/fetch` built.
fn tool(name: &str) -> Command {
    let build = env::var_os("TENANTRY_BUILD_DIR").filter(|folder| !folder.is_empty());
    let build = build.map_or_else(|| root().join("build"), PathBuf::from);
    let path = build.join("tools").join(name).join(name);
    assert!(path.is_file(), "{} is not there: tools/fetch {name}", path.display());
    Command::new(path)
}

/// What a program said.
struct Said {
    success: bool,
    output: String,
    errors: String,
}

/// Runs a program to its end, with this on its standard input.
fn say(command: &mut Command, input: &str) -> Said {
    command.current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Beside the reading, as neither side may wait for the other.
    let output = std::thread::scope(|scope| {
        // A program that ends early has not read it all.
        scope.spawn(move || drop(stdin.write_all(input.as_bytes())));
        child.wait_with_output().unwrap()
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { success: output.status.success(), output: text(output.stdout), errors: text(output.stderr) }
}

/// The same, of a program that must succeed: what it printed.
fn done(command: &mut Command, input: &str) -> String {
    let said = say(command, input);
    assert!(said.success, "{command:?}: {}", said.errors);
    said.output
}

fn kubectl(plane: &ControlPlane, arguments: &[&str]) -> String {
    done(plane.kubectl().args(arguments), "")
}

/// The objects of a stream of YAML documents.
fn objects(yaml: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap();
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// The one object of a kind and name.
fn find<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects.iter().find(is).unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

/// What `kubectl kustomize FOLDER` prints.
fn kustomize(folder: &str) -> String {
    kubectl(shared(), &["kustomize", folder])
}

/// What `helm template` prints with these settings.
fn template(namespace: &str, settings: &[&str]) -> String {
    let arguments = ["template", "tenantry-operator", "charts/tenantry", "--namespace", namespace];
    done(tool("helm").args(arguments).args(settings), "")
}
