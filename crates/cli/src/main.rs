//! kubectl-tenantry: one live schema, or a whole fleet, from the command line.

mod args;
mod output;

use clap::Parser;

fn main() {
    let _ = args::Cli::parse();
}
