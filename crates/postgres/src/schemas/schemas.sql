-- The schemas whose names fit a LIKE pattern ($1), without the server's own and those that extensions made, without the
-- ledger's ($2) and those whose names begin as shadows' do ($3).
SELECT namespace.nspname::text AS name
FROM pg_catalog.pg_namespace AS namespace
WHERE namespace.nspname::text LIKE $1
  AND NOT pg_catalog.starts_with(namespace.nspname::text, 'pg_')
  AND namespace.nspname NOT IN ('information_schema', $2)
  AND NOT pg_catalog.starts_with(namespace.nspname::text, $3)
  AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_depend AS dependency
      WHERE dependency.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        AND dependency.objid = namespace.oid
        AND dependency.deptype = 'e'
  )
ORDER BY namespace.nspname
