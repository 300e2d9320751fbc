//! That the documents and the monitoring samples speak of what there is. Judged by the text of the source, so that nothing
//! has to run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{objects, root};

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// All words of a text that begin so, as far as `part` goes.
fn words(text: &str, start: &str, part: impl Fn(char) -> bool) -> BTreeSet<String> {
    let found = text.match_indices(start).filter(|(at, _)| {
        // Not in the middle of another word.
        !text[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    });
    let end = |rest: &str| rest.find(|letter| !part(letter)).unwrap_or(rest.len());
    found.map(|(at, _)| text[at..at + end(&text[at..])].to_owned()).collect()
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter == '_'
}

/// The metrics as Prometheus sees them, without a histogram's endings.
fn metrics() -> BTreeSet<String> {
    let source = text("crates/operator/src/metrics.rs");
    let mut names = BTreeSet::new();
    for call in ["registry.register(", "gauge("] {
        for (at, _) in source.match_indices(call) {
            let rest = source[at + call.len()..].trim_start();
            let Some(quoted) = rest.strip_prefix('"') else { continue };
            names.insert(format!("tenantry_{}", quoted.split('"').next().unwrap()));
        }
    }
    // What is only counted up has this ending.
    let counters = ["lock_retries", "failures", "jobs"].map(|name| format!("tenantry_{name}"));
    for counter in counters {
        assert!(names.remove(&counter), "{counter} is no metric any more");
        names.insert(format!("{counter}_total"));
    }
    names
}

fn without_endings(name: &str) -> String {
    let endings = ["_bucket", "_sum", "_count"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name).to_owned()
}

#[test]
fn alerts_dashboard_and_documents_name_the_metrics_that_there_are() {
    let there = metrics();
    assert!(there.len() >= 9, "{there:?}");
    let rules = objects(&text("deploy/monitoring/rules.yaml"));
    let rules = rules[0]["spec"]["groups"][0]["rules"].as_array().unwrap();
    let mut named: Vec<String> = rules.iter().map(|rule| rule["expr"].as_str().unwrap().to_owned()).collect();
    let dashboard: Value = serde_json::from_str(&text("deploy/monitoring/dashboard.json")).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            named.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        named.extend(variable["query"]["query"].as_str().map(str::to_owned));
    }
    let mut used = BTreeSet::new();
    for expression in named {
        let names: BTreeSet<String> =
            words(&expression, "tenantry_", is_name).iter().map(|name| without_endings(name)).collect();
        assert!(!names.is_empty(), "{expression}");
        assert!(names.is_subset(&there), "{expression}: there are {there:?}");
        used.extend(names);
    }
    assert_eq!(used, there, "something is on no dashboard and in no alert");
    let table = text("docs/operations.md");
    let (_, table) = table.split_once("\n## Metrics\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows: String = table.lines().filter(|line| line.starts_with("| `tenantry_")).collect();
    assert_eq!(words(&rows, "tenantry_", is_name), there);
}

/// What is written into `kind`: states of tenants and rollouts, and how jobs end.
#[test]
fn alerts_ask_for_kinds_that_there_are() {
    let states = text("crates/fleet/src/state.rs") + &text("crates/fleet/src/rollout/record.rs");
    let worker = text("crates/operator/src/set/worker.rs");
    let rules = text("deploy/monitoring/rules.yaml");
    let dashboard = text("deploy/monitoring/dashboard.json").replace("\\\"", "\"");
    let metrics = text("crates/operator/src/metrics.rs");
    let mut seen = 0;
    for expression in [rules, dashboard] {
        for after in ["kind=~\"", "kind=\""].iter().flat_map(|start| expression.split(start).skip(1)) {
            for kind in after.split('"').next().unwrap().split('|') {
                let is_state = states.contains(&format!("    {kind},\n"));
                let is_told = [&worker, &metrics].iter().any(|text| text.contains(&format!("\"{kind}\"")));
                assert!(is_state || is_told, "no such kind: {kind}");
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(entry).unwrap());
        }
    }
}

/// Whatever a condition can say has its place in the operations' document, and nothing else has.
#[test]
fn operations_say_what_each_condition_and_reason_is() {
    let mut operator = String::new();
    sources(&root().join("crates/operator/src"), &mut operator);
    let known = text("crates/api/src/conditions.rs");
    let operations = text("docs/operations.md");
    for module in ["types", "reasons"] {
        let (_, list) = known.split_once(&format!("pub mod {module} {{")).unwrap();
        let (list, _) = list.split_once("\n}").unwrap();
        for line in list.lines().filter_map(|line| line.trim().strip_prefix("pub const ")) {
            let (constant, value) = line.split_once(": &str = ").unwrap();
            let value = value.trim_matches(['"', ';']);
            let path = format!("{module}::{constant}");
            let uses =
                words(&operator, &path, |letter| is_name(letter.to_ascii_lowercase()) || letter == ':');
            let is_said =
                operations.contains(&format!("`{value}`")) || operations.contains(&format!("**{value}**"));
            assert_eq!(is_said, uses.contains(&path), "{value}: said, and used by the operator");
        }
    }
}
