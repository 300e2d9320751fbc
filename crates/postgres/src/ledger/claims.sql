-- Of these schemas the ones that are not simply the claim's own, and why.
-- $1, $2: schemas, and the names of their tenants. $3, $4, $5: the claim.
SELECT
    wanted.schema,
    tenant.schema IS NULL AS is_free,
    tenant.set,
    tenant.cluster,
    tenant.database,
    judged.is_own,
    judged.is_recreated
FROM unnest($1, $2) AS wanted (schema, name)
LEFT JOIN tenant ON tenant.schema = wanted.schema
LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = wanted.schema::name
CROSS JOIN LATERAL (
    SELECT
        tenant.set = $3 AND tenant.cluster IS NOT DISTINCT FROM $4 AND tenant.database = $5 AS is_own,
        -- One that was never seen, or that is not there, was not made again.
        coalesce(tenant.namespace <> 0 AND tenant.namespace <> namespace.oid, false) AS is_recreated
) AS judged
WHERE tenant.schema IS NULL OR NOT judged.is_own OR judged.is_recreated OR tenant.name <> wanted.name
ORDER BY wanted.schema
