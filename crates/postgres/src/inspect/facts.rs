//! The facts of schemas, each kept and understood once: equal tenants have equal rows, but for oids.

use std::collections::HashMap;
use std::error::Error;

use tenantry_catalog::{Fact, ObjectId};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::InspectError;
use super::row::{self, Address, Place, decode};

/// Which fact, among all that were read.
pub(super) type Number = u32;

/// What one row says, wherever it says it.
pub(super) struct Said {
    /// What was being read, for messages.
    pub(super) what: &'static str,
    /// The fact.
    pub(super) fact: Fact,
    /// What it rests on beside what `pg_depend` knows.
    pub(super) references: Vec<ObjectId>,
}

/// Where a row says it.
pub(super) struct Standing {
    /// The schema's oid.
    pub(super) schema: u32,
    /// Where `pg_depend` finds it; `None` for what it does not know (a comment).
    pub(super) address: Option<Address>,
    /// What it says.
    pub(super) fact: Number,
}

/// What was read, by its number.
#[derive(Default)]
pub(super) struct Facts {
    /// The columns that are no oids, as the server sent them.
    numbers: HashMap<Box<[u8]>, Number>,
    said: Vec<Said>,
    key: Vec<u8>,
}

impl Facts {
    /// Takes a row: where it stands, and what it says, which is understood once however many rows say it.
    pub(super) fn take(&mut self, what: &'static str, row: &Row) -> Result<Standing, InspectError> {
        let broken = InspectError::query(what);
        // Which columns there are is known by the statement.
        self.key.clear();
        self.key.extend(what.as_bytes());
        for column in row::SAYS..row.len() {
            let sent: Option<Sent<'_>> = row.try_get(column).map_err(&broken)?;
            // No text is as long as the length of one that is not there.
            let length = sent.as_ref().map_or(u64::MAX, |Sent(bytes)| bytes.len() as u64);
            self.key.extend(length.to_be_bytes());
            self.key.extend(sent.map_or(&[][..], |Sent(bytes)| bytes));
        }
        let fact = match self.numbers.get(self.key.as_slice()) {
            Some(number) => *number,
            None => {
                let number = Number::try_from(self.said.len()).unwrap_or(Number::MAX);
                self.said.push(decode(what, row)?);
                self.numbers.insert(self.key.as_slice().into(), number);
                number
            }
        };
        let class: Option<u32> = row.try_get(row::CLASS).map_err(&broken)?;
        let object: Option<u32> = row.try_get(row::OBJECT).map_err(&broken)?;
        let sub: Option<i32> = row.try_get(row::SUB).map_err(&broken)?;
        let address = class
            .zip(object)
            .map(|(class, object)| Address { place: Place { class, object }, sub: sub.unwrap_or(0) });
        Ok(Standing { schema: row.try_get(row::SCHEMA).map_err(&broken)?, address, fact })
    }

    /// What a number stands for.
    pub(super) fn said(&self, number: Number) -> &Said {
        &self.said[number as usize]
    }
}

/// A column as the server sent it.
struct Sent<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Sent<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
