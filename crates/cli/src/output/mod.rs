//! What a person sees. Pure: from reports to text.

pub mod apply;
mod commands;
mod departures;
pub mod diff;
pub mod doctor;
pub mod drift;
pub mod fleet_plan;
#[cfg(test)]
mod golden;
pub mod history;
pub mod paint;
pub mod plan;
mod rollout;
#[cfg(test)]
mod sample;
pub mod status;
pub mod table;
pub mod text;

pub use commands::{Commands, Next};
