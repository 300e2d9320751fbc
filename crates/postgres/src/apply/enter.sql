-- Begins the work on a tenant, in the transaction that applies the plan (D12): takes the tenant's lock, locks the tables
-- that the plan alters, and makes sure that the schema is where the plan starts and belongs to whom it should.
-- Raises what the program knows by its SQLSTATE: TN001 busy, TN002 missing, TN003 moved, TN004 claimed, TN005 made again,
-- TN006 put aside.
--
-- wanted_watermark NULL: the schema is to be made, and must not be there.
CREATE OR REPLACE FUNCTION __LEDGER__.enter(
    wanted_schema text,
    wanted_watermark text,
    claim_set text,
    claim_cluster text,
    claim_database text,
    lock_names text[],
    lock_modes text[]
) RETURNS void
LANGUAGE plpgsql
-- The tables' names are few: a plan that is kept serves them as well as one that is made each time.
SET plan_cache_mode = 'force_generic_plan'
AS $enter$
DECLARE
    namespace oid;
    held record;
    own_table record;
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended(wanted_schema, __LOCK_SEED__)) THEN
        RAISE EXCEPTION USING ERRCODE = 'TN001', MESSAGE = 'busy';
    END IF;

    SELECT tenant.set, tenant.cluster, tenant.database, tenant.namespace, tenant.aside INTO held
    FROM __LEDGER__.tenant AS tenant
    WHERE tenant.schema = wanted_schema
    FOR UPDATE;
    IF NOT FOUND
        OR held.set IS DISTINCT FROM claim_set
        OR held.cluster IS DISTINCT FROM claim_cluster
        OR held.database IS DISTINCT FROM claim_database
    THEN
        RAISE EXCEPTION USING ERRCODE = 'TN004', MESSAGE = pg_catalog.json_build_object(
            'set', held.set, 'cluster', held.cluster, 'database', held.database)::text;
    END IF;

    SELECT here.oid INTO namespace FROM pg_catalog.pg_namespace AS here WHERE here.nspname = wanted_schema;
    IF wanted_watermark IS NULL THEN
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'TN003', MESSAGE = 'it is there';
        END IF;
        -- Its tenant left, and came back: an empty schema must not take the place of its rows.
        PERFORM FROM pg_catalog.pg_namespace AS aside
        WHERE aside.oid = held.namespace AND aside.nspname::text = held.aside;
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'TN006', MESSAGE = held.aside;
        END IF;
        RETURN;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TN002', MESSAGE = 'missing';
    END IF;
    IF held.namespace NOT IN (0, namespace) THEN
        RAISE EXCEPTION USING ERRCODE = 'TN005', MESSAGE = 'made again';
    END IF;

    -- The strongest mode on each, in one order for everybody. Without ONLY children would be locked too, some of
    -- which may be elsewhere.
    FOR own_table IN
        SELECT
            relation.oid,
            lock_modes[pg_catalog.array_position(lock_names, relation.relname::text)] AS mode
        FROM pg_catalog.pg_class AS relation
        WHERE relation.relname = ANY (lock_names::name[])
            AND relation.relnamespace = namespace
            AND relation.relkind IN ('r', 'p')
        ORDER BY relation.oid
    LOOP
        EXECUTE pg_catalog.format(
            'LOCK TABLE ONLY %s IN %s MODE', own_table.oid::pg_catalog.regclass, own_table.mode);
    END LOOP;

    IF __LEDGER__.watermark_of(namespace) IS DISTINCT FROM wanted_watermark THEN
        RAISE EXCEPTION USING ERRCODE = 'TN003', MESSAGE = 'moved';
    END IF;
END
$enter$
