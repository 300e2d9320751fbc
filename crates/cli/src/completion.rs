//! What a shell offers after the Tab key: scripts for `kubectl-tenantry`, and answers to kubectl for `kubectl tenantry`.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;

/// The name under which kubectl asks; a link of that name to this program is all it takes.
const ASKED_AS: &str = "kubectl_complete-tenantry";
/// What kubectl is told to do with the answers: no file names beside them (cobra's ShellCompDirectiveNoFileComp).
const NO_FILES: &str = ":4\n";

/// Writes the script of a shell for the program's own name.
pub fn script(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "kubectl-tenantry", &mut std::io::stdout());
}

/// The words after `kubectl tenantry`, the unfinished one last, where it is kubectl that asks.
pub fn asked_by_kubectl(mut arguments: impl Iterator<Item = OsString>) -> Option<Vec<OsString>> {
    let program = arguments.next()?;
    (Path::new(&program).file_stem()? == ASKED_AS).then(|| arguments.collect())
}

/// What can stand in place of the last word, as kubectl reads it: a line each, with its help behind a tab.
pub fn candidates(words: Vec<OsString>) -> String {
    let mut all = vec![OsString::from("kubectl-tenantry")];
    all.extend(words);
    if all.len() == 1 {
        all.push(OsString::new());
    }
    let last = all.len() - 1;
    let wants_option = all[last].to_string_lossy().starts_with('-');
    let found = clap_complete::engine::complete(&mut Cli::command(), all, last, None).unwrap_or_default();
    let mut text = String::new();
    for candidate in found.iter().filter(|candidate| !candidate.is_hide_set()) {
        let value = candidate.get_value().to_string_lossy();
        if value.starts_with('-') && !wants_option {
            continue;
        }
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.lines().next().unwrap_or_default();
        text.push_str(&if help.is_empty() { format!("{value}\n") } else { format!("{value}\t{help}\n") });
    }
    text + NO_FILES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(words: &str) -> Vec<String> {
        let words = words.split(' ').map(OsString::from).collect();
        candidates(words).lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_kubectl_is_told() {
        assert_eq!(offered("re"), ["resume", "retry", ":4"]);
        assert_eq!(offered("rollback customers --n"), ["--namespace", "--now", ":4"]);
        assert_eq!(offered("status -o j"), ["json", ":4"]);
        assert_eq!(offered("status "), [":4"]);
    }

    #[test]
    fn who_asks() {
        let asked = |words: &[&str]| asked_by_kubectl(words.iter().map(OsString::from));
        assert_eq!(asked(&["/usr/local/bin/kubectl-tenantry", "status"]), None);
        assert_eq!(asked(&["/usr/local/bin/kubectl_complete-tenantry", "st"]), Some(vec!["st".into()]));
    }
}
