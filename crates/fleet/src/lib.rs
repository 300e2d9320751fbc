//! Many tenants, one target: groups, waves and budgets as a pure state machine, its simulator and its executor.
