-- How many tables and columns have names ($1 and something) that mean renamed aside, and in how many schemas. $2: the
-- ledger's schema.
WITH aside AS (
    SELECT class.relnamespace AS namespace
    FROM pg_catalog.pg_class AS class
    WHERE pg_catalog.starts_with(class.relname::text, $1)
      AND class.relkind IN ('r', 'p', 'm')
    UNION ALL
    SELECT class.relnamespace
    FROM pg_catalog.pg_attribute AS attribute
    JOIN pg_catalog.pg_class AS class ON class.oid = attribute.attrelid
    WHERE pg_catalog.starts_with(attribute.attname::text, $1)
      AND attribute.attnum > 0
      AND class.relkind IN ('r', 'p')
)
SELECT
    pg_catalog.count(*) AS objects,
    pg_catalog.count(DISTINCT aside.namespace) AS schemas
FROM aside
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = aside.namespace
WHERE namespace.nspname <> $2
