//! Real servers for tests and for the demo: PostgreSQL 13 to 18, started on free ports and stopped for certain.
