//! From two catalogs to one ordered plan with its hazards. Pure: no I/O, no async.

pub mod sql;
