//! Writes the generated files of this repository: `cargo xtask crds` (and `--check`, which only compares).

mod crds;
mod reference;

use std::{env, path::Path, process::ExitCode};

const USAGE: &str = "usage: cargo xtask crds [--check]

  crds           write crds/, the chart's templates of them and docs/reference/ from the types in crates/api
  crds --check   fail if they are not what would be written";

#[expect(clippy::print_stderr, reason = "a command line program talks on standard error")]
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["crds"] => crds::write(&root),
        ["crds", "--check"] => crds::check(&root),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
