//! The commands for a cluster, as they are typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use tenantry_api::TenantState;

use super::{EXIT_CODES, Output};

/// What can be done with the TenantSets of a cluster.
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// On a cluster: say how a TenantSet is, what it waits for, and the next command; without a name all of them.
    #[command(after_help = concat_help(STATUS))]
    Status(StatusArgs),
    /// On a cluster: list tenants with their states.
    #[command(after_help = concat_help(TENANTS))]
    Tenants(TenantsArgs),
    /// On a cluster: say which tenants somebody changed by hand, and how; those alike together.
    #[command(after_help = concat_help(DRIFT))]
    Drift(DriftArgs),
    /// On a cluster: say what the newest rollout does, with the digests that approve it.
    #[command(after_help = concat_help(PLAN))]
    Plan(SetArgs),
    /// On a cluster: say how one tenant differs.
    #[command(after_help = concat_help(DIFF))]
    Diff(DiffArgs),
    /// On a cluster: approve a plan, one group of it, or what becomes of tenants that left, by its digest.
    #[command(after_help = concat_help(APPROVE))]
    Approve(ApproveArgs),
    /// On a cluster: start no further tenant until somebody resumes.
    #[command(after_help = concat_help(PAUSE))]
    Pause(SetArgs),
    /// On a cluster: go on, after a pause, a wave that says to wait, or failures that were more than may be.
    #[command(after_help = concat_help(RESUME))]
    Resume(OrderArgs),
    /// On a cluster: try tenants once more that failed or were blocked.
    #[command(after_help = concat_help(RETRY))]
    Retry(RetryArgs),
    /// On a cluster: leave tenants out of the rollout.
    #[command(after_help = concat_help(SKIP))]
    Skip(SkipArgs),
    /// On a cluster: bring drifted tenants back, without what somebody changed by hand.
    #[command(after_help = concat_help(CORRECT))]
    Correct(CorrectArgs),
    /// On a cluster: print the pin that takes a TenantSet back to an earlier revision; --now writes it.
    #[command(after_help = concat_help(ROLLBACK))]
    Rollback(RollbackArgs),
    /// On a cluster: list rollouts and the revisions that one can go back to, newest first.
    #[command(after_help = concat_help(HISTORY))]
    History(SetArgs),
}

const STATUS: &str = "\
Examples:
  kubectl tenantry status
  kubectl tenantry status -A -o json | jq -r '.[] | select(.standing != \"Ready\") | .name'
  kubectl tenantry status customers --watch

With --watch the exit code is 0 once the set is ready, and 1 when it needs a person.

";
const TENANTS: &str = "\
Examples:
  kubectl tenantry tenants customers --failed
  kubectl tenantry tenants customers --state Drifted,Blocked --database eu-1
  kubectl tenantry tenants customers acme globex -o json

";
const DRIFT: &str = "\
Examples:
  kubectl tenantry drift customers
  kubectl tenantry drift customers initech

";
const PLAN: &str = "\
Examples:
  kubectl tenantry plan customers
  kubectl tenantry plan customers -o json | jq -r .digest

";
const DIFF: &str = "\
Examples:
  kubectl tenantry diff customers initech

";
const APPROVE: &str = "\
Examples:
  kubectl tenantry approve customers 4be1c0d29a77

";
const PAUSE: &str = "\
Examples:
  kubectl tenantry pause customers

What is under way is finished.

";
const RESUME: &str = "\
Examples:
  kubectl tenantry resume customers

";
const RETRY: &str = "\
Examples:
  kubectl tenantry retry customers initech
  kubectl tenantry retry customers --failed

";
const SKIP: &str = "\
Examples:
  kubectl tenantry skip customers initech

";
const CORRECT: &str = "\
Examples:
  kubectl tenantry correct customers globex hooli
  kubectl tenantry correct customers --group A
  kubectl tenantry correct customers --all

A group is named by its letter as kubectl tenantry drift shows it now, or by ten digits or more of its fingerprint.

";
const ROLLBACK: &str = "\
Examples:
  kubectl tenantry rollback customers
  kubectl tenantry rollback customers --to 7f3c2a91b0 --now

