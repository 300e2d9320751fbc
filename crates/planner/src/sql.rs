//! SQL as text: quoting, lexing, and statements with a place for the tenant's schema.
//!
//! This is the one module of the project that quotes a name or a string. Whatever makes SQL out of parts uses
//! [`Identifier`], [`Literal`] and [`DollarQuoted`]; whatever makes a statement that runs in more than one schema
//! uses [`SqlTemplate`].

mod keywords;
pub mod lexer;
mod places;
mod quote;
mod template;

pub use places::OwnSchema;
pub use quote::{DollarQuoted, Identifier, IdentifierError, Literal, Quoted};
pub use template::{Abstracted, PLACEHOLDER, SqlTemplate, abstract_body, abstract_strings};
