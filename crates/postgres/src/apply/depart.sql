-- Puts the schema of a tenant that left aside, drops it, or brings it back, in one transaction with what the ledger says of it
-- (D12). Answers what became of it. Raises what the program knows by its SQLSTATE, as enter does, and TN007: the name that it
-- is to get is taken; TN008: something outside of it depends on it; TN009: it has too many objects.
--
-- fate: 'put aside', 'drop', 'bring back'. wanted_namespace: the oid of the schema that is meant, whatever it is called now.
CREATE OR REPLACE FUNCTION __LEDGER__.depart(
    wanted_schema text,
    fate text,
    wanted_namespace oid,
    aside_name text,
    claim_set text,
    claim_cluster text,
    claim_database text,
    departure_digest text,
    by_person text
) RETURNS text
LANGUAGE plpgsql
AS $depart$
DECLARE
    held record;
    doomed record;
    own_table record;
    called_now text;
    called_then text;
    found_namespace oid;
    free_locks bigint;
    went_before bigint;
    went_since bigint;
    became text;
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended(wanted_schema, __LOCK_SEED__)) THEN
        RAISE EXCEPTION USING ERRCODE = 'TN001', MESSAGE = 'busy';
    END IF;

    SELECT tenant.set, tenant.cluster, tenant.database, tenant.name, tenant.namespace, tenant.aside, tenant.revision INTO held
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
    IF held.namespace <> wanted_namespace
        OR fate = 'put aside' AND held.aside IS NOT NULL
        OR fate = 'bring back' AND held.aside IS NULL
    THEN
        RAISE EXCEPTION USING ERRCODE = 'TN003', MESSAGE = 'another process was here';
    END IF;

    called_now := COALESCE(held.aside, wanted_schema);
    SELECT here.oid INTO found_namespace FROM pg_catalog.pg_namespace AS here WHERE here.nspname::text = called_now;
    IF NOT FOUND THEN
        IF fate = 'bring back' THEN
            RAISE EXCEPTION USING ERRCODE = 'TN002', MESSAGE = 'missing';
        END IF;
        became := 'was gone';
    -- One that was never seen as the tenant's own is not known to be it.
    ELSIF found_namespace <> held.namespace THEN
        RAISE EXCEPTION USING ERRCODE = 'TN005', MESSAGE = 'made again';
    ELSIF fate = 'drop' THEN
        free_locks := pg_catalog.current_setting('max_locks_per_transaction')::bigint
            * (pg_catalog.current_setting('max_connections')::bigint
                + pg_catalog.current_setting('max_prepared_transactions')::bigint)
            - (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks AS taken WHERE NOT taken.fastpath);
        SELECT * INTO doomed FROM __LEDGER__.doomed_with(found_namespace);
        IF doomed.objects > free_locks / 4 THEN
            RAISE EXCEPTION USING ERRCODE = 'TN009',
                MESSAGE = pg_catalog.format('%s %s', doomed.objects, GREATEST(free_locks, 0));
        END IF;
        -- In one order for everybody, before anything is judged: nobody can come to depend on a table from here on.
        FOR own_table IN
            SELECT relation.oid
            FROM pg_catalog.pg_class AS relation
            WHERE relation.relnamespace = found_namespace AND relation.relkind IN ('r', 'p')
            ORDER BY relation.oid
        LOOP
            EXECUTE pg_catalog.format(
                'LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', own_table.oid::pg_catalog.regclass);
        END LOOP;
        SELECT * INTO doomed FROM __LEDGER__.doomed_with(found_namespace);
        IF doomed.dependents IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'TN008', MESSAGE = doomed.dependents;
        END IF;
        -- Views and functions cannot be locked as tables can. If more goes than was judged, somebody came to depend on one of
        -- them meanwhile: then nothing of this happens. What the session's last transactions deleted may be counted too.
        went_before := (
            SELECT pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_deleted(counted.relation))
            FROM pg_catalog.unnest(doomed.counted_in) AS counted (relation));
        EXECUTE pg_catalog.format('DROP SCHEMA %I CASCADE', called_now);
        went_since := (
            SELECT pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_deleted(counted.relation))
            FROM pg_catalog.unnest(doomed.counted_in) AS counted (relation));
        IF doomed.counted < went_since - went_before THEN
            RAISE EXCEPTION USING ERRCODE = 'TN003', MESSAGE = 'more went than was judged';
        END IF;
        became := 'dropped';
    ELSE
        called_then := CASE fate WHEN 'put aside' THEN aside_name ELSE wanted_schema END;
        PERFORM FROM pg_catalog.pg_namespace AS other WHERE other.nspname::text = called_then;
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'TN007', MESSAGE = called_then;
        END IF;
        -- A name is not taken away under somebody's transaction; nobody is made to wait for that. What only reads or writes
        -- statistics, vacuums or builds an index beside others goes on under the new name.
        PERFORM FROM pg_catalog.pg_locks AS taken
        JOIN pg_catalog.pg_class AS relation ON relation.oid = taken.relation
        WHERE fate = 'put aside'
            AND taken.locktype = 'relation'
            AND taken.database = (
                SELECT here.oid FROM pg_catalog.pg_database AS here WHERE here.datname = pg_catalog.current_database())
            AND relation.relnamespace = found_namespace
            AND relation.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            AND taken.mode <> 'ShareUpdateExclusiveLock'
            AND taken.pid <> pg_catalog.pg_backend_pid();
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'the schema is in use';
        END IF;
        EXECUTE pg_catalog.format('ALTER SCHEMA %I RENAME TO %I', called_now, called_then);
        became := CASE fate WHEN 'put aside' THEN 'put aside as ' || aside_name ELSE 'brought back' END;
    END IF;

    IF became IN ('dropped', 'was gone') THEN
        DELETE FROM __LEDGER__.quarantined AS gone WHERE gone.schema = wanted_schema;
        DELETE FROM __LEDGER__.tenant AS tenant WHERE tenant.schema = wanted_schema;
    ELSE
        -- The rename moved the watermark.
        UPDATE __LEDGER__.tenant AS tenant
        SET aside = CASE fate WHEN 'put aside' THEN aside_name END, watermark = NULL, changed_at = pg_catalog.now()
        WHERE tenant.schema = wanted_schema;
    END IF;
    INSERT INTO __LEDGER__.event (schema, tenant, set, rollout, plan, revision, outcome, took_ms, approved_by)
    VALUES (
        wanted_schema,
        held.name,
        held.set,
        '',
        departure_digest,
        held.revision,
        became,
        pg_catalog.round(
            1000 * EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp())),
        by_person
    );
    RETURN became;
END
$depart$
