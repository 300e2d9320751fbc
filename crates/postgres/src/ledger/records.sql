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
    tenant.aside,
    renamed_in.renamed
FROM (SELECT NULL::text AS aside) AS unknown
-- In a ledger of layout 1, which somebody may read before it is brought up to date, tenants have no such column: then the
-- one above is meant.
CROSS JOIN LATERAL (
    SELECT
        schema, name, namespace, set, cluster, database, revision, fingerprint, watermark, drifted_since, unfinished, aside
    FROM tenant
) AS tenant
LEFT JOIN (
    SELECT
        quarantined.schema,
        json_agg(json_build_array(
            json_build_object('kind', quarantined.kind, 'name', quarantined.name), quarantined.reserved)) AS renamed
    FROM quarantined
    GROUP BY quarantined.schema
) AS renamed_in ON renamed_in.schema = tenant.schema
WHERE $1 IS NULL OR tenant.set = $1
ORDER BY tenant.schema
