//! `fleet ...` as it is typed.

use clap::{Args, Subcommand};
use tenantry_engine::TenantName;

use super::{EXIT_CODES, Output};

/// What can be done with a fleet.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Read every tenant that changed, and say which ones differ and how. Changes no tenant.
    #[command(after_help = concat_help(CHECK))]
    Check(FleetArgs),
    /// Say what `fleet apply` would do, proved, with the digest that approves it. Changes no tenant.
    #[command(after_help = concat_help(PLAN))]
    Plan(FleetArgs),
    /// Bring the tenants to the definition, in waves; goes on where an earlier run stopped.
    #[command(after_help = concat_help(APPLY))]
    Apply(ApplyArgs),
    /// Say what the ledgers know: cheap, no tenant is read.
    #[command(after_help = concat_help(STATUS))]
    Status(FleetArgs),
    /// Say which tenants somebody changed by hand, and how; those alike together.
    #[command(after_help = concat_help(DRIFT))]
    Drift(DriftArgs),
    /// Bring the tenants back to the revision before, or to another one.
    #[command(after_help = concat_help(ROLLBACK))]
    Rollback(RollbackArgs),
    /// Say what happened: rollouts, what was applied to tenants, and the revisions that one can go back to.
    #[command(after_help = concat_help(HISTORY))]
    History(HistoryArgs),
}

const CHECK: &str = "\
Examples:
  kubectl-tenantry fleet check -f manifests/
  kubectl kustomize overlays/prod | kubectl-tenantry fleet check -f - -o json | jq .counts

";
const PLAN: &str = "\
Examples:
  kubectl-tenantry fleet plan -f manifests/
  kubectl-tenantry fleet plan -f manifests/ -o json | jq -r .planned.digest

";
const APPLY: &str = "\
Examples:
  kubectl-tenantry fleet apply -f manifests/
  kubectl-tenantry fleet apply -f manifests/ --approve 4be1c0d29a77
  kubectl-tenantry fleet apply -f manifests/ --retry initech --resume

";
const STATUS: &str = "\
Examples:
  kubectl-tenantry fleet status -f manifests/
  kubectl-tenantry fleet status -f manifests/ -o json | jq -r '.tenants[] | select(.state != \"InSync\") | .name'

";
const DRIFT: &str = "\
Examples:
  kubectl-tenantry fleet drift -f manifests/
  kubectl-tenantry fleet drift -f manifests/ --tenant initech

";
const ROLLBACK: &str = "\
Examples:
  kubectl-tenantry fleet rollback -f manifests/
  kubectl-tenantry fleet rollback -f manifests/ --to 7f3c2a91b0

";
const HISTORY: &str = "\
Examples:
  kubectl-tenantry fleet history -f manifests/
  kubectl-tenantry fleet history -f manifests/ --tenant initech --limit 5

";

fn concat_help(examples: &str) -> String {
    format!("{examples}{EXIT_CODES}")
}

/// What every fleet command takes.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// Manifests: a file, a folder, a folder with a kustomization, or - for standard input. May be given more than once.
    #[arg(short = 'f', long = "filename", value_name = "PLACE", required = true)]
    pub files: Vec<String>,
    /// Which TenantSet; without it all of them, one after the other.
    #[arg(long, value_name = "NAME")]
    pub set: Option<String>,
    /// How the answer is written; with json an object for each TenantSet.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// What every command takes that runs a rollout.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Approve what has this digest, in twelve of its digits or more: of the whole plan, or of a group.
    #[arg(long, value_name = "DIGEST")]
    pub approve: Vec<String>,
    /// Go on, whatever failed so far, and after a wave that says to wait.
    #[arg(long)]
    pub resume: bool,
    /// Try a tenant once more that failed or was blocked.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub retry: Vec<TenantName>,
    /// Leave a tenant out of this rollout.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub skip: Vec<TenantName>,
    /// Take over schemas that belong to somebody else, or that are not what the ledger knows.
    #[arg(long)]
    pub take_over: bool,
    /// Who says all this; by default the login name.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// Arguments of `fleet apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// Which fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// How it runs.
    #[command(flatten)]
    pub run: RunArgs,
    /// Bring drifted tenants back to the definition: these, or all where none is named.
    #[arg(long, value_name = "TENANT", num_args = 0.., value_parser = tenant)]
    pub correct: Option<Vec<TenantName>>,
    /// Tenants that no source names any more have left, however many they are.
    #[arg(long)]
    pub let_go: bool,
    /// Roll a revision out again that was rolled back.
    #[arg(long)]
    pub again: bool,
}

/// Arguments of `fleet drift`.
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// Which fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Only this tenant.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: Option<TenantName>,
}

/// Arguments of `fleet rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// Which fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// The revision, in ten of its digits or more, as `fleet history` prints them; by default the one before.
    #[arg(long, value_name = "REVISION")]
    pub to: Option<String>,
    /// How it runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Arguments of `fleet history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Which fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Only what happened to this tenant.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: Option<TenantName>,
    /// So many at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

fn tenant(name: &str) -> Result<TenantName, String> {
    TenantName::new(name).map_err(|error| error.to_string())
}
