//! The image, as far as that can be said without building it.

use std::fs;
use std::process::Command;

use super::{done, root};

/// Lines of a file without comments.
fn lines(file: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_image_is_built_by_the_compiler_that_the_tree_names() {
    let toolchain = lines("rust-toolchain.toml");
    let channel =
        toolchain.iter().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let from = format!("FROM rust:{channel}-slim-bookworm AS build");
    assert!(lines("Dockerfile").contains(&from), "the Dockerfile has no line {from}");
}

/// Cargo reads the manifests of all members, whatever it builds.
#[test]
fn what_the_build_is_given_is_a_whole_workspace() {
    let context = tempfile::tempdir().unwrap();
    let given = lines(".dockerignore");
    assert_eq!(given[0], "*");
    for path in given[1..].iter().map(|line| line.strip_prefix('!').unwrap()) {
        let (from, to) = (root().join(path), context.path().join(path));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        done(Command::new("cp").arg("-r").args([from, to]), "");
    }
    let manifest = context.path().join("Cargo.toml");
    let arguments =
        ["metadata", "--locked", "--offline", "--no-deps", "--format-version=1", "--manifest-path"];
    let metadata = done(Command::new(env!("CARGO")).args(arguments).arg(manifest), "");
    assert!(metadata.contains("\"tenantry-operator\""), "{metadata}");
}
