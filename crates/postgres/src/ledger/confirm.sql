-- Writes down what was found in many schemas. Only what is true now is written: a schema whose watermark is another one by
-- now, or whose row somebody else writes at this moment, is found again by the next look.
-- $1: the schemas' oids. $2 to $6: their names, what was found, at which watermark, of which revision (NULL leaves what stands),
-- and since when it differs. What is filled in is the query of the schemas' watermarks, which reads $1.
WITH standing AS MATERIALIZED (
__WATERMARK__
),
found AS MATERIALIZED (
    SELECT *
    FROM unnest($1::oid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
        AS found (namespace, schema, fingerprint, watermark, revision, drifted_since)
),
seen AS MATERIALIZED (
    SELECT tenant.schema, tenant.xmin AS version
    FROM found
    JOIN standing ON standing.namespace = found.namespace AND standing.watermark = found.watermark
    JOIN tenant ON tenant.schema = found.schema
    -- A schema that was made again is claimed again first.
    WHERE tenant.namespace IN (0, found.namespace)
      AND (tenant.namespace, tenant.fingerprint, tenant.watermark, tenant.revision, tenant.drifted_since)
          IS DISTINCT FROM (
              found.namespace,
              found.fingerprint,
              found.watermark,
              coalesce(found.revision, tenant.revision),
              found.drifted_since
          )
    ORDER BY tenant.schema
    FOR UPDATE OF tenant SKIP LOCKED
)
UPDATE tenant
SET
    namespace = found.namespace,
    fingerprint = found.fingerprint,
    watermark = found.watermark,
    revision = coalesce(found.revision, tenant.revision),
    drifted_since = found.drifted_since,
    changed_at = now()
FROM seen
JOIN found ON found.schema = seen.schema
WHERE tenant.schema = seen.schema
  -- The version that was judged, and not one that an apply has committed since.
  AND tenant.xmin = seen.version
