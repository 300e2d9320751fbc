//! kubectl-tenantry: one live schema, or a whole fleet, from the command line.
fn main() {}
