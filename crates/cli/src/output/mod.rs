//! What a person sees.

pub mod diff;
pub mod plan;
mod text;
