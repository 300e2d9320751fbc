//! `schema ...` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use tenantry_planner::{Destructive, Pattern};

/// What can be done with one live schema.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Write out what a live schema is: `-o sql` writes a definition, which is how a team starts.
    #[command(after_help = "\
Examples:
  kubectl-tenantry schema inspect --database postgres://tenantry@db/app --schema acme > schema.sql
  kubectl-tenantry schema inspect --database $URL --schema acme -o json | jq '.facts | length'")]
    Inspect(InspectArgs),
    /// Make and prove a plan that brings a live schema to a definition. Nothing is changed.
    #[command(after_help = "\
Nothing on standard output means: nothing to do. The SQL runs in psql as it is:
  kubectl-tenantry schema plan --database $URL --schema acme --definition schema.sql | psql $URL")]
    Plan(PlanArgs),
    /// Make and prove a plan, and run it: with a row in the database's ledger, in one transaction with it.
    #[command(after_help = "\
Asks nothing: what runs stands on standard error, one sentence on standard output. What `schema plan` refuses is refused.
  kubectl-tenantry schema apply --database $URL --schema acme --definition schema.sql")]
    Apply(ApplyArgs),
    /// Show how a live schema differs from a definition.
    Diff(PlanArgs),
}

/// How to reach one database.
#[derive(Debug, Args)]
pub struct Connection {
    /// postgres://user@host:port/dbname?sslmode=verify-full; a password may stand in PGPASSWORD.
    #[arg(long, value_name = "URL", env = "TENANTRY_DATABASE", hide_env_values = true)]
    pub database: String,
    /// The role that owns what is made; the login role must be able to SET ROLE to it.
    #[arg(long, value_name = "ROLE")]
    pub owner_role: Option<String>,
    /// A database for shadows, same server version and extensions; by default one is made beside the live one
    /// where it is needed and the role may.
    #[arg(long, value_name = "URL", hide_env_values = true, env = "TENANTRY_SHADOW")]
    pub shadow: Option<String>,
    /// Try foreign keys to shared tables in place, if there is no shadow database: locks the shared table for a moment.
    #[arg(long)]
    pub shadow_in_place: bool,
}

/// Arguments of `schema inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// Which schema.
    #[arg(long, value_name = "NAME")]
    pub schema: String,
    /// sql: a definition; json: the catalog as facts.
    #[arg(short, long, value_enum, default_value_t = InspectOutput::Sql)]
    pub output: InspectOutput,
    /// What counts.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

/// Arguments of `schema plan`, and of what rests on it.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// Which schema.
    #[arg(long, value_name = "NAME")]
    pub schema: String,
    /// The definition: SQL files, directories of *.sql read in the order of their names, or - for standard input.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub definition: Vec<PathBuf>,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Sql)]
    pub output: PlanOutput,
    /// What may become of objects that hold data and are no longer declared.
    #[arg(long, value_enum, default_value_t = DestructiveArg::Quarantine)]
    pub destructive: DestructiveArg,
    /// Take a definition without any object for what it says: everything goes.
    #[arg(long)]
    pub allow_empty: bool,
    /// What counts.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

/// Arguments of `schema apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// What `schema plan` takes.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Take over a schema that belongs to a TenantSet, or that is not what the ledger knows.
    #[arg(long)]
    pub take_over: bool,
}

/// What counts when schemas are compared.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// Leave objects alone: `index audit_*`, `table legacy`. May be given more than once.
    #[arg(long, value_name = "PATTERN")]
    pub ignore: Vec<Pattern>,
    /// Bring owners to the definition's too.
    #[arg(long)]
    pub owners: bool,
    /// Leave privileges alone.
    #[arg(long)]
    pub no_privileges: bool,
}

/// How `schema inspect` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectOutput {
    /// A definition.
    Sql,
    /// The catalog as facts.
    Json,
}

/// How `schema plan` and its like write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanOutput {
    /// Statements that psql runs as they are.
    Sql,
    /// Everything that is known of each step.
    Json,
    /// For people: statements with locks and hazards.
    Text,
}

/// `--destructive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DestructiveArg {
    /// Rename aside; can be brought back.
    Quarantine,
    /// Drop.
    Allow,
    /// Refuse the plan.
    Deny,
}

impl From<DestructiveArg> for Destructive {
    fn from(argument: DestructiveArg) -> Self {
        match argument {
            DestructiveArg::Quarantine => Destructive::Quarantine,
            DestructiveArg::Allow => Destructive::Allow,
            DestructiveArg::Deny => Destructive::Deny,
        }
    }
}
