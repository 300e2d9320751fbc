//! Why a cluster did not do what was asked.

use std::error::Error as _;

use kube::config::KubeconfigError;

/// Why a cluster did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No kubeconfig, or one that cannot be used.
    #[error(
        "the kubeconfig cannot be used: {why}; name another with --kubeconfig or KUBECONFIG, or another --context",
        why = unusable(_0)
    )]
    Kubeconfig(#[from] KubeconfigError),
    /// A client cannot be made of the kubeconfig.
    #[error("the API server {server} cannot be talked to: {why}")]
    Client {
        /// Where.
        server: String,
        /// Why.
        why: String,
    },
    /// No answer.
    #[error(
        "the API server {server} does not answer: {why}; nothing was changed. See that the cluster runs, and that it is the \
         right one: kubectl config get-contexts"
    )]
    Unreachable {
        /// Where.
        server: String,
        /// Why.
        why: String,
    },
    /// A login that is not taken.
    #[error(
        "the API server {server} does not take the login: {why}; log in again, or take another --context"
    )]
    Login {
        /// Where.
        server: String,
        /// What it said.
        why: String,
    },
    /// Rights are missing.
    #[error(
        "not allowed: {said}. Whoever runs the cluster can grant {verb} on {plural}.tenantry.dev in namespace {namespace}"
    )]
    Forbidden {
        /// What the API server said.
        said: String,
        /// What was tried.
        verb: &'static str,
        /// On which resource.
        plural: String,
        /// Where.
        namespace: String,
    },
    /// The custom resources are not installed.
    #[error(
        "the cluster {server} does not know {plural}.tenantry.dev: kubectl apply --server-side -f crds/ makes them known"
    )]
    NotInstalled {
        /// Where.
        server: String,
        /// Which.
        plural: String,
    },
    /// An object that is not there.
    #[error("there is no {kind} {name} in namespace {namespace}; {found}")]
    Absent {
        /// Of which kind.
        kind: String,
        /// Which.
        name: String,
        /// Where.
        namespace: String,
        /// Those that are there.
        found: String,
    },
    /// The API server said no.
    #[error("the API server refused to {verb} {object}: {said}; nothing was changed")]
    Refused {
        /// What was tried.
        verb: &'static str,
        /// On what.
        object: String,
        /// What it said.
        said: String,
    },
    /// An object that this program does not understand.
    #[error("{plural}.tenantry.dev cannot be read: {why}; are crds/ and this program of one version?")]
    Unreadable {
        /// Which.
        plural: String,
        /// Why.
        why: String,
    },
    /// Somebody else writes the object all the time.
    #[error("{object} was changed by others each of {tries} times; nothing was changed: try again")]
    Conflict {
        /// Which.
        object: String,
        /// How often.
        tries: u32,
    },
    /// An order that makes no sense as things are.
    #[error(transparent)]
    Order(#[from] super::order::Refused),
}

fn unusable(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, path) => format!("{}: {error}", path.display()),
        error => causes(error),
    }
}

/// All that an error and its causes say, each once.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut said = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(one) = cause {
        let text = one.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        cause = one.source();
    }
    said.join(": ")
}

/// What an error says apart from its own name.
pub fn inner(error: &kube::Error) -> String {
    error.source().map_or_else(|| error.to_string(), causes)
}
