//! One plan on one tenant: what happens, and what does not, with psql as the other hand and the oracle.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod departures;
mod guard;
mod interruption;
mod locks;
mod records;
mod scene;
mod segments;
