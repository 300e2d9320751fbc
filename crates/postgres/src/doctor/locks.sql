-- The size of the server's lock table, and how many relations the schemas have that could be tenants'.
WITH counted AS (
    SELECT pg_catalog.count(*) AS relations
    FROM pg_catalog.pg_class AS class
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE namespace.nspname NOT IN ('information_schema', 'public')
      AND NOT pg_catalog.starts_with(namespace.nspname::text, 'pg_')
      AND class.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I')
    GROUP BY namespace.oid
)
SELECT
    pg_catalog.current_setting('max_locks_per_transaction')::bigint
        * (
            pg_catalog.current_setting('max_connections')::bigint
            + pg_catalog.current_setting('max_prepared_transactions')::bigint
        ) AS entries,
    coalesce(pg_catalog.max(counted.relations), 0)::bigint AS largest,
    coalesce(pg_catalog.sum(counted.relations), 0)::bigint AS relations
FROM counted
