-- Writes down what a segment of a plan did, in the transaction that did it. Returns the schema's watermark when there
-- are further segments: the next one starts there. After the last one only a look from outside may set it (D12).
--
-- put_aside, brought_back: JSON arrays of {"kind", "name": [...], "reserved"}.
CREATE OR REPLACE FUNCTION __LEDGER__.leave(
    wanted_schema text,
    plan_digest text,
    segments integer,
    is_last boolean,
    is_made boolean,
    new_revision text,
    new_fingerprint text,
    put_aside jsonb,
    brought_back jsonb,
    by_rollout text,
    by_person text
) RETURNS text
LANGUAGE plpgsql
AS $leave$
DECLARE
    found_namespace oid;
BEGIN
    SELECT here.oid INTO STRICT found_namespace
    FROM pg_catalog.pg_namespace AS here
    WHERE here.nspname = wanted_schema;

    IF is_made THEN
        DELETE FROM __LEDGER__.quarantined AS aside WHERE aside.schema = wanted_schema;
    END IF;
    IF brought_back <> '[]' THEN
        DELETE FROM __LEDGER__.quarantined AS aside
        USING pg_catalog.jsonb_array_elements(brought_back) AS back (item)
        WHERE aside.schema = wanted_schema
            AND aside.kind = back.item ->> 'kind'
            AND pg_catalog.to_jsonb(aside.name) = back.item -> 'name';
    END IF;
    IF put_aside <> '[]' THEN
        INSERT INTO __LEDGER__.quarantined AS aside (schema, kind, name, reserved, plan)
        SELECT
            wanted_schema,
            gone.item ->> 'kind',
            ARRAY(SELECT pg_catalog.jsonb_array_elements_text(gone.item -> 'name')),
            gone.item ->> 'reserved',
            plan_digest
        FROM pg_catalog.jsonb_array_elements(put_aside) AS gone (item)
        ON CONFLICT (schema, kind, name)
        DO UPDATE SET reserved = excluded.reserved, plan = excluded.plan, at = excluded.at;
    END IF;

    IF NOT is_last THEN
        UPDATE __LEDGER__.tenant AS tenant
        SET namespace = found_namespace,
            aside = NULL,
            watermark = NULL,
            unfinished = plan_digest,
            segments_done = segments,
            changed_at = pg_catalog.now()
        WHERE tenant.schema = wanted_schema;
        RETURN __LEDGER__.watermark_of(found_namespace);
    END IF;

    WITH settled AS (
        UPDATE __LEDGER__.tenant AS tenant
        SET namespace = found_namespace,
            revision = new_revision,
            fingerprint = new_fingerprint,
            aside = NULL,
            watermark = NULL,
            unfinished = NULL,
            segments_done = 0,
            changed_at = pg_catalog.now()
        WHERE tenant.schema = wanted_schema
        RETURNING tenant.schema, tenant.name, tenant.set
    )
    INSERT INTO __LEDGER__.event (schema, tenant, set, rollout, plan, revision, outcome, took_ms, approved_by)
    SELECT
        settled.schema,
        settled.name,
        settled.set,
        by_rollout,
        plan_digest,
        new_revision,
        'applied',
        pg_catalog.round(
            1000 * EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp())),
        by_person
    FROM settled;
    RETURN NULL;
END
$leave$
