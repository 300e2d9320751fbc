-- The statements that remove some of a schema's relations. $1: the schema, $2: how many.
SELECT format(
    'DROP %s IF EXISTS %I.%I CASCADE',
    CASE c.relkind
        WHEN 'v' THEN 'VIEW'
        WHEN 'm' THEN 'MATERIALIZED VIEW'
        WHEN 'f' THEN 'FOREIGN TABLE'
        ELSE 'TABLE'
    END,
    n.nspname,
    c.relname
)
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
WHERE n.nspname = $1
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY c.oid
LIMIT $2
