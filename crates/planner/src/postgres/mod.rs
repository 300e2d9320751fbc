//! The PostgreSQL dialect: its kinds, a file a kind.

mod schema;

use tenantry_catalog::Kind;

use crate::rules::{Dialect, Rules};

/// PostgreSQL 13 to 18.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

impl Dialect for Postgres {
    fn rules(&self, kind: Kind) -> Option<&dyn Rules> {
        Some(match kind {
            Kind::Schema => &schema::Schema,
            _ => return None,
        })
    }
}
