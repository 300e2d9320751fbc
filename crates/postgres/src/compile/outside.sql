-- What is there outside of tenants' schemas by these names. $1: names. $2: schemas that are searched. $3: how the names of
-- shadows begin. A schema that is not searched must be named itself.
WITH namespace AS (
    SELECT n.oid, n.nspname
    FROM pg_catalog.pg_namespace n
    WHERE (n.nspname = ANY ($2) OR n.nspname = ANY ($1))
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND NOT starts_with(n.nspname, $3)
),
word AS (
    SELECT DISTINCT w.name::name AS name
    FROM unnest($1::text[]) AS w (name)
    WHERE octet_length(w.name) < 64
)
SELECT
    CASE c.relkind
        WHEN 'v' THEN 'view'
        WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table'
        WHEN 'S' THEN 'sequence'
        ELSE 'table'
    END AS kind,
    n.nspname::text AS schema,
    c.relname::text AS name,
    format('%I.%I', n.nspname, c.relname) AS identity
FROM namespace n
CROSS JOIN word w
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION
SELECT 'type', n.nspname::text, t.typname::text, format('%I.%I', n.nspname, t.typname)
FROM namespace n
CROSS JOIN word w
JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = w.name
WHERE t.typrelid = 0
UNION
SELECT 'function', n.nspname::text, p.proname::text, format('%I.%I', n.nspname, p.proname)
FROM namespace n
CROSS JOIN word w
JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = w.name
