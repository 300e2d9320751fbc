-- The schemas of these names ($1) that are there, with how many objects stand in each.
SELECT
    namespace.nspname::text AS name,
    (
        SELECT pg_catalog.count(*)
        FROM pg_catalog.pg_depend AS dependency
        WHERE dependency.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
          AND dependency.refobjid = namespace.oid
    ) AS objects
FROM pg_catalog.pg_namespace AS namespace
WHERE namespace.nspname = ANY ($1)
ORDER BY name
