//! What has to be read again, and what each tenant is. Pure: the reading is
//! the executor's.

mod judge;
mod reading;

pub use judge::{Case, Found, judge};
pub(crate) use judge::{confirmed_equal, dropped_by_hand, made_again};
pub use reading::{Reread, Scope, reread, scope};
