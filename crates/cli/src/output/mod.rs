//! What a person sees.

pub mod plan;
pub mod text;
