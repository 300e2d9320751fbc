-- The ledger moved with its database, or was copied with it: from now on it is of this one. Schemas got other oids, and their
-- rows other versions, where it was dumped and restored.
-- $1, $2, $3: address, system identifier and oid of the database.
WITH moved AS (
    UPDATE layout SET address = $1, system_identifier = $2, database_oid = $3
),
stale AS (
    DELETE FROM baseline
)
UPDATE tenant
SET
    namespace = coalesce(
        (SELECT namespace.oid FROM pg_catalog.pg_namespace AS namespace
         WHERE namespace.nspname = coalesce(tenant.aside, tenant.schema)::name), 0),
    watermark = NULL,
    changed_at = now()
WHERE tenant.namespace <> 0
