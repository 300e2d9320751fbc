-- How many schemas could be tenants', in which of them names cannot be looked up, and in how many of them something belongs to a role whose rights the login has not.
-- $1: the ledger's schema.
WITH owned AS (
    SELECT namespace.oid, namespace.nspowner AS owner
    FROM pg_catalog.pg_namespace AS namespace
    WHERE namespace.nspname NOT IN ('public', 'information_schema', $1)
      AND NOT pg_catalog.starts_with(namespace.nspname::text, 'pg_')
),
owner AS (
    SELECT owned.oid, owned.owner
    FROM owned
    UNION
    SELECT owned.oid, class.relowner
    FROM owned
    JOIN pg_catalog.pg_class AS class ON class.relnamespace = owned.oid
    WHERE class.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
),
-- Asked once a role, not once a schema.
stranger AS MATERIALIZED (
    SELECT owners.owner
    FROM (SELECT DISTINCT owner.owner FROM owner) AS owners
    WHERE NOT pg_catalog.pg_has_role(owners.owner, 'USAGE')
)
SELECT
    (SELECT pg_catalog.count(*) FROM owned) AS schemas,
    ARRAY(
        SELECT pg_catalog.quote_ident(namespace.nspname)
        FROM pg_catalog.pg_namespace AS namespace
        JOIN owned ON owned.oid = namespace.oid
        WHERE NOT pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
        ORDER BY 1
    ) AS hidden,
    (SELECT pg_catalog.count(DISTINCT owner.oid) FROM owner JOIN stranger ON stranger.owner = owner.owner)
        AS foreign_schemas,
    ARRAY(
        SELECT pg_catalog.pg_get_userbyid(stranger.owner)::text
        FROM stranger
        ORDER BY 1
    ) AS owners
