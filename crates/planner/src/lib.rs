//! From two catalogs to one ordered plan with its hazards. Pure: no I/O, no
//! async.
//!
//! [`plan()`] compares fact by fact ([`diff()`]), asks the dialect's [`Rules`] of
//! each kind what is to be done (`fate`), puts that into one deterministic
//! order by what rests on what (`order`), and has the rules write the
//! statements. None of it knows a kind: what a kind needs stands in the file
//! of that kind, under the dialect (`postgres/`).

mod aside;
mod diff;
mod explain;
mod fate;
mod hazard;
mod order;
mod plan;
mod planning;
mod policy;
pub mod postgres;
mod restore;
mod rules;
pub mod sql;

pub use aside::{RESERVED, part_aside, reserved_name};
pub use diff::{Change, diff};
pub use explain::{Difference, explain};
pub use fate::Fate;
pub use hazard::{Hazard, HazardKind, Lock, LockMode, LockTarget};
pub use plan::{Digest, NotADigest, Plan, REVISION_DIGITS, Segment, Step, Transaction, Verb};
pub use planning::{PlanError, Refusal, plan};
pub use policy::{BOOKKEEPING, BadPattern, Destructive, Online, Pattern, Policy, Rename};
pub use restore::plan_restoring;
pub use rules::{Alteration, Context, Dialect, Rebuild, Rules, ServerVersion, Slot};
