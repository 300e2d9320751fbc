-- The functions of a schema whose languages can check a body, and the calls that do. $1: the schema. What the server has parsed
-- already (BEGIN ATOMIC) has no text.
SELECT
    format('%s %I(%s)', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.proname, pg_get_function_identity_arguments(p.oid)) AS function,
    format('%s(%s::oid)', l.lanvalidator::regproc, p.oid) AS check,
    p.prosrc AS source
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE n.nspname = $1
  AND p.prokind IN ('f', 'p', 'w')
  AND l.lanname IN ('plpgsql', 'sql')
  AND to_jsonb(p) ->> 'prosqlbody' IS NULL
ORDER BY p.proname, p.oid
