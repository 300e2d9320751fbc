-- What stands under the ledger's name. $1: the schema's name.
SELECT
    current_user::text AS role,
    current_database()::text AS database,
    has_database_privilege(current_database(), 'CREATE') AS may_create,
    namespace.oid IS NOT NULL AS is_there,
    pg_get_userbyid(namespace.nspowner)::text AS owner,
    coalesce(pg_has_role(namespace.nspowner, 'USAGE'), false) AS is_ours,
    -- Anything in it but what was granted in advance.
    EXISTS (
        SELECT
        FROM pg_catalog.pg_depend AS dependency
        WHERE dependency.refclassid = 'pg_catalog.pg_namespace'::regclass
          AND dependency.refobjid = namespace.oid
          AND dependency.classid <> 'pg_catalog.pg_default_acl'::regclass
          AND dependency.classid IS DISTINCT FROM to_regclass('pg_catalog.pg_publication_namespace')
    ) AS is_occupied,
    EXISTS (
        SELECT
        FROM pg_catalog.pg_class AS class
        JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
        WHERE class.relname = 'layout'
          AND class.relnamespace = namespace.oid
          AND class.relkind = 'r'
          AND attribute.attname = 'oldest_writer'
    ) AS is_ledger
FROM (SELECT) AS one
LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = $1::name
