//! One change of a set to a revision, as a pure state machine: what happened
//! is told to it ([`Machine::observe`]), what is to be done it says
//! ([`Machine::decide`]), and somebody else does it. No clock, no chance and
//! no I/O inside.
//!
//! What has to survive a kill is [`Rollout`], which the ledger of the set's
//! home keeps. Which tenants are done is not in it: the tenants' own ledger
//! rows and catalogs say so, and the machine is put together from them anew
//! at each start.

mod approval;
mod databases;
mod decide;
mod group;
mod invariants;
mod machine;
mod member;
mod observe;
mod place;
mod record;
mod trouble;
mod wave;

pub use approval::{Approved, DigestError, Offer, OfferedGroup, PLAN_DIGITS, resolve_digest};
pub use decide::{Action, Outcome, Waiting};
pub(crate) use group::aside;
pub use group::{Group, GroupKey, Route, Verdict, Way};
pub use invariants::{Violation, check};
pub use machine::{Limits, Machine, Order, WaveProgress};
pub use member::{Member, Phase, Place};
pub use observe::Observation;
pub use place::{Aim, Subject, place};
pub use record::{Failure, Kind, Paused, Rollout, RolloutState, Stage, StateError};
pub use trouble::Trouble;
pub use wave::{Chosen, Wave, lay_out};
