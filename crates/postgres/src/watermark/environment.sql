-- What tenants rest on but do not own, a row a part: as text, and for a schema
-- its oid, so that its watermark can be read too.
--
-- $1: the names of schemas that tenants were found to refer to.
SELECT
    pg_catalog.concat_ws(' ', 'extension', extension.oid, extension.xmin, extension.extname, extension.extversion)
        AS part,
    NULL::oid AS namespace
FROM pg_catalog.pg_extension AS extension
UNION ALL
SELECT
    pg_catalog.concat_ws(' ', 'language', language.oid, language.xmin, language.lanname, language.lanacl),
    NULL
FROM pg_catalog.pg_language AS language
UNION ALL
SELECT
    pg_catalog.concat_ws(' ', 'foreign server', server.oid, server.xmin, server.srvname),
    NULL
FROM pg_catalog.pg_foreign_server AS server
UNION ALL
SELECT
    pg_catalog.concat_ws(' ', 'schema', namespace.oid, namespace.nspname),
    namespace.oid
FROM pg_catalog.pg_namespace AS namespace
WHERE
    (
        namespace.nspname = 'public'
        OR namespace.nspname = ANY ($1)
        OR namespace.oid IN (SELECT extension.extnamespace FROM pg_catalog.pg_extension AS extension)
    )
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY part
