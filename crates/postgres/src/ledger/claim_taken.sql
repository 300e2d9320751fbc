-- Takes over what a claim holds that was given up: the claim's own, where a schema was made again. What was found in it was
-- judged by another set, so it is inspected again; what is known of a schema that is gone is forgotten.
-- $1, $2: schemas, and the names of their tenants. $3, $4, $5: the claim. $6, $7, $8: the one that was given up.
WITH held AS MATERIALIZED (
    SELECT
        tenant.schema,
        wanted.name,
        namespace.oid AS namespace,
        coalesce(tenant.namespace <> 0 AND tenant.namespace <> namespace.oid, false) AS is_recreated
    FROM unnest($1, $2) AS wanted (schema, name)
    JOIN tenant ON tenant.schema = wanted.schema
    LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = wanted.schema::name
    WHERE tenant.set = $6 AND tenant.cluster IS NOT DISTINCT FROM $7 AND tenant.database = $8
    ORDER BY tenant.schema
    FOR UPDATE OF tenant
),
taken AS (
    SELECT *
    FROM held
    WHERE held.is_recreated OR ($3, $4, $5) IS DISTINCT FROM ($6, $7, $8)
),
forgotten AS (
    DELETE FROM quarantined USING taken WHERE quarantined.schema = taken.schema AND taken.is_recreated
)
UPDATE tenant
SET
    name = taken.name,
    set = $3,
    cluster = $4,
    database = $5,
    watermark = NULL,
    drifted_since = NULL,
    namespace = CASE WHEN taken.is_recreated THEN taken.namespace ELSE tenant.namespace END,
    revision = CASE WHEN NOT taken.is_recreated THEN tenant.revision END,
    fingerprint = CASE WHEN NOT taken.is_recreated THEN tenant.fingerprint END,
    unfinished = CASE WHEN NOT taken.is_recreated THEN tenant.unfinished END,
    segments_done = CASE WHEN taken.is_recreated THEN 0 ELSE tenant.segments_done END,
    changed_at = now()
FROM taken
WHERE tenant.schema = taken.schema
  AND tenant.set = $6
  AND tenant.cluster IS NOT DISTINCT FROM $7
  AND tenant.database = $8
