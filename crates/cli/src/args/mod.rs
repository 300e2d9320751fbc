//! The command line: what can be typed, and its help.

mod cluster;
mod fleet;
mod schema;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use cluster::{
    ApproveArgs, ClusterArgs, ClusterCommand, CorrectArgs, DiffArgs, DriftArgs, OrderArgs, RetryArgs,
    RollbackArgs, SetArgs, SkipArgs, StatusArgs, TenantsArgs,
};
pub use fleet::{FleetArgs, FleetCommand, RunArgs};
pub use schema::{
    ApplyArgs, Connection, InspectArgs, InspectOutput, PlanArgs, PlanOutput, PolicyArgs, SchemaCommand,
};

/// Keeps a fleet of tenant schemas equal to one declared schema.
#[derive(Debug, Parser)]
#[command(name = "kubectl-tenantry", version, max_term_width = 120, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Say more: -v what is being done, -vv every statement. Goes to standard error.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
}

/// The exit codes, the same table for every command.
pub const EXIT_CODES: &str = "\
Exit codes:
    0  fine: done, or nothing to do, or nothing found
    1  done, and somebody should look:
         schema diff           the schema differs
         fleet check, status   tenants that are not in sync (but those that drifted under drift.mode: Ignore), a tenant
                               query that went wrong, or a rollout that waits for an approval or is paused
         fleet drift           tenants that drifted
         fleet plan            tenants that get no plan: blocked, or their database does not answer
         fleet apply, rollback tenants that failed, are blocked or unreachable; or it waits for an approval, or is paused
         doctor                something will not work
         status                on a cluster: a set that is not ready
         drift, diff, plan     on a cluster, as fleet drift, schema diff and fleet plan
    2  not done: wrong input, no plan can be made, a database that cannot be reached
  130  interrupted by Ctrl-C or SIGTERM; the next start goes on";

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// One live schema: inspect, plan, apply, diff.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// A whole fleet, as manifests declare it, without a cluster: check, plan, apply, status, drift, rollback, history.
    #[command(subcommand)]
    Fleet(FleetCommand),
    #[command(flatten)]
    Cluster(ClusterCommand),
    /// Say what the login may and may not do, and what could surprise, each with what to do.
    #[command(after_help = concat!("\
Examples:
  kubectl-tenantry doctor --database postgres://tenantry@db/app
  kubectl-tenantry doctor -f manifests/
  kubectl tenantry doctor                what the operator found, of all databases and definitions of the namespace
  kubectl tenantry doctor eu-1 -n prod

", "Exit codes as kubectl-tenantry --help says."))]
    Doctor(DoctorArgs),
    /// Write the completion script of a shell: source <(kubectl-tenantry completion bash).
    Completion {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// A TenantDatabase on a cluster; without it, --database and -f all of the namespace, and its SchemaDefinitions.
    #[arg(value_name = "TENANTDATABASE", conflicts_with = "where")]
    pub name: Option<String>,
    /// One database: postgres://user@host:port/dbname?sslmode=verify-full; a password may stand in PGPASSWORD.
    #[arg(long, value_name = "URL", group = "where", hide_env_values = true, conflicts_with = "ClusterArgs")]
    pub database: Option<String>,
    /// All TenantDatabases of some manifests.
    #[arg(
        short = 'f',
        long = "filename",
        value_name = "PLACE",
        group = "where",
        conflicts_with = "ClusterArgs"
    )]
    pub files: Vec<String>,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

impl DoctorArgs {
    /// Whether nothing but a cluster was named.
    pub fn is_for_a_cluster(&self) -> bool {
        self.database.is_none() && self.files.is_empty()
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}
