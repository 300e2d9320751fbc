-- Which transactions of the server are over: one that ends changes it, and whatever changes a catalog has one. Two exceptions
-- make it NULL: before PostgreSQL 14 the state of an index changes in place, without a transaction's number; and on a standby the
-- value does not list what is still under way.
SELECT CASE
    WHEN pg_catalog.current_setting('server_version_num')::integer >= 140000 AND NOT pg_catalog.pg_is_in_recovery()
        THEN pg_catalog.pg_current_snapshot()::text
END
