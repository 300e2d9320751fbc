-- The functions of a schema whose languages can check a body, and the calls that do. $1: the schema. What the server has parsed
-- already (BEGIN ATOMIC) has no text.
WITH routine AS MATERIALIZED (
    -- Walked from the schema: the server's own functions are thousands.
    SELECT p.*, to_jsonb(p) ->> 'prosqlbody' AS parsed
    FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_namespace'::regclass
                               AND d.refobjid = n.oid
                               AND d.classid = 'pg_catalog.pg_proc'::regclass
    JOIN pg_catalog.pg_proc p ON p.oid = d.objid
    WHERE n.nspname = $1
)
SELECT
    format('%s %I(%s)', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.proname, pg_get_function_identity_arguments(p.oid)) AS function,
    format('%s(%s::oid)', l.lanvalidator::regproc, p.oid) AS check,
    p.prosrc AS source
FROM routine p
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.prokind IN ('f', 'p', 'w')
  AND l.lanname IN ('plpgsql', 'sql')
  AND p.parsed IS NULL
ORDER BY p.proname, p.oid
