//! SQL as text: the one place of the project that quotes a name or a string.
//!
//! Whatever makes SQL out of parts uses [`Identifier`], [`Literal`] and [`DollarQuoted`].

mod keywords;
mod quote;

pub use quote::{DollarQuoted, Identifier, IdentifierError, Literal};
