-- Whether the ledger in schema $1 can be read and written; no row where there is no such schema.
SELECT
    pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
        AND coalesce(pg_catalog.bool_and(pg_catalog.has_table_privilege(class.oid, 'SELECT')), true) AS readable,
    pg_catalog.has_schema_privilege(namespace.oid, 'CREATE')
        AND coalesce(
            pg_catalog.bool_and(pg_catalog.has_table_privilege(class.oid, 'INSERT')
                AND pg_catalog.has_table_privilege(class.oid, 'UPDATE')
                AND pg_catalog.has_table_privilege(class.oid, 'DELETE')),
            true
        ) AS writable
FROM pg_catalog.pg_namespace AS namespace
LEFT JOIN pg_catalog.pg_class AS class ON class.relnamespace = namespace.oid AND class.relkind = 'r'
WHERE namespace.nspname = $1
GROUP BY namespace.oid
