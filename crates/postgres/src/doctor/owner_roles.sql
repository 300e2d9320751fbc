-- The roles whose names fit a template, and those of them that the login may not become.
-- $1, $2: what comes before and after the tenant's name. $3: what it has to be allowed: MEMBER, from 16 on SET.
SELECT
    pg_catalog.count(*) AS roles,
    coalesce(
        pg_catalog.array_agg(pg_catalog.quote_ident(role.rolname) ORDER BY role.rolname)
            FILTER (WHERE NOT pg_catalog.pg_has_role(role.oid, $3)),
        '{}'
    ) AS denied
FROM pg_catalog.pg_roles AS role
WHERE pg_catalog.starts_with(role.rolname::text, $1)
  AND pg_catalog.right(role.rolname::text, pg_catalog.length($2)) = $2
  AND pg_catalog.length(role.rolname::text) > pg_catalog.length($1) + pg_catalog.length($2)
