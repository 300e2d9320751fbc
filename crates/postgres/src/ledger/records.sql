-- The tenants with what was renamed aside in them. $1: a set, or NULL for all.
SELECT
    tenant.schema,
    tenant.name,
    tenant.namespace,
    tenant.set,
    tenant.cluster,
    tenant.database,
    tenant.revision,
    tenant.fingerprint,
    tenant.watermark,
    tenant.drifted_since,
    tenant.unfinished,
    aside.renamed
FROM tenant
LEFT JOIN (
    SELECT
        quarantined.schema,
        json_agg(json_build_array(
            json_build_object('kind', quarantined.kind, 'name', quarantined.name), quarantined.reserved)) AS renamed
    FROM quarantined
    GROUP BY quarantined.schema
) AS aside ON aside.schema = tenant.schema
WHERE $1 IS NULL OR tenant.set = $1
ORDER BY tenant.schema
