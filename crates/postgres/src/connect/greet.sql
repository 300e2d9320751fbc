-- Who we are, and whom we talk to.
SELECT
    pg_catalog.pg_backend_pid() AS pid,
    pg_catalog.current_setting('server_version_num') AS version_num,
    pg_catalog.current_setting('server_version') AS version,
    pg_catalog.pg_is_in_recovery() AS standby,
    database.oid AS oid
FROM pg_catalog.pg_database AS database
WHERE database.datname = pg_catalog.current_database()
