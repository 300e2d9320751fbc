//! Every definition of the corpus of real changes is read. Its texts load on a server, rows and blocks taken out: what is
//! refused has to be refused for a reason that stands here.

#![allow(clippy::expect_used, reason = "clippy does not take the functions beside the tests for tests")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tenantry_engine::Source;
use tenantry_postgres::definition::{Definition, NoteKind, ReadOptions, Reason};

/// The corpus beside the repository, or where `TENANTRY_CORPUS` says. Not part of the project.
fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("TENANTRY_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/dev.jsonl"),
        PathBuf::from,
    );
    path.exists().then_some(path)
}

/// The distinct texts of a file of pairs, with the name of one case each.
fn texts(path: &Path) -> BTreeMap<String, String> {
    let bytes = std::fs::read(path).expect("a readable corpus");
    let mut lines = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut lines).expect("gzipped text");
    } else {
        lines = String::from_utf8(bytes).expect("text");
    }
    let mut texts = BTreeMap::new();
    for line in lines.lines() {
        let pair: serde_json::Value = serde_json::from_str(line).expect("a JSON object a line");
        let name =
            format!("{} {}", pair["source"].as_str().unwrap_or(""), pair["case"].as_str().unwrap_or(""));
        for side in ["old", "new"] {
            texts.insert(pair[side].as_str().unwrap_or("").to_owned(), format!("{name} ({side})"));
        }
    }
    texts
}

#[test]
fn definitions_of_the_corpus_are_accepted() {
    let Some(dev) = corpus() else {
        println!("skipped: no corpus; TENANTRY_CORPUS says where one is");
        return;
    };
    let histories = dev.with_file_name("histories.jsonl.gz");
    let mut read = 0;
    let mut refused = Vec::new();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for path in [dev, histories].iter().filter(|path| path.exists()) {
        for (text, name) in texts(path) {
            read += 1;
            let source = Source { name, text };
            match Definition::read(std::slice::from_ref(&source), &ReadOptions::default()) {
                Err(refusals) => refused.extend(refusals),
                Ok(definition) => {
                    for note in definition.notes() {
                        if let NoteKind::LeftOut { why, .. } = &note.kind {
                            *left_out.entry(format!("{why:?}")).or_default() += 1;
                        }
                    }
                }
            }
        }
    }
    println!("{read} definitions; left out: {left_out:?}; refused: {}", refused.len());
    let unjustified: Vec<_> = refused.iter().filter(|refusal| !is_justified(&refusal.reason)).collect();
    let shown: Vec<_> = unjustified.iter().map(ToString::to_string).collect();
    assert!(unjustified.is_empty(), "{}", shown.join("\n"));
}

/// None so far: every text of the corpus is a definition of one schema.
fn is_justified(_: &Reason) -> bool {
    false
}