Without --now nothing is written: the pin is for Git, which owns the TenantSet. Without --to it leads to the revision
before the one in force.

";
const HISTORY: &str = "\
Examples:
  kubectl tenantry history customers

";

fn concat_help(examples: &str) -> String {
    format!("{examples}{EXIT_CODES}")
}

/// Which cluster, and which namespace of it: as kubectl takes them.
#[derive(Clone, Debug, Default, Args)]
pub struct ClusterArgs {
    /// The namespace; by default the context's, or `default`.
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// The context of the kubeconfig; by default its current one.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig; by default what KUBECONFIG says, or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

/// What every command for one TenantSet takes.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// The TenantSet.
    #[arg(value_name = "TENANTSET")]
    pub set: String,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Arguments of a command that writes an order.
#[derive(Debug, Args)]
pub struct OrderArgs {
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Who says so; by default the kubeconfig's user, or the login name.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The TenantSet; without it all of the namespace.
    #[arg(value_name = "TENANTSET")]
    pub set: Option<String>,
    /// The TenantSets of all namespaces.
    #[arg(short = 'A', long, conflicts_with_all = ["set", "namespace"])]
    pub all_namespaces: bool,
    /// Follow it until it is ready, or needs a person.
    #[arg(short, long, requires = "set")]
    pub watch: bool,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How the answer is written; with json a list where no TenantSet is named.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Arguments of `tenants`.
#[derive(Debug, Args)]
pub struct TenantsArgs {
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Only these tenants.
    #[arg(value_name = "TENANT")]
    pub names: Vec<String>,
    /// Only tenants in these states.
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = state)]
    pub state: Vec<TenantState>,
    /// Only tenants that failed: as --state Failed.
    #[arg(long)]
    pub failed: bool,
    /// Only tenants of this TenantDatabase.
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
}

/// Arguments of `drift`.
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Only this tenant.
    #[arg(value_name = "TENANT")]
    pub tenant: Option<String>,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Which tenant.
    #[arg(value_name = "TENANT")]
    pub tenant: String,
}

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// Which set, and who says so.
    #[command(flatten)]
    pub order: OrderArgs,
    /// The digest, in twelve of its digits or more, as `plan` and `status` print it.
    #[arg(value_name = "DIGEST")]
    pub digest: String,
}

/// Arguments of `retry`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true))]
pub struct RetryArgs {
    /// Which set, and who says so.
    #[command(flatten)]
    pub order: OrderArgs,
    /// The tenants.
    #[arg(value_name = "TENANT", group = "whom")]
    pub tenants: Vec<String>,
    /// All tenants that failed.
    #[arg(long, group = "whom")]
    pub failed: bool,
}

/// Arguments of `skip`.
#[derive(Debug, Args)]
pub struct SkipArgs {
    /// Which set, and who says so.
    #[command(flatten)]
    pub order: OrderArgs,
    /// The tenants.
    #[arg(value_name = "TENANT", required = true)]
    pub tenants: Vec<String>,
}

/// Arguments of `correct`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true))]
pub struct CorrectArgs {
    /// Which set, and who says so.
    #[command(flatten)]
    pub order: OrderArgs,
    /// The tenants.
    #[arg(value_name = "TENANT", group = "whom")]
    pub tenants: Vec<String>,
    /// The tenants that differ in one way.
    #[arg(long, value_name = "GROUP", group = "whom")]
    pub group: Option<String>,
    /// All tenants that drifted.
    #[arg(long, group = "whom")]
    pub all: bool,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// The revision, in ten of its digits or more, as `history` prints them.
    #[arg(long, value_name = "REVISION")]
    pub to: Option<String>,
    /// Write the pin into the TenantSet now. What keeps it in Git has to have it too, or sets it back.
    #[arg(long)]
    pub now: bool,
}

fn state(word: &str) -> Result<TenantState, String> {
    let same = |state: &&TenantState| state.to_string().eq_ignore_ascii_case(word.trim());
    TenantState::ALL.iter().find(same).copied().ok_or_else(|| {
        let all: Vec<String> = TenantState::ALL.iter().map(ToString::to_string).collect();
        format!("the states are {}", all.join(", "))
    })
}
