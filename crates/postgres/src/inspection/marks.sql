-- The schemas of these names ($1) that are there, and whether their names can be looked up. Where they cannot, a search_path
-- passes over the schema without a word, and everything in it would print as if it were somebody else's.
SELECT
    namespace.oid,
    namespace.nspname::text AS name,
    pg_catalog.has_schema_privilege(namespace.oid, 'USAGE') AS readable
FROM pg_catalog.pg_namespace AS namespace
WHERE namespace.nspname = ANY ($1)
