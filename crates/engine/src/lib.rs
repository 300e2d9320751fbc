//! The words that the fleet and the dialects share, and the trait by which the fleet drives a database.
