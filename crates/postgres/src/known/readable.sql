-- Whether there is a ledger in the schema $1 and the login may read it; no row where there is none.
SELECT
    pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
        AND pg_catalog.bool_and(pg_catalog.has_table_privilege(class.oid, 'SELECT')) AS readable
FROM pg_catalog.pg_namespace AS namespace
JOIN pg_catalog.pg_class AS class ON class.relnamespace = namespace.oid
WHERE namespace.nspname = $1
  AND class.relname IN ('tenant', 'quarantined')
GROUP BY namespace.oid
HAVING pg_catalog.count(*) = 2
